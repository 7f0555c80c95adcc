"""Reading tests: lists by year and state, one with all that belongs to it, what a system's page shows.

A test report says where a system is weak: it is for the unit that answers for the system, its operator, the tester and the
cloud authority; who uses or maintains the system does not see it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, select, true

from irm.access.narrowing import within
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.db import Tx
from irm.errors import NotFound
from irm.systems.assessing import NO_ASSESSMENT, Status, path_of
from irm.systems.assessment_rules import differs
from irm.systems.models import AssessmentRow, SystemRow

PER_PAGE = 50


@dataclass(frozen=True)
class Assessment:
    """`major` and `rectified_major` are need-to-know: show them only where `sees_major`."""

    id: UUID
    number: str
    system_id: UUID
    system_code: str
    system_name: str
    owner_id: UUID
    operator_id: UUID
    kind: str
    year: int
    status: Status
    planned_on: date
    tester_id: UUID | None
    started_on: date | None
    cover_on: date | None
    template: str | None
    attachment_id: UUID | None
    compliance: int | None
    major: int | None
    rectified_major: int | None
    high: int | None
    medium: int | None
    conclusion: str | None
    computed: str | None
    filed_on: date | None
    submission_id: UUID | None
    reason: str | None
    version: int

    @property
    def path(self) -> str:
        return path_of(self.system_id, self.id)

    @property
    def page(self) -> str:
        return f"/assessments/{self.number}"

    @property
    def resource(self) -> Resource:
        tester = {self.tester_id} if self.tester_id else set()
        return Resource(frozenset({self.owner_id, self.operator_id} | tester), systems=frozenset({self.system_id}))

    @property
    def is_completed(self) -> bool:
        """Its report is in: from here it counts, for the certificate too (1846号 Q6)."""
        return self.status in (Status.REPORTED, Status.FILED)

    @property
    def is_flagged(self) -> bool:
        """The report's conclusion is another than its figures give."""
        return differs(self.conclusion, self.computed)

    def is_late(self, today: date) -> bool:
        """Planned for a day that is past, and not begun."""
        return self.status is Status.PLANNED and self.planned_on < today


@dataclass(frozen=True)
class Filters:
    year: int | None = None
    status: str | None = None
    kind: str | None = None
    system: UUID | None = None
    flagged: bool = False
    id: UUID | None = None


async def assessment_by_number(
    tx: Tx, principal: Principal, number: str, permission: Permission = Permission.READ_ASSESSMENTS
) -> Assessment:
    """A foreign test and an unknown one are the same answer: NotFound."""
    found = await _read(tx, _all().where(AssessmentRow.number == number, _within(principal, permission)))
    if not found:
        raise NotFound(NO_ASSESSMENT)
    return found[0]


async def assessments(
    tx: Tx, principal: Principal, filters: Filters, *, before: str | None = None, limit: int = PER_PAGE
) -> tuple[list[Assessment], str | None]:
    """Newest number first, and where the next page begins."""
    asked = _all().where(_within(principal), *_chosen(filters))
    if before:
        asked = asked.where(AssessmentRow.number < before)
    found = await _read(tx, asked.order_by(AssessmentRow.number.desc()).limit(limit + 1))
    return found[:limit], found[limit - 1].number if len(found) > limit else None


async def counts(tx: Tx, principal: Principal, *, year: int | None) -> dict[str, int]:
    """By status, of one year or of all."""
    rows = await tx.execute(
        select(AssessmentRow.status, func.count().label("n"))
        .join(SystemRow, SystemRow.id == AssessmentRow.system_id)
        .where(_within(principal), *_chosen(Filters(year=year)))
        .group_by(AssessmentRow.status)
    )
    return {row.status: row.n for row in rows}


async def years(tx: Tx, principal: Principal) -> list[int]:
    rows = await tx.scalars(
        select(AssessmentRow.year)
        .join(SystemRow, SystemRow.id == AssessmentRow.system_id)
        .where(_within(principal))
        .distinct()
        .order_by(AssessmentRow.year.desc())
    )
    return list(rows)


async def assessments_of_systems(
    tx: Tx, principal: Principal, system_ids: Collection[UUID]
) -> Mapping[UUID, list[Assessment]]:
    """What the reader may see of each of these systems' tests, the newest year first; for the system's page."""
    found: dict[UUID, list[Assessment]] = {one: [] for one in system_ids}
    asked = _all().where(AssessmentRow.system_id.in_(found), _within(principal))
    for one in await _read(tx, asked.order_by(AssessmentRow.year.desc(), AssessmentRow.number.desc())):
        found[one.system_id].append(one)
    return found


