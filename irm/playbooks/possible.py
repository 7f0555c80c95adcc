"""What the names of a playbook may be together, so that it can be tried whether a condition holds at all. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from irm.categories import categories
from irm.condition_search import OTHER, Domain, Values, literals_in, projected
from irm.conditions import Choice, Condition, FactType, compile_condition, level_words
from irm.playbooks.steps import CALL_OUTCOMES, Call, Decide, Playbook, Step
from irm.playbooks.vocabulary import Declared, declared_for


def own_name(step: Step) -> str | None:
    """The name under which conditions ask what a step has brought; None where there is none."""
    name = step.id.replace("-", "_")
    match step.action:
        case Decide():
            return f"decided.{name}"
        case Call():
            return f"called.{name}"
        case _:
            return None


def declared_in(playbook: Playbook) -> Declared:
    """Every name that a `when` of the playbook may ask."""
    found = dict(declared_for(playbook.start.on))
    for step in playbook.steps:
        name = own_name(step)
        if name is not None and isinstance(step.action, Decide):
            found[name] = Choice(*step.action.options)
        elif name is not None:
            found[name] = Choice(*CALL_OUTCOMES)
    return found


def conditions_of(playbook: Playbook) -> dict[str, Condition]:
    """By step; the playbook's own under the empty name."""
    declared = declared_in(playbook)
    sources = {"": playbook.start.when_source} | {step.id: step.when_source for step in playbook.steps}
    return {name: compile_condition(source, declared) for name, source in sources.items() if source is not None}


def domains(
    conditions: Iterable[Condition],
    declared: Declared,
    *,
    without: frozenset[str] = frozenset(),
    fixed: Values | None = None,
) -> list[Domain]:
    """Those of all names that the conditions ask, the smallest first; `without` stay unknown, `fixed` are as given."""
    asked = tuple(conditions)
    given = fixed or {}
    names = {name for one in asked for name in one.names} - without
    literals = literals_in(asked)
    found: list[Domain] = []
    for together in (LEVELS, KINDS):
        if names & set(together):
            found.append(projected(_TOGETHER[together](), names & set(together)))
            names -= set(together)
    for name in sorted(names):
        values = [given[name]] if name in given else _values(declared[name], literals)
        found.append(tuple({name: value} for value in values))
    return sorted(found, key=len)


LEVELS: Final = ("incident.may_be", "incident.at_least")
KINDS: Final = ("incident.category", "incident.subcategory")


def _levels() -> Iterator[Values]:
    """What may be is never milder than what is (vocabulary.may_be)."""
    for may_be in level_words().values():
        for at_least in level_words().values():
            if may_be <= at_least:
                yield {LEVELS[0]: may_be, LEVELS[1]: at_least}


def _kinds() -> Iterator[Values]:
    yield {KINDS[0]: "", KINDS[1]: ""}
    for one in categories().values():
        for sub in ("", *one.subs):
            yield {KINDS[0]: one.id, KINDS[1]: sub}


_TOGETHER: Final = {LEVELS: _levels, KINDS: _kinds}


def _values(declared: FactType | Choice, literals: Sequence[str]) -> Sequence[object]:
    if isinstance(declared, Choice):
        return declared.values
    if declared is FactType.BOOL:
        return (False, True)
    return tuple(dict.fromkeys((*literals, "", OTHER)))
