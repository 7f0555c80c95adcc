"""Under which rules duties were opened, over all versions of a pack."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, cast, func, select, true
from sqlalchemy.orm import aliased

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


async def opened_under(tx: Tx, rules: Collection[str], *, reach: Reach) -> Mapping[str, OpenedUnder]:
    """By qualified rule id, of these; no exercises, and only what the reader may see.

    Counted and found by the index alone: a city has some hundred thousand of them, and their rows are wide.
    """
    if not rules or reach.is_empty:
        return {}
    o = ObligationRow
    meant = (~o.exercise, visible_obligations(reach))
    counts: Any = await tx.execute(
        select(o.rule_id, func.count()).where(o.rule_id.in_(rules), *meant).group_by(o.rule_id)
    )
    asked = func.unnest(cast(sorted(rules), ARRAY(Text))).table_valued("rule_id").render_derived(name="asked")
    newest = (
        select(o.id)
        .where(o.rule_id == asked.c.rule_id, *meant)
        .order_by(o.arose_at.desc(), o.id.desc())
        .limit(MOST_SHOWN)
        .correlate(asked)
        .lateral("newest")
    )
    shown = aliased(o)
    rows: Any = await tx.execute(
        select(shown.rule_id, shown.id, shown.number, shown.arose_at, shown.pack_version)
        .select_from(asked)
        .join(newest, true())
        .join(shown, shown.id == newest.c.id)
        .order_by(shown.arose_at.desc(), shown.id.desc())
    )
    last: dict[str, list[Opened]] = {}
    for row in rows:
        last.setdefault(row.rule_id, []).append(Opened(row.id, row.number, row.arose_at, row.pack_version))
    return {rule_id: OpenedUnder(n, tuple(last.get(rule_id, ()))) for rule_id, n in counts}
