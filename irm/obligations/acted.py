"""Under which rules duties were opened, over all versions of a pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Reach
from irm.db import Tx
from irm.obligations.models import ObligationRow
from irm.obligations.queries import visible_obligations

MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class Opened:
    id: UUID
    number: str
    """Of what it is about."""
    at: datetime
    version: str


@dataclass(frozen=True)
class OpenedUnder:
    """`last`: the newest of them, at most five."""

    count: int
    last: tuple[Opened, ...]


async def opened_under(tx: Tx, pack_id: str, *, reach: Reach) -> Mapping[str, OpenedUnder]:
    """By qualified rule id; no exercises, and only what the reader may see."""
    o = ObligationRow
    ranked = (
        select(
            o.rule_id,
            o.id,
            o.number,
            o.arose_at,
            o.pack_version,
            func.count().over(partition_by=o.rule_id).label("n"),
            func.row_number().over(partition_by=o.rule_id, order_by=(o.arose_at.desc(), o.id.desc())).label("place"),
        )
        .where(o.pack_id == pack_id, o.exercise.is_(False), visible_obligations(reach))
        .subquery()
    )
    rows: Any = await tx.execute(
        select(ranked).where(ranked.c.place <= MOST_SHOWN).order_by(ranked.c.rule_id, ranked.c.place)
    )
    found: dict[str, tuple[int, list[Opened]]] = {}
    for row in rows:
        found.setdefault(row.rule_id, (row.n, []))[1].append(Opened(row.id, row.number, row.arose_at, row.pack_version))
    return {rule_id: OpenedUnder(n, tuple(last)) for rule_id, (n, last) in found.items()}
