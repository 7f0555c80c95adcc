"""Organizations as the rules of the year read them: what they are, and what they are to the systems of the register."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from irm.access.queries import Organization
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.obligations.periodic import Given
from irm.obligations.subjects import Subject
from irm.rules.subjects import Directory, OrganizationSubject
from irm.systems.queries import System, systems_of
from irm.systems.subjects import city_directory

ORGANIZATION: Final = "organization"
PLATFORM: Final = "platform"


class Organizations:
    """`Giver` of every organization of the directory; those that have not joined owe nothing that is counted."""

    kind = ORGANIZATION

    async def batch(self, tx: Tx, after: UUID | None, most: int) -> Sequence[Given]:
        directory, organizations = await city_directory(tx)
        ids = sorted(one for one in organizations if after is None or one > after)[:most]
        return await _given(tx, ids, directory, organizations)

    async def some(self, tx: Tx, ids: Sequence[UUID]) -> Sequence[Given]:
        directory, organizations = await city_directory(tx)
        return await _given(tx, [one for one in ids if one in organizations], directory, organizations)

    async def stamp(self, tx: Tx) -> object:
        directory, organizations = await city_directory(tx)
        return directory, tuple(organizations[one].in_use_from for one in sorted(organizations))


def path_of(organization_id: UUID) -> str:
    return f"{ORGANIZATION}/{organization_id}"


def roles_of(organization_id: UUID, systems: Sequence[System]) -> frozenset[str]:
    """What it is to the systems that name it. A cloud vendor (云服务商) maintains a platform."""
    roles: set[str] = set()
    for one in systems:
        maintains = organization_id in one.maintainer_ids
        for role, holds in (
            ("cloud_vendor", maintains and one.kind == PLATFORM),
            ("maintainer", maintains),
            ("owner", organization_id == one.owner_id),
            ("operator", organization_id == one.operator_id),
            ("user", organization_id in one.user_ids),
        ):
            if holds:
                roles.add(role)
    return frozenset(roles)


async def _given(
    tx: Tx, ids: Sequence[UUID], directory: Directory, organizations: Mapping[UUID, Organization]
) -> list[Given]:
    if not ids:
        return []
    theirs: dict[UUID, list[System]] = defaultdict(list)
    for system in await systems_of(tx, ids):
        for party in system.parties:
            theirs[party].append(system)
    return [_subject(organizations[one], theirs[one], directory) for one in ids]


def _subject(one: Organization, systems: Sequence[System], directory: Directory) -> Given:
    levels = [system.level for system in systems if system.level is not None and one.id == system.owner_id]
    return Given(
        Subject(path_of(one.id), one.short_name, f"/calendar?organization={one.code}"),
        OrganizationSubject(
            id=one.id,
            in_use_from=one.in_use_from or one.created_at.astimezone(SHANGHAI).date(),
            directory=directory,
            organizations={"itself": (one.id,)},
            facts={
                "organization.kind": one.kind,
                "organization.tier": one.tier,
                "organization.roles": sorted(roles_of(one.id, systems)),
                "organization.highest_level": max(levels, default=None),
            },
        ),
    )
