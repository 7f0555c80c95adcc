"""A test of one system from its plan to the report that stands: planned, under way, report in, cancelled.

What is reported to the police is `assessment_filing.py`; what the figures give is `assessment_rules.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from irm.access.queries import organizations
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach
from irm.evidence.types import PDF
from irm.i18n import N_
from irm.ledger import Event, record
from irm.rules.policies import readings
from irm.rules.queries import current_packs
from irm.systems.assessment_rules import (
    CONCLUSIONS,
    Computed,
    ConclusionFigures,
    Stated,
    computed,
    conclusion_figures,
    template_of,
)
from irm.systems.models import ASSESSMENT_NUMBERS, AssessmentRow, SystemRow


class Status(StrEnum):
    """Values are stored."""

    PLANNED = "planned"
    UNDER_WAY = "under_way"
    REPORTED = "reported"
    FILED = "filed"
    CANCELLED = "cancelled"


STATUS_NAMES: Final = {
    Status.PLANNED: N_("Scheduled"),
    Status.UNDER_WAY: N_("Under way"),
    Status.REPORTED: N_("Report received"),
    Status.FILED: N_("Report filed"),
    Status.CANCELLED: N_("Cancelled"),
}
MLPS: Final = "mlps"
KIND_NAMES: Final = {
    MLPS: N_("Classified-protection test"),
    "self_check": N_("Self-inspection"),
    "crypto": N_("Assessment of commercial cryptography"),
    "risk": N_("Risk assessment"),
}
ASSESSOR: Final = "assessor"
LONGEST: Final = 500
LARGEST: Final = 100_000
YEARS: Final = range(2000, 2101)

NO_ASSESSMENT: Final = N_("There is no such test, or it is not yours to see.")
ODD: Final = N_("Please correct what is marked.")
NEEDED: Final = N_("This is needed.")
REASON: Final = N_("Say why.")
TOO_LONG: Final = N_("At most %(most)s characters.")
ONE_OF: Final = N_("One of: %(values)s.")
NO_TESTER: Final = N_("This organization is no testing body.")
ODD_YEAR: Final = N_("Which year? Four digits.")
CLOSED: Final = N_("This test is filed or cancelled; it stays as it is.")
RUNS_ALREADY: Final = N_("This test is under way already.")
NOT_A_PDF: Final = N_("This is no PDF that can be read. Have the tester send the signed report again as PDF.")
NO_FILE: Final = N_("Choose the report's file.")
FUTURE: Final = N_("That day has not come yet.")
BEFORE_START: Final = N_("The cover bears a day before the test began.")
A_RATE: Final = N_("A number from 0 to 100 with at most two decimals.")
A_COUNT: Final = N_("A whole number from 0 up.")
MORE_RECTIFIED: Final = N_("More were rectified than were found.")


@dataclass(frozen=True)
class NewAssessment:
    system_id: UUID
    year: int
    planned_on: date
    tester_id: UUID | None = None
    kind: str = MLPS


@dataclass(frozen=True)
class NewReport:
    """What the report says on its face. `rate`: 符合率 (or the 2021 score) in hundredths."""

    cover_on: date
    conclusion: str
    rate: int | None = None
    major: int | None = None
    rectified_major: int | None = None
    high: int | None = None
    medium: int | None = None


def path_of(system_id: UUID, assessment_id: UUID) -> str:
    """Under its system: what a test did is part of the system's life."""
    return f"system/{system_id}/assessment/{assessment_id}"


async def figures_now(tx: Tx, *, now: datetime) -> ConclusionFigures | None:
    return conclusion_figures(await current_packs(tx, now=now), await readings(tx))


async def plan_assessment(tx: Tx, given: NewAssessment, *, actor: Actor, now: datetime) -> UUID:
    """Raises Invalid with every fault."""
    faults = await _plan_faults(tx, given)
    if await tx.get(SystemRow, given.system_id) is None:
        faults.append(FieldError("system", N_("There is no such system.")))
    if faults:
        raise Invalid(ODD, errors=faults)
    row = AssessmentRow(
        id=uuid7(),
        number=await _next_number(tx, now),
        system_id=given.system_id,
        kind=given.kind,
        year=given.year,
        planned_on=given.planned_on,
        tester_id=given.tester_id,
        created_at=now,
        created_by=actor.id,
    )
    tx.add(row)
    await tx.flush()
    await _tell(tx, row, "planned", actor, now, **_planned(row))
    return row.id


