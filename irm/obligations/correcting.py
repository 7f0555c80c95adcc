"""更正报告: what was withdrawn or lowered after an authority received it is corrected to every earlier recipient (DESIGN §3).

Each organization that a report spoke for owes the correction to each recipient; a joint correction meets them all.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal
from uuid import UUID

from ruamel.yaml import YAML
from sqlalchemy import func, select

from irm.db import Actor, Tx, uuid7
from irm.exercise import exercise_of
from irm.obligations.approvals import after
from irm.obligations.earlier import Recipient, Told, to_correct
from irm.obligations.models import ObligationRow, SubmissionObligationRow, SubmissionPartyRow, SubmissionRow
from irm.obligations.opening import CORRECTED, HANDLED, Lowering, open_duties, supersede
from irm.obligations.settling import HANDED_OVER, alone
from irm.obligations.subjects import Subject

FORM: Final = "correction"
Cause = Literal["dismissed", "withdrawn", "lowered", "discovered_later", "reopened"]
TAKEN_BACK: Final = frozenset({"dismissed", "withdrawn"})


@dataclass(frozen=True)
class Change:
    """What holds no longer. `id`: the decision, once for which a correction is owed."""

    cause: Cause
    id: UUID
    levels: tuple[int, int] | None = None
    """`lowered`: the level that clocks ran by until now, and from now; who was told no graver one needs no correction."""
    organizations: frozenset[UUID] | None = None
    """Of whose reports; None: everybody's."""


async def open_corrections(
    tx: Tx, subject: Subject, change: Change, *, actor: Actor, now: datetime
) -> tuple[UUID, ...]:
    """Open what is owed to earlier recipients; running it again opens nothing. Where a correction to the same recipient
    is owed already, it stands for this change too, by its earlier clock. The caller holds the subject's row."""
    await alone(tx, subject.path)
    given = rule()
    reports = await _told(tx, subject.path, frozenset(given["corrects"]))
    owed = to_correct(
        reports,
        insiders=frozenset(subject.parts),
        lowered=change.levels,
        only=FORM if change.cause == "reopened" else None,
    )
    pending = {(row.bearer_id, _recipient(row)): row for row in await _open(tx, subject.path)}
    exercise = await exercise_of(tx, subject.path) if subject.exercise else None
    limit = after(exercise.clock if exercise else None, now, timedelta(minutes=given["within_minutes"]))
    fresh: list[ObligationRow] = []
    for (bearer, recipient), told in sorted(owed.items(), key=lambda each: str(each[0])):
        if change.organizations is not None and bearer not in change.organizations:
            continue
        reason = {"submission": told.serial, "cause": change.cause, "change": str(change.id)}
        row = pending.get((bearer, recipient))
        if row is None:
            fresh.append(_duty(subject, change, bearer, recipient, reason, limit, now))
        elif all(each.get("change") != str(change.id) for each in row.why):
            row.why = [*row.why, reason]
    await tx.flush()
    return tuple(await open_duties(tx, fresh, actor=actor, now=now))


async def take_up_again(
    tx: Tx, subject: Subject, change: Change, *, lowering: Lowering, actor: Actor, now: datetime
) -> tuple[UUID, ...]:
    """The incident is open again. Closing duties that nobody has met end: handling has not ended, and when it does they
    are born anew. A correction not yet sent is not owed any more; who was told it is over is told that it is not."""
    await alone(tx, subject.path)
    for row in await _open(tx, subject.path, start_event=HANDLED):
        await supersede(tx, row, lowering, by=None, actor=actor, now=now)
    for row in await _open(tx, subject.path):
        if {each.get("cause") for each in row.why} <= TAKEN_BACK:
            await supersede(tx, row, lowering, by=None, actor=actor, now=now)
    return await open_corrections(tx, subject, change, actor=actor, now=now)


