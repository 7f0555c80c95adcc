"""Wire types of the drills room. Moments carry a zone; durations are seconds of drill time."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

KindWord = Literal["tabletop", "practical", "demonstration"]
RangeWord = Literal["organization", "sector", "cross_sector", "region", "cross_region"]
ContentWord = Literal["comprehensive", "special"]
PartWord = Literal["director", "player", "evaluator", "observer"]


class Participant(Struct, forbid_unknown_fields=True, frozen=True):
    person: UUID
    part: PartWord
    organization: UUID | None = None
    """Whom he takes part for; needed only by those who belong to several."""


class PlanDrill(Struct, forbid_unknown_fields=True, frozen=True):
    """A.1 and A.2: what, why, how, when, who. The scenario is one of the library, or YAML of your own."""

    title: str
    kind: KindWord
    content: ContentWord
    planned_from: datetime
    planned_until: datetime
    participants: list[Participant]
    range: RangeWord = "organization"
    objectives: str = ""
    place: str = ""
    year: int | None = None
    """For whose quota it counts: that of `planned_from` in Shanghai, or the year before with `makeup_reason`."""
    makeup_reason: str = ""
    organization: UUID | None = None
    """Who holds it; needed only by those who belong to several."""
    organizations: list[UUID] = field(default_factory=list)
    """Others that take part and count it."""
    system: str | None = None
    """Code or id: what the drill is about."""
    scenario: str | None = None
    """Id of a scenario of the library."""
    scenario_source: str | None = None
    version: int | None = None
    """Of a change: what the editor saw; another one since is a conflict."""


class Act(Struct, forbid_unknown_fields=True, frozen=True):
    """What to do with a drill. `reason`: of cancelling and of returning a report; `rate`: seconds of drill time per second
    (start, pace); `duties`: which the approved report meets, default those of the holder and of the system."""

    action: Literal[
        "approve",
        "cancel",
        "start",
        "pause",
        "resume",
        "pace",
        "end",
        "close_evaluation",
        "approve_report",
        "return_report",
    ]
    reason: str = ""
    rate: float = 1.0
    duties: list[UUID] | None = None


class StartNow(Struct, forbid_unknown_fields=True, frozen=True):
    """A short drill of one's own organization with whoever is on duty, under the city's standing approval."""

    scenario: str
    system: str | None = None
    organization: UUID | None = None
    rate: float = 1.0


class AnswerReport(Struct, forbid_unknown_fields=True, frozen=True):
    outcome: Literal["received", "refused", "returned"]
    note: str = ""


class Score(Struct, forbid_unknown_fields=True, frozen=True):
    """A.9: each item 1 (poor), 3 (sound) or 5 (excellent), with advice."""

    scores: dict[str, int]
    advice: dict[str, str] = field(default_factory=dict)
    overall: str = ""
    hand_in: bool = False


class Improvement(Struct, forbid_unknown_fields=True, frozen=True):
    title: str
    organization: UUID | None = None
    due_at: datetime | None = None


class WriteReport(Struct, forbid_unknown_fields=True, frozen=True):
    """A.10; items not named stay as they are. `submit` hands it to whoever approves."""

    items: dict[str, str] = field(default_factory=dict)
    improvements: list[Improvement] | None = None
    """All of them; None leaves them."""
    submit: bool = False


class RecordDrill(Struct, forbid_unknown_fields=True, frozen=True):
    """A drill that was held without the engine (补录)."""

    title: str
    kind: KindWord
    content: ContentWord
    started_at: datetime
    ended_at: datetime
    participants: list[Participant]
    range: RangeWord = "organization"
    objectives: str = ""
    place: str = ""
    organization: UUID | None = None
    organizations: list[UUID] = field(default_factory=list)
    system: str | None = None
    year: int | None = None
    """For whose quota it counts: that of `started_at` in Shanghai, or the year before with `makeup_reason` (补做)."""
    makeup_reason: str = ""


class DrillLine(Struct, frozen=True):
    number: str
    title: str
    status: str
    kind: str
    range: str
    content: str
    year: int
    organization: UUID
    organization_name: str
    planned_from: datetime
    planned_until: datetime
    started_at: datetime | None
    ended_at: datetime | None
    recorded_afterwards: bool
    makes_up: bool
    """It counts for the year before the one in which it is held."""


class DrillList(Struct, frozen=True):
    drills: list[DrillLine]
    next_cursor: str | None


class ParticipantView(Struct, frozen=True):
    person: UUID
    name: str
    organization: UUID
    organization_name: str
    part: str


class InjectView(Struct, frozen=True):
    """`due_at`: when by the wall's clock, as the drill's clock now runs; None: by hand, or done."""

    id: str
    title: str
    due: int | None
    due_at: datetime | None
    status: str
    done_at: datetime | None
    incident: str | None
    expect: str
    error: str


class ClockView(Struct, frozen=True):
    elapsed: int
    rate: float
    paused: bool
    pause_reason: str | None


class MeasureView(Struct, frozen=True):
    """`after`: seconds of drill time from the first filing; None: not yet. `within`: what the scenario expects."""

    measure: str
    title: str
    after: int | None
    within: int | None
    outcome: str


class WouldHaveView(Struct, frozen=True):
    delivery: UUID
    at: datetime
    purpose: str
    who: str
    organization: str
    channel: str
    reason: str
    answered_at: datetime | None


class DrillView(Struct, frozen=True):
    """What directs and evaluates sees the room; who only plays sees no injects."""

    drill: DrillLine
    objectives: str
    place: str
    system: str | None
    scenario: str | None
    organizations: list[UUID]
    participants: list[ParticipantView]
    approved_at: datetime | None
    standing_approval: bool
    reason: str | None
    clock: ClockView | None
    incidents: list[str]
    injects: list[InjectView]
    measures: list[MeasureView]
    would_have: list[WouldHaveView]
    report: dict[str, Any]
    makeup_reason: str | None
    scenario_source: str | None
    """For whoever sees what is coming."""
    version: int


class SheetView(Struct, frozen=True):
    person: UUID
    name: str
    handed_in_at: datetime | None
    scores: dict[str, int]
    advice: dict[str, str]
    overall: str


class EvaluationView(Struct, frozen=True):
    """`sheets`: one's own, and everybody's once the evaluation is closed."""

    items: list[str]
    waiting_for: int
    closed: bool
    sheets: list[SheetView]
    means: dict[str, float]
    overall: float | None


class QuotaLine(Struct, frozen=True):
    bearer: UUID
    bearer_name: str
    subject: str
    subject_name: str
    rule: str
    title: str
    required: int
    forecast: int
    """How many of those required begin later, by the rules of today."""
    planned: int
    held: int
    missing: int
    open_obligation: UUID | None


class QuotaSum(Struct, frozen=True):
    """One rule over everybody of whom it asks; a drill counts in each line that it serves."""

    rule: str
    title: str
    lines: int
    lacking: int
    """Of how many lines something is missing."""
    required: int
    forecast: int
    planned: int
    held: int
    reported: int
    missing: int


class QuotaView(Struct, frozen=True):
    """`sums`: over all lines of the reader, or of the organization asked for. `lines`: what is missing first."""

    year: int
    sums: list[QuotaSum]
    lines: list[QuotaLine]
    next_cursor: str | None


class ScenarioView(Struct, frozen=True):
    id: str
    title: str
    summary: str
    content: str
    lasts: int
    injects: int
    source: str


class ScenarioList(Struct, frozen=True):
    scenarios: list[ScenarioView]


class CheckScenario(Struct, forbid_unknown_fields=True, frozen=True):
    source: str


class FaultView(Struct, frozen=True):
    place: str
    message: str


class CheckedScenario(Struct, frozen=True):
    ok: bool
    faults: list[FaultView]
