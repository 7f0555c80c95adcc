"""What should have happened by now and did not. Pure: the auditor's judgement (`auditor.py` reads for it).

It looks at what the records say is owed (a mark, a timer, a planned message), not at whether some process says that it is
well: so it also finds what a fault of irm's own has dropped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from irm.obligations.owed import ClockPolicy, Term, is_overdue, marks_due

Kind = Literal["reminder", "overdue", "run", "page", "work", "recurring", "ledger"]
KINDS: Final[tuple[Kind, ...]] = ("reminder", "overdue", "run", "page", "work", "recurring", "ledger")
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True)
class Tolerances:
    """How late each may be (`auditing.yaml`)."""

    reminder: timedelta
    run: timedelta
    page: timedelta
    work: timedelta
    bulk_work: timedelta
    recurring: timedelta
    ledger: timedelta
    silent: timedelta

    def of(self, expected: "Expected") -> timedelta:
        if expected.kind == "work":
            return self.bulk_work if expected.is_bulk else self.work
        known: timedelta = getattr(self, "reminder" if expected.kind == "overdue" else expected.kind)
        return known


@dataclass(frozen=True)
class Expected:
    """One thing that has not happened although its moment came. `id` names it within its kind, `what` says which (a
    mark, a job's name); `place` is what leads to its subject: {"run": …}, {"obligation": …}, {"delivery": …}."""

    kind: Kind
    id: str
    due_at: datetime
    what: str = ""
    place: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    is_bulk: bool = False
    exercise: bool = False

    @property
    def key(self) -> str:
        """One moment of one thing is found once. Of the tree there is only one, whichever entry waits the longest."""
        if self.kind == "ledger":
            return f"{self.kind}/{self.id}"
        return f"{self.kind}/{self.id}/{self.what}/{self.due_at.isoformat()}"


@dataclass(frozen=True)
class Owing:
    """An open obligation as far as the auditor cares. `timers_set_at`: when its reminders were set last; a duty that was
    reopened, or whose clock was moved, is told of its marks from then on."""

    id: UUID
    term: Term
    reminded: Sequence[str]
    overdue_at: datetime | None
    exercise: bool = False
    timers_set_at: datetime | None = None


@dataclass(frozen=True)
class Series:
    """The auditor's looks without a gap: the last one, and since when there was none missing."""

    since: datetime
    at: datetime


def of_duty(owing: Owing, policy: ClockPolicy, now: datetime) -> Expected | None:
    """A limit that passed without being noted, else the first mark that has come and that nobody was told."""
    marks = marks_due(owing.term, policy, owing.reminded, now)
    is_over = owing.overdue_at is None and is_overdue(owing.term, now)
    if not marks and not is_over:
        return None
    come_at = owing.term.due_at if is_over and owing.term.due_at is not None else marks[0].at
    at = max(come_at, owing.term.arose_at, owing.timers_set_at or owing.term.arose_at)
    place = {"obligation": str(owing.id)}
    if is_over:
        return Expected("overdue", str(owing.id), at, "", place, exercise=owing.exercise)
    return Expected("reminder", str(owing.id), at, marks[0].name, place, exercise=owing.exercise)


def went_on(last: Series | None, now: datetime, silent: timedelta) -> Series:
    """The series with the look at `now`. After a gap it begins anew: what fell due in the gap has its whole tolerance."""
    if last is None or now - last.at > silent:
        return Series(now, now)
    return Series(last.since, now)


def missed(expected: Iterable[Expected], tolerances: Tolerances, series: Series) -> list[Expected]:
    """Those that are later than they may be at the series' last look, the oldest first."""
    late = (one for one in expected if series.at - max(one.due_at, series.since) > tolerances.of(one))
    return sorted(late, key=lambda one: (one.due_at, one.key))


def is_silent(last_at: datetime | None, working_since: datetime | None, now: datetime, silent: timedelta) -> bool:
    """Whether the auditor itself failed to look. `working_since`: since when somebody works who would have it look; None
    where nobody does, and then only a look that is too old tells."""
    if last_at is not None:
        return now - last_at > silent
    return working_since is not None and now - working_since > silent
