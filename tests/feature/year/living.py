"""A city that lives a year: who is there, how time passes, how people speak to irm.

Time passes as in operation: `until` stops at every job that becomes due and twice a month, writes what
recurs (`irm/schedule.py`) as a dispatcher does, and performs what is due. People act through the interface, signed in.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from sqlalchemy import func, select, text, update

from irm import schedule
from irm.access.models import AccountRow
from irm.clock import SHANGHAI, FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.documents.tables import Page, write_pages
from irm.jobs import JobRow
from irm.obligations.models import ObligationRow
from irm.wiring import WIRING
from tests import make
from tests.fakes.outside import Outside

_BODY: Final = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
PDF: Final = (
    _BODY
    + b"xref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    + b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(_BODY)
)
MORNING: Final = time(8, 31)
"""A minute after what a morning brings before people."""


def at(month: int, day: int, hour: int = 10, minute: int = 0, *, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


PROOF = "每周联络测试"
"""Every week all who stand in a roster are asked whether they can be reached (tests/feature/notify/test_proving.py)."""


@dataclass
class Year:
    """`people` by post (`unit.lead`), `places` by name, `systems` by code."""

    db: Database
    clock: FixedClock
    settings: Settings
    client: httpx.AsyncClient
    sign_in: Callable[[Any], Awaitable[httpx.AsyncClient]]
    drain: Callable[..., Awaitable[int]]
    outside: Outside
    places: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, make.Account] = field(default_factory=dict)
    systems: dict[str, str] = field(default_factory=dict)
    routine: list[tuple[datetime, Callable[["Year"], Awaitable[None]]]] = field(default_factory=list)
    """Moments in order, and what is done then by habit."""

    # -- time

    async def until(self, moment: datetime) -> None:
        """Live on to this moment; on the way, what people do by themselves on their days (`routine`)."""
        while self.routine and self.routine[0][0] <= moment:
            day, act = self.routine.pop(0)
            await self._until(day)
            await act(self)
        await self._until(moment)

    async def _until(self, moment: datetime) -> None:
        while (now := self.clock.now()) < moment:
            async with self.db.transaction(SYSTEM) as tx:
                coming = await tx.scalar(
                    select(func.min(JobRow.run_at)).where(JobRow.done_at.is_(None), JobRow.run_at > now)
                )
            self.clock.set(min([moment, _next_stop(now), *([coming] if coming else [])]))
            await self.work()

    async def work(self) -> None:
        """What a dispatcher writes and a worker performs at this moment."""
        async with self.db.transaction(SYSTEM) as tx:
            await schedule.write(tx, WIRING.recurring, self.clock.now())
        await self.drain()

    async def again(self) -> None:
        """Everything that recurs, a second time at the same moment."""
        from irm import jobs

        now = self.clock.now()
        async with self.db.transaction(SYSTEM) as tx:
            for one in WIRING.recurring:
                await jobs.schedule(tx, one.name, {**one.args, "at": now.isoformat()}, run_at=now, queue=one.queue)
        await self.drain()

    # -- people

    async def ask(self, who: str, method: str, path: str, *, status: int = 0, **more: Any) -> Any:
        """The answer's JSON; `status` 0: any that says yes. A page answers with its text."""
        async with self.db.transaction(SYSTEM) as tx:  # nobody stays away so long that the account is suspended
            await tx.execute(update(AccountRow).values(used_at=self.clock.now()))
        await self.sign_in(self.people[who])
        answer = await self.client.request(method, path, **more)
        good = answer.status_code == status if status else answer.is_success or answer.is_redirect
        assert good, (who, method, path, answer.status_code, answer.text[:2000])
        if "json" in answer.headers.get("content-type", ""):
            return answer.json()
        return answer.headers.get("location") or answer.text

    async def get(self, who: str, path: str, **query: str) -> Any:
        return await self.ask(who, "GET", path, params=query)

    async def post(self, who: str, path: str, *, status: int = 0, **body: Any) -> Any:
        return await self.ask(who, "POST", path, status=status, json=body)

    async def send(self, who: str, path: str, name: str, content: bytes, **form: str) -> Any:
        return await self.ask(who, "POST", path, files={"file": (name, content)}, data=form)

    def messages(self, who: str) -> list[str]:
        """Takes all that reached this person since it was last asked."""
        person = self.people[who]
        found: list[str] = []
        self.outside.expect.drop(PROOF)
        for take, address in ((self.outside.expect.sms, person.telephone), (self.outside.expect.mail, person.email)):
            while True:
                try:
                    one = take(address)
                except AssertionError:
                    break
                found.append(str(getattr(one, "content", None) or getattr(one, "subject", "")))
        return found

    def expected(self, *who: str) -> dict[str, list[str]]:
        """These people and nobody else had messages since it was last asked; what each of them had."""
        found = {each: self.messages(each) for each in who}
        self.outside.expect.drop(PROOF)
        self.outside.expect.nothing()
        return found

    # -- what is so

    async def owed(self, rule: str = "", system: str = "", whose: str = "", **where: Any) -> list[ObligationRow]:
        if system:
            where["system_id"] = self.systems[system]
        if whose:
            where["bearer_id"] = self.places[whose]
        async with self.db.transaction(SYSTEM) as tx:
            rows = await tx.scalars(
                select(ObligationRow)
                .filter_by(exercise=False, **where)
                .order_by(ObligationRow.due_at, ObligationRow.ordinal)
                .execution_options(populate_existing=True)
            )
            return [row for row in rows if row.rule_id.endswith(rule)]

    async def state(self) -> dict[str, Any]:
        """All that a round which changes nothing must leave as it is."""
        asked = {
            "obligations": "SELECT key, status, due_at, overdue_at, submitted_at, reminded::text FROM obligation",
            "findings": "SELECT number, status, due_on FROM finding",
            "proposals": "SELECT id, kind, accepted FROM finding_proposal",
            "runs": "SELECT id, status FROM run",
            "deliveries": "SELECT id, status FROM delivery WHERE subject NOT LIKE 'proof/%'",
            "submissions": "SELECT id, status FROM submission",
            "drills": "SELECT number, status FROM drill",
            "changes": "SELECT number FROM planned_change",
            "entries": "SELECT id FROM ledger_entry WHERE subject NOT LIKE 'ledger%' AND subject NOT LIKE 'proof%'",
        }
        async with self.db.transaction(SYSTEM) as tx:
            return {name: sorted(map(str, await tx.execute(text(one)))) for name, one in asked.items()}


def _next_stop(now: datetime) -> datetime:
    """The first or the 16th of a month, in the morning: to pass every day alike would make a year of tests of it."""
    local = now.astimezone(SHANGHAI)
    first = local.date().replace(day=1)
    days = (first, first.replace(day=16), (first + timedelta(days=32)).replace(day=1))
    return next(stop for day in days if (stop := datetime.combine(day, MORNING, SHANGHAI)) > local)


def xlsx(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    return write_pages([Page("问题项", head, rows)])
