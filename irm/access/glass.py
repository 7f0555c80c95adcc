"""应急启权: roles are taken for a short time, end by themselves or early, and are judged afterwards. Rules: `breaking.py`."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import func, or_, select, update

from irm import jobs
from irm.access.breaking import GlassPolicy, Offer, chosen, faults, glass_policy
from irm.access.engagements import refuse_unvetted
from irm.access.glass_models import BreakGlassRow
from irm.access.glass_offers import offered, opened, to_tell
from irm.access.models import MembershipRow, OrganizationRow, PersonRow
from irm.access.policy import Permission, Principal, Role, may
from irm.access.queries import Person, members, people
from irm.access.second import reader
from irm.access.seconds import authorities_over, refuse_no_second
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, LedgerEntryRow, record

END: Final = "access.end_break_glass"
ASK_FOR_REVIEW: Final = "access.ask_for_glass_review"
State = Literal["running", "to_review", "late", "justified", "not_justified"]
STATE_NAMES: Final[Mapping[State, str]] = {
    "running": N_("break-glass in force"),
    "to_review": N_("to be reviewed"),
    "late": N_("review overdue"),
    "justified": N_("justified"),
    "not_justified": N_("not justified"),
}
NONE_SUCH: Final = N_("There is no such break-glass, or it is not yours to see.")
NOT_ACCEPTED: Final = N_("The role was not taken.")
NO_PROGRAM: Final = N_("A person takes a role, signed in; a program never does.")
IS_OVER: Final = N_("It is over already.")
STILL_RUNS: Final = N_("It is still in force. End it first; it is reviewed afterwards.")
REVIEWED: Final = N_("It was reviewed already.")
NOT_ONESELF: Final = N_("Whoever took the role does not review it.")
SAY_WHY: Final = N_("Say why it was justified, or why not.")
TOO_LONG: Final = N_("At most %(most)s characters, please.")
LONGEST_REVIEW: Final = 2000
MOST: Final = 200


@dataclass(frozen=True)
class Glass:
    id: UUID
    organization_id: UUID
    organization: str
    """Its short name."""
    person_id: UUID
    person: str
    role: Role
    reason: str
    taken_at: datetime
    ends_at: datetime
    """As it was meant, or when it ended early."""
    review_by: datetime
    reviewed_at: datetime | None
    reviewer: str
    review: str
    state: State


async def take(
    tx: Tx,
    principal: Principal,
    organization_id: UUID,
    role: Role,
    *,
    reason: str,
    now: datetime,
    policy: GlassPolicy | None = None,
) -> UUID:
    """From now, for as long as the city's rules say. Raises Invalid naming the field, Forbidden for a program, Conflict
    for a vendor's staff who may not work."""
    if principal.scopes is not None:
        raise Forbidden(NO_PROGRAM)
    policy = policy or glass_policy()
    await _be_alone(tx, principal.person_id)
    offer = chosen(await offered(tx, principal, now=now, policy=policy), organization_id, role)
    if offer is not None and await _holds(tx, principal.person_id, offer, now=now):
        offer = None
    found = faults(offer, reason)
    if offer is None or found:
        raise Invalid(NOT_ACCEPTED, errors=found)
    place = await tx.get_one(OrganizationRow, organization_id)
    await refuse_unvetted(tx, place.id, place.kind, principal.person_id, now=now)
    ends_at = now + offer.lasts
    row = BreakGlassRow(
        id=uuid7(),
        organization_id=organization_id,
        person_id=principal.person_id,
        role=role.value,
        reason=reason.strip(),
        taken_at=now,
        ends_at=ends_at,
        review_by=ends_at + policy.review_within,
    )
    tx.add(row)
    await tx.flush()
    tx.add(
        MembershipRow(
            person_id=principal.person_id,
            organization_id=organization_id,
            role=role.value,
            since=now,
            until=ends_at,
            glass_id=row.id,
        )
    )
    await tx.flush()
    await jobs.schedule(tx, END, {"glass": str(row.id)}, run_at=row.ends_at, key=f"{END}:{row.id}")
    await jobs.schedule(
        tx, ASK_FOR_REVIEW, {"glass": str(row.id)}, run_at=row.review_by, key=f"{ASK_FOR_REVIEW}:{row.id}"
    )
    told = await to_tell(tx, organization_id, role, principal.person_id, now=now)
    more = {"ends_at": ends_at.isoformat(), "told": sorted(str(one.id) for one in told)}
    await _record(tx, "break_glass.taken", row, principal.actor, now, more, {"reason": row.reason})
    return row.id


async def end(tx: Tx, glass_id: UUID, *, by: Principal, now: datetime) -> None:
    """Before its time: by whoever took it, a reviewer, or the security administrator. Raises NotFound, Conflict."""
    row = await _locked(tx, glass_id)
    own = row.person_id == by.person_id and by.scopes is None
    if not (own or may_review(by, row.organization_id) or may(by, Permission.MANAGE_ROLES)):
        raise NotFound(NONE_SUCH)
    if row.ended_at is not None or row.ends_at <= now:
        raise Conflict(IS_OVER)
    await _end(tx, row, by=by.person_id, why="ended", actor=by.actor, at=now, now=now)


