"""How deep playbooks may begin one another, and that they never do so in a circle. Pure.

One run per playbook and subject is all there can be, so a circle would not turn for ever: it would silently end where it
began. That is never what its author meant.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from irm.errors import said
from irm.playbooks.steps import Playbook, RunPlaybook
from irm.positions import Document, Fault

MOST_DEEP: Final = 3
"""Runs that began one another, after the one that an event began."""

Edges = Mapping[str, tuple[str, ...]]


def nested(document: Document, playbook: Playbook, active: Iterable[Playbook]) -> Iterator[Fault]:
    """Faults of the steps that begin another playbook. `active`: the city's; the one that is checked takes the place of its
    namesake."""
    edges = {one.id: _begun_by(one) for one in active} | {playbook.id: _begun_by(playbook)}
    above = max((_reversed_path(chain) for chain in _chains(playbook.id, _turned(edges))), key=len)
    for index, step in enumerate(playbook.steps):
        if not isinstance(step.action, RunPlaybook) or step.action.playbook == playbook.id:
            continue
        loc = ("steps", index, "run")
        below = list(_chains(step.action.playbook, edges))
        back = next((chain for chain in below if playbook.id in chain), None)
        if back is not None:
            circle = (playbook.id, *back[: back.index(playbook.id) + 1])
            message = said("The playbooks begin one another in a circle: %(path)s.", path=" → ".join(circle))
            yield document.fault(loc, message, said("let one of them begin no other"))
            continue
        whole = (*above, *max(below, key=len))
        if len(whole) - 1 > MOST_DEEP:
            message = said("The playbooks begin one another too often: %(path)s.", path=" → ".join(whole))
            yield document.fault(loc, message, said("at most %(most)s after the first", most=str(MOST_DEEP)))


def _begun_by(playbook: Playbook) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.action.playbook for step in playbook.steps if isinstance(step.action, RunPlaybook)))


def _turned(edges: Edges) -> Edges:
    """Who is begun by whom → who begins whom."""
    return {name: tuple(one for one, begun in edges.items() if name in begun) for name in edges}


def _reversed_path(chain: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(reversed(chain))


def _chains(name: str, edges: Edges, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every chain from `name` on, to its end or to where it meets itself, but never longer than what is forbidden anyway."""
    chain = (*before, name)
    following = [one for one in edges.get(name, ()) if one not in chain] if len(chain) <= MOST_DEEP + 1 else []
    if not following:
        yield chain
    for one in following:
        yield from _chains(one, edges, chain)
