"""Names and desks of organizations and people, as the access room gives them."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from irm.access import queries
from irm.access.queries import Organization
from irm.db import Tx
from irm.errors import Invalid


async def desks(tx: Tx, ids: Iterable[UUID | None]) -> Mapping[UUID, Organization]:
    """By id; retired ones too, because what they did stays on record."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    return {desk.id: desk for desk in await queries.organizations(tx, ids=wanted, with_retired=True)}


async def desks_of_kinds(tx: Tx, kinds: Collection[str]) -> list[Organization]:
    """Organizations that receive reports, in their own order."""
    return await queries.organizations(tx, kinds=kinds)


async def desk_of(tx: Tx, organization_id: UUID, *, field: str) -> Organization:
    """Raises Invalid naming the field."""
    found = (await desks(tx, [organization_id])).get(organization_id)
    if found is None:
        raise Invalid("This organization does not exist.", field=field)
    return found


async def person_names(tx: Tx, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    return await queries.person_names(tx, {each for each in ids if each is not None})
