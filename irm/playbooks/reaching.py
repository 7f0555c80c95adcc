"""What a playbook says and can never mean: conditions that never hold, answers asked before they can be there, options that
lead nowhere. Pure."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from irm.categories import categories
from irm.condition_search import Tries, Values, Wanted, can_be
from irm.condition_text import tokens_of, wrong_choices
from irm.conditions import Choice, Condition, ConditionError
from irm.errors import said
from irm.playbooks.possible import conditions_of, declared_in, domains, own_name
from irm.playbooks.steps import Decide, Playbook, Step, WaitUntil
from irm.positions import Document, Fault, Loc

HANDLED: Final = "incident.handled"


class Reach:
    """One playbook, looked through; `errors` forbid to publish, `warnings` do not."""

    def __init__(self, document: Document, playbook: Playbook) -> None:
        self.document = document
        self.playbook = playbook
        self.declared = declared_in(playbook)
        self.conditions = conditions_of(playbook)
        self.tries = Tries()
        self.fixed: Values = {"obligation.overdue": True} if playbook.start.on == ("obligation.overdue",) else {}
        self.above = _above(playbook)
        self.steps = {step.id: step for step in playbook.steps}
        self.brings = {name: step.id for step in playbook.steps if (name := own_name(step)) is not None}
        self.never = {name for name, one in self.conditions.items() if not self.can(Wanted(one))}

    def can(self, *wanted: Wanted, without: frozenset[str] = frozenset(), **fixed: object) -> bool:
        given = {**self.fixed, **{name.replace("__", "."): value for name, value in fixed.items()}}
        over = domains([one.condition for one in wanted], self.declared, without=without, fixed=given)
        return can_be(wanted, over, self.tries)

    def errors(self) -> Iterator[Fault]:
        for loc, name, condition in self._placed():
            wrong = list(wrong_choices(condition.source, tokens_of(condition.source), _kinds_known()))
            if wrong:
                yield from self.document.faults_of(loc, ConditionError(*wrong))
            elif name in self.never and not name:
                yield self.document.fault(loc, said("The playbook never begins: this condition can never hold."))
            elif name in self.never:
                message = said("“%(step)s” never begins: its condition can never hold.", step=name)
                yield self.document.fault(loc, message)
            yield from self._too_early(loc, name, condition)
        for index, step in enumerate(self.playbook.steps):
            for number, above in enumerate(step.after):
                if above in self.never:
                    message = said("“%(step)s” waits for “%(above)s”, which never begins.", step=step.id, above=above)
                    yield self.document.fault(("steps", index, "after", number), message, said("leave it out"))

    def _too_early(self, loc: Loc, name: str, condition: Condition) -> Iterator[Fault]:
        for asked in sorted(condition.names & self.brings.keys()):
            brought_by = self.brings[asked]
            if name and brought_by not in self.above[name]:
                message = said(
                    "“%(step)s” asks for %(name)s without waiting for “%(asked)s”: it would begin before.",
                    step=name,
                    name=asked,
                    asked=brought_by,
                )
                after = ", ".join([*(one for one in self.steps[name].after if one != name), brought_by])
                yield self.document.fault(loc, message, f"after: [{after}]")

    def warnings(self) -> Iterator[Fault]:
        for loc, name, condition in self._placed():
            if name and name not in self.never:
                yield from self._only_once_handled(loc, name, condition)
                yield from self._not_judged(loc, name, condition)
        for index, step in enumerate(self.playbook.steps):
            if isinstance(step.action, Decide):
                yield from self._no_way_on(index, step, step.action)

    def _only_once_handled(self, loc: Loc, name: str, condition: Condition) -> Iterator[Fault]:
        """A sleeping step is judged until the incident is handled, and not after."""
        waits = any(
            isinstance(action := self.steps[one].action, WaitUntil) and action.event == HANDLED
            for one in self.above[name]
        )
        if HANDLED in condition.names and not waits and not self.can(Wanted(condition), incident__handled=False):
            message = said("“%(step)s” sleeps until the incident is handled, and then nobody wakes it.", step=name)
            yield self.document.fault(loc, message, said("put a step with “wait: %(event)s” before it", event=HANDLED))

    def _not_judged(self, loc: Loc, name: str, condition: Condition) -> Iterator[Fault]:
        for asked in sorted(condition.names & self.brings.keys()):
            brought_by = self.brings[asked]
            own = self.conditions.get(brought_by)
            if own is None or brought_by not in self.above[name] or brought_by in self.never:
                continue
            # Once the incident is handled it is left open on purpose: what nobody has decided by then is looked at.
            without = frozenset({asked})
            undecided = Wanted(own, answer=False), Wanted(condition, answer=None)
            if self.can(*undecided, without=without, incident__handled=False):
                message = said(
                    "Where “%(asked)s” does not begin, nothing decides this condition, and “%(step)s” begins.",
                    asked=brought_by,
                    step=name,
                )
                yield self.document.fault(loc, message, f"{own.source} && …")

    def _no_way_on(self, index: int, step: Step, decide: Decide) -> Iterator[Fault]:
        """One option may mean that nothing is done. Of several that lead nowhere, all but one are slips."""
        name = own_name(step) or ""
        after = [one for one in self.playbook.steps if step.id in self.above[one.id] and one.id not in self.never]
        if any(name not in self.conditions[one.id].names if one.id in self.conditions else True for one in after):
            return  # what comes next comes whatever was decided
        asking = [self.conditions[one.id] for one in after]
        nowhere = [option for option in decide.options if not any(self._goes_on(one, name, option) for one in asking)]
        if len(nowhere) > 1:
            message = said("After these options nothing comes: %(options)s.", options=", ".join(nowhere))
            hint = said("ask it in a step after it: %(condition)s", condition=f'{name} == "{nowhere[0]}"')
            yield self.document.fault(("steps", index, "decide", "options"), message, hint)

    def _goes_on(self, condition: Condition, name: str, option: str) -> bool:
        over = [({name: option},), *domains([condition], self.declared, without=frozenset({name}), fixed=self.fixed)]
        return can_be([Wanted(condition)], over, self.tries)

    def _placed(self) -> Iterator[tuple[Loc, str, Condition]]:
        if "" in self.conditions:
            yield ("start", "when"), "", self.conditions[""]
        for index, step in enumerate(self.playbook.steps):
            if step.id in self.conditions:
                yield ("steps", index, "when"), step.id, self.conditions[step.id]


@cache
def _kinds_known() -> Mapping[str, Choice]:
    subs = dict.fromkeys(sub for one in categories().values() for sub in one.subs)
    return {"incident.category": Choice(*categories(), ""), "incident.subcategory": Choice(*subs, "")}


def _above(playbook: Playbook) -> dict[str, frozenset[str]]:
    """Of every step, all those that it waits for, however far above."""
    by_id = {step.id: step for step in playbook.steps}
    found: dict[str, frozenset[str]] = {}

    def above(name: str) -> frozenset[str]:
        if name not in found:
            direct = by_id[name].after
            found[name] = frozenset(direct).union(*(above(one) for one in direct))
        return found[name]

    for name in by_id:
        above(name)
    return found
