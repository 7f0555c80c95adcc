"""Which rules have graded which incidents, over all versions of a pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import cast, column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from irm.access.policy import Reach
from irm.db import Tx
from irm.incidents.filters import seen_parts
from irm.incidents.models import GradingRow, IncidentRow, PartRow

MOST_SHOWN: Final = 5
LOOKED_AT: Final = 500
"""Incidents, the newest. A grading's trace names every rule of every pack, 60 kB; to read those of ten years takes minutes."""


@dataclass(frozen=True)
class Graded:
    number: str
    at: datetime


@dataclass(frozen=True)
class GradedBy:
    """How many of the incidents looked at fulfilled it; `last`: the newest of them, at most five."""

    count: int
    last: tuple[Graded, ...]


async def graded_by(tx: Tx, pack_id: str, *, reach: Reach) -> Mapping[str, GradedBy]:
    """By qualified rule id: incidents of which it held at some time, among the `LOOKED_AT` newest that the reader sees. No
    exercises; who does not see everything is told of the gradings of its own parts only."""
    of_reader = seen_parts(reach)
    own = true() if reach.everything else IncidentRow.id.in_(select(PartRow.incident_id).where(of_reader))
    newest = (
        select(IncidentRow.id, IncidentRow.number)
        .where(IncidentRow.exercise.is_(False), own)
        .order_by(IncidentRow.id.desc())
        .limit(LOOKED_AT)
        .cte("newest")
    )
    # Only lines that hold leave the function: of some fifty a handful.
    holding = func.jsonb_path_query(GradingRow.trace, cast('$[*] ? (@.outcome == "holds")', JSONPATH))
    line = holding.table_valued(column("value", JSONB)).render_derived(name="line")
    rule = line.c.value["rule_id"].astext
    held: Any = await tx.execute(
        select(rule.label("rule_id"), newest.c.number, func.max(GradingRow.at).label("at"))
        .select_from(newest)
        .join(GradingRow, GradingRow.incident_id == newest.c.id)
        .outerjoin(PartRow, PartRow.id == GradingRow.part_id)
        .join(line, true())
        .where(rule.startswith(f"{pack_id}/", autoescape=True), true() if reach.everything else of_reader)
        .group_by(rule, newest.c.number)
        .order_by(func.max(GradingRow.at).desc(), newest.c.number.desc())
    )
    found: dict[str, list[Graded]] = {}
    for row in held:
        found.setdefault(row.rule_id, []).append(Graded(row.number, row.at))
    return {rule_id: GradedBy(len(graded), tuple(graded[:MOST_SHOWN])) for rule_id, graded in found.items()}
