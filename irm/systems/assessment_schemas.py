"""Wire types of tests, and what forms say as those types."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from msgspec import Struct

from irm.access.policy import Principal
from irm.errors import FieldError, Invalid
from irm.i18n import N_
from irm.systems.assessing import A_COUNT, A_RATE, NEEDED, ODD, NewReport
from irm.systems.assessment_filing import rate_words
from irm.systems.assessment_queries import Assessment, sees_major
from irm.systems.assessment_rules import HUNDREDTHS

A_DAY = N_("A day: 2026-03-01.")


class PlanAssessment(Struct, frozen=True, forbid_unknown_fields=True):
    """`system` by its code, `tester` by id; without `year` that of the planned day."""

    system: str
    planned_on: date
    year: int | None = None
    tester: UUID | None = None
    kind: str = "mlps"


class ReplanAssessment(Struct, frozen=True, forbid_unknown_fields=True):
    planned_on: date
    year: int | None = None
    tester: UUID | None = None
    kind: str = "mlps"


class StartAssessment(Struct, frozen=True, forbid_unknown_fields=True):
    started_on: date


class CancelAssessment(Struct, frozen=True, forbid_unknown_fields=True):
    reason: str


class FileAssessment(Struct, frozen=True, forbid_unknown_fields=True):
    """`means` as for any submission: irm, mail, telephone, fax, paper, portal. `stated_at`: when it was handed over."""

    recipient: UUID
    means: str = "paper"
    stated_at: datetime | None = None
    document_number: str | None = None
    organization: UUID | None = None


class AssessmentView(Struct, frozen=True):
    """`rate` as a decimal text. What the reader need not know is null."""

    number: str
    kind: str
    year: int
    status: str
    system: str
    system_name: str
    owner: UUID
    operator: UUID
    tester: UUID | None
    planned_on: date
    started_on: date | None
    cover_on: date | None
    template: str | None
    rate: str | None
    major: int | None
    rectified_major: int | None
    high: int | None
    medium: int | None
    conclusion: str | None
    computed: str | None
    flagged: bool
    attachment: UUID | None
    filed_on: date | None
    submission: UUID | None
    reason: str | None
    version: int


class AssessmentList(Struct, frozen=True):
    assessments: list[AssessmentView]
    next_cursor: str | None


def assessment_view(one: Assessment, principal: Principal) -> AssessmentView:
    knows = sees_major(principal, one)
    return AssessmentView(
        number=one.number,
        kind=one.kind,
        year=one.year,
        status=one.status.value,
        system=one.system_code,
        system_name=one.system_name,
        owner=one.owner_id,
        operator=one.operator_id,
        tester=one.tester_id,
        planned_on=one.planned_on,
        started_on=one.started_on,
        cover_on=one.cover_on,
        template=one.template,
        rate=rate_words(one.compliance) if one.compliance is not None else None,
        major=one.major if knows else None,
        rectified_major=one.rectified_major if knows else None,
        high=one.high,
        medium=one.medium,
        conclusion=one.conclusion,
        computed=one.computed,
        flagged=one.is_flagged,
        attachment=one.attachment_id,
        filed_on=one.filed_on,
        submission=one.submission_id,
        reason=one.reason,
        version=one.version,
    )


class Typed:
    """Fields of a form as values; collects every fault."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.faults: list[FieldError] = []

    def text(self, name: str) -> str:
        found = self.values.get(name)
        return found.strip().replace("\0", "") if isinstance(found, str) else ""

    def plain(self, name: str) -> str:
        return unicodedata.normalize("NFKC", self.text(name)).replace(",", "").strip()

    def day(self, name: str, *, needed: bool = True) -> date | None:
        given = self.plain(name)
        if not given:
            if needed:
                self.faults.append(FieldError(name, NEEDED))
            return None
        try:
            return date.fromisoformat(given)
        except ValueError:
            self.faults.append(FieldError(name, A_DAY))
            return None

    def count(self, name: str) -> int | None:
        given = self.plain(name)
        if not given:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 10):  # noqa: PLR2004 - what a column holds
            self.faults.append(FieldError(name, A_COUNT))
            return None
        return int(given)

    def rate(self, name: str) -> int | None:
        """A percentage or score with at most two decimals, in hundredths."""
        given = self.plain(name).removesuffix("%").strip()
        if not given:
            return None
        try:
            value = Decimal(given) * HUNDREDTHS
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value != value.to_integral_value() or not 0 <= value <= HUNDREDTHS * HUNDREDTHS:
            self.faults.append(FieldError(name, A_RATE))
            return None
        return int(value)

    def id(self, name: str, *, needed: bool = True) -> UUID | None:
        given = self.text(name)
        if not given and not needed:
            return None
        try:
            return UUID(given)
        except ValueError:
            self.faults.append(FieldError(name, N_("Choose one from the list.") if given else NEEDED))
            return None

    def done(self) -> None:
        """Raises Invalid with every fault so far."""
        if self.faults:
            raise Invalid(ODD, errors=self.faults)


def report_in(values: Mapping[str, Any]) -> NewReport:
    """Raises Invalid with every fault."""
    typed = Typed(values)
    cover = typed.day("cover_on")
    rate = typed.rate("rate")
    figures = {name: typed.count(name) for name in ("major", "rectified_major", "high", "medium")}
    conclusion = typed.text("conclusion")
    if not conclusion:
        typed.faults.append(FieldError("conclusion", NEEDED))
    if cover is None:
        typed.done()
        raise Invalid(ODD, field="cover_on")
    typed.done()
    return NewReport(cover, conclusion, rate, **figures)
