"""What runs are doing, what they will do and whom they will ask, and the tasks they gave. Readers see their own share."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from irm.access.narrowing import owned_by, path_of, within
from irm.access.policy import Permission, Principal, reach
from irm.access.queries import organization_names
from irm.db import Tx
from irm.errors import NotFound
from irm.notify import queries as directory
from irm.notify.matters import for_matter
from irm.notify.targets import Target as Named
from irm.playbooks.models import PlaybookRow, RunRow, TaskRow
from irm.playbooks.publishing import frozen
from irm.playbooks.replaying import Replayed, replay
from irm.playbooks.runner import state_of, timebase_of
from irm.playbooks.simulator.timeline import plan
from irm.playbooks.state import RunState, StepState
from irm.playbooks.steps import Audience, Page, Playbook, Report, Step, asked_by
from irm.playbooks.tasks import place_of
from irm.playbooks.timebase import Timebase
from irm.playbooks.versions import Origin, origins

Texts = dict[str, str]


@dataclass(frozen=True)
class Asked:
    """Somebody whom the plan means at that moment; without `person` nobody is there, and `gap` says why."""

    organization_id: UUID | None
    organization: str
    person: str = ""
    gap: str = ""


@dataclass(frozen=True)
class Coming:
    """`at` None: no clock decides; `waits_for` is an event, a step, `condition` or `nothing_owed`."""

    at: datetime | None
    step: str
    title: Texts
    kind: str
    rung: int
    round: int
    asked: tuple[Asked, ...]
    via: tuple[str, ...]
    waits_for: str


@dataclass(frozen=True)
class StepStanding:
    id: str
    kind: str
    title: Texts
    after: tuple[str, ...]
    when: str | None
    stage: str
    outcome: str | None
    opened_at: datetime | None
    done_at: datetime | None
    due_at: datetime | None
    late: bool
    rung: int
    rungs: int
    choice: str | None


@dataclass(frozen=True)
class RunStanding:
    id: UUID
    playbook: str
    version: int
    title: Texts
    subject: str
    status: str
    exercise: bool
    started_at: datetime
    finished_at: datetime | None
    next_at: datetime | None
    steps: tuple[StepStanding, ...]
    coming: tuple[Coming, ...]
    origin: Origin
    """Who let the version be used by which it runs."""


@dataclass(frozen=True)
class Task:
    id: UUID
    run_id: UUID
    step: str
    kind: str
    subject: str
    incident_id: UUID | None
    title: Texts
    checklist: tuple[dict[str, Any], ...]
    options: dict[str, Texts]
    organization_id: UUID | None
    organization: str
    person_id: UUID | None
    created_at: datetime
    due_at: datetime | None
    status: str
    done_at: datetime | None
    choice: str | None
    note: str | None
    exercise: bool
    evidence_required: bool = False
    no_evidence_reason: str | None = None

    @property
    def place(self) -> str:
        """Where its files lie."""
        return place_of(self.subject, self.id)


async def runs_of(
    tx: Tx, subject: str, *, now: datetime, own: Collection[UUID] | None = None, ahead: bool = True
) -> list[RunStanding]:
    """Every run of a subject and of what lies under it (its obligations), with the plan.

    `own`: show only what asks these organizations (None: everything). `ahead=False` leaves the plan out.
    """
    found = await tx.execute(
        select(RunRow, PlaybookRow)
        .join(PlaybookRow, PlaybookRow.id == RunRow.playbook_row_id)
        .where(or_(RunRow.subject == subject, RunRow.subject.startswith(f"{subject}/", autoescape=True)))
        .order_by(RunRow.started_at, RunRow.id)
    )
    rows = found.all()
    by = await origins(tx, [row for _, row in rows])
    return [await _standing(tx, run, row, by[row.id], now=now, own=own, ahead=ahead) for run, row in rows]


async def run_for(tx: Tx, principal: Principal, run_id: UUID, *, now: datetime) -> RunStanding:
    """Raises NotFound, also where the reader has no share in the run."""
    found = (
        await tx.execute(
            select(RunRow, PlaybookRow)
            .join(PlaybookRow, PlaybookRow.id == RunRow.playbook_row_id)
            .where(RunRow.id == run_id)
        )
    ).one_or_none()
    far = reach(principal, Permission.READ_INCIDENTS)
    if found is None or not (far.everything or far.organizations & _parties(found[0])):
        raise NotFound("This run does not exist.")
    by = await origins(tx, [found[1]])
    own = None if far.everything else far.organizations
    return await _standing(tx, found[0], found[1], by[found[1].id], now=now, own=own, ahead=True)


async def replay_for(tx: Tx, principal: Principal, run_id: UUID) -> tuple[Replayed, bool]:
    """Whether the run's inbox gives its stored state, and whether the reader sees every organization's share of it.

    Raises NotFound, also where the reader has no share in the run.
    """
    run = await tx.get(RunRow, run_id)
    far = reach(principal, Permission.READ_INCIDENTS)
    found = await replay(tx, run_id) if run is not None else None
    if run is None or found is None or not (far.everything or far.organizations & _parties(run)):
        raise NotFound("This run does not exist.")
    return found, far.everything


async def tasks_of(tx: Tx, subject: str, *, own: Collection[UUID] | None = None) -> list[Task]:
    """Tasks of a subject, in the order in which they were given. `own`: of these organizations only."""
    query = select(TaskRow).where(
        or_(TaskRow.subject == subject, TaskRow.subject.startswith(f"{subject}/", autoescape=True))
    )
    if own is not None:
        query = query.where(TaskRow.organization_id.in_(own))
    return await _tasks(tx, list(await tx.scalars(query.order_by(TaskRow.created_at, TaskRow.id))))


async def tasks_for(tx: Tx, principal: Principal, *, status: str | None = "open", limit: int = 200) -> list[Task]:
    """The reader's own tasks and those of the organizations for which he does tasks, the most urgent first."""
    far = reach(principal, Permission.DO_TASKS)
    query = select(TaskRow)
    query = query.where(
        or_(
            TaskRow.person_id == principal.person_id,
            within(far, owned_by(TaskRow.organization_id), path_of(TaskRow.subject)),
        )
    )
    if status is not None:
        query = query.where(TaskRow.status == status)
    rows = await tx.scalars(query.order_by(TaskRow.due_at.asc().nulls_last(), TaskRow.id).limit(limit))
    return await _tasks(tx, list(rows))


