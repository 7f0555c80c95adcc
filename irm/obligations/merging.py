"""Duties, reports and contact records of one subject come under another, and back (DESIGN §3, 并案; `uniting` decides).

A duty that moves keeps its row, its clock and what was said about it; of two equal ones one ends and stays where it was,
with its lateness. Reports count where they lie; one that was handed over for the absorbed subject goes back with it.
Everything is kept as values, so that separating restores it and not something like it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, update

from irm.db import Actor, Tx
from irm.errors import Conflict
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations import owed as clocks
from irm.obligations.linking import link_earlier, tie
from irm.obligations.models import ContactRecordRow, ObligationRow, SubmissionObligationRow, SubmissionRow
from irm.obligations.opening import DIRECTED
from irm.obligations.settling import (
    HANDED_OVER,
    alone,
    body_of,
    lock,
    path_of,
    resettle,
    settle_anew,
    stop_timers,
    tell,
    term_of,
)
from irm.obligations.subjects import Subject
from irm.obligations.uniting import GONE, Held, Union, later_or_gone, strictest, unite

ON_ITS_WAY: Final = N_("A report about it is on its way at this moment; try again when it is there.")
Kept = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What is going to happen to the duties; all of them and all reports are locked."""

    source: Subject
    target: Subject
    union: Union
    rows: Mapping[UUID, ObligationRow]
    submissions: Sequence[SubmissionRow]
    ties: frozenset[tuple[UUID, UUID]]
    statuses: Mapping[UUID, str]

    @property
    def moves(self) -> dict[str, str]:
        """By the ledger path of a duty that moves, its path at the target."""
        return {path_of(self.rows[one]): f"{self.target.path}/obligation/{one}" for one in self.union.moves}

    @property
    def ends(self) -> dict[str, str]:
        """By the ledger path of a duty that ends, the path at the target of the one that goes on for it."""
        return {
            path_of(self.rows[ended]): f"{self.target.path}/obligation/{by}" for ended, by in self.union.ends.items()
        }


