"""Whose shift ends when, and who comes next, as the roster says. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from irm.notify.roster import ROLE_ORDER, Shift, Span


def turn_of(shifts: Iterable[Shift], person: UUID, now: datetime, *, after: timedelta) -> Span | None:
    """The turn in which a person is on duty, or the last one, while it is over for no longer than `after`; None: neither.

    Turns that touch are one: who sits through day and night hands over in the morning.
    """
    turns: list[Span] = []
    for one in sorted((each for each in shifts if each.person_id == person), key=lambda each: each.starts_at):
        if turns and one.starts_at <= turns[-1].ends_at:
            turns[-1] = Span(turns[-1].starts_at, max(turns[-1].ends_at, one.ends_at))
        else:
            turns.append(Span(one.starts_at, one.ends_at))
    begun = [each for each in turns if each.starts_at <= now and now - each.ends_at <= after]
    return begun[-1] if begun else None


def changes_at(turn: Span, now: datetime, *, early: timedelta) -> datetime:
    """The moment of the change of shift: the turn's end, or `now` for who leaves earlier than `early` before it."""
    return turn.ends_at if turn.ends_at - now <= early else now


def on_at(shifts: Iterable[Shift], at: datetime) -> tuple[UUID, ...]:
    """People on duty then: in the order in which they are called, who came last first; nobody twice."""
    holding = [each for each in shifts if each.person_id and each.holds(at)]
    return _people(sorted(holding, key=lambda each: (ROLE_ORDER[each.role], -each.starts_at.timestamp(), each.id)))


def next_after(shifts: Iterable[Shift], giver: UUID, at: datetime) -> tuple[UUID, ...]:
    """To whom `giver` may hand over at `at`, the likeliest first: who is on duty then, then who comes after; of these
    whoever leads the duty stands last, for a desk is handed to a desk."""
    known = list(shifts)
    later = sorted(
        (each for each in known if each.person_id and each.starts_at > at),
        key=lambda each: (each.role == "leader", each.starts_at, ROLE_ORDER[each.role], each.id),
    )
    found = dict.fromkeys([*on_at(known, at), *_people(later)])
    return tuple(each for each in found if each != giver)


def _people(shifts: Iterable[Shift]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(each.person_id for each in shifts if each.person_id))