async def correction_of(tx: Tx, submission_id: UUID) -> list[dict[str, Any]]:
    """What a report of correction is about: the `why` of the duties that it would meet, oldest first."""
    rows = await tx.scalars(
        select(ObligationRow.why)
        .join(SubmissionObligationRow, SubmissionObligationRow.obligation_id == ObligationRow.id)
        .where(SubmissionObligationRow.submission_id == submission_id, ObligationRow.start_event == CORRECTED)
        .order_by(ObligationRow.id)
    )
    return [each for why in rows for each in why]


async def _open(tx: Tx, subject: str, *, start_event: str = CORRECTED) -> list[ObligationRow]:
    return list(
        await tx.scalars(
            select(ObligationRow)
            .where(
                ObligationRow.subject == subject,
                ObligationRow.start_event == start_event,
                ObligationRow.status == "open",
            )
            .order_by(ObligationRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )


async def _told(tx: Tx, subject: str, forms: frozenset[str]) -> list[Told]:
    """A report on its way counts: nobody calls it back. A refused one was not received."""
    levels = (
        select(SubmissionObligationRow.submission_id, func.min(ObligationRow.severity).label("level"))
        .join(ObligationRow, ObligationRow.id == SubmissionObligationRow.obligation_id)
        .group_by(SubmissionObligationRow.submission_id)
        .subquery()
    )
    rows = (
        await tx.execute(
            select(SubmissionRow, levels.c.level)
            .outerjoin(levels, levels.c.submission_id == SubmissionRow.id)
            .where(
                SubmissionRow.subject == subject,
                SubmissionRow.form.in_(forms),
                SubmissionRow.status.in_((*HANDED_OVER, "sending")),
                SubmissionRow.status != "refused",
            )
        )
    ).all()
    spoke: dict[UUID, set[UUID]] = defaultdict(set)
    agreed = await tx.execute(
        select(SubmissionPartyRow.submission_id, SubmissionPartyRow.organization_id).where(
            SubmissionPartyRow.submission_id.in_([row.id for row, _ in rows]),
            SubmissionPartyRow.agreed_at.is_not(None),
        )
    )
    for submission_id, organization_id in agreed:
        spoke[submission_id].add(organization_id)
    return [
        Told(
            row.serial,
            row.form,
            frozenset({row.organization_id, *spoke[row.id]}),
            _recipient(row),
            row.submitted_at,
            level,
        )
        for row, level in rows
    ]


def _recipient(row: ObligationRow | SubmissionRow) -> Recipient:
    return row.recipient_id, row.recipient_kind, row.recipient_tier


def _duty(
    subject: Subject,
    change: Change,
    bearer: UUID,
    recipient: Recipient,
    reason: Mapping[str, Any],
    limit: datetime,
    now: datetime,
) -> ObligationRow:
    given = rule()
    recipient_id, kind, tier = recipient
    whom = recipient_id or f"{kind}.{tier or '-'}"
    return ObligationRow(
        id=uuid7(),
        key=f"{given['rule_id']}|{bearer}|{whom}|{CORRECTED}:{change.id}|{subject.path}|1",
        rule_id=given["rule_id"],
        pack_id=given["rule_id"].partition("/")[0],
        pack_version=given["pack_version"],
        title=dict(given["title"]),
        citation={**given["citation"], "submission": reason["submission"]},
        force=given["force"],
        rule_status=given["status"],
        kind="prompt",
        form=FORM,
        satisfied_by=list(given["satisfied_by"]),
        has_waiver=False,
        bearer_id=bearer,
        recipient_id=recipient_id,
        recipient_kind=kind,
        recipient_tier=tier,
        subject=subject.path,
        number=subject.number,
        page=subject.page,
        severity=subject.level,
        incident_id=subject.incident_id,
        part_id=subject.parts.get(bearer),
        start_event=CORRECTED,
        started_at=now,
        arose_at=now,
        internal_due_at=limit,
        why=[dict(reason)],
        status="open",
        born_late=False,
        reminded=[],
        generation=1,
        exercise=subject.exercise,
    )


@cache
def rule() -> Mapping[str, Any]:
    """What the duty says (`correction.yaml`)."""
    found: Mapping[str, Any] = YAML(typ="safe").load((files("irm.obligations") / "correction.yaml").read_text("utf-8"))
    return found
