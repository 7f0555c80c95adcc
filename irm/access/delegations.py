"""Duties are handed over for a time, ended early, and lapse with what they rest on. The rules are `delegating.faults`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update

from irm.access.delegating import Handing, Parties, faults
from irm.access.engagements import refuse_unvetted
from irm.access.models import DelegationRow, MembershipRow, OrganizationRow, PersonRow
from irm.access.policy import Reach, Role
from irm.access.principals import live_membership, own_membership
from irm.access.security import SecurityPolicy
from irm.actor import Actor
from irm.db import Tx, uuid7
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

State = Literal["ahead", "in_force", "over", "ended"]
STATE_NAMES: Final[dict[State, str]] = {
    "ahead": N_("not begun yet"),
    "in_force": N_("in force"),
    "over": N_("over"),
    "ended": N_("ended early"),
}
NONE_SUCH: Final = N_("There is no such hand-over of duties, or it is none of yours.")
IS_OVER: Final = N_("This hand-over of duties is over.")
OVERLAPS: Final = N_("This colleague stands in with this role at that time already.")
NOT_ACCEPTED: Final = N_("The duties were not handed over.")
MOST: Final = 200


@dataclass(frozen=True)
class Delegation:
    id: UUID
    organization_id: UUID
    organization: str
    """Its short name."""
    giver_id: UUID
    giver: str
    taker_id: UUID
    taker: str
    roles: tuple[Role, ...]
    reason: str
    begins_at: datetime
    ends_at: datetime
    """As it was meant."""
    given_at: datetime
    ended_at: datetime | None
    state: State

    @property
    def is_open(self) -> bool:
        return self.state in ("ahead", "in_force")


async def hand_over(
    tx: Tx, of: Handing, organization_id: UUID, *, policy: SecurityPolicy, actor: Actor, now: datetime
) -> UUID:
    """From `begins_at` (a moment that has passed: from now) until `ends_at`, for the systems for which the giver holds them.
    The giver keeps the roles.

    Raises Invalid with every fault, NotFound, and Conflict for a vendor's staff who may not work (`engaging.refusal`).
    """
    organization = await tx.get(OrganizationRow, organization_id)
    if organization is None or organization.retired_at is not None:
        raise NotFound(NONE_SUCH)
    of = Handing(of.giver, of.taker, of.roles, max(of.begins_at, now), of.ends_at, of.reason.strip())
    # Two hand-overs to one person wait for each other here, so that neither overlooks the other.
    await tx.execute(select(PersonRow.id).where(PersonRow.id == of.taker).with_for_update())
    parties = await _parties(tx, of, organization_id, now=now)
    found = faults(of, parties, longest=policy.delegation_longest, now=now)
    if not found and await _overlaps(tx, of, organization_id):
        found = [FieldError("roles", OVERLAPS)]
    if found:
        raise Invalid(NOT_ACCEPTED, errors=found)
    await refuse_unvetted(tx, organization.id, organization.kind, of.taker, now=now)
    row = DelegationRow(
        id=uuid7(),
        organization_id=organization_id,
        giver_id=of.giver,
        taker_id=of.taker,
        reason=of.reason,
        begins_at=of.begins_at,
        ends_at=of.ends_at,
        given_at=now,
    )
    tx.add(row)
    await tx.flush()
    within = await _systems(tx, of.giver, organization_id, now=now)
    tx.add_all(
        MembershipRow(
            person_id=of.taker,
            organization_id=organization_id,
            role=role.value,
            since=of.begins_at,
            until=of.ends_at,
            delegation_id=row.id,
            system_ids=within[role],
        )
        for role in sorted(of.roles)
    )
    await tx.flush()
    body: dict[str, Any] = {
        "delegation": str(row.id),
        "organization": str(organization_id),
        "giver": str(of.giver),
        "taker": str(of.taker),
        "roles": sorted(role.value for role in of.roles),
        "begins_at": of.begins_at.isoformat(),
        "ends_at": of.ends_at.isoformat(),
    }
    limits = {role.value: [str(one) for one in within[role] or ()] for role in sorted(of.roles) if within[role]}
    if limits:
        body["systems"] = limits
    await record(tx, Event("delegation.given", f"delegation/{row.id}", now, actor, body, {"reason": of.reason}))
    return row.id


async def end(tx: Tx, delegation_id: UUID, *, by: UUID | None, any_of: bool, actor: Actor, now: datetime) -> None:
    """Before its time, by either of the two; with `any_of` (the security administrator, the command line) by anybody.

    Raises NotFound for whom it does not concern, Conflict when it is over.
    """
    row = await tx.get(DelegationRow, delegation_id, with_for_update=True)
    if row is None or not (any_of or by in (row.giver_id, row.taker_id)):
        raise NotFound(NONE_SUCH)
    if row.ended_at is not None or row.ends_at <= now:
        raise Conflict(IS_OVER)
    await _end(tx, row, by=by, why="ended", actor=actor, now=now)


async def lapse(tx: Tx, person_id: UUID, organization_id: UUID, role: Role, *, actor: Actor, now: datetime) -> None:
    """`person_id` holds `role` there no more: it stands in nobody's hands by him, and without any role of their own
    nobody stands in for a colleague. Called after the role has ended."""
    rows = await tx.scalars(
        select(DelegationRow)
        .where(
            DelegationRow.organization_id == organization_id,
            or_(DelegationRow.giver_id == person_id, DelegationRow.taker_id == person_id),
            DelegationRow.ended_at.is_(None),
            DelegationRow.ends_at > now,
        )
        .order_by(DelegationRow.id)
        .with_for_update()
    )
    open_rows = list(rows)
    if not open_rows:
        return
    remains = bool(await _own_roles(tx, person_id, organization_id, now=now))
    roles = await _roles(tx, [row.id for row in open_rows])
    for row in open_rows:
        gave_it = row.giver_id == person_id and role in roles.get(row.id, ())
        if gave_it or (row.taker_id == person_id and not remains):
            await _end(tx, row, by=None, why="lapsed", actor=actor, now=now)


async def delegations(
    tx: Tx,
    *,
    now: datetime,
    person_id: UUID | None = None,
    within: Reach | None = None,
    only: UUID | None = None,
    is_open: bool = False,
) -> list[Delegation]:
    """Newest first, at most `MOST`: given or taken by one person, of the organizations `within` reach, or one alone.

    `is_open`: without what is over.
    """
    which = select(DelegationRow).order_by(DelegationRow.id.desc()).limit(MOST)
    if person_id is not None:
        which = which.where(or_(DelegationRow.giver_id == person_id, DelegationRow.taker_id == person_id))
    if within is not None and not within.everything:
        which = which.where(DelegationRow.organization_id.in_(within.organizations))
    if only is not None:
        which = which.where(DelegationRow.id == only)
    if is_open:
        which = which.where(and_(DelegationRow.ended_at.is_(None), DelegationRow.ends_at > now))
    rows = list(await tx.scalars(which))
    roles = await _roles(tx, [row.id for row in rows])
    people = {person for row in rows for person in (row.giver_id, row.taker_id)}
    found = await tx.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(people)))
    names = {row.id: row.name for row in found}
    places = await tx.execute(
        select(OrganizationRow.id, OrganizationRow.short_name).where(
            OrganizationRow.id.in_({row.organization_id for row in rows})
        )
    )
    called = {row.id: row.short_name for row in places}
    return [
        Delegation(
            row.id,
            row.organization_id,
            called[row.organization_id],
            row.giver_id,
            names[row.giver_id],
            row.taker_id,
            names[row.taker_id],
            tuple(sorted(roles.get(row.id, ()))),
            row.reason,
            row.begins_at,
            row.ends_at,
            row.given_at,
            row.ended_at,
            _state(row, now),
        )
        for row in rows
    ]


async def delegation(tx: Tx, delegation_id: UUID, *, now: datetime) -> Delegation:
    """Raises NotFound."""
    found = await delegations(tx, now=now, only=delegation_id)
    if not found:
        raise NotFound(NONE_SUCH)
    return found[0]


async def giver_names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """By hand-over, for whom somebody acted: what an entry that names it says (代 …)."""
    if not ids:
        return {}
    rows = await tx.execute(
        select(DelegationRow.id, PersonRow.name)
        .join(PersonRow, PersonRow.id == DelegationRow.giver_id)
        .where(DelegationRow.id.in_(ids))
    )
    return {row.id: row.name for row in rows}


async def standing_in_for(tx: Tx, people: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Who stands in for one of these people now: whom to leave out where one of them may not decide."""
    found = await tx.scalars(select(DelegationRow.taker_id).where(DelegationRow.giver_id.in_(people), _runs(now)))
    return set(found)


