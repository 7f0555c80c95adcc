"""The order of steps as CACAO can say it: one after the other, or side by side until all are done. Pure.

irm's order is any graph without circles. Where such a graph is made of nothing but “after” and “beside”, the nesting says
exactly the same; where it is not, some steps wait for more than they have to, and `waits_more` names for whom. No step
ever waits for less.
"""

from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class InTurn:
    parts: tuple["Nest", ...]


@dataclass(frozen=True)
class Beside:
    parts: tuple["Nest", ...]


Nest: TypeAlias = str | InTurn | Beside


def nested(after: Mapping[str, tuple[str, ...]]) -> Nest:
    """`after`: step → the steps that it comes after, without circles and at least one step; in the order of the file."""
    return _nest(tuple(after), _ancestors(after))


def waits_more(nest: Nest, after: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Step → what it waits for in the nesting and need not wait for, in the order of the file."""
    ancestors, before = _ancestors(after), dict(_before(nest, frozenset()))
    found = {step: before[step] - ancestors[step] for step in after}
    return {step: tuple(one for one in after if one in more) for step, more in found.items() if more}


def steps_in(nest: Nest) -> frozenset[str]:
    if isinstance(nest, str):
        return frozenset({nest})
    return frozenset().union(*(steps_in(part) for part in nest.parts))


def _nest(steps: tuple[str, ...], ancestors: Mapping[str, AbstractSet[str]]) -> Nest:
    if len(steps) == 1:
        return steps[0]
    separate = _components(steps, ancestors)
    if len(separate) > 1:
        return Beside(tuple(_nest(one, ancestors) for one in separate))
    first = _first_part(steps, ancestors)
    rest = tuple(one for one in steps if one not in first)
    then = _nest(rest, ancestors)
    return InTurn((_nest(first, ancestors), *(then.parts if isinstance(then, InTurn) else (then,))))


def _first_part(steps: tuple[str, ...], ancestors: Mapping[str, AbstractSet[str]]) -> tuple[str, ...]:
    """The fewest steps that all others come after; where there are none, those that come after nothing: they at least
    keep waiting for nothing."""
    within = {one: ancestors[one] & set(steps) for one in steps}
    ordered = sorted(steps, key=lambda one: (len(within[one]), steps.index(one)))
    for count in range(1, len(ordered)):
        first = set(ordered[:count])
        if all(first <= within[one] for one in ordered[count:]):
            return tuple(one for one in steps if one in first)
    return tuple(one for one in steps if not within[one])


def _components(steps: tuple[str, ...], ancestors: Mapping[str, AbstractSet[str]]) -> list[tuple[str, ...]]:
    left, found = list(steps), []
    while left:
        group, edge = {left[0]}, [left[0]]
        while edge:
            one = edge.pop()
            near = {
                other for other in left if other not in group and (other in ancestors[one] or one in ancestors[other])
            }
            group |= near
            edge += near
        found.append(tuple(one for one in steps if one in group))
        left = [one for one in left if one not in group]
    return found


def _ancestors(after: Mapping[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    known: dict[str, frozenset[str]] = {}
    while len(known) < len(after):
        for step, above in after.items():
            if step not in known and all(one in known for one in above):
                known[step] = frozenset(above).union(*(known[one] for one in above))
    return known


def _before(nest: Nest, before: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    if isinstance(nest, str):
        yield nest, before
        return
    for part in nest.parts:
        yield from _before(part, before)
        if isinstance(nest, InTurn):
            before |= steps_in(part)
