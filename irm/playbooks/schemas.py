"""Wire types of playbooks, runs and tasks. Moments carry a zone; texts are in the reader's language."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from irm.rules.comparison_views import ChangedView, StandingView


class CompleteTask(Struct, forbid_unknown_fields=True, frozen=True):
    """`checked`: positions in the checklist, from 0. `choice`: only of a decision. `no_evidence`: why a task that asks
    for a file is done without one."""

    checked: list[int] = field(default_factory=list)
    choice: str | None = None
    note: str = ""
    no_evidence: str = ""


class TaskFile(Struct, frozen=True):
    """A file that was attached to a task."""

    id: UUID
    name: str
    sha256: str
    size: int
    at: datetime
    url: str


class CheckPlaybook(Struct, forbid_unknown_fields=True, frozen=True):
    """`source`: the YAML text."""

    source: str


class PublishPlaybook(Struct, forbid_unknown_fields=True, frozen=True):
    """`source`: the YAML text; `reason`: why it is published. A person has to say it. `playbook`: whose next version the
    text is meant to be, or `new`; a text that says otherwise is refused at its line. Without it the text alone says."""

    source: str
    reason: str = ""
    playbook: str | None = None


class ChecklistItem(Struct, frozen=True):
    text: str
    done: bool


class OptionView(Struct, frozen=True):
    id: str
    title: str


class TaskView(Struct, frozen=True):
    """`kind`: task, or decide (choose one of `options`; nobody choosing by `due_at` means the playbook's default)."""

    id: UUID
    run: UUID
    step: str
    kind: str
    title: str
    checklist: list[ChecklistItem]
    options: list[OptionView]
    incident: UUID | None
    organization: UUID | None
    organization_name: str
    person: UUID | None
    created_at: datetime
    due_at: datetime | None
    status: str
    done_at: datetime | None
    choice: str | None
    note: str | None
    exercise: bool
    evidence_required: bool = False
    """Done with a file (`POST /api/v1/tasks/{id}/files`), or with the reason why there is none."""
    no_evidence_reason: str | None = None


class TaskList(Struct, frozen=True):
    tasks: list[TaskView]


class AskedView(Struct, frozen=True):
    """`gap`: why nobody is there (`nobody_on_duty` …), with its words."""

    organization: UUID | None
    organization_name: str
    person: str
    gap: str
    gap_words: str


class ComingView(Struct, frozen=True):
    """`kind`: page notice report task decide call run wait, exhausted (nobody answered), overran (not done in time),
    expired (confirmed and let lie, so called again), let_lie (that for the last time).

    `at` null: no clock decides; `waits_for` is an event, another step, `condition` or `nothing_owed`.
    """

    at: datetime | None
    step: str
    title: str
    kind: str
    rung: int
    round: int
    asked: list[AskedView]
    via: list[str]
    waits_for: str


class StepView(Struct, frozen=True):
    """`stage`: waiting dormant active done skipped cancelled."""

    id: str
    kind: str
    title: str
    after: list[str]
    when: str | None
    stage: str
    outcome: str | None
    words: str
    opened_at: datetime | None
    done_at: datetime | None
    due_at: datetime | None
    late: bool
    rung: int
    rungs: int
    choice: str | None


class RunView(Struct, frozen=True):
    """`coming`: what happens if nobody answers and nothing changes. `origin`: who published and approved the version by
    which it runs, and when."""

    id: UUID
    playbook: str
    version: int
    title: str
    subject: str
    status: str
    exercise: bool
    started_at: datetime
    finished_at: datetime | None
    next_at: datetime | None
    steps: list[StepView]
    coming: list[ComingView]
    origin: str


class PlanView(Struct, frozen=True):
    runs: list[RunView]


class PlaybookVersion(Struct, frozen=True):
    """`published_by`: `irm` (it came along), `system` (the command line), or `person/<id>`; then `name` is the person's."""

    version: int
    digest: str
    active: bool
    published_at: datetime
    published_by: str
    name: str | None
    reason: str | None
    waiting: bool
    """For another person's approval: not in use so long."""
    approved_by: str | None
    """The name of whoever approved it."""
    approved_at: datetime | None
    used_since: datetime | None = None
    """When runs could first start with it; null: never."""
    without_approval: bool = False
    """It was used without a second person: published at the command line with --now, or before irm asked for one."""
    verdict: str | None = None
    """declined, withdrawn (by its author), overtaken (while it waited), reinstated, retired: the last that was said of it, with name and reason."""
    verdict_by: str | None = None
    verdict_at: datetime | None = None
    verdict_reason: str | None = None
    warnings: list["FaultView"] = field(default_factory=list)
    """What the linter told whoever published it; it forbade nothing."""


class PlaybookView(Struct, frozen=True):
    """`waiting`: a version that another person has to approve before it is used."""

    id: str
    title: str
    version: int
    active: bool
    digest: str
    published_at: datetime
    published_by: str
    waiting: int | None


class PlaybookList(Struct, frozen=True):
    playbooks: list[PlaybookView]


class PlaybookDetail(Struct, frozen=True):
    id: str
    title: str
    version: int
    active: bool
    source: str
    versions: list[PlaybookVersion]


class FaultView(Struct, frozen=True):
    line: int
    column: int
    message: str
    hint: str


class CheckedView(Struct, frozen=True):
    """`ok`: it may be published; warnings do not forbid it."""

    ok: bool
    errors: list[FaultView]
    warnings: list[FaultView]
    worst: list["WorstCase"]


class WorstCase(Struct, frozen=True):
    """Seconds from the rule's start event to the end of the report step, at worst, and what the rule allows."""

    step: str
    rule: str
    seconds: int
    allowed: int | None
    path: list[str]
    sum: str
    """What `seconds` is made of, in words: `30m to file + 15m alarm + 3h report`."""


class PublishedView(Struct, frozen=True):
    """`waits`: it is not used until another person approves it."""

    id: str
    version: int
    new: bool
    waits: bool
    warnings: list[FaultView]


class ComparedPlaybook(Struct, frozen=True):
    id: str
    version: int | None
    """Null: a file that is not published."""


class PlaybookComparison(Struct, frozen=True):
    """`part`: playbook (title, start) or step. Durations and targets as the file writes them."""

    before: ComparedPlaybook = field(name="from")
    after: ComparedPlaybook = field(name="to")
    added: list[StandingView]
    removed: list[StandingView]
    changed: list[ChangedView]


class StateDifference(Struct, frozen=True):
    """`where` is a path within the state; null: there is nothing."""

    where: str
    stored: Any
    given: Any


class ReplayView(Struct, frozen=True):
    """`why`: same, turn_missing, turn_unreadable, other_state. `turn`: the first from which stored and replayed state part.

    `differences` stay empty for readers who see only their own share of a run.
    """

    run: UUID
    playbook: str
    version: int
    subject: str
    status: str
    turns: int
    same: bool
    why: str
    turn: int | None
    told: str
    differences: list[StateDifference]
