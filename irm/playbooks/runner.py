"""Moves runs forward: lock, inbox in order, then timers; effects in the same transaction (DESIGN §3)."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select

from irm import jobs
from irm.db import SYSTEM, Tx, uuid7
from irm.ledger import Event, record
from irm.notify.bundles import reorder_waiting
from irm.playbooks import engine, inbox, signals as s
from irm.playbooks.doing import Doing, named_organizations
from irm.playbooks.models import PlaybookRow, RunInboxRow, RunRow
from irm.playbooks.ordering import priority_of, severity_of, urgency_of
from irm.playbooks.publishing import frozen
from irm.playbooks.replaying import STARTED, follow, turns_of
from irm.playbooks.state import RunState
from irm.playbooks.steps import Playbook
from irm.playbooks.timebase import Timebase

log = structlog.get_logger(__name__)

MOST_TURNS = 1_000
"""Of one advance; the rest follows in the next, so that no run can hold its lock for long."""


async def advance_run(tx: Tx, run_id: UUID) -> bool:
    """Bring one run up to date. Locks the run; `now` is taken after the lock. False: it is over, or unknown.

    Any number of processes may call it at once, any number of times: a turn is taken once.
    """
    run = await tx.scalar(
        select(RunRow)
        .where(RunRow.id == run_id)
        # Key share stays free: whoever confirms a page holds its deliveries while appending to the inbox.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if run is None or run.status != "running":
        return False
    now = tx.clock.now()
    row = await tx.get_one(PlaybookRow, run.playbook_row_id)
    await _Turns(tx, run, frozen(row.id, row.source), now).take_all()
    return True


def timebase_of(run: RunRow) -> Timebase:
    return Timebase(run.wall_anchor, run.run_anchor, run.rate)


def state_of(run: RunRow) -> RunState | None:
    """None until the first advance."""
    return RunState.from_json(run.state, run.facts) if run.state is not None else None


class _Turns:
    """One advance of one run."""

    def __init__(self, tx: Tx, run: RunRow, playbook: Playbook, now: datetime) -> None:
        self.tx = tx
        self.run = run
        self.playbook = playbook
        self.now = now
        self.base = timebase_of(run)
        self.run_now = self.base.run(now)
        self.urgency = run.urgency
        self.doing = Doing(tx, run, playbook, self.base, now)

    async def take_all(self) -> None:
        state = state_of(self.run)
        if state is None:
            await self.start()
            return
        # The wall timer is rounded: once it has passed, run time has reached the engine's timer too.
        if state.next_at and self.run.next_at and self.now >= self.run.next_at:
            self.run_now = max(self.run_now, state.next_at)
        await self.go_on(state, deque())

    async def start(self) -> None:
        facts = {**self.run.facts, "organizations": await self.organizations(self.run.facts)}
        begun = engine.start(self.playbook, facts, self.run_now)
        self.keep_as(STARTED, {"facts": facts}, None)
        self.stand(begun.state)
        told = await self.doing.existing_obligations() + await self.doing.all(begun.effects)
        if any(isinstance(effect, s.PageRung) for effect in begun.effects):
            # Who is called first does not wait until the drafts are written: they follow in the next advance.
            self.leave(told)
            await self.save(begun.state)
        else:
            await self.go_on(begun.state, deque((event, None) for event in told))

    async def go_on(self, state: RunState, told: deque[tuple[s.Event, RunInboxRow | None]]) -> None:
        told += [(s.event_from_json(row.kind, row.body), row) for row in await self.waiting()]
        is_ticked = False
        for _ in range(MOST_TURNS):
            if told:
                event, row = told.popleft()
                is_ticked = False
            elif not is_ticked:
                event, row, is_ticked = s.Tick(), None, True
            else:
                break
            if isinstance(event, s.FactsChanged):
                event = s.FactsChanged({**event.facts, "organizations": await self.organizations(event.facts)})
            before = state
            step = engine.advance(self.playbook, state, event, self.run_now)
            state = step.state
            changed = bool(step.effects) or state.to_json() != {**before.to_json(), "at": state.at.isoformat()}
            if changed or not isinstance(event, s.Tick):
                self.keep(event, row)
            self.stand(state)
            told += [(event, None) for event in await self.doing.all(step.effects)]
        await self.save(state)

    async def organizations(self, facts: Any) -> dict[str, Any]:
        return await named_organizations(self.tx, self.playbook, facts, self.now)

    async def waiting(self) -> list[RunInboxRow]:
        rows = await self.tx.scalars(
            select(RunInboxRow)
            .where(RunInboxRow.run_id == self.run.id, RunInboxRow.consumed_at.is_(None))
            .order_by(RunInboxRow.seq)
            .limit(MOST_TURNS // 2)
        )
        return list(rows)

    def leave(self, events: Iterable[s.Event]) -> None:
        """For the next advance, before whatever is told later."""
        for event in events:
            body = s.event_to_json(event)
            self.tx.add(RunInboxRow(id=uuid7(), run_id=self.run.id, kind=s.kind_of(event), body=body, at=self.now))

    def keep(self, event: s.Event, row: RunInboxRow | None) -> None:
        self.keep_as(s.kind_of(event), s.event_to_json(event), row)

    def keep_as(self, kind: str, body: dict[str, Any], row: RunInboxRow | None) -> None:
        self.run.turns += 1
        if row is None:
            row = RunInboxRow(id=uuid7(), run_id=self.run.id, kind=kind, body=body, at=self.now)
            self.tx.add(row)
        row.body = body
        row.consumed_at, row.turn = self.run_now, self.run.turns

    def stand(self, state: RunState) -> None:
        """What the effects look at."""
        if self.run.state != (body := state.to_json()):
            self.run.state = body
        if self.run.facts != state.facts:
            self.run.facts = dict(state.facts)
            self.run.severity, self.run.urgency = severity_of(state.facts), urgency_of(state.facts)

    async def save(self, state: RunState) -> None:
        run = self.run
        run.status = state.status
        if run.urgency != self.urgency:
            # What was planned before the facts changed goes in the order that they give now.
            await reorder_waiting(self.tx, run.id, run.subject, run.urgency, now=self.now)
        wall = self.base.wall(state.next_at) if state.next_at else None
        if state.status != "running":
            run.finished_at, run.next_at = self.now, None
        elif wall != run.next_at:
            run.next_at = wall
            if wall is not None:
                await schedule_timer(self.tx, run, wall)
        if await self.is_more_waiting():
            await inbox.wake(self.tx, run, now=self.now)
        await self.tx.flush()

    async def is_more_waiting(self) -> bool:
        if self.run.status != "running":
            return False
        await self.tx.flush()
        found = await self.tx.scalar(
            select(RunInboxRow.id).where(RunInboxRow.run_id == self.run.id, RunInboxRow.consumed_at.is_(None)).limit(1)
        )
        return found is not None


async def schedule_timer(tx: Tx, run: RunRow, wall: datetime) -> None:
    """Older timers are left to fire: they find nothing due. Taking them back could wait for a worker that holds one."""
    await jobs.schedule(
        tx,
        inbox.ADVANCE,
        {"run": str(run.id)},
        run_at=wall,
        key=f"run/{run.id}/timer/{uuid7()}",
        queue="urgent",
        priority=priority_of(run),
    )


async def set_rate(tx: Tx, run_id: UUID, rate: float, *, now: datetime) -> None:
    """Pause (0), or another speed, for exercises. Unfinished timers are rewritten in this transaction."""
    run = await tx.get_one(RunRow, run_id, with_for_update={"key_share": True}, populate_existing=True)
    base = timebase_of(run).changed(now, rate)
    run.wall_anchor, run.run_anchor, run.rate = base.wall_anchor, base.run_anchor, base.rate
    await jobs.cancel_prefix(tx, f"run/{run.id}/timer/")
    state = state_of(run)
    run.next_at = base.wall(state.next_at) if state is not None and state.next_at is not None else None
    if run.next_at is not None:
        await schedule_timer(tx, run, run.next_at)
    await record(
        tx, Event("run.rescaled", f"{run.subject}/run/{run.id}", now, SYSTEM, {"thousandths": round(rate * 1_000)})
    )


async def replay(tx: Tx, run_id: UUID) -> RunState | None:
    """The state that the inbox gives, without effects: equals what is stored, or somebody changed the past.

    Raises RuntimeError where a turn cannot be taken. `replaying.replay` says where the two part."""
    run = await tx.get_one(RunRow, run_id)
    row = await tx.get_one(PlaybookRow, run.playbook_row_id)
    followed = follow(frozen(row.id, row.source), await turns_of(tx, run_id))
    if followed.failed is not None:
        message = "turn {}: {}".format(*followed.failed)
        raise RuntimeError(message)
    return followed.last
