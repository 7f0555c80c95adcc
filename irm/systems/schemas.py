"""Wire types of the register."""

from uuid import UUID

from msgspec import Struct


class SystemView(Struct, frozen=True):
    """`cii` is null when the reader need not know it."""

    id: UUID
    code: str
    name: str
    kind: str
    level: int | None
    cii: str | None
    owner: UUID
    operator: UUID
    owner_name: str
    operator_name: str
    platform: UUID | None
    life_cycle: str


class SystemList(Struct, frozen=True):
    systems: list[SystemView]
    is_complete: bool
    """False: there are more than are shown; search more narrowly."""