async def end_in_time(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """Job: its time is over. The role has ended by itself; the record says so."""
    row = await _locked(tx, UUID(args["glass"]))
    if row.ended_at is None and row.ends_at <= now:
        await _end(tx, row, by=None, why="over", actor=SYSTEM, at=row.ends_at, now=now)


async def lapse(tx: Tx, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The person's own roles have changed: what was taken and rests on none of them any more ends with it."""
    await _be_alone(tx, person_id)
    which = (
        select(BreakGlassRow)
        .where(BreakGlassRow.person_id == person_id, BreakGlassRow.ended_at.is_(None), BreakGlassRow.ends_at > now)
        .order_by(BreakGlassRow.id)
        .with_for_update()
    )
    rows = list(await tx.scalars(which))
    left = await opened(tx, person_id, {}, glass_policy(), now=now) if rows else []
    for row in rows:
        if chosen(left, row.organization_id, Role(row.role)) is None:
            await _end(tx, row, by=None, why="lapsed", actor=actor, at=now, now=now)


async def ask_for_review(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:
    """Job: nobody has reviewed it in time; whoever hears `break_glass.unreviewed` says so loudly."""
    row = await _locked(tx, UUID(args["glass"]))
    if row.reviewed_at is None:
        told = await reviewers(tx, row.organization_id, row.person_id, now=now)
        more = {"told": sorted(str(one.id) for one in told)}
        await _record(tx, "break_glass.unreviewed", row, SYSTEM, now, more)


async def review(tx: Tx, glass_id: UUID, *, justified: bool, reason: str, by: Principal, now: datetime) -> None:
    """Afterwards, by the audit administrator or the head, who is another person. Raises NotFound, Forbidden, Conflict,
    Invalid naming `review`."""
    row = await _locked(tx, glass_id)
    if not (may_review(by, row.organization_id) or by.person_id == row.person_id):
        raise NotFound(NONE_SUCH)
    await refuse_no_second(tx, [row.person_id], reader(by), Permission.READ_LEDGER, why=NOT_ONESELF, now=now)
    if row.ended_at is None and row.ends_at > now:
        raise Conflict(STILL_RUNS)
    if row.reviewed_at is not None:
        raise Conflict(REVIEWED)
    words = reason.strip()
    if not words:
        raise Invalid(SAY_WHY, field="review")
    if len(words) > LONGEST_REVIEW:
        raise Invalid(TOO_LONG, field="review", most=LONGEST_REVIEW)
    row.reviewed_at, row.reviewed_by, row.justified, row.review = now, by.person_id, justified, words
    await tx.flush()
    await jobs.cancel(tx, key=f"{ASK_FOR_REVIEW}:{row.id}")
    await _record(tx, "break_glass.reviewed", row, by.actor, now, {"justified": justified}, {"review": words})


def may_review(principal: Principal, organization_id: UUID) -> bool:
    """The audit administrator, and whoever heads the organization, signed in: a token that reads the ledger judges nothing.
    That it is another person is asked beside it."""
    if principal.scopes is not None:
        return False
    heads = Role.UNIT_HEAD in principal.memberships.get(organization_id, frozenset())
    return heads or may(principal, Permission.READ_LEDGER)


async def reviewers(tx: Tx, organization_id: UUID, taker: UUID, *, now: datetime) -> list[Person]:
    authorities = await authorities_over(tx, organization_id)
    found = [
        one.person
        for one in await members(tx, [organization_id, *authorities], now=now)
        if (one.organization_id == organization_id and Role.UNIT_HEAD in one.roles)
        or Role.AUDIT_ADMINISTRATOR in one.roles
    ]
    return list({one.id: one for one in found if one.id != taker}.values())


async def glasses(
    tx: Tx,
    *,
    now: datetime,
    only: UUID | None = None,
    person_id: UUID | None = None,
    organizations_: Collection[UUID] | None = None,
    is_open: bool = False,
) -> list[Glass]:
    """Newest first, at most `MOST`. `person_id` or `organizations_`: taken by that person, or in one of these; neither: all.
    `is_open`: those that run or are not reviewed yet."""
    which = select(BreakGlassRow).order_by(BreakGlassRow.id.desc()).limit(MOST)
    if only is not None:
        which = which.where(BreakGlassRow.id == only)
    if organizations_ is not None:
        which = which.where(
            or_(BreakGlassRow.person_id == person_id, BreakGlassRow.organization_id.in_(organizations_))
        )
    elif person_id is not None:
        which = which.where(BreakGlassRow.person_id == person_id)
    if is_open:
        which = which.where(BreakGlassRow.reviewed_at.is_(None))
    rows = list(await tx.scalars(which))
    if not rows:
        return []
    named = await people(tx, {one for row in rows for one in (row.person_id, row.reviewed_by) if one is not None})
    places = await tx.execute(
        select(OrganizationRow.id, OrganizationRow.short_name).where(
            OrganizationRow.id.in_({row.organization_id for row in rows})
        )
    )
    called = {row.id: row.short_name for row in places}
    return [
        Glass(
            row.id,
            row.organization_id,
            called[row.organization_id],
            row.person_id,
            named[row.person_id].name if row.person_id in named else "",
            Role(row.role),
            row.reason,
            row.taken_at,
            min(row.ended_at or row.ends_at, row.ends_at),
            row.review_by,
            row.reviewed_at,
            named[row.reviewed_by].name if row.reviewed_by in named else "",
            row.review or "",
            _state(row, now),
        )
        for row in rows
    ]


async def glass(tx: Tx, glass_id: UUID, *, now: datetime) -> Glass:
    """Raises NotFound."""
    found = await glasses(tx, now=now, only=glass_id)
    if not found:
        raise NotFound(NONE_SUCH)
    return found[0]


async def marked(tx: Tx, one: Glass) -> int:
    """Entries of the ledger that say they were done by it; beside what says that it began and ended."""
    entry = LedgerEntryRow
    which = select(func.count()).where(
        entry.actor == f"person/{one.person_id}",
        entry.at >= one.taken_at,
        entry.at <= one.ends_at,
        entry.body.contains(f'"break_glass":"{one.id}"'),
        entry.subject != f"break_glass/{one.id}",
    )
    return await tx.scalar(which) or 0


async def seen_by(tx: Tx, principal: Principal, *, now: datetime, is_open: bool = False) -> list[Glass]:
    """One's own; of the organizations that one heads; of everybody for the audit and the security administrator, and what
    runs or waits for review for whoever works in the cloud authority. `is_open`: without what was reviewed."""
    if may(principal, Permission.READ_LEDGER) or may(principal, Permission.MANAGE_ROLES):
        return await glasses(tx, now=now, is_open=is_open)
    headed = {place for place, roles in principal.memberships.items() if Role.UNIT_HEAD in roles}
    found = await glasses(tx, now=now, person_id=principal.person_id, organizations_=headed, is_open=is_open)
    known = {one.id for one in found}
    others = await glasses(tx, now=now, is_open=True) if principal.is_authority else []
    return sorted([*found, *(one for one in others if one.id not in known)], key=lambda one: one.id, reverse=True)


def _state(row: BreakGlassRow, now: datetime) -> State:
    if row.reviewed_at is not None:
        return "justified" if row.justified else "not_justified"
    if row.ended_at is None and now < row.ends_at:
        return "running"
    return "late" if now >= row.review_by else "to_review"


async def _be_alone(tx: Tx, person_id: UUID) -> None:
    """Two takings of one person wait for each other, and a taking for a change of what it rests on, so that neither
    overlooks the other."""
    await tx.execute(select(PersonRow.id).where(PersonRow.id == person_id).with_for_update(key_share=True))


async def _holds(tx: Tx, person_id: UUID, offer: Offer, *, now: datetime) -> bool:
    """Asked again behind the lock: the reader's roles were read before it."""
    return bool(
        await tx.scalar(
            select(func.count()).where(
                MembershipRow.person_id == person_id,
                MembershipRow.organization_id == offer.organization_id,
                MembershipRow.role == offer.role.value,
                MembershipRow.since <= now,
                or_(MembershipRow.until.is_(None), MembershipRow.until > now),
            )
        )
    )


async def _locked(tx: Tx, glass_id: UUID) -> BreakGlassRow:
    row = await tx.get(BreakGlassRow, glass_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(NONE_SUCH)
    return row


async def _end(
    tx: Tx,
    row: BreakGlassRow,
    *,
    by: UUID | None,
    why: Literal["ended", "over", "lapsed"],
    actor: Actor,
    at: datetime,
    now: datetime,
) -> None:
    row.ended_at, row.ended_by = at, by
    await tx.flush()
    await tx.execute(
        update(MembershipRow)
        .where(MembershipRow.glass_id == row.id)
        .values(until=at)
        .execution_options(synchronize_session=False)
    )
    if why != "over":
        await jobs.cancel(tx, key=f"{END}:{row.id}")
    told = await reviewers(tx, row.organization_id, row.person_id, now=now)
    await _record(tx, "break_glass.ended", row, actor, now, {"why": why, "told": sorted(str(one.id) for one in told)})


async def _record(
    tx: Tx,
    action: str,
    row: BreakGlassRow,
    actor: Actor,
    at: datetime,
    more: Mapping[str, Any],
    private: Mapping[str, str] | None = None,
) -> None:
    body = {
        "glass": str(row.id),
        "organization": str(row.organization_id),
        "person": str(row.person_id),
        "role": row.role,
        **more,
    }
    await record(tx, Event(action, f"break_glass/{row.id}", at, actor, body, private or {}))
