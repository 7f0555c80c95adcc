"""What systems are called. The register stands above this room; its names are read by name."""

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Text, Uuid, column, select, table

from irm.db import Tx
from irm.obligations.subjects import SystemName

SYSTEM: Final = table("system", column("id", Uuid), column("code", Text), column("name", Text))


async def system_names(tx: Tx, ids: Collection[UUID | None]) -> Mapping[UUID, SystemName]:
    """One statement; none for no ids."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    rows = await tx.execute(select(SYSTEM).where(SYSTEM.c.id.in_(wanted)))
    return {row.id: SystemName(row.code, row.name) for row in rows}


def system_of_subject(subject: str) -> UUID | None:
    """The system that a ledger path is of (`system/<id>`), or None where it is of something else."""
    kind, _, rest = subject.partition("/")
    return UUID(rest.partition("/")[0]) if kind == SYSTEM.name else None


async def system_of_code(tx: Tx, code: str) -> UUID | None:
    found: UUID | None = await tx.scalar(select(SYSTEM.c.id).where(SYSTEM.c.code == code))
    return found
