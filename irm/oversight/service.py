"""Planned changes: announced, their plan handed to the cloud authority, answered, carried out or cancelled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import AUTHORITY
from irm.access.queries import Organization, organizations
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from irm.evidence.service import attachments_of
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations import queries as obligations
from irm.obligations.drafting import draft_again, draft_submission, open_draft
from irm.obligations.handed import handed_over_about
from irm.obligations.handing import INSIDE, submit_report
from irm.obligations.periodic import bring_in_line
from irm.obligations.receiving import record_receipt
from irm.obligations.views import Obligation, Submission
from irm.oversight import lifecycle
from irm.oversight.change_subjects import Changes, path_of, period_of, subject_of
from irm.oversight.lifecycle import KIND_NAMES, RISK_NAMES, State, state_of
from irm.oversight.models import CHANGE_NUMBERS, ChangeRow
from irm.oversight.policy import oversight_policy

PLAN: Final = "change_plan"
NOTICE: Final = "change_notice"
RETURNED: Final = "returned"
ANSWERS: Final = ("received", RETURNED)

NO_CHANGE: Final = N_("There is no such change, or it is not yours to see.")
NO_ORGANIZATION: Final = N_("There is no such organization.")
NO_AUTHORITY: Final = N_("No cloud authority of this city works in irm; there is nobody to hand the plan to.")
OWN_PLAN: Final = N_("The cloud authority files no plan with itself.")
ANSWERED_BY_ITSELF: Final = N_("Whoever handed the plan over cannot answer it.")
NO_FILE: Final = N_("Attach the plan first.")
NEEDED: Final = N_("This is needed.")
TOO_LONG: Final = N_("At most %(most)s characters.")
ONE_OF: Final = N_("One of: %(values)s.")
ODD: Final = N_("Please correct what is marked.")
AFTER_START: Final = N_("The end lies after the beginning.")
LONG_PAST: Final = N_(
    "This lies before today. What took place without a plan is entered as a change that starts today."
)
TOO_FAR: Final = N_("This lies more than %(most)s days ahead.")
NAIVE: Final = N_("The moment needs its time zone.")
NO_ANSWER: Final = N_("The answer is received or returned.")
STALE: Final = N_("Somebody changed this change meanwhile; look at it again.")


@dataclass(frozen=True)
class NewChange:
    """`by_id`: who carries it out. `planned_start` and `planned_until` are aware."""

    title: str
    system_id: UUID
    by_id: UUID
    planned_start: datetime
    planned_until: datetime | None = None
    kind: str = "upgrade"
    risk: str = "medium"
    is_major: bool = True
    detail: str = ""
    contact: str = ""


async def plan_change(tx: Tx, given: NewChange, *, actor: Actor, now: datetime) -> UUID:
    """Announce it; what is owed for it opens at once. Raises Invalid with every fault; nothing is written then."""
    given = replace(given, title=given.title.strip(), detail=given.detail.strip(), contact=given.contact.strip())
    faults = _faults(given, now)
    if given.by_id not in {one.id for one in await organizations(tx, ids=[given.by_id])}:
        faults.append(FieldError("by", NO_ORGANIZATION))
    if faults:
        raise Invalid(ODD, errors=faults)
    serial: int = (await tx.execute(select(CHANGE_NUMBERS.next_value()))).scalar_one()
    row = ChangeRow(
        id=uuid7(),
        number=f"BG-{now.astimezone(SHANGHAI).year}-{serial:05d}",
        title=given.title,
        detail=given.detail,
        system_id=given.system_id,
        by_id=given.by_id,
        kind=given.kind,
        risk=given.risk,
        is_major=given.is_major,
        planned_start=given.planned_start,
        planned_until=given.planned_until,
        contact=given.contact,
        registered_at=now,
        created_by=actor.id,
    )
    tx.add(row)
    body = {
        "kind": row.kind,
        "risk": row.risk,
        "is_major": row.is_major,
        "planned_start": row.planned_start.isoformat(),
        "planned_until": row.planned_until.isoformat() if row.planned_until else None,
    }
    private = {"title": row.title} | ({"detail": row.detail} if row.detail else {})
    await _tell(tx, row, "change.planned", actor=actor, now=now, body=body, private=private)
    await _owe(tx, row, actor=actor, now=now)
    return row.id


async def move_start(
    tx: Tx,
    change_id: UUID,
    *,
    planned_start: datetime,
    planned_until: datetime | None,
    reason: str,
    version: int | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Another start: the plan is owed for the new one. A plan on file for the old start does not count for it."""
    row, state = await _locked(tx, change_id)
    if version is not None and version != row.version:
        raise Conflict(STALE, field="version")
    lifecycle.may_change(state)
    faults = _span_faults(planned_start, planned_until, now)
    if not reason.strip():
        faults.append(FieldError("reason", NEEDED))
    if faults:
        raise Invalid(ODD, errors=faults)
    if (planned_start, planned_until) == (row.planned_start, row.planned_until):
        return
    before, row.planned_start, row.planned_until = row.planned_start, planned_start, planned_until
    body = {"before": before.isoformat(), "after": planned_start.isoformat()}
    private = {"reason": _text(reason, "reason")}
    await _tell(tx, row, "change.moved", actor=actor, now=now, body=body, private=private)
    await _owe(tx, row, actor=actor, now=now)


