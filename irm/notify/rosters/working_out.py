"""What a roster comes to in a span: rotations, what was entered, leave, overrides, and a roster that stands in. Pure.

The result is a set of turns in their whole length. It does not depend on how the span is cut: a turn is found from its own
day and what touches it, never from where the reckoning began.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Final, Literal, NamedTuple
from uuid import UUID

from irm.notify.roster import SHANGHAI, Role, Span
from irm.notify.rosters.rotation import ONE_DAY, ROLE_OF, Calendar, Layer, Rotation, Seat, strands

OverrideKind = Literal["add", "remove", "replace"]
OVERRIDE_KINDS: Final[tuple[OverrideKind, ...]] = ("add", "remove", "replace")


class Turn(NamedTuple):
    """Somebody at a seat. `instead_of`: whose turn it was."""

    layer: Layer
    seat: Seat
    starts_at: datetime
    ends_at: datetime
    instead_of: UUID | None = None

    @property
    def person_id(self) -> UUID | None:
        return self.seat.person_id

    @property
    def post_id(self) -> UUID | None:
        return self.seat.post_id

    @property
    def role(self) -> Role:
        return ROLE_OF[self.layer]

    def touches(self, since: datetime, until: datetime) -> bool:
        return self.starts_at < until and since < self.ends_at


@dataclass(frozen=True)
class Leave:
    """A person is away; `substitute_id` takes the turns, where it is free, before whoever is next in the order."""

    person_id: UUID
    starts_at: datetime
    ends_at: datetime
    substitute_id: UUID | None = None


@dataclass(frozen=True)
class Override:
    """`add` puts `seat` there besides; `remove` takes out whoever the layer has, or only `instead_of`; `replace` does that
    and puts `seat` in his place, where he would have been."""

    kind: OverrideKind
    layer: Layer
    starts_at: datetime
    ends_at: datetime
    seat: Seat | None = None
    instead_of: UUID | None = None

    def meets(self, turn: Turn) -> bool:
        return (
            turn.starts_at < self.ends_at
            and self.starts_at < turn.ends_at
            and turn.layer == self.layer
            and (self.instead_of is None or self.instead_of in (turn.seat.person_id, turn.seat.post_id))
        )


@dataclass(frozen=True)
class StandIn:
    """Another roster serves these layers; the others stay, so that a schedule that is half written empties no desk."""

    span: Span
    layers: frozenset[Layer]


@dataclass(frozen=True)
class Definition:
    """All that makes a roster. `overrides` in the order in which they were made: a later one has the last word.

    `only`: a temporary schedule serves in this span alone. `stood_in`: where other rosters serve in place of this one.
    """

    rotations: tuple[Rotation, ...] = ()
    entered: tuple[Turn, ...] = ()
    leaves: tuple[Leave, ...] = ()
    overrides: tuple[Override, ...] = ()
    only: Span | None = None
    stood_in: tuple[StandIn, ...] = ()


@dataclass(frozen=True)
class Double:
    """One person at two seats at once."""

    person_id: UUID
    first: Turn
    second: Turn


def worked_out(definition: Definition, since: datetime, until: datetime, calendar: Calendar) -> tuple[Turn, ...]:
    """The turns that touch [since, until), each in its whole length, by start, layer and person."""
    known = _Reckoning(definition, calendar)
    turns = [*known.by_rotation(since, until), *known.entered(since, until)]
    for override in definition.overrides:  # also those outside the span: a turn that reaches into it may be cut there
        if override.kind == "add" or any(override.meets(turn) for turn in turns):
            turns = list(known.overridden(turns, override))
    if definition.only is not None or definition.stood_in:
        turns = [piece for turn in turns for piece in _served(turn, definition)]
    return tuple(sorted((each for each in turns if each.starts_at < until and since < each.ends_at), key=_place))


def doubles(turns: Iterable[Turn]) -> tuple[Double, ...]:
    """Each pair of turns that a person would serve at once."""
    by_person: dict[UUID, list[Turn]] = {}
    for turn in turns:
        if turn.person_id is not None:
            by_person.setdefault(turn.person_id, []).append(turn)
    found = []
    for person, own in by_person.items():
        own.sort(key=_place)
        for place, first in enumerate(own):
            for second in own[place + 1 :]:
                if second.starts_at >= first.ends_at:
                    break
                found.append(Double(person, first, second))
    return tuple(found)


class _Reckoning:
    """One roster being worked out; keeps whom it has found for those on leave."""

    def __init__(self, definition: Definition, calendar: Calendar) -> None:
        self.definition = definition
        self.strands = strands(definition.rotations, calendar)
        self.leaves: dict[UUID, list[Leave]] = {}
        for leave in definition.leaves:
            self.leaves.setdefault(leave.person_id, []).append(leave)
        self._away_on = [_days(leave) for leave in definition.leaves]
        self._filled: dict[tuple[int, date], tuple[Turn, ...]] = {}

    def by_rotation(self, since: datetime, until: datetime) -> Iterator[Turn]:
        first, last = since.astimezone(SHANGHAI).date(), until.astimezone(SHANGHAI).date()
        # A turn ends at the latest when the day after its own does: 24:00 as a start lies there.
        days = [first + number * ONE_DAY for number in range(-2, (last - first).days + 1)]
        for strand in range(len(self.strands)):
            for day in days:
                yield from self.filled(strand, day)

    def entered(self, since: datetime, until: datetime) -> Iterator[Turn]:
        for turn in self.definition.entered:
            if turn.touches(since, until):
                yield from self.present(turn)

    def overridden(self, turns: Sequence[Turn], override: Override) -> Iterator[Turn]:
        for turn in turns:
            if override.kind == "add" or not override.meets(turn):
                yield turn
                continue
            yield from _outside(turn, override.starts_at, override.ends_at)
            if override.kind == "replace" and override.seat is not None:
                inside = _inside(turn, override.starts_at, override.ends_at)
                yield from self.present(inside._replace(seat=override.seat, instead_of=_who(turn)))
        if override.kind == "add" and override.seat is not None:
            yield from self.present(Turn(override.layer, override.seat, override.starts_at, override.ends_at))

    def nominal(self, strand: int, day: date) -> tuple[Turn, ...]:
        """By the order alone."""
        found = self.strands[strand].on(day)
        if found is None:
            return ()
        order, group = found
        starts_at, ends_at = self.strands[strand].span_on(order, day)
        return tuple([Turn(order.layer, seat, starts_at, ends_at) for seat in order.turns[group]])

    def filled(self, strand: int, day: date) -> tuple[Turn, ...]:
        """With those who take the turns of whoever is on leave; a seat that nobody can take stays empty."""
        planned = self.nominal(strand, day)
        if not self._is_anybody_away(day) or not any(
            self._away(turn.person_id, turn.starts_at, turn.ends_at) for turn in planned
        ):
            return planned
        if (strand, day) not in self._filled:
            found: list[Turn] = []
            for turn in planned:
                for piece, leave in self._pieces(turn):
                    if leave is None:
                        found.append(piece)
                        continue
                    taker = self._taker(strand, day, piece, leave, (*planned, *found))
                    if taker is not None:
                        found.append(piece._replace(seat=taker, instead_of=turn.person_id))
            self._filled[strand, day] = tuple(found)
        return self._filled[strand, day]

    def present(self, turn: Turn) -> Iterator[Turn]:
        """A turn that stands in no order: nobody is next, so that on leave only the named substitute takes it."""
        for piece, leave in self._pieces(turn):
            if leave is None:
                yield piece
            elif leave.substitute_id is not None and not self._away(
                leave.substitute_id, piece.starts_at, piece.ends_at
            ):
                yield piece._replace(seat=Seat(leave.substitute_id, turn.post_id), instead_of=turn.person_id)

    def _taker(self, strand: int, day: date, piece: Turn, leave: Leave, beside: Sequence[Turn]) -> Seat | None:
        found = self.strands[strand].on(day)
        if found is None:
            raise AssertionError(day)
        order, group = found
        asked = [Seat(leave.substitute_id, piece.post_id)] if leave.substitute_id else []
        asked += [seat for each in (*order.turns[group + 1 :], *order.turns[:group]) for seat in each if seat.person_id]
        taken = {turn.person_id for turn in beside}
        return next(
            (seat for seat in asked if seat.person_id not in taken and self._free(strand, day, seat, piece)), None
        )

    def _free(self, strand: int, day: date, seat: Seat, piece: Turn) -> bool:
        """Neither away nor at another layer's seat: not by its order, and not for somebody else."""
        if self._away(seat.person_id, piece.starts_at, piece.ends_at):
            return False
        for other in range(len(self.strands)):
            for near in (day - ONE_DAY, day, day + ONE_DAY):
                if other == strand:
                    continue
                # A layer that is filled later is asked only for its order: else each would wait for the other.
                turns = self.filled(other, near) if other < strand else self.nominal(other, near)
                if any(
                    each.person_id == seat.person_id and each.touches(piece.starts_at, piece.ends_at) for each in turns
                ):
                    return False
        return True

    def _is_anybody_away(self, day: date) -> bool:
        for first, last in self._away_on:  # noqa: SIM110 - asked for every turn, and mostly for none
            if first <= day <= last:
                return True
        return False

    def _away(self, person: UUID | None, since: datetime, until: datetime) -> bool:
        if person not in self.leaves:
            return False
        return any(each.starts_at < until and since < each.ends_at for each in self.leaves[person])

    def _pieces(self, turn: Turn) -> Iterator[tuple[Turn, Leave | None]]:
        """The turn cut where its person goes and comes back, each piece with the leave that it falls into."""
        own = (
            [each for each in self.leaves.get(turn.person_id, ()) if turn.touches(each.starts_at, each.ends_at)]
            if (turn.person_id is not None)
            else []
        )
        edges = {turn.starts_at, turn.ends_at}
        for leave in own:
            edges |= {max(leave.starts_at, turn.starts_at), min(leave.ends_at, turn.ends_at)}
        ordered = sorted(edges)
        for starts_at, ends_at in pairwise(ordered):
            away = next(
                (each for each in reversed(own) if each.starts_at <= starts_at and ends_at <= each.ends_at), None
            )
            yield turn._replace(starts_at=starts_at, ends_at=ends_at), away


