"""What readers are shown of obligations, submissions and contact records: plain values, no rows. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from irm.absence import Absence
from irm.exercise_clock import ExerciseClock
from irm.obligations import owed
from irm.obligations.subjects import SystemName, about_words

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Named:
    """An organization or person with the name that people read."""

    id: UUID | None
    name: str
    telephone: str | None = None
    fax: str | None = None
    kind: str = ""
    tier: str | None = None
    joined: bool = False


@dataclass(frozen=True)
class Obligation:
    id: UUID
    rule_id: str
    pack: str
    title: Texts
    citation: Mapping[str, Any]
    force: str
    rule_status: str
    interpretation: Texts | None
    kind: str
    form: str
    bearer: Named
    recipient: Named
    subject: str
    number: str
    page: str
    start_event: str
    started_at: datetime
    arose_at: datetime
    due_at: datetime | None
    internal_due_at: datetime | None
    why: list[Any]
    status: str
    born_late: bool
    submitted_at: datetime | None
    met_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    generation: int
    exercise: bool
    standing: owed.Standing
    clock: owed.Clock
    period: str | None = None
    ordinal: int | None = None
    ordinals: int | None = None
    provisional: bool = False
    pace: ExerciseClock | None = None
    """The drill's clock that it keeps; None: the wall's."""
    drafts: tuple[UUID, ...] = ()
    """Reports to it that are being written."""
    unagreed: tuple[tuple[UUID, str], ...] = ()
    """Reports (id, serial) that others handed over on the bearer's behalf and to which it has not agreed: why it is open."""
    system: SystemName | None = None
    """The system that it is about, or whose change."""
    away: Absence | None = None
    """In this time irm itself was away, and its limit passed unreported in it."""

    @property
    def about(self) -> str:
        return about_words(self.number, self.system)

    @property
    def code(self) -> str:
        """What stands beside `about` where that is a name."""
        return self.number if self.system is not None and self.system.code == self.number else ""

    @property
    def limit_word(self) -> str:
        """Msgid of the word before the limit: 法定时限, 规定时限, 内控时限 or 建议."""
        return owed.limit_word(self.standing, internal=self.due_at is None)

    @property
    def limit_at(self) -> datetime | None:
        return self.due_at or self.internal_due_at

    @property
    def stopped_at(self) -> datetime | None:
        """When its clock stopped; None while it runs."""
        if self.status in ("superseded", "waived"):
            return self.ended_at
        return self.submitted_at if self.status != "open" else None

    @property
    def early(self) -> timedelta | None:
        """By how much the report was early; negative when late."""
        if self.submitted_at is None or self.due_at is None:
            return None
        return self.due_at - self.submitted_at

    def chip(self) -> dict[str, Any]:
        """Arguments of the clock chip that need no translator."""
        return {
            "started_at": self.started_at,
            "due_at": self.limit_at,
            "done_at": self.stopped_at,
            "born_late": self.born_late,
            "pace": self.pace,
            "away": self.away,
        }


@dataclass(frozen=True)
class Receipt:
    id: UUID
    outcome: str
    standing: str
    number: str | None
    received_by: str | None
    means: str
    stated_at: datetime
    recorded_at: datetime
    recorded_by: str
    recorded_by_id: UUID | None
    entered_afterwards: bool
    confirmed_at: datetime | None
    confirmed_by: str
    attachment_id: UUID | None
    contact_record_id: UUID | None
    note: str | None


@dataclass(frozen=True)
class Period:
    """`period` as duties write it (2026, 2026-08, 2026-H1); number `ordinal` of `ordinals` where one owes several."""

    period: str
    ordinal: int | None
    ordinals: int | None


@dataclass(frozen=True)
class Submission:
    id: UUID
    serial: str
    report_id: UUID
    form: str
    subject: str
    number: str
    page: str
    system: SystemName | None
    """Whose code `number` is, where a report is about a system."""
    incident_id: UUID | None
    sender: Named
    speaks_for: tuple[Named, ...]
    """代报: other organizations that it names."""
    agreed: Mapping[UUID, datetime]
    """Those of them that have agreed, and when; for the others it counts for nothing yet."""
    recipient: Named
    means: str | None
    status: str
    ordinal: int
    items: Mapping[str, str]
    newer: Mapping[str, tuple[str, ...]]
    """By item that a person wrote in: lines of what irm knows by now and the item does not say."""
    files: tuple[tuple[UUID, str, str], ...]
    """Id, name and SHA-256 of what goes with it."""
    document_number: str | None
    version: int
    stated_at: datetime | None
    submitted_at: datetime | None
    recorded_at: datetime | None
    entered_afterwards: bool
    created_at: datetime
    updated_at: datetime
    submitted_by: str
    delivery_id: UUID | None
    follows_id: UUID | None
    exercise: bool
    receipts: tuple[Receipt, ...]
    obligations: tuple[UUID, ...]
    owed_for: Period | None = None
    """Of the duties that it is to meet, where all have the same."""

    @property
    def about(self) -> str:
        return about_words(self.number, self.system)

    @property
    def code(self) -> str:
        """What stands beside `about` where that is a name."""
        return self.number if self.system is not None and self.system.code == self.number else ""

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"

    @property
    def is_proven(self) -> bool:
        """By a receipt that a file, a second person or the recipient supports."""
        return any(each.outcome == "received" and each.standing == "confirmed" for each in self.receipts)


@dataclass(frozen=True)
class Contact:
    id: UUID
    direction: str
    means: str
    organization: Named
    counterpart: Named | None
    counterpart_name: str | None
    person: str
    said: str
    stated_at: datetime
    recorded_at: datetime
    recorded_by: str
    entered_afterwards: bool
    serves: tuple[str, ...]
    attachment_id: UUID | None
