"""What a run is told (events) and what it wants done (effects). Events are stored in the run's inbox and replay."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, TypeAlias

from irm.playbooks.steps import Audience, Facts, Texts, Until


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed. The only event that fires timers; the runner sends it after the inbox is empty."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    step: str
    at: datetime
    organization: str | None = None
    person: str | None = None
    """Login, where the step named a person."""
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class AnsweredElsewhere:
    """An acknowledgement on the same playbook of a subject that was merged into this one (or parted from it)."""

    step: str
    at: datetime
    organization: str | None = None
    person: str | None = None
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A channel says that the message arrived; nobody has answered."""

    step: str
    at: datetime
    organization: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nobody could be addressed: nobody on duty, or no address that works."""

    step: str
    rung: int
    keys: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FactsChanged:
    facts: Facts


@dataclass(frozen=True, slots=True)
class SubjectHandled:
    """The incident (or the obligation) is over: sleeping steps will not wake any more."""


@dataclass(frozen=True, slots=True)
class ObligationOpened:
    obligation: str
    rule: str
    bearer: str
    form: str = ""


@dataclass(frozen=True, slots=True)
class ObligationTakenOver:
    """It comes from another subject that was merged into this one (or back from it), as far as it is done."""

    obligation: str
    rule: str
    bearer: str
    form: str = ""
    status: str = "open"
    """open | submitted | met | superseded"""


@dataclass(frozen=True, slots=True)
class ObligationSubmitted:
    obligation: str


@dataclass(frozen=True, slots=True)
class ObligationMet:
    obligation: str


@dataclass(frozen=True, slots=True)
class ObligationSuperseded:
    obligation: str
    """Also told where it is waived or returned for supplement: nothing more is owed under this id."""


@dataclass(frozen=True, slots=True)
class ObligationOverdue:
    """Its limit has passed unreported."""

    obligation: str


@dataclass(frozen=True, slots=True)
class ReceiptGiven:
    """`outcome` received | refused | returned; a refusal opens the obligation again, its clock having run on."""

    obligation: str
    outcome: str


@dataclass(frozen=True, slots=True)
class TaskDone:
    step: str
    key: str
    """Whose task: the audience's key."""


@dataclass(frozen=True, slots=True)
class Decided:
    step: str
    option: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CallAnswered:
    step: str
    outcome: str
    """One of `CALL_OUTCOMES`."""
    call: str = ""
    """Where the answer is kept. Empty in runs of before answers were kept: nothing could ask for it then."""


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str


AnswerEvent: TypeAlias = Acknowledged | AnsweredElsewhere | Received | Unreached
"""What has become of a page."""

ObligationEvent: TypeAlias = (
    ObligationOpened
    | ObligationTakenOver
    | ObligationSubmitted
    | ObligationMet
    | ObligationSuperseded
    | ObligationOverdue
    | ReceiptGiven
)

Event: TypeAlias = (
    Tick | AnswerEvent | FactsChanged | SubjectHandled | ObligationEvent | TaskDone | Decided | CallAnswered | Cancel
)

_KINDS: Mapping[str, type] = {
    "tick": Tick,
    "acknowledged": Acknowledged,
    "answered_elsewhere": AnsweredElsewhere,
    "received": Received,
    "unreached": Unreached,
    "facts_changed": FactsChanged,
    "subject_handled": SubjectHandled,
    "obligation_opened": ObligationOpened,
    "obligation_taken_over": ObligationTakenOver,
    "obligation_submitted": ObligationSubmitted,
    "obligation_met": ObligationMet,
    "obligation_superseded": ObligationSuperseded,
    "obligation_overdue": ObligationOverdue,
    "receipt_given": ReceiptGiven,
    "task_done": TaskDone,
    "decided": Decided,
    "call_answered": CallAnswered,
    "cancel": Cancel,
}
_NAMES = {cls: name for name, cls in _KINDS.items()}


def kind_of(event: Event) -> str:
    """The stable name under which an event is stored."""
    return _NAMES[type(event)]


def event_to_json(event: Event) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name in (f.name for f in fields(event)):
        value = getattr(event, name)
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = list(value)
        body[name] = value
    return body


def event_from_json(kind: str, body: Mapping[str, Any]) -> Event:
    """Raises KeyError for a kind that this version does not know; unknown fields of a newer version are left out."""
    cls = _KINDS[kind]
    values: dict[str, Any] = {}
    for name in (f.name for f in fields(cls)):
        if name not in body:
            continue
        value = body[name]
        if name == "at":
            value = datetime.fromisoformat(value)
        elif isinstance(value, list):
            value = tuple(value)
        values[name] = value
    event: Event = cls(**values)
    return event


@dataclass(frozen=True, slots=True)
class StepOpened:
    step: str
    kind: str


@dataclass(frozen=True, slots=True)
class PageRung:
    """One round of one rung. Numbers count from 1; (step, rung, round) never comes twice in a run."""

    step: str
    rung: int
    round: int
    audiences: tuple[Audience, ...]
    via: tuple[str, ...]
    until: Until


@dataclass(frozen=True, slots=True)
class StopPaging:
    """Answered, reported or cancelled: what has not gone out yet is not sent."""

    step: str
    keys: tuple[str, ...] = ()
    """Audience keys that have answered; empty: everybody."""


@dataclass(frozen=True, slots=True)
class SendNotice:
    step: str
    audiences: tuple[Audience, ...]
    via: tuple[str, ...]
    text: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenReport:
    step: str
    rule: str
    form: str
    obligations: tuple[str, ...]
    by: tuple[Audience, ...]
    due_at: datetime
    """Run time; when the playbook wants it written and approved, never the legal limit."""


@dataclass(frozen=True, slots=True)
class OpenTask:
    step: str
    title: Texts
    checklist: tuple[Texts, ...]
    audience: Audience
    due_at: datetime
    evidence: bool = False


@dataclass(frozen=True, slots=True)
class AskDecision:
    step: str
    title: Texts
    options: Mapping[str, Texts]
    audiences: tuple[Audience, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class PlaceCall:
    step: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class StartRun:
    step: str
    playbook: str


@dataclass(frozen=True, slots=True)
class StepDone:
    step: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The last rung has passed and nobody answered. Loud: shown, in the ledger, and the run goes on."""

    step: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Somebody acknowledged and then let it lie: the page begins again, for the `time`th time."""

    step: str
    time: int


@dataclass(frozen=True, slots=True)
class LetLie:
    """The last acknowledgement has expired too. Loud, like `Exhausted`; nobody is paged by this step any more."""

    step: str


@dataclass(frozen=True, slots=True)
class Overran:
    """A report or task is not done within the playbook's own time; it stays open, the steps after it go on."""

    step: str
    audiences: tuple[Audience, ...] = ()
    """Who still owes it."""


@dataclass(frozen=True, slots=True)
class Noted:
    """Why something did not happen: `no_target`, `condition_failed`, `late_acknowledgement`, `unreached` …"""

    step: str | None
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    status: str


Effect: TypeAlias = (
    StepOpened
    | PageRung
    | StopPaging
    | SendNotice
    | OpenReport
    | OpenTask
    | AskDecision
    | PlaceCall
    | StartRun
    | StepDone
    | Exhausted
    | Expired
    | LetLie
    | Overran
    | Noted
    | Finished
)
