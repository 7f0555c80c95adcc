"""What is wrong with a roster to come. Pure: turns, what is known of its people, and the city's figures in; findings out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, Literal
from uuid import UUID

from irm.notify.roster import SHANGHAI, gaps
from irm.notify.rosters.rotation import ONE_DAY
from irm.notify.rosters.working_out import Turn, doubles

Kind = Literal["uncovered", "double", "hours", "nights", "unreachable", "left", "leader_on_duty"]
KINDS: Final[tuple[Kind, ...]] = ("uncovered", "left", "unreachable", "double", "leader_on_duty", "hours", "nights")
"""The gravest first: nobody is called, nobody answers, nobody could bear it."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Limits:
    """The city's own figures (本市内控), from `policy.yaml`."""

    hours_a_week: int
    nights_in_a_row: int
    night_begins: int
    night_ends: int
    """Hours of the day; a turn that covers all of this is a night."""
    ahead: timedelta


@dataclass(frozen=True)
class Known:
    """`left_at`: from when somebody is no longer with the organization (has left, or the membership ends)."""

    reachable: Collection[UUID] = frozenset()
    """People and posts with a channel that works."""
    left_at: Mapping[UUID, datetime] = field(default_factory=dict)

    def left(self, turn: Turn) -> datetime | None:
        return self.left_at.get(turn.person_id) if turn.person_id else None


@dataclass(frozen=True)
class Finding:
    """`figure`: hours of that week, or nights in a row; `who` a person or a post."""

    kind: Kind
    starts_at: datetime
    ends_at: datetime
    who: UUID | None = None
    figure: int = 0


@dataclass(frozen=True)
class Several:
    """Findings of one kind about one person, as one line: from the first to the last. `figures`: of each."""

    kind: Kind
    starts_at: datetime
    ends_at: datetime
    who: UUID | None
    figures: tuple[int, ...]


def as_lines(found: Iterable[Finding]) -> tuple[Several, ...]:
    """Too many hours and nights of one person together, the gravest kind first; every gap and double by itself, since each
    is put right by itself."""
    lines: dict[tuple[Kind, UUID | None, datetime | None], Several] = {}
    for one in found:
        key = (one.kind, one.who, None if one.kind in ("hours", "nights") else one.starts_at)
        known = lines.get(key)
        lines[key] = Several(
            one.kind,
            min(one.starts_at, known.starts_at) if known else one.starts_at,
            max(one.ends_at, known.ends_at) if known else one.ends_at,
            one.who,
            (*(known.figures if known else ()), one.figure),
        )
    return tuple(lines.values())


def findings(
    turns: Iterable[Turn], since: datetime, until: datetime, *, known: Known, limits: Limits
) -> tuple[Finding, ...]:
    """All of [since, until), the gravest kind first, each kind in the order of time. Turns of leaders who sit at the desk
    themselves are named once for each stretch."""
    planned = sorted(turns, key=lambda each: each.starts_at)
    found: list[Finding] = [
        Finding("uncovered", one.starts_at, one.ends_at) for one in _uncovered(planned, since, until, known)
    ]
    found += [
        Finding("left", max(turn.starts_at, left), turn.ends_at, turn.person_id)
        for turn in planned
        for left in (known.left(turn),)
        if left is not None and turn.ends_at > left
    ]
    found += _unreachable(planned, known)
    for one in doubles(planned):
        starts_at, ends_at = one.second.starts_at, min(one.first.ends_at, one.second.ends_at)
        kind: Kind = "leader_on_duty" if "leader" in (one.first.layer, one.second.layer) else "double"
        found.append(Finding(kind, starts_at, ends_at, one.person_id))
    # Who leads from home is not at work all night: only the desk and standing by for it count.
    desk = [turn for turn in planned if turn.layer in ("day", "night") and turn.person_id is not None]
    by_person = sorted(desk, key=lambda each: str(each.person_id))
    for person, own in groupby(by_person, key=lambda each: each.person_id):
        served = list(own)
        if person is not None:
            found += _overloaded(person, served, limits)
    return tuple(sorted(found, key=lambda each: (KINDS.index(each.kind), each.starts_at, str(each.who))))


def _uncovered(turns: Sequence[Turn], since: datetime, until: datetime, known: Known) -> Iterable[Finding]:
    """Turns of people who will have left count for nothing from that moment."""
    there = [turn for turn in turns for left in (known.left(turn),) if left is None or turn.ends_at <= left]
    return [Finding("uncovered", one.starts_at, one.ends_at) for one in gaps(there, since, until)]


def _unreachable(turns: Sequence[Turn], known: Known) -> Iterable[Finding]:
    """Each person or post once, from the first turn to the last."""
    spans: dict[UUID, tuple[datetime, datetime]] = {}
    for turn in turns:
        who = turn.person_id or turn.post_id
        if who is None or turn.person_id in known.reachable or turn.post_id in known.reachable:
            continue
        starts_at, ends_at = spans.get(who, (turn.starts_at, turn.ends_at))
        spans[who] = (min(starts_at, turn.starts_at), max(ends_at, turn.ends_at))
    return [Finding("unreachable", *span, who) for who, span in spans.items()]


def _overloaded(person: UUID, turns: Sequence[Turn], limits: Limits) -> Iterable[Finding]:
    """Hours of a calendar week (Monday to Sunday) and nights one after the other over the city's figures."""
    hours: dict[date, timedelta] = {}
    nights: set[date] = set()
    for turn in turns:
        day = turn.starts_at.astimezone(SHANGHAI).date()
        while _midnight(day) < turn.ends_at:
            monday = day - timedelta(days=day.weekday())
            here = min(turn.ends_at, _midnight(day + ONE_DAY)) - max(turn.starts_at, _midnight(day))
            hours[monday] = hours.get(monday, timedelta()) + here
            evening = _midnight(day) + limits.night_begins * HOUR
            morning = _midnight(day + ONE_DAY) + limits.night_ends * HOUR
            if turn.starts_at <= evening and morning <= turn.ends_at:
                nights.add(day)
            day += ONE_DAY
    found = [
        Finding("hours", _midnight(monday), _midnight(monday + timedelta(days=7)), person, round(total / HOUR))
        for monday, total in hours.items()
        if total > limits.hours_a_week * HOUR
    ]
    for _, row in groupby(enumerate(sorted(nights)), key=lambda each: each[1].toordinal() - each[0]):
        days = [day for _, day in row]
        if len(days) > limits.nights_in_a_row:
            found.append(Finding("nights", _midnight(days[0]), _midnight(days[-1] + ONE_DAY), person, len(days)))
    return found


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
