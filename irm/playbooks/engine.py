"""The playbook engine: (playbook, state, event, now) → (state, effects). Pure; speaks run time only.

Two rules carry the rest. Only `Tick` fires timers, and the runner sends it after it has emptied the inbox: an
acknowledgement that was there before the timeout was processed always wins. And no step opens twice, but for a report
step whose obligation is refused or joined by another, the pages about a refused one, and, as often as the playbook says,
a page whose acknowledgement expires: every run ends.
"""

from datetime import datetime
from typing import Final, NamedTuple, assert_never, get_args

from irm.playbooks import escalation, signals as s, standing_for
from irm.playbooks.state import NOT_BEGUN, UNTOUCHED, Owed, RunState, Stage, StepState
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

_NEWS: Final = get_args(s.ObligationEvent)


class Advance(NamedTuple):
    state: RunState
    effects: tuple[s.Effect, ...] = ()


def start(playbook: Playbook, facts: Facts, now: datetime) -> Advance:
    """Open every step that waits for nothing. Obligations that exist already are told next, as events."""
    state = RunState(at=now, facts=dict(facts), steps={step.id: UNTOUCHED for step in playbook.steps})
    walk = _Engine(playbook, state, now)
    walk.handled = bool((facts.get("incident") or {}).get("handled"))
    walk.stirred.update(playbook.first)
    walk.come_to_rest()
    return Advance(*walk.result())


def advance(playbook: Playbook, state: RunState, event: s.Event, now: datetime) -> Advance:
    """One event. Telling an event twice changes nothing; a run that is over answers nothing."""
    if state.status != "running":
        return Advance(state)
    at = max(now, state.at)
    if isinstance(event, _NEWS) and (owed := standing_for.after_news(playbook, state, event)) is not None:
        return Advance(state.but(at=at, obligations=owed))
    walk = _Engine(playbook, state, at)
    walk.take(event)
    walk.settle()
    if isinstance(event, s.Tick):
        walk.expire()
        walk.finish_if_over()
    return Advance(*walk.result())


