"""Clocks of obligations (DESIGN §2). Pure: no database, no clock of its own.

An obligation's status is never set, it is what `settle` makes of all that was done about it: so doing something twice,
or learning of it in another order, gives the same status, and no attempt is ever lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from irm.i18n import N_

Kind = Literal["timed", "prompt", "standing"]
Status = Literal["open", "submitted", "met", "returned", "superseded", "waived"]
Outcome = Literal["received", "refused", "returned"]
Ending = Literal["superseded", "waived"]
ClockState = Literal["running", "overdue", "stopped", "since", "standing", "ended"]

STATUSES: Final[tuple[Status, ...]] = ("open", "submitted", "met", "returned", "superseded", "waived")

TRANSITIONS: Final[Mapping[Status, frozenset[Status]]] = MappingProxyType(
    {
        "open": frozenset({"submitted", "met", "returned", "superseded", "waived"}),
        "submitted": frozenset({"open", "met", "returned"}),
        "met": frozenset(),
        "returned": frozenset(),
        "superseded": frozenset(),
        "waived": frozenset(),
    }
)
"""open → submitted → met; refused: submitted → open; submitted → returned. From open straight to met or returned where
irm learns of the report and of its receipt in one breath. Nothing leads out of the last four."""

FINAL: Final = frozenset(status for status, then in TRANSITIONS.items() if not then)

Standing = Literal["statutory", "prescribed", "internal", "advice"]
"""What a force amounts to on the screen."""

LIMIT_WORDS: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        "statutory": N_("Statutory limit"),
        "prescribed": N_("Prescribed limit"),
        "internal": N_("Internal limit"),
        "advice": N_("Recommended"),
    }
)
"""法定时限 only for law to department rule; else 规定时限, 内控时限, 建议 (DESIGN §4)."""

DUE_MARK: Final = "due"
INTERNAL_MARK: Final = "internal"


@dataclass(frozen=True)
class Term:
    """What the clock of one obligation needs to know. `standing` is `standing_of(force)`."""

    kind: Kind
    standing: Standing
    started_at: datetime
    arose_at: datetime
    due_at: datetime | None = None
    internal_due_at: datetime | None = None
    status: Status = "open"
    submitted_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def counts_overdue(self) -> bool:
        """Recommended and practice rules remind; they never count as overdue (DESIGN §4)."""
        return self.due_at is not None and self.standing != "advice"

    @property
    def is_running(self) -> bool:
        return self.status == "open"


@dataclass(frozen=True)
class Clock:
    """`spare` is what is left, what was left when it stopped, or (negative) the lateness. `used` is 0 to 1 of the limit.

    since: a prompt duty, shown as the time since it arose. standing: a checklist line without a clock. ended:
    superseded or waived.
    """

    state: ClockState
    since: timedelta
    limit: timedelta | None
    spare: timedelta | None
    used: float | None

    @property
    def is_late(self) -> bool:
        return self.spare is not None and self.spare < timedelta(0)


@dataclass(frozen=True)
class Mark:
    """A moment at which somebody is reminded. `name`: the percentage used, `internal`, or `due`."""

    name: str
    at: datetime


@dataclass(frozen=True)
class LongLimit:
    """For limits of at least `from_days`: reminders so many days before the end, `soon` the one that playbooks hear.

    Such limits end at midnight; `later` puts their reminders into the morning after.
    """

    from_days: timedelta
    before: tuple[timedelta, ...]
    soon: timedelta
    later: timedelta = timedelta(0)


@dataclass(frozen=True)
class ClockPolicy:
    """The city's figures; they come from its rule pack, never from code.

    `percents` of the limit at which bearers are reminded, `soon` the one that playbooks hear as `obligation.due_soon`,
    `receipt_within` how long a submission may stay without receipt before it is an alarm, `entered_after` how far the
    stated and the recorded moment may lie apart before an entry counts as made afterwards (补录).
    """

    percents: tuple[int, ...]
    soon: int
    receipt_within: timedelta
    entered_after: timedelta
    long: tuple[LongLimit, ...] = ()
    """A share of a year is no moment that anybody plans by; the longest first."""

    def for_limit(self, limit: timedelta) -> LongLimit | None:
        return next((each for each in self.long if limit >= each.from_days), None)


@dataclass(frozen=True)
class Attempt:
    """One submission as far as the obligation cares. `decided_at`: when irm learned of the recipient's answer."""

    id: str
    submitted_at: datetime
    recorded_at: datetime
    outcome: Outcome | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Ended:
    """A person superseded or waived it."""

    how: Ending
    at: datetime


@dataclass(frozen=True)
class Settled:
    status: Status
    submitted_at: datetime | None = None
    """What timeliness is measured by; None while nothing that counts was handed over."""
    met_at: datetime | None = None
    decided_by: str | None = None
    """Id of the attempt that was received or returned first."""


