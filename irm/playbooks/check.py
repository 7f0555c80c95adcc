"""The linter: what is wrong with a playbook that reads well. Pure.

Its parts: `law.py` (does it fit the limits), `reaching.py` (can it mean what it says), `covering.py` (is any incident left
without a playbook), `known.py` (what it knows besides the file).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from irm.conditions import meant, one_of
from irm.errors import Said, said
from irm.notify.plan import BUILT, GROUPS, PREFERRED
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks.covering import uncovered
from irm.playbooks.known import NEW, City, Limit
from irm.playbooks.language import read_playbook
from irm.playbooks.law import law, sum_words, worst_case, worst_cases
from irm.playbooks.nesting import nested
from irm.playbooks.reaching import Reach
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

__all__ = ["Checked", "City", "Limit", "check", "sum_words", "unheld_in", "worst_case", "worst_cases"]

MOST_NAMED: Final = 3


@dataclass(frozen=True)
class Checked:
    playbook: Playbook | None
    errors: tuple[Fault, ...] = ()
    warnings: tuple[Fault, ...] = ()


def check(text: str, *, file: str, city: City, of: str | None = None) -> Checked:
    """All faults of language and law together. `playbook` is None where the language itself is broken.

    `of`: the playbook whose next version the text is meant to be, NEW: one that there is not yet, None: whichever it names.
    """
    try:
        read = read_playbook(text, file=file)
    except LanguageError as error:
        return Checked(None, error.faults)
    playbook, document = read.playbook, read.document
    reach = Reach(document, playbook)
    errors = [
        *_misnamed(document, playbook, city, of),
        *_rules(document, playbook, city),
        *law(document, playbook, city),
        *_unknown(document, playbook, city),
        *nested(document, playbook, city.active or ()),
        *reach.errors(),
        *_group_pages(document, playbook),
    ]
    warnings = [
        *_idle(document, playbook),
        *reach.warnings(),
        *_missing(document, playbook, city),
        *_unheld(document, playbook, city),
        *_unserved(document, playbook, city),
        *_unanswered(document, playbook, city),
        *_unmanned(document, playbook, city),
        *uncovered(document, playbook, city),
    ]
    return Checked(playbook, tuple(sorted(errors)), tuple(sorted(warnings)))


def _misnamed(document: Document, playbook: Playbook, city: City, of: str | None) -> Iterator[Fault]:
    """A text that would become a version of another playbook than its author believes."""
    if of is None or playbook.id == of:
        return
    if of != NEW:
        message = said("This is a version of “%(playbook)s”: its identifier stays.", playbook=of)
        hint = said("“%(playbook)s”; another playbook is begun under “New playbook, or from a file”", playbook=of)
        yield document.fault(("id",), message, hint)
    elif playbook.id in city.taken:
        message = said("There is a playbook “%(name)s” already.", name=playbook.id)
        yield document.fault(("id",), message, said("another identifier; its next version is written on its own page"))


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


def _idle(document: Document, playbook: Playbook) -> Iterator[Fault]:
    """Steps that can never do anything."""
    opens_early = {one for step in playbook.steps for one in step.after}
    for index, step in enumerate(playbook.steps):
        if isinstance(step.action, Page) and step.action.until is Until.NONE and step.action.rungs[-1].every:
            yield document.fault(
                ("steps", index, "page"),
                said("Nobody answers this page, so its last rung never repeats."),
                said("leave “every” out"),
            )
        if isinstance(step.action, WaitFor | Decide) and step.id not in opens_early:
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


def _unmanned(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    """Days ahead that a roster leaves empty, told where the target is first named."""
    told: set[str] = set()
    for index, step in enumerate(playbook.steps):
        for loc, targets in _placed_targets(step):
            for target in targets:
                days = city.unmanned.get(str(target), ())
                if days and str(target) not in told:
                    told.add(str(target))
                    message = said(
                        "%(target)s: nobody is on duty for all or some hours of %(days)s.",
                        target=str(target),
                        days=_days(days),
                    )
                    yield document.fault(("steps", index, *loc), message, said("fill the roster"))


def _days(days: tuple[date, ...]) -> Said | str:
    named = ", ".join(str(day) for day in days[:MOST_NAMED])
    if len(days) <= MOST_NAMED:
        return named
    return said("%(names)s and %(count)s more days", names=named, count=len(days) - MOST_NAMED)


def _ways(step: Step) -> tuple[tuple[tuple[str | int, ...], tuple[str, ...]], ...]:
    match step.action:
        case Page() as page:
            return tuple((("page", number, "via"), rung.via) for number, rung in enumerate(page.rungs))
        case Notice() as notice:
            return ((("notice", "via"), notice.via),)
        case _:
            return ()


def _unserved(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    """Channels that irm knows and does not serve, or that this installation has not configured, each told once."""
    told: set[str] = set()
    for index, step in enumerate(playbook.steps):
        for loc, via in _ways(step):
            for channel in via:
                if channel in told or (channel in {*BUILT, PREFERRED} and channel not in city.channels_off):
                    continue
                told.add(channel)
                name = Said(CHANNEL_NAMES[channel])
                if channel in BUILT:
                    message = said(
                        "This channel is not configured here: %(name)s (%(channel)s).", name=name, channel=channel
                    )
                else:
                    message = said(
                        "irm does not serve this channel yet: %(name)s (%(channel)s).", name=name, channel=channel
                    )
                yield document.fault(("steps", index, *loc), message)


def _group_pages(document: Document, playbook: Playbook) -> Iterator[Fault]:
    for index, step in enumerate(playbook.steps):
        if isinstance(step.action, Page) and step.action.until is not Until.NONE:
            for loc, via in _ways(step):
                for channel in via:
                    if channel in GROUPS:
                        message = said(
                            "“%(channel)s” reaches a group, in which nobody can answer for himself.", channel=channel
                        )
                        yield document.fault(("steps", index, *loc), message, said("use it in a notice"))


def _unanswered(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    """Calls to endpoints that the settings do not name; they are recorded as not configured."""
    for index, step in enumerate(playbook.steps):
        if city.endpoints is not None and isinstance(step.action, Call) and step.action.endpoint not in city.endpoints:
            message = said("The settings name no endpoint “%(name)s”.", name=step.action.endpoint)
            hint = meant(step.action.endpoint, city.endpoints)
            yield document.fault(("steps", index, "call", "endpoint"), message, hint)
