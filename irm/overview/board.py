"""What needs a person now, most urgent first. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from irm.exercise_clock import ExerciseClock

Texts = Mapping[str, str]
NeedKind = Literal[
    "page",
    "unreached",
    "unanswered",
    "unmanned",
    "roster",
    "dead",
    "missed",
    "unwatched",
    "provider",
    "silent",
    "sheet",
    "report",
    "duty",
    "receipt",
    "task",
    "second_person",
    "handover",
    "shift",
    "shift_late",
    "approval",
    "press",
    "proposal",
    "alerts",
    "alerts_lost",
    "glass",
    "glass_review",
    "glass_late",
]
LevelKind = Literal["reached", "possible", "assessed"]
WarningKind = Literal["was_away", "nobody_sends", "broker_silent", "clock_skew", "failed_deliveries"]

LEAST: Final = 4
RED: Final = frozenset(
    {
        "unreached",
        "unmanned",
        "dead",
        "missed",
        "unwatched",
        "provider",
        "silent",
        "sheet",
        "shift_late",
        "glass",
        "glass_late",
    }
)
"""What irm itself cannot mend: a person has to."""
FAR: Final = timedelta(days=3)
"""What is due later than this is no matter of the night: it stands apart, below what needs a person now."""
GATHERED: Final = frozenset({"duty", "receipt"})
FOR_OTHERS: Final = frozenset(
    {"unreached", "unanswered", "unmanned", "missed", "unwatched", "provider", "silent", "sheet", "glass"}
)
"""Not the reader's own errands: they stand on the board, not in 待办."""


@dataclass(frozen=True)
class Need:
    """One thing that waits for a person. `title` is text, or texts by locale.

    `since`: from when on it waits, if that is known; `started_at` and `due_at` are its clock, if it has one.
    """

    kind: NeedKind
    id: UUID
    title: Texts | str
    about: str
    href: str
    since: datetime | None
    severity: int | None = None
    level_kind: LevelKind = "reached"
    """How sure that level is."""
    urgency: int | None = None
    """Where it is not the level: what may be grave stands after what is known to be (`notify/bundling.py`)."""
    started_at: datetime | None = None
    due_at: datetime | None = None
    limit_word: str = ""
    """Msgid of the word that the force allows (法定时限…)."""
    detail: str = ""
    recipient: Any = None
    """Of a report or duty: `views.Named`, without a name where the contact list has none."""
    others: int = 0
    """Recipients beside that one, of the same duty about the same thing: `gathered`."""
    telephone: str = ""
    """Of whom to call, where calling is what is to be done."""
    calls: bool = False
    """A telephone call is what is to be done: where there is no number, that is a fault of its own."""
    desk: str = ""
    """Code of the organization to be called: on its page the number is entered."""
    advice: str = ""
    """Msgid: what to do."""
    reasons: tuple[str, ...] = ()
    """Msgids: why it is so."""
    until: datetime | None = None
    """When it ends by itself."""
    acute: bool = False
    """It stands before everything that is due."""
    exercise: bool = False
    pace: ExerciseClock | None = None
    """The clock of the drill that its limit keeps."""

    @property
    def is_red(self) -> bool:
        return self.kind in RED


@dataclass(frozen=True)
class Trouble:
    """Something about the duty itself that is not as it should be."""

    kind: WarningKind
    names: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    n: int = 0


@dataclass(frozen=True)
class LiveIncident:
    id: UUID
    number: str
    title: str
    status: str
    status_name: str
    """Msgid."""
    level: int
    level_kind: LevelKind
    discovered_at: datetime
    exercise: bool
    clock: Mapping[str, Any] | None = None
    """Arguments of the clock line of its nearest open limit."""
    urgency: int | None = None
    """As of a `Need`."""


@dataclass(frozen=True)
class Station:
    """Who is on duty in one organization."""

    organization: str
    people: tuple[tuple[str, str, str | None], ...]
    """(name, role primary|backup, telephone)."""
    until: datetime | None
    telephone: str | None


@dataclass(frozen=True)
class Board:
    now: datetime
    needs: Sequence[Need] = ()
    incidents: Sequence[LiveIncident] = ()
    clocks: Sequence[Mapping[str, Any]] = ()
    """Arguments of clock chips, the nearest first; `title` is texts by locale, `limit_word` a msgid."""
    stations: Sequence[Station] = ()
    troubles: Sequence[Trouble] = ()
    received: Sequence[Any] = ()
    """Submissions that were handed over to the reader's own organizations."""
    nearest_due: datetime | None = None
    overdue: int = 0
    more_clocks: int = 0
    later: Sequence[Need] = ()
    """Duties with a limit further off than `FAR`, the nearest first."""
    days_ahead: int = 0
    """So far the board looks ahead (the city's `coming_days`); the calendar looks further."""

    @property
    def ahead(self) -> Sequence[Need]:
        """Those of `later` that fall due within `days_ahead`."""
        until = self.now + timedelta(days=self.days_ahead)
        return [need for need in self.later if need.due_at is not None and need.due_at <= until]

    @property
    def errands(self) -> Sequence[Need]:
        """`needs` as a person reads them: see `gathered`."""
        return gathered(self.needs)

    @property
    def live(self) -> int:
        """Incidents that somebody is working on; drills don't count."""
        return sum(not one.exercise for one in self.incidents)


def is_far(due_at: datetime | None, now: datetime) -> bool:
    return due_at is not None and due_at > now + FAR


def urgency(need: Need) -> tuple[Any, ...]:
    """Live before drill; who is being called answers first; then what would reach nobody; then whatever is due soonest;
    then by gravity and age."""
    severity = (need.urgency or need.severity or LEAST, need.severity or LEAST)
    since = need.since.timestamp() if need.since else float("inf")
    if need.kind == "page":
        return (need.exercise, 0, *severity, since, str(need.id))
    if need.acute:
        return (need.exercise, 1, *severity, since, str(need.id))
    if need.due_at is not None:
        return (need.exercise, 2, need.due_at.timestamp(), *severity, str(need.id))
    return (need.exercise, 3, *severity, since, str(need.id))


def in_order(needs: Iterable[Need]) -> list[Need]:
    return sorted(needs, key=urgency)


def gathered(needs: Iterable[Need]) -> list[Need]:
    """One line for a duty towards several recipients about one subject with one limit, where its first stood: a notice to
    forty units is one errand, done on the page of what it is about."""
    lines: dict[tuple[Any, ...], Need] = {}
    for need in needs:
        key: tuple[Any, ...] = (need.kind, need.id)
        if need.kind in GATHERED and need.recipient is not None:
            title = need.title if isinstance(need.title, str) else tuple(sorted(need.title.items()))
            key = (need.kind, need.about, need.href, title, need.due_at, need.exercise)
        first = lines.get(key)
        lines[key] = need if first is None else replace(first, others=first.others + 1)
    return list(lines.values())


def gravest_first(incidents: Iterable[LiveIncident]) -> list[LiveIncident]:
    """What is known to be grave, then what may be, drills last; then by the nearest limit, then the newest."""

    def key(one: LiveIncident) -> tuple[Any, ...]:
        due = one.clock["due_at"] if one.clock else None
        weight = (one.urgency or one.level, one.level)
        return (one.exercise, *weight, due is None, due.timestamp() if due else 0, -one.discovered_at.timestamp())

    return sorted(incidents, key=key)
