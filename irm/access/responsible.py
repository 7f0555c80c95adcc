"""Who answers for an organization's security: 第一责任人, 直接责任人, 网络安全联络员, each by the role that it is. Pure.

A role held by nobody is a gap, and is shown as one; nobody is entered twice, once as a role and once as a responsible person.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from irm.access.policy import Role
from irm.i18n import N_

RESPONSIBILITIES: Final[tuple[tuple[Role, str], ...]] = (
    (Role.UNIT_HEAD, N_("First responsible person")),
    (Role.DEPUTY, N_("Directly responsible person")),
    (Role.SECURITY_LEAD, N_("Liaison for network security")),
)


class Holds(Protocol):
    """Somebody with the roles that they hold in one organization."""

    @property
    def roles(self) -> frozenset[Role]: ...


Holder = TypeVar("Holder", bound=Holds)


@dataclass(frozen=True)
class Responsible(Generic[Holder]):
    """One of the three, with everybody who holds it in the order given; none: a gap."""

    role: Role
    title: str
    people: tuple[Holder, ...]


def responsible(members: Collection[Holder]) -> list[Responsible[Holder]]:
    """The three in their order. `members`: of one organization, as they are now."""
    return [
        Responsible(role, title, tuple(one for one in members if role in one.roles)) for role, title in RESPONSIBILITIES
    ]