def _served(turn: Turn, definition: Definition) -> Iterator[Turn]:
    """What is left of a turn where another roster stands in, or this one does for a while only."""
    pieces = [turn]
    if definition.only is not None:
        only = definition.only
        pieces = [_inside(turn, only.starts_at, only.ends_at)] if turn.touches(only.starts_at, only.ends_at) else []
    for one in definition.stood_in:
        if turn.layer in one.layers:
            pieces = [piece for each in pieces for piece in _outside(each, one.span.starts_at, one.span.ends_at)]
    yield from pieces


def _days(leave: Leave) -> tuple[date, date]:
    """The first and the last day whose turns it may touch; those of the day before may reach into it."""
    return leave.starts_at.astimezone(SHANGHAI).date() - ONE_DAY, leave.ends_at.astimezone(SHANGHAI).date()


def _outside(turn: Turn, since: datetime, until: datetime) -> Iterator[Turn]:
    if not turn.touches(since, until):
        yield turn
        return
    if turn.starts_at < since:
        yield turn._replace(ends_at=since)
    if turn.ends_at > until:
        yield turn._replace(starts_at=until)


def _inside(turn: Turn, since: datetime, until: datetime) -> Turn:
    return turn._replace(starts_at=max(turn.starts_at, since), ends_at=min(turn.ends_at, until))


def _who(turn: Turn) -> UUID | None:
    return turn.seat.person_id or turn.seat.post_id


def _place(turn: Turn) -> tuple[datetime, str, int, int, datetime]:
    seat = turn.seat
    person, post = seat.person_id, seat.post_id
    return turn.starts_at, turn.layer, person.int if person else 0, post.int if post else 0, turn.ends_at
