"""JSON API of a vendor's staff: contract and vetting. The vendor reads; the cloud authority, which vets, writes."""

from dataclasses import asdict
from datetime import date
from typing import Final, Literal
from uuid import UUID

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from irm.access import engagements
from irm.access.engaging import Engagement, refusal
from irm.access.keeping_contacts import NOT_YOURS
from irm.access.policy import Permission, Principal, Resource, allow, may
from irm.access.queries import Organization, members, organization_by_code
from irm.access.service import register_person
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Forbidden, Invalid
from irm.i18n import N_, Translator

READ: Final = allow(Permission.KEEP_CONTACTS, Permission.VET_STAFF)
VET: Final = allow(Permission.VET_STAFF)
TAGS: Final = ["access"]
ONE_OF_BOTH: Final = N_("Name a person on record, or the name of a new one.")


class EngagementView(Struct, frozen=True):
    contract: str
    begins_on: date
    ends_on: date | None
    vetting: str | None
    vetted_on: date | None
    vetted_by: str
    vetted_until: date | None


class StaffView(Struct, frozen=True):
    """`engagement` null: nothing is on record; `refusal`: why no role can be given to them today."""

    person: UUID
    name: str
    engagement: EngagementView | None
    refusal: str | None


class StaffList(Struct, frozen=True):
    staff: list[StaffView]


class StateEngagement(Struct, frozen=True, forbid_unknown_fields=True):
    """`person`, or `name` of somebody new. Result, day and who vetted belong together; `ends_on`: last day of work."""

    contract: str
    begins_on: date
    person: UUID | None = None
    name: str = ""
    ends_on: date | None = None
    vetting: Literal["passed", "refused"] | None = None
    vetted_on: date | None = None
    vetted_by: str = ""
    vetted_until: date | None = None


@get("/api/v1/organizations/{code:str}/staff", opt=READ, tags=TAGS)
async def list_staff(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> StaffList:
    """Everybody of the vendor who is on record or holds a role, with the gaps."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await organization_by_code(tx, code)
        if not engagements.may_read_staff(principal, found):
            raise Forbidden(NOT_YOURS)
        people = await staff(tx, found, clock)
    today = now.astimezone(SHANGHAI).date()
    return StaffList([_view(one, today, t) for one in people])


@put("/api/v1/organizations/{code:str}/staff", opt=VET, tags=TAGS)
async def state_engagement(
    code: FromPath[str],
    data: JSONBody[StateEngagement],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> StaffView:
    """What is now on record of one person: contract, days, vetting. What was before stays in the ledger."""
    stated = Engagement(
        data.contract,
        data.begins_on,
        data.ends_on,
        data.vetting,
        data.vetted_on,
        data.vetted_by,
        data.vetted_until,
    )
    async with db.transaction(principal.actor) as tx:
        found = await vetted_by_reader(tx, principal, code)
        person = await stating(tx, found, principal, clock, stated, person=data.person, name=data.name)
        one = next(each for each in await staff(tx, found, clock) if each.person_id == person)
    return _view(one, clock.now().astimezone(SHANGHAI).date(), t)


async def vetted_by_reader(tx: Tx, principal: Principal, code: str) -> Organization:
    """Raises NotFound, Forbidden."""
    found = await organization_by_code(tx, code)
    if not may(principal, Permission.VET_STAFF, Resource(frozenset({found.id}))):
        raise Forbidden(NOT_YOURS)
    return found


async def staff(tx: Tx, organization: Organization, clock: Clock) -> list[engagements.Employed]:
    holding = {one.person.id for one in await members(tx, [organization.id], now=clock.now())}
    return await engagements.staff_of(tx, organization.id, holding)


async def stating(
    tx: Tx,
    organization: Organization,
    principal: Principal,
    clock: Clock,
    stated: Engagement,
    *,
    person: UUID | None,
    name: str,
) -> UUID:
    """For somebody who is on record there, or somebody new by name. Raises Invalid naming the fields."""
    now = clock.now()
    if (person is None) == (not name.strip()):
        raise Invalid(ONE_OF_BOTH, field="person")
    if person is None:
        person = await register_person(tx, name=name, actor=principal.actor, now=now)
    elif person not in {one.person_id for one in await staff(tx, organization, clock)}:
        raise Invalid(engagements.NO_PERSON, field="person")
    await engagements.state(tx, organization.id, person, stated, actor=principal.actor, now=now)
    return person


def _view(one: engagements.Employed, today: date, t: Translator) -> StaffView:
    why = refusal(one.engagement, today)
    kept = one.engagement
    shown = EngagementView(**asdict(kept)) if kept else None
    return StaffView(one.person_id, one.name, shown, t(why.msgid, **why.params) if why is not None else None)


ROUTES: Final = [list_staff, state_engagement]
