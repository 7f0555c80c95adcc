"""What stands on an emergency sheet. Pure values; who may see which of them was asked before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Turn:
    """One person or post on duty, with the telephone to call."""

    name: str
    role: str
    """primary or backup."""
    telephone: str | None
    starts_at: datetime
    ends_at: datetime

    def holds(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class Watch:
    """An organization's duty: its turns that are not over, in the order of their start. None: nobody is planned."""

    organization: str
    telephone: str | None
    turns: Sequence[Turn] = ()


@dataclass(frozen=True)
class Desk:
    organization: str
    kind: str
    """Msgid of the kind's name."""
    telephone: str | None
    fax: str | None
    checked_on: date | None
    is_old: bool
    """Nobody has checked these numbers for longer than the city allows, or ever."""


@dataclass(frozen=True)
class Limit:
    """An open duty with its limit. `title` is texts by locale; `word` msgid of what the limit is (法定时限…)."""

    due_at: datetime
    word: str
    title: Mapping[str, str]
    citation: Mapping[str, Any]
    about: str
    bearer: str
    recipient: str
    telephone: str | None
    fax: str | None


@dataclass(frozen=True)
class OpenIncident:
    number: str
    title: str
    level: int
    level_kind: str
    status: str
    """Msgid."""
    discovered_at: datetime


@dataclass(frozen=True)
class Content:
    """`further_…`: how many more there are than stand here."""

    made_at: datetime
    organization: str
    """Whose sheet it is."""
    telephone: str | None
    watches: Sequence[Watch]
    desks: Sequence[Desk]
    limits: Sequence[Limit]
    incidents: Sequence[OpenIncident]
    further_limits: int = 0
    further_incidents: int = 0
