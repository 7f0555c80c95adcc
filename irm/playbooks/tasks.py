"""Tasks and decisions that a step gives to an organization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from irm.access.policy import Permission, Principal, Resource, may
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from irm.evidence.service import Attachment, attachments_of
from irm.i18n import N_
from irm.ledger import Event, record
from irm.playbooks import inbox, signals as s
from irm.playbooks.models import RunRow, TaskRow
from irm.playbooks.steps import Audience, Texts

LONGEST_NOTE = 2_000
NO_EVIDENCE = N_("This task is done with evidence: attach the file, or say why there is none.")
INCIDENT = "incident"


@dataclass(frozen=True)
class Done:
    """What somebody says about a task: the note is kept out of the ledger's body."""

    checked: frozenset[int] = frozenset()
    """Positions in the checklist, from 0."""
    choice: str | None = None
    note: str = ""
    no_evidence: str = ""
    """Why there is no file, of a task that asks for one."""


async def open_task(
    tx: Tx,
    run: RunRow,
    *,
    step_id: str,
    audience: Audience,
    title: Texts,
    checklist: Sequence[Texts],
    person_id: UUID | None,
    due_at: datetime | None,
    now: datetime,
    options: Mapping[str, Texts] | None = None,
    evidence: bool = False,
) -> UUID | None:
    """None where the step has given this task already."""
    head, _, rest = run.subject.partition("/")
    task_id = await tx.scalar(
        insert(TaskRow)
        .values(
            id=uuid7(),
            run_id=run.id,
            step_id=step_id,
            audience=audience.key,
            kind="decide" if options else "task",
            subject=run.subject,
            incident_id=UUID(rest.partition("/")[0]) if head == INCIDENT else None,
            title=dict(title),
            checklist=[{"text": dict(item), "done": False} for item in checklist],
            options={option: dict(text) for option, text in (options or {}).items()},
            organization_id=UUID(audience.organization) if audience.organization else None,
            person_id=person_id,
            created_at=now,
            due_at=due_at,
            status="open",
            evidence_required=evidence,
            exercise=run.exercise,
        )
        .on_conflict_do_nothing(index_elements=["run_id", "step_id", "audience"])
        .returning(TaskRow.id)
    )
    if task_id is not None:
        body = {
            "task": str(task_id),
            "run": str(run.id),
            "step": step_id,
            "organization": audience.organization,
            "due_at": due_at.isoformat() if due_at else None,
        }
        await record(tx, Event("task.opened", f"{run.subject}/task/{task_id}", now, SYSTEM, body))
    return task_id


async def complete_task(
    tx: Tx, task_id: UUID, done: Done, *, principal: Principal, actor: Actor, now: datetime
) -> TaskRow:
    """Locks the task. Raises NotFound (also for what the reader may not know of), Forbidden, Conflict, Invalid.

    Doing it again with nothing new changes nothing.
    """
    row = await _locked(tx, task_id)
    resource = Resource(frozenset({row.organization_id} if row.organization_id else ()))
    if row.person_id != principal.person_id and not may(principal, Permission.DO_TASKS, resource):
        if may(principal, Permission.READ_INCIDENTS, resource):
            raise Forbidden("This task belongs to another organization.")
        raise NotFound("This task does not exist.")
    if row.status == "done":
        if done.choice in (None, row.choice):
            return row
        raise Conflict("This has been decided already.")
    if row.status == "cancelled":
        raise Conflict("This task is no longer needed.")
    files = await files_of(tx, row.subject, row.id) if row.evidence_required else []
    _check(row, done, files=len(files))
    row.checklist = [{**item, "done": index in done.checked} for index, item in enumerate(row.checklist)]
    row.status, row.done_at, row.done_by = "done", now, actor.id
    row.choice, row.note = done.choice, done.note.strip() or None
    row.no_evidence_reason = done.no_evidence.strip() or None if row.evidence_required and not files else None
    await tx.flush()
    body: dict[str, Any] = {
        "task": str(row.id),
        "run": str(row.run_id),
        "step": row.step_id,
        "organization": str(row.organization_id) if row.organization_id else None,
        "choice": row.choice,
        "checked": sorted(done.checked),
    }
    if row.evidence_required:
        body["files"] = sorted(str(one.id) for one in files)
    said = {"note": row.note, "no_evidence": row.no_evidence_reason}
    private = {name: text for name, text in said.items() if text}
    await record(tx, Event("task.done", f"{row.subject}/task/{row.id}", now, actor, body, private))
    run = await inbox.going_on(tx, row.run_id)
    told: s.Event = s.TaskDone(row.step_id, row.audience)
    if row.kind == "decide":
        told = s.Decided(row.step_id, row.choice or "", now)
    if run is not None:
        await inbox.append(tx, run, told, now=now, key=f"task:{row.id}")
    return row


