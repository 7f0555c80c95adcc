"""Organizations and systems as incidents speak of them, from the rooms that keep them."""

from collections.abc import Collection, Mapping
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Principal
from irm.access.queries import Organization
from irm.db import Tx
from irm.errors import NotFound
from irm.incidents.shares import Concerned
from irm.systems import queries as register
from irm.systems.queries import System

DISTRICT_TIER = "county"
DIRECTORY = "incidents.directory"


async def directory(tx: Tx) -> Mapping[UUID, Organization]:
    """Every organization that is not retired. Read once in a transaction: a filing asks several times."""
    known: Mapping[UUID, Organization] | None = tx.info.get(DIRECTORY)
    if known is None:
        known = tx.info[DIRECTORY] = {one.id: one for one in await access.organizations(tx)}
    return known


def is_city_authority(one: Organization) -> bool:
    """The cloud authority of the whole city; a district's is involved through its systems."""
    return one.kind == AUTHORITY and one.joined and one.tier != DISTRICT_TIER


async def nameable_system(tx: Tx, given: str, by: Principal) -> System | None:
    """By code or id. None for one that does not exist and for one that the filer has no business with: one answer."""
    try:
        found = await register.system(tx, UUID(given))
    except ValueError:
        try:
            found = await register.system_by_code(tx, given.strip())
        except NotFound:
            return None
    except NotFound:
        return None
    return found if await register.may_name(tx, by, found.id) else None


async def systems_at(tx: Tx, resource: str) -> list[System]:
    return await register.systems_at(tx, resource)


async def systems_of(tx: Tx, ids: Collection[UUID]) -> list[System]:
    found = await register.systems(tx, ids)
    return [found[one] for one in sorted(found, key=str)]


def concerned(system: System) -> Concerned:
    return Concerned(system.id, system.operator_id, system.owner_id, system.user_ids, system.maintainer_ids)


def account_of_draft(subject: str) -> UUID | None:
    """Whose form a file waits in (`account/<id>/filing/<key>`); None for every other subject."""
    kind, _, rest = subject.partition("/")
    account, _, form = rest.partition("/")
    if kind != "account" or not form.startswith("filing/"):
        return None
    return UUID(account)