async def hand_in_plan(
    tx: Tx, change_id: UUID, *, text: str, attachments: Collection[UUID] = (), actor: Actor, now: datetime
) -> UUID:
    """The plan to the cloud authority, in irm; the submission. All files of the change go with it unless some are named.

    Raises Conflict by its state, Invalid without a file.
    """
    row, state = await _locked(tx, change_id)
    lifecycle.may_hand_in(state)
    text = _text(text, "text")
    files = list(attachments) or [one.id for one in await attachments_of(tx, path_of(row.id))]
    if not files:
        raise Invalid(NO_FILE, field="file")
    items = {"text": text}
    last = await plan_of(tx, row)
    if last is not None and last.status in (RETURNED, "refused"):
        draft = await draft_again(tx, last.id, actor=actor, now=now)
    else:
        owed = [one for one in await duties_of(tx, row, now=now) if one.form == PLAN and one.status == "open"]
        if owed:
            (draft,) = await open_draft(tx, obligations=[owed[0].id], items=items, actor=actor, now=now)
        else:
            authority = await authority_of(tx)
            if authority.id == row.by_id:
                raise Invalid(OWN_PLAN, field="by")
            draft = await draft_submission(
                tx,
                subject=subject_of(row),
                form=PLAN,
                organization_id=row.by_id,
                recipient_id=authority.id,
                items=items,
                actor=actor,
                now=now,
            )
    await submit_report(tx, draft, means=INSIDE, items=items, attachments=files, actor=actor, now=now)
    await _tell(tx, row, "change.plan_handed_in", actor=actor, now=now, body={"submission": str(draft)}, private={})
    return draft


async def tell_users(tx: Tx, change_id: UUID, *, text: str, actor: Actor, now: datetime) -> int:
    """Tell the using units that work in irm; how many were told. Doing it again tells those who were not."""
    row, state = await _locked(tx, change_id)
    lifecycle.may_change(state)
    items = {"text": _text(text, "text")}
    owed = [one for one in await duties_of(tx, row, now=now) if one.form == NOTICE and one.status == "open"]
    reached = [one.id for one in owed if one.recipient.joined]
    if not reached:
        return 0
    for draft in await open_draft(tx, obligations=reached, items=items, actor=actor, now=now):
        await submit_report(tx, draft, means=INSIDE, items=items, actor=actor, now=now)
    await _tell(tx, row, "change.users_told", actor=actor, now=now, body={"units": len(reached)}, private={})
    return len(reached)


async def answer_plan(
    tx: Tx, change_id: UUID, *, accepted: bool, reason: str, account_id: UUID, actor: Actor, now: datetime
) -> None:
    """The cloud authority takes the plan on file, or returns it to be completed before the start."""
    row, state = await _locked(tx, change_id)
    lifecycle.may_answer(state)
    plan = await plan_of(tx, row)
    if plan is None:
        raise Conflict(lifecycle.NOTHING_WAITS)
    if row.by_id == actor.organization_id:
        raise Forbidden(ANSWERED_BY_ITSELF, code="second_person")
    reason = _text(reason, "reason", needed=not accepted)
    await record_receipt(
        tx,
        plan.id,
        outcome="received" if accepted else RETURNED,
        means=INSIDE,
        note=reason or None,
        complete_by=row.planned_start if not accepted and row.planned_start > now else None,
        for_recipient=True,
        person_id=account_id,
        actor=actor,
        now=now,
    )
    action = "change.agreed" if accepted else "change.returned"
    private = {"reason": reason} if reason else {}
    await _tell(tx, row, action, actor=actor, now=now, body={"submission": str(plan.id)}, private=private)


