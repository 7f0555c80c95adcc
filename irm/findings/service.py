"""Findings are entered, planned, worked on, handed in, verified or returned, closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from irm.access.policy import AUTHORITY, Permission
from irm.access.queries import Organization, organizations
from irm.access.second import candidate
from irm.access.seconds import refuse_no_second
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.findings import lifecycle
from irm.findings.duty import keep_duty, path_of, subject_of
from irm.findings.lifecycle import ORIGIN_NAMES, RISK_NAMES, Status
from irm.findings.models import FINDING_NUMBERS, FindingRow, FindingSystemRow
from irm.findings.policy import finding_policy
from irm.i18n import N_
from irm.ledger import Event, record
from irm.obligations.drafting import draft_submission
from irm.obligations.handing import INSIDE, submit_report
from irm.obligations.opening import Lowering
from irm.obligations.receiving import record_receipt

NO_FINDING: Final = N_("There is no such finding, or it is not yours to see.")
NO_ORGANIZATION: Final = N_("There is no such organization.")
NOT_JOINED: Final = N_("This organization does not work in irm.")
NEEDED: Final = N_("This is needed.")
TOO_LONG: Final = N_("At most %(most)s characters.")
ONE_OF: Final = N_("One of: %(values)s.")
ODD: Final = N_("Please correct what is marked.")
SELF_VERIFIED: Final = N_("The unit that rectifies cannot also be the one that verifies.")


@dataclass(frozen=True)
class NewFinding:
    """`due_set_by`: the authority that named `due_on`; None: the unit's or the city's own day."""

    title: str
    organization_id: UUID
    verifier_id: UUID
    found_on: date
    risk: str = "medium"
    detail: str = ""
    origin: str = "other"
    origin_id: UUID | None = None
    origin_label: str = ""
    clause: str | None = None
    is_major: bool = False
    person_id: UUID | None = None
    due_on: date | None = None
    due_set_by: UUID | None = None
    due_document: str | None = None
    system_ids: frozenset[UUID] = field(default_factory=frozenset)


async def raise_finding(tx: Tx, given: NewFinding, *, actor: Actor, now: datetime, number: str | None = None) -> UUID:
    """Raises Invalid with every fault; nothing is written then. `number`: of one that is only tried; else the next one."""
    given = replace(given, title=given.title.strip(), detail=given.detail.strip())
    there = await _organizations(tx, given.organization_id, given.verifier_id, given.due_set_by)
    faults = _faults(given, there)
    if faults:
        raise Invalid(ODD, errors=faults)
    row = FindingRow(
        id=uuid7(),
        number=number or await _next_number(tx, now),
        title=given.title,
        detail=given.detail,
        origin=given.origin,
        origin_id=given.origin_id,
        origin_label=given.origin_label,
        clause=given.clause,
        risk=given.risk,
        is_major=given.is_major,
        organization_id=given.organization_id,
        person_id=given.person_id,
        verifier_id=given.verifier_id,
        found_on=given.found_on,
        due_on=given.due_on,
        due_set_by=given.due_set_by,
        due_document=given.due_document,
        created_at=now,
        created_by=actor.id,
    )
    tx.add(row)
    await tx.flush()
    tx.add_all(FindingSystemRow(finding_id=row.id, system_id=one) for one in sorted(given.system_ids))
    await tx.flush()
    body = {
        "number": row.number,
        "origin": row.origin,
        "risk": row.risk,
        "organization": str(row.organization_id),
        "verifier": str(row.verifier_id),
        "due_on": str(row.due_on) if row.due_on else None,
        "due_set_by": str(row.due_set_by) if row.due_set_by else None,
        "systems": sorted(str(one) for one in given.system_ids),
    }
    private = {"title": row.title} | ({"detail": row.detail} if row.detail else {})
    await record(tx, Event("finding.raised", path_of(row.id), now, actor, body, private))
    await keep_duty(tx, row, actor=actor, now=now, recipient=_desk(there[given.verifier_id]), lowering=None)
    return row.id


async def amend(
    tx: Tx,
    finding_id: UUID,
    *,
    title: str,
    detail: str,
    clause: str | None,
    risk: str,
    is_major: bool,
    system_ids: frozenset[UUID],
    actor: Actor,
    now: datetime,
) -> frozenset[str]:
    """What was found, said better; the fields that changed. Day, plan and state have their own acts. Raises Conflict when
    closed, Invalid."""
    row = await locked(tx, finding_id)
    if row.status == Status.CLOSED:
        raise Conflict(lifecycle.CLOSED)
    title = text_given(title, "title", most=finding_policy().longest_line)
    detail = text_given(detail, "detail", needed=False)
    if risk not in RISK_NAMES:
        raise Invalid(ONE_OF, field="risk", values=", ".join(RISK_NAMES))
    named = await tx.scalars(select(FindingSystemRow.system_id).where(FindingSystemRow.finding_id == row.id))
    before = {"risk": row.risk, "is_major": row.is_major, "clause": row.clause, "systems": _sorted(named)}
    after = {"risk": risk, "is_major": is_major, "clause": clause, "systems": _sorted(system_ids)}
    changed = {name for name, value in after.items() if before[name] != value}
    changed |= {name for name, value in (("title", title), ("detail", detail)) if getattr(row, name) != value}
    if not changed:
        return frozenset()
    row.title, row.detail, row.clause, row.risk, row.is_major = title, detail, clause, risk, is_major
    if "systems" in changed:
        await tx.execute(delete(FindingSystemRow).where(FindingSystemRow.finding_id == row.id))
        tx.add_all(FindingSystemRow(finding_id=row.id, system_id=one) for one in sorted(system_ids))
    # Whether it is a major risk is need-to-know, so the entry names that by its field alone.
    shown = sorted(changed & {"risk", "clause", "systems"})
    body = {"changed": sorted(changed), "to": {name: after[name] for name in shown}}
    private = {name: text for name, text in (("title", title), ("detail", detail)) if name in changed and text}
    await note_change(tx, row, "finding.amended", actor, now, body, private)
    return frozenset(changed)


async def plan(
    tx: Tx, finding_id: UUID, *, text: str, person_id: UUID | None, due_on: date | None, actor: Actor, now: datetime
) -> None:
    """How it is put right and by whom; `due_on` only where no day stands yet (`move_day` changes one)."""
    row = await locked(tx, finding_id)
    lifecycle.may_plan(Status(row.status))
    text = text_given(text, "plan")
    if person_id is None and row.person_id is None:
        raise Invalid(NEEDED, field="person")
    if row.due_on is not None and due_on not in {None, row.due_on}:
        raise Invalid(lifecycle.DAY_STANDS, field="due_on")
    row.plan, row.person_id, row.status = text, person_id or row.person_id, Status.PLANNED
    if row.due_on is None:
        if due_on is None:
            raise Invalid(NEEDED, field="due_on")
        lifecycle.check_new_day(
            found_on=row.found_on, before=None, wanted=due_on, by_authority=False, consent="", reason=""
        )
        row.due_on = due_on
        await _duty(tx, row, actor=actor, now=now, lowering=None)
    await note_change(tx, row, "finding.planned", actor, now, {"person": str(row.person_id)}, {"plan": text})


async def record_work(tx: Tx, finding_id: UUID, *, text: str, actor: Actor, now: datetime) -> None:
    """What was done; files are attached to the finding itself."""
    row = await locked(tx, finding_id)
    lifecycle.may_plan(Status(row.status))
    await note_change(tx, row, "finding.worked_on", actor, now, {}, {"text": text_given(text, "text")})


async def hand_in(tx: Tx, finding_id: UUID, *, text: str, account_id: UUID, actor: Actor, now: datetime) -> UUID:
    """The rectification as a submission to whoever verifies; its id. The clock stops here, and starts again if returned."""
    row = await locked(tx, finding_id)
    lifecycle.may_hand_in(Status(row.status))
    text = text_given(text, "text")
    draft = await draft_submission(
        tx,
        subject=subject_of(row),
        form=finding_policy().duty["form"],
        organization_id=row.organization_id,
        recipient_id=row.verifier_id,
        items={"finding": row.title, "measures": text},
        actor=actor,
        now=now,
        within=row.verifier_id == row.organization_id,
    )
    await submit_report(tx, draft, means=INSIDE, actor=actor, now=now)
    row.status, row.submission_id, row.handed_in_by, row.handed_in_at = Status.HANDED_IN, draft, account_id, now
    await note_change(tx, row, "finding.handed_in", actor, now, {"submission": str(draft)}, {"text": text})
    return draft


async def verify(
    tx: Tx, finding_id: UUID, *, accepted: bool, reason: str, account_id: UUID, actor: Actor, now: datetime
) -> None:
    """Another person's word. Returned: the clock of its day runs on as if nothing had been handed in (refused)."""
    row = await locked(tx, finding_id)
    lifecycle.may_verify(Status(row.status))
    await refuse_no_second(
        tx,
        [row.handed_in_by],
        candidate(actor, account_id),
        Permission.VERIFY_FINDINGS,
        why=lifecycle.SAME_PERSON,
        units=[row.verifier_id],
        now=now,
    )
    reason = text_given(reason, "reason", needed=not accepted)
    await record_receipt(
        tx,
        cast("UUID", row.submission_id),  # nothing is handed in without one
        outcome="received" if accepted else "refused",
        means=INSIDE,
        note=reason or None,
        for_recipient=True,
        actor=actor,
        now=now,
    )
    private = {"reason": reason} if reason else {}
    if accepted:
        row.status, row.closed_at, row.verified_by = Status.CLOSED, now, account_id
        await note_change(tx, row, "finding.closed", actor, now, {}, private)
        return
    row.status, row.returns = Status.PLANNED, row.returns + 1
    await note_change(tx, row, "finding.returned", actor, now, {"returns": row.returns}, private)


