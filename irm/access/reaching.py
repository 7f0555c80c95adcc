"""What a permission is asked for, and how far one permission of one reader reaches. Pure."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Resource:
    """What a permission is asked for. `organizations`: whose it is (those with a part, the owner and operator…)."""

    organizations: frozenset[UUID] = frozenset()
    sent_to: frozenset[UUID] = frozenset()
    """Recipients of a submission, once it was submitted."""
    systems: frozenset[UUID] = frozenset()
    """What it concerns; what concerns no system is never anybody's whose role is limited to systems."""


@dataclass(frozen=True)
class Reach:
    """How far one permission of one reader reaches; for the WHERE of a list."""

    everything: bool = False
    organizations: frozenset[UUID] = frozenset()
    """Things that belong to one of these."""
    sent_to: frozenset[UUID] = frozenset()
    """Things that were submitted to one of these."""
    narrow: tuple["Narrow", ...] = ()
    """Beside all that, what concerns certain systems. Whoever overlooks it shows too little, never too much."""

    @property
    def is_empty(self) -> bool:
        return not (self.everything or self.organizations or self.sent_to or self.narrow)

    @property
    def anywhere(self) -> frozenset[UUID]:
        """Organizations for which it is held at all, for named systems too: what a form may offer before it knows more."""
        return self.organizations.union(*(one.far.organizations for one in self.narrow))

    def covers(self, resource: Resource) -> bool:
        return (
            self.everything
            or not self.organizations.isdisjoint(resource.organizations)
            or not self.sent_to.isdisjoint(resource.sent_to)
            or any(one.covers(resource) for one in self.narrow)
        )


@dataclass(frozen=True)
class Narrow:
    """So far, and of that only what concerns one of `systems`."""

    systems: frozenset[UUID]
    far: Reach

    def covers(self, resource: Resource) -> bool:
        return not self.systems.isdisjoint(resource.systems) and self.far.covers(resource)
