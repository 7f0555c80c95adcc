"""Reading findings: lists with their filters, one with all that belongs to it, figures for reports."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from irm.access.narrowing import owned_by, within
from irm.access.policy import Permission, Principal, Reach, Resource, reach
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import NotFound
from irm.findings.lifecycle import Status
from irm.findings.models import FindingProposalRow, FindingRow, FindingSystemRow
from irm.findings.register import tested_by
from irm.findings.service import NO_FINDING

PER_PAGE = 50


@dataclass(frozen=True)
class Finding:
    """`is_major` is need-to-know: show it only where `Permission.SEE_CII` covers `resource`."""

    id: UUID
    number: str
    title: str
    detail: str
    origin: str
    origin_id: UUID | None
    origin_label: str
    clause: str | None
    risk: str
    is_major: bool
    organization_id: UUID
    person_id: UUID | None
    verifier_id: UUID
    found_on: date
    plan: str | None
    due_on: date | None
    due_set_by: UUID | None
    due_document: str | None
    status: Status
    submission_id: UUID | None
    handed_in_by: UUID | None
    handed_in_at: datetime | None
    closed_at: datetime | None
    returns: int
    version: int
    system_ids: frozenset[UUID]

    @property
    def path(self) -> str:
        return f"finding/{self.id}"

    @property
    def resource(self) -> Resource:
        """Whose it is: the unit that rectifies, and whoever verifies."""
        return Resource(frozenset({self.organization_id, self.verifier_id}))

    def is_overdue(self, now: datetime) -> bool:
        """What was handed in waits for the other side."""
        return (
            self.status in (Status.OPEN, Status.PLANNED)
            and self.due_on is not None
            and self.due_on < now.astimezone(SHANGHAI).date()
        )


@dataclass(frozen=True)
class Filters:
    organization: UUID | None = None
    system: UUID | None = None
    risk: str | None = None
    status: str | None = None
    origin: str | None = None
    origin_id: UUID | None = None
    overdue: bool = False
    text: str = ""


@dataclass(frozen=True)
class Proposal:
    id: UUID
    finding_id: UUID
    kind: str
    due_on: date
    proposed_at: datetime
    decided_at: datetime | None
    accepted: bool | None
    reason: str | None


async def finding_by_number(tx: Tx, principal: Principal, number: str) -> Finding:
    """A foreign finding and an unknown one are the same answer: NotFound."""
    found = await _read(tx, select(FindingRow).where(FindingRow.number == number, _within(principal)))
    if not found:
        raise NotFound(NO_FINDING)
    return found[0]


async def findings(
    tx: Tx, principal: Principal, filters: Filters, *, now: datetime, before: str | None = None, limit: int = PER_PAGE
) -> tuple[list[Finding], str | None]:
    """Newest number first, and where the next page begins."""
    asked = select(FindingRow).where(_within(principal), *_chosen(filters, now))
    if before:
        asked = asked.where(FindingRow.number < before)
    found = await _read(tx, asked.order_by(FindingRow.number.desc()).limit(limit + 1))
    return found[:limit], found[limit - 1].number if len(found) > limit else None


async def counts(tx: Tx, principal: Principal, *, now: datetime) -> dict[str, int]:
    """By status, and `overdue`."""
    by_status = await tx.execute(
        select(FindingRow.status, func.count().label("n")).where(_within(principal)).group_by(FindingRow.status)
    )
    late = await tx.scalar(
        select(func.count()).select_from(FindingRow).where(_within(principal), *_chosen(Filters(overdue=True), now))
    )
    found: dict[str, int] = {row.status: row.n for row in by_status}
    return found | {"overdue": late or 0}


async def findings_of_systems(tx: Tx, system_ids: Collection[UUID]) -> list[Finding]:
    """All of them, open ones first; the caller has decided that the reader may see the systems."""
    of_them = select(FindingSystemRow.finding_id).where(FindingSystemRow.system_id.in_(system_ids))
    asked = select(FindingRow).where(FindingRow.id.in_(of_them))
    return await _read(tx, asked.order_by(FindingRow.closed_at.desc().nulls_first(), FindingRow.number.desc()))


async def findings_from(tx: Tx, origin_id: UUID) -> list[Finding]:
    """What one assessment, drill or incident brought up, in the order of numbers."""
    return await _read(tx, select(FindingRow).where(FindingRow.origin_id == origin_id).order_by(FindingRow.number))


async def major_counts(tx: Tx, origin_ids: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """重大风险隐患 by origin: before rectification, and put right since (1846号 Q22)."""
    rows = await tx.execute(
        select(
            FindingRow.origin_id,
            func.count(),
            func.count().filter(FindingRow.status == Status.CLOSED),
        )
        .where(FindingRow.is_major, FindingRow.origin_id.in_(list(origin_ids)))
        .group_by(FindingRow.origin_id)
    )
    return {origin: (found, rectified) for origin, found, rectified in rows if origin is not None}


async def proposals_of(tx: Tx, finding_id: UUID) -> list[Proposal]:
    return await _proposals(tx, FindingProposalRow.finding_id == finding_id)


async def proposals_waiting(tx: Tx, principal: Principal) -> list[tuple[Finding, Proposal]]:
    """What the reader is to decide: 约谈 or 通报 of findings that his organization verifies."""
    far = reach(principal, Permission.VERIFY_FINDINGS)
    if far.is_empty:
        return []
    covered = within(far, owned_by(FindingRow.verifier_id), FindingRow.id)
    waiting = await _proposals(
        tx,
        and_(
            FindingProposalRow.decided_at.is_(None),
            FindingProposalRow.finding_id.in_(select(FindingRow.id).where(covered, FindingRow.status != Status.CLOSED)),
        ),
    )
    known = {
        one.id: one
        for one in await _read(tx, select(FindingRow).where(FindingRow.id.in_({one.finding_id for one in waiting})))
    }
    return [(known[one.finding_id], one) for one in waiting]


def may_verify(principal: Principal, one: Finding) -> bool:
    far = reach(principal, Permission.VERIFY_FINDINGS)
    return far.covers(Resource(frozenset({one.verifier_id})))


def may_edit(principal: Principal, one: Finding) -> bool:
    return reach(principal, Permission.EDIT_FINDINGS).covers(Resource(frozenset({one.organization_id})))


def sees_major(principal: Principal, one: Finding) -> bool:
    """重大风险隐患 is for those who need to know."""
    return reach(principal, Permission.SEE_CII).covers(one.resource)


async def finding_by_path(tx: Tx, principal: Principal, path: str) -> Finding:
    """`finding/<id>` and all beneath it. Raises NotFound like `finding_by_number`."""
    try:
        wanted = UUID(path.split("/")[1])
    except (ValueError, IndexError):
        raise NotFound(NO_FINDING) from None
    found = await _read(tx, select(FindingRow).where(FindingRow.id == wanted, _within(principal)))
    if not found:
        raise NotFound(NO_FINDING)
    return found[0]


async def numbers_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    rows = await tx.execute(select(FindingRow.id, FindingRow.number).where(FindingRow.id.in_(ids)))
    return {row.id: row.number for row in rows}


async def alike(tx: Tx, organization_ids: Collection[UUID]) -> list[Finding]:
    """All of these organizations: what a list that is read in is compared with."""
    return await _read(tx, select(FindingRow).where(FindingRow.organization_id.in_(organization_ids)))


def _within(principal: Principal) -> ColumnElement[bool]:
    return within(reach(principal, Permission.READ_FINDINGS), _of_parties, FindingRow.id)


def _of_parties(far: Reach) -> ColumnElement[bool]:
    if far.everything:
        return FindingRow.id.is_not(None)
    if not far.organizations:
        return false()
    return or_(
        FindingRow.organization_id.in_(far.organizations),
        FindingRow.verifier_id.in_(far.organizations),
        # A tester reads what its own tests brought up.
        FindingRow.origin_id.in_(tested_by(far.organizations)),
    )


def _chosen(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = []
    same: list[tuple[Any, object]] = [
        (FindingRow.organization_id, filters.organization),
        (FindingRow.risk, filters.risk),
        (FindingRow.status, filters.status),
        (FindingRow.origin, filters.origin),
        (FindingRow.origin_id, filters.origin_id),
    ]
    which += [column == value for column, value in same if value is not None]
    if filters.system is not None:
        of_it = select(FindingSystemRow.finding_id).where(FindingSystemRow.system_id == filters.system)
        which.append(FindingRow.id.in_(of_it))
    if filters.overdue:
        which.append(FindingRow.status.in_([Status.OPEN, Status.PLANNED]))
        which.append(FindingRow.due_on < now.astimezone(SHANGHAI).date())
    if filters.text.strip():
        text = filters.text.strip()
        which.append(
            or_(FindingRow.title.contains(text, autoescape=True), FindingRow.number.contains(text, autoescape=True))
        )
    return which


async def _proposals(tx: Tx, which: ColumnElement[bool]) -> list[Proposal]:
    rows = await tx.scalars(select(FindingProposalRow).where(which).order_by(FindingProposalRow.proposed_at))
    return [
        Proposal(
            row.id,
            row.finding_id,
            row.kind,
            row.due_on,
            row.proposed_at,
            row.decided_at,
            row.accepted,
            row.reason,
        )
        for row in rows
    ]


async def _read(tx: Tx, asked: Select[FindingRow]) -> list[Finding]:
    rows = list(await tx.scalars(asked))
    systems: dict[UUID, set[UUID]] = {row.id: set() for row in rows}
    pairs = await tx.execute(
        select(FindingSystemRow.finding_id, FindingSystemRow.system_id).where(FindingSystemRow.finding_id.in_(systems))
    )
    for finding, system in pairs:
        systems[finding].add(system)
    return [_finding(row, frozenset(systems[row.id])) for row in rows]


def _finding(row: FindingRow, system_ids: frozenset[UUID]) -> Finding:
    own = {name: getattr(row, name) for name in Finding.__dataclass_fields__ if name not in {"system_ids", "status"}}
    return Finding(**own, status=Status(row.status), system_ids=system_ids)