async def has_duties_of(tx: Tx, person_id: UUID, *, now: datetime) -> set[UUID]:
    """The people for whom this one stands in now."""
    found = await tx.scalars(select(DelegationRow.giver_id).where(DelegationRow.taker_id == person_id, _runs(now)))
    return set(found)


def _runs(now: datetime) -> ColumnElement[bool]:
    return and_(
        DelegationRow.begins_at <= now,
        DelegationRow.ends_at > now,
        or_(DelegationRow.ended_at.is_(None), DelegationRow.ended_at > now),
    )


async def own_roles(tx: Tx, person_id: UUID, *, now: datetime, unlimited: bool = False) -> dict[UUID, frozenset[Role]]:
    """By organization: what the person could hand over, administrators' roles among it. `unlimited`: without what is held
    for named systems only."""
    which = select(MembershipRow.organization_id, MembershipRow.role).where(
        MembershipRow.person_id == person_id, own_membership(), live_membership(now)
    )
    rows = await tx.execute(which.where(MembershipRow.system_ids.is_(None)) if unlimited else which)
    found: dict[UUID, frozenset[Role]] = {}
    for organization_id, role in rows:
        found[organization_id] = found.get(organization_id, frozenset()) | {Role(role)}
    return found


async def _parties(tx: Tx, of: Handing, organization_id: UUID, *, now: datetime) -> Parties:
    takers = await own_roles(tx, of.taker, now=now)
    return Parties(
        giver_holds=await _own_roles(tx, of.giver, organization_id, now=now),
        taker_holds=takers.get(organization_id, frozenset()),
        taker_holds_anywhere=frozenset(role for roles in takers.values() for role in roles),
    )


