"""Steps of our language for the objects of a foreign CACAO document: what can be understood, and what a person must look at.

Each action becomes a task, each condition a decision with both answers, each loop one turn. Nothing is left out in
silence: what was guessed or could not be carried is a `Loss`. Pure.
"""

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from irm.errors import Said, Wrong, said
from irm.i18n import Translator
from irm.playbooks.cacao.flow import FAILED, Guard, Made, follow
from irm.playbooks.cacao.reading import Document, Step
from irm.playbooks.cacao.vocabulary import Loss
from irm.playbooks.durations import duration_text
from irm.playbooks.targets import parse_target

WHOM: Final = "on_duty(cloud_authority)"
GUESSED: Final = "4h"
"""Where the document says nothing of the time; it stands in the list of what was guessed."""
SECOND: Final = 1000
MOST_SECONDS: Final = 9_999 * 86_400
"""As many days as our language can write."""
LONGEST_TITLE: Final = 120
LONGEST_ITEM: Final = 300
MOST_OPTIONS: Final = 9
_NOT_NAME: Final = re.compile(r"[^a-z0-9]+")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_SPENT: Final = frozenset(
    {
        "type", "name", "description", "commands", "timeout", "delay", "on_completion", "on_success", "on_failure",
        "on_true", "on_false", "next_steps", "cases", "switch", "condition", "agent", "playbook_id", "step_extensions",
    }
)  # fmt: skip
"""Properties of a workflow object that are looked at below."""