async def task(tx: Tx, task_id: UUID) -> Task:
    row = await tx.get(TaskRow, task_id)
    if row is None:
        raise NotFound("This task does not exist.")
    return (await _tasks(tx, [row]))[0]


async def _standing(
    tx: Tx, run: RunRow, row: PlaybookRow, origin: Origin, *, now: datetime, own: Collection[UUID] | None, ahead: bool
) -> RunStanding:
    playbook, base = frozen(row.id, row.source), timebase_of(run)
    state = state_of(run)
    shown = [step for step in playbook.steps if own is None or _concerns(step, state, run, own)]
    coming: tuple[Coming, ...] = ()
    if ahead and state is not None and run.status == "running":
        plan_ahead = _Plan(tx, run, playbook, base, own)
        coming = await plan_ahead.coming(state, now, frozenset(step.id for step in shown))
    return RunStanding(
        id=run.id,
        playbook=run.playbook_id,
        version=row.version,
        title=dict(row.title),
        subject=run.subject,
        status=run.status,
        exercise=run.exercise,
        started_at=run.started_at,
        finished_at=run.finished_at,
        next_at=run.next_at,
        steps=tuple(_step(step, state.steps[step.id] if state else StepState(), base) for step in shown),
        coming=coming,
        origin=origin,
    )


def _step(step: Step, standing: StepState, base: Timebase) -> StepStanding:
    def wall(at: datetime | None) -> datetime | None:
        return base.wall(at) if at is not None else None

    return StepStanding(
        id=step.id,
        kind=step.kind,
        title=dict(step.title),
        after=step.after,
        when=step.when_source,
        stage=standing.stage.value,
        outcome=standing.outcome,
        opened_at=wall(standing.opened_at),
        done_at=wall(standing.done_at),
        due_at=wall(standing.due_at),
        late=standing.late,
        rung=standing.rung,
        rungs=len(step.action.rungs) if isinstance(step.action, Page) else 0,
        choice=standing.choice,
    )


def _concerns(step: Step, state: RunState | None, run: RunRow, own: Collection[UUID]) -> bool:
    """Does the step ask one of these organizations, or nobody in particular (a wait)?"""
    if isinstance(step.action, Report):
        owed = state.obligations.values() if state is not None else ()
        return any(one.rule == step.action.rule and _is_own(one.bearer, own) for one in owed)
    found = asked_by(step.action, run.facts)
    return not found or any(_is_own(audience.organization, own) for audience in found)


