"""Wire types of "who was told when": the page, the paper, the interface and the command read the same. Moments carry a
zone; words are in the reader's language."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

Proof = Literal["proven", "received", "stated", "taken", "coming", "none"]
"""How it is known: the recipient's own answer or receipt · a channel's report that it arrived · what we say ourselves ·
only that a provider took it · not gone yet · not told. The strongest first."""
STRENGTH = ("proven", "received", "stated", "taken", "coming", "none")


class ToldLine(Struct, frozen=True):
    """One telling. `at`: when it was told; null where it was not. `recorded_at`: when it was written down, if later."""

    kind: Literal["filing", "message", "report", "contact"]
    at: datetime | None
    what: str
    means: str
    to: str
    """Person or post; empty: the organization's desk."""
    by: str
    proof: Proof
    proof_words: str
    proof_at: datetime | None
    recorded_at: datetime | None
    href: str


class OwedLine(Struct, frozen=True):
    """What is still owed between us and the recipient. `due_at` null: without a clock; then `since` says how long."""

    kind: Literal["report", "receipt", "support", "answer"]
    title: str
    by: str
    """Who owes it."""
    since: datetime
    due_at: datetime | None
    limit_word: str
    article: str
    href: str


class RecipientLine(Struct, frozen=True):
    """One organization. `first_at`, `first_means`: the first telling that is more than an attempt; null: not told yet."""

    organization: str
    kind: str
    first_at: datetime | None
    first_means: str
    proof: Proof
    proof_words: str
    proof_at: datetime | None
    owed: list[OwedLine]
    told: list[ToldLine]


class ToldView(Struct, frozen=True):
    number: str
    as_of: datetime
    recipients: list[RecipientLine]
