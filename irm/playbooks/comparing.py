"""What one version of a playbook does otherwise than another: step by step, aspect by aspect. Pure.

Two steps are the same one when their ids are. A step that another was put before is told by its `after`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import Any, Final

from irm.playbooks.durations import duration_text
from irm.playbooks.steps import Playbook, Step, Target
from irm.rules.comparing import Change, Happened, differences_of

PLAYBOOK: Final = "playbook"
STEP: Final = "step"
_NAMES: Final = {"rungs": "whom", "to": "whom", "by": "whom", "duration": "waits", "event": "waits"}
"""Field of an action → what it is called where actions of several kinds are compared."""


@dataclass(frozen=True)
class Comparison:
    """`part` of a change is `playbook` (title, start) or `step`."""

    before: Playbook
    after: Playbook
    changes: tuple[Change, ...]

    def of(self, happened: Happened) -> tuple[Change, ...]:
        return tuple(one for one in self.changes if one.happened == happened)


def compare(before: Playbook, after: Playbook) -> Comparison:
    """First the playbook as a whole, then steps in the order of the newer file, those that were taken out behind."""
    return Comparison(before, after, (*_whole(before, after), *_steps(before, after)))


def aspects(step: Step) -> dict[str, Any]:
    """Everything that a step says, by name, as JSON has it; durations as the file writes them."""
    found: dict[str, Any] = {"title": dict(step.title), "kind": step.kind}
    for one in fields(step.action):
        if one.name != "title" or getattr(step.action, "title") != step.title:  # noqa: B009 - not every action has one
            name = _NAMES.get(one.name, one.name)
            found["task_title" if name == "title" else name] = _plain(getattr(step.action, one.name))
    return found | {"after": list(step.after), "condition": step.when_source}


def _whole(before: Playbook, after: Playbook) -> Iterator[Change]:
    was, becomes = (
        {
            "title": dict(one.title),
            "on": list(one.start.on),
            "condition": one.start.when_source,
            "fallback": one.start.fallback,
        }
        for one in (before, after)
    )
    if differences := differences_of(was, becomes):
        yield Change(PLAYBOOK, after.id, after.title, "changed", differences, before, after)


def _steps(before: Playbook, after: Playbook) -> Iterator[Change]:
    for step in after.steps:
        old = before.step(step.id)
        if old is None:
            yield Change(STEP, step.id, step.title, "added", (), None, step)
        elif differences := differences_of(aspects(old), aspects(step)):
            yield Change(STEP, step.id, step.title, "changed", differences, old, step)
    for step in before.steps:
        if after.step(step.id) is None:
            yield Change(STEP, step.id, step.title, "removed", (), step, None)


def _plain(value: Any) -> Any:
    if isinstance(value, Target):
        return f"{value.kind}({value.who}{f', {value.role}' if value.role else ''})"
    if is_dataclass(value):
        said = {_NAMES.get(one.name, one.name): _plain(getattr(value, one.name)) for one in fields(value)}
        return {name: one for name, one in said.items() if one is not None}
    if isinstance(value, timedelta):
        return duration_text(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, str) else value
