"""The flow of a foreign CACAO document as irm says order and choice: which step comes after which, and only if what. Pure.

Branches of one object end, and then goes on what stands behind the object; branches may also simply run together. Both
come to: after all steps with which the branches end, on the conditions that hold on every way to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from irm.playbooks.cacao.reading import Document, Step

Guard = tuple[str, ...]
"""Conditions of our language that must all hold, the outermost first."""


@dataclass(frozen=True)
class Made:
    """What one object became. `steps`: ids of irm's steps, in the order in which they come one after the other; empty: it
    adds none. `guards`: label of a branch → what must hold for it besides."""

    steps: tuple[str, ...] = ()
    guards: Mapping[str, str] = field(default_factory=dict)


@dataclass
class _Entry:
    after: dict[str, None] = field(default_factory=dict)
    guards: list[Guard] = field(default_factory=list)

    def guard(self, choices: set[frozenset[str]]) -> Guard:
        """What holds on every way to it, and that one of the ways was taken. `choices`: what between them always holds."""
        first, *others = self.guards
        count = 0
        while count < len(first) and all(len(one) > count and one[count] == first[count] for one in others):
            count += 1
        rest = list(dict.fromkeys(" && ".join(one[count:]) for one in self.guards))
        if "" in rest or frozenset(rest) in choices:
            return first[:count]
        return (*first[:count], f"({' || '.join(rest)})" if len(rest) > 1 else rest[0])


Make = Callable[[Step, tuple[str, ...], Guard], Made]
FAILED = "on_failure"


def follow(document: Document, make: Make) -> None:
    """Call `make(object, after, guard)` for every object that is reached, none before all that leads to it."""
    steps = reached(document)
    within = {name: _branches_of(one, steps) for name, one in steps.items()}
    choices: set[frozenset[str]] = set()
    entries: dict[str, _Entry] = {document.start: _Entry(guards=[()])}
    exits: dict[str, tuple[str, ...]] = {}
    for name in _order(steps, within):
        entry, one = entries.get(name), steps[name]
        if entry is None or one.type == "end":
            continue
        for before in (each for each in steps.values() if each.branches and each.then == name and each.id in exits):
            entry.after |= dict.fromkeys(_ends(within[before.id], steps, exits) or exits[before.id])
        after, guard = tuple(entry.after), entry.guard(choices)
        made = make(one, after, guard)
        choices.add(frozenset(made.guards.values()))
        exits[name] = made.steps[-1:] or after
        for label, branch in one.branches:
            _enter(entries, branch, exits[name], _and(guard, made.guards.get(label)))
        if one.failed is not None and FAILED in made.guards:
            _enter(entries, one.failed, exits[name], _and(guard, made.guards[FAILED]))
        if one.then is not None:
            # What the branches end with is not known yet; it is asked when its turn comes.
            ends = () if one.branches else exits[name]
            _enter(entries, one.then, ends, guard if one.failed is None else _and(guard, made.guards.get("")))


def _and(guard: Guard, more: str | None) -> Guard:
    return (*guard, more) if more else guard


def _enter(entries: dict[str, _Entry], name: str, after: Iterable[str], guard: Guard) -> None:
    entry = entries.setdefault(name, _Entry())
    entry.after |= dict.fromkeys(after)
    entry.guards.append(guard)


def reached(document: Document) -> dict[str, Step]:
    """The objects to which a way leads from the start, in the order of the document."""
    found = _reach((document.start,), document.steps)
    return {name: one for name, one in document.steps.items() if name in found}


def _reach(edge: Iterable[str], steps: Mapping[str, Step]) -> set[str]:
    found: set[str] = set()
    left = list(edge)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += steps[name].next
    return found


def _branches_of(one: Step, steps: Mapping[str, Step]) -> frozenset[str]:
    """Everything inside the branches of an object; what stands behind it is not, even where a branch runs into it."""
    behind = _reach((one.then,) if one.then is not None else (), steps)
    return frozenset(_reach((step for _, step in one.branches), steps) - behind) if one.branches else frozenset()


def _ends(inside: frozenset[str], steps: Mapping[str, Step], exits: Mapping[str, tuple[str, ...]]) -> list[str]:
    """With which of irm's steps the branches end."""
    last = [
        name
        for name in steps
        if name in inside
        and steps[name].type != "end"
        and all(steps[one].type == "end" or one not in inside for one in steps[name].next)
    ]
    return [step for name in last for step in exits.get(name, ())]


def _order(steps: Mapping[str, Step], within: Mapping[str, frozenset[str]]) -> list[str]:
    """Every object behind all that leads to it; what stands behind branches, behind all that is inside them."""
    leads: dict[str, set[str]] = {name: set() for name in steps}
    for name, one in steps.items():
        for following in one.next:
            leads[following].add(name)
    inside: dict[str, frozenset[str]] = {}
    for name, one in steps.items():
        if one.then is not None:
            inside[one.then] = inside.get(one.then, frozenset()) | within[name]
    placed: dict[str, None] = {}
    while len(placed) < len(leads):
        free = [name for name, before in leads.items() if name not in placed and before <= placed.keys()]
        ready = [name for name in free if inside.get(name, frozenset()) <= placed.keys()]
        # Branches of several objects that are knotted into one another: then the plain order has to do.
        placed |= dict.fromkeys(ready or free)
    return list(placed)
