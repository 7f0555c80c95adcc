"""Rosters on record: reading who is on duty, writing rosters and shifts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from irm.access import queries as access
from irm.access.policy import REGULATORS
from irm.db import Actor, Tx
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.ledger import Event, record
from irm.notify import contacts
from irm.notify.contacts import Contact
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.roster import ROLE_ORDER, NobodyOnDuty, OnDuty, Shift, on_duty
from irm.notify.rosters.planning import follows_rules, replan
from irm.notify.rosters.rotation import Layer

LOOK_AHEAD: Final = timedelta(days=31)
"""How far "on duty again from" looks for the next shift."""
LONGEST_SHIFT: Final = timedelta(days=31)
LONGEST_NAME: Final = 100
LAYER_OF: Final[dict[str, Layer]] = {"primary": "day", "backup": "backup", "leader": "leader"}
"""At which seat somebody sits who was entered by role."""


@dataclass(frozen=True)
class OnShift:
    """One of those on duty with a telephone to call: the person's own, else the post's."""

    shift: Shift
    person: Contact | None
    post: Contact | None

    @property
    def name(self) -> str:
        return self.person.name if self.person else (self.post.name if self.post else "")

    @property
    def telephone(self) -> str | None:
        own = self.person.telephone if self.person else None
        return own or (self.post.telephone if self.post else None)

    @property
    def is_reachable(self) -> bool:
        """There is an address that rings, or a number to dial."""
        return any(
            each.channel != "in_app" for holder in (self.person, self.post) if holder for each in holder.addresses
        )


@dataclass(frozen=True)
class Duty:
    """Who is on duty in one organization at a moment; `state` is the pure answer."""

    organization: access.Organization
    state: OnDuty | NobodyOnDuty
    on_shift: tuple[OnShift, ...]
    has_roster: bool

    @property
    def is_manned(self) -> bool:
        """Somebody is at the desk or stands by for it. A leader alone is called, but the desk is empty."""
        return isinstance(self.state, OnDuty) and self.state.is_manned

    @property
    def called(self) -> tuple[OnShift, ...]:
        """Those who are called first."""
        called = self.state.called if isinstance(self.state, OnDuty) else ()
        return tuple(each for each in self.on_shift if each.shift in called)

    @property
    def leaders(self) -> tuple[OnShift, ...]:
        """带班领导 of this moment; empty where the roster names none, or one who sits at the desk himself."""
        return tuple(each for each in self.on_shift if each.shift.role == "leader")

    @property
    def why_nobody(self) -> str | None:
        """A word of `words.WHY_NOBODY`; None: the desk is manned."""
        if isinstance(self.state, OnDuty):
            return None if self.is_manned else "only_leader"
        return self.state.reason if self.has_roster else "no_roster"


@dataclass(frozen=True)
class NewShift:
    """At least one of person and post; `role` primary or backup; moments aware."""

    starts_at: datetime
    ends_at: datetime
    person_id: UUID | None = None
    post_id: UUID | None = None
    role: str = "primary"
    layer: Layer | None = None
    """None: the seat that goes with the role."""


async def duty_at(tx: Tx, organization_ids: Collection[UUID], at: datetime) -> dict[UUID, Duty]:
    """By organization, for every id of an organization in use; one without roster has `has_roster` false and nobody on duty."""
    desks = await access.organizations(tx, ids=organization_ids)
    shifts = await shifts_between(tx, organization_ids, at, at + LOOK_AHEAD)
    with_roster = set(
        await tx.scalars(
            select(RosterRow.organization_id).where(
                RosterRow.organization_id.in_(organization_ids), RosterRow.retired_at.is_(None)
            )
        )
    )
    everybody = [shift for each in shifts.values() for shift in each]
    named = {shift.person_id for shift in everybody if shift.person_id}
    people = await contacts.people(tx, named)
    posts = await contacts.posts(tx, {shift.post_id for shift in everybody if shift.post_id})
    retired = named - people.keys()
    found: dict[UUID, Duty] = {}
    for desk in desks:
        state = on_duty(shifts.get(desk.id, ()), at, retired=retired)
        serving = state.shifts if isinstance(state, OnDuty) else ()
        found[desk.id] = Duty(
            desk,
            state,
            tuple(
                OnShift(
                    shift,
                    people.get(shift.person_id) if shift.person_id else None,
                    posts.get(shift.post_id) if shift.post_id else None,
                )
                for shift in serving
            ),
            desk.id in with_roster,
        )
    return found


async def shifts_between(
    tx: Tx, organization_ids: Collection[UUID], since: datetime, until: datetime
) -> dict[UUID, tuple[Shift, ...]]:
    """Shifts that touch [since, until), by organization, in the order of their start."""
    rows = await tx.execute(
        select(RosterRow.organization_id, ShiftRow)
        .join(ShiftRow, ShiftRow.roster_id == RosterRow.id)
        .where(
            RosterRow.organization_id.in_(organization_ids),
            RosterRow.retired_at.is_(None),
            ShiftRow.replaced.is_(False),
            ShiftRow.ends_at > since,
            ShiftRow.starts_at < until,
        )
        .order_by(ShiftRow.starts_at, ShiftRow.id)
    )
    found: dict[UUID, tuple[Shift, ...]] = {}
    for organization_id, row in rows.all():
        found[organization_id] = (*found.get(organization_id, ()), _shift(row))
    return found


async def last_coming(tx: Tx, at: datetime) -> datetime | None:
    """When somebody last came on duty anywhere, not after `at`; None where nobody did within the longest shift."""
    found: datetime | None = await tx.scalar(
        select(func.max(ShiftRow.starts_at))
        .join(RosterRow, RosterRow.id == ShiftRow.roster_id)
        .where(
            RosterRow.retired_at.is_(None),
            ShiftRow.replaced.is_(False),
            ShiftRow.starts_at <= at,
            ShiftRow.starts_at > at - LONGEST_SHIFT,
        )
    )
    return found


async def paged_organizations(tx: Tx) -> list[access.Organization]:
    """Those that somebody may have to reach through a roster: all that work in irm but regulators, whom nobody pages,
    and whoever keeps a roster all the same."""
    kept = set(await organizations_with_roster(tx))
    return [
        desk
        for desk in await access.organizations(tx)
        if desk.id in kept or (desk.joined and desk.kind not in REGULATORS)
    ]


async def organizations_with_roster(tx: Tx) -> list[UUID]:
    return list(await tx.scalars(select(RosterRow.organization_id).where(RosterRow.retired_at.is_(None)).distinct()))


async def create_roster(tx: Tx, *, organization_id: UUID, name: str, now: datetime, actor: Actor) -> UUID:
    """Raises Conflict when the organization has one of that name."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or "\x00" in name:
        raise Invalid("A name of 1 to %(n)s characters is needed.", field="name", n=LONGEST_NAME)
    row = RosterRow(organization_id=organization_id, name=name)
    try:
        async with tx.begin_nested():
            tx.add(row)
    except IntegrityError as error:
        constraint = getattr(error.orig.__cause__, "constraint_name", None) if error.orig else None
        if constraint == "uq_roster_organization_name":
            raise Conflict("This organization has a roster of that name.", field="name") from error
        raise NotFound("This organization does not exist.", field="organization") from error
    body = {"organization": str(organization_id)}
    await record(tx, Event("roster.created", f"roster/{row.id}", now, actor, body, {"name": name}))
    return row.id