def place_of(subject: str, task_id: UUID) -> str:
    """Where the files of a task lie."""
    return f"{subject}/task/{task_id}"


async def files_of(tx: Tx, subject: str, task_id: UUID) -> list[Attachment]:
    return await attachments_of(tx, place_of(subject, task_id))


def _check(row: TaskRow, done: Done, *, files: int) -> None:
    faults = []
    if row.evidence_required and not files and not done.no_evidence.strip():
        faults.append(FieldError("no_evidence", NO_EVIDENCE))
    elif len(done.no_evidence) > LONGEST_NOTE:
        faults.append(FieldError("no_evidence", "At most %(most)s characters.", {"most": LONGEST_NOTE}))
    elif "\x00" in done.no_evidence:
        faults.append(FieldError("no_evidence", "Contains characters that cannot be stored (control characters)."))
    if row.kind == "decide" and done.choice not in row.options:
        faults.append(FieldError("choice", "Choose one of the options."))
    if row.kind == "task" and done.choice is not None:
        faults.append(FieldError("choice", "This task has nothing to choose."))
    if any(index not in range(len(row.checklist)) for index in done.checked):
        faults.append(FieldError("checked", "The checklist has %(count)s items.", {"count": len(row.checklist)}))
    if len(done.note) > LONGEST_NOTE:
        faults.append(FieldError("note", "At most %(most)s characters.", {"most": LONGEST_NOTE}))
    if "\x00" in done.note:
        faults.append(FieldError("note", "Contains characters that cannot be stored (control characters)."))
    if faults:
        raise Invalid("Some of it is not right.", errors=faults)


async def pass_on(tx: Tx, subject: str, organization: UUID, *, giver: UUID, taker: UUID) -> list[UUID]:
    """Open tasks of the subject that one person of the organization was given are another's from now on; their ids."""
    rows = await tx.scalars(
        select(TaskRow)
        .where(
            or_(TaskRow.subject == subject, TaskRow.subject.startswith(f"{subject}/", autoescape=True)),
            TaskRow.organization_id == organization,
            TaskRow.person_id == giver,
            TaskRow.status == "open",
        )
        .order_by(TaskRow.id)
        .with_for_update(key_share=True)
    )
    passed = []
    for row in list(rows):
        row.person_id = taker
        passed.append(row.id)
    await tx.flush()
    return passed


async def close_step(tx: Tx, run_id: UUID, step_id: str, *, now: datetime) -> None:
    """The step is over: what nobody has done is not needed any more (a decision taken, a default on timeout)."""
    await _cancel(tx, now, TaskRow.run_id == run_id, TaskRow.step_id == step_id)


async def close_run(tx: Tx, run_id: UUID, *, now: datetime) -> None:
    await _cancel(tx, now, TaskRow.run_id == run_id)


async def _cancel(tx: Tx, now: datetime, *which: Any) -> None:
    rows = await tx.scalars(
        select(TaskRow).where(*which, TaskRow.status == "open").order_by(TaskRow.id).with_for_update(key_share=True)
    )
    for row in rows:
        row.status = "cancelled"
        await tx.flush()
        body = {"task": str(row.id), "run": str(row.run_id), "step": row.step_id}
        await record(tx, Event("task.cancelled", f"{row.subject}/task/{row.id}", now, SYSTEM, body))


async def _locked(tx: Tx, task_id: UUID) -> TaskRow:
    row = await tx.scalar(
        select(TaskRow)
        .where(TaskRow.id == task_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound("This task does not exist.")
    return row
