"""Who can be reached by what: judged from the weekly proofs. Pure.

Asked is asked by a channel; proven is answered by the means of that very channel: whoever confirms an SMS inside irm has
not shown that the SMS came.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

PROVES: Final[Mapping[str, frozenset[str]]] = {
    "sms": frozenset({"sms_reply"}),
    "voice": frozenset({"voice_key"}),
    "email": frozenset({"link", "mail_reply"}),
    "wecom": frozenset({"link"}),
    "dingtalk": frozenset({"link"}),
    "feishu": frozenset({"link"}),
}
"""Means by channel. The button of a chat card is a link."""


@dataclass(frozen=True)
class Asked:
    """One proof: a message that a person was asked to answer on a channel. `outcome`: the delivery's status."""

    person_id: UUID
    channel: str
    at: datetime
    outcome: str
    answered_at: datetime | None = None
    means: str | None = None

    @property
    def is_proven(self) -> bool:
        return self.answered_at is not None and self.means in PROVES.get(self.channel, frozenset())


@dataclass(frozen=True)
class Way:
    """How one person is reached on one channel. `in_vain`: how often he was asked since he last answered."""

    channel: str
    proven_at: datetime | None
    asked_at: datetime
    in_vain: int
    outcome: str


@dataclass(frozen=True)
class Reached:
    person_id: UUID
    ways: tuple[Way, ...]

    @property
    def proven_at(self) -> datetime | None:
        """By whichever channel, last."""
        return max((each.proven_at for each in self.ways if each.proven_at), default=None)

    @property
    def first_asked_at(self) -> datetime:
        return min(each.asked_at for each in self.ways)

    def is_lost(self, now: datetime, weeks: int) -> bool:
        """Asked and silent for so long on every channel that he has."""
        return bool(self.ways) and all(each.in_vain >= weeks for each in self.ways) and not self._lately(now, weeks)

    def _lately(self, now: datetime, weeks: int) -> bool:
        return self.proven_at is not None and self.proven_at > now - timedelta(weeks=weeks)


def judged(asked: Iterable[Asked], people: Collection[UUID]) -> list[Reached]:
    """Of these people those who were ever asked, by id."""
    by_way: dict[tuple[UUID, str], list[Asked]] = {}
    for each in asked:
        if each.person_id in people:
            by_way.setdefault((each.person_id, each.channel), []).append(each)
    found: dict[UUID, list[Way]] = {}
    for (person, channel), course in sorted(by_way.items(), key=lambda item: (str(item[0][0]), item[0][1])):
        found.setdefault(person, []).append(_way(channel, sorted(course, key=lambda each: each.at)))
    return [Reached(person, tuple(ways)) for person, ways in found.items()]


def _way(channel: str, course: list[Asked]) -> Way:
    in_vain = 0
    for each in reversed(course):
        if each.is_proven:
            break
        in_vain += 1
    proven = [each.answered_at for each in course if each.is_proven and each.answered_at]
    return Way(channel, max(proven, default=None), course[-1].at, in_vain, course[-1].outcome)
