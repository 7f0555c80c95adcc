"""Where a run stands: frozen, JSON-able, and nothing in it that is not needed to go on or to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from irm.playbooks.steps import Facts


class Stage(StrEnum):
    WAITING = "waiting"
    DORMANT = "dormant"
    ACTIVE = "active"
    DONE = "done"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


_OVER = frozenset({Stage.DONE, Stage.SKIPPED, Stage.CANCELLED})
NOT_BEGUN = frozenset({Stage.WAITING, Stage.DORMANT})
_LETS_PASS = _OVER | {Stage.DORMANT}


class _Kept:
    """What stands until something takes its place."""

    def but(self, **changes: Any) -> Self:
        """This one, otherwise in the fields that `changes` names. `dataclasses.replace` takes eight times as long, and this is
        most of what a month of incidents asks of the engine."""
        other = object.__new__(type(self))
        object.__setattr__(other, "__dict__", self.__dict__ | changes)
        return other


@dataclass(frozen=True)
class StepState(_Kept):
    stage: Stage = Stage.WAITING
    outcome: str | None = None
    opened_at: datetime | None = None
    done_at: datetime | None = None
    due_at: datetime | None = None
    """End of the step's own `within`; None where it has none, or where it has passed (`late`)."""
    late: bool = False
    rung: int = 0
    """Counts from 1; 0 before the first."""
    round: int = 0
    rung_at: datetime | None = None
    rounds_before: int = 0
    """Rounds that its rungs may have had before it began again: a message of today is none of yesterday's."""
    asked: tuple[str, ...] = ()
    answered: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    """Of the present rung only."""
    choice: str | None = None
    expires_at: datetime | None = None
    """Until when the acknowledgement of a page holds; None where it holds for good, or no longer needs to."""
    lapses: int = 0
    """How often an acknowledgement has expired and the page begun again."""

    @property
    def is_over(self) -> bool:
        return self.stage in _OVER

    @property
    def lets_pass(self) -> bool:
        """Whether the steps after it may open: a sleeping or overrunning step holds nobody up, nor does a page that asks
        again because its answer expired: they have gone on at the first one."""
        return self.stage in _LETS_PASS or self.late or self.lapses > 0


UNTOUCHED: Final = StepState()
"""Every step of a run before it begins."""


class Owed(NamedTuple):
    """What the run knows of one obligation of its incident."""

    rule: str
    bearer: str
    form: str = ""
    status: str = "open"
    """open | submitted | met | superseded"""

    def becomes(self, status: str) -> "Owed":
        return Owed(self.rule, self.bearer, self.form, status)


@dataclass(frozen=True)
class RunState(_Kept):
    at: datetime
    """Run time of the last event; never goes back."""
    facts: Facts
    steps: Mapping[str, StepState]
    obligations: Mapping[str, Owed] = field(default_factory=dict)
    handled: bool = False
    status: str = "running"
    """running | finished | cancelled"""
    next_at: datetime | None = None
    """The next timer in run time; None where only an event can move the run."""

    def to_json(self) -> dict[str, Any]:
        """Everything but the facts, which have a column of their own."""
        return {
            "at": self.at.isoformat(),
            "steps": {name: _step_json(step) for name, step in self.steps.items()},
            "obligations": {key: owed._asdict() for key, owed in self.obligations.items()},
            "handled": self.handled,
            "status": self.status,
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any], facts: Facts) -> "RunState":
        next_at = body.get("next_at")
        return cls(
            at=datetime.fromisoformat(body["at"]),
            facts=facts,
            steps={name: _step_from(step) for name, step in body["steps"].items()},
            obligations={key: Owed(**owed) for key, owed in body.get("obligations", {}).items()},
            handled=body.get("handled", False),
            status=body.get("status", "running"),
            next_at=datetime.fromisoformat(next_at) if next_at else None,
        )


_MOMENTS = ("opened_at", "done_at", "due_at", "rung_at", "expires_at")


def _step_json(step: StepState) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name in (f.name for f in fields(StepState)):
        value = getattr(step, name)
        if value == getattr(UNTOUCHED, name) and name != "stage":
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = list(value)
        body[name] = str(value) if name == "stage" else value
    return body


def _step_from(body: Mapping[str, Any]) -> StepState:
    values = dict(body)
    values["stage"] = Stage(values["stage"])
    for name in _MOMENTS:
        if values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    for name in ("asked", "answered", "unreached"):
        values[name] = tuple(values.get(name, ()))
    return StepState(**values)
