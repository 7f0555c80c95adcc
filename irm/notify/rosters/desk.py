"""An organization's rosters as whoever keeps them sees them: orders, changes by hand, leave, temporary schedules, people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Invalid
from irm.i18n import N_
from irm.notify.rosters.definitions import Roster, rosters_of, rotation_of
from irm.notify.rosters.models import LeaveRow, OverrideRow, RotationRow
from irm.notify.rosters.rotation import Rotation, Seat

LAYER_NAMES: Final[dict[str, str]] = {
    "day": N_("Duty officer"),
    "night": N_("Night duty"),
    "backup": N_("Standing by"),
    "leader": N_("Leader of the duty"),
}
DAYS_NAMES: Final[dict[str, str]] = {
    "all": N_("Every day"),
    "working": N_("Working days"),
    "rest": N_("Days of rest"),
}
UNIT_NAMES: Final[dict[str, str]] = {"day": N_("days"), "week": N_("weeks"), "month": N_("months")}
KIND_NAMES: Final[dict[str, str]] = {
    "add": N_("Comes besides"),
    "remove": N_("Is taken out"),
    "replace": N_("Takes the place"),
}
SEPARATORS: Final = "、,，;；"


@dataclass(frozen=True)
class Order:
    """`state`: `now`, `later` or `over`; of an order without turns the layer is not served."""

    id: UUID
    rotation: Rotation
    names: tuple[tuple[str, ...], ...]
    state: str


@dataclass(frozen=True)
class Change:
    id: UUID
    kind: str
    layer: str
    starts_at: datetime
    ends_at: datetime
    name: str
    instead_of: str
    note: str


@dataclass(frozen=True)
class Away:
    id: UUID
    person_id: UUID
    name: str
    substitute: str
    starts_at: datetime
    ends_at: datetime
    note: str


@dataclass(frozen=True)
class RosterDesk:
    roster: Roster
    orders: tuple[Order, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Desk:
    """`people`: those who may serve, by id."""

    organization: access.Organization
    rosters: tuple[RosterDesk, ...]
    leave: tuple[Away, ...]
    people: dict[UUID, str]
    posts: dict[UUID, str]


async def desk_of(tx: Tx, organization: access.Organization, now: datetime) -> Desk:
    """What holds now or later; what is over stands in the ledger and in the months."""
    people = {each.person.id: each.person.name for each in await access.members(tx, [organization.id], now=now)}
    posts = {each.id: each.name for each in await access.posts(tx, organization_ids=[organization.id])}
    rosters = await rosters_of(tx, organization.id)
    rotations = list(
        await tx.scalars(
            select(RotationRow)
            .where(RotationRow.roster_id.in_([each.id for each in rosters]), RotationRow.withdrawn_at.is_(None))
            .order_by(RotationRow.layer, RotationRow.days, RotationRow.from_day, RotationRow.made_at)
        )
    )
    changes = list(
        await tx.scalars(
            select(OverrideRow)
            .where(
                OverrideRow.roster_id.in_([each.id for each in rosters]),
                OverrideRow.ends_at > now,
                OverrideRow.ended_at.is_(None),
            )
            .order_by(OverrideRow.starts_at, OverrideRow.id)
        )
    )
    away = list(
        await tx.scalars(
            select(LeaveRow)
            .where(LeaveRow.organization_id == organization.id, LeaveRow.ends_at > now, LeaveRow.ended_at.is_(None))
            .order_by(LeaveRow.starts_at, LeaveRow.id)
        )
    )
    named = {seat.person_id for row in rotations for group in rotation_of(row).turns for seat in group}
    named |= {each for row in changes for each in (row.person_id, row.instead_of)}
    named |= {each for row in away for each in (row.person_id, row.substitute_id)}
    names = {**await access.person_names(tx, {each for each in named if each}), **posts}
    return Desk(
        organization,
        tuple(
            RosterDesk(
                roster,
                _orders([row for row in rotations if row.roster_id == roster.id], names, now),
                tuple(_change(row, names) for row in changes if row.roster_id == roster.id),
            )
            for roster in rosters
        ),
        tuple(
            Away(
                row.id,
                row.person_id,
                names.get(row.person_id, ""),
                names.get(row.substitute_id, "") if row.substitute_id else "",
                row.starts_at,
                row.ends_at,
                row.note,
            )
            for row in away
        ),
        people,
        posts,
    )


async def seats_named(
    tx: Tx, organization_id: UUID, lines: Sequence[str], now: datetime, field: str
) -> tuple[tuple[Seat, ...], ...]:
    """A turn a line, several people in it separated by 、: by name, login, or the name of a post.

    Raises Invalid naming `field` for who is not there, or whose name two people bear.
    """
    members = await access.members(tx, [organization_id], now=now)
    by_name: dict[str, set[UUID]] = {}
    for each in members:
        by_name.setdefault(each.person.name, set()).add(each.person.id)
    for account in await access.accounts(tx, now=now):
        if account.person_id in {each.person.id for each in members}:
            by_name.setdefault(account.login, set()).add(account.person_id)
    posts = {each.name: each.id for each in await access.posts(tx, organization_ids=[organization_id])}

    def seat(name: str) -> Seat:
        people = by_name.get(name, set())
        if len(people) > 1:
            raise Invalid("Two people are called %(name)s: write the login.", field=field, name=name)
        if people:
            return Seat(next(iter(people)))
        if name in posts:
            return Seat(None, posts[name])
        raise Invalid("%(name)s is neither somebody of this organization nor one of its posts.", field=field, name=name)

    return tuple(tuple(seat(name) for name in names) for line in lines if (names := _names(line)))


def _names(line: str) -> list[str]:
    for sign in SEPARATORS:
        line = line.replace(sign, "\n")
    return [each.strip() for each in line.split("\n") if each.strip()]


def _orders(rows: Iterable[RotationRow], names: dict[UUID, str], now: datetime) -> tuple[Order, ...]:
    """Those in force, one a strand, and those to come."""
    found: list[Order] = []
    today = now.astimezone(SHANGHAI).date()
    for row in rows:
        rotation = rotation_of(row)
        state = "now" if row.from_day <= today else "later"
        order = Order(
            row.id, rotation, tuple(tuple(_name(each, names) for each in group) for group in rotation.turns), state
        )
        if state == "now":
            found = [each for each in found if not (each.state == "now" and each.rotation.strand == rotation.strand)]
        else:  # of two for the same day the later one holds
            found = [each for each in found if not _is(each, rotation)]
        found.append(order)
    return tuple(each for each in found if each.rotation.turns or each.state == "later")


def _is(each: Order, rotation: Rotation) -> bool:
    return each.rotation.strand == rotation.strand and each.rotation.from_day == rotation.from_day


def _name(seat: Seat, names: dict[UUID, str]) -> str:
    return names.get(seat.person_id or seat.post_id or UUID(int=0), "")


def _change(row: OverrideRow, names: dict[UUID, str]) -> Change:
    who = row.person_id or row.post_id
    return Change(
        row.id,
        row.kind,
        row.layer,
        row.starts_at,
        row.ends_at,
        names.get(who, "") if who else "",
        names.get(row.instead_of, "") if row.instead_of else "",
        row.note,
    )