def _is_own(organization: str | None, own: Collection[UUID]) -> bool:
    return organization is not None and organization in {str(one) for one in own}


def _parties(run: RunRow) -> frozenset[UUID]:
    """Organizations with a part in the subject, not those that the playbook only names."""
    obligation = run.facts.get("obligation") or {}
    parts: dict[str, list[str]] = run.facts.get("organizations") or {}
    found = {
        one
        for part in ("operators", "using_units", "maintainers", "vendors", "reporters")
        for one in parts.get(part, ())
    }
    return frozenset(UUID(one) for one in (*found, *filter(None, [obligation.get("bearer")])))


class _Plan:
    """Names whom the plan means; each rung is looked up once, at the moment of its first round."""

    def __init__(self, tx: Tx, run: RunRow, playbook: Playbook, base: Timebase, own: Collection[UUID] | None) -> None:
        self.tx = tx
        self.run = run
        self.playbook = playbook
        self.base = base
        self.own = own
        self.known: dict[tuple[Audience, str, int], tuple[Asked, ...]] = {}

    async def coming(self, state: RunState, now: datetime, shown: frozenset[str]) -> tuple[Coming, ...]:
        found: list[Coming] = []
        for one in plan(self.playbook, state, self.base.run(now)):
            if one.step not in shown:
                continue
            if self.own is not None and one.audiences:
                mine = tuple(a for a in one.audiences if _is_own(a.organization, self.own))
                if not mine:
                    continue
                one = replace(one, audiences=mine)  # noqa: PLW2901 - the same, seen by this reader
            at = self.base.wall(one.at) if one.at is not None else None
            step = self.playbook.step(one.step)
            asked: list[Asked] = []
            for audience in one.audiences:
                asked += await self.asked(audience, one.step, one.rung, at or now)
            title = dict(step.title) if step is not None else {}
            found.append(
                Coming(at, one.step, title, one.kind, one.rung, one.round, tuple(asked), one.via, one.waits_for)
            )
        return tuple(found)

    async def asked(self, audience: Audience, step: str, rung: int, at: datetime) -> tuple[Asked, ...]:
        key = (audience, step, rung)
        if key not in self.known:
            of = audience.organization or audience.person or ""
            meant = await directory.resolve(self.tx, Named(audience.kind, of, audience.role), self.run.facts, at)
            resolved = await for_matter(self.tx, meant, self.run.subject, at)
            found = [one.organization_id for one in resolved.recipients] + [
                one.organization_id for one in resolved.gaps
            ]
            names = await organization_names(self.tx, [one for one in found if one is not None])

            def named(one: UUID | None) -> str:
                return names.get(one, "") if one is not None else ""

            self.known[key] = (
                *(Asked(one.organization_id, named(one.organization_id), one.name) for one in resolved.recipients),
                *(Asked(one.organization_id, named(one.organization_id), gap=one.reason) for one in resolved.gaps),
            )
        return self.known[key]


async def _tasks(tx: Tx, rows: list[TaskRow]) -> list[Task]:
    names = await organization_names(tx, {row.organization_id for row in rows if row.organization_id})
    return [
        Task(
            id=row.id,
            run_id=row.run_id,
            step=row.step_id,
            kind=row.kind,
            subject=row.subject,
            incident_id=row.incident_id,
            title=dict(row.title),
            checklist=tuple(row.checklist),
            options=dict(row.options),
            organization_id=row.organization_id,
            organization=names.get(row.organization_id, "") if row.organization_id else "",
            person_id=row.person_id,
            created_at=row.created_at,
            due_at=row.due_at,
            status=row.status,
            done_at=row.done_at,
            choice=row.choice,
            note=row.note,
            exercise=row.exercise,
            evidence_required=row.evidence_required,
            no_evidence_reason=row.no_evidence_reason,
        )
        for row in rows
    ]


async def page_of_run(tx: Tx, run_id: UUID) -> str:
    """Where in irm the run's subject is read."""
    run = await tx.get(RunRow, run_id)
    if run is None:
        return "/"
    obligation: dict[str, Any] = run.facts.get("obligation") or {}
    number = (run.facts.get("incident") or {}).get("number")
    return f"/incidents/{number}" if number else str(obligation.get("page") or "/")
