"""The linter: what is wrong with a playbook that reads well. Pure.

The law check (DESIGN §5): for each report step, counted from its rule's start event, the worst case is the city's filing
allowance (where the start is the moment of knowledge) + everything on the longest path before it with all rungs exhausted
and every `within` used up + the report's own `within`. It must fit the rule's limit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from irm.conditions import meant, one_of
from irm.errors import said
from irm.playbooks.durations import duration_text
from irm.playbooks.language import read_playbook
from irm.playbooks.steps import (
    Call,
    Decide,
    Notice,
    Page,
    Playbook,
    Report,
    RunPlaybook,
    Step,
    Target,
    Task,
    Until,
    WaitFor,
    WaitUntil,
)
from irm.positions import Document, Fault, LanguageError

KNOWLEDGE: Final = frozenset({"discovered_at", "known_at"})
"""Start events that lie before anybody has filed."""
STARTED_BY: Final[Mapping[str, str]] = {"incident.handled": "handled_at", "incident.assessed": "assessed_at"}
"""What a `wait` waits for → the start event that happens then."""


@dataclass(frozen=True)
class Limit:
    """One rule that a report step may name. `within` None: the rule sets no figure (prompt), so nothing to exceed."""

    within: timedelta | None
    start_event: str
    form: str = ""
    is_ours: bool = True
    """Borne by organizations of a city, not by a superior or a central organ."""


@dataclass(frozen=True)
class City:
    """What the linter knows besides the file. Empty mappings: that check is left out."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    """`<pack>/<rule>` → limit."""
    filing_allowance: timedelta = timedelta()
    playbooks: frozenset[str] = frozenset()
    endpoints: frozenset[str] | None = None
    held: frozenset[str] | None = None
    """Targets that somebody holds today, as written (`role(cloud_authority, duty_leader)`); None: not known."""


@dataclass(frozen=True)
class Checked:
    playbook: Playbook | None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check(text: str, *, file: str, city: City) -> Checked:
    """All faults of language and law together. `playbook` is None where the language itself is broken."""
    try:
        read = read_playbook(text, file=file)
    except LanguageError as error:
        return Checked(None, error.faults)
    playbook, document = read.playbook, read.document
    errors = [*_rules(document, playbook, city), *_law(document, playbook, city), *_unknown(document, playbook, city)]
    warnings = [*_reach(document, playbook), *_missing(document, playbook, city), *_unheld(document, playbook, city)]
    return Checked(playbook, tuple(sorted(errors)), tuple(sorted(warnings)))


def _rules(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    if not city.limits:
        return
    for index, step in enumerate(playbook.steps):
        if not isinstance(step.action, Report):
            continue
        loc = ("steps", index, "report", "obligation")
        limit = city.limits.get(step.action.rule)
        if limit is None:
            message = said("No rule pack has the duty “%(rule)s”.", rule=step.action.rule)
            yield document.fault(loc, message, meant(step.action.rule, city.limits))
        elif limit.form and limit.form != step.action.form:
            message = said("“%(rule)s” asks for a report of form %(form)s.", rule=step.action.rule, form=limit.form)
            yield document.fault(("steps", index, "report", "form"), message, limit.form)


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


def _law(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
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
                sum=_sum(playbook, one),
                total=duration_text(one.total),
                rule=one.rule,
                allowed=duration_text(one.allowed),
                event=city.limits[one.rule].start_event,
            )
            left = one.allowed - (one.total - step.action.within)
            hint = said("within: %(most)s at most", most=duration_text(left)) if left > timedelta() else "after: []"
            yield document.fault(("steps", index, "report", "within"), message, hint)


def _sum(playbook: Playbook, worst: Worst) -> str:
    steps = " + ".join(f"{duration_text(duration_of(one))} {one.id}" for one in playbook.steps if one.id in worst.path)
    if not worst.allowance:
        return steps
    return said("%(time)s to file + %(steps)s", time=duration_text(worst.allowance), steps=steps)


def _unknown(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    for index, step in enumerate(playbook.steps):
        if isinstance(step.action, RunPlaybook) and city.playbooks and step.action.playbook not in city.playbooks:
            hint = meant(step.action.playbook, city.playbooks, one_of(sorted(city.playbooks)))
            message = said("There is no playbook “%(name)s”.", name=step.action.playbook)
            yield document.fault(("steps", index, "run"), message, hint)
        if isinstance(step.action, RunPlaybook) and step.action.playbook == playbook.id:
            yield document.fault(("steps", index, "run"), said("The playbook starts itself."), said("name another one"))
        if playbook.start.on[0].startswith("incident.") and _waits_for(step, "obligation."):
            message = said("An incident has many obligations; this waits for none of them.")
            yield document.fault(("steps", index, "wait"), message, "incident.handled")
        if playbook.start.on[0].startswith("obligation.") and _waits_for(step, "incident."):
            message = said("This playbook is about an obligation.")
            yield document.fault(("steps", index, "wait"), message, "obligation.overdue")


def _waits_for(step: Step, room: str) -> bool:
    return isinstance(step.action, WaitUntil) and step.action.event.startswith(room)


def _reach(document: Document, playbook: Playbook) -> Iterator[Fault]:
    """Steps that can never do anything."""
    opens_early = {one for step in playbook.steps for one in step.after}
    for index, step in enumerate(playbook.steps):
        if isinstance(step.action, Page) and step.action.until is Until.NONE and step.action.rungs[-1].every:
            yield document.fault(
                ("steps", index, "page"),
                said("Nobody answers this page, so its last rung never repeats."),
                said("leave “every” out"),
            )
        if isinstance(step.action, WaitFor | WaitUntil | Decide) and step.id not in opens_early:
            following = playbook.steps[index + 1 :]
            decides = isinstance(step.action, Decide) and any(
                f"decided.{step.id.replace('-', '_')}" in (one.when_source or "") for one in following
            )
            if not decides and not isinstance(step.action, WaitUntil):
                message = said("Nothing comes after “%(name)s”.", name=step.id)
                yield document.fault(("steps", index), message, said("leave it out, or put a step after it"))


def _missing(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    """A chain that reports to some authorities and forgets others."""
    named = {step.action.rule for step in playbook.steps if isinstance(step.action, Report)}
    packs = {rule.partition("/")[0] for rule in named}
    if not named or not playbook.start.on[0].startswith("incident."):
        return
    for rule, limit in sorted(city.limits.items()):
        is_timed = limit.within is not None and limit.form == "initial"
        if is_timed and limit.is_ours and rule not in named and rule.partition("/")[0] in packs:
            message = said("No step reports under “%(rule)s”.", rule=rule)
            yield document.fault(("steps",), message, said("its clock will run without a draft"))


def _placed_targets(step: Step) -> tuple[tuple[tuple[str | int, ...], tuple[Target, ...]], ...]:
    match step.action:
        case Page() as page:
            return tuple((("page", number, "to"), rung.to) for number, rung in enumerate(page.rungs))
        case Notice() | Task() | Decide() as action:
            return (((step.kind, "to"), action.to),)
        case Report() as action:
            return ((("report", "by"), action.by),)
        case _:
            return ()


def unheld_in(playbook: Playbook, city: City) -> tuple[Target, ...]:
    """Targets that nobody holds today; parts in an incident or a duty can only be judged on the night."""
    if city.held is None:
        return ()
    named = [target for step in playbook.steps for _, targets in _placed_targets(step) for target in targets]
    fixed = [target for target in named if not target.who.startswith(("incident.", "obligation."))]
    return tuple(dict.fromkeys(target for target in fixed if str(target) not in city.held))


def _unheld(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    unheld = frozenset(unheld_in(playbook, city))
    for index, step in enumerate(playbook.steps):
        for loc, targets in _placed_targets(step):
            for target in targets:
                if target in unheld:
                    message = said("Nobody holds %(target)s today.", target=target)
                    yield document.fault(("steps", index, *loc), message, said("fill the roster or the role"))
