"""Planned changes as the rules of the year read them. `irm/wiring.py` gives them to the obligations room."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from irm.clock import SHANGHAI
from irm.db import Tx
from irm.obligations.periodic import Given
from irm.obligations.subjects import Subject
from irm.oversight.models import ChangeRow
from irm.rules.subjects import ChangeSubject, SystemSubject
from irm.systems.queries import hosted_on
from irm.systems.subjects import Systems

CHANGE: Final = "change"
PLATFORM: Final = "platform"


class Changes:
    """`Giver` of every change that is neither carried out nor cancelled."""

    kind = CHANGE

    async def batch(self, tx: Tx, after: UUID | None, most: int) -> Sequence[Given]:
        which = [ChangeRow.ended_at.is_(None), *([ChangeRow.id > after] if after else [])]
        return await _given(tx, which, most=most)

    async def some(self, tx: Tx, ids: Sequence[UUID]) -> Sequence[Given]:
        return await _given(tx, [ChangeRow.id.in_(ids)])

    async def stamp(self, tx: Tx) -> object:
        newest = (func.count(), func.max(ChangeRow.registered_at), func.max(ChangeRow.updated_at))
        return tuple((await tx.execute(select(*newest))).one())

    async def marks(self, tx: Tx) -> None:
        """They are few."""


def path_of(change_id: UUID) -> str:
    return f"{CHANGE}/{change_id}"


def page_of(number: str) -> str:
    return f"/changes/{number}"


def subject_of(row: ChangeRow) -> Subject:
    return Subject(path_of(row.id), row.number, page_of(row.number), system_id=row.system_id)


def period_of(row: ChangeRow) -> str:
    """As the duty to file its plan, and the submission that does, name the start that they are about."""
    return row.planned_start.astimezone(SHANGHAI).date().isoformat()


async def _given(tx: Tx, which: Sequence[ColumnElement[bool]], *, most: int | None = None) -> list[Given]:
    rows = list(await tx.scalars(select(ChangeRow).where(*which).order_by(ChangeRow.id).limit(most)))
    if not rows:
        return []
    read = await Systems().some(tx, sorted({row.system_id for row in rows}))
    systems: dict[UUID, SystemSubject] = {
        each.subject.id: each.subject for each in read if isinstance(each.subject, SystemSubject)
    }
    tenants = {one: await _tenants(tx, one, subject) for one, subject in systems.items()}
    return [
        Given(subject_of(row), _subject(row, systems[row.system_id], tenants[row.system_id]))
        for row in rows
        if row.system_id in systems
    ]


async def _tenants(tx: Tx, system_id: UUID, subject: SystemSubject) -> tuple[UUID, ...]:
    """Who uses it: of a platform also whoever answers for a system that runs on it."""
    users = set(subject.organizations.get("users", ()))
    if subject.facts.get("system.kind") == PLATFORM:
        users |= {one.operator_id for one in await hosted_on(tx, system_id)}
    return tuple(sorted(users))


def _subject(row: ChangeRow, system: SystemSubject, users: tuple[UUID, ...]) -> ChangeSubject:
    """A change that is cancelled owes nothing any more; one that was carried out owes what it owed."""
    dates = {
        "registered_on": row.registered_at.astimezone(SHANGHAI).date(),
        "planned_start": row.planned_start.astimezone(SHANGHAI).date(),
    }
    return ChangeSubject(
        id=row.id,
        in_use_from=system.in_use_from,
        directory=system.directory,
        organizations={**system.organizations, "users": users, "by": (row.by_id,)},
        dates=dates if row.outcome != "cancelled" else {},
        facts={**system.facts, "change.is_major": row.is_major},
    )
