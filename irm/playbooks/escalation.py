"""Page steps: rungs, rounds, and who has answered. Pure.

A rung's time counts from the moment it is really opened: after an outage the next rung is paged once and gets its whole
time, instead of every rung being found exhausted; rounds that were missed are not made up for. An acknowledgement that
expires holds from the moment at which the run learned of it, for the same reason.
"""

from datetime import datetime
from typing import Any

from irm.playbooks import signals as s
from irm.playbooks.state import Stage, StepState
from irm.playbooks.steps import WAITABLE, Audience, Expiry, Page, Step, Until, audiences
from irm.playbooks.walk import Walk


def climb(walk: Walk, step: Step, action: Page) -> None:
    """Open the next rung that has anybody to ask; past the last one the step is exhausted, and says so.

    Who answered before the step opened did so on the same step of a run that this one goes on for: nobody is asked the
    same thing twice.
    """
    standing = walk.at(step)
    if standing.rung == 0 and standing.answered and action.until in (Until.ACKNOWLEDGED, Until.RECEIVED):
        _answered(walk, step, action)
        return
    for number in range(standing.rung + 1, len(action.rungs) + 1):
        named = audiences(action.rungs[number - 1].to, walk.facts)
        if not named:
            walk.note(step, "no_target", rung=number)
        elif awaited := _unanswered(standing, named):
            send(walk, step, action, awaited, 1, rung=number, rung_at=walk.now, unreached=())
            if action.until is Until.NONE and number == len(action.rungs):
                walk.done(step, "sent")
            return
    if not standing.asked and standing.answered:
        _answered(walk, step, action)
    elif not standing.asked:
        walk.done(step, "no_target", stage=Stage.SKIPPED)
    elif action.until is Until.NONE:
        walk.done(step, "sent")
    else:
        walk.emit(s.Exhausted(step.id))
        walk.done(step, "exhausted")


def send(
    walk: Walk, step: Step, action: Page, awaited: tuple[Audience, ...], number: int, *, rung: int, **begun: Any
) -> None:
    """One round of a rung, to those of it who have not answered; `begun`: what else is new where the rung is."""
    standing = walk.at(step)
    asked = tuple(dict.fromkeys((*standing.asked, *[each.key for each in awaited])))
    walk.put(step, rung=rung, round=number, asked=asked, **begun)
    if awaited:
        via, number = action.rungs[rung - 1].via, standing.rounds_before + number
        walk.emit(s.PageRung(step.id, rung, number, awaited, via, action.until))


