"""A month's 值班表 taken over from Excel: what it would change is shown first; then all of it, or nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.db import Actor, Tx
from irm.errors import Conflict, FieldError, Invalid, said
from irm.ledger import Event, record
from irm.notify import contacts
from irm.notify.duty import NewShift, add_shifts, remove_shift
from irm.notify.models import ShiftRow
from irm.notify.roster import SHANGHAI, moment_of, span_of
from irm.notify.rosters.checks import roster_on_record
from irm.notify.rosters.definitions import definition_of
from irm.notify.rosters.month_file import MonthFile, Named, read_month
from irm.notify.rosters.rotation import ROLE_OF, Layer
from irm.notify.rosters.service import NOT_A_CLOCK

ROTATES: Final = said(
    "The roster has a rotation for this layer: end it first, or put the month into a temporary schedule."
)
UNKNOWN: Final = "“%(name)s” is neither somebody of this organization nor one of its posts."
SEVERAL: Final = "Several people are called “%(name)s”: write the telephone of the one who is meant."
ANY_DAY: Final = date(2026, 1, 1)


@dataclass(frozen=True)
class Hours:
    """Of a shift of the layer, as the table itself does not say them."""

    starts: str = "08:00"
    ends: str = "08:00"
    night_starts: str = "20:00"
    night_ends: str = "08:00"

    def __post_init__(self) -> None:
        for name in ("starts", "ends", "night_starts", "night_ends"):
            try:
                moment_of(ANY_DAY, getattr(self, name))
            except ValueError:
                raise Invalid(NOT_A_CLOCK, field=name) from None


@dataclass(frozen=True)
class Difference:
    """`comes` or not: a shift that the file brings, or one on record that the file no longer has."""

    day: date
    layer: Layer
    name: str
    comes: bool
    shift: NewShift | UUID


@dataclass(frozen=True)
class Looked:
    """What a file would do; `kept`: shifts that are on record already. `over`: lines of days that have begun."""

    differences: tuple[Difference, ...]
    kept: int
    over: int


async def look(tx: Tx, roster_id: UUID, content: bytes, first: date, *, hours: Hours, now: datetime) -> Looked:
    """Changes nothing. Raises Invalid with each fault at its cell."""
    roster = await roster_on_record(tx, roster_id)
    file = read_month(content, first)
    faults = list(file.faults)
    definition = await definition_of(tx, roster, now)
    rotating = {each.layer for each in definition.rotations if each.turns}
    faults += [FieldError("file", ROTATES) for _ in sorted(rotating & file.columns)]
    wanted, unknown = await _wanted(tx, roster.organization_id, file, hours, now)
    faults += unknown
    if faults:
        raise Invalid("The table could not be taken over.", errors=faults)
    over = sum(1 for each in wanted if each[2].starts_at <= now)
    wanted = [each for each in wanted if each[2].starts_at > now]
    return await _compared(tx, roster_id, file, wanted, over, first, now)


async def take_over(
    tx: Tx, roster_id: UUID, content: bytes, first: date, *, hours: Hours, now: datetime, actor: Actor
) -> Looked:
    """Does what `look` shows. Days that have begun stay as they are."""
    found = await look(tx, roster_id, content, first, hours=hours, now=now)
    for each in found.differences:
        if isinstance(each.shift, UUID):
            await remove_shift(tx, each.shift, now=now, actor=actor)
    new = [each.shift for each in found.differences if isinstance(each.shift, NewShift)]
    if new:
        await add_shifts(tx, roster_id=roster_id, shifts=new, now=now, actor=actor)
    body = {"month": f"{first:%Y-%m}", "added": len(new), "removed": len(found.differences) - len(new)}
    await record(tx, Event("roster.month_taken_over", f"roster/{roster_id}", now, actor, body))
    return found


Wanted = tuple[date, Layer, NewShift, str]


async def _wanted(
    tx: Tx, organization_id: UUID, file: MonthFile, hours: Hours, now: datetime
) -> tuple[list[Wanted], list[FieldError]]:
    members = await access.members(tx, [organization_id], now=now)
    people: dict[str, list[UUID]] = {}
    for each in members:
        people.setdefault(each.person.name, []).append(each.person.id)
    posts = {each.name: each.id for each in await access.posts(tx, organization_ids=[organization_id])}
    reached = await contacts.people(tx, {each.person.id for each in members})
    wanted: list[Wanted] = []
    faults: list[FieldError] = []
    for line in file.lines:
        for layer, names in line.seats.items():
            for named in names:
                person = _person(named, people, line.telephones, reached)
                if isinstance(person, FieldError) and named.name not in posts:
                    faults.append(person)
                    continue
                who = person if isinstance(person, UUID) else None
                span = (
                    span_of(line.day, hours.night_starts, hours.night_ends)
                    if layer == "night"
                    else span_of(line.day, hours.starts, hours.ends)
                )
                post = posts[named.name] if who is None else None
                shift = NewShift(span.starts_at, span.ends_at, who, post, ROLE_OF[layer], layer)
                wanted.append((line.day, layer, shift, named.name))
    return wanted, faults


def _person(
    named: Named, people: dict[str, list[UUID]], numbers: Iterable[str], reached: dict[UUID, contacts.Contact]
) -> UUID | FieldError:
    found = people.get(named.name, [])
    if len(found) > 1:
        plain = {each.replace("-", "") for each in numbers}
        found = [
            each
            for each in found
            if each in reached and plain & {one.address.replace("-", "") for one in reached[each].addresses}
        ] or found
    if len(found) == 1:
        return found[0]
    message = SEVERAL if found else UNKNOWN
    return FieldError(named.cell, message, {"name": named.name})


async def _compared(
    tx: Tx, roster_id: UUID, file: MonthFile, wanted: list[Wanted], over: int, first: date, now: datetime
) -> Looked:
    end = moment_of(date(first.year + first.month // 12, first.month % 12 + 1, 1), "00:00")
    rows = list(
        await tx.scalars(
            select(ShiftRow)
            .where(
                ShiftRow.roster_id == roster_id,
                ShiftRow.origin == "entered",
                ShiftRow.starts_at > now,
                ShiftRow.starts_at >= moment_of(first, "00:00"),
                ShiftRow.starts_at < end,
                ShiftRow.layer.in_(file.columns),
            )
            .order_by(ShiftRow.starts_at, ShiftRow.id)
        )
    )
    if any(row.replaced for row in rows):
        raise Conflict("Leave or changes by hand touch this month: take them back first, then import.", code="replaced")
    known = {(row.layer, row.starts_at, row.ends_at, row.person_id, row.post_id): row for row in rows}
    differences: list[Difference] = []
    kept = 0
    for day, layer, shift, name in wanted:
        if known.pop((layer, shift.starts_at, shift.ends_at, shift.person_id, shift.post_id), None) is not None:
            kept += 1
        else:
            differences.append(Difference(day, layer, name, comes=True, shift=shift))
    names = await access.person_names(tx, {row.person_id for row in known.values() if row.person_id})
    posts = {
        each.id: each.name for each in await access.posts(tx, ids={r.post_id for r in known.values() if r.post_id})
    }
    for row in known.values():
        name = names.get(row.person_id, "") if row.person_id else posts.get(row.post_id, "") if row.post_id else ""
        day = row.starts_at.astimezone(SHANGHAI).date()
        differences.append(Difference(day, row.layer, name, comes=False, shift=row.id))  # type: ignore[arg-type]  # a checked word
    return Looked(tuple(sorted(differences, key=lambda each: (each.day, each.layer, each.comes))), kept, over)
