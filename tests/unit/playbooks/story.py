"""A night told step by step: what the engine wants done, and nothing that was not expected."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from irm.playbooks import engine, signals as s
from irm.playbooks.language import read_playbook
from irm.playbooks.state import RunState, Stage
from irm.playbooks.steps import Playbook

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
AUTHORITY, UNIT_A, UNIT_B, VENDOR = "authority", "unit-a", "unit-b", "vendor"

Kind = TypeVar("Kind")


def facts(**incident: Any) -> dict[str, Any]:
    return {
        "incident": {
            "number": "SJ-2026-000001",
            "exercise": False,
            "status": "open",
            "told_by": "person",
            "verified": True,
            "reached": 3,
            "possible": 3,
            "assessed": None,
            "cii": "no",
            "crime_suspected": False,
            "category": "malware",
            "subcategory": "ransomware",
            "handled": False,
        }
        | incident,
        "organizations": {
            "cloud_authority": [AUTHORITY],
            "using_units": [UNIT_A, UNIT_B],
            "maintainers": [VENDOR],
        },
    }


def playbook(steps: str, *, start: str = "{on: incident.graded}") -> Playbook:
    text = f"apiVersion: irm/v1\nkind: Playbook\nid: story\ntitle: {{zh-CN: 例}}\nstart: {start}\nsteps:\n{steps}"
    return read_playbook(text, file="story.yaml").playbook


class Night:
    """`pages`, `done` … empty themselves when read: what is left at the end was not expected."""

    def __init__(self, steps: str | Playbook, facts_: Mapping[str, Any] | None = None) -> None:
        self.playbook = playbook(steps) if isinstance(steps, str) else steps
        self.now = NIGHT
        self.effects: list[s.Effect] = []
        self.events: list[tuple[datetime, s.Event]] = []
        self.facts = facts_ if facts_ is not None else facts()
        begun = engine.start(self.playbook, self.facts, self.now)
        self.state: RunState = begun.state
        self.effects += begun.effects

    def tell(self, event: s.Event) -> None:
        self.events.append((self.now, event))
        step = engine.advance(self.playbook, self.state, event, self.now)
        self.state = step.state
        self.effects += step.effects

    def later(self, **by: float) -> None:
        """Time passes without anybody looking."""
        self.now += timedelta(**by)

    def tick(self, **by: float) -> None:
        self.later(**by)
        self.tell(s.Tick())

    def acknowledge(self, step: str, organization: str = AUTHORITY) -> None:
        self.tell(s.Acknowledged(step, self.now, organization))

    def owe(self, obligation: str, rule: str, bearer: str = UNIT_A) -> None:
        self.tell(s.ObligationOpened(obligation, rule, bearer, "initial"))

    def took(self, kind: type[Kind]) -> list[Kind]:
        taken: list[Kind] = []
        left: list[s.Effect] = []
        for effect in self.effects:
            if isinstance(effect, kind):
                taken.append(effect)
            else:
                left.append(effect)
        self.effects = left
        return taken

    def pages(self) -> list[tuple[str, int, int, tuple[str, ...]]]:
        return [(p.step, p.rung, p.round, tuple(a.key for a in p.audiences)) for p in self.took(s.PageRung)]

    def done(self) -> dict[str, str]:
        return {effect.step: effect.outcome for effect in self.took(s.StepDone)}

    def opened(self) -> list[str]:
        return [effect.step for effect in self.took(s.StepOpened)]

    def exhausted(self) -> list[str]:
        return [effect.step for effect in self.took(s.Exhausted)]

    def notes(self) -> list[tuple[str | None, str]]:
        return [(effect.step, effect.reason) for effect in self.took(s.Noted)]

    def stage(self, step: str) -> Stage:
        return self.state.steps[step].stage

    def next_in(self) -> timedelta | None:
        return self.state.next_at - self.now if self.state.next_at else None

    def silent(self, *but: type) -> None:
        """Nobody was paged, nothing was opened, nothing is said."""
        left = [effect for effect in self.effects if not isinstance(effect, (s.StepOpened, s.StopPaging, *but))]
        assert not left, left
        self.effects = []


def replay(playbook: Playbook, facts_: Mapping[str, Any], events: Iterable[tuple[datetime, s.Event]]) -> RunState:
    state = engine.start(playbook, facts_, NIGHT).state
    for at, event in events:
        kind, body = s.kind_of(event), s.event_to_json(event)
        state = RunState.from_json(state.to_json(), state.facts)
        state = engine.advance(playbook, state, s.event_from_json(kind, body), at).state
    return state
