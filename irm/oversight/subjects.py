"""Organizations as the rules of the year read them: what they are, and what they are to the systems of the register."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from uuid import UUID

from irm.access import queries as access
from irm.access.queries import Organization
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.obligations.periodic import Given
from irm.obligations.subjects import Subject
from irm.rules.subjects import Directory, OrganizationSubject
from irm.systems.queries import parts_of
from irm.systems.subjects import city_directory

ORGANIZATION: Final = "organization"
PLATFORM: Final = "platform"
CLOUD_VENDOR: Final = "cloud_vendor"


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
        return await access.directory_stamp(tx)

    async def marks(self, tx: Tx) -> None:
        """They are few, and any system may change what one is."""


def path_of(organization_id: UUID) -> str:
    return f"{ORGANIZATION}/{organization_id}"


def roles_of(parts: Collection[tuple[str, str]]) -> frozenset[str]:
    """What it is to the systems that name it. A cloud vendor (云服务商) maintains a platform."""
    return frozenset(role for role, _ in parts) | ({CLOUD_VENDOR} if ("maintainer", PLATFORM) in parts else set())


async def _given(
    tx: Tx, ids: Sequence[UUID], directory: Directory, organizations: Mapping[UUID, Organization]
) -> list[Given]:
    parts = await parts_of(tx, ids) if ids else {}
    return [_subject(organizations[one], *parts[one], directory) for one in ids]


def _subject(
    one: Organization, parts: Collection[tuple[str, str]], highest_level: int | None, directory: Directory
) -> Given:
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
                "organization.roles": sorted(roles_of(parts)),
                "organization.highest_level": highest_level,
            },
        ),
    )