class _Engine(Walk):
    def take(self, event: s.Event) -> None:
        match event:
            case s.Tick():
                self.fire_all()
            case (
                s.ReceiptGiven()
                | s.ObligationOpened()
                | s.ObligationSubmitted()
                | s.ObligationMet()
                | s.ObligationSuperseded()
                | s.ObligationTakenOver()
                | s.ObligationOverdue()
            ):
                self.take_news_of_obligation(event)
            case s.Acknowledged() | s.AnsweredElsewhere() | s.Received() | s.Unreached():
                self.take_answer(event)
            case s.TaskDone():
                self.take_task(event)
            case s.Decided():
                self.take_decision(event)
            case s.CallAnswered():
                self.take_call(event)
            case s.FactsChanged():
                own = {room: self.facts[room] for room in ("decided", "called") if self.facts.get(room)}
                self.facts = {**event.facts, **own}
                self.handled = self.handled or bool((self.facts.get("incident") or {}).get("handled"))
            case s.SubjectHandled():
                self.handled = True
                if "incident" in self.facts:
                    self.facts = {**self.facts, "incident": {**self.facts["incident"], "handled": True}}
            case s.Cancel():
                self.end("cancelled", event.reason)
            case _:
                assert_never(event)

    def take_news_of_obligation(self, event: s.ObligationEvent) -> None:
        match event:
            case s.ObligationOpened():
                standing_for.begin(self, event.obligation, Owed(event.rule, event.bearer, event.form))
            case s.ObligationTakenOver():
                owed = Owed(event.rule, event.bearer, event.form, event.status)
                standing_for.take_over(self, event.obligation, owed)
            case s.ObligationOverdue():
                if self.is_subject(event.obligation):
                    self.tell_subject(overdue=True)
            case _:
                standing_for.become(self, event.obligation, standing_for.status_told(event))

    def take_answer(self, event: s.AnswerEvent) -> None:
        step = self.playbook.step(event.step)
        if step is None or not isinstance(step.action, Page):
            return
        match event:
            case s.Acknowledged():
                escalation.acknowledge(self, step, step.action, _whose(event), event.at)
            case s.AnsweredElsewhere():
                escalation.answered_elsewhere(self, step, step.action, _whose(event), event.at)
            case s.Received():
                escalation.receive(self, step, step.action, event.at)
            case s.Unreached():
                escalation.give_up_on(self, step, step.action, event)

    def take_task(self, event: s.TaskDone) -> None:
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

    def take_decision(self, event: s.Decided) -> None:
        step = self.playbook.step(event.step)
        if step is None or not isinstance(step.action, Decide) or event.option not in step.action.options:
            return
        if self.at(step).stage is Stage.ACTIVE:
            self.choose(step, event.option, "decided", min(event.at, self.now))

    def take_call(self, event: s.CallAnswered) -> None:
        step = self.playbook.step(event.step)
        if step is not None and isinstance(step.action, Call) and self.at(step).stage is Stage.ACTIVE:
            if event.call:
                self.remember("called", step, event.outcome)
            self.done(step, event.outcome)

    def settle(self) -> None:
        """What was stored had come to rest: only what this event has moved can open anything."""
        self.have_facts_moved = self.facts is not self.before.facts and self.facts != self.before.facts
        if self.have_facts_moved or self.handled != self.before.handled:
            self.stirred.update(self.steps)
        self.come_to_rest()

    def come_to_rest(self) -> None:
        """Open whatever may open now, in the order of the file, until nothing moves; each step moves forward a few times
        at most."""
        while self.stirred and self.status == "running":
            for step in self.playbook.steps:
                if step.id not in self.stirred:
                    continue
                self.stirred.remove(step.id)
                standing = self.steps[step.id]
                if standing.stage in NOT_BEGUN:
                    self.consider(step, standing)
                elif isinstance(step.action, WaitUntil) and standing.stage is Stage.ACTIVE:
                    self.look_whether_it_has_happened(step, step.action)
        escalation.let_be(self)

    def expire(self) -> None:
        """After all other timers: what they bring about at this moment is there before an acknowledgement expires."""
        expired = [
            escalation.expire(self, step, page, expiry)
            for step, page, expiry in self.playbook.expiring
            if self.status == "running"
        ]
        if any(expired):
            self.come_to_rest()

    def look_whether_it_has_happened(self, step: Step, action: WaitUntil) -> None:
        if self.has_happened(action.event):
            self.done(step, "happened")

    def consider(self, step: Step, standing: StepState) -> None:
        """Let a step that has not begun open, sleep, or wait on."""
        if standing.stage is Stage.DORMANT and self.sleeps_on(step, standing):
            return
        if not self.is_reached(step, standing):
            return
        holds, failure = self.judge(step)
        if not holds:
            self.sleep(step, Stage.SKIPPED if self.handled else Stage.DORMANT, "condition")
        elif isinstance(step.action, Report) and not standing_for.owed_under(self, step.action.rule):
            self.sleep(step, Stage.DORMANT, "nothing_owed")
        else:
            if failure:
                self.note(step, "condition_failed", error=failure)
            self.open(step)

    def is_reached(self, step: Step, standing: StepState) -> bool:
        if standing.lapses:
            return True
        for name in step.after:  # noqa: SIM110 - asked most often of all: a generator costs more than what it looks at
            if not self.steps[name].lets_pass:
                return False
        return True

    def fire_all(self) -> None:
        """Each step is looked at as it stands then: what fired before it may have ended it."""
        active = Stage.ACTIVE
        for step in self.playbook.steps:
            standing = self.steps[step.id]
            if standing.stage is not active:
                continue
            if isinstance(step.action, Page):
                escalation.fire(self, step, step.action)
            elif standing.due_at is not None and standing.due_at <= self.now:
                self.fire(step)

    def judge(self, step: Step) -> tuple[bool, str]:
        if step.when is None:
            return True, ""
        try:
            return step.when(self.facts), ""
        except Exception as failure:  # noqa: BLE001 - whatever a condition raises, the night must go on
            # If unsure, do it: a page too many is an annoyance, one too few is the incident.
            return True, type(failure).__name__

    def sleep(self, step: Step, stage: Stage, reason: str) -> None:
        standing = self.at(step)
        if standing.stage is not stage or standing.outcome != reason:
            self.put(step, stage=stage, outcome=reason)

    def sleeps_on(self, step: Step, standing: StepState) -> bool:
        """What put it to sleep is as it was: there is nothing to judge again. Conditions ask the facts and nothing else."""
        if self.handled or self.have_facts_moved:
            return False
        if standing.outcome == "condition":
            return True
        return isinstance(step.action, Report) and not standing_for.owed_under(self, step.action.rule)

    def open(self, step: Step) -> None:
        due_at = self.now + step.within if step.within is not None else None
        self.put(step, stage=Stage.ACTIVE, outcome=None, opened_at=self.now, due_at=due_at)
        self.emit(s.StepOpened(step.id, step.kind))
        match step.action:
            case Page() as action:
                escalation.climb(self, step, action)
            case Notice() as action:
                if found := self.named(step, audiences(action.to, self.facts)):
                    self.emit(s.SendNotice(step.id, found, action.via, action.text))
                    self.done(step, "sent")
            case Report() as action:
                standing_for.open_drafts(self, step, action, standing_for.open_under(self, action.rule))
            case Task() as action:
                self.open_tasks(step, action)
            case Decide() as action:
                found = audiences(action.to, self.facts)
                self.emit(s.AskDecision(step.id, action.title, action.options, found, self.now + action.within))
            case WaitFor() | WaitUntil():
                pass
            case Call() as action:
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
            self.put(step, asked=tuple(first))
            asked, due_at = (action.title, action.checklist), self.now + action.within
            self.emit(*(s.OpenTask(step.id, *asked, who, due_at, action.evidence) for who in first.values()))

    def fire(self, step: Step) -> None:
        """The time of an open step is over."""
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
        if self.status != "running":
            return
        for standing in self.steps.values():
            is_over = standing.is_over or (standing.stage is Stage.DORMANT and self.handled)
            if not is_over or standing.expires_at is not None:
                return
        if not standing_for.is_anything_unsettled(self):  # a refusal opens it again
            self.end("finished", "finished")


def _whose(event: s.Acknowledged | s.AnsweredElsewhere) -> str:
    """The audience for which it answers (`Audience.key`)."""
    return event.organization if event.organization is not None else f"person:{event.person}"
