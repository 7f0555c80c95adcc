"""A vendor's staff: under which contract they work until when, and who vetted them with what result."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import func, or_, select

from irm.access.directory_models import EngagementRow
from irm.access.engaging import Engagement, Vetting, refusal
from irm.access.models import AccountRow, MembershipRow, OrganizationRow, PersonRow
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import Organization
from irm.actor import Actor
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record

VENDOR: Final = "vendor"
LONGEST: Final = 200
NO_PERSON: Final = N_("There is no such person.")
NO_VENDOR: Final = N_("Only a vendor has staff to be vetted.")
BACKWARDS: Final = N_("The last day lies before the first.")
BEFORE_VETTED: Final = N_("The vetting cannot end before its day.")
HALF: Final = N_("Result, day and who vetted belong together.")
NEEDED: Final = N_("This is needed.")
ODD_TEXT: Final = N_("At most 200 characters that can be shown, please.")
AHEAD: Final = N_("This day has not come yet.")


@dataclass(frozen=True)
class Employed:
    """A person with their engagement; None: nothing is on record."""

    person_id: UUID
    name: str
    engagement: Engagement | None


def may_read_staff(principal: Principal, organization: Organization) -> bool:
    """The vendor's own keepers, and whoever vets."""
    whose = Resource(frozenset({organization.id}))
    return organization.kind == VENDOR and any(
        may(principal, each, whose) for each in (Permission.KEEP_CONTACTS, Permission.VET_STAFF)
    )


async def state(
    tx: Tx, organization_id: UUID, person_id: UUID, stated: Engagement, *, actor: Actor, now: datetime
) -> UUID:
    """Sets what is on record of this person at this vendor. What was before stays in the ledger. Accounts that hang on the
    contract end with it at the latest.

    Raises Invalid naming every field at fault, NotFound for an unknown person.
    """
    organization = await tx.get_one(OrganizationRow, organization_id)
    if organization.kind != VENDOR:
        raise Invalid(NO_VENDOR, field="organization")
    if await tx.get(PersonRow, person_id) is None:
        raise NotFound(NO_PERSON, field="person")
    faults = faults_in(stated, now.astimezone(SHANGHAI).date())
    if faults:
        raise Invalid.of(faults)
    row = await tx.scalar(
        select(EngagementRow)
        .where(EngagementRow.organization_id == organization_id, EngagementRow.person_id == person_id)
        .with_for_update()
    )
    if row is None:
        row = EngagementRow(organization_id=organization_id, person_id=person_id, created_at=now)
        tx.add(row)
    row.contract, row.begins_on, row.ends_on = stated.contract.strip(), stated.begins_on, stated.ends_on
    row.vetting, row.vetted_on, row.vetted_by = stated.vetting, stated.vetted_on, stated.vetted_by.strip()
    row.vetted_until = stated.vetted_until
    row.changed_at = now
    await tx.flush()
    body = {
        "organization": str(organization_id),
        "begins_on": stated.begins_on.isoformat(),
        "ends_on": stated.ends_on.isoformat() if stated.ends_on else None,
        "vetting": stated.vetting,
        "vetted_on": stated.vetted_on.isoformat() if stated.vetted_on else None,
        "vetted_until": stated.vetted_until.isoformat() if stated.vetted_until else None,
    }
    private = {"contract": row.contract, "vetted_by": row.vetted_by}
    await record(tx, Event("engagement.stated", f"person/{person_id}", now, actor, body, private))
    await _shorten_accounts(tx, person_id, actor=actor, now=now)
    return row.id


def faults_in(stated: Engagement, today: date) -> list[FieldError]:
    faults = [
        FieldError(name, ODD_TEXT)
        for name in ("contract", "vetted_by")
        if len(getattr(stated, name)) > LONGEST or not getattr(stated, name).isprintable()
    ]
    if not stated.contract.strip():
        faults.append(FieldError("contract", NEEDED))
    if stated.ends_on is not None and stated.ends_on < stated.begins_on:
        faults.append(FieldError("ends_on", BACKWARDS))
    if len({stated.vetting is None, stated.vetted_on is None, not stated.vetted_by.strip()}) > 1:
        faults.append(FieldError("vetting", HALF))
    if stated.vetted_on is not None and stated.vetted_on > today:
        faults.append(FieldError("vetted_on", AHEAD))
    if stated.vetted_until is not None and (stated.vetted_on is None or stated.vetted_until < stated.vetted_on):
        faults.append(FieldError("vetted_until", BEFORE_VETTED))
    return faults


