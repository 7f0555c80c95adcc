"""What a form of submission is owed in a year, whoever bears it: the quota that other rooms count against."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from irm.access.policy import Reach
from irm.db import Tx
from irm.obligations.models import ObligationRow
from irm.obligations.queries import visible_obligations

DROPPED = ("superseded", "waived")
DONE = ("submitted", "met", "returned")
SYSTEM: Final = "system/"


@dataclass(frozen=True)
class DutyOfYear:
    """`period` as the rule calls it (`2026`, `2026-H1`); `ordinal` of `ordinals`: which of several in it."""

    id: UUID
    rule_id: str
    title: Mapping[str, Any]
    citation: Mapping[str, Any]
    force: str
    bearer_id: UUID
    recipient_id: UUID | None
    subject: str
    number: str
    period: str
    ordinal: int | None
    ordinals: int | None
    status: str
    due_at: datetime | None
    started_at: datetime
    overdue_at: datetime | None

    @property
    def is_done(self) -> bool:
        return self.status in DONE


@dataclass(frozen=True, slots=True)
class CountOfYear:
    """The duties of one rule, bearer and subject. `duty`: the first that is open, or any where none is."""

    rule_id: str
    bearer_id: UUID
    subject: str
    number: str
    required: int
    done: int
    duty: UUID


async def duties_of_year(tx: Tx, form: str, year: int, *, reach: Reach) -> list[DutyOfYear]:
    """Periodic duties that this form of submission meets, by bearer, subject, rule and ordinal; no exercises."""
    return await _duties(tx, _of_year(form, year, reach))


async def undone_of_year(
    tx: Tx, form: str, year: int, *, bearers: Collection[UUID], system: UUID | None
) -> list[DutyOfYear]:
    """Of those, what is not reported yet and is about that system, or about no system and owed by one of `bearers`.

    For services that have asked already what may be seen. Ten thousand systems owe one each: only the few are read.
    """
    o = ObligationRow
    near = and_(o.bearer_id.in_(bearers), o.subject.not_like(f"{SYSTEM}%"))
    wanted = or_(near, o.subject == f"{SYSTEM}{system}") if system is not None else near
    return await _duties(tx, [*_of_year(form, year, None), o.status.not_in(DONE), wanted])


async def _duties(tx: Tx, wanted: Sequence[ColumnElement[bool]]) -> list[DutyOfYear]:
    o = ObligationRow
    which = (
        select(
            o.id,
            o.rule_id,
            o.title,
            o.citation,
            o.force,
            o.bearer_id,
            o.recipient_id,
            o.subject,
            o.number,
            o.period,
            o.ordinal,
            o.ordinals,
            o.status,
            o.due_at,
            o.started_at,
            o.overdue_at,
        )
        .where(*wanted)
        .order_by(ObligationRow.bearer_id, ObligationRow.subject, ObligationRow.rule_id, ObligationRow.ordinal)
    )
    return [
        DutyOfYear(
            row.id,
            row.rule_id,
            row.title,
            row.citation,
            row.force,
            row.bearer_id,
            row.recipient_id,
            row.subject,
            row.number,
            row.period or "",
            row.ordinal,
            row.ordinals,
            row.status,
            row.due_at,
            row.started_at,
            row.overdue_at,
        )
        for row in await tx.execute(which)
    ]


async def counts_of_year(tx: Tx, form: str, year: int, *, reach: Reach) -> list[CountOfYear]:
    """The same duties, counted: one row where a rule asks one bearer about one subject for several."""
    o = ObligationRow
    done = o.status.in_(DONE)
    which = (
        select(
            o.rule_id,
            o.bearer_id,
            o.subject,
            func.min(o.number),
            func.count(),
            func.count().filter(done),
            func.array_agg(aggregate_order_by(o.id, done, o.ordinal, o.id))[1],
        )
        .where(*_of_year(form, year, reach))
        .group_by(o.rule_id, o.bearer_id, o.subject)
    )
    return [CountOfYear(*row) for row in await tx.execute(which)]


async def titles_of(tx: Tx, duties: Collection[UUID]) -> dict[UUID, Mapping[str, Any]]:
    rows = await tx.execute(select(ObligationRow.id, ObligationRow.title).where(ObligationRow.id.in_(duties)))
    return {row.id: row.title for row in rows}


def _of_year(form: str, year: int, reach: Reach | None) -> list[ColumnElement[bool]]:
    found = [
        literal(form) == any_(ObligationRow.satisfied_by),
        ObligationRow.period.startswith(str(year)),
        ObligationRow.status.not_in(DROPPED),
        ObligationRow.exercise.is_(False),
    ]
    return [*found, visible_obligations(reach)] if reach is not None else found