class Draft:
    """Collects the steps of one document. `known`: CACAO id → id of a playbook that this city has."""

    def __init__(self, document: Document, known: Mapping[str, str], t: Translator) -> None:
        self.document = document
        self.known = known
        self.t = t
        self.steps: list[dict[str, Any]] = []
        self.losses: list[Loss] = []
        self.names: set[str] = set()
        self.agents: Mapping[str, Any] = document.said.get("agent_definitions") or {}
        follow(document, self.make)

    def make(self, one: Step, after: tuple[str, ...], guard: Guard) -> Made:
        """What the flow asks for: steps for this object, after these, on these conditions."""
        title = self.title(one)
        delay = one.said.get("delay")
        before: tuple[str, ...] = ()
        if delay:
            before = (self.add("wait", {"wait": duration_text(_time(delay))}, after, guard, self.both("")),)
            after = before
        match one.type:
            case "action":
                made = self.action(one, title, after, guard)
            case "playbook-action":
                made = self.playbook(one, title, after, guard)
            case "if-condition":
                made = self.asked(one, after, guard, str(one.said.get("condition") or ""))
            case "while-condition":
                made = self.asked(one, after, guard, str(one.said.get("condition") or ""))
                self.lose(
                    title,
                    said("that it is repeated while the condition holds"),
                    said("irm knows no loops: it is done once."),
                )
            case "switch-condition":
                made = self.switch(one, after, guard)
            case _:
                made = Made()
        if one.failed is not None and FAILED not in made.guards:
            self.lose(
                title,
                said("what is done where it fails"),
                said("irm does not learn that it failed. Its steps were left out where nothing else leads to them."),
            )
        for name in one.said:
            if name not in _SPENT:
                self.lose(title, said("“%(name)s”", name=name), said("irm has nothing of the kind."))
        return Made((*before, *made.steps), made.guards)

    def action(self, one: Step, title: dict[str, str], after: tuple[str, ...], guard: Guard) -> Made:
        whom = self.whom(one, title)
        task: dict[str, Any] = {"title": title, "to": whom, "within": self.within(one, title)}
        items = [*self.texts(one.said.get("description"), title), *self.commands(one, title)]
        if items:
            task["checklist"] = items
        own = self.add(one.name or "task", {"task": task}, after, guard)
        if one.failed is None:
            return Made((own,))
        asked = said("Did it succeed? %(what)s", what=title["zh-CN"])
        options = [("done", said("Succeeded")), ("failed", said("Failed"))]
        decision = self.decide(one, asked, options, "failed", (own,), guard, title)
        self.lose(
            title,
            said("how its failure is known"),
            said("A person says whether it succeeded; silence means that it failed."),
        )
        return Made((own, decision), {"": _is(decision, "done"), FAILED: _is(decision, "failed")})

    def playbook(self, one: Step, title: dict[str, str], after: tuple[str, ...], guard: Guard) -> Made:
        wanted = str(one.said.get("playbook_id") or "")
        if wanted in self.known:
            return Made((self.add(one.name or "run", {"run": self.known[wanted]}, after, guard, title),))
        self.lose(
            title,
            said("the playbook %(name)s", name=wanted or "?"),
            said("This city has no such playbook; a task stands for it."),
        )
        return self.action(one, title, after, guard)

    def asked(self, one: Step, after: tuple[str, ...], guard: Guard, condition: str) -> Made:
        title = self.title(one)
        condition = " ".join(condition.split())
        meant = " ".join(str(one.said.get("description") or condition).split())
        meant = ": ".join(part for part in (one.name, meant) if part)
        question = said("Does this hold? %(condition)s", condition=_cut(meant, LONGEST_TITLE))
        options = [("yes", said("It holds")), ("no", said("It does not hold"))]
        # Without its other branch a condition that nobody answers must not take the only one away.
        default = "no" if any(label == "on_false" for label, _ in one.branches) else "yes"
        decision = self.decide(one, question, options, default, after, guard, title)
        self.lose(
            title,
            said("the condition: %(condition)s", condition=_cut(condition, LONGEST_ITEM)),
            said(
                "irm does not judge conditions of another language: a person decides. Look at what holds if nobody does."
            ),
        )
        return Made((decision,), {"on_true": _is(decision, "yes"), "on_false": _is(decision, "no")})

    def switch(self, one: Step, after: tuple[str, ...], guard: Guard) -> Made:
        title, asked = self.title(one), str(one.said.get("switch") or "")
        cases = [label for label, _ in one.branches]
        kept = cases[: MOST_OPTIONS - 1]
        ids = {case: f"case_{number}" for number, case in enumerate(kept, 1)}
        shown = said("Which of these holds? %(what)s", what=_cut(one.name or asked, LONGEST_TITLE))
        options: list[tuple[str, Said | str]] = [(ids[case], _cut(case, LONGEST_TITLE) or "–") for case in kept]
        decision = self.decide(one, shown, [*options, ("other", said("None of these"))], "other", after, guard, title)
        self.lose(
            title,
            said("how “%(name)s” is found out", name=asked),
            said("A person decides. Look at what holds if nobody does."),
        )
        for case in cases[MOST_OPTIONS - 1 :]:
            self.lose(
                title,
                said("the case “%(name)s” on its own", name=case),
                said("A decision has at most nine options; its steps go with “none of these”."),
            )
        return Made((decision,), {case: _is(decision, ids.get(case, "other")) for case in cases})

    def decide(
        self,
        one: Step,
        question: Said,
        options: Sequence[tuple[str, Said | str]],
        default: str,
        after: tuple[str, ...],
        guard: Guard,
        title: dict[str, str],
    ) -> str:
        decide = {
            "title": self.both(question),
            "to": self.whom(one, title),
            "options": [{"id": name, "title": self.both(text)} for name, text in options],
            "within": GUESSED,
            "default": default,
        }
        return self.add(one.name or "decide", {"decide": decide}, after, guard)

    def add(
        self,
        name: str,
        action: Mapping[str, Any],
        after: tuple[str, ...],
        guard: Guard,
        title: Mapping[str, str] | None = None,
    ) -> str:
        own = self.named(name)
        head = {"id": own, **({"title": dict(title)} if title and title.get("zh-CN") else {}), "after": list(after)}
        when = {"when": " && ".join(guard)} if guard else {}
        self.steps.append({**head, **when, **action})
        return own

    def named(self, name: str) -> str:
        plain = _NOT_NAME.sub("-", name.lower()).strip("-")[:36].rstrip("-")
        base = plain if plain and plain[0].isalpha() else f"step-{plain}".rstrip("-")
        own, number = (base, 2) if base != "step" else ("step-1", 2)
        while own in self.names:
            own, number = f"{base}-{number}", number + 1
        self.names.add(own)
        return own

    def title(self, one: Step) -> dict[str, str]:
        return self.title_of(one.name or str(one.said.get("condition") or one.said.get("switch") or one.type))

    def title_of(self, name: str) -> dict[str, str]:
        return _texts(_cut(name, LONGEST_TITLE))

    def both(self, text: Said | str) -> dict[str, str]:
        """What irm itself adds, in the reader's language, as the rest of the draft."""
        words = text.text(self.t) if isinstance(text, Said) else text
        return _texts(words)

    def within(self, one: Step, title: dict[str, str]) -> str:
        timeout = one.said.get("timeout") or 0
        if timeout >= SECOND:
            return duration_text(_time(timeout))
        self.lose(
            title,
            said("how long it may take: %(time)s was put", time=GUESSED),
            said("The document says nothing about it."),
        )
        return GUESSED

    def whom(self, one: Step, title: dict[str, str]) -> Any:
        """Whoever acts, where irm knows the name; else the cloud authority's duty desk."""
        agent = self.agents.get(str(one.said.get("agent") or ""), {})
        name = str(agent.get("name") or "")
        targets = [text.strip() for text in name.split(";")]
        try:
            for text in targets:
                parse_target(text)
        except Wrong:
            if name:
                self.lose(
                    title,
                    said("who acts: “%(name)s”", name=_cut(name, LONGEST_TITLE)),
                    said("irm does not know that name; the cloud authority's duty desk was put."),
                )
            elif one.type == "action":
                self.lose(
                    title,
                    said("who acts"),
                    said("The document does not say it; the cloud authority's duty desk was put."),
                )
            return WHOM
        return targets[0] if len(targets) == 1 else targets

    def texts(self, description: Any, title: Mapping[str, str]) -> Iterator[dict[str, str]]:
        text = " ".join(str(description or "").split())
        if text and text != title["zh-CN"]:
            yield _texts(_cut(text, LONGEST_ITEM))

    def commands(self, one: Step, title: dict[str, str]) -> Iterator[dict[str, str]]:
        for number, command in enumerate(one.said.get("commands") or (), 1):
            kind = _cut(str(command.get("type") or "manual"), 40)
            text = _command(command)
            if not text:
                self.lose(
                    title,
                    said("command %(number)s (%(kind)s)", number=number, kind=kind),
                    said("It cannot be read as text."),
                )
                continue
            if kind == "manual":
                lines = [line.strip(" -*\t") for line in text.splitlines()]
                yield from (_texts(_cut(line, LONGEST_ITEM)) for line in lines if line and line != title["zh-CN"])
                continue
            self.lose(
                title,
                said("that a machine does it: command %(number)s (%(kind)s)", number=number, kind=kind),
                said("irm runs no commands; it stands on the checklist for a person to run."),
            )
            yield _texts(_cut(f"[{kind}] {' '.join(text.split())}", LONGEST_ITEM))

    def lose(self, title: Mapping[str, str], what: Said, why: Said) -> None:
        loss = Loss("", title, what, why)
        if loss not in self.losses:
            self.losses.append(loss)


def _is(decision: str, option: str) -> str:
    return f'decided.{decision.replace("-", "_")} == "{option}"'


def _texts(text: str) -> dict[str, str]:
    """Under the language that must be there, whatever language it is in."""
    return {"zh-CN": text}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _time(milliseconds: int) -> timedelta:
    return timedelta(seconds=min(max(milliseconds // SECOND, 1), MOST_SECONDS))


def _command(command: Mapping[str, Any]) -> str:
    text = command.get("command")
    if isinstance(text, str) and text.strip():
        return text
    encoded = command.get("command_b64") or command.get("content_b64")
    try:
        return _CONTROL.sub("", b64decode(str(encoded or ""), validate=True).decode("utf-8"))
    except ValueError:
        return ""