def fire(walk: Walk, step: Step, action: Page) -> None:
    standing = walk.at(step)
    if standing.rung_at is None:
        return
    rung = action.rungs[standing.rung - 1]
    passed = walk.now - standing.rung_at
    if passed >= rung.within:
        climb(walk, step, action)
    elif rung.every is not None and (number := passed // rung.every + 1) > standing.round:
        awaited = _unanswered(standing, audiences(rung.to, walk.facts))  # the facts may name others than a round ago
        send(walk, step, action, awaited, number, rung=standing.rung)


def acknowledge(walk: Walk, step: Step, action: Page, key: str, at: datetime) -> None:
    """An answer, in time or late. A second one of the same audience changes nothing, nor does what was given before the
    page began again."""
    standing = walk.at(step)
    if standing.opened_at is None or key in standing.answered or (standing.lapses and at < standing.opened_at):
        return
    answered = (*standing.answered, key)
    walk.put(step, answered=answered)
    if standing.stage is not Stage.ACTIVE:
        walk.note(step, "late_acknowledgement", outcome=standing.outcome or "")
    elif action.until is Until.ACKNOWLEDGED_BY_ALL and not set(standing.asked) <= set(answered):
        walk.emit(s.StopPaging(step.id, (key,)))
    else:
        walk.emit(s.StopPaging(step.id))
        _answered(
            walk, step, action, "received" if action.until is Until.RECEIVED else "acknowledged", min(at, walk.now)
        )


def answered_elsewhere(walk: Walk, step: Step, action: Page, key: str, at: datetime) -> None:
    """On a run that this one goes on for: a step that has not begun yet will not ask there again (`climb`)."""
    standing = walk.at(step)
    if standing.opened_at is not None:
        acknowledge(walk, step, action, key, at)
    elif key not in standing.answered and not standing.lapses:
        walk.put(step, answered=(*standing.answered, key))


def receive(walk: Walk, step: Step, action: Page, at: datetime) -> None:
    if action.until is Until.RECEIVED and walk.at(step).stage is Stage.ACTIVE:
        walk.emit(s.StopPaging(step.id))
        walk.done(step, "received", at=min(at, walk.now))


def give_up_on(walk: Walk, step: Step, action: Page, event: s.Unreached) -> None:
    """Nobody on duty: don't wait for silence to end. On the last rung there is nobody to climb to, so it keeps its time
    and its next round asks the roster again."""
    standing = walk.at(step)
    if standing.stage is not Stage.ACTIVE or standing.rung != event.rung:
        return
    unreached = tuple(dict.fromkeys((*standing.unreached, *event.keys)))
    walk.put(step, unreached=unreached)
    walk.note(step, "unreached", rung=event.rung, keys=list(event.keys), why=event.reason)
    present: tuple[Audience, ...] = audiences(action.rungs[event.rung - 1].to, walk.facts)
    awaited = {a.key for a in present} - set(standing.answered)
    if event.rung < len(action.rungs) and awaited <= set(unreached):
        climb(walk, step, action)


def stop_all(walk: Walk, outcome: str) -> None:
    """What was asked for has been done: nobody is paged about it any more."""
    for step, _ in walk.playbook.pages:
        if walk.at(step).stage is Stage.ACTIVE:
            walk.emit(s.StopPaging(step.id))
            walk.done(step, outcome)
        elif walk.at(step).expires_at is not None:
            walk.put(step, expires_at=None)


def begin_again(walk: Walk, outcome: str) -> None:
    """What `stop_all` ended for this reason asks anew, from the first rung, where its condition still holds; what was
    answered before holds no longer than an answer given now."""
    for step, action in walk.playbook.pages:
        standing = walk.at(step)
        if standing.stage is Stage.DONE and standing.outcome == outcome:
            walk.becomes(step, _anew(standing, action))
        elif standing.stage is Stage.DONE and standing.outcome == "acknowledged" and standing.expires_at is None:
            _may_expire(walk, step, action)


def let_be(walk: Walk) -> None:
    """Acknowledgements that need not expire any more: what they were to lead to has happened."""
    for step, _, expiry in walk.playbook.expiring:
        if walk.at(step).expires_at is not None and _has_led_to(walk, expiry.unless):
            walk.put(step, expires_at=None)


def expire(walk: Walk, step: Step, action: Page, expiry: Expiry) -> bool:
    """An acknowledgement whose time is over, and nothing came of it: the page begins again where its condition still
    holds, and after the last time it is said aloud. Whether anything changed."""
    standing = walk.at(step)
    if standing.expires_at is None or standing.expires_at > walk.now:
        return False
    walk.put(step, expires_at=None)
    awaited = walk.steps.get(expiry.unless)
    if awaited is not None and awaited.stage is Stage.DORMANT:  # there is nothing to do
        return False
    if standing.lapses < expiry.times:
        walk.becomes(step, _anew(standing, action).but(lapses=standing.lapses + 1))
        walk.emit(s.Expired(step.id, standing.lapses + 1))
    else:
        walk.emit(s.LetLie(step.id))
        walk.done(step, "let_lie")
    return True


def _unanswered(standing: StepState, named: tuple[Audience, ...]) -> tuple[Audience, ...]:
    return tuple([each for each in named if each.key not in standing.answered])


def _answered(walk: Walk, step: Step, action: Page, outcome: str = "acknowledged", at: datetime | None = None) -> None:
    walk.done(step, outcome, at=at)
    _may_expire(walk, step, action)


def _may_expire(walk: Walk, step: Step, action: Page) -> None:
    if action.expires is not None and not _has_led_to(walk, action.expires.unless):
        walk.put(step, expires_at=walk.now + action.expires.after)


def _has_led_to(walk: Walk, unless: str) -> bool:
    if unless in WAITABLE:
        # Who has handled the incident has not let it lie.
        return walk.has_happened(unless) or (unless.startswith("incident.") and walk.handled)
    return walk.steps[unless].is_over


def _anew(standing: StepState, action: Page) -> StepState:
    most = max(rung.within // rung.every + 1 if rung.every else 1 for rung in action.rungs)
    return StepState(rounds_before=standing.rounds_before + most, lapses=standing.lapses)
