"""When irm itself was away: spans in which no dispatcher was alive, so that nothing was sent and no limit watched.

A dispatcher that begins, or whose database comes back, compares its moment with the last sign of life of any dispatcher
(`irm/heartbeat.py`) before it does anything else; a span longer than the city's limit (`absence.yaml`) becomes a row and an
entry `irm.was_away`. What fell due within one is done once afterwards and is said to be late for that reason: whether a
moment fell into a recorded span is a pure question.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PositiveInt
from sqlalchemy import CheckConstraint, UniqueConstraint, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from irm.db import SYSTEM, Base, Tx, uuid7
from irm.heartbeat import HeartbeatRow
from irm.ledger import Event, record
from irm.positions import parse

DISPATCHER: Final = "dispatcher"


class AbsenceRow(Base):
    __tablename__ = "absence"
    __table_args__ = (
        UniqueConstraint("since", name="uq_absence_since"),
        CheckConstraint("until > since", name="order"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    since: Mapped[datetime]
    """The last sign of life before it."""
    until: Mapped[datetime]
    """The first after it."""


class Figures(BaseModel):
    """The file `absence.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    counts_after_minutes: PositiveInt
    shown_for_hours: PositiveInt

    @property
    def counts_after(self) -> timedelta:
        return timedelta(minutes=self.counts_after_minutes)

    @property
    def shown_for(self) -> timedelta:
        return timedelta(hours=self.shown_for_hours)


@cache
def figures() -> Figures:
    file = "absence.yaml"
    return parse((files("irm") / file).read_text("utf-8"), Figures, file=file)[1]


# -- pure


@dataclass(frozen=True)
class Absence:
    """[since, until): irm was not there. Aware moments."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until


def between(last_seen: datetime | None, now: datetime, counts_after: timedelta) -> Absence | None:
    """The absence that ends at `now`; None on irm's first day, and where the silence was too short to count."""
    if last_seen is None or now - last_seen <= counts_after:
        return None
    return Absence(last_seen, now)


def fell_into(absences: Iterable[Absence], at: datetime | None) -> Absence | None:
    """The absence in which the moment lies."""
    return None if at is None else next((one for one in absences if one.holds(at)), None)


# -- kept


async def notice(tx: Tx, now: datetime) -> Absence | None:
    """Record the absence that ends now, if there was one. Any number of dispatchers may ask; it is recorded once."""
    last = await tx.scalar(select(func.max(HeartbeatRow.seen_at)).where(HeartbeatRow.kind == DISPATCHER))
    found = between(last, now, figures().counts_after)
    if found is None:
        return None
    written = await tx.scalar(
        insert(AbsenceRow)
        .values(id=uuid7(), since=found.since, until=found.until)
        .on_conflict_do_nothing(index_elements=["since"])
        .returning(AbsenceRow.id)
    )
    if written is None:
        return None
    body = {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "seconds": round(found.length.total_seconds()),
    }
    await record(tx, Event("irm.was_away", f"absence/{written}", now, SYSTEM, body))
    return found


async def absences(tx: Tx, *, since: datetime | None = None) -> tuple[Absence, ...]:
    """Those that ended after `since`, the oldest first."""
    which = select(AbsenceRow.since, AbsenceRow.until).order_by(AbsenceRow.since)
    if since is not None:
        which = which.where(AbsenceRow.until > since)
    return tuple(Absence(*row) for row in (await tx.execute(which)).all())


async def absence_at(tx: Tx, at: datetime | None) -> Absence | None:
    """The recorded absence in which the moment lies."""
    if at is None:
        return None
    row = (
        await tx.execute(
            select(AbsenceRow.since, AbsenceRow.until).where(AbsenceRow.since <= at, AbsenceRow.until > at).limit(1)
        )
    ).one_or_none()
    return Absence(*row) if row else None
