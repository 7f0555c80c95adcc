"""Orders and overrides of a roster. Each change takes effect from now on; what it would do is looked at first."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.notify.roster import Span, moment_of
from irm.notify.rosters.checks import OVER, belong, clock_of, kept_private, note_checked, person_of, roster_on_record
from irm.notify.rosters.definitions import REACHES, Roster, definition_of, seat_out
from irm.notify.rosters.effects import Effect, effect_of
from irm.notify.rosters.models import OverrideRow, RotationRow
from irm.notify.rosters.planning import replan
from irm.notify.rosters.rotation import DAYS, LAYERS, UNITS, Layer, Rotation, Seat
from irm.notify.rosters.working_out import OVERRIDE_KINDS, Definition, Override

MOST_PEOPLE: Final = 100
LONGEST_TURN: Final = 366
LEAVES_GAP: Final = N_("That would leave the desk empty from %(since)s to %(until)s. Say that it is meant so.")
DOUBLE: Final = N_("That would put somebody at two seats at once, from %(since)s to %(until)s.")
NOBODY_THERE: Final = N_("Nobody of whom this speaks is on duty then.")
OVERLAPS: Final = N_(
    "Another change of the same layer touches this time, from %(since)s to %(until)s. Say that this one counts."
)
AWAY: Final = N_("This person is on leave then.")
NOT_A_CLOCK: Final = N_("Not a time of day: write 08:00, or 24:00 for the end of the day.")


async def set_rotation(tx: Tx, roster_id: UUID, order: Rotation, *, now: datetime, actor: Actor) -> UUID:
    """From its day on the order holds, in place of the one of the same layer and kind of days; what has been served stays.

    An order without turns ends the layer. Raises Invalid naming `from_day` or `turns`.
    """
    roster = await roster_on_record(tx, roster_id)
    await belong(tx, roster.organization_id, (seat for group in order.turns for seat in group), now, "turns")
    if order.length > LONGEST_TURN or sum(len(group) for group in order.turns) > MOST_PEOPLE:
        raise Invalid(
            "A rotation has at most %(people)s places and turns of at most %(days)s.",
            field="turns",
            people=MOST_PEOPLE,
            days=LONGEST_TURN,
        )
    known = await definition_of(tx, roster, now)
    same = [each for each in known.rotations if each.strand == order.strand and _begun(each, now)]
    latest = max((each.from_day for each in same), default=None)
    if latest is not None and order.from_day < latest:
        raise Invalid(
            "An order that begins on %(day)s is in force already: the new one begins then or later.",
            field="from_day",
            day=latest,
        )
    row = RotationRow(
        roster_id=roster_id,
        layer=order.layer,
        days=order.days,
        unit=order.unit,
        length=order.length,
        starts=order.starts,
        ends=order.ends,
        wraps=order.wraps,
        from_day=order.from_day,
        turns=[[seat_out(seat) for seat in group] for group in order.turns],
        made_at=now,
        made_by=person_of(actor),
    )
    tx.add(row)
    await tx.flush()
    body = {"rotation": str(row.id), "layer": order.layer, "days": order.days, "from_day": order.from_day.isoformat()}
    await record(
        tx,
        Event(
            "roster.rotation_set",
            f"roster/{roster_id}",
            now,
            actor,
            {**body, "unit": order.unit, "length": order.length, "starts": order.starts, "ends": order.ends,
             "turns": row.turns},
        ),
    )  # fmt: skip
    await _follow(tx, roster, now, actor)
    return row.id


def rotation_read(
    layer: str, from_day: date, turns: Iterable[Collection[Seat]], *, days: str, unit: str, length: int, starts: str,
    ends: str, wraps: bool,
) -> Rotation:  # fmt: skip
    """Raises Invalid naming what no rotation can be."""
    for name, value, known in (("layer", layer, LAYERS), ("days", days, DAYS), ("unit", unit, UNITS)):
        if value not in known:
            raise Invalid("There is no such choice: %(value)s", field=name, value=value)
    for name, clock in (("starts", starts), ("ends", ends)):
        try:
            moment_of(from_day, clock)
        except (ValueError, OverflowError):
            raise Invalid(NOT_A_CLOCK, field=name) from None
    if length < 1:
        raise Invalid("A turn lasts at least one.", field="length")
    groups = tuple(tuple(group) for group in turns if group)
    return Rotation(layer, from_day, groups, days, unit, length, starts, ends, wraps)  # type: ignore[arg-type]  # checked above


async def withdraw_rotation(tx: Tx, rotation_id: UUID, *, now: datetime, actor: Actor) -> None:
    """An order that has not begun never holds. Raises Conflict for one that has: another one follows it."""
    row = await tx.get(RotationRow, rotation_id)
    if row is None or row.withdrawn_at is not None:
        raise NotFound("This order does not exist.")
    roster = await roster_on_record(tx, row.roster_id)
    if moment_of(row.from_day, row.starts) <= now:
        raise Conflict("This order has begun: set another one from a day on.")
    row.withdrawn_at = now
    await tx.flush()
    body = {"rotation": str(row.id), "layer": row.layer, "from_day": row.from_day.isoformat()}
    await record(tx, Event("roster.rotation_withdrawn", f"roster/{row.roster_id}", now, actor, body))
    await _follow(tx, roster, now, actor)


@dataclass(frozen=True)
class NewOverride:
    kind: str
    layer: str
    starts_at: datetime
    ends_at: datetime
    seat: Seat | None = None
    instead_of: UUID | None = None
    note: str = ""
    despite: bool = False
    """Somebody was told of a gap, or of an earlier change, and means it all the same."""


async def weighed(
    tx: Tx, roster: Roster, given: Sequence[NewOverride], *, now: datetime
) -> tuple[list[Override], Effect]:
    """What several changes at once would do, without making them. Raises as `override`."""
    changes = [_checked(each, now) for each in given]
    await belong(tx, roster.organization_id, [each.seat for each in changes if each.seat], now, "person")
    before = await definition_of(tx, roster, now)
    after = replace(before, overrides=(*before.overrides, *changes))
    span = Span(min(each.starts_at for each in changes), max(each.ends_at for each in changes))
    effect = await effect_of(tx, roster, before, after, span, now)
    if not effect.changes:
        raise Conflict(NOBODY_THERE, code="nobody_there")
    for change, asked in zip(changes, given, strict=True):
        _told(effect, change, before, despite=asked.despite)
    return changes, effect


async def override(tx: Tx, roster_id: UUID, given: NewOverride, *, now: datetime, actor: Actor) -> UUID:
    """A change by hand, from now at the earliest. Raises Invalid naming a field; Conflict with code `leaves_gap` or
    `overlaps` (unless `despite`), `double`, `away` or `nobody_there`."""
    roster = await roster_on_record(tx, roster_id)
    changes, _ = await weighed(tx, roster, [given], now=now)
    written = await write_override(tx, roster_id, changes[0], given.note, now=now, actor=actor)
    await _follow(tx, roster, now, actor)
    return written


async def write_override(
    tx: Tx,
    roster_id: UUID,
    change: Override,
    note: str = "",
    *,
    now: datetime,
    actor: Actor,
    swap_id: UUID | None = None,
) -> UUID:
    """Without a look at what it does, and without the shifts that follow: `weighed` before, `replan` after."""
    row = OverrideRow(
        roster_id=roster_id,
        kind=change.kind,
        layer=change.layer,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        person_id=change.seat.person_id if change.seat else None,
        post_id=change.seat.post_id if change.seat else None,
        instead_of=change.instead_of,
        note=note_checked(note),
        swap_id=swap_id,
        made_at=now,
        made_by=person_of(actor),
    )
    tx.add(row)
    await tx.flush()
    body = {
        "override": str(row.id),
        "kind": row.kind,
        "layer": row.layer,
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "person": str(row.person_id) if row.person_id else None,
        "post": str(row.post_id) if row.post_id else None,
        "instead_of": str(row.instead_of) if row.instead_of else None,
        "swap": str(swap_id) if swap_id else None,
    }
    await record(tx, Event("roster.overridden", f"roster/{roster_id}", now, actor, body, kept_private(row.note)))
    return row.id


async def take_back_override(tx: Tx, override_id: UUID, *, now: datetime, actor: Actor) -> None:
    """What it did up to now stays. Raises NotFound, Conflict."""
    row = await tx.get(OverrideRow, override_id)
    if row is None:
        raise NotFound("This change does not exist.")
    roster = await roster_on_record(tx, row.roster_id)
    if row.ended_at is not None or row.ends_at <= now:
        raise Conflict(OVER)
    row.ended_at = now
    await tx.flush()
    await record(
        tx, Event("roster.override_taken_back", f"roster/{row.roster_id}", now, actor, {"override": str(row.id)})
    )
    await _follow(tx, roster, now, actor)


def _checked(given: NewOverride, now: datetime) -> Override:
    for name, value, known in (("kind", given.kind, OVERRIDE_KINDS), ("layer", given.layer, LAYERS)):
        if value not in known:
            raise Invalid("There is no such choice: %(value)s", field=name, value=value)
    starts_at = max(given.starts_at, now)
    if given.ends_at <= starts_at:
        raise Invalid("A change ends after it begins, and after now.", field="ends_at")
    if given.ends_at - starts_at > REACHES:
        raise Invalid("A shift of more than a month is a mistake.", field="ends_at")
    if (given.kind == "remove") != (given.seat is None):
        raise Invalid("Say who comes; who is only taken out is replaced by nobody.", field="person")
    layer: Layer = given.layer  # type: ignore[assignment]  # checked above
    return Override(given.kind, layer, starts_at, given.ends_at, given.seat, given.instead_of)  # type: ignore[arg-type]  # checked above


def _told(effect: Effect, change: Override, before: Definition, *, despite: bool) -> None:
    if change.seat is not None and any(
        each.person_id == change.seat.person_id and each.starts_at < change.ends_at and change.starts_at < each.ends_at
        for each in before.leaves
    ):
        raise Conflict(AWAY, code="away", field="person")
    if effect.doubles:
        first = effect.doubles[0]
        raise Conflict(
            DOUBLE,
            code="double",
            since=clock_of(max(first.first.starts_at, first.second.starts_at)),
            until=clock_of(min(first.first.ends_at, first.second.ends_at)),
        )
    if despite:
        return
    for earlier in before.overrides:
        if (
            earlier.layer == change.layer
            and earlier.starts_at < change.ends_at
            and change.starts_at < earlier.ends_at
            and change.kind != "add"
        ):
            raise Conflict(
                OVERLAPS, code="overlaps", since=clock_of(earlier.starts_at), until=clock_of(earlier.ends_at)
            )
    if effect.gaps:
        raise Conflict(
            LEAVES_GAP,
            code="leaves_gap",
            since=clock_of(effect.gaps[0].starts_at),
            until=clock_of(effect.gaps[0].ends_at),
        )


async def _follow(tx: Tx, roster: Roster, now: datetime, actor: Actor) -> None:
    await replan(tx, roster.id, now=now, actor=actor)
    if roster.in_place_of is not None:
        await replan(tx, roster.in_place_of, now=now, actor=actor)


def _begun(order: Rotation, now: datetime) -> bool:
    return moment_of(order.from_day, order.starts) <= now
