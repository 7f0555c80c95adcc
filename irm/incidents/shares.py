"""Whose incident it is: the organizations that get a part, in which roles, and since when they know. Pure."""

from collections.abc import Iterable, Mapping, Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

ROLE_ORDER: Final = ("cloud_authority", "operator", "owner", "using_unit", "maintainer", "vendor", "reporter")
"""Roles of a part. `operator`: 运营者, who reports; `vendor`, `using_unit`, `cloud_authority` also say the kind."""

_KINDS_THAT_ARE_ROLES: Final = frozenset({"cloud_authority", "vendor", "using_unit"})

Basis = Literal["stated", "notified"]


@dataclass(frozen=True)
class Concerned:
    """A system as far as it says who stands behind it."""

    id: UUID
    operator: UUID
    owner: UUID
    users: frozenset[UUID] = frozenset()
    maintainers: frozenset[UUID] = frozenset()

    def roles(self) -> list[tuple[UUID, str]]:
        return [
            (self.operator, "operator"),
            (self.owner, "owner"),
            *((organization, "using_unit") for organization in self.users),
            *((organization, "maintainer") for organization in self.maintainers),
        ]

    def parties(self) -> frozenset[UUID]:
        return frozenset(organization for organization, _ in self.roles())


@dataclass(frozen=True)
class Involved:
    organization: UUID
    roles: tuple[str, ...]
    systems: frozenset[UUID]
    known_at: datetime
    basis: Basis


def involve(
    systems: Iterable[Concerned],
    *,
    filer: UUID,
    known_at: datetime,
    received_at: datetime,
    authorities: AbstractSet[UUID],
    joined: AbstractSet[UUID],
    kinds: Mapping[UUID, str],
) -> tuple[Involved, ...]:
    """One `Involved` for each organization that has joined: the filer with the moment it states, the rest from receipt.

    Parties that have not joined get no part (their duties are theirs to keep; DESIGN §2); the cloud authority always
    gets one. Order: the cloud authority first, then by gravity of role.
    """
    roles: dict[UUID, set[str]] = {organization: {"cloud_authority"} for organization in authorities}
    shares: dict[UUID, set[UUID]] = {}
    roles.setdefault(filer, set()).add("reporter")
    for system in systems:
        for organization, role in system.roles():
            roles.setdefault(organization, set()).add(role)
            shares.setdefault(organization, set()).add(system.id)
    found = []
    for organization, held in roles.items():
        if organization not in joined:
            continue
        kind = kinds.get(organization, "other")
        if kind in _KINDS_THAT_ARE_ROLES:
            held.add(kind)
        stated = organization == filer
        found.append(
            Involved(
                organization,
                tuple(role for role in ROLE_ORDER if role in held),
                frozenset(shares.get(organization, ())),
                known_at if stated else received_at,
                "stated" if stated else "notified",
            )
        )
    return tuple(sorted(found, key=lambda one: (ROLE_ORDER.index(one.roles[0]), str(one.organization))))
