"""Who acts. Pure, so that policy and the other pure modules may speak of it; `irm.db` hands it on."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal
from uuid import UUID


@dataclass(frozen=True)
class Lent:
    """Roles that somebody has for a time only: handed over (`irm/access/delegating.py`), or taken (`breaking.py`)."""

    id: UUID
    """Of the hand-over, or of the break-glass."""
    organization_id: UUID
    roles: frozenset[str]
    """Only those that its holder does not hold himself."""
    giver: frozenset[UUID] = frozenset()
    """The person who handed them over, and that person's accounts: by either, rows say who asked for something."""
    taken: bool = False
    """By break-glass (应急启权): nobody handed them over."""
    until: datetime | None = None


@dataclass(frozen=True)
class Actor:
    """Who did it. `label` is for logs, never for the ledger."""

    kind: Literal["person", "token", "system", "channel", "machine"]
    id: UUID | None = None
    organization_id: UUID | None = None
    label: str = ""
    sees: frozenset[UUID] | None = field(default=None, compare=False, repr=False)
    """Behind which wall its transactions are opened: only rows to which one of these organizations is a party. None: the
    house's own work, and whoever may read everything. For a person `access.wall.wall` says it."""
    selves: frozenset[UUID] = field(default=frozenset(), compare=False, repr=False)
    """All ids of the person behind it: its own, its accounts' and its tokens'. Two accounts of one person are one."""
    lent: tuple[Lent, ...] = ()
    """What was handed over to them, or taken by them, and is in force."""
    delegation: UUID | None = None
    """The hand-over without which this could not be done; every entry of it names it."""
    glass: UUID | None = None
    """The break-glass without which this could not be done; every entry of it names it."""

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


SYSTEM: Final = Actor("system", label="irm")