async def add_shifts(tx: Tx, *, roster_id: UUID, shifts: Sequence[NewShift], now: datetime, actor: Actor) -> list[UUID]:
    """All or none. Raises Invalid naming each wrong line (`shifts.3.ends_at`). Overlaps are allowed: hand-overs do."""
    if await tx.get(RosterRow, roster_id) is None:
        raise NotFound("This roster does not exist.")
    errors = [error for index, shift in enumerate(shifts) for error in _faults(index, shift)]
    if errors:
        raise Invalid("The roster could not be read.", errors=errors)
    rows = [
        ShiftRow(
            roster_id=roster_id,
            person_id=shift.person_id,
            post_id=shift.post_id,
            starts_at=shift.starts_at,
            ends_at=shift.ends_at,
            role=shift.role,
            layer=shift.layer or LAYER_OF[shift.role],
        )
        for shift in shifts
    ]
    try:
        async with tx.begin_nested():
            tx.add_all(rows)
    except IntegrityError as error:
        raise Invalid("A person or post of the roster does not exist.", field="shifts") from error
    body: Mapping[str, Any] = {"shifts": len(rows)}
    if rows:
        body = {
            **body,
            "since": min(row.starts_at for row in rows).isoformat(),
            "until": max(row.ends_at for row in rows).isoformat(),
        }
    await record(tx, Event("roster.shifts_added", f"roster/{roster_id}", now, actor, body))
    if await follows_rules(tx, roster_id):
        await replan(tx, roster_id, now=now, actor=actor)
    return [row.id for row in rows]


async def remove_shift(tx: Tx, shift_id: UUID, *, now: datetime, actor: Actor) -> None:
    """What has begun stays on record: it ends now instead of vanishing."""
    row = await tx.scalar(select(ShiftRow).where(ShiftRow.id == shift_id).with_for_update())
    if row is None:
        raise NotFound("This shift does not exist.")
    if row.origin != "entered" or row.replaced:
        raise Conflict("This shift follows from a rotation: change it by an override.")
    body = {"shift": str(row.id), "starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}
    if row.ends_at <= now:
        raise Conflict("This shift is over.")
    if row.starts_at < now:
        row.ends_at = now
    else:
        await tx.delete(row)
    await record(tx, Event("roster.shift_removed", f"roster/{row.roster_id}", now, actor, body))


def _shift(row: ShiftRow) -> Shift:
    return Shift(row.id, row.person_id, row.post_id, row.starts_at, row.ends_at, row.role, row.layer)  # type: ignore[arg-type]  # a checked word


def _faults(index: int, shift: NewShift) -> Iterable[FieldError]:
    if shift.starts_at.tzinfo is None or shift.ends_at.tzinfo is None:
        yield FieldError(f"shifts.{index}.starts_at", "A moment needs its zone.")
        return
    if shift.ends_at <= shift.starts_at:
        yield FieldError(f"shifts.{index}.ends_at", "A shift ends after it starts.")
    elif shift.ends_at - shift.starts_at > LONGEST_SHIFT:
        yield FieldError(f"shifts.{index}.ends_at", "A shift of more than a month is a mistake.")
    if shift.person_id is None and shift.post_id is None:
        yield FieldError(f"shifts.{index}.person", "A shift needs a person or a post.")
    if shift.role not in ROLE_ORDER:
        yield FieldError(f"shifts.{index}.role", "The role is primary, backup or leader.")