async def plan_union(tx: Tx, source: Subject, target: Subject) -> Plan:
    """Lock everything, in the order of whoever hands a report over, and decide. Raises Conflict."""
    paths = sorted((source.path, target.path))
    submissions = list(
        await tx.scalars(
            select(SubmissionRow)
            .where(SubmissionRow.subject.in_(paths))
            .order_by(SubmissionRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    if any(row.status == "sending" for row in submissions):
        raise Conflict(ON_ITS_WAY)
    for path in paths:
        await alone(tx, path)
    rows = {row.id: row for row in await _duties(tx, paths)}
    union = unite(_held(rows.values(), target.path), _held(rows.values(), source.path))
    return Plan(
        source, target, union, rows, submissions, await _ties(tx, rows), {row.id: row.status for row in rows.values()}
    )


async def take_over(tx: Tx, plan: Plan, *, reason: str, actor: Actor, now: datetime) -> Kept:
    """Carry the plan out. What is owed anew by the united facts is `reconcile`'s, after this."""
    source, target = plan.source, plan.target
    kept: Kept = {"duties": [], "reports": await _move_reports(tx, plan, now=now), "contacts": []}
    kept["contacts"] = [
        str(one)
        for one in await tx.scalars(
            update(ContactRecordRow)
            .where(ContactRecordRow.subject == source.path)
            .values(subject=target.path, incident_id=target.incident_id)
            .returning(ContactRecordRow.id)
        )
    ]
    for ended, by in sorted(plan.union.ends.items()):
        await _end(tx, plan.rows[ended], by=by, reason=reason, actor=actor, now=now)
    for known, generation in sorted(plan.union.moves.items()):
        row = plan.rows[known]
        kept["duties"].append(
            {
                "id": str(row.id),
                "key": row.key,
                "generation": row.generation,
                "part": str(row.part_id) if row.part_id else None,
                "number": row.number,
                "page": row.page,
            }
        )
        _place(row, target, generation)
        row.part_id = target.parts.get(row.bearer_id)
    await tx.flush()
    for known in sorted(plan.union.moves):
        await _tell_taken(tx, plan.rows[known], actor=actor, now=now, came_from=source.number)
    for ended, by in sorted(plan.union.ends.items()):
        await _count_for(tx, ended, by)
    going_on = [row for row in await _duties(tx, [target.path]) if row.status in ("open", "submitted")]
    if going_on:
        await link_earlier(tx, going_on)
    await resettle(tx, sorted({*plan.union.ends.values(), *(row.id for row in going_on)}), actor=actor, now=now)
    await tx.flush()
    return kept


async def close_union(tx: Tx, plan: Plan, kept: Kept) -> Kept:
    """After the united subject was brought into line: what else ended and what was tied, for the way back."""
    rows = await _duties(tx, [plan.source.path, plan.target.path])
    kept["ended"] = [
        {
            "id": str(row.id),
            "status": plan.statuses[row.id],
            "by": str(row.superseded_by) if row.superseded_by else None,
        }
        for row in rows
        if row.status == "superseded" and plan.statuses.get(row.id, "superseded") != "superseded"
    ]
    kept["tied"] = sorted([str(one), str(duty)] for one, duty in await _ties(tx, {row.id for row in rows}) - plan.ties)
    kept["known"] = sorted(str(one) for one in plan.rows)
    return kept


async def give_back(
    tx: Tx, kept: Mapping[str, Any], source: Subject, target: Subject, *, since: datetime, actor: Actor, now: datetime
) -> None:
    """Undo `take_over`: what moved goes back, what ended by the merge is owed again with its clock and its lateness.

    A report handed over since `since` spoke for the united subject: it stays there and counts for both. One that was
    handed over before for the one subject counts no more for the other.
    """
    await tx.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.subject.in_((source.path, target.path)))
        .order_by(SubmissionRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    for path in sorted((source.path, target.path)):
        await alone(tx, path)
    rows = {row.id: row for row in await _duties(tx, [source.path, target.path])}
    await _reports_back(tx, kept, source)
    moved = [rows[UUID(one["id"])] for one in kept["duties"]]
    for row, one in zip(moved, kept["duties"], strict=True):
        row.subject, row.incident_id = source.path, source.incident_id
        row.key, row.generation, row.number, row.page = one["key"], one["generation"], one["number"], one["page"]
        row.part_id = UUID(one["part"]) if one["part"] else None
    await tx.flush()
    untied = await _untie(tx, kept)
    again = await _owe_again(tx, kept, rows, since=since, actor=actor, now=now)
    await settle_anew(tx, sorted({*untied, *(row.id for row in again)}), now=now)
    for row in moved:
        path = f"{target.path}/obligation/{row.id}"
        await record(tx, Event("obligation.given_back", path, now, actor, {**body_of(row), "goes_to": source.number}))
    for row in (*moved, *again):
        await _tell_taken(tx, row, actor=actor, now=now, came_from=target.number)


async def duties_of(tx: Tx, *paths: str) -> tuple[Held, ...]:
    """Every duty of these subjects, for `uniting.strictest` and `later_or_gone`."""
    await tx.flush()
    rows = await tx.scalars(select(ObligationRow).where(ObligationRow.subject.in_(paths)).order_by(ObligationRow.id))
    found = list(rows)
    return tuple(each for path in paths for each in _held(found, path))


def loosened(before: Collection[Held], after: Collection[Sequence[Held]]) -> tuple[str, ...]:
    """Keys of duties that `before` ran and that do not bind as early any more, wherever they are now."""
    return later_or_gone(strictest(before), strictest(*after))


async def keys_since(tx: Tx, subject: str, known: Collection[str]) -> frozenset[str]:
    """`Owed.key`s of the subject's duties that were not known then: what a separation may take away."""
    rows = await _duties(tx, [subject])
    return frozenset(_bare(row.key, subject) for row in rows if str(row.id) not in known)


async def _end(tx: Tx, row: ObligationRow, *, by: UUID, reason: str, actor: Actor, now: datetime) -> None:
    if clocks.is_overdue(term_of(row), now) and row.overdue_at is None:
        row.overdue_at = row.due_at
    row.status, row.ended_at, row.superseded_by, row.reason = "superseded", now, by, reason
    await tx.flush()
    await stop_timers(tx, row)
    await tell(tx, "obligation.superseded", row, actor=actor, now=now, superseded_by=str(by))


async def _owe_again(
    tx: Tx,
    kept: Mapping[str, Any],
    rows: Mapping[UUID, ObligationRow],
    *,
    since: datetime,
    actor: Actor,
    now: datetime,
) -> list[ObligationRow]:
    """What ended by the merge or while it stood, each with its own clock; what was reported since counts for it too.

    Where the main incident's own duty has been opened anew since and is reported, the older one stays ended. So does what
    the authority that demanded it has changed or withdrawn meanwhile: its word has nothing to do with the merge.
    """
    found = []
    known = set(kept["known"])
    by_merge = {one["id"] for one in kept["ended"]}
    ended = [*(one["id"] for one in kept["ended"]), *(one["id"] for one in kept["duties"])]
    for row in (rows[UUID(one)] for one in dict.fromkeys(ended)):
        if row.status != "superseded" or (row.start_event == DIRECTED and str(row.id) not in by_merge):
            continue
        anew = [
            one
            for one in rows.values()
            if str(one.id) not in known and _series(one) == _series(row) and one.status not in GONE
        ]
        if any(one.status != "open" for one in anew):
            continue
        for one in anew:
            await _end(tx, one, by=row.id, reason=row.reason or "", actor=actor, now=now)
        if row.superseded_by is not None:
            for each in await _reports_since(tx, row.superseded_by, since):
                await tie(tx, each, [row.id])
        row.status, row.ended_at, row.superseded_by, row.reason = "open", None, None, None
        row.submitted_at = row.met_at = None
        _make_latest(row, rows.values())
        found.append(row)
    await tx.flush()
    return found


def _series(row: ObligationRow) -> tuple[str, str]:
    """Duties of one subject that differ in their generation only."""
    return row.subject, row.key.rpartition("|")[0]


def _make_latest(row: ObligationRow, rows: Collection[ObligationRow]) -> None:
    """What is owed again counts as the newest of its key, or `reconcile` would open it a second time."""
    newest = max(one.generation for one in rows if _series(one) == _series(row))
    if newest > row.generation:
        row.generation = newest + 1
        row.key = f"{row.key.rpartition('|')[0]}|{row.generation}"


async def _move_reports(tx: Tx, plan: Plan, *, now: datetime) -> list[dict[str, Any]]:
    """Drafts and reports follow. Of two equal drafts that goes on in which somebody has written; the other is kept aside."""
    source, target = plan.source, plan.target
    drafts = {_draft_key(row): row for row in plan.submissions if row.subject == target.path and row.status == "draft"}
    kept: list[dict[str, Any]] = []
    for row in plan.submissions:
        if row.subject != source.path or row.status == "discarded":
            continue
        kept.append({"id": str(row.id), "number": row.number, "page": row.page, "status": row.status})
        twin = drafts.get(_draft_key(row)) if row.status == "draft" else None
        if twin is not None:
            aside = twin if _is_written_in(row) and not _is_written_in(twin) else row
            if aside is twin:
                kept.append(
                    {"id": str(twin.id), "number": twin.number, "page": twin.page, "status": "draft", "own": True}
                )
            aside.status, aside.updated_at = "discarded", now
            await tx.flush()
            if aside is row:
                continue
        row.subject, row.incident_id, row.page = target.path, target.incident_id, target.page
        if row.status == "draft":
            row.number = target.number  # what was handed over keeps the number that it names
    await tx.flush()
    return kept


async def _reports_back(tx: Tx, kept: Mapping[str, Any], source: Subject) -> None:
    for one in kept["reports"]:
        row = await tx.get_one(SubmissionRow, UUID(one["id"]))
        if one["status"] == "draft" and row.status not in ("draft", "discarded"):
            continue  # handed over since: it spoke for the united subject
        if row.status == "discarded" and one["status"] == "draft":
            row.status = "draft"
        if not one.get("own"):
            row.subject, row.incident_id = source.path, source.incident_id
            row.number, row.page = one["number"], one["page"]
        await tx.flush()
    await tx.execute(
        update(ContactRecordRow)
        .where(ContactRecordRow.id.in_([UUID(one) for one in kept["contacts"]]))
        .values(subject=source.path, incident_id=source.incident_id)
    )


async def _untie(tx: Tx, kept: Mapping[str, Any]) -> set[UUID]:
    """Take away what only the merge made count; the duties concerned."""
    found = set()
    for submission, duty in kept["tied"]:
        row = await tx.get(SubmissionObligationRow, (UUID(submission), UUID(duty)))
        if row is not None:
            await tx.delete(row)
            found.add(UUID(duty))
    await tx.flush()
    return found


async def _count_for(tx: Tx, ended: UUID, by: UUID) -> None:
    """What was handed over, or is being written, for the duty that ended is so for the one that goes on."""
    for one in await tx.scalars(
        select(SubmissionObligationRow.submission_id).where(SubmissionObligationRow.obligation_id == ended)
    ):
        await tie(tx, one, [by])


async def _reports_since(tx: Tx, duty: UUID, since: datetime) -> list[UUID]:
    rows = await tx.scalars(
        select(SubmissionRow.id)
        .join(SubmissionObligationRow, SubmissionObligationRow.submission_id == SubmissionRow.id)
        .where(
            SubmissionObligationRow.obligation_id == duty,
            SubmissionRow.status.in_(HANDED_OVER),
            SubmissionRow.recorded_at >= since,
        )
        .order_by(SubmissionRow.id)
    )
    return list(rows)


async def _tell_taken(tx: Tx, row: ObligationRow, *, actor: Actor, now: datetime, came_from: str) -> None:
    await tell(tx, "obligation.taken_over", row, actor=actor, now=now, status=row.status, came_from=came_from)


async def _duties(tx: Tx, paths: Sequence[str]) -> list[ObligationRow]:
    await tx.flush()
    ids = list(await tx.scalars(select(ObligationRow.id).where(ObligationRow.subject.in_(paths))))
    return await lock(tx, ids)


async def _ties(tx: Tx, duties: Collection[UUID]) -> frozenset[tuple[UUID, UUID]]:
    rows = await tx.execute(
        select(SubmissionObligationRow.submission_id, SubmissionObligationRow.obligation_id).where(
            SubmissionObligationRow.obligation_id.in_(duties)
        )
    )
    return frozenset((one, duty) for one, duty in rows.all())


def _place(row: ObligationRow, subject: Subject, generation: int) -> None:
    row.key = f"{_bare(row.key, row.subject)}|{subject.path}|{generation}"
    row.generation = generation
    row.subject, row.incident_id, row.number, row.page = subject.path, subject.incident_id, subject.number, subject.page


def _held(rows: Collection[ObligationRow], subject: str) -> tuple[Held, ...]:
    return tuple(
        Held(row.id, _bare(row.key, subject), row.generation, row.started_at, row.due_at, row.status)
        for row in rows
        if row.subject == subject
    )


def _bare(key: str, subject: str) -> str:
    """`opening.key_of` without subject and generation."""
    return key.rpartition("|")[0].removesuffix(f"|{subject}")


def _draft_key(row: SubmissionRow) -> tuple[Any, ...]:
    """As the unique index sees drafts, without their subject."""
    return row.organization_id, row.form, row.recipient_id, row.recipient_kind, row.period


def _is_written_in(row: SubmissionRow) -> bool:
    return any(
        text.strip() != row.filled.get(key, "").strip() for key, text in row.items.items() if isinstance(text, str)
    )
