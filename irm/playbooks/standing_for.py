"""Report steps: each stands for every open obligation of its rule in the incident. Pure."""

from irm.playbooks import escalation, signals as s
from irm.playbooks.state import Owed, Stage
from irm.playbooks.steps import Report, Step, audiences
from irm.playbooks.walk import Walk


def owed_under(walk: Walk, rule: str) -> list[str]:
    return [key for key, owed in walk.obligations.items() if owed.rule == rule]


def open_under(walk: Walk, rule: str) -> list[str]:
    return [key for key in owed_under(walk, rule) if walk.obligations[key].status == "open"]


def open_drafts(walk: Walk, step: Step, action: Report, obligations: list[str]) -> None:
    if obligations:
        bearers = tuple(dict.fromkeys(walk.obligations[key].bearer for key in obligations))
        by = audiences(action.by, walk.facts, bearers)
        due_at = walk.at(step).due_at or walk.now + action.within
        walk.emit(s.OpenReport(step.id, action.rule, action.form, tuple(obligations), by, due_at))
    _close(walk, step, action)


def begin(walk: Walk, obligation: str, owed: Owed) -> None:
    if obligation not in walk.obligations:
        walk.owes(obligation, owed)
        _reach_steps(walk, obligation)


def take_over(walk: Walk, obligation: str, owed: Owed) -> None:
    """As it stands elsewhere, whatever this run knew of it before."""
    if walk.obligations.get(obligation) == owed:
        return
    walk.owes(obligation, owed)
    if owed.status == "open":
        _reach_steps(walk, obligation)
        return
    for step, action in walk.playbook.reports.get(owed.rule, ()):
        _close(walk, step, action)


def submitted(walk: Walk, obligation: str) -> None:
    _mark(walk, obligation, "submitted")
    if walk.is_subject(obligation) and not walk.facts["obligation"].get("submitted"):
        walk.tell_subject(submitted=True)
        escalation.stop_all(walk, "reported")


def refused(walk: Walk, obligation: str) -> None:
    """Open again; its clock has run on, and who was let sleep because of the report is woken again."""
    if walk.is_subject(obligation):
        walk.tell_subject(submitted=False)
        escalation.begin_again(walk, "reported")
    owed = walk.obligations.get(obligation)
    if owed is not None and owed.status == "submitted":
        walk.owes(obligation, owed.becomes("open"))
        _reach_steps(walk, obligation)


def settled(walk: Walk, obligation: str, status: str) -> None:
    """Nothing more is owed under this id; a run about the obligation itself is over."""
    _mark(walk, obligation, status)
    if walk.is_subject(obligation):
        walk.tell_subject(submitted=True, met=status == "met")
        walk.handled = True
        walk.end("finished", status)


def is_anything_unsettled(walk: Walk) -> bool:
    about = walk.facts.get("obligation") or {}
    if about.get("submitted") and not about.get("met"):
        return True
    rules = walk.playbook.reports
    return any(owed.rule in rules and owed.status in ("open", "submitted") for owed in walk.obligations.values())


def _mark(walk: Walk, obligation: str, status: str) -> None:
    owed = walk.obligations.get(obligation)
    if owed is None or owed.status in (status, "met", "superseded"):
        return
    walk.owes(obligation, owed.becomes(status))
    for step, action in walk.playbook.reports.get(owed.rule, ()):
        _close(walk, step, action)


def _close(walk: Walk, step: Step, action: Report) -> None:
    if walk.at(step).stage is not Stage.ACTIVE or open_under(walk, action.rule):
        return
    statuses = {walk.obligations[key].status for key in owed_under(walk, action.rule)}
    walk.done(step, "superseded" if statuses == {"superseded"} else "reported")


def _reach_steps(walk: Walk, obligation: str) -> None:
    """The report steps of its rule that are open already, or were, take it up; the others when they open."""
    for step, action in walk.playbook.reports.get(walk.obligations[obligation].rule, ()):
        stage = walk.at(step).stage
        if stage is Stage.DONE:
            due_at = walk.now + action.within
            walk.put(step, stage=Stage.ACTIVE, outcome=None, done_at=None, late=False, due_at=due_at)
            walk.emit(s.StepOpened(step.id, step.kind))
        if stage in (Stage.DONE, Stage.ACTIVE):
            open_drafts(walk, step, action, [obligation])
