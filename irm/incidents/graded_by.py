"""Which rules have graded which incidents, over all versions of a pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import column, func, select, true
from sqlalchemy.dialects.postgresql import JSONB

from irm.access.policy import Reach
from irm.db import Tx
from irm.incidents.models import GradingRow, IncidentRow, PartRow

MOST_SHOWN: Final = 5


@dataclass(frozen=True)
class Graded:
    number: str
    at: datetime


@dataclass(frozen=True)
class GradedBy:
    """How many incidents fulfilled it; `last`: the newest of them, at most five."""

    count: int
    last: tuple[Graded, ...]


async def graded_by(tx: Tx, pack_id: str, *, reach: Reach) -> Mapping[str, GradedBy]:
    """By qualified rule id: incidents of which it held at some time. No exercises; who does not see everything is told of
    the gradings of its own parts only. Reads the traces of all gradings: for a page that is asked for now and then."""
    line = func.jsonb_array_elements(GradingRow.trace).table_valued(column("value", JSONB), name="line")
    rule = line.c.value["rule_id"].astext
    seen = true() if reach.everything else PartRow.organization_id.in_(reach.organizations)
    held = (
        select(rule.label("rule_id"), IncidentRow.number, func.max(GradingRow.at).label("at"))
        .select_from(GradingRow)
        .join(IncidentRow, IncidentRow.id == GradingRow.incident_id)
        .outerjoin(PartRow, PartRow.id == GradingRow.part_id)
        .join(line, true())
        .where(
            IncidentRow.exercise.is_(False),
            rule.startswith(f"{pack_id}/", autoescape=True),
            line.c.value["outcome"].astext == "holds",
            seen,
        )
        .group_by(rule, IncidentRow.number)
        .subquery()
    )
    newest = (held.c.at.desc(), held.c.number.desc())
    ranked = select(
        held,
        func.count().over(partition_by=held.c.rule_id).label("n"),
        func.row_number().over(partition_by=held.c.rule_id, order_by=newest).label("place"),
    ).subquery()
    rows: Any = await tx.execute(
        select(ranked).where(ranked.c.place <= MOST_SHOWN).order_by(ranked.c.rule_id, ranked.c.place)
    )
    found: dict[str, tuple[int, list[Graded]]] = {}
    for row in rows:
        found.setdefault(row.rule_id, (row.n, []))[1].append(Graded(row.number, row.at))
    return {rule_id: GradedBy(n, tuple(last)) for rule_id, (n, last) in found.items()}