def clock(term: Term, now: datetime) -> Clock:
    """The state of the clock at `now`. A stopped clock reads the same for ever."""
    limit_at = term.due_at or (term.internal_due_at if term.kind != "timed" else None)
    stopped_at = term.submitted_at if term.status in ("submitted", "met", "returned") else None
    since = max((stopped_at or term.ended_at or now) - term.started_at, timedelta(0))
    if term.kind == "standing" and limit_at is None:
        return Clock("standing", since, None, None, None)
    if term.status in ("superseded", "waived"):
        return Clock("ended", since, None, None, None)
    if limit_at is None:
        return Clock("stopped" if stopped_at else "since", since, None, None, None)
    limit = limit_at - term.started_at
    at = stopped_at or now
    spare = limit_at - at
    used = 1.0 if limit <= timedelta(0) else min(1.0, max(0.0, (at - term.started_at) / limit))
    if stopped_at is not None:
        return Clock("stopped", since, limit, spare, used)
    return Clock("overdue" if spare <= timedelta(0) else "running", since, limit, spare, used)


def marks(term: Term, policy: ClockPolicy) -> tuple[Mark, ...]:
    """All reminders that the limit asks for, in order. Shares of the limit count from the start event."""
    found: list[Mark] = []
    limit_at = term.due_at or term.internal_due_at
    if limit_at is not None:
        limit = max(limit_at - term.started_at, timedelta(0))
        long = policy.for_limit(limit)
        if long is None:
            found += [Mark(str(percent), term.started_at + limit * percent / 100) for percent in policy.percents]
        else:
            # What had passed before irm could know of the duty reminds nobody: the calendar shows it.
            coming = [(each, limit_at - each + long.later) for each in long.before]
            found += [Mark(_before(each), at) for each, at in coming if at > term.arose_at]
        found.append(Mark(DUE_MARK if term.due_at else INTERNAL_MARK, limit_at))
    if term.due_at is not None and term.internal_due_at is not None and term.internal_due_at < term.due_at:
        found.append(Mark(INTERNAL_MARK, term.internal_due_at))
    return tuple(sorted(found, key=lambda mark: (mark.at, mark.name)))


def soon_mark(term: Term, policy: ClockPolicy) -> str:
    """The name of the mark that playbooks hear as `obligation.due_soon`."""
    limit_at = term.due_at or term.internal_due_at
    long = policy.for_limit(limit_at - term.started_at) if limit_at is not None else None
    return str(policy.soon) if long is None else _before(long.soon)


def _before(span: timedelta) -> str:
    return f"{span.days}d"


def marks_due(term: Term, policy: ClockPolicy, said: Iterable[str], now: datetime) -> tuple[Mark, ...]:
    """Marks that have come and were not said yet; none once the clock stands still. Several become one message."""
    if not term.is_running:
        return ()
    known = frozenset(said)
    return tuple(mark for mark in marks(term, policy) if mark.at <= now and mark.name not in known)


def next_mark(term: Term, policy: ClockPolicy, said: Iterable[str], now: datetime) -> Mark | None:
    if not term.is_running:
        return None
    known = frozenset(said)
    return next((mark for mark in marks(term, policy) if mark.at > now and mark.name not in known), None)


def is_born_late(due_at: datetime | None, arose_at: datetime) -> bool:
    """The limit had passed before irm could know of the duty; such ones count apart."""
    return due_at is not None and due_at < arose_at


def is_overdue(term: Term, now: datetime) -> bool:
    """True once the limit is reached unreported. A report handed over at the very moment of the limit is in time."""
    return term.counts_overdue and term.is_running and term.due_at is not None and term.due_at <= now


def was_late(term: Term) -> bool:
    """Handed over after the limit. Advice is never late."""
    over = earliness(term)
    return term.counts_overdue and over is not None and over < timedelta(0)


def earliness(term: Term) -> timedelta | None:
    """By how much the report was early (positive) or late (negative); None while it is owed or without a limit."""
    if term.submitted_at is None or term.due_at is None:
        return None
    return term.due_at - term.submitted_at


def settle(attempts: Iterable[Attempt], ended: Ended | None = None) -> Settled:
    """What an obligation's status is, given all that was handed over for it (in any order, any of it twice).

    The first answer that irm learned of and that is no refusal decides. A refused attempt counts for nothing: the clock
    runs on. While an answer is awaited the earliest attempt not refused stops the clock; once there are answers, the
    earliest one answered, because only a receipt proves. What was reported cannot be superseded or waived any more.
    """
    ordered = sorted({each.id: each for each in attempts}.values(), key=lambda each: (each.submitted_at, each.id))
    standing = [each for each in ordered if each.outcome != "refused"]
    decided = sorted(
        (each for each in standing if each.outcome is not None and each.decided_at is not None),
        key=lambda each: (each.decided_at, each.id),
    )
    if decided:
        first = decided[0]
        submitted = min(each.submitted_at for each in decided)
        if first.outcome == "returned":
            return Settled("returned", submitted, None, first.id)
        return Settled("met", submitted, first.decided_at, first.id)
    if standing:
        return Settled("submitted", standing[0].submitted_at)
    if ended is not None:
        return Settled(ended.how)
    return Settled("open")


def may_follow(before: Status, after: Status) -> bool:
    return before == after or after in TRANSITIONS[before]


def entered_afterwards(stated_at: datetime, recorded_at: datetime, policy: ClockPolicy) -> bool:
    """补录: written down so much later that the reader must be told."""
    return recorded_at - stated_at > policy.entered_after


def limit_word(standing: Standing, *, internal: bool = False) -> str:
    """Msgid of the word before a limit; `internal` for the city's own limit on a duty whose article has none."""
    return LIMIT_WORDS["internal" if internal else standing]
