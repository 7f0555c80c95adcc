"""Recorded courses of published playbooks: what the engine decided then, it decides for ever (docs/playbooks.md).

`python -m tests.unit.playbooks.histories` records the library's playbooks whose present text has no history yet, each into
a file of its own. What is recorded is never written again: a run that began under an old text is replayed by today's engine.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from irm.playbooks import engine, signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.state import RunState, Stage
from irm.playbooks.steps import Audience, Call, Decide, Page, Playbook, Report, Task
from tests.unit.playbooks.story import AUTHORITY, NIGHT, UNIT_A, VENDOR, facts

FOLDER: Final = Path(__file__).with_name("golden")
MANNERS: Final = ("silent", "answering", "deciding_otherwise", "after_an_outage", "changing", "dismissed")
WORDS: Final = frozenset({"title", "text", "options", "checklist"})
"""Of an effect: what is read by people and decided by nobody here."""
MOST_TURNS: Final = 400

Turn = dict[str, Any]


def told(effect: s.Effect) -> dict[str, Any]:
    """An effect as a decision: its name, and every value that is not prose."""
    body = {each.name: _plain(getattr(effect, each.name)) for each in fields(effect) if each.name not in WORDS}
    return {"effect": type(effect).__name__} | {
        name: value for name, value in body.items() if value not in (None, [], {})
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Audience):
        return f"{value.kind}:{value.key}" + (f":{value.role}" if value.role else "")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return str(value) if isinstance(value, str) else value


def retold(source: str, course: dict[str, Any]) -> Iterator[tuple[int, Turn, Turn]]:
    """(number, as recorded, as the engine decides today) of every turn; the state goes through its JSON before each."""
    playbook = read_playbook(source, file="golden").playbook
    state: RunState | None = None
    for number, turn in enumerate(course["turns"], 1):
        at = datetime.fromisoformat(turn["at"])
        if state is None:
            step = engine.start(playbook, turn["body"]["facts"], at)
        else:
            state = RunState.from_json(json.loads(json.dumps(state.to_json())), state.facts)
            step = engine.advance(playbook, state, s.event_from_json(turn["kind"], turn["body"]), at)
        yield number, turn, _turn(turn["kind"], turn["body"], at, step, state)
        state = step.state


def _turn(kind: str, body: dict[str, Any], at: datetime, step: engine.Advance, before: RunState | None) -> Turn:
    state = step.state
    stages = {name: _stage(name, state) for name in sorted(state.steps)}
    return {
        "at": at.isoformat(),
        "kind": kind,
        "body": body,
        "decided": [told(effect) for effect in step.effects],
        "stages": {name: stage for name, stage in stages.items() if before is None or stage != _stage(name, before)},
        "status": state.status,
        "next_at": state.next_at.isoformat() if state.next_at else None,
    }


def _stage(name: str, state: RunState) -> str:
    one = state.steps[name]
    return ":".join(filter(None, (one.stage.value, one.outcome, "late" if one.late else None, one.choice)))


class Course:
    """One way in which a night may go; `manner` says what people do. The clock moves only to where something happens."""

    def __init__(self, playbook: Playbook, manner: str) -> None:
        self.playbook = playbook
        self.manner = manner
        self.now = NIGHT
        self.done: set[str] = set()
        known = _facts(playbook)
        begun = engine.start(playbook, known, self.now)
        self.state = begun.state
        self.turns = [_turn("started", {"facts": known}, self.now, begun, None)]

    def tell(self, event: s.Event) -> None:
        step = engine.advance(self.playbook, self.state, event, self.now)
        self.turns.append(_turn(s.kind_of(event), s.event_to_json(event), self.now, step, self.state))
        self.state = step.state

    def walk(self) -> list[Turn]:
        for step in self.playbook.steps:
            if isinstance(step.action, Report):
                self.tell(s.ObligationOpened(f"o-{step.id}", step.action.rule, UNIT_A, step.action.form))
        if self.manner == "after_an_outage":
            self.now += timedelta(hours=6)
        self.while_anything_happens()
        if self.manner == "changing":
            self.change()
            self.while_anything_happens()
        if self.manner == "dismissed":
            self.tell(s.Cancel("dismissed"))
        else:
            self.now += timedelta(hours=2)
            self.tell(s.SubjectHandled())
            self.while_anything_happens()
            self.settle()
        self.tell(s.Tick())
        return self.turns

    def change(self) -> None:
        known = dict(self.state.facts)
        if "incident" in known:
            known["incident"] = known["incident"] | {
                "cii": "yes",
                "crime_suspected": True,
                "possible": 1,
                "status": "contained",
                "verified": True,
            }
            self.tell(s.FactsChanged(known))
        else:
            self.tell(s.ObligationOverdue("owed"))
            self.tell(s.ObligationSubmitted("owed"))
            self.now += timedelta(minutes=40)
            self.tell(s.ReceiptGiven("owed", "refused"))

    def while_anything_happens(self) -> None:
        while len(self.turns) < MOST_TURNS and self.state.status == "running":
            if self.somebody_acts():
                continue
            if self.state.next_at is None:
                return
            self.now = max(self.now, self.state.next_at)
            self.tell(s.Tick())

    def somebody_acts(self) -> bool:
        if self.manner == "silent":
            return False
        for step in self.playbook.steps:
            if step.id in self.done or self.state.steps[step.id].stage is not Stage.ACTIVE:
                continue
            if (events := self.answers(step.id, step.action)) is not None:
                self.done.add(step.id)
                self.now += timedelta(minutes=4)
                for event in events:
                    self.tell(event)
                return True
        return False

    def answers(self, step: str, action: object) -> list[s.Event] | None:
        standing = self.state.steps[step]
        match action:
            case Page():
                return [s.Acknowledged(step, self.now, key) for key in standing.asked]
            case Task():
                return [s.TaskDone(step, key) for key in standing.asked]
            case Decide():
                other = self.manner in ("deciding_otherwise", "changing")
                option = next(one for one in action.options if (one != action.default) is other)
                return [s.Decided(step, option, self.now)]
            case Report():
                known = f"o-{step}"
                if self.manner == "changing":
                    return [s.ObligationSubmitted(known), s.ReceiptGiven(known, "refused")]
                return [s.ObligationSubmitted(known)]
            case Call():
                return [s.CallAnswered(step, "answered")]
            case _:
                return None

    def settle(self) -> None:
        for step in self.playbook.steps:
            if isinstance(step.action, Report):
                self.tell(s.ObligationSubmitted(f"o-{step.id}"))
                self.tell(s.ReceiptGiven(f"o-{step.id}", "received"))
            elif isinstance(step.action, Task):
                for key in self.state.steps[step.id].asked:
                    self.tell(s.TaskDone(step.id, key))
        if "obligation" in self.state.facts:
            self.tell(s.ObligationMet("owed"))


def _facts(playbook: Playbook) -> dict[str, Any]:
    if playbook.start.on[0].startswith("obligation."):
        about = {
            "id": "owed",
            "bearer": UNIT_A,
            "rule": "pack/rule",
            "form": "initial",
            "overdue": False,
            "submitted": False,
            "met": False,
        }
        return {"obligation": about, "organizations": {"cloud_authority": [AUTHORITY]}}
    known = facts(cii="unknown")
    if playbook.start.on == ("incident.reported",):
        known["incident"] |= {"told_by": "machine", "verified": False, "status": "reported"}
    return known | {"organizations": known["organizations"] | {"operators": [UNIT_A], "vendors": [VENDOR]}}


def recorded() -> dict[str, dict[str, Any]]:
    """File name → history."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def missing() -> dict[str, str]:
    """Library playbook → text, where no history has this text."""
    known = {history["source"] for history in recorded().values()}
    return {name.removesuffix(".yaml"): text for name, text in library().items() if text not in known}


def record(name: str, source: str) -> Path:
    """A new file; never one that is there."""
    playbook = read_playbook(source, file=name).playbook
    number = 1 + sum(path.stem.rpartition("-")[0] == name for path in FOLDER.glob("*.json"))
    path = FOLDER / f"{name}-{number}.json"
    courses = [{"manner": manner, "turns": Course(playbook, manner).walk()} for manner in MANNERS]
    with path.open("x", encoding="utf-8") as file:
        file.write(_written({"playbook": name, "source": source, "courses": courses}))
    return path


def _written(history: dict[str, Any]) -> str:
    """One turn a line: whoever reads a difference sees which."""
    courses = ",\n".join(
        f' {{"manner": {json.dumps(course["manner"])}, "turns": [\n'
        + ",\n".join("  " + json.dumps(turn, ensure_ascii=False, sort_keys=True) for turn in course["turns"])
        + "\n ]}"
        for course in history["courses"]
    )
    head = json.dumps({"playbook": history["playbook"], "source": history["source"]}, ensure_ascii=False)
    return f'{head[:-1]}, "courses": [\n{courses}\n]}}\n'


if __name__ == "__main__":
    for each, text in missing().items():
        print(record(each, text).name)
