"""Whoever looks for an organization's duty without being anybody: a duty screen, irm itself writing the emergency sheet."""

from types import MappingProxyType
from typing import Final

from irm.access.policy import AUTHORITY, Permission, Principal, Role
from irm.access.principals import organizations_below
from irm.access.queries import Organization, organizations
from irm.actor import SYSTEM, Actor
from irm.db import Tx

COUNTY: Final = "county"


def of_city(desk: Organization) -> bool:
    """The authority of the whole city, not of a district."""
    return desk.kind == AUTHORITY and desk.tier != COUNTY


async def city_authority(tx: Tx) -> Organization | None:
    """Whose desk the city's duty is kept at; a district's where there is no other."""
    found = await organizations(tx, kinds=[AUTHORITY], joined=True)
    return next((one for one in found if of_city(one)), found[0] if found else None)


async def watcher(tx: Tx, desk: Organization, scopes: frozenset[Permission], *, actor: Actor = SYSTEM) -> Principal:
    """Sees as far as that organization's duty officer does, of `scopes` alone; reads, and is nobody who could act."""
    below = {}
    if desk.kind == AUTHORITY and not of_city(desk):
        below = {desk.id: await organizations_below(tx, desk.id)}
    return Principal(
        account_id=desk.id,
        person_id=desk.id,
        actor=actor,
        memberships=MappingProxyType({desk.id: frozenset({Role.DUTY_OFFICER})}),
        kinds=MappingProxyType({desk.id: desk.kind}),
        below=MappingProxyType(below),
        scopes=scopes,
        limited_to=desk.id,
        organization_name=desk.short_name,
    )
