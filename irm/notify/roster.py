"""Who is on duty at a moment. Pure; moments are aware, days are Asia/Shanghai.

At the desk sit the primaries (值班员), behind them the backups (备班); the leader (带班领导) answers for both and is called
first only where neither is there: the desk itself is empty then, which `gaps` says.

A shift holds from its start (included) to its end (excluded): at a hand-over exactly one side is on duty. Of people with
overlapping shifts each appears once, with the stronger role. Retired people are never on duty, whatever the table says.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

Role = Literal["primary", "backup", "leader"]
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
ROLE_ORDER: Final[dict[str, int]] = {"primary": 0, "backup": 1, "leader": 2}


class Serving(Protocol):
    """A turn of somebody, on record or being planned."""

    @property
    def person_id(self) -> UUID | None: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...
    @property
    def role(self) -> Role: ...


@dataclass(frozen=True)
class Shift:
    """`person_id` sits at `post_id`; either may be absent, not both."""

    id: UUID
    person_id: UUID | None
    post_id: UUID | None
    starts_at: datetime
    ends_at: datetime
    role: Role = "primary"
    layer: str = "day"
    """Which seat of the roster; `role` alone says in which order people are called."""

    def __post_init__(self) -> None:
        if self.starts_at.tzinfo is None or self.ends_at.tzinfo is None:
            message = "a shift needs aware moments"
            raise ValueError(message)
        if self.ends_at <= self.starts_at:
            message = "a shift ends after it starts"
            raise ValueError(message)
        if self.person_id is None and self.post_id is None:
            message = "a shift needs a person or a post"
            raise ValueError(message)

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at

    @property
    def who(self) -> tuple[UUID | None, UUID | None]:
        """One person is one person at whatever post; a post counts by itself only where nobody is named."""
        return (self.person_id, None) if self.person_id else (None, self.post_id)


@dataclass(frozen=True)
class OnDuty:
    """Primary before backup, then by who has been there longest. `until`: the next moment at which this changes."""

    shifts: tuple[Shift, ...]
    until: datetime

    @property
    def primaries(self) -> tuple[Shift, ...]:
        return tuple(shift for shift in self.shifts if shift.role == "primary")

    @property
    def backups(self) -> tuple[Shift, ...]:
        return tuple(shift for shift in self.shifts if shift.role == "backup")

    @property
    def leaders(self) -> tuple[Shift, ...]:
        """Whoever leads and does not sit at the desk himself."""
        return tuple(shift for shift in self.shifts if shift.role == "leader")

    @property
    def is_manned(self) -> bool:
        """Somebody sits at the desk or stands by for it; a leader alone does not."""
        return bool(self.primaries or self.backups)

    @property
    def called(self) -> tuple[Shift, ...]:
        """Who is called first: the primaries; where none is there the backups, and where neither is the leaders."""
        return self.primaries or self.backups or self.leaders


@dataclass(frozen=True)
class NobodyOnDuty:
    """`no_shifts`: nothing is planned at or after the moment; `gap`: the next shift begins at `until`;
    `retired`: there are shifts now, all of people who have left."""

    reason: Literal["no_shifts", "gap", "retired"]
    until: datetime | None = None


@dataclass(frozen=True)
class Span:
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class HandOver:
    """Somebody comes or goes at `at`. Who stays on is in neither."""

    at: datetime
    leaving: tuple[Shift, ...]
    arriving: tuple[Shift, ...]


def on_duty(shifts: Iterable[Shift], at: datetime, *, retired: Collection[UUID] = ()) -> OnDuty | NobodyOnDuty:
    """`shifts` of one organization, in any order; those that cannot matter at `at` may be left out."""
    known = tuple(shifts)
    serving = _serving(known, retired)
    now = [shift for shift in serving if shift.holds(at)]
    changes = [edge for shift in serving for edge in (shift.starts_at, shift.ends_at) if edge > at]
    if now:
        return OnDuty(_each_once(now), min(changes))
    starts = [shift.starts_at for shift in serving if shift.starts_at > at]
    if any(shift.holds(at) for shift in known):
        return NobodyOnDuty("retired", min(starts, default=None))
    if starts:
        return NobodyOnDuty("gap", min(starts))
    return NobodyOnDuty("no_shifts")


def gaps(
    shifts: Iterable[Serving], since: datetime, until: datetime, *, retired: Collection[UUID] = ()
) -> tuple[Span, ...]:
    """The spans of [since, until) in which nobody is at the desk, in order, none touching another."""
    found: list[Span] = []
    covered = since
    gone = frozenset(retired)
    at_the_desk = (each for each in shifts if each.role != "leader" and each.person_id not in gone)
    for shift in sorted(at_the_desk, key=lambda each: each.starts_at):
        if shift.ends_at <= covered:
            continue
        if shift.starts_at >= until:
            break
        if shift.starts_at > covered:
            found.append(Span(covered, shift.starts_at))
        covered = shift.ends_at
    if covered < until:
        found.append(Span(covered, until))
    return tuple(found)


def hand_overs(
    shifts: Iterable[Shift], since: datetime, until: datetime, *, retired: Collection[UUID] = ()
) -> tuple[HandOver, ...]:
    """Every moment of [since, until) at which the set of people on duty changes."""
    serving = _serving(shifts, retired)
    moments = sorted({edge for shift in serving for edge in (shift.starts_at, shift.ends_at) if since <= edge < until})
    found = []
    for moment in moments:
        before = _by_who(shift for shift in serving if shift.starts_at < moment <= shift.ends_at)
        after = _by_who(shift for shift in serving if shift.holds(moment))
        leaving = tuple(shift for who, shift in before.items() if who not in after)
        arriving = tuple(shift for who, shift in after.items() if who not in before)
        if leaving or arriving:
            found.append(HandOver(moment, leaving, arriving))
    return tuple(found)


def moment_of(day: date, clock: str) -> datetime:
    """`clock` as rosters are written: `08:00`, and `24:00` for the end of the day (= 00:00 of the next).

    Raises ValueError for anything else.
    """
    hours, colon, minutes = clock.partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):  # noqa: PLR2004 - HH:MM
        message = f"not a time of day: {clock!r}"
        raise ValueError(message)
    if (int(hours), int(minutes)) == (24, 0):
        return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    return datetime.combine(day, time(int(hours), int(minutes)), SHANGHAI)


def span_of(day: date, starts: str, ends: str) -> Span:
    """`08:00`–`20:00` on that day; an end not after the start lies on the next day (20:00–08:00, 08:00–08:00)."""
    first, last = moment_of(day, starts), moment_of(day, ends)
    return Span(first, last if last > first else last + timedelta(days=1))


def _serving(shifts: Iterable[Shift], retired: Collection[UUID]) -> tuple[Shift, ...]:
    gone = frozenset(retired)
    return tuple(shift for shift in shifts if shift.person_id is None or shift.person_id not in gone)


def _each_once(shifts: Sequence[Shift]) -> tuple[Shift, ...]:
    return tuple(_by_who(shifts).values())


def _by_who(shifts: Iterable[Shift]) -> dict[tuple[UUID | None, UUID | None], Shift]:
    ordered = sorted(shifts, key=lambda each: (ROLE_ORDER[each.role], each.starts_at, each.id))
    first: dict[tuple[UUID | None, UUID | None], Shift] = {}
    for shift in ordered:
        first.setdefault(shift.who, shift)
    return first