async def move_day(
    tx: Tx,
    finding_id: UUID,
    *,
    due_on: date,
    reason: str,
    consent: str,
    actor: Actor,
    now: datetime,
    second: UUID | None = None,
) -> None:
    """Another day. `consent`: the authority's document, where an authority named the day; lateness so far stays."""
    row = await locked(tx, finding_id)
    lifecycle.may_plan(Status(row.status))
    before = row.due_on
    lifecycle.check_new_day(
        found_on=row.found_on,
        before=before,
        wanted=due_on,
        by_authority=row.due_set_by is not None,
        consent=consent,
        reason=reason,
    )
    if due_on == before:
        return
    row.due_on = due_on
    if consent.strip():
        row.due_document = text_given(consent, "consent", most=finding_policy().longest_line)
    await _duty(tx, row, actor=actor, now=now, lowering=Lowering(reason.strip(), by=actor.id, second=second))
    body = {"before": str(before) if before else None, "after": str(due_on), "with_consent": bool(consent.strip())}
    private = {"reason": reason.strip()} | ({"consent": consent.strip()} if consent.strip() else {})
    await note_change(tx, row, "finding.day_moved", actor, now, body, private)


async def locked(tx: Tx, finding_id: UUID) -> FindingRow:
    row = await tx.scalar(
        select(FindingRow)
        .where(FindingRow.id == finding_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_FINDING)
    return row


async def _duty(tx: Tx, row: FindingRow, *, actor: Actor, now: datetime, lowering: Lowering | None) -> None:
    there = await _organizations(tx, row.verifier_id)
    await keep_duty(tx, row, actor=actor, now=now, recipient=_desk(there[row.verifier_id]), lowering=lowering)


async def note_change(
    tx: Tx,
    row: FindingRow,
    action: str,
    actor: Actor,
    now: datetime,
    body: Mapping[str, Any],
    private: Mapping[str, str],
) -> None:
    row.version += 1
    await tx.flush()
    known = {"number": row.number, "status": row.status, "organization": str(row.organization_id)}
    await record(tx, Event(action, path_of(row.id), now, actor, {**known, **body}, private))


async def _next_number(tx: AsyncSession, now: datetime) -> str:
    """WT-2026-00012; never used again."""
    number: int = (await tx.execute(select(FINDING_NUMBERS.next_value()))).scalar_one()
    return f"WT-{now.astimezone(SHANGHAI).year}-{number:05d}"


async def _organizations(tx: Tx, *ids: UUID | None) -> dict[UUID, Organization]:
    return {one.id: one for one in await organizations(tx, ids={one for one in ids if one is not None})}


def _sorted(ids: Iterable[UUID]) -> list[str]:
    return sorted(str(one) for one in ids)


def _desk(one: Organization) -> tuple[str, str]:
    return one.kind, one.tier


def _faults(given: NewFinding, there: Mapping[UUID, Organization]) -> list[FieldError]:
    policy = finding_policy()
    found = []
    if not given.title:
        found.append(FieldError("title", NEEDED))
    for name, most in (("title", policy.longest_line), ("detail", policy.longest_text)):
        if len(getattr(given, name)) > most:
            found.append(FieldError(name, TOO_LONG, {"most": most}))
    for name, allowed in (("risk", RISK_NAMES), ("origin", ORIGIN_NAMES)):
        if getattr(given, name) not in allowed:
            found.append(FieldError(name, ONE_OF, {"values": ", ".join(allowed)}))
    found += _organization_faults(given, there)
    if given.due_set_by is not None and given.due_on is None:
        found.append(FieldError("due_on", NEEDED))
    if given.due_on is not None and given.due_on < given.found_on:
        found.append(FieldError("due_on", lifecycle.PAST))
    return found


def _organization_faults(given: NewFinding, there: Mapping[UUID, Organization]) -> list[FieldError]:
    found = []
    for name, one in (("organization", given.organization_id), ("verifier", given.verifier_id)):
        if one not in there:
            found.append(FieldError(name, NO_ORGANIZATION))
        elif not there[one].joined:
            found.append(FieldError(name, NOT_JOINED))
    own = there.get(given.organization_id)
    if given.verifier_id == given.organization_id and (own is None or own.kind != AUTHORITY):
        # Nobody stands above the cloud authority here: of what it puts right, another of its people says so (`verify`).
        found.append(FieldError("verifier", SELF_VERIFIED))
    if given.due_set_by is not None and given.due_set_by not in there:
        found.append(FieldError("due_set_by", NO_ORGANIZATION))
    return found


def text_given(text: str, field_name: str, *, needed: bool = True, most: int | None = None) -> str:
    text = text.strip()
    longest = most or finding_policy().longest_text
    if needed and not text:
        raise Invalid(NEEDED, field=field_name)
    if len(text) > longest or "\x00" in text:
        raise Invalid(TOO_LONG, field=field_name, most=longest)
    return text
