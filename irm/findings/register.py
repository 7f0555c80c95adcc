"""Systems and tests as findings name them. Their rooms stand above this one, so their tables are read by name."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, Text, Uuid, column, func, or_, select, table

from irm.access.narrowing import within
from irm.access.reaching import Reach
from irm.db import Tx

SYSTEM = table(
    "system",
    column("id", Uuid),
    column("code", Text),
    column("name", Text),
    column("owner_id", Uuid),
    column("operator_id", Uuid),
    column("retired_at", Date),
    column("sort_key", Text),
)
PARTY = table("system_party", column("system_id", Uuid), column("organization_id", Uuid))
ASSESSMENT = table("assessment", column("id", Uuid), column("tester_id", Uuid))


@dataclass(frozen=True)
class Named:
    """A system with the name that people read, and the organizations behind it."""

    id: UUID
    code: str
    name: str
    parties: frozenset[UUID]

    @property
    def page(self) -> str:
        return f"/systems/{self.code}"


async def systems(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Named]:
    wanted = set(ids)
    if not wanted:
        return {}
    return {one.id: one for one in await _read(tx, SYSTEM.c.id.in_(wanted))}


async def systems_by_code(tx: Tx, codes: Iterable[str]) -> dict[str, Named]:
    """By the code as it was asked for; case does not matter."""
    wanted = {code.casefold(): code for code in codes}
    if not wanted:
        return {}
    found = await _read(tx, func.lower(SYSTEM.c.code).in_(wanted))
    return {wanted[one.code.casefold()]: one for one in found}


async def systems_of(tx: Tx, far: Reach, *, most: int) -> list[Named]:
    """In use, owned, operated, used or maintained by an organization of `far`, in the order of their names' pinyin."""
    return await _read(tx, within(far, _of_parties, SYSTEM.c.id), SYSTEM.c.retired_at.is_(None), most=most)


def _of_parties(far: Reach) -> ColumnElement[bool]:
    return or_(
        SYSTEM.c.owner_id.in_(far.organizations),
        SYSTEM.c.operator_id.in_(far.organizations),
        SYSTEM.c.id.in_(select(PARTY.c.system_id).where(PARTY.c.organization_id.in_(far.organizations))),
    )


def tested_by(organization_ids: Collection[UUID]) -> Select[tuple[UUID]]:
    """Ids of the tests that these bodies carry out."""
    return select(ASSESSMENT.c.id).where(ASSESSMENT.c.tester_id.in_(organization_ids))


async def testers_of(tx: Tx, assessment_ids: Collection[UUID]) -> dict[UUID, UUID]:
    rows = await tx.execute(
        select(ASSESSMENT.c.id, ASSESSMENT.c.tester_id).where(
            ASSESSMENT.c.id.in_(assessment_ids), ASSESSMENT.c.tester_id.is_not(None)
        )
    )
    return {row.id: row.tester_id for row in rows}


async def tester_of(tx: Tx, assessment_id: UUID | None) -> UUID | None:
    return (await testers_of(tx, [assessment_id])).get(assessment_id) if assessment_id is not None else None


async def _read(tx: Tx, *which: ColumnElement[bool], most: int | None = None) -> list[Named]:
    rows = (
        await tx.execute(
            select(SYSTEM.c.id, SYSTEM.c.code, SYSTEM.c.name, SYSTEM.c.owner_id, SYSTEM.c.operator_id)
            .where(*which)
            .order_by(SYSTEM.c.sort_key, SYSTEM.c.id)
            .limit(most)
        )
    ).all()
    parties: dict[UUID, set[UUID]] = {row.id: {row.owner_id, row.operator_id} for row in rows}
    others = await tx.execute(
        select(PARTY.c.system_id, PARTY.c.organization_id).where(PARTY.c.system_id.in_(list(parties)))
    )
    for system_id, organization_id in others:
        parties[system_id].add(organization_id)
    return [Named(row.id, row.code, row.name, frozenset(parties[row.id])) for row in rows]
