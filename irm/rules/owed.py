"""What `due` yields: a duty as the rule states it, with its bearer, recipient and clock. Pure; `obligations` freezes it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from irm.rules.pack import Citation, Status, Texts


@dataclass(frozen=True)
class Owed:
    """`information_only`: the bearer has not joined, or its clock starts outside irm; shown, never counted.

    `started_at` is None only then. `recipient` None: nobody of that kind and tier is in the directory. A `started_at` in
    the future is a forecast.
    """

    rule_id: str
    pack_id: str
    pack_version: str
    title: Texts
    citation: Citation
    force: str
    status: Status
    interpretation: Texts | None
    kind: Literal["timed", "prompt", "standing"]
    form: str
    satisfied_by: tuple[str, ...]
    bearer: UUID | None
    bearer_kind: str | None
    recipient: UUID | None
    recipient_kind: str
    recipient_tier: str | None
    start_event: str
    started_at: datetime | None
    due_at: datetime | None
    internal_due_at: datetime | None
    why: tuple[tuple[str, Any], ...]
    information_only: bool
    waiver: Texts | None = None
    period: str | None = None
    """2026-11, 2026-H2, 2026; for a window before an event its day. None: owed once."""
    ordinal: int | None = None
    """Which of several in one period, from 1."""
    ordinals: int | None = None
    """How many the period asks for."""
    provisional: bool = False
    """暂定: counted over working days of a year whose calendar is not known yet."""

    @property
    def key(self) -> str:
        """Unique among what one subject owes; the generation and the subject are the caller's to add."""
        recipient = self.recipient or f"{self.recipient_kind}.{self.recipient_tier or '-'}"
        start = self.start_event
        if self.period is not None:
            start += f"/{self.period}" + (f"#{self.ordinal}" if self.ordinal is not None else "")
        return f"{self.rule_id}|{self.bearer or self.bearer_kind}|{recipient}|{start}"
