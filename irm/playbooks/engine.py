"""The playbook engine: (playbook, state, event, now) → (state, effects). Pure; speaks run time only.

Two rules carry the rest. Only `Tick` fires timers, and the runner sends it after it has emptied the inbox: an
acknowledgement that was there before the timeout was processed always wins. And no step opens twice, but for a report
step whose obligation is refused or joined by another, the pages about a refused one, and, as often as the playbook says,
a page whose acknowledgement expires: every run ends.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import singledispatchmethod

from irm.playbooks import escalation, signals as s, standing_for
from irm.playbooks.state import Owed, RunState, Stage, StepState
from irm.playbooks.steps import (
    Audience,
    Call,
    Decide,
    Facts,
    Notice,
    Page,
    Playbook,
    Report,
    RunPlaybook,
    Step,
    Task,
    WaitFor,
    WaitUntil,
    audiences,
)
from irm.playbooks.walk import Walk


@dataclass(frozen=True, slots=True)
class Advance:
    state: RunState
    effects: tuple[s.Effect, ...] = ()


def start(playbook: Playbook, facts: Facts, now: datetime) -> Advance:
    """Open every step that waits for nothing. Obligations that exist already are told next, as events."""
    state = RunState(at=now, facts=facts, steps={step.id: StepState() for step in playbook.steps})
    walk = _Engine(playbook, state, now)
    walk.handled = bool((facts.get("incident") or {}).get("handled"))
    walk.settle()
    return Advance(*walk.result())


def advance(playbook: Playbook, state: RunState, event: s.Event, now: datetime) -> Advance:
    """One event. Telling an event twice changes nothing; a run that is over answers nothing."""
    if state.status != "running":
        return Advance(state)
    walk = _Engine(playbook, state, max(now, state.at))
    walk.take(event)
    if walk.has_moved():  # what was stored had come to rest
        walk.settle()
    if isinstance(event, s.Tick):
        walk.expire()
        walk.finish_if_over()
    return Advance(*walk.result())


class _Engine(Walk):
    @singledispatchmethod
    def take(self, event: s.Event) -> None:
        raise TypeError(event)

    @take.register
    def _(self, _event: s.Tick) -> None:
        for step in self.playbook.steps:
            if self.at(step).stage is Stage.ACTIVE:
                self.fire(step)

    @take.register
    def _(self, event: s.Acknowledged) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Page):
            key = event.organization if event.organization is not None else f"person:{event.person}"
            escalation.acknowledge(self, step, step.action, key, event.at)

    @take.register
    def _(self, event: s.AnsweredElsewhere) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Page):
            key = event.organization if event.organization is not None else f"person:{event.person}"
            escalation.answered_elsewhere(self, step, step.action, key, event.at)

    @take.register
    def _(self, event: s.Received) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Page):
            escalation.receive(self, step, step.action, event.at)

    @take.register
    def _(self, event: s.Unreached) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Page):
            escalation.give_up_on(self, step, step.action, event)

    @take.register
    def _(self, event: s.FactsChanged) -> None:
        own = {room: self.facts[room] for room in ("decided", "called") if self.facts.get(room)}
        self.facts = {**event.facts, **own}
        self.handled = self.handled or bool((self.facts.get("incident") or {}).get("handled"))

    @take.register
    def _(self, _event: s.SubjectHandled) -> None:
        self.handled = True
        if "incident" in self.facts:
            self.facts["incident"] = {**self.facts["incident"], "handled": True}

    @take.register
    def _(self, event: s.ObligationOpened) -> None:
        standing_for.begin(self, event.obligation, Owed(event.rule, event.bearer, event.form))

    @take.register
    def _(self, event: s.ObligationTakenOver) -> None:
        owed = Owed(event.rule, event.bearer, event.form, event.status)
        standing_for.take_over(self, event.obligation, owed)

    @take.register
    def _(self, event: s.ObligationSubmitted) -> None:
        standing_for.submitted(self, event.obligation)

    @take.register
    def _(self, event: s.ObligationMet) -> None:
        standing_for.settled(self, event.obligation, "met")

    @take.register
    def _(self, event: s.ObligationSuperseded) -> None:
        standing_for.settled(self, event.obligation, "superseded")

    @take.register
    def _(self, event: s.ObligationOverdue) -> None:
        if self.is_subject(event.obligation):
            self.tell_subject(overdue=True)

    @take.register
    def _(self, event: s.ReceiptGiven) -> None:
        match event.outcome:
            case "received":
                standing_for.settled(self, event.obligation, "met")
            case "returned":
                standing_for.settled(self, event.obligation, "superseded")
            case "refused":
                standing_for.refused(self, event.obligation)
            case _:
                pass

    @take.register
    def _(self, event: s.TaskDone) -> None:
        step = self.playbook.step(event.step)
        if step is None or not isinstance(step.action, Task):
            return
        standing = self.at(step)
        if standing.stage is not Stage.ACTIVE or event.key in standing.answered:
            return
        answered = (*standing.answered, event.key)
        self.put(step, answered=answered)
        if set(standing.asked) <= set(answered):
            self.done(step, "done")

    @take.register
    def _(self, event: s.Decided) -> None:
        step = self.playbook.step(event.step)
        if step is None or not isinstance(step.action, Decide) or event.option not in step.action.options:
            return
        if self.at(step).stage is Stage.ACTIVE:
            self.choose(step, event.option, "decided", min(event.at, self.now))

    @take.register
    def _(self, event: s.CallAnswered) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Call) and self.at(step).stage is Stage.ACTIVE:
            if event.call:
                self.remember("called", step, event.outcome)
            self.done(step, event.outcome)

    @take.register
    def _(self, event: s.Cancel) -> None:
        self.end("cancelled", event.reason)

    def settle(self) -> None:
        """Open whatever may open now, until nothing changes; each step moves forward a few times at most."""
        self.have_facts_moved = self.facts != self.before.facts
        left = [step for step in self.playbook.steps if not self.at(step).is_over]
        changed = True
        while changed and self.status == "running":
            changed = False
            for step in left:
                changed = self.consider(step) or changed
        escalation.let_be(self)

    def expire(self) -> None:
        """After all other timers: what they bring about at this moment is there before an acknowledgement expires."""
        expired = [
            escalation.expire(self, step, step.action)
            for step in self.playbook.steps
            if isinstance(step.action, Page) and self.status == "running"
        ]
        if any(expired):
            self.settle()

    def consider(self, step: Step) -> bool:
        """Judge one step; whether anything changed."""
        standing = self.at(step)
        if standing.stage is Stage.ACTIVE:
            if isinstance(step.action, WaitUntil) and self.has_happened(step.action.event):
                self.done(step, "happened")
                return True
            return False
        if standing.is_over or not (standing.lapses or all(self.steps[name].lets_pass for name in step.after)):
            return False
        if standing.stage is Stage.DORMANT and self.sleeps_on(step, standing):
            return False
        holds, failure = self.judge(step)
        if not holds:
            return self.sleep(step, Stage.SKIPPED if self.handled else Stage.DORMANT, "condition")
        if isinstance(step.action, Report) and not standing_for.owed_under(self, step.action.rule):
            return self.sleep(step, Stage.DORMANT, "nothing_owed")
        if failure:
            self.note(step, "condition_failed", error=failure)
        self.open(step)
        return True

    def judge(self, step: Step) -> tuple[bool, str]:
        if step.when is None:
            return True, ""
        try:
            return step.when(self.facts), ""
        except Exception as failure:  # noqa: BLE001 - whatever a condition raises, the night must go on
            # If unsure, do it: a page too many is an annoyance, one too few is the incident.
            return True, type(failure).__name__

    def sleep(self, step: Step, stage: Stage, reason: str) -> bool:
        standing = self.at(step)
        if standing.stage is stage and standing.outcome == reason:
            return False
        self.put(step, stage=stage, outcome=reason)
        return True

    def sleeps_on(self, step: Step, standing: StepState) -> bool:
        """What put it to sleep is as it was: there is nothing to judge again. Conditions ask the facts and nothing else."""
        if self.handled or self.have_facts_moved:
            return False
        if standing.outcome == "condition":
            return True
        return isinstance(step.action, Report) and not standing_for.owed_under(self, step.action.rule)

    def open(self, step: Step) -> None:
        self.put(step, stage=Stage.ACTIVE, outcome=None, opened_at=self.now)
        self.emit(s.StepOpened(step.id, step.kind))
        match step.action:
            case Page() as action:
                escalation.climb(self, step, action)
            case Notice() as action:
                if found := self.named(step, audiences(action.to, self.facts)):
                    self.emit(s.SendNotice(step.id, found, action.via, action.text))
                    self.done(step, "sent")
            case Report() as action:
                self.put(step, due_at=self.now + action.within)
                standing_for.open_drafts(self, step, action, standing_for.open_under(self, action.rule))
            case Task() as action:
                self.open_tasks(step, action)
            case Decide() as action:
                due_at = self.now + action.within
                self.put(step, due_at=due_at)
                found = audiences(action.to, self.facts)
                self.emit(s.AskDecision(step.id, action.title, action.options, found, due_at))
            case WaitFor() as action:
                self.put(step, due_at=self.now + action.duration)
            case WaitUntil():
                pass
            case Call() as action:
                self.put(step, due_at=self.now + action.within)
                self.emit(s.PlaceCall(step.id, action.endpoint))
            case RunPlaybook() as action:
                self.emit(s.StartRun(step.id, action.playbook))
                self.done(step, "started")

    def open_tasks(self, step: Step, action: Task) -> None:
        """One task an organization; the first audience of an organization is who is named on it."""
        first: dict[str, Audience] = {}
        for audience in audiences(action.to, self.facts):
            first.setdefault(audience.key, audience)
        if self.named(step, tuple(first.values())):
            due_at = self.now + action.within
            self.put(step, due_at=due_at, asked=tuple(first))
            asked = (action.title, action.checklist)
            self.emit(*(s.OpenTask(step.id, *asked, who, due_at, action.evidence) for who in first.values()))

    def fire(self, step: Step) -> None:
        """The timers of one open step that are due."""
        if isinstance(step.action, Page):
            escalation.fire(self, step, step.action)
            return
        due_at = self.at(step).due_at
        if due_at is None or due_at > self.now:
            return
        match step.action:
            case Report() as action:
                self.put(step, late=True, due_at=None)
                bearers = tuple(self.obligations[key].bearer for key in standing_for.open_under(self, action.rule))
                self.emit(s.Overran(step.id, audiences(action.by, self.facts, bearers)))
            case Task() as action:
                self.put(step, late=True, due_at=None)
                answered = self.at(step).answered
                asked = audiences(action.to, self.facts)
                self.emit(s.Overran(step.id, tuple(who for who in asked if who.key not in answered)))
            case Decide() as action:
                self.choose(step, action.default, "default", self.now)
            case WaitFor():
                self.done(step, "elapsed")
            case Call():
                self.remember("called", step, "no_answer")
                self.done(step, "no_answer")
            case _:
                pass

    def choose(self, step: Step, option: str, outcome: str, at: datetime) -> None:
        self.remember("decided", step, option)
        self.put(step, choice=option)
        self.done(step, outcome, at=at)

    def finish_if_over(self) -> None:
        """Over when no step is open or could still open, no acknowledgement can expire, and everything a report step
        stands for is settled."""
        if self.status != "running" or standing_for.is_anything_unsettled(self):  # a refusal opens it again
            return
        standings = [self.at(step) for step in self.playbook.steps]
        if any(st.expires_at is not None for st in standings):
            return
        if all(st.is_over or (st.stage is Stage.DORMANT and self.handled) for st in standings):
            self.end("finished", "finished")
