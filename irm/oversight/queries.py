"""Reading planned changes: the list with its filters, one with its plan and what is owed for it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, tuple_

from irm.access.narrowing import owned_by, within
from irm.access.policy import Permission, Principal, Resource, may, reach
from irm.access.queries import organization_names
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import NotFound
from irm.obligations.handed import duties_about, handed_over_about
from irm.obligations.views import Obligation, Submission
from irm.oversight.change_subjects import page_of, path_of, period_of
from irm.oversight.lifecycle import State, state_of
from irm.oversight.models import ChangeRow
from irm.oversight.service import NO_CHANGE, PLAN, newest_for
from irm.systems.queries import System, systems, systems_in_reach

PER_PAGE = 50


@dataclass(frozen=True)
class Change:
    id: UUID
    number: str
    title: str
    detail: str
    system: System
    by_id: UUID
    by_name: str
    kind: str
    risk: str
    is_major: bool
    planned_start: datetime
    planned_until: datetime | None
    contact: str
    registered_at: datetime
    outcome: str | None
    ended_at: datetime | None
    remark: str | None
    version: int
    state: State
    plan: Submission | None
    """Handed over for the start as it stands."""

    @property
    def path(self) -> str:
        return path_of(self.id)

    @property
    def page(self) -> str:
        return page_of(self.number)

    @property
    def resource(self) -> Resource:
        return Resource(frozenset({self.by_id}))


@dataclass(frozen=True)
class Filters:
    """`when`: `coming` (not over yet) or `over`."""

    when: str | None = None
    system: UUID | None = None
    by: UUID | None = None
    risk: str | None = None


@dataclass(frozen=True)
class Lateness:
    """What the article asks for and whether it was, or can still be, kept."""

    duty: Obligation
    is_late: bool
    over: timedelta
    """By how much, where it is late."""
    waits: bool
    """Nothing was handed over yet."""


@dataclass(frozen=True)
class Owing:
    duties: tuple[Obligation, ...]
    limit: Lateness | None
    """Of the plan for the start as it stands; None: no article asks for one."""


async def changes(
    tx: Tx, principal: Principal, filters: Filters, *, cursor: str | None = None, limit: int = PER_PAGE
) -> tuple[list[Change], str | None]:
    """The latest start first, and where the next page begins."""
    asked = select(ChangeRow).where(await _within(tx, principal), *_chosen(filters))
    if cursor:
        at = await tx.scalar(select(ChangeRow).where(ChangeRow.number == cursor))
        if at is not None:
            asked = asked.where(tuple_(ChangeRow.planned_start, ChangeRow.id) < tuple_(at.planned_start, at.id))
    rows = list(await tx.scalars(asked.order_by(ChangeRow.planned_start.desc(), ChangeRow.id.desc()).limit(limit + 1)))
    found = await _read(tx, rows[:limit])
    return found, found[-1].number if len(rows) > limit else None


async def change_by_number(tx: Tx, principal: Principal, number: str) -> Change:
    """A foreign change and an unknown one are the same answer: NotFound."""
    row = await tx.scalar(
        select(ChangeRow).where(ChangeRow.number == number.replace("\0", ""), await _within(tx, principal))
    )
    if row is None:
        raise NotFound(NO_CHANGE)
    return (await _read(tx, [row]))[0]


async def change_by_id(tx: Tx, change_id: UUID) -> Change:
    """The caller knows that the reader may see it. Raises NotFound."""
    row = await tx.get(ChangeRow, change_id)
    if row is None:
        raise NotFound(NO_CHANGE)
    return (await _read(tx, [row]))[0]


async def numbers_of(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Id → number, for those that exist."""
    rows = await tx.execute(select(ChangeRow.id, ChangeRow.number).where(ChangeRow.id.in_(ids)))
    return {row.id: row.number for row in rows}


async def changes_of_system(tx: Tx, system_id: UUID, *, limit: int = PER_PAGE) -> list[Change]:
    """The latest start first; the caller has decided that the reader may see the system."""
    rows = await tx.scalars(
        select(ChangeRow)
        .where(ChangeRow.system_id == system_id)
        .order_by(ChangeRow.planned_start.desc(), ChangeRow.id.desc())
        .limit(limit)
    )
    return await _read(tx, list(rows))


async def owed_for(tx: Tx, several: Collection[Change], *, now: datetime) -> Mapping[UUID, Owing]:
    """What stands owed for each of them, and the limit of its plan."""
    found = await duties_about(tx, [one.path for one in several], now=now)
    return {one.id: _owing(one, found.get(one.path, ()), now) for one in several}


def _owing(one: Change, duties: Sequence[Obligation], now: datetime) -> Owing:
    standing = [each for each in duties if each.status != "superseded"]
    start = one.planned_start.astimezone(SHANGHAI).date().isoformat()
    # A plan that was handed over for a start that has moved since stays on record beside the one for the new start.
    plan = next((each for each in standing if each.form == PLAN and each.period == start), None)
    return Owing(tuple(standing), _lateness(plan, now) if plan is not None else None)


def _lateness(duty: Obligation, now: datetime) -> Lateness | None:
    if duty.due_at is None:
        return None
    at = duty.submitted_at or now
    return Lateness(duty, at > duty.due_at, max(at - duty.due_at, timedelta()), duty.submitted_at is None)


def may_plan(principal: Principal, one: Change) -> bool:
    """Who carries it out, and the cloud authority for it."""
    return may(principal, Permission.PLAN_CHANGES, one.resource)


def may_answer(principal: Principal, one: Change) -> bool:
    """The one to whom the plan went, and nobody of the organization that handed it over."""
    recipient = one.plan.recipient.id if one.plan else None
    return (
        recipient is not None
        and recipient != one.by_id
        and recipient in principal.organizations
        and may(principal, Permission.ANSWER_CHANGES, Resource(frozenset({recipient})))
    )


async def _within(tx: Tx, principal: Principal) -> ColumnElement[bool]:
    far = reach(principal, Permission.READ_CHANGES)
    if far.everything:
        return ChangeRow.id.is_not(None)
    named = [one.id for one in await systems_in_reach(tx, principal, most=None)]
    own = within(far, owned_by(ChangeRow.by_id), ChangeRow.id)
    return or_(own, ChangeRow.system_id.in_(named))


def _chosen(filters: Filters) -> list[ColumnElement[bool]]:
    which: list[ColumnElement[bool]] = []
    if filters.when == "coming":
        which.append(ChangeRow.ended_at.is_(None))
    if filters.when == "over":
        which.append(ChangeRow.ended_at.is_not(None))
    if filters.system is not None:
        which.append(ChangeRow.system_id == filters.system)
    if filters.by is not None:
        which.append(ChangeRow.by_id == filters.by)
    if filters.risk is not None:
        which.append(ChangeRow.risk == filters.risk)
    return which


async def _read(tx: Tx, rows: list[ChangeRow]) -> list[Change]:
    if not rows:
        return []
    of = await systems(tx, {row.system_id for row in rows})
    names = await organization_names(tx, {row.by_id for row in rows})
    handed = await handed_over_about(tx, [path_of(row.id) for row in rows], forms=[PLAN])
    found = []
    for row in rows:
        plan = newest_for(handed.get(path_of(row.id), ()), period_of(row))
        own = {
            name: getattr(row, name)
            for name in Change.__dataclass_fields__
            if name not in {"system", "by_name", "state", "plan"}
        }
        found.append(
            Change(
                **own,
                system=of[row.system_id],
                by_name=names[row.by_id],
                state=state_of(row.outcome, plan.status if plan else None),
                plan=plan,
            )
        )
    return found
