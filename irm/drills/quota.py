"""Required, planned, held, missing: how a year's drills stand against what is owed. Pure.

A city asks ten thousand systems for a drill each: everything here goes once over them.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from operator import itemgetter
from typing import Protocol
from uuid import UUID

from irm.drills.vocabulary import HELD, Content, Status
from irm.errors import Invalid
from irm.i18n import N_
from irm.obligations.yearly import DutyOfYear

SYSTEM = "system/"
AHEAD = (Status.PLANNED, Status.APPROVED, Status.RUNNING)

Place = tuple[bool, bool, str, str, str]
"""Of a line in the list."""


@dataclass(frozen=True)
class Counted:
    """One drill as far as quotas care. `organizations`: all that take part, the holder among them."""

    id: UUID
    status: Status
    content: Content
    organization_id: UUID
    organizations: frozenset[UUID]
    system_id: UUID | None


class Asked(Protocol):
    """A rule's demand of one bearer about one subject: a duty, or all of a year's."""

    @property
    def rule_id(self) -> str: ...
    @property
    def bearer_id(self) -> UUID: ...
    @property
    def subject(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Demand:
    """What one rule asks of one bearer about one subject in the year, before any drill is looked at.

    `forecast`: how many of `required` begin later, by the rules of today. `open_duty`: the first not reported yet.
    """

    rule_id: str
    bearer_id: UUID
    subject: str
    number: str
    required: int
    reported: int = 0
    forecast: int = 0
    open_duty: UUID | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A demand beside the drills that serve it."""

    demand: Demand
    held: int
    planned: int

    @property
    def missing(self) -> int:
        """What is neither held nor planned nor reported already."""
        return max(self.demand.required - max(self.demand.reported, self.held) - self.planned, 0)

    @property
    def is_of_a_system(self) -> bool:
        return self.demand.subject.startswith(SYSTEM)

    @property
    def place(self) -> Place:
        """What is missing stands first, organizations before systems."""
        asked = self.demand
        return self.missing == 0, self.is_of_a_system, str(asked.bearer_id), asked.subject, asked.rule_id


@dataclass(frozen=True)
class Sum:
    """One rule over everybody of whom it asks. `lines`: how many those are; `lacking`: of whom something is missing."""

    rule_id: str
    lines: int = 0
    lacking: int = 0
    required: int = 0
    forecast: int = 0
    reported: int = 0
    held: int = 0
    planned: int = 0
    missing: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which lines a reader asks for. `lacking`: only those of which something is missing."""

    organization: UUID | None = None
    rule: str | None = None
    lacking: bool = False

    def takes(self, line: Line) -> bool:
        return (
            (self.organization is None or line.demand.bearer_id == self.organization)
            and (self.rule is None or line.demand.rule_id == self.rule)
            and not (self.lacking and line.missing == 0)
        )


def counts_for(drill: Counted, asked: Asked, needs: Mapping[str, str]) -> bool:
    """Does this drill serve that duty? A system's: it was about the system. An organization's: it took part. A rule that
    asks for a comprehensive drill is served by no other."""
    wanted = needs.get(asked.rule_id)
    if wanted is not None and drill.content != wanted:
        return False
    if asked.subject.startswith(SYSTEM):
        return drill.system_id is not None and asked.subject == f"{SYSTEM}{drill.system_id}"
    return asked.bearer_id in drill.organizations


def joined(owed: Iterable[Demand], ahead: Iterable[Demand]) -> list[Demand]:
    """What is owed already and what will be, one demand for each rule, bearer and subject."""
    found: dict[tuple[str, UUID, str], Demand] = {}
    for one in (*owed, *ahead):
        key = (one.rule_id, one.bearer_id, one.subject)
        known = found.get(key)
        found[key] = (
            one
            if known is None
            else replace(
                known,
                required=known.required + one.required,
                reported=known.reported + one.reported,
                forecast=known.forecast + one.forecast,
                open_duty=known.open_duty or one.open_duty,
            )
        )
    return list(found.values())


def quota(demands: Iterable[Demand], drills: Sequence[Counted], needs: Mapping[str, str]) -> list[Line]:
    """One line for each demand, in their order."""
    of_system: dict[str, list[Counted]] = {}
    of_organization: dict[UUID, list[Counted]] = {}
    for drill in drills:
        if drill.system_id is not None:
            of_system.setdefault(f"{SYSTEM}{drill.system_id}", []).append(drill)
        for organization in drill.organizations:
            of_organization.setdefault(organization, []).append(drill)
    found = []
    for one in demands:
        near = of_system.get(one.subject) if one.subject.startswith(SYSTEM) else of_organization.get(one.bearer_id)
        serving = [drill for drill in near if counts_for(drill, one, needs)] if near else ()
        held = sum(drill.status in HELD for drill in serving)
        planned = sum(drill.status in AHEAD for drill in serving)
        found.append(Line(one, held, planned))
    return found


def sums(lines: Iterable[Line]) -> list[Sum]:
    """By rule, in the order of their names. A drill counts in each line that it serves."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        groups.setdefault(line.demand.rule_id, []).append(line)
    return [_sum(rule_id, groups[rule_id]) for rule_id in sorted(groups)]


def page_of(lines: Iterable[Line], *, after: str | None = None, limit: int) -> tuple[list[Line], str | None]:
    """In their order, (lines, the cursor to go on after or None). Raises Invalid for a cursor of no such list."""
    edge = _decoded(after) if after else None
    placed = ((line.place, line) for line in lines)
    first = nsmallest(limit + 1, (one for one in placed if edge is None or one[0] > edge), key=itemgetter(0))
    shown = [line for _, line in first[:limit]]
    return shown, _encoded(shown[-1].place) if len(first) > limit else None


def next_duties(
    drill: Counted, duties: Iterable[DutyOfYear], needs: Mapping[str, str]
) -> tuple[tuple[DutyOfYear, bool], ...]:
    """The duties that this drill's report may meet: of each rule, bearer and subject the first that is open, once per
    drill. True: those of its holder and its system; others take part, and somebody must say that it counts for them."""
    found: dict[tuple[UUID, str, str], DutyOfYear] = {}
    for duty in duties:
        key = (duty.bearer_id, duty.subject, duty.rule_id)
        if key not in found and not duty.is_done and counts_for(drill, duty, needs):
            found[key] = duty
    return tuple(
        (duty, duty.subject.startswith(SYSTEM) or duty.bearer_id == drill.organization_id) for duty in found.values()
    )


def _sum(rule_id: str, lines: Sequence[Line]) -> Sum:
    return Sum(
        rule_id,
        lines=len(lines),
        lacking=sum(line.missing > 0 for line in lines),
        required=sum(line.demand.required for line in lines),
        forecast=sum(line.demand.forecast for line in lines),
        reported=sum(line.demand.reported for line in lines),
        held=sum(line.held for line in lines),
        planned=sum(line.planned for line in lines),
        missing=sum(line.missing for line in lines),
    )


def _encoded(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> Place:
    try:
        full, of_a_system, *rest = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        bearer, subject, rule_id = rest
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        raise Invalid(N_("This page of the list does not exist."), field="cursor") from error
    return bool(full), bool(of_a_system), str(bearer), str(subject), str(rule_id)