async def completed_tests(tx: Tx, system_ids: Collection[UUID]) -> Mapping[UUID, list[date]]:
    """Days on the covers of the protection tests whose report is in, in order: each adds to the certificate."""
    found: dict[UUID, list[date]] = {one: [] for one in system_ids}
    rows = await tx.execute(
        select(AssessmentRow.system_id, AssessmentRow.cover_on)
        .where(
            AssessmentRow.system_id.in_(found),
            *completed(),
        )
        .order_by(AssessmentRow.cover_on)
    )
    for system_id, cover_on in rows:
        if cover_on is not None:
            found[system_id].append(cover_on)
    return found


async def last_filed_tests(tx: Tx, system_ids: Collection[UUID]) -> Mapping[UUID, date]:
    """Day on the cover of the latest protection test whose report was filed, of the systems that have one."""
    rows = await tx.execute(
        select(AssessmentRow.system_id, func.max(AssessmentRow.cover_on))
        .where(
            AssessmentRow.system_id.in_(system_ids),
            AssessmentRow.status == Status.FILED,
            *completed(),
        )
        .group_by(AssessmentRow.system_id)
    )
    return {system_id: cover_on for system_id, cover_on in rows if cover_on is not None}


def completed() -> tuple[ColumnElement[bool], ...]:
    """Tests that add to a certificate."""
    return (
        AssessmentRow.kind == "mlps",
        AssessmentRow.status.in_([Status.REPORTED, Status.FILED]),
        AssessmentRow.cover_on.is_not(None),
    )


async def assessment_of_submission(tx: Tx, submission_id: UUID) -> UUID | None:
    found: UUID | None = await tx.scalar(select(AssessmentRow.id).where(AssessmentRow.submission_id == submission_id))
    return found


def may_edit(principal: Principal, one: Assessment) -> bool:
    return reach(principal, Permission.EDIT_ASSESSMENTS).covers(one.resource)


def may_file(principal: Principal, one: Assessment) -> bool:
    """The client files the report, not the tester (GB/T 28449 8.4)."""
    own = Resource(frozenset({one.owner_id, one.operator_id}))
    return reach(principal, Permission.EDIT_ASSESSMENTS).covers(own) and reach(
        principal, Permission.SUBMIT_REPORT
    ).covers(own)


def sees_major(principal: Principal, one: Assessment) -> bool:
    """Who needs to know; the tester wrote it."""
    if reach(principal, Permission.SEE_CII).covers(one.resource):
        return True
    tests = Resource(frozenset({one.tester_id} if one.tester_id else ()))
    return reach(principal, Permission.EDIT_ASSESSMENTS).covers(tests)


def _within(principal: Principal, permission: Permission = Permission.READ_ASSESSMENTS) -> ColumnElement[bool]:
    far = reach(principal, permission)
    return within(far, _of_parties, AssessmentRow.id)


def _of_parties(far: Reach) -> ColumnElement[bool]:
    if far.everything:
        return true()
    if not far.organizations:
        return false()
    return or_(
        SystemRow.owner_id.in_(far.organizations),
        SystemRow.operator_id.in_(far.organizations),
        AssessmentRow.tester_id.in_(far.organizations),
    )


def _chosen(filters: Filters) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = []
    if filters.year is not None:
        which.append(AssessmentRow.year == filters.year)
    if filters.status is not None:
        which.append(AssessmentRow.status == filters.status)
    if filters.kind is not None:
        which.append(AssessmentRow.kind == filters.kind)
    if filters.system is not None:
        which.append(AssessmentRow.system_id == filters.system)
    if filters.id is not None:
        which.append(AssessmentRow.id == filters.id)
    if filters.flagged:
        which += [
            AssessmentRow.computed.is_not(None),
            AssessmentRow.computed != "judge",
            AssessmentRow.computed != AssessmentRow.conclusion,
        ]
    return which


Found = Select[AssessmentRow, str, str, UUID, UUID]


def _all() -> Found:
    return select(
        AssessmentRow,
        SystemRow.code,
        SystemRow.name.label("system_name"),
        SystemRow.owner_id,
        SystemRow.operator_id,
    ).join(SystemRow, SystemRow.id == AssessmentRow.system_id)


async def _read(tx: Tx, asked: Found) -> list[Assessment]:
    return [
        Assessment(
            row.id,
            row.number,
            row.system_id,
            code,
            name,
            owner_id,
            operator_id,
            row.kind,
            row.year,
            Status(row.status),
            row.planned_on,
            row.tester_id,
            row.started_on,
            row.cover_on,
            row.template,
            row.attachment_id,
            row.compliance,
            row.major,
            row.rectified_major,
            row.high,
            row.medium,
            row.conclusion,
            row.computed,
            row.filed_on,
            row.submission_id,
            row.reason,
            row.version,
        )
        for row, code, name, owner_id, operator_id in (await tx.execute(asked)).all()
    ]
