"""A provider outside, and jobs that bring it something."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.db import SYSTEM, Database, Tx
from irm.jobs import CallFailed, Inside, JobRow, Outside, Resources


@dataclass
class Letterbox:
    """A provider outside: what reached it, and how it behaves."""

    received: list[str] = field(default_factory=list)
    recorded: list[tuple[int, Any, bool]] = field(default_factory=list)
    fails: int = 0
    before_answer: Any = None

    async def claim(self, _tx: Tx, args: dict[str, Any], _now: datetime, _attempt: int) -> str | None:
        return None if args["to"] == "nobody" else args["to"]

    async def call(self, work: str, _resources: Resources) -> str:
        if self.before_answer is not None:
            await self.before_answer()
        if self.fails:
            self.fails -= 1
            raise ConnectionError(work)
        self.received.append(work)
        return "250"

    async def record(
        self, _tx: Tx, _args: dict[str, Any], _work: Any, outcome: Any, _now: datetime, attempt: int, is_current: bool
    ) -> timedelta | None:
        self.recorded.append((attempt, outcome, is_current))
        return timedelta(seconds=30) if isinstance(outcome, CallFailed) else None

    def handler(self, timeout: float = 5) -> dict[str, Inside | Outside]:
        return {"post": Outside(self.claim, self.call, self.record, timeout)}


async def post(db: Database, to: str = "desk", **how: Any) -> UUID | None:
    async with db.transaction(SYSTEM) as tx:
        return await jobs.schedule(tx, "post", {"to": to}, run_at=how.pop("run_at", db.clock.now()), **how)


async def row(db: Database, job_id: UUID) -> JobRow:
    async with db.transaction(SYSTEM) as tx:
        return (await tx.scalars(select(JobRow).where(JobRow.id == job_id))).one()
