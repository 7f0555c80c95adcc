"""A simulation from a situation and answers: what is owed under the packs, the engine run forward, the limits judged. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from irm.obligations.policy import standing_of
from irm.playbooks import signals as s
from irm.playbooks.simulator.course import Course, LimitLine, Span, Verdict, of_timeline
from irm.playbooks.simulator.owed_ahead import OwedAhead, Stage, far_enough, owed_ahead
from irm.playbooks.simulator.situation import OBLIGATION, Situation
from irm.playbooks.simulator.timeline import Supposed, Timeline, simulate
from irm.playbooks.steps import Playbook, Report
from irm.rules.pack import Pack

FILING: Final = "filing"
"""What the filing itself satisfies has been handed over when the playbook begins; it is told only where that is too late."""


@dataclass(frozen=True)
class Simulated:
    situation: Situation
    timeline: Timeline
    course: Course
    owed: tuple[OwedAhead, ...]


def simulated(
    playbook: Playbook,
    situation: Situation,
    answers: Sequence[Supposed],
    *,
    packs: Sequence[Pack],
    allowance: timedelta,
) -> Simulated:
    """`allowance`: the city's, where the situation does not say when it was discovered."""
    copy = situation.copy_for(playbook)
    discovered = situation.discovered or situation.start - allowance
    owed: tuple[OwedAhead, ...] = ()
    if "incident" in copy:
        until = far_enough(situation.start, [one.after for one in answers])
        owed = owed_ahead(packs, situation, _stages(situation, answers, copy), discovered=discovered, until=until)
    opened = [
        Supposed(
            max(one.from_ - situation.start, timedelta()),
            s.ObligationOpened(one.id, one.owed.rule_id, one.bearer, one.owed.form),
        )
        for one in owed
    ] + [
        Supposed(one.after, s.ObligationOpened(f"{one.rule}/{one.bearer}", one.rule, one.bearer))
        for one in situation.owed
    ]
    told = _by_duty(answers, opened)
    timeline = simulate(playbook, copy, situation.start, supposed=[*opened, *told])
    course = of_timeline(playbook, timeline, situation.start)
    limits = tuple(limit for one in owed if (limit := _limit(one, playbook, course, situation, told)) is not None)
    return Simulated(situation, timeline, replace(course, limits=_once(limits)), owed)


def _stages(situation: Situation, answers: Sequence[Supposed], copy: Any) -> list[Stage]:
    facts, handled = dict(copy["incident"]), None
    found = [Stage(situation.start, facts)]
    for one in sorted(answers, key=lambda each: each.after):
        at = situation.start + one.after
        if isinstance(one.event, s.FactsChanged):
            facts = dict(one.event.facts["incident"])
        elif isinstance(one.event, s.SubjectHandled):
            handled = at
        else:
            continue
        found.append(Stage(at, facts, handled))
    return found


def _by_duty(answers: Sequence[Supposed], opened: Sequence[Supposed]) -> list[Supposed]:
    """What is said of a rule is said of every duty under it; a run about one duty has only that one."""
    known: dict[str, list[str]] = {}
    for one in opened:
        if isinstance(one.event, s.ObligationOpened):
            known.setdefault(one.event.rule, []).append(one.event.obligation)
    found: list[Supposed] = []
    for one in answers:
        match one.event:
            case s.ObligationSubmitted() | s.ObligationMet() | s.ReceiptGiven() as event:
                found += [
                    Supposed(one.after, replace(event, obligation=each))
                    for each in known.get(event.obligation, [OBLIGATION] if event.obligation == OBLIGATION else [])
                ]
            case _:
                found.append(one)
    return found


def _limit(
    one: OwedAhead, playbook: Playbook, course: Course, situation: Situation, told: Sequence[Supposed]
) -> LimitLine | None:
    """None where no figure limits it, or where a playbook that reports nothing has nothing to do with it."""
    steps = [
        step.id for step in playbook.steps if isinstance(step.action, Report) and step.action.rule == one.owed.rule_id
    ]
    reports = any(isinstance(step.action, Report) for step in playbook.steps)
    at = one.limit_at
    if at is None or not reports:
        return None
    handed = min((situation.start + each.after for each in told if _hands(each.event, one.id)), default=None)
    if FILING in one.owed.satisfied_by:
        if situation.start <= at:
            return None
        handed = situation.start
    spans = [span for span in course.spans if span.step in steps and span.kind == "report"]
    verdict, ready = judged(at, handed, spans)
    return LimitLine(
        at=at,
        rule=one.owed.rule_id,
        title=one.owed.title,
        citation=one.owed.citation.as_json(),
        standing="internal" if one.owed.due_at is None else standing_of(one.owed.force),
        bearer=one.bearer,
        recipient=one.owed.recipient_kind,
        started_at=one.owed.started_at,
        verdict=verdict,
        step=steps[0] if steps else "",
        ready_at=ready,
    )


def _hands(event: s.Event, obligation: str) -> bool:
    return isinstance(event, s.ObligationSubmitted | s.ObligationMet) and event.obligation == obligation


def judged(at: datetime, handed: datetime | None, spans: Sequence[Span]) -> tuple[Verdict, datetime | None]:
    """What was handed over counts; else when the draft is to be ready at the latest."""
    if handed is not None:
        return ("handed_in_time" if handed <= at else "handed_late"), handed
    ready = min((span.end for span in spans if span.end is not None), default=None)
    if ready is None:
        return "not_drafted", None
    return ("in_time" if ready <= at else "late"), ready


def _once(limits: Sequence[LimitLine]) -> tuple[LimitLine, ...]:
    """Several recipients of one report have one line."""
    found: dict[tuple[object, ...], LimitLine] = {}
    for one in limits:
        found.setdefault((one.rule, one.at, one.bearer, one.verdict), one)
    return tuple(sorted(found.values(), key=lambda one: (one.at, one.rule)))
