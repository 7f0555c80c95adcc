"""The report of a drill (A.10): written, approved by somebody else; then improvements become findings, and duties are met."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.second import reader
from irm.access.seconds import refuse_no_second
from irm.clock import SHANGHAI
from irm.db import Tx, uuid7
from irm.drills.access import locked
from irm.drills.models import DrillImprovementRow, DrillRow
from irm.drills.planning import people_of, tell, text_faults
from irm.drills.policy import drill_policy
from irm.drills.quota import Counted, next_duties
from irm.drills.running import organizations_in
from irm.drills.schemas import Improvement, WriteReport
from irm.drills.vocabulary import Content, Part, Status
from irm.errors import Conflict, FieldError, Forbidden, Invalid
from irm.findings.entering import verifier_for
from irm.findings.service import NewFinding, raise_finding
from irm.i18n import DEFAULT_LOCALE, N_, Translator, translator
from irm.obligations.drafting import open_draft
from irm.obligations.forms import form_of
from irm.obligations.handing import INSIDE, submit_report
from irm.obligations.yearly import DutyOfYear, undone_of_year
from irm.web.wording import in_full

FORM: Final = "drill_report"
NOT_READY = N_("The drill must be evaluated before its report is written.")


async def write_report(tx: Tx, row: DrillRow, given: WriteReport, *, by: Principal, now: datetime) -> DrillRow:
    """Items of A.10 and the improvements; with `submit` it waits for approval. The caller has asked who directs it."""
    row = await locked(tx, row.id)
    if row.status != Status.EVALUATED:
        raise Conflict(NOT_READY if row.evaluated_at is None else N_("The report has been handed in."))
    known = {item.key for item in form_of(FORM).items}
    faults = [FieldError(f"items.{key}", N_("This form has no such item.")) for key in given.items if key not in known]
    texts = {f"items.{key}": text for key, text in given.items.items() if key in known}
    faults += text_faults(texts, dict.fromkeys(texts, drill_policy().longest_text))
    merged = {**row.report, **{key: text.replace("\r\n", "\n").strip() for key, text in given.items.items()}}
    if given.submit:
        faults += [FieldError(f"items.{item.key}", N_("This is needed.")) for item in form_of(FORM).missing(merged)]
    if given.improvements is not None:
        faults += await _improvement_faults(tx, row, given.improvements)
    if faults:
        raise Invalid(N_("Please correct what is marked."), errors=faults)
    row.report = merged
    if given.improvements is not None:
        await _keep_improvements(tx, row, given.improvements, by=by, now=now)
    if given.submit:
        row.status, row.reported_at, row.reported_by = Status.REPORTED.value, now, by.account_id
    await tx.flush()
    await tell(tx, "drill.reported" if given.submit else "drill.report_edited", row, by=by, now=now)
    return row


async def return_report(tx: Tx, row: DrillRow, *, reason: str, by: Principal, now: datetime) -> None:
    """Not approved: it is to be written again."""
    row = await _to_be_approved(tx, row, by)
    if faults := text_faults({"reason": reason}, {"reason": drill_policy().longest_text}, needed=("reason",)):
        raise Invalid(N_("Please correct what is marked."), errors=faults)
    row.status, row.reported_at, row.reported_by = Status.EVALUATED.value, None, None
    await tx.flush()
    await tell(tx, "drill.report_returned", row, by=by, now=now, private={"reason": reason.strip()})


async def approve_report(
    tx: Tx, row: DrillRow, *, by: Principal, now: datetime, duties: Collection[UUID] | None = None
) -> tuple[UUID, ...]:
    """By somebody other than its writer. Improvements become findings; the report is handed over for each duty.

    `duties`: which of `duties_met_by` it meets; None: those of the holder and of the system. A recipient that works in irm
    has it at once; for any other a draft waits to be handed over. Returns the submissions.
    """
    row = await _to_be_approved(tx, row, by)
    await refuse_no_second(
        tx,
        [row.reported_by],
        reader(by),
        Permission.APPROVE_DRILLS,
        why=N_("Somebody other than its writer approves the report."),
        units=[row.organization_id],
        now=now,
    )
    row.status, row.report_approved_at, row.report_approved_by = Status.CLOSED.value, now, by.account_id
    await tx.flush()
    offered = await duties_met_by(tx, row)
    chosen = [duty for duty, own in offered if (own if duties is None else duty.id in duties)]
    findings = await _raise_findings(tx, row, by=by, now=now)
    made = [one for duty in chosen for one in await _hand_over(tx, row, duty, by=by, now=now)]
    await tell(
        tx,
        "drill.report_approved",
        row,
        by=by,
        now=now,
        submissions=[str(one) for one in made],
        duties=[str(duty.id) for duty in chosen],
        findings=[str(one) for one in findings],
    )
    return tuple(made)


async def duties_met_by(tx: Tx, row: DrillRow) -> tuple[tuple[DutyOfYear, bool], ...]:
    """What its report may meet; True: its holder's and its system's."""
    drill = await counted(tx, row)
    owed = await undone_of_year(tx, FORM, row.year, bearers=drill.organizations, system=drill.system_id)
    return next_duties(drill, owed, drill_policy().needs_content)


def evaluation_words(
    at: datetime | None, place: str | None, evaluators: Sequence[str], t: Translator
) -> dict[str, str]:
    """When, where and by whom it was evaluated, by item of the form; what is not on record is left out. Pure."""
    found = {"experts": t(", ").join(evaluators)}
    if at is not None:
        found["when_where"] = t(", ").join(part for part in (in_full(at, t), place) if part)
    return {key: text for key, text in found.items() if text}


async def counted(tx: Tx, row: DrillRow) -> Counted:
    return Counted(
        row.id,
        Status(row.status),
        Content(row.content),
        row.organization_id,
        await organizations_in(tx, row.id),
        row.system_id,
    )


async def improvements_of(tx: Tx, drill_id: UUID) -> list[DrillImprovementRow]:
    rows = await tx.scalars(
        select(DrillImprovementRow)
        .where(DrillImprovementRow.drill_id == drill_id)
        .order_by(DrillImprovementRow.created_at, DrillImprovementRow.id)
    )
    return list(rows)


async def _to_be_approved(tx: Tx, row: DrillRow, by: Principal) -> DrillRow:
    row = await locked(tx, row.id)
    if not may(by, Permission.APPROVE_DRILLS, Resource(frozenset({row.organization_id}))):
        raise Forbidden(N_("You do not approve drills of this organization."))
    if row.status != Status.REPORTED:
        raise Conflict(N_("No report of this drill waits for approval."))
    return row


async def _improvement_faults(tx: Tx, row: DrillRow, given: Sequence[Improvement]) -> list[FieldError]:
    there = await organizations_in(tx, row.id)
    faults: list[FieldError] = []
    for index, one in enumerate(given):
        name = f"improvements.{index}"
        faults += text_faults({name: one.title}, {name: drill_policy().longest_title}, needed=(name,))
        if one.organization is not None and one.organization not in there:
            faults.append(FieldError(name, N_("This organization took no part.")))
        if one.due_at is not None and one.due_at.tzinfo is None:
            faults.append(FieldError(name, N_("The moment needs its time zone.")))
        elif one.due_at is not None and row.ended_at is not None and _day(one.due_at) < _day(row.ended_at):
            faults.append(FieldError(name, N_("The day lies before the drill.")))
    return faults


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


async def _keep_improvements(
    tx: Tx, row: DrillRow, given: Sequence[Improvement], *, by: Principal, now: datetime
) -> None:
    await tx.execute(delete(DrillImprovementRow).where(DrillImprovementRow.drill_id == row.id))
    tx.add_all(
        DrillImprovementRow(
            id=uuid7(),
            drill_id=row.id,
            title=one.title.strip(),
            organization_id=one.organization or row.organization_id,
            due_at=one.due_at,
            created_at=now,
            created_by=by.account_id,
        )
        for one in given
    )
    await tx.flush()


async def _raise_findings(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> list[UUID]:
    """Another person says that it is right: of the cloud authority; of its own, of the cyberspace office or one of its own
    people (`verifier_for`). What an organization has to do that does not work in irm stays with the drill."""
    joined = {one.id for one in await access.organizations(tx, joined=True)}
    made: list[UUID] = []
    for one in await improvements_of(tx, row.id):
        verifier = await verifier_for(tx, one.organization_id)
        if verifier is None or one.organization_id not in joined or one.finding_id is not None:
            continue
        given = NewFinding(
            title=one.title,
            organization_id=one.organization_id,
            verifier_id=verifier,
            found_on=_day(row.ended_at or now),
            origin="drill",
            origin_id=row.id,
            origin_label=row.number,
            due_on=_day(one.due_at) if one.due_at else None,
            system_ids=frozenset({row.system_id} if row.system_id else ()),
        )
        one.finding_id = await raise_finding(tx, given, actor=by.actor, now=now)
        made.append(one.finding_id)
    await tx.flush()
    return made


async def _hand_over(tx: Tx, row: DrillRow, duty: DutyOfYear, *, by: Principal, now: datetime) -> tuple[UUID, ...]:
    judges = [one.person_id for one in await people_of(tx, row.id) if one.part == Part.EVALUATOR]
    called = await access.person_names(tx, judges)
    # What the director left out is on record nevertheless. In Chinese: it goes to an authority.
    known = evaluation_words(
        row.evaluated_at, row.place, [called[one] for one in judges if one in called], translator(DEFAULT_LOCALE)
    )
    items: Mapping[str, str] = known | {key: str(text) for key, text in row.report.items() if str(text).strip()}
    drafts = await open_draft(tx, obligations=[duty.id], form=FORM, items=items, actor=by.actor, now=now)
    recipients = {one.id for one in await access.organizations(tx, joined=True)}
    if duty.recipient_id in recipients:
        for draft in drafts:
            await submit_report(tx, draft, means=INSIDE, actor=by.actor, now=now, items=items)
    return drafts