async def staff_of(tx: Tx, organization_id: UUID, also: Collection[UUID] = ()) -> list[Employed]:
    """Everybody on record, and `also` (who holds a role there), by pinyin; whoever has no record is a gap."""
    rows = await tx.scalars(select(EngagementRow).where(EngagementRow.organization_id == organization_id))
    kept = {row.person_id: _engagement(row) for row in rows}
    people = await tx.execute(
        select(PersonRow.id, PersonRow.name)
        .where(PersonRow.id.in_({*kept, *also}), PersonRow.retired_at.is_(None))
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    return [Employed(row.id, row.name, kept.get(row.id)) for row in people]


@dataclass(frozen=True)
class Record:
    """What is on record of one person at one vendor."""

    id: UUID
    organization_id: UUID
    person_id: UUID
    name: str
    engagement: Engagement


async def records(
    tx: Tx,
    *,
    organization_ids: Collection[UUID] | None = None,
    person_id: UUID | None = None,
    ids: Collection[UUID] | None = None,
) -> list[Record]:
    """By vendor, then by pinyin; of people who have not left irm."""
    which = (
        select(EngagementRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == EngagementRow.person_id)
        .where(PersonRow.retired_at.is_(None))
        .order_by(EngagementRow.organization_id, PersonRow.sort_key, PersonRow.id)
    )
    if organization_ids is not None:
        which = which.where(EngagementRow.organization_id.in_(organization_ids))
    if person_id is not None:
        which = which.where(EngagementRow.person_id == person_id)
    if ids is not None:
        which = which.where(EngagementRow.id.in_(ids))
    return [
        Record(row.id, row.organization_id, row.person_id, name, _engagement(row))
        for row, name in (await tx.execute(which)).all()
    ]


async def engaged_until(tx: Tx, person_ids: Collection[UUID]) -> dict[UUID, date]:
    """The last day of work of each person whose every engagement ends: when an account ends by itself."""
    last = func.max(EngagementRow.ends_on)
    rows = await tx.execute(
        select(EngagementRow.person_id, last.label("last"))
        .where(EngagementRow.person_id.in_(person_ids))
        .group_by(EngagementRow.person_id)
        .having(func.count() == func.count(EngagementRow.ends_on))
    )
    return {row.person_id: row.last for row in rows}


async def last_day_by_contract(tx: Tx, person_id: UUID) -> date | None:
    """The last day on which an account of this person may be used, by contracts alone; None: it hangs on none that ends.

    Whoever holds a role of their own outside the vendors keeps the account for that.
    """
    last = (await engaged_until(tx, [person_id])).get(person_id)
    if last is None:
        return None
    elsewhere = await tx.scalar(
        select(MembershipRow.id)
        .join(OrganizationRow, OrganizationRow.id == MembershipRow.organization_id)
        .where(
            MembershipRow.person_id == person_id,
            MembershipRow.until.is_(None),
            OrganizationRow.kind != VENDOR,
        )
        .limit(1)
    )
    return None if elsewhere is not None else last


async def ending_accounts(tx: Tx, person_ids: Collection[UUID]) -> frozenset[tuple[UUID, date]]:
    """(person, last day) of their accounts that end by themselves and can be used until then."""
    rows = await tx.execute(
        select(AccountRow.person_id, AccountRow.ends_on).where(
            AccountRow.person_id.in_(person_ids), AccountRow.ends_on.is_not(None), AccountRow.disabled_at.is_(None)
        )
    )
    return frozenset((row.person_id, row.ends_on) for row in rows)


async def _shorten_accounts(tx: Tx, person_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Accounts end with the contract where they would last longer. A later contract end opens nothing by itself: the
    system administrator enters the account's new last day, and is seen to have done so."""
    last = await last_day_by_contract(tx, person_id)
    if last is None:
        return
    longer = or_(AccountRow.ends_on.is_(None), AccountRow.ends_on > last)
    rows = await tx.scalars(select(AccountRow).where(AccountRow.person_id == person_id, longer).with_for_update())
    for row in rows:
        row.ends_on, row.end_warned = last, None
        body = {"ends_on": last.isoformat(), "by": "contract"}
        await record(tx, Event("account.end_set", f"account/{row.id}", now, actor, body))


async def refuse_unvetted(tx: Tx, organization_id: UUID, kind: str, person_id: UUID, *, now: datetime) -> None:
    """Before a role is given in an organization of `kind`. Raises Conflict with the reason; whoever works for no vendor is
    not asked."""
    if kind != VENDOR:
        return
    row = await tx.scalar(
        select(EngagementRow).where(
            EngagementRow.organization_id == organization_id, EngagementRow.person_id == person_id
        )
    )
    why = refusal(_engagement(row) if row else None, now.astimezone(SHANGHAI).date())
    if why is not None:
        raise Conflict(why.msgid, field="person", **why.params)


def _engagement(row: EngagementRow) -> Engagement:
    vetting = cast("Vetting | None", row.vetting)
    return Engagement(row.contract, row.begins_on, row.ends_on, vetting, row.vetted_on, row.vetted_by, row.vetted_until)
