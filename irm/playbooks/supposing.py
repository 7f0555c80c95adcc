"""A made-up incident for `irm playbook simulate`: one organization for every part, everything owed from the start. Pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from irm.conditions import one_of
from irm.errors import Wrong, said
from irm.playbooks import signals as s
from irm.playbooks.durations import parse_duration
from irm.playbooks.simulate import Supposed
from irm.playbooks.steps import Audience, Facts, Page, Playbook, Report, audiences, targets_of

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Any moment will do: what is printed counts from it."""

_FACTS: Final[Mapping[str, Any]] = {
    "number": "SJ-0000-000000",
    "title": "",
    "status": "open",
    "exercise": False,
    "reached": 3,
    "possible": 3,
    "assessed": None,
    "cii": "unknown",
    "category": "",
    "subcategory": "",
    "crime_suspected": False,
    "handled": False,
}


def pair(text: str) -> tuple[str, str]:
    """`name=value` of the command line. Raises Wrong for anything else."""
    name, sign, value = text.partition("=")
    if not sign or not name or not value:
        raise Wrong(said("“%(value)s” gives no value to a name.", value=text), said("write name=value"))
    return name.strip(), value.strip()


def facts(playbook: Playbook, given: Mapping[str, str]) -> Facts:
    """Organizations are called after their part. Raises Wrong for a fact that there is not."""
    named = {target.who for step in playbook.steps for target in targets_of(step.action) if target.kind != "person"}
    organizations = {who.removeprefix("incident."): [who] for who in named if not who.startswith("obligation.")}
    about: dict[str, Any] = dict(_FACTS)
    for name, text in given.items():
        if name not in about:
            raise Wrong(said("There is no fact “%(name)s”.", name=name), one_of(about))
        about[name] = _value(name, text)
    if playbook.start.on[0].startswith("obligation."):
        owed = {"id": "obligation", "bearer": "obligation.bearer", "overdue": False, "submitted": False, "met": False}
        return {"obligation": owed, "organizations": organizations}
    return {"incident": about, "organizations": organizations}


def _value(name: str, text: str) -> object:
    known = _FACTS[name]
    if isinstance(known, bool):
        if text not in ("true", "false"):
            raise Wrong(said("“%(name)s” is true or false.", name=name))
        return text == "true"
    if name in ("reached", "possible", "assessed"):
        if text not in ("1", "2", "3", "4"):
            raise Wrong(said("“%(name)s” is a level.", name=name), said("1 (the gravest) to 4"))
        return int(text)
    return text


def obligations(playbook: Playbook) -> list[s.ObligationOpened]:
    """One for each report step's rule."""
    rules = dict.fromkeys(step.action.rule for step in playbook.steps if isinstance(step.action, Report))
    return [s.ObligationOpened(rule, rule, "obligation.bearer") for rule in rules]


def events(playbook: Playbook, answers: Iterable[tuple[str, str]], handled: str | None) -> list[Supposed]:
    """Whoever a page asks answers after the time given. Raises Wrong for a step that is no page."""
    found: list[Supposed] = []
    made_up = facts(playbook, {})
    for name, after in answers:
        step = playbook.step(name)
        if step is None or not isinstance(step.action, Page):
            pages = [one.id for one in playbook.steps if isinstance(one.action, Page)]
            raise Wrong(said("The step “%(name)s” is no page.", name=name), one_of(pages))
        passed = parse_duration(after)
        found += [
            Supposed(passed, s.Acknowledged(name, START + passed, who.organization, who.person))
            for who in audiences(targets_of(step.action), made_up)
        ]
    if handled is not None:
        found.append(Supposed(parse_duration(handled), s.SubjectHandled()))
    return found


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