async def finish_change(tx: Tx, change_id: UUID, *, remark: str, actor: Actor, now: datetime) -> None:
    """It was carried out, with its plan on file or not; which of the two stands in the entry."""
    row, state = await _locked(tx, change_id)
    lifecycle.may_finish(state, row.planned_start, now)
    row.outcome, row.ended_at, row.remark = "done", now, _text(remark, "remark", needed=False) or None
    body = {"plan": state.value}
    private = {"remark": row.remark} if row.remark else {}
    await _tell(tx, row, "change.done", actor=actor, now=now, body=body, private=private)


async def cancel_change(tx: Tx, change_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    """It will not take place: nothing is owed for it any more; what was late stays late."""
    row, state = await _locked(tx, change_id)
    lifecycle.may_change(state)
    row.outcome, row.ended_at, row.remark = "cancelled", now, _text(reason, "reason")
    await _tell(tx, row, "change.cancelled", actor=actor, now=now, body={}, private={"reason": row.remark})
    await _owe(tx, row, actor=actor, now=now)


async def duties_of(tx: Tx, row: ChangeRow, *, now: datetime) -> list[Obligation]:
    return await obligations.obligations_of(tx, path_of(row.id), now=now)


async def plan_of(tx: Tx, row: ChangeRow) -> Submission | None:
    """The newest submission of the plan for the start as it stands."""
    handed = await handed_over_about(tx, [path_of(row.id)], forms=[PLAN])
    return newest_for(handed.get(path_of(row.id), ()), period_of(row))


def newest_for(handed: Collection[tuple[str | None, Submission]], period: str) -> Submission | None:
    mine = [one for label, one in handed if label in (None, period)]
    return mine[-1] if mine else None


async def authority_of(tx: Tx) -> Organization:
    """Raises Conflict where none has joined."""
    found = await organizations(tx, kinds=[AUTHORITY], tier="city", joined=True)
    if not found:
        raise Conflict(NO_AUTHORITY)
    return found[0]


async def _locked(tx: Tx, change_id: UUID) -> tuple[ChangeRow, State]:
    row = await tx.scalar(
        select(ChangeRow)
        .where(ChangeRow.id == change_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_CHANGE)
    plan = await plan_of(tx, row)
    return row, state_of(row.outcome, plan.status if plan else None)


async def _owe(tx: Tx, row: ChangeRow, *, actor: Actor, now: datetime) -> None:
    await bring_in_line(tx, await Changes().some(tx, [row.id]), actor=actor, now=now)


async def _tell(
    tx: Tx,
    row: ChangeRow,
    action: str,
    *,
    actor: Actor,
    now: datetime,
    body: Mapping[str, Any],
    private: Mapping[str, str],
) -> None:
    if action != "change.planned":
        row.version += 1
        row.updated_at = now
    await tx.flush()
    known = {"number": row.number, "system": str(row.system_id), "by": str(row.by_id)}
    await record(tx, Event(action, path_of(row.id), now, actor, {**known, **body}, private))


def _faults(given: NewChange, now: datetime) -> list[FieldError]:
    policy = oversight_policy()
    found = [FieldError(name, NEEDED) for name in ("title", "contact") if not getattr(given, name)]
    for name, most in (
        ("title", policy.longest_line),
        ("contact", policy.longest_line),
        ("detail", policy.longest_text),
    ):
        if len(getattr(given, name)) > most or "\x00" in getattr(given, name):
            found.append(FieldError(name, TOO_LONG, {"most": most}))
    for name, allowed in (("kind", KIND_NAMES), ("risk", RISK_NAMES)):
        if getattr(given, name) not in allowed:
            found.append(FieldError(name, ONE_OF, {"values": ", ".join(allowed)}))
    return found + _span_faults(given.planned_start, given.planned_until, now)


def _span_faults(start: datetime, until: datetime | None, now: datetime) -> list[FieldError]:
    most = oversight_policy().furthest_days
    found = [
        FieldError(name, NAIVE)
        for name, at in (("planned_start", start), ("planned_until", until))
        if at is not None and at.tzinfo is None
    ]
    if found:
        return found
    if start.astimezone(SHANGHAI).date() < now.astimezone(SHANGHAI).date():
        found.append(FieldError("planned_start", LONG_PAST))
    if start > now + timedelta(days=most):
        found.append(FieldError("planned_start", TOO_FAR, {"most": most}))
    if until is not None and until <= start:
        found.append(FieldError("planned_until", AFTER_START))
    return found


def _text(text: str, name: str, *, needed: bool = True) -> str:
    text, most = text.replace("\r\n", "\n").strip(), oversight_policy().longest_text
    if needed and not text:
        raise Invalid(NEEDED, field=name)
    if len(text) > most or "\x00" in text:
        raise Invalid(TOO_LONG, field=name, most=most)
    return text
