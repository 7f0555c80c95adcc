"""What machines post waits here to be written down: whatever arrives while one transaction is under way goes together in the
next.

So a storm costs one connection of the pool, and a filing never waits behind it: no lock that a filing takes is taken
here, nothing is graded, nobody is told. Each request is answered once its rows are committed, or with what is wrong.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from irm.alerts.company import halves, how_many
from irm.alerts.policy import alert_policy
from irm.alerts.writing_down import Outcome, Posted, Taken, take_in
from irm.db import SYSTEM, Database
from irm.errors import Unavailable
from irm.i18n import N_

BUSY: Final = N_("irm is taking in more than it can write. Send the message again in a few seconds.")
OF_ITS_VALUES: Final = ("22", "23")
"""SQLSTATE classes: a value that the database does not take, a constraint."""


@dataclass
class _Waiting:
    posted: Posted
    answer: "asyncio.Future[Taken]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Taking:
    """One per web process."""

    def __init__(self, db: Database, home: Path) -> None:
        self._db = db
        self._home = home
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._parted: deque[Sequence[_Waiting]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def take(self, posted: Posted) -> Taken:
        """Returns once it is committed. Raises the IrmError that says why it was not taken."""
        policy = alert_policy()
        if len(self._waiting) >= policy.waiting_messages or self._bytes >= policy.waiting_bytes:
            raise Unavailable(BUSY, code="busy")
        one = _Waiting(posted)
        self._waiting.append(one)
        self._bytes += len(posted.body)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await one.answer

    async def _write(self) -> None:
        while company := self._next_company():
            try:
                async with self._db.in_a_row() as db:
                    while company:
                        await self._write_down(db, company)
                        company = self._next_company()
            except Exception as error:  # noqa: BLE001 - each of those who wait is told; their handlers answer for it
                _answer(company, [error] * len(company))

    async def _write_down(self, db: Database, company: Sequence[_Waiting]) -> None:
        """Answers each. Where one of them cannot be written they are parted, so that its neighbours are written without
        it. Raises what meets all of them."""
        outcomes: Sequence[Outcome]
        try:
            async with db.transaction(SYSTEM) as tx:
                batch = [one.posted for one in company]
                outcomes = await take_in(tx, batch, home=self._home, now=db.clock.now())
        except Exception as error:
            if not _is_of_one(error):
                raise
            if len(company) > 1:
                self._parted.extend(halves(company))
                return
            outcomes = [error]
        _answer(company, outcomes)

    def _next_company(self) -> Sequence[_Waiting]:
        """Empty: nobody waits."""
        if self._parted:
            return self._parted.popleft()
        policy = alert_policy()
        sizes = (len(one.posted.body) for one in self._waiting)
        count = how_many(sizes, most=policy.batch_messages, most_bytes=policy.batch_bytes)
        company = [self._waiting.popleft() for _ in range(count)]
        self._bytes -= sum(len(one.posted.body) for one in company)
        return company


def _answer(company: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for one, outcome in zip(company, outcomes, strict=True):
        if one.answer.done():  # whoever asked has gone
            continue
        if isinstance(outcome, Taken):
            one.answer.set_result(outcome)
        else:
            one.answer.set_exception(outcome)


def _is_of_one(error: Exception) -> bool:
    """True where what one of them holds is the matter. A database that is away, a lock, a deadlock meet all of them."""
    if isinstance(error, SQLAlchemyError):
        state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
        return state.startswith(OF_ITS_VALUES) or isinstance(getattr(error, "orig", None), ValueError)
    return not isinstance(error, OSError)
