"""A playbook as a CACAO 2.0 document: valid for any reader, and whole for irm by its extension. Pure.

The same version gives the same document. Texts are in the language of the translator, as CACAO keeps one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from irm.i18n import Translator
from irm.notify.words import CHANNEL_NAMES
from irm.playbooks import wording
from irm.playbooks.cacao.losses import losses
from irm.playbooks.cacao.nesting import InTurn, Nest, nested, waits_more
from irm.playbooks.cacao.vocabulary import (
    EXTENSION,
    EXTENSION_VERSION,
    SPEC,
    Loss,
    identifier,
    playbook_identifier,
)
from irm.playbooks.language import ReadPlaybook
from irm.playbooks.steps import (
    Call,
    Decide,
    Notice,
    Page,
    Playbook,
    Report,
    RunPlaybook,
    Step,
    Target,
    Task,
    WaitFor,
    targets_of,
)
from irm.web.wording import duration

DECIDED: Final = "__decided_%s__"
HOLDS: Final = "__holds_%s__"


@dataclass(frozen=True)
class Stamp:
    """What the text of a playbook does not know of itself. `producer`: code of the organization that publishes it."""

    version: int
    created: datetime
    modified: datetime
    producer: str = ""
    producer_name: str = ""


@dataclass(frozen=True)
class Exported:
    document: Mapping[str, Any]
    losses: tuple[Loss, ...]

    @property
    def text(self) -> str:
        return json.dumps(self.document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def export(read: ReadPlaybook, stamp: Stamp, t: Translator) -> Exported:
    """The document of a playbook that was read without faults, and all that CACAO has no place for."""
    playbook = read.playbook
    after = {step.id: step.after for step in playbook.steps}
    nest = nested(after)
    made = _Document(playbook, stamp, read.document.data, t)
    return Exported(made.whole(nest), losses(playbook, read.document.data, waits_more(nest, after)))


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class _Document:
    def __init__(self, playbook: Playbook, stamp: Stamp, written: Mapping[str, Any], t: Translator) -> None:
        self.playbook = playbook
        self.stamp = stamp
        self.written = {str(one["id"]): one for one in written["steps"]}
        self.head = {name: one for name, one in written.items() if name != "steps"}
        self.t = t
        self.workflow: dict[str, Any] = {}
        self.agents: dict[str, Any] = {}

    def whole(self, nest: Nest) -> dict[str, Any]:
        last = self.id("end", "")
        first = self.chain(nest, last)
        start = self.id("start", "")
        begin = {"type": "start", "name": self.t("Begin"), "on_completion": first}
        self.workflow |= {start: begin, last: {"type": "end", "name": self.t("End")}}
        kinds = {step.kind for step in self.playbook.steps}
        producer = identifier("identity", self.stamp.producer)
        found: dict[str, Any] = {
            "type": "playbook",
            "spec_version": SPEC,
            "id": playbook_identifier(self.stamp.producer, self.playbook.id),
            "name": self.t.of(self.playbook.title),
            "description": self.description(),
            "playbook_types": [
                *(["notification"] if kinds & {"page", "notice", "report"} else []),
                *(["mitigation"] if kinds & {"task", "decide", "call", "run"} or kinds == {"wait"} else []),
            ],
            "playbook_processing_summary": self.summary(kinds),
            "created_by": producer,
            "created": moment(self.stamp.created),
            "modified": moment(self.stamp.modified),
            "labels": ["irm", f"irm:{self.playbook.id}", f"irm:version-{self.stamp.version}"],
            "playbook_variables": dict(self.variables()),
            "workflow_start": start,
            "workflow": _in_order(self.workflow, start),
            "playbook_extensions": {
                EXTENSION: {
                    "playbook": self.head,
                    "steps": [self.id(_kind(step), step.id) for step in self.playbook.steps],
                    "version": self.stamp.version,
                    "locale": self.t.locale,
                }
            },
            "agent_definitions": self.agents,
            "extension_definitions": {
                EXTENSION: {
                    "type": "extension-definition",
                    "name": "irm",
                    "description": self.t(
                        "Each step and the head of the playbook exactly as irm's own language writes them."
                    ),
                    "created_by": identifier("identity", "irm"),
                    "schema": "irm/v1 Playbook",
                    "version": EXTENSION_VERSION,
                }
            },
        }
        return {name: one for name, one in found.items() if one not in ({}, [])}

    def id(self, kind: str, name: str) -> str:
        return identifier(kind, self.stamp.producer, self.playbook.id, name)

    def description(self) -> str:
        events = self.t("; ").join(self.t(wording.STARTS[event]) for event in self.playbook.start.on)
        whom = self.stamp.producer_name
        said = self.t("Begins when: %(events)s.", events=events)
        when = self.playbook.start.when_source
        if when:
            said += self.t(" Only if: %(condition)s.", condition=wording.condition_words(when, self.t) or when)
        return said + (self.t(" Published by %(who)s.", who=whom) if whom else "")

    def summary(self, kinds: set[str]) -> dict[str, bool]:
        return {
            "manual_playbook": kinds <= {"page", "notice", "report", "task", "decide", "wait"},
            "external_playbooks": "run" in kinds,
            "parallel_processing": any(one["type"] == "parallel" for one in self.workflow.values()),
            "if_logic": any(step.when_source for step in self.playbook.steps),
            "temporal_logic": True,
            "extensions": True,
        }

    def variables(self) -> Iterator[tuple[str, Any]]:
        for step in self.playbook.steps:
            if step.when_source:
                words = wording.condition_words(step.when_source, self.t, self.playbook)
                yield (
                    HOLDS % step.id,
                    {
                        "type": "bool",
                        "description": f"{words} [{step.when_source}]" if words else step.when_source,
                        "value": "true",  # who cannot judge it goes ahead, as irm does
                        "external": True,
                    },
                )
            if isinstance(step.action, Decide):
                options = ", ".join(step.action.options)
                told = self.t("Decided: one of %(options)s", options=options)
                yield DECIDED % step.id, {"type": "string", "description": told, "value": step.action.default}

    def chain(self, nest: Nest, then: str) -> str:
        """Write what stands for it; its first identifier. `then` comes after it."""
        if isinstance(nest, str):
            return self.step(nest, then)
        if isinstance(nest, InTurn):
            for part in reversed(nest.parts):
                then = self.chain(part, then)
            return then
        own = self.id("parallel", "/".join(_first(part) for part in nest.parts))
        branches = []
        for part in nest.parts:
            last = self.id("end", f"{own}/{_first(part)}")
            branches.append(self.chain(part, last))
            self.workflow[last] = {"type": "end"}
        together = {"type": "parallel", "name": self.t("Side by side"), "on_completion": then, "next_steps": branches}
        self.workflow[own] = together
        return own

    def step(self, name: str, then: str) -> str:
        step = self.playbook.step(name)
        assert step is not None  # the nesting is made of the playbook's steps
        own = self.id(_kind(step), name)
        if step.when_source is None:
            self.workflow[own] = self.action(step, then)
            return own
        asked, last = self.id("if-condition", name), self.id("end", f"if/{name}")
        condition = {
            "type": "if-condition",
            "name": self.t("Only if: %(step)s", step=self.title(step)),
            "description": wording.condition_words(step.when_source, self.t, self.playbook) or step.when_source,
            "on_completion": then,
            "condition": f"{HOLDS % name}:value = true",
            "on_true": own,
        }
        self.workflow |= {asked: condition, own: self.action(step, last), last: {"type": "end"}}
        return asked

    def title(self, step: Step) -> str:
        return self.t.of(step.title) or step.id

    def action(self, step: Step, then: str) -> dict[str, Any]:
        timeout = _milliseconds(_longest(step.action))
        found: dict[str, Any] = {"type": _kind(step), "name": self.title(step)}
        if isinstance(step.action, WaitFor):
            found["delay"] = _milliseconds(step.action.duration)
        if timeout:
            # A time-out is a failure in CACAO, and the next step begins all the same: so it is in irm.
            found |= {"timeout": timeout, "on_success": then, "on_failure": then}
        else:
            found["on_completion"] = then
        found["step_extensions"] = {EXTENSION: {"step": self.written[step.id]}}
        if isinstance(step.action, RunPlaybook):
            return found | {"playbook_id": playbook_identifier(self.stamp.producer, step.action.playbook)}
        found |= {"commands": list(self.commands(step)), "agent": self.agent(step)}
        if isinstance(step.action, Decide):
            found["out_args"] = [DECIDED % step.id]
        return found

    def commands(self, step: Step) -> Iterator[dict[str, str]]:
        match step.action:
            case Page(rungs=rungs):
                for number, rung in enumerate(rungs, 1):
                    said = self.t(
                        "Rung %(number)s: call %(who)s by %(channels)s, for %(time)s.",
                        number=number,
                        who=self.whom(rung.to),
                        channels=self.channels(rung.via),
                        time=duration(rung.within, self.t),
                    )
                    if rung.every:
                        said += self.t(" Call again every %(time)s.", time=duration(rung.every, self.t))
                    yield _manual(said)
            case Notice(to=to, text=text):
                told = self.t.of(text) or self.title(step)
                yield _manual(self.t("Tell %(who)s: %(text)s", who=self.whom(to), text=told))
            case Report(by=by, rule=rule):
                yield _manual(
                    self.t("%(who)s hands over the report that is owed under %(rule)s.", who=self.whom(by), rule=rule)
                )
            case Task(title=title, checklist=checklist):
                yield _manual("\n".join([self.t.of(title), *(f"- {self.t.of(item)}" for item in checklist)]))
            case Decide(title=title, options=options):
                yield _manual(
                    "\n".join([self.t.of(title), *(f"- {one}: {self.t.of(text)}" for one, text in options.items())])
                )
            case WaitFor():
                yield _manual(self.t("Go on after the delay."))
            case Call():
                yield {"type": "http-api", "command": "POST / HTTP/1.1"}
            case _:
                yield _manual(self.t("Wait %(for_what)s.", for_what=self.t(wording.WAITS[step.action.event])))  # type: ignore[union-attr]  # what is left is WaitUntil: `run` has no commands

    def agent(self, step: Step) -> str:
        """Whoever acts; of several people or desks, a group of them. The name is how irm writes it, so that it is read back."""
        if isinstance(step.action, Call):
            name = step.action.endpoint
            own = self.id("http-api", name)
            # The address is irm's own affair: `.invalid` is a name that never leads anywhere.
            self.agents[own] = {"type": "http-api", "name": name, "address": {"dname": [f"{name}.invalid"]}}
            return own
        targets = tuple(dict.fromkeys(targets_of(step.action)))
        if not targets:
            own = self.id("group", "irm")
            self.agents[own] = {"type": "group", "name": "irm"}
            return own
        written = "; ".join(_written(one) for one in targets)
        own = self.id("group", written)
        self.agents[own] = {"type": "group", "name": written, "description": self.whom(targets)}
        return own

    def whom(self, targets: tuple[Target, ...]) -> str:
        return self.t("; ").join(wording.target_words(one, self.t) for one in targets)

    def channels(self, via: tuple[str, ...]) -> str:
        names = {**CHANNEL_NAMES, "preferred": wording.PREFERRED}
        return " / ".join(self.t(names[one]) if one in names else one for one in via)


def _in_order(workflow: Mapping[str, Any], start: str) -> dict[str, Any]:
    """As one reads it: branches before what stands behind them."""
    found: dict[str, Any] = {}
    left = [start]
    while left:
        name = left.pop()
        if name not in found:
            one = found[name] = workflow[name]
            then = one.get("on_completion", one.get("on_success"))
            branches = [*one.get("next_steps", ()), *([one["on_true"]] if "on_true" in one else [])]
            left += [*([then] if then else []), *reversed(branches)]
    return found


def _kind(step: Step) -> str:
    return "playbook-action" if isinstance(step.action, RunPlaybook) else "action"


def _manual(text: str) -> dict[str, str]:
    return {"type": "manual", "command": text}


def _milliseconds(time: timedelta | None) -> int:
    return int(time.total_seconds()) * 1000 if time else 0


def _longest(action: Any) -> timedelta | None:
    if isinstance(action, Page):
        return sum((rung.within for rung in action.rungs), timedelta())
    within: timedelta | None = getattr(action, "within", None)
    return within


def _written(target: Target) -> str:
    return f"{target.kind}({target.who}{f', {target.role}' if target.role else ''})"


def _first(nest: Nest) -> str:
    return nest if isinstance(nest, str) else _first(nest.parts[0])
