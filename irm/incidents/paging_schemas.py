"""Wire types of "why was nobody paged": the page, the interface and the command read the same. Moments carry a zone; words
are in the reader's language."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class AttemptLine(Struct, frozen=True):
    """One try at handing a message out. `claimed_by`: host and process number; null where an older irm did it.
    `outcome`: sent refused failed unknown not_configured, or null."""

    attempt: int
    claimed_at: datetime
    finished_at: datetime | None
    claimed_by: str | None
    outcome: str | None
    words: str
    detail: str
    """The provider's own answer."""
    late: bool


class MessageLine(Struct, frozen=True):
    """One message to one person or post by one channel. `reason`: why it did not go, as a code; `reason_words` in words."""

    id: UUID
    title: str
    purpose: str
    to: str
    organization: str
    channel: str
    round: int
    planned_at: datetime
    sent_at: datetime | None
    status: str
    status_words: str
    reason: str | None
    reason_words: str
    answered_at: datetime | None
    answered: str
    received: bool
    """The channel says that it arrived."""
    crossed: bool
    possibly_duplicate: bool
    away: bool
    """It went late because irm itself was away."""
    carried_with: int
    attempts: list[AttemptLine]


class RungLine(Struct, frozen=True):
    """`due_at`: when it was to begin if nobody answered before; `called_at`: when it did. `why`: why nobody was called."""

    number: int
    to: list[str]
    via: list[str]
    every_seconds: int | None
    within_seconds: int
    due_at: datetime | None
    called_at: datetime | None
    late: bool
    away: bool
    """Late because irm itself was away."""
    why: str
    messages: list[MessageLine]


class CallLine(Struct, frozen=True):
    """Another system that a step asked. `status`: waiting, answered, refused, no_answer, not_configured or
    exercise_skipped. `answer`, `headers`: as it said them, for readers who see every share; `cut`: only its beginning was
    kept, and `sha256` is of what was kept."""

    endpoint: str
    status: str
    words: str
    placed_at: datetime
    tries: int
    http_status: int | None
    answered_at: datetime | None
    trouble: str
    headers: dict[str, str]
    answer: str
    sha256: str
    cut: bool
    erased: bool = False
    """Its time is over: the text is gone, `sha256` stays."""


class StepLine(Struct, frozen=True):
    """`due_at`: when it began or is to begin; null where no clock decides. `within_until`: the end of its own time."""

    id: str
    kind: str
    kind_words: str
    title: str
    stage: str
    words: str
    due_at: datetime | None
    opened_at: datetime | None
    done_at: datetime | None
    within_until: datetime | None
    late: bool
    why: str
    to: list[str]
    rungs: list[RungLine]
    messages: list[MessageLine]
    call: CallLine | None


class RunLine(Struct, frozen=True):
    """`origin`: who published and approved the version by which it runs, and when."""

    id: UUID
    playbook: str
    version: int
    origin: str
    title: str
    status: str
    status_words: str
    exercise: bool
    started_at: datetime
    finished_at: datetime | None
    steps: list[StepLine]


class NotStarted(Struct, frozen=True):
    """An active playbook that does not run on the incident. `reason`: not_verified condition fallback."""

    playbook: str
    version: int
    title: str
    reason: str
    words: str
    condition: str


class PagingView(Struct, frozen=True):
    """`others`: messages about the incident that no playbook sent (reminders, hand-overs). `not_started`: only for the
    cloud authority."""

    number: str
    as_of: datetime
    reached: bool
    """Somebody was called, or still is going to be."""
    runs: list[RunLine]
    others: list[MessageLine]
    not_started: list[NotStarted]
