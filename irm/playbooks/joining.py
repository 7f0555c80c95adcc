"""One subject is merged into another: whose runs go on, and that nobody is asked twice for the same thing.

A playbook that runs on both goes on at the main subject; the other run stands still exactly as it is (`joined`), its open
pages are taken back, and every answer that it has, or still gets, is told to the run that goes on. A playbook that the
main subject does not have moves there as it runs. Separating turns this round; no run begins anew.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, update

from irm.db import SYSTEM, Actor, Tx
from irm.exercise import exercise_of
from irm.ledger import Event, record
from irm.notify.service import close_page
from irm.playbooks import inbox, signals as s
from irm.playbooks.doing import Doing
from irm.playbooks.models import PlaybookRow, RunInboxRow, RunRow, TaskRow
from irm.playbooks.publishing import frozen
from irm.playbooks.runner import schedule_timer, state_of, timebase_of
from irm.playbooks.steps import Page

ANSWERS: Final = ("acknowledged", "answered_elsewhere", "task_done", "decided")
"""What people have said to a run; all else it learns from its subject."""


async def lock_runs(tx: Tx, subjects: Collection[str]) -> list[RunRow]:
    """Every run of the subjects and below, in the order of ids. Before any submission or obligation: as the runner does."""
    below = [RunRow.subject.startswith(f"{subject}/", autoescape=True) for subject in subjects]
    rows = await tx.scalars(
        select(RunRow)
        .where(or_(RunRow.subject.in_(subjects), *below))
        .order_by(RunRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    tx.info.pop("runs_below", None)  # what was looked up before is about to change its place
    return list(rows)


async def join(
    tx: Tx,
    runs: Sequence[RunRow],
    *,
    moves: Mapping[str, str],
    ends: Mapping[str, str],
    subject_id: UUID,
    actor: Actor,
    now: datetime,
) -> dict[str, Any]:
    """Bring what runs at the keys of `moves` to their values; what runs at those of `ends` stands still for the values'.

    `runs` are locked; `subject_id`: the main subject's own id, for runs about it. Gives what `part` needs.
    """
    at = {(run.subject, run.playbook_id): run for run in runs}
    kept: dict[str, Any] = {"joined": [], "moved": [], "tasks": []}
    for run in (one for one in runs if one.status == "running" and one.subject in moves):
        place = moves[run.subject]
        main = at.get((place, run.playbook_id))
        if main is not None:
            kept["tasks"] += await _stand_still(tx, run, main, kept, actor=actor, now=now)
            continue
        kept["moved"].append({"run": str(run.id), "subject": run.subject, "subject_id": str(run.subject_id)})
        await _move(tx, run, place, run.subject_id if "/obligation/" in place else subject_id)
        at[place, run.playbook_id] = run
    for run in [one for one in runs if one.status == "running" and one.subject in ends]:
        main = at.get((ends[run.subject], run.playbook_id))
        kept["tasks"] += await _stand_still(tx, run, main, kept, actor=actor, now=now)
    await tx.flush()
    return kept


async def _stand_still(
    tx: Tx, run: RunRow, main: RunRow | None, kept: dict[str, Any], *, actor: Actor, now: datetime
) -> list[str]:
    """Its time stands still from here; what it was answered counts for `main`. The tasks that are not needed twice."""
    await _close_pages(tx, run, now=now)
    base = timebase_of(run)
    run.run_anchor, run.wall_anchor = base.run(now), now
    run.status, run.goes_on_in = "joined", main.id if main is not None else None
    kept["joined"].append({"run": str(run.id), "into": str(main.id) if main is not None else None})
    await tx.flush()
    body = {"run": str(run.id), "playbook": run.playbook_id, "into": str(main.id) if main is not None else None}
    await record(tx, Event("run.joined", f"{run.subject}/run/{run.id}", now, actor, body))
    if main is None:
        return []
    await carry_answers(tx, run, main, now=now)
    return await _twice(tx, run, main, now=now)


async def part(tx: Tx, kept: Mapping[str, Any], *, since: datetime, actor: Actor, now: datetime) -> None:
    """Undo `join`: what moved goes back, what stood still goes on where it stood, and knows what was answered since."""
    for one in kept["moved"]:
        run = await tx.get_one(RunRow, UUID(one["run"]), populate_existing=True)
        await _move(tx, run, one["subject"], UUID(one["subject_id"]))
    for one in kept["joined"]:
        run = await tx.get_one(RunRow, UUID(one["run"]), populate_existing=True)
        main = await tx.get_one(RunRow, UUID(one["into"])) if one["into"] else None
        run.status, run.goes_on_in, run.wall_anchor = "running", None, now
        drill = await exercise_of(tx, run.subject) if run.exercise else None
        if drill is not None:
            run.run_anchor, run.rate = drill.clock.run(now), drill.clock.rate
        state = state_of(run)
        run.next_at = timebase_of(run).wall(state.next_at) if state is not None and state.next_at is not None else None
        await tx.flush()
        if run.next_at is not None:
            await schedule_timer(tx, run, run.next_at)
        if main is not None:
            await carry_answers(tx, main, run, now=now, since=since)
        await inbox.wake(tx, run, now=now)
        body = {"run": str(run.id), "playbook": run.playbook_id}
        await record(tx, Event("run.parted", f"{run.subject}/run/{run.id}", now, actor, body))
    reopened = [UUID(one) for one in kept["tasks"]]
    if reopened:
        which = (TaskRow.id.in_(reopened), TaskRow.status == "cancelled")
        await tx.execute(update(TaskRow).where(*which).values(status="open"))
    tx.info.pop("runs_below", None)


async def answered_before(tx: Tx, kept: Mapping[str, Any], subject: str, *, now: datetime) -> None:
    """Where the main subject begins a playbook whose run has gone back: what was answered there is answered here."""
    for one in kept["moved"]:
        run = await tx.get_one(RunRow, UUID(one["run"]))
        fresh = await tx.scalar(
            select(RunRow).where(
                RunRow.subject == subject, RunRow.playbook_id == run.playbook_id, RunRow.status == "running"
            )
        )
        if fresh is not None:
            await carry_answers(tx, run, fresh, now=now)


async def carry_answers(
    tx: Tx, source: RunRow, target: RunRow, *, now: datetime, since: datetime | None = None
) -> None:
    """Tell `target` what people have answered to `source`, in that order. Told before, it changes nothing."""
    which = select(RunInboxRow).where(RunInboxRow.run_id == source.id, RunInboxRow.kind.in_(ANSWERS))
    if since is not None:
        which = which.where(RunInboxRow.at >= since)
    for row in await tx.scalars(which.order_by(RunInboxRow.seq)):
        first = row.key.removeprefix("carried:") if row.key and row.key.startswith("carried:") else str(row.id)
        told = s.event_from_json("answered_elsewhere" if row.kind == "acknowledged" else row.kind, row.body)
        await inbox.append(tx, target, told, now=now, key=f"carried:{first}")


async def _move(tx: Tx, run: RunRow, place: str, subject_id: UUID) -> None:
    head, _, rest = place.partition("/")
    incident = UUID(rest.partition("/")[0]) if head == "incident" else None
    # Tasks first: whoever does one at this moment holds it and then tells the run, whose new subject would keep him out.
    await tx.execute(update(TaskRow).where(TaskRow.run_id == run.id).values(subject=place, incident_id=incident))
    run.subject, run.subject_id = place, subject_id
    await tx.flush()


async def _close_pages(tx: Tx, run: RunRow, *, now: datetime) -> None:
    """What has not gone out yet is taken back. Whoever answers at this moment is waited for, and counts."""
    row = await tx.get_one(PlaybookRow, run.playbook_row_id)
    playbook = frozen(row.id, row.source)
    doing = Doing(tx, run, playbook, timebase_of(run), now)
    for step in playbook.steps:
        if isinstance(step.action, Page):
            for key in doing.page_keys(step.id, doing.asked(step.id)):
                await close_page(tx, key, now=now)


async def _twice(tx: Tx, run: RunRow, main: RunRow, *, now: datetime) -> list[str]:
    """Open tasks that the main run has given to the same organization: not needed twice."""
    given = {
        (row.step_id, row.audience): row
        for row in await tx.scalars(select(TaskRow).where(TaskRow.run_id == main.id).order_by(TaskRow.id))
    }
    found: list[str] = []
    mine = select(TaskRow).where(TaskRow.run_id == run.id, TaskRow.status == "open").order_by(TaskRow.id)
    for row in await tx.scalars(mine.with_for_update(key_share=True)):
        if (row.step_id, row.audience) not in given:
            continue
        row.status = "cancelled"
        found.append(str(row.id))
        await tx.flush()
        body = {"task": str(row.id), "run": str(row.run_id), "step": row.step_id}
        await record(tx, Event("task.cancelled", f"{row.subject}/task/{row.id}", now, SYSTEM, body))
    return found
