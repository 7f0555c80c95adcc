"""Reading a CACAO 2.0 document from anybody: JSON → checked values, every fault with its JSON pointer. Pure.

What CACAO demands and irm does not need (`created_by`, `modified`, agents of an action …) may be missing: producers differ.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from irm.conditions import meant, one_of
from irm.errors import FieldError, Invalid, Said, said, with_hint
from irm.playbooks.cacao.vocabulary import CONTAINERS, SPEC, STEP_TYPES

LARGEST: Final = 1_000_000
"""Bytes. A playbook with sixty long steps and pictures of its layout has a tenth of it."""
DEEPEST: Final = 40
MOST_OBJECTS: Final = 500
"""Workflow objects. irm's own limit of steps is far below."""
MOST_FAULTS: Final = 30
_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9-]*--[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_ONE_STEP: Final = ("on_completion", "on_success", "on_failure", "on_true", "on_false")
_TEXTS: Final = ("name", "description", "condition", "switch", "agent", "playbook_id")


class Twice(ValueError):
    """A name stands twice in one object; JSON itself would forget the first."""


@dataclass(frozen=True)
class Step:
    """One object of the workflow. `then`: what comes after it, or after all its branches; `branches`: label → first step."""

    id: str
    type: str
    said: Mapping[str, Any]
    then: str | None
    failed: str | None
    branches: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        return " ".join(str(self.said.get("name") or "").split())

    @property
    def next(self) -> tuple[str, ...]:
        return tuple(one for one in (*(step for _, step in self.branches), self.then, self.failed) if one is not None)


@dataclass(frozen=True)
class Document:
    said: Mapping[str, Any]
    steps: Mapping[str, Step]
    start: str

    @property
    def name(self) -> str:
        return " ".join(str(self.said.get("name") or "").split())


def read_cacao(content: bytes) -> Document:
    """Raises Invalid (code `cacao`) naming each fault by JSON pointer, or by line and column where it is no JSON."""
    data = _json(content)
    faults: list[FieldError] = []
    for fault in _faults(data):
        faults.append(fault)
        if len(faults) == MOST_FAULTS:
            break
    if faults:
        raise _refused(faults)
    steps = {name: _step(name, one) for name, one in data["workflow"].items()}
    faults = list(_circles(steps, data["workflow_start"]))
    if faults:
        raise _refused(faults)
    return Document(data, steps, data["workflow_start"])


def pointer(*parts: str | int) -> str:
    """`/workflow/action--…/on_completion` (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)


def _refused(faults: list[FieldError]) -> Invalid:
    return Invalid("This is no CACAO playbook that irm can read.", code="cacao", errors=faults)


def _at(message: str, *parts: str | int) -> FieldError:
    return FieldError(pointer(*parts) or "/", message)


def _json(content: bytes) -> Any:
    if len(content) > LARGEST:
        raise _refused([_at(said("The file is larger than %(most)s KB.", most=LARGEST // 1000))])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused([_at(said("The file is not UTF-8 text."))]) from error
    if _depth(text) > DEEPEST:
        raise _refused([_at(said("The file is nested more than %(most)s levels deep.", most=DEEPEST))])
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        place = said("line %(line)s, column %(column)s", line=error.lineno, column=error.colno)
        raise _refused([_at(said("This is no JSON: %(told)s (%(place)s).", told=error.msg, place=place))]) from error
    except Twice as error:
        raise _refused([_at(said("“%(name)s” stands here twice.", name=str(error)[:100]))]) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; NaN
        raise _refused([_at(said("This is no JSON: %(told)s.", told=str(error)[:100]))]) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Twice(name)
        found[name] = value
    return found


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _depth(text: str) -> int:
    most = depth = 0
    for one in _STRING.sub("", text):
        if one in "[{":
            depth += 1
            most = max(most, depth)
        elif one in "]}":
            depth -= 1
    return most


def _faults(data: Any) -> Iterator[FieldError]:
    if not isinstance(data, dict):
        yield _at(_wrong("object"))
        return
    yield from _texts(data, ())
    if data.get("type") != "playbook":
        yield _at(said("“%(value)s” is not possible here.", value=_shown(data.get("type"))), "type")
        return
    if data.get("spec_version") != SPEC:
        message = said("irm reads CACAO 2.0; this document says “%(value)s”.", value=_shown(data.get("spec_version")))
        yield _at(with_hint(message, SPEC), "spec_version")
        return
    yield from _head_faults(data)
    workflow = data.get("workflow")
    if not isinstance(workflow, dict) or not workflow:
        yield _at(said("There are no steps."), "workflow")
        return
    if len(workflow) > MOST_OBJECTS:
        yield _at(said("More than %(most)s steps.", most=MOST_OBJECTS), "workflow")
        return
    if isinstance(data.get("workflow_start"), str) and data["workflow_start"] not in workflow:
        yield _at(said("There is no step “%(name)s”.", name=data["workflow_start"]), "workflow_start")
    for name, step in workflow.items():
        yield from _step_faults(name, step, workflow)


def _head_faults(data: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in ("id", "workflow_start"):
        if not isinstance(data.get(name), str) or not _IDENTIFIER.fullmatch(data[name]):
            yield _at(said("“%(value)s” is no identifier.", value=_shown(data.get(name))), name)
    if not isinstance(data.get("name"), str) or not data["name"].strip():
        yield _at(said("The name is missing."), "name")
    for name, kind in (("labels", list), ("external_references", list), ("markings", list), ("signatures", list)):
        if not isinstance(data.get(name, kind()), kind):
            yield _at(_wrong("list"), name)
    for name in ("playbook_variables", "agent_definitions", "target_definitions", "playbook_extensions"):
        if not _is_objects(data.get(name, {})):
            yield _at(_wrong("object"), name)


def _step_faults(name: str, step: Any, workflow: Mapping[str, Any]) -> Iterator[FieldError]:
    at = ("workflow", name)
    if not isinstance(step, dict):
        yield _at(_wrong("object"), *at)
        return
    kind = step.get("type")
    if kind not in STEP_TYPES:
        message = said("There is no kind of step “%(name)s”.", name=_shown(kind))
        yield _at(with_hint(message, meant(str(kind), STEP_TYPES, one_of(STEP_TYPES))), *at, "type")
        return
    if not _IDENTIFIER.fullmatch(name):
        yield _at(said("“%(value)s” is no identifier.", value=_shown(name)), *at)
    for field in _TEXTS:
        if not isinstance(step.get(field, ""), str):
            yield _at(_wrong("text"), *at, field)
    for field in ("timeout", "delay"):
        value = step.get(field, 0)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**13:
            yield _at(said("Milliseconds are a whole number, zero or more."), *at, field)
    if not _is_objects(step.get("step_extensions", {})):
        yield _at(_wrong("object"), *at, "step_extensions")
    commands = step.get("commands", [])
    if not isinstance(commands, list) or not all(isinstance(one, dict) for one in commands):
        yield _at(_wrong("list"), *at, "commands")
    yield from _references(step, at, workflow)


def _references(step: Mapping[str, Any], at: tuple[str, str], workflow: Mapping[str, Any]) -> Iterator[FieldError]:
    named: list[tuple[Any, tuple[str | int, ...]]] = [(step[field], (field,)) for field in _ONE_STEP if field in step]
    if step["type"] == "parallel":
        found = step.get("next_steps")
        if not isinstance(found, list) or not found:
            yield _at(_wrong("list"), *at, "next_steps")
            found = []
        named += [(one, ("next_steps", number)) for number, one in enumerate(found)]
    if step["type"] == "switch-condition":
        cases = step.get("cases")
        if not isinstance(cases, dict) or not cases:
            yield _at(_wrong("object"), *at, "cases")
            cases = {}
        named += [(one, ("cases", case)) for case, one in cases.items()]
    if step["type"] in ("if-condition", "while-condition") and "on_true" not in step:
        yield _at(said("The step that follows is missing."), *at, "on_true")
    for value, field in named:
        if not isinstance(value, str) or value not in workflow:
            yield _at(said("There is no step “%(name)s”.", name=_shown(value)), *at, *field)


def _texts(value: Any, at: tuple[str | int, ...]) -> Iterator[FieldError]:
    if isinstance(value, str):
        if _CONTROL.search(value):
            yield _at(said("Contains characters that cannot be stored (control characters)."), *at)
    elif isinstance(value, dict):
        for name, one in value.items():
            if _CONTROL.search(name):
                yield _at(said("Contains characters that cannot be stored (control characters)."), *at)
            else:
                yield from _texts(one, (*at, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*at, number))


def _is_objects(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(one, dict) for one in value.values())


def _wrong(kind: str) -> Said:
    return {
        "object": said("A JSON object is expected here."),
        "list": said("A JSON list is expected here."),
        "text": said("Text is expected here."),
    }[kind]


def _shown(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:80]


def _step(name: str, one: Mapping[str, Any]) -> Step:
    kind = one["type"]
    branches: tuple[tuple[str, str], ...] = ()
    if kind == "parallel":
        branches = tuple(("", step) for step in one["next_steps"])
    elif kind == "switch-condition":
        branches = tuple(one["cases"].items())
    elif kind in CONTAINERS:
        branches = tuple((field, one[field]) for field in ("on_true", "on_false") if field in one)
    then = one.get("on_completion", one.get("on_success"))
    failed = one.get("on_failure") if one.get("on_failure") != then else None
    return Step(name, kind, one, then, failed, branches) if kind != "end" else Step(name, kind, one, None, None, ())


def _circles(steps: Mapping[str, Step], start: str) -> Iterator[FieldError]:
    """The first step on each way that leads back to itself. Without recursion: a chain may have hundreds of steps."""
    done: set[str] = set()
    way: dict[str, Iterator[str]] = {start: iter(steps[start].next)}
    while way:
        last = next(reversed(way))
        for one in way[last]:
            if one in way:
                message = said("“%(name)s” leads back to itself.", name=steps[one].name or one)
                yield _at(message, "workflow", last)
            elif one not in done:
                way[one] = iter(steps[one].next)
                break
        else:
            done.add(last)
            del way[last]