async def replan(tx: Tx, assessment_id: UUID, given: NewAssessment, *, actor: Actor, now: datetime) -> None:
    """Another year, day, kind or tester, as long as no report is in. The system stays."""
    row = await locked(tx, assessment_id)
    _refuse(row, {Status.REPORTED, Status.FILED, Status.CANCELLED})
    if faults := await _plan_faults(tx, given):
        raise Invalid(ODD, errors=faults)
    before = _planned(row)
    row.year, row.planned_on, row.tester_id, row.kind = given.year, given.planned_on, given.tester_id, given.kind
    if _planned(row) == before:
        return
    await tell_changed(tx, row, "replanned", actor, now, before=before, **_planned(row))


async def start(tx: Tx, assessment_id: UUID, *, started_on: date, actor: Actor, now: datetime) -> None:
    row = await locked(tx, assessment_id)
    _refuse(row, {Status.REPORTED, Status.FILED, Status.CANCELLED})
    if row.status == Status.UNDER_WAY:
        raise Conflict(RUNS_ALREADY)
    if started_on > _today(now):
        raise Invalid(FUTURE, field="started_on")
    row.status, row.started_on = Status.UNDER_WAY, started_on
    await tell_changed(tx, row, "started", actor, now, started_on=str(started_on))


async def record_report(
    tx: Tx,
    assessment_id: UUID,
    given: NewReport,
    blob: StoredBlob | None,
    *,
    readable: bool,
    organization_id: UUID | None,
    account_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> Computed:
    """The tester's report is in. `blob`: its file, `readable` by `documents.readable`; None keeps the one that is there.

    Once more until it is filed: a corrected report; the earlier file stays in custody. What it states counts; returned is
    what its figures give. Raises Invalid with every fault, Conflict.
    """
    row = await locked(tx, assessment_id)
    _refuse(row, {Status.FILED, Status.CANCELLED})
    figures = await figures_now(tx, now=now)
    template = template_of(given.cover_on, figures) if row.kind == MLPS and figures is not None else None
    faults = _report_faults(row, given, template, now)
    if blob is None and row.attachment_id is None:
        faults.append(FieldError("file", NO_FILE))
    if blob is not None and (not readable or blob.media_type != PDF.media_type):
        faults.append(FieldError("file", NOT_A_PDF))
    if faults:
        raise Invalid(ODD, errors=faults)
    if blob is not None:
        row.attachment_id = await attach(
            tx,
            blob,
            subject=path_of(row.system_id, row.id),
            organization_id=organization_id,
            account_id=account_id,
            actor=actor,
            now=now,
        )
    row.cover_on, row.template, row.conclusion = given.cover_on, template, given.conclusion
    row.compliance, row.major, row.rectified_major = given.rate, given.major, given.rectified_major
    row.high, row.medium, row.status = given.high, given.medium, Status.REPORTED
    result = Computed(None)
    if template is not None and figures is not None:
        result = computed(template, Stated(given.rate, given.major, given.high, given.medium), figures)
    row.computed = result.conclusion
    await tell_changed(
        tx,
        row,
        "reported",
        actor,
        now,
        cover_on=str(given.cover_on),
        template=template,
        conclusion=given.conclusion,
        computed=result.conclusion,
        sha256=blob.sha256 if blob else None,
    )
    return result


async def cancel(tx: Tx, assessment_id: UUID, *, reason: str, actor: Actor, now: datetime) -> None:
    row = await locked(tx, assessment_id)
    _refuse(row, {Status.REPORTED, Status.FILED, Status.CANCELLED})
    reason = reason.strip()
    if not reason:
        raise Invalid(REASON, field="reason")
    if len(reason) > LONGEST or "\x00" in reason:
        raise Invalid(TOO_LONG, field="reason", most=LONGEST)
    row.status, row.reason = Status.CANCELLED, reason
    await tell_changed(tx, row, "cancelled", actor, now, private={"reason": reason})


async def locked(tx: Tx, assessment_id: UUID) -> AssessmentRow:
    row = await tx.scalar(
        select(AssessmentRow)
        .where(AssessmentRow.id == assessment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(NO_ASSESSMENT)
    return row


async def tell_changed(
    tx: Tx,
    row: AssessmentRow,
    what: str,
    actor: Actor,
    now: datetime,
    *,
    private: Mapping[str, str] | None = None,
    **body: Any,
) -> None:
    row.version += 1
    await tx.flush()
    await _tell(tx, row, what, actor, now, private=private, **body)


async def _tell(
    tx: Tx,
    row: AssessmentRow,
    what: str,
    actor: Actor,
    now: datetime,
    *,
    private: Mapping[str, str] | None = None,
    **body: Any,
) -> None:
    known = {"number": row.number, "status": row.status, "system": str(row.system_id), "kind": row.kind}
    path = path_of(row.system_id, row.id)
    await record(tx, Event(f"assessment.{what}", path, now, actor, {**known, **body}, private or {}))


def _planned(row: AssessmentRow) -> dict[str, Any]:
    tester = str(row.tester_id) if row.tester_id else None
    return {"year": row.year, "planned_on": str(row.planned_on), "tester": tester, "kind": row.kind}


def _refuse(row: AssessmentRow, states: Collection[Status]) -> None:
    if row.status in states:
        raise Conflict(CLOSED if row.status != Status.REPORTED else N_("The report is in already."))


async def _plan_faults(tx: Tx, given: NewAssessment) -> list[FieldError]:
    found = []
    if given.kind not in KIND_NAMES:
        found.append(FieldError("kind", ONE_OF, {"values": ", ".join(KIND_NAMES)}))
    if given.year not in YEARS:
        found.append(FieldError("year", ODD_YEAR))
    if given.tester_id is not None:
        there = await organizations(tx, ids=[given.tester_id])
        if not there or there[0].kind != ASSESSOR:
            found.append(FieldError("tester", NO_TESTER))
    return found


def _report_faults(row: AssessmentRow, given: NewReport, template: str | None, now: datetime) -> list[FieldError]:
    found = []
    if given.cover_on > _today(now):
        found.append(FieldError("cover_on", FUTURE))
    if row.started_on is not None and given.cover_on < row.started_on:
        found.append(FieldError("cover_on", BEFORE_START))
    if not given.conclusion.strip():
        found.append(FieldError("conclusion", NEEDED))
    elif template is not None and given.conclusion not in CONCLUSIONS[template]:
        found.append(FieldError("conclusion", ONE_OF, {"values": ", ".join(CONCLUSIONS[template])}))
    elif len(given.conclusion) > LONGEST or "\x00" in given.conclusion:
        found.append(FieldError("conclusion", TOO_LONG, {"most": LONGEST}))
    if row.kind == MLPS and given.rate is None:
        found.append(FieldError("rate", NEEDED))
    if given.rate is not None and not 0 <= given.rate <= 10_000:  # noqa: PLR2004 - 100.00 in hundredths
        found.append(FieldError("rate", A_RATE))
    for name in ("major", "rectified_major", "high", "medium"):
        value = getattr(given, name)
        if value is not None and not 0 <= value <= LARGEST:
            found.append(FieldError(name, A_COUNT))
    if given.rectified_major is not None and given.rectified_major > (given.major or 0):
        found.append(FieldError("rectified_major", MORE_RECTIFIED))
    return found


async def _next_number(tx: AsyncSession, now: datetime) -> str:
    """CP-2026-00012; never used again."""
    number: int = (await tx.execute(select(ASSESSMENT_NUMBERS.next_value()))).scalar_one()
    return f"CP-{now.astimezone(SHANGHAI).year}-{number:05d}"


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()