async def _own_roles(tx: Tx, person_id: UUID, organization_id: UUID, *, now: datetime) -> frozenset[Role]:
    return (await own_roles(tx, person_id, now=now)).get(organization_id, frozenset())


async def _systems(tx: Tx, giver: UUID, organization_id: UUID, *, now: datetime) -> dict[Role, list[UUID] | None]:
    """For which systems the giver holds each role himself; None: for all. Nobody hands over more than he has."""
    rows = await tx.execute(
        select(MembershipRow.role, MembershipRow.system_ids).where(
            MembershipRow.person_id == giver,
            MembershipRow.organization_id == organization_id,
            own_membership(),
            live_membership(now),
        )
    )
    return {Role(role): systems for role, systems in rows}


async def _overlaps(tx: Tx, of: Handing, organization_id: UUID) -> bool:
    """Whether one of the roles is lent to the taker at that time already: two givers of one role would be one too many
    to name."""
    found = await tx.scalar(
        select(MembershipRow.id)
        .where(
            MembershipRow.person_id == of.taker,
            MembershipRow.organization_id == organization_id,
            MembershipRow.role.in_([role.value for role in of.roles]),
            MembershipRow.delegation_id.is_not(None),
            MembershipRow.since < of.ends_at,
            MembershipRow.until > of.begins_at,
        )
        .limit(1)
    )
    return found is not None


async def _roles(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[Role]]:
    rows = await tx.execute(
        select(MembershipRow.delegation_id, MembershipRow.role).where(MembershipRow.delegation_id.in_(ids))
    )
    found: dict[UUID, list[Role]] = {}
    for delegation_id, role in rows:
        if delegation_id is not None:
            found.setdefault(delegation_id, []).append(Role(role))
    return found


async def _end(
    tx: Tx, row: DelegationRow, *, by: UUID | None, why: Literal["ended", "lapsed"], actor: Actor, now: datetime
) -> None:
    row.ended_at, row.ended_by = now, by
    await tx.flush()
    await tx.execute(
        update(MembershipRow)
        .where(MembershipRow.delegation_id == row.id)
        .values(until=max(now, row.begins_at))
        .execution_options(synchronize_session=False)
    )
    body = {
        "delegation": str(row.id),
        "organization": str(row.organization_id),
        "giver": str(row.giver_id),
        "taker": str(row.taker_id),
        "why": why,
    }
    await record(tx, Event("delegation.ended", f"delegation/{row.id}", now, actor, body))


def _state(row: DelegationRow, now: datetime) -> State:
    if row.ended_at is not None:
        return "ended"
    if now >= row.ends_at:
        return "over"
    return "ahead" if now < row.begins_at else "in_force"
