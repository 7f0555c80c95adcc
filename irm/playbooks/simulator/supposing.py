"""Short forms of a made-up incident: `name=value` of a command line, the fields of a page; and effects in words. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from irm.errors import Wrong, said
from irm.playbooks import signals as s
from irm.playbooks.durations import parse_duration
from irm.playbooks.simulator.situation import Situation, acknowledgements, fact, step_of
from irm.playbooks.simulator.timeline import Supposed
from irm.playbooks.steps import Audience, Page, Playbook


def pair(text: str) -> tuple[str, str]:
    """`name=value` of the command line. Raises Wrong for anything else."""
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise Wrong(said("“%(value)s” gives no value to a name.", value=text), said("write name=value"))
    return name.strip(), value.strip()


def with_facts(situation: Situation, given: Mapping[str, str]) -> Situation:
    """Raises Wrong for a fact, or a value of it, that there is not."""
    facts = dict(situation.facts)
    for name, value in given.items():
        facts |= fact(name, value)
    return replace(situation, facts=facts)


def events(
    playbook: Playbook, situation: Situation, answers: Iterable[tuple[str, str]], handled: str | None
) -> list[Supposed]:
    """Whoever a page asks answers after the time given. Raises Wrong for a step that is no page."""
    found: list[Supposed] = []
    copy = situation.copy_for(playbook)
    for name, after in answers:
        step = step_of(playbook, name, Page)
        passed = parse_duration(after)
        found += [Supposed(passed, one) for one in acknowledgements(step, copy, situation.start + passed)]
    if handled is not None:
        found.append(Supposed(parse_duration(handled), s.SubjectHandled()))
    return found


def everybody_after(playbook: Playbook, situation: Situation, passed: timedelta) -> list[Supposed]:
    """Every page that begins with the playbook is answered this long after it."""
    copy = situation.copy_for(playbook)
    return [
        Supposed(passed, one)
        for step in playbook.steps
        if isinstance(step.action, Page)
        for one in acknowledgements(step, copy, situation.start + passed)
    ]


def words(effect: s.Effect) -> tuple[str, str]:
    """(kind, whom or what) of an effect, for a table."""
    match effect:
        case s.PageRung():
            return "page", f"{_all(effect.audiences)} · {effect.rung}/{effect.round} · {', '.join(effect.via)}"
        case s.SendNotice():
            return "notice", _all(effect.audiences)
        case s.OpenTask():
            return "task", _all((effect.audience,))
    for cls, (kind, what) in _PLAIN.items():
        if isinstance(effect, cls):
            told = getattr(effect, what) if what else ""
            return kind, told if isinstance(told, str) else ", ".join(told)
    return "", ""


_PLAIN: Final[Mapping[type, tuple[str, str]]] = {
    s.OpenReport: ("report", "rule"),
    s.AskDecision: ("decide", "options"),
    s.PlaceCall: ("call", "endpoint"),
    s.StartRun: ("run", "playbook"),
    s.Exhausted: ("exhausted", ""),
    s.Expired: ("expired", ""),
    s.LetLie: ("let_lie", ""),
    s.Overran: ("overran", ""),
    s.Noted: ("noted", "reason"),
    s.StepDone: ("done", "outcome"),
    s.Finished: ("finished", "status"),
}


def _all(found: tuple[Audience, ...]) -> str:
    return ", ".join(f"{one.kind}({one.key}, {one.role})" if one.role else f"{one.kind}({one.key})" for one in found)
