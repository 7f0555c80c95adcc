"""`make faults`: the demo city in use, something breaking every few seconds, and then the question what was lost.

Writes what happened to a history file, draws from a seed, and ends with 1 where a promise was broken; then the rows that
were judged are kept beside it.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.evidence.verification import verify_log
from irm.playbooks import runner
from irm.playbooks.models import RunRow
from irm.wiring import WIRING
from tests.faults.checking import faults_in
from tests.faults.clients import Clients
from tests.faults.faults import Fault, Scene, possible
from tests.faults.history import History
from tests.faults.snapshot import taken
from tests.faults.town import START, Town, town
from tests.system.faults import small_disk

DISK_MEGABYTES: Final = 3_000
QUIET_WITHIN: Final = 1800.0
"""Seconds that messages have, after all faults, to leave: the longest pause of a page, a lease, a hand-over."""
LATE_AT_MOST: Final = 2.0
"""Times the floor, and half a second."""


@dataclass
class Result:
    faults: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """Seconds throughout. `floor`: without faults, first; `every`: between two filings; `pause`: between two faults, on
    average. `only`: names of faults to draw from. `doubled`: with a second web, worker and dispatcher. `back_within`: of the last
    fault the backlog is to be gone. `afterwards`: what
    else is to be done in the town, once all is judged."""

    seconds: float
    seed: int = 1
    floor: float = 20
    every: float = 2
    pause: float = 2.5
    only: tuple[str, ...] = ()
    doubled: bool = True
    back_within: float = 15
    afterwards: Callable[[Town], Awaitable[None]] | None = None


async def run(plan: Plan, history: Path) -> Result:
    folder = Path(tempfile.mkdtemp(prefix="irm-faults-"))
    folder.chmod(0o755)
    kept = History(history)
    result = Result()
    try:
        with ExitStack() as stack:
            (folder / "home").mkdir(mode=0o711)
            mounted = stack.enter_context(small_disk(folder / "home", DISK_MEGABYTES))
            (folder / "home").chmod(0o711)
            disk = folder / "home" if mounted else None
            if disk is None:
                kept.write("note", text="no disk of its own can be mounted here: 'disk full' is left out")
            async with town(folder, kept, disk=disk, doubled=plan.doubled) as it:
                await _story(it, plan, result)
                if plan.afterwards is not None:
                    await plan.afterwards(it)
    finally:
        kept.close()
        shutil.rmtree(folder, ignore_errors=True)
    return result


async def _story(it: Town, plan: Plan, result: Result) -> None:
    unit, officer = (await it.world.person("fund1")).token, (await it.world.person("duty1")).token
    clients = Clients(it, plan.seed, unit, officer)
    running = clients.begin(every=plan.every)
    begun = await _now(it)
    await asyncio.sleep(plan.floor)
    before = await _now(it)
    drawn = [one for one in possible(it) if not plan.only or one.name in plan.only]
    it.history.write("faults begin", load=os.getloadavg()[0])
    await _break(Scene(it, clients, Random(plan.seed)), drawn, plan, result)
    over = await _now(it)
    it.history.write("faults over")
    back = await _until_caught_up(it, over)
    result.counts["seconds until the backlog was gone"] = round(back, 1)
    await asyncio.sleep(max(0.0, plan.back_within - back))
    after = await _now(it)
    await asyncio.sleep(plan.floor)
    end = await _now(it)
    await clients.end(running)
    await it.all_up()
    await _until_quiet(it)
    snapshot = await taken(it.engine)
    result.broken += faults_in(snapshot, it.history.lines)
    result.broken += await _deep(it)
    floors, now = await _lateness(it, begun, before), await _lateness(it, after, end)
    result.counts |= {
        "lateness before, p50 and p95, ms": floors,
        "lateness after": now,
        "filings accepted": len(it.history.of("filed")),
        "answers refused or lost on the way": len(it.history.of("not filed")),
        "messages received": len(it.history.of("sms", "mail")),
        "answered": len(it.history.of("answered")),
        "reported": len(it.history.of("reported")),
        "marked possibly twice": sum(row["possibly_duplicate"] for row in snapshot.deliveries),
        "ledger entries": len(snapshot.entries),
        "jobs": len(snapshot.jobs),
    }
    if back > plan.back_within:
        result.slow.append(f"the backlog took {back:.0f} s")
    if floors and now and now[1] > LATE_AT_MOST * floors[1] + 500:
        result.slow.append(f"lateness is {now} ms after {floors} ms")
    for fault in (*result.broken, *result.slow):
        it.history.write("FAULT", text=fault)
    if result.broken:
        kept = it.history.path.with_suffix(".rows.json")
        kept.write_text(json.dumps(asdict(snapshot), default=str, ensure_ascii=False))


async def _break(it: Scene, drawn: list[Fault], plan: Plan, result: Result) -> None:
    limit = time.monotonic() + plan.seconds
    held: set[str] = set()
    under_way: set[asyncio.Task[None]] = set()

    async def do(fault: Fault) -> None:
        try:
            await fault.do(it)
        except (SQLAlchemyError, OSError) as error:
            it.town.history.write("fault missed", name=fault.name, error=repr(error)[:200])
        # What does not even stand again cannot be broken: on a busy machine that takes its time.
        back = await it.town.back(fault.on, seconds=START)
        held.discard(fault.on)
        it.town.history.write("fault over", name=fault.name, back=round(back, 1))

    while time.monotonic() < limit:
        free = [one for one in drawn if one.on not in held]
        if free:
            (fault,) = it.random.choices(free, [one.weight for one in free])
            held.add(fault.on)
            result.faults[fault.name] += 1
            it.town.history.write("fault", name=fault.name)
            task = asyncio.create_task(do(fault))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.sleep(it.random.uniform(0.3, 1.7) * plan.pause)
    if under_way:
        await asyncio.wait(under_way)
    for what in ("postgres", "web", "worker", "dispatcher"):
        await it.town.back(what, seconds=START)


async def _now(it: Town) -> datetime:
    async with it.engine.connect() as connection:
        now: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return now


async def _until_caught_up(it: Town, over: datetime) -> float:
    """Seconds until nothing is left that was due when the faults were over and that nobody holds."""
    begun = time.monotonic()
    left = text(
        "SELECT count(*) FROM job WHERE done_at IS NULL AND run_at <= :over AND (lease_until IS NULL OR lease_until < clock_timestamp())"
    )
    while time.monotonic() - begun < QUIET_WITHIN:
        async with it.engine.connect() as connection:
            if not await connection.scalar(left, {"over": over}):
                break
        await asyncio.sleep(0.2)
    return time.monotonic() - begun


async def _until_quiet(it: Town) -> None:
    """Until nothing is under way that faults may have delayed: messages that are due or are tried again soon, unread
    answers, entries without a place, findings of the auditor that its next look takes back."""
    question = text(
        "SELECT (SELECT count(*) FROM job WHERE done_at IS NULL AND run_at < clock_timestamp() - interval '1 s' AND queue <> 'bulk')"
        " + (SELECT count(*) FROM delivery WHERE status = 'sending')"
        " + (SELECT count(*) FROM ledger_pending)"
        " + (SELECT count(*) FROM audit_finding WHERE caught_up_at IS NULL)"
    )
    limit = time.monotonic() + QUIET_WITHIN
    while time.monotonic() < limit:
        async with it.engine.connect() as connection:
            if not await connection.scalar(question):
                return
        await asyncio.sleep(0.5)


async def _lateness(it: Town, since: datetime, until: datetime) -> list[int]:
    """[p50, p95] in ms of what was urgent and fell due between; empty where nothing did."""
    question = text(
        "SELECT 1000 * extract(epoch FROM done_at - first_run_at) FROM job WHERE queue = 'urgent' AND outcome = 'done' "
        "AND first_run_at BETWEEN :since AND :until AND name <> 'overview.audit'"
    )
    async with it.engine.connect() as connection:
        found = [float(one) for one in await connection.scalars(question, {"since": since, "until": until})]
    if len(found) < 5:
        return []
    cuts = quantiles(found, n=20)
    return [round(cuts[9]), round(cuts[18])]


async def _deep(it: Town) -> list[str]:
    """The whole log is verified, and every run is replayed from what it was told."""
    clock = DatabaseClock()
    db = Database.connect(it.irm.running["environment"]["IRM_DATABASE_URL"], clock=clock, wiring=WIRING, pool_size=2)
    broken = []
    try:
        await clock.anchor(db.engine)
        async with db.transaction(SYSTEM) as tx:
            found = await verify_log(tx, key=None)
            broken += [f"log: {one.as_dict()}" for one in found.faults]
            ids: list[UUID] = list(
                await tx.scalars(select(RunRow.id).where(RunRow.status.in_(("running", "finished"))))
            )
        for one in ids:
            async with db.transaction(SYSTEM) as tx:
                run = await tx.get_one(RunRow, one)
                state = await runner.replay(tx, one)
                told, stored = (state.to_json() if state else {}), dict(run.state or {})
            if {**told, "at": None} != {**stored, "at": None}:
                broken.append(f"runs: {run.subject}/run/{one} is not what its inbox says")
    finally:
        await db.dispose()
    return broken


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=900)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--history", type=Path, default=Path(".faults/history.jsonl"))
    asked.add_argument("--floor", type=float, default=20)
    asked.add_argument("--every", type=float, default=2.0)
    asked.add_argument("--pause", type=float, default=2.5)
    asked.add_argument("--only", action="append", default=[])
    given = asked.parse_args()
    load = os.getloadavg()[0]
    print(f"seed {given.seed}, {given.seconds:.0f} s, {os.cpu_count()} cores, load {load:.1f}", flush=True)
    plan = Plan(given.seconds, given.seed, given.floor, given.every, given.pause, tuple(given.only))
    result = asyncio.run(run(plan, given.history))
    for name, times in sorted(result.faults.items()):
        print(f"{times:5}  {name}")
    print(f"{result.faults.total():5}  faults")
    for name, figure in result.counts.items():
        print(f"{name}: {figure}")
    for fault in result.slow:
        print(
            f"SLOW  {fault}"
            + ("  (the machine had other work)" if os.getloadavg()[0] > 2 * (os.cpu_count() or 1) else "")
        )
    for fault in result.broken:
        print(f"BROKEN  {fault}")
    print(f"history: {given.history}")
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
