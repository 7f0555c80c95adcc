"""Required, planned, held, missing: how a year's drills stand against what is owed. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.drills.vocabulary import HELD, Content, Status
from irm.obligations.yearly import DutyOfYear

SYSTEM = "system/"


@dataclass(frozen=True)
class Counted:
    """One drill as far as quotas care. `organizations`: all that take part, the holder among them."""

    id: UUID
    status: Status
    content: Content
    organization_id: UUID
    organizations: frozenset[UUID]
    system_id: UUID | None


@dataclass(frozen=True)
class Ahead:
    """A duty whose period has not begun: forecast by the rules of today, stored nowhere."""

    rule_id: str
    title: Mapping[str, Any]
    bearer_id: UUID
    subject: str
    number: str
    due_at: datetime


@dataclass(frozen=True)
class Line:
    """One rule for one bearer and subject. `forecast`: how many of `required` begin later. `missing`: what is neither held
    nor planned nor reported already."""

    bearer: UUID
    subject: str
    number: str
    rule_id: str
    title: Mapping[str, Any]
    required: int
    forecast: int
    reported: int
    held: int
    planned: int
    duties: tuple[DutyOfYear, ...]

    @property
    def missing(self) -> int:
        return max(self.required - max(self.reported, self.held) - self.planned, 0)

    @property
    def open_duty(self) -> DutyOfYear | None:
        return next((one for one in self.duties if not one.is_done), None)


def counts_for(drill: Counted, duty: DutyOfYear | Ahead, needs: Mapping[str, str]) -> bool:
    """Does this drill serve that duty? A system's: it was about the system. An organization's: it took part. A rule that
    asks for a comprehensive drill is served by no other."""
    wanted = needs.get(duty.rule_id)
    if wanted is not None and drill.content != wanted:
        return False
    if duty.subject.startswith(SYSTEM):
        return drill.system_id is not None and duty.subject == f"{SYSTEM}{drill.system_id}"
    return duty.bearer_id in drill.organizations


def quota(
    duties: Iterable[DutyOfYear], drills: Sequence[Counted], needs: Mapping[str, str], ahead: Iterable[Ahead] = ()
) -> tuple[Line, ...]:
    """One line for each rule, bearer and subject, in the order of the duties; then those that are only forecast."""
    groups: dict[tuple[UUID, str, str], list[DutyOfYear]] = {}
    coming: dict[tuple[UUID, str, str], list[Ahead]] = {}
    for duty in duties:
        groups.setdefault((duty.bearer_id, duty.subject, duty.rule_id), []).append(duty)
    for one in sorted(ahead, key=lambda one: (str(one.bearer_id), one.subject, one.rule_id, one.due_at)):
        coming.setdefault((one.bearer_id, one.subject, one.rule_id), []).append(one)
    return tuple(_line(groups.get(key, ()), coming.get(key, ()), drills, needs) for key in (groups | coming))


def _line(
    group: Sequence[DutyOfYear], ahead: Sequence[Ahead], drills: Sequence[Counted], needs: Mapping[str, str]
) -> Line:
    first = group[0] if group else ahead[0]
    serving = [drill for drill in drills if counts_for(drill, first, needs)]
    held = sum(drill.status in HELD for drill in serving)
    planned = sum(drill.status in (Status.PLANNED, Status.APPROVED, Status.RUNNING) for drill in serving)
    return Line(
        bearer=first.bearer_id,
        subject=first.subject,
        number=first.number,
        rule_id=first.rule_id,
        title=first.title,
        required=len(group) + len(ahead),
        forecast=len(ahead),
        reported=sum(one.is_done for one in group),
        held=held,
        planned=planned,
        duties=tuple(group),
    )


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
