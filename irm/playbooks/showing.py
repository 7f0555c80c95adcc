"""From read models to wire types, in the reader's language. Other rooms mount `plan_view` and `task_list` under their URLs."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from irm.db import Tx
from irm.i18n import Translator
from irm.playbooks import queries, schemas, wording
from irm.playbooks.comparing import Comparison, aspects
from irm.playbooks.replaying import Replayed
from irm.playbooks.versions import Version, origin_words
from irm.rules.comparing import Change
from irm.rules.comparison_views import StandingView, changed_view


async def plan_view(
    tx: Tx, subject: str, t: Translator, *, now: datetime, own: Collection[UUID] | None = None
) -> schemas.PlanView:
    """Every run of a subject with its plan; `own`: only what concerns these organizations (None: everything)."""
    return schemas.PlanView([run_view(run, t) for run in await queries.runs_of(tx, subject, now=now, own=own)])


async def task_list(tx: Tx, subject: str, t: Translator, *, own: Collection[UUID] | None = None) -> schemas.TaskList:
    return schemas.TaskList([task_view(task, t) for task in await queries.tasks_of(tx, subject, own=own)])


def run_view(run: queries.RunStanding, t: Translator) -> schemas.RunView:
    return schemas.RunView(
        id=run.id,
        playbook=run.playbook,
        version=run.version,
        title=t.of(run.title),
        subject=run.subject,
        status=run.status,
        exercise=run.exercise,
        started_at=run.started_at,
        finished_at=run.finished_at,
        next_at=run.next_at,
        steps=[step_view(step, t) for step in run.steps],
        coming=[coming_view(one, t) for one in run.coming],
        origin=origin_words(run.origin, t),
    )


def step_view(step: queries.StepStanding, t: Translator) -> schemas.StepView:
    return schemas.StepView(
        id=step.id,
        kind=step.kind,
        title=t.of(step.title) or step.id,
        after=list(step.after),
        when=step.when,
        stage=step.stage,
        outcome=step.outcome,
        words=wording.stage_words(step.stage, step.outcome, t, late=step.late),
        opened_at=step.opened_at,
        done_at=step.done_at,
        due_at=step.due_at,
        late=step.late,
        rung=step.rung,
        rungs=step.rungs,
        choice=step.choice,
    )


def coming_view(one: queries.Coming, t: Translator) -> schemas.ComingView:
    return schemas.ComingView(
        at=one.at,
        step=one.step,
        title=t.of(one.title) or one.step,
        kind=one.kind,
        rung=one.rung,
        round=one.round,
        asked=[
            schemas.AskedView(
                who.organization_id,
                who.organization,
                who.person,
                who.gap,
                wording.gap_words(who.gap, t) if who.gap else "",
            )
            for who in one.asked
        ],
        via=list(one.via),
        waits_for=one.waits_for,
    )


def task_view(task: queries.Task, t: Translator) -> schemas.TaskView:
    return schemas.TaskView(
        id=task.id,
        run=task.run_id,
        step=task.step,
        kind=task.kind,
        title=t.of(task.title),
        checklist=[schemas.ChecklistItem(t.of(item["text"]), bool(item["done"])) for item in task.checklist],
        options=[schemas.OptionView(option, t.of(title)) for option, title in task.options.items()],
        incident=task.incident_id,
        organization=task.organization_id,
        organization_name=task.organization,
        person=task.person_id,
        created_at=task.created_at,
        due_at=task.due_at,
        status=task.status,
        done_at=task.done_at,
        choice=task.choice,
        note=task.note,
        exercise=task.exercise,
        evidence_required=task.evidence_required,
        no_evidence_reason=task.no_evidence_reason,
    )


def playbook_views(versions: list[Version], t: Translator) -> list[schemas.PlaybookView]:
    """One line a playbook: its active version, else its newest."""
    shown: dict[str, Version] = {}
    waiting = {one.playbook_id: one.version for one in versions if one.waiting}
    for one in versions:
        if one.active or one.playbook_id not in shown:
            shown[one.playbook_id] = one
    return [
        schemas.PlaybookView(
            one.playbook_id,
            t.of(one.title),
            one.version,
            one.active,
            one.digest,
            one.published_at,
            one.published_by,
            waiting.get(one.playbook_id),
        )
        for one in shown.values()
    ]


def comparison_view(one: Comparison, before: int | None, after: int | None) -> schemas.PlaybookComparison:
    """`before` and `after`: the versions, None for a file."""
    return schemas.PlaybookComparison(
        before=schemas.ComparedPlaybook(one.before.id, before),
        after=schemas.ComparedPlaybook(one.after.id, after),
        added=[_standing(change) for change in one.of("added")],
        removed=[_standing(change) for change in one.of("removed")],
        changed=[changed_view(change) for change in one.of("changed")],
    )


def _standing(change: Change) -> StandingView:
    return StandingView(change.part, change.id, dict(change.title), aspects(change.present))


def replay_view(one: Replayed, *, whole: bool = True) -> schemas.ReplayView:
    """`whole`: for a reader who sees every organization's share."""
    verdict = one.verdict
    return schemas.ReplayView(
        run=one.run,
        playbook=one.playbook,
        version=one.version,
        subject=one.subject,
        status=one.status,
        turns=verdict.turns,
        same=verdict.is_same,
        why=verdict.why,
        turn=verdict.turn,
        told=verdict.told if whole else "",
        differences=[schemas.StateDifference(each.where, each.stored, each.given) for each in verdict.differences]
        if whole
        else [],
    )
