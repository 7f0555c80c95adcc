"""Who acts. Pure, so that policy and the other pure modules may speak of it; `irm.db` hands it on."""

from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """Who did it. `label` is for logs, never for the ledger."""

    kind: Literal["person", "token", "system", "channel", "machine"]
    id: UUID | None = None
    organization_id: UUID | None = None
    label: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}" if self.id else self.kind


SYSTEM: Final = Actor("system", label="irm")
