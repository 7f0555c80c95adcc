"""One Protocol for everything that carries a message: `send(message, resources) -> Outcome`, and nothing else.

A channel raises nothing for what a provider can do to it: trouble is an outcome. The outcomes differ in one question,
whether the message may have gone out, because that decides what a second attempt is.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol
from uuid import UUID

from irm.config import Settings
from irm.jobs import Resources

Kind = Literal["sent", "refused", "failed", "unknown", "not_configured"]

TEST: Final = "TEST"
"""The number of a message about nothing that happened: a test of a channel, or whether somebody can be reached."""


@dataclass(frozen=True)
class Enclosure:
    """A file of the store that goes with the message."""

    name: str
    media_type: str
    sha256: str


@dataclass(frozen=True)
class Message:
    """`token`: for the signed link, in pages only. `delivery_id` is the idempotency key of every attempt."""

    delivery_id: UUID
    purpose: str
    address: str
    title: str
    body: str
    locale: str
    path: str
    exercise: bool
    severity: int
    at: datetime
    """When this attempt began."""
    token: str | None = None
    reply_code: str | None = None
    number: str = ""
    """Of the incident or other subject, as people say it."""
    level: str = ""
    """The level's word in the message's language; empty where it has none."""
    carries: int = 1
    """How many messages it stands for."""
    planned_at: datetime | None = None
    """The same at every attempt, unlike `at`: what makes two rounds of one page two texts."""
    files: tuple[Enclosure, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """`sent`: the provider took it. `refused`: it never will. `failed`: not this time, and surely not gone out.
    `unknown`: it may have gone out."""

    kind: Kind
    detail: str = ""
    provider_id: str | None = None
    received: bool = False
    """The receiver itself has said so; a provider's "taken" is less."""
    of_receiver: bool = False
    """It has to do with this one address (so many an hour to one number), and says nothing against the provider."""


class Channel(Protocol):
    def configured(self, settings: Settings) -> bool: ...

    async def send(self, message: Message, resources: Resources) -> Outcome: ...
