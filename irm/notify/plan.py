"""Which person is told by which channel, and why not by the others. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal
from uuid import UUID

GROUPS: Final = ("wecom_bot", "dingtalk_bot", "feishu_bot")
"""A bot writes into a group chat: everybody reads it and nobody can be said to have answered, so it is for notices."""
BUILT: Final = ("sms", "voice", "email", "wecom", "dingtalk", "feishu", "in_app", "webhook", *GROUPS)
PLANNED: Final = ("fax",)
CHANNELS: Final = BUILT + PLANNED
GROUP: Final = "group"
"""Stands for the address of the city's one group of a kind, which is a secret of the settings."""
PREFERRED: Final = "preferred"
NO_CHANNEL: Final = "none"

Via = Sequence[str] | Literal["preferred"]


@dataclass(frozen=True)
class Address:
    channel: str
    address: str
    preference: int = 0


@dataclass(frozen=True)
class Recipient:
    """A person, a post, or an organization's own desk; `addresses` are those that are not disabled."""

    organization_id: UUID | None
    person_id: UUID | None = None
    post_id: UUID | None = None
    name: str = ""
    locale: str = "zh-CN"
    addresses: tuple[Address, ...] = ()
    basis: str = ""
    """Why this one: `primary`, `backup`, a role, `person`."""

    @property
    def who(self) -> str:
        """Stable name in keys: one person is one recipient, by whatever way he was found."""
        if self.person_id:
            return f"person:{self.person_id}"
        return f"post:{self.post_id}" if self.post_id else f"organization:{self.organization_id}"


@dataclass(frozen=True)
class NobodyToTell:
    """A target, or one organization of it, for which there is nobody. `reason` is a code of `reasons.REASONS`."""

    reason: str
    target: str
    organization_id: UUID | None = None


@dataclass(frozen=True)
class Resolution:
    """Whom targets mean at one moment. `gaps` are outcomes, to be recorded as such."""

    recipients: tuple[Recipient, ...] = ()
    gaps: tuple[NobodyToTell, ...] = ()

    def __add__(self, other: "Resolution") -> "Resolution":
        return Resolution(self.recipients + other.recipients, self.gaps + other.gaps)

    def acting_for(self, organization_id: UUID) -> "Resolution":
        """Whoever was named as a person is called for this organization: its desk sees what became of it."""
        called = tuple(
            one if one.organization_id else replace(one, organization_id=organization_id) for one in self.recipients
        )
        return Resolution(called, self.gaps)


@dataclass(frozen=True)
class Leg:
    """One message to be planned: sent when `reason` is None, else recorded as skipped for that reason."""

    recipient: Recipient
    channel: str
    address: str | None
    reason: str | None = None


def plan(
    recipients: Iterable[Recipient], via: Via, *, off: Collection[str] = (), asks: bool = False
) -> tuple[Leg, ...]:
    """One leg per recipient and channel asked for; with `preferred` one leg per recipient; one for a group, however many
    are meant.

    `off`: channels that this installation has not configured. `asks`: somebody has to answer. Each recipient counts once, in
    the order given.
    """
    once: dict[str, Recipient] = {}
    for recipient in recipients:
        once.setdefault(recipient.who, recipient)
    legs: list[Leg] = []
    for recipient in once.values():
        if via == PREFERRED:
            legs.append(_preferred(recipient, off))
        else:
            legs.extend(_leg(recipient, channel, off) for channel in dict.fromkeys(via) if channel not in GROUPS)
    if once and via != PREFERRED:
        desk = Recipient(next(iter(once.values())).organization_id)
        legs.extend(_group_leg(desk, channel, off, asks=asks) for channel in dict.fromkeys(via) if channel in GROUPS)
    return tuple(legs)


def obstacle(channel: str, off: Collection[str]) -> str | None:
    """Why nobody can be told by this channel here, or None."""
    if channel not in BUILT:
        return "not_built"
    return "not_configured" if channel in off else None


def _addresses(recipient: Recipient) -> list[Address]:
    """By preference; whoever has an account can be told inside irm, which is the last resort of `preferred`."""
    return sorted(recipient.addresses, key=lambda each: (each.preference, each.channel, each.address))


def _preferred(recipient: Recipient, off: Collection[str]) -> Leg:
    for address in _addresses(recipient):
        if obstacle(address.channel, off) is None:
            return Leg(recipient, address.channel, address.address)
    return Leg(recipient, NO_CHANNEL, None, "no_working_address")


def _group_leg(desk: Recipient, channel: str, off: Collection[str], *, asks: bool) -> Leg:
    blocked = obstacle(channel, off) or ("group_asked" if asks else None)
    return Leg(desk, channel, None if blocked else GROUP, blocked)


def _leg(recipient: Recipient, channel: str, off: Collection[str]) -> Leg:
    address = next((each.address for each in _addresses(recipient) if each.channel == channel), None)
    blocked = obstacle(channel, off)
    if blocked is None and address is None:
        blocked = "no_address"
    return Leg(recipient, channel, address, blocked)
