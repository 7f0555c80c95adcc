"""Report steps: each stands for every open obligation of its rule in the incident. Pure."""

from collections.abc import Mapping
from typing import Final

from irm.playbooks import escalation, signals as s
from irm.playbooks.state import Owed, RunState, Stage
from irm.playbooks.steps import Playbook, Report, Step, audiences
from irm.playbooks.walk import Walk

_BY_NEWS: Final[Mapping[type, str]] = {
    s.ObligationSubmitted: "submitted",
    s.ObligationMet: "met",
    s.ObligationSuperseded: "superseded",
}
_BY_RECEIPT: Final = {"received": "met", "returned": "superseded", "refused": "open"}


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


def after_news(playbook: Playbook, state: RunState, event: s.ObligationEvent) -> Mapping[str, Owed] | None:
    """All that is owed after news of a duty that no step reports, in a run that is about none: there it is remembered and
    moves nothing. None: the news may move something. Most of what an incident makes owed no playbook speaks of."""
    if state.facts.get("obligation") or isinstance(event, s.ObligationTakenOver):
        return None
    known = state.obligations
    if isinstance(event, s.ObligationOpened):
        if event.rule in playbook.reports:
            return None
        return (
            known
            if event.obligation in known
            else {**known, event.obligation: Owed(event.rule, event.bearer, event.form)}
        )
    owed = known.get(event.obligation)
    if owed is not None and owed.rule in playbook.reports:
        return None
    now = owed and _becomes(owed, status_told(event))
    return known if now is owed or now is None else {**known, event.obligation: now}


def status_told(event: s.ObligationEvent) -> str | None:
    """What has become of a duty; None: nothing. `open`: what was handed over was refused, and is owed again."""
    if isinstance(event, s.ReceiptGiven):
        return _BY_RECEIPT.get(event.outcome)
    return _BY_NEWS.get(type(event))


def become(walk: Walk, obligation: str, status: str | None) -> None:
    """As `status_told` says it. A report on its way lets those sleep who were called about it; refused, it wakes them, its
    clock has run on; settled, nothing more is owed under this id, and a run about the duty itself is over."""
    owed = walk.obligations.get(obligation)
    if owed is not None and (now := _becomes(owed, status)) is not owed:
        walk.owes(obligation, now)
        if status == "open":
            _reach_steps(walk, obligation)
        for step, action in walk.playbook.reports.get(owed.rule, ()):
            _close(walk, step, action)
    if walk.is_subject(obligation):
        _tell_subject(walk, status)


def _tell_subject(walk: Walk, status: str | None) -> None:
    match status:
        case "submitted":
            if not walk.facts["obligation"].get("submitted"):
                walk.tell_subject(submitted=True)
                escalation.stop_all(walk, "reported")
        case "open":
            walk.tell_subject(submitted=False)
            escalation.begin_again(walk, "reported")
        case "met" | "superseded":
            walk.tell_subject(submitted=True, met=status == "met")
            walk.handled = True
            walk.end("finished", status)
        case _:
            pass


def is_anything_unsettled(walk: Walk) -> bool:
    about = walk.facts.get("obligation") or {}
    if about.get("submitted") and not about.get("met"):
        return True
    rules = walk.playbook.reports
    return any(owed.rule in rules and owed.status in ("open", "submitted") for owed in walk.obligations.values())


def _becomes(owed: Owed, status: str | None) -> Owed:
    """The very same where nothing changes: what is settled stays so, and only what was handed over can be refused."""
    if status is None or (status == "open" and owed.status != "submitted"):
        return owed
    return owed if owed.status in (status, "met", "superseded") else owed.becomes(status)


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
