"""Two incidents become one, part by part, and two again (DESIGN §3, 并案). Pure.

Nothing that counts against time or gravity is lost: the earliest knowledge stays, of two statements of one fact the graver
holds until somebody says otherwise, and who has stated something goes before who has not. Separating gives back, field by
field, what stood before; what was said or done since the merge stays where it was said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from irm.incidents.facts import Stated, graver_of
from irm.incidents.lifecycle import LIVE, Status
from irm.rules.levels import clock_level, graver

MERGEABLE: Final = frozenset({*LIVE, Status.HANDLED})
_PROGRESS: Final = (Status.OPEN, Status.CONTAINED, Status.HANDLED)
T = TypeVar("T")


@dataclass(frozen=True)
class Share:
    """One organization's part."""

    organization: UUID
    roles: tuple[str, ...]
    known_at: datetime
    known_basis: str
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    handled_at: datetime | None = None
    handled_reason: str | None = None
    systems: frozenset[UUID] = frozenset()


@dataclass(frozen=True)
class Whole:
    """What holds for the incident."""

    status: str
    discovered_at: datetime
    occurred_at: datetime | None
    category: str | None
    subcategory: str | None
    reached: int
    possible: int
    assessed: int | None
    facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    handled_at: datetime | None = None


def united_share(main: Share, absorbed: Share, scales: Mapping[str, Sequence[str]]) -> Share:
    """The earliest knowledge; every role and system; handled only where both were."""
    first = min(main, absorbed, key=lambda one: (one.known_at, one is not main))
    both = main.handled_at is not None and absorbed.handled_at is not None
    return Share(
        main.organization,
        tuple(dict.fromkeys((*main.roles, *absorbed.roles))),
        first.known_at,
        first.known_basis,
        united_facts(main.facts, absorbed.facts, scales),
        main.handled_at if both else None,
        main.handled_reason if both else None,
        main.systems | absorbed.systems,
    )


def united_facts(main: Stated, absorbed: Stated, scales: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Any]]:
    """Each statement with its moment and author: the only one, or the graver; of equal ones the older."""
    found = {name: dict(one) for name, one in main.items()}
    for name, other in absorbed.items():
        own = found.get(name)
        if (
            own is None
            or graver_of(own["value"], other["value"], scales.get(name, ())) != own["value"]
            or (own["value"] == other["value"] and other["at"] < own["at"])
        ):
            found[name] = dict(other)
    return found


def united_whole(main: Whole, absorbed: Whole, scales: Mapping[str, Sequence[str]]) -> Whole:
    """Verified if either was; as far in its handling as the one that is less far; judged anew where one judgement does
    not cover the other."""
    categories = (main.category, main.subcategory) if main.category else (absorbed.category, absorbed.subcategory)
    status = united_status(Status(main.status), Status(absorbed.status))
    known = [at for at in (main.occurred_at, absorbed.occurred_at) if at is not None]
    return Whole(
        status.value,
        min(main.discovered_at, absorbed.discovered_at),
        min(known, default=None),
        *categories,
        graver(main.reached, absorbed.reached),
        graver(main.possible, absorbed.possible),
        united_assessment(main, absorbed),
        united_facts(main.facts, absorbed.facts, scales),
        main.handled_at if status is Status.HANDLED else None,
    )


def united_status(main: Status, absorbed: Status) -> Status:
    """A confirmed incident verifies what waited; else the less advanced of the two."""
    verified = [one for one in (main, absorbed) if one is not Status.REPORTED]
    return min(verified, key=_PROGRESS.index) if verified else Status.REPORTED


def united_assessment(main: Whole, absorbed: Whole) -> int | None:
    """The graver judgement. A judgement of one alone holds if it is as grave as what the other's clocks run by; else the
    level is open again (级别研判中) and clocks run by what is possible. What nobody had verified has no say."""
    if Status.REPORTED in (main.status, absorbed.status):
        judged = [one.assessed for one in (main, absorbed) if one.status != Status.REPORTED]
        return judged[0] if len(judged) == 1 else None
    if main.assessed is not None and absorbed.assessed is not None:
        return graver(main.assessed, absorbed.assessed)
    for one, other in ((main, absorbed), (absorbed, main)):
        if one.assessed is not None and graver(one.assessed, _runs_by(other)) == one.assessed:
            return one.assessed
    return None


def separated_share(before: Share, merged: Share, now: Share) -> Share:
    """`merged`: as the merge left it. What is still so is as before; what somebody changed since stays."""
    return Share(
        before.organization,
        _apart(before.roles, merged.roles, now.roles),
        _since(before.known_at, merged.known_at, now.known_at),
        _since(before.known_basis, merged.known_basis, now.known_basis),
        separated_facts(before.facts, merged.facts, now.facts),
        _since(before.handled_at, merged.handled_at, now.handled_at),
        _since(before.handled_reason, merged.handled_reason, now.handled_reason),
        before.systems | (now.systems - merged.systems),
    )


def separated_facts(before: Stated, merged: Stated, now: Stated) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys((*before, *merged, *now)):
        one = _since(before.get(name), merged.get(name), now.get(name))
        if one is not None:
            found[name] = dict(one)
    return found


def separated_whole(before: Whole, merged: Whole, now: Whole) -> Whole:
    """As for a part. Levels are the grading's to say again."""
    return replace(
        before,
        status=_since(before.status, merged.status, now.status),
        discovered_at=_since(before.discovered_at, merged.discovered_at, now.discovered_at),
        occurred_at=_since(before.occurred_at, merged.occurred_at, now.occurred_at),
        category=_since(before.category, merged.category, now.category),
        subcategory=_since(before.subcategory, merged.subcategory, now.subcategory),
        assessed=_since(before.assessed, merged.assessed, now.assessed),
        facts=separated_facts(before.facts, merged.facts, now.facts),
        handled_at=_since(before.handled_at, merged.handled_at, now.handled_at),
    )


def _runs_by(one: Whole) -> int:
    return clock_level(one.reached, one.possible, one.assessed)


def _since(before: T, merged: T, now: T) -> T:
    return before if now == merged else now


def _apart(before: Sequence[str], merged: Sequence[str], now: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *(one for one in now if one not in merged))))
