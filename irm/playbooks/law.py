"""The law check (DESIGN §5): for each report step, counted from its rule's start event, the worst case is the city's filing
allowance (where the start is the moment of knowledge) + everything on the longest path before it with all rungs exhausted
and every `within` used up + the report's own `within`. It must fit the rule's limit. Pure.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from irm.errors import said
from irm.playbooks.durations import duration_text
from irm.playbooks.known import City
from irm.playbooks.steps import (
    Call,
    Decide,
    Notice,
    Page,
    Playbook,
    Report,
    RunPlaybook,
    Step,
    Task,
    Until,
    WaitFor,
    WaitUntil,
)
from irm.positions import Document, Fault

KNOWLEDGE: Final = frozenset({"discovered_at", "known_at"})
"""Start events that lie before anybody has filed."""
STARTED_BY: Final[Mapping[str, str]] = {"incident.handled": "handled_at", "incident.assessed": "assessed_at"}
"""What a `wait` waits for → the start event that happens then."""


def worst_case(playbook: Playbook, step: Step, start_event: str) -> tuple[timedelta, tuple[str, ...], tuple[str, ...]]:
    """Longest time from the playbook's start (or from the start event, where the path waits for it) until the step's
    `within` has passed; the path; and the waits on it that no clock ends."""
    memo: dict[str, tuple[timedelta, tuple[str, ...], tuple[str, ...]]] = {}
    by_id = {one.id: one for one in playbook.steps}

    def until_end(one: Step) -> tuple[timedelta, tuple[str, ...], tuple[str, ...]]:
        if one.id in memo:
            return memo[one.id]
        above = [until_end(by_id[name]) for name in one.after]
        # A wait for the start event begins the count anew; among such paths and others the longest still decides.
        passed, path, _ = max(above, default=(timedelta(), (), ()), key=lambda found: found[0])
        endless = tuple(dict.fromkeys(name for found in above for name in found[2]))
        if isinstance(one.action, WaitUntil):
            if STARTED_BY.get(one.action.event) == start_event:
                passed, path, endless = timedelta(), (), ()
            else:
                endless = (*endless, one.id)
        memo[one.id] = (passed + duration_of(one), (*path, one.id), endless)
        return memo[one.id]

    return until_end(step)


@dataclass(frozen=True)
class Worst:
    step: str
    rule: str
    total: timedelta
    """From the rule's start event, the filing allowance included where it counts."""
    allowed: timedelta | None
    path: tuple[str, ...]
    endless: tuple[str, ...]
    """Waits on the path that no clock ends."""
    allowance: timedelta


def worst_cases(playbook: Playbook, city: City) -> tuple[Worst, ...]:
    """One for each report step whose rule is known: what the law check compares."""
    found = []
    for step in playbook.steps:
        limit = city.limits.get(step.action.rule) if isinstance(step.action, Report) else None
        if limit is None or not isinstance(step.action, Report):
            continue
        passed, path, endless = worst_case(playbook, step, limit.start_event)
        allowance = city.filing_allowance if limit.start_event in KNOWLEDGE else timedelta()
        found.append(Worst(step.id, step.action.rule, allowance + passed, limit.within, path, endless, allowance))
    return tuple(found)


def duration_of(step: Step) -> timedelta:
    """The longest that a step holds up what comes after it; a wait for an event counts nothing here."""
    match step.action:
        case Page() as page:
            rungs = page.rungs[:-1] if page.until is Until.NONE else page.rungs
            return sum((rung.within for rung in rungs), timedelta())
        case Report() | Task() | Decide() | Call() as action:
            return action.within
        case WaitFor() as action:
            return action.duration
        case WaitUntil() | Notice() | RunPlaybook():
            return timedelta()


def law(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    worst = {one.step: one for one in worst_cases(playbook, city)}
    for index, step in enumerate(playbook.steps):
        one = worst.get(step.id)
        if one is None or one.allowed is None or not isinstance(step.action, Report):
            continue
        if one.endless:
            message = said(
                "“%(step)s” waits for “%(wait)s”, which no clock ends; its limit is %(limit)s.",
                step=step.id,
                wait=one.endless[0],
                limit=duration_text(one.allowed),
            )
            yield document.fault(("steps", index), message, said("after: [] – a legal report waits for nobody"))
        elif one.total > one.allowed:
            message = said(
                "Too slow: %(sum)s = %(total)s, %(rule)s allows %(allowed)s from %(event)s.",
                sum=sum_words(playbook, one),
                total=duration_text(one.total),
                rule=one.rule,
                allowed=duration_text(one.allowed),
                event=city.limits[one.rule].start_event,
            )
            left = one.allowed - (one.total - step.action.within)
            hint = said("within: %(most)s at most", most=duration_text(left)) if left > timedelta() else "after: []"
            yield document.fault(("steps", index, "report", "within"), message, hint)


def sum_words(playbook: Playbook, worst: Worst) -> str:
    """What the worst case is made of: `30m to file + 15m alarm + 3h report`."""
    steps = " + ".join(f"{duration_text(duration_of(one))} {one.id}" for one in playbook.steps if one.id in worst.path)
    if not worst.allowance:
        return steps
    return said("%(time)s to file + %(steps)s", time=duration_text(worst.allowance), steps=steps)
