"""The city's past, lived quickly: a clock that is set from scene to scene, and services that reach nobody.

Between two scenes the house does what was due in between, as it would have: runs go on, messages are sent, injects come.
A message of that time counts as sent without leaving the house.
"""

import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID

import httpx2
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from irm import jobs
from irm.access.policy import Principal
from irm.access.principals import principal_of
from irm.clock import SHANGHAI, FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.jobs import Inside, Outside, RetryLater
from irm.ledger import Wiring
from irm.notify.channels.protocol import Outcome
from irm.obligations.reminding import remind
from irm.playbooks.publishing import ACTIVE
from irm.rules.work_years import builtin_years
from irm.rules.workdays import WorkCalendar

log = structlog.get_logger(__name__)

DELIVER: Final = "notify.deliver"
UNHEARD: Final = frozenset(
    {"obligations.owe_one", "obligations.look_ahead", "incidents.regrade_system", "incidents.look_again"}
)
"""Jobs that react to the register and to reports: the year brings everybody in line itself, month by month."""

LIVED: Final = ("playbooks.advance", DELIVER, "drills.inject")
"""Jobs that the past does itself, when they were due. All others of that time are put aside at its end."""
_NEXT: Final = text(
    "SELECT id, name, args, run_at FROM job WHERE done_at IS NULL AND name = ANY(:names) AND run_at ="
    " (SELECT min(run_at) FROM job WHERE done_at IS NULL AND run_at <= :until AND name = ANY(:names))"
    " ORDER BY priority, id"
)
_DONE: Final = text("UPDATE job SET done_at = :now, outcome = :outcome WHERE id = ANY(:ids)")
_LATER: Final = text("UPDATE job SET run_at = :at WHERE id = ANY(:ids)")
_PUT_ASIDE: Final = text(
    "UPDATE job SET done_at = :now, outcome = 'cancelled' WHERE done_at IS NULL AND run_at <= :now AND name <> :deliver"
    " AND NOT (name = 'playbooks.advance' AND EXISTS ("
    "SELECT 1 FROM run WHERE CAST(run.id AS text) = job.args ->> 'run' AND run.status = 'running'))"
)
GATHERING: Final = timedelta(minutes=5)
"""People do nothing any more in the last minutes before now: what they caused has to leave, and messages wait for company."""
SENDING: Final = timedelta(seconds=2)
"""How long the provider took."""

Act = Callable[[Tx], Awaitable[None]]


@dataclass(frozen=True)
class City:
    """Ids by code and login, as `city.yaml` names them."""

    organizations: Mapping[str, UUID]
    people: Mapping[str, UUID]
    accounts: Mapping[str, UUID]
    homes: Mapping[str, str]
    """Login → code of the organization."""
    systems: Mapping[str, UUID]


@dataclass(order=True)
class Scene:
    at: datetime
    order: int
    name: str = field(compare=False)
    act: Act = field(compare=False)
    needed: bool = field(compare=False, default=False)
    """Played even when time is short: what is owed must be known."""
    lived: bool = field(compare=False, default=False)
    """Playbooks may begin in it. Of all else the year only has what people did."""


class Past:
    """`add` scenes in any order, while living too; `live` plays them by their moments up to now."""

    def __init__(self, db: Database, city: City, settings: Settings, *, began: datetime, now: datetime) -> None:
        self.clock = FixedClock(began)
        self.city = city
        self.began, self.now, self.ends = began, now, now - GATHERING
        self.failed: list[str] = []
        self.blobs = BlobStore(Path(settings.home) / "blobs")
        self.wiring = quiet(db.wiring, self.clock)
        self._house = db
        self._db = db
        self._settings = settings
        self._scenes: list[Scene] = []
        exceptions = {one.day: one.works for days in builtin_years().values() for one in days}
        self._calendar = WorkCalendar(frozenset(builtin_years()), exceptions)
        self._count = 0
        self._known: dict[str, StoredBlob] = {}

    def moment(self, days: float, at: str = "10:00") -> datetime:
        """So many days before today (negative: after), at a time of day in Shanghai."""
        day = self.today - timedelta(days=int(days))
        return datetime.combine(day, time.fromisoformat(at), SHANGHAI).astimezone(UTC)

    def working(self, days: float, at: str = "10:00") -> datetime:
        """The same on a working day: that day or the nearest before it (after it, where it lies ahead)."""
        moment, step = self.moment(days, at), timedelta(days=1 if days < 0 else -1)
        while not self._calendar.is_working(moment.astimezone(SHANGHAI).date()):
            moment += step
        return moment

    @property
    def today(self) -> date:
        return self.now.astimezone(SHANGHAI).date()

    def add(self, at: datetime, name: str, act: Act, *, needed: bool = False, lived: bool = False) -> None:
        """Left out when it lies before the beginning or after now; what lies in the last minutes comes a little sooner."""
        if self.began < at <= self.now:
            self._count += 1
            heapq.heappush(self._scenes, Scene(min(at, self.ends), self._count, name, act, needed, lived))

    async def live(self, *, strict: bool = False, budget: float | None = None) -> None:
        """A scene that fails leaves nothing behind and is named in `failed`; with `strict` it is raised.

        `budget`: seconds after which only what must be is still played (`needed`): a slow machine starts with less.
        """
        begun = monotonic()
        async with httpx2.AsyncClient(trust_env=False) as http, self._house.engine.connect() as connection:
            # One transaction for the whole year, a savepoint for each scene: nobody else looks yet, and a thousand commits
            # to a disk would be most of the time.
            whole = await connection.begin()
            self._db = Database.on_connection(connection, clock=self.clock, wiring=self.wiring)
            resources = jobs.Resources(self._settings, http)
            while True:
                until = self._scenes[0].at if self._scenes else self.ends
                if await self._worked(connection, until, resources, strict=strict):
                    continue
                if not self._scenes:
                    break
                scene = heapq.heappop(self._scenes)
                if budget is not None and not scene.needed and monotonic() - begun > budget:
                    self.failed.append(scene.name)
                    continue
                self.clock.set(max(scene.at, self.clock.now()))
                try:
                    async with self._db.transaction(SYSTEM) as tx:
                        if not scene.lived:
                            tx.info[ACTIVE] = []
                        await scene.act(tx)
                except Exception as error:
                    if strict:
                        error.add_note(f"scene {scene.name} at {scene.at.isoformat()}")
                        raise
                    log.exception("a scene of the demo's year was left out", scene=scene.name)
                    self.failed.append(scene.name)
            await self._settle()
            while await self._worked(connection, self.now, resources, only=(DELIVER,), strict=strict):
                pass
            await self._put_aside()
            await whole.commit()

    async def principal(self, tx: Tx, login: str) -> Principal:
        found = await principal_of(tx, self.city.accounts[login], now=self.clock.now())
        if found is None:
            message = f"nobody is called {login}"
            raise LookupError(message)
        return found

    async def file(self, name: str) -> StoredBlob:
        """A small PDF under this name; its content says that it is made up."""
        if name not in self._known:
            self._known[name] = await self.blobs.put(_once(small_pdf(f"Demo city. {len(self._known) + 1}")), name)
        return self._known[name]

    async def _worked(
        self,
        connection: AsyncConnection,
        until: datetime,
        resources: jobs.Resources,
        *,
        only: Sequence[str] = LIVED,
        strict: bool,
    ) -> bool:
        """Do the jobs of these names that are due first by then, all of one moment. False: there is none.

        In one savepoint, without the claims and leases of a house where others work, too.
        """
        rows = (await connection.execute(_NEXT, {"until": until, "names": [*only]})).all()
        if not rows:
            return False
        self.clock.set(max(rows[0].run_at, self.clock.now()))
        done: list[tuple[str, Any]] = []
        waits: list[tuple[str, Any]] = []
        try:
            async with self._db.transaction(SYSTEM) as tx:
                for row in rows:
                    one = (row.name, row.args)
                    if one not in done:
                        done.append(one)
                        later = await self._do(tx, row.name, dict(row.args), resources)
                        if later is not None:
                            waits.append(one)
                            same = [each.id for each in rows if (each.name, each.args) == one]
                            await tx.execute(_LATER, {"ids": same, "at": self.clock.now() + later})
                ids = [row.id for row in rows if (row.name, row.args) not in waits]
                await tx.execute(_DONE, {"ids": ids, "now": self.clock.now(), "outcome": "done"})
        except Exception as error:
            if strict:
                error.add_note(f"{done[-1]} at {rows[0].run_at.isoformat()}")
                raise
            log.exception("work of the demo's year was left out", job=done[-1][0])
            self.failed.append(done[-1][0])
            await connection.execute(
                _DONE, {"ids": [row.id for row in rows], "now": self.clock.now(), "outcome": "cancelled"}
            )
        return True

    async def _do(self, tx: Tx, name: str, args: dict[str, Any], resources: jobs.Resources) -> timedelta | None:
        """How long it asks to wait; None: it is done. What asks to wait has done nothing."""
        handler = self.wiring.jobs[name]
        try:
            async with tx.begin_nested():
                if isinstance(handler, Inside):
                    await handler.run(tx, args, self.clock.now())
                    return None
                work = await handler.claim(tx, args, self.clock.now(), 1)
        except RetryLater as later:
            return later.after
        if work is not None:
            outcome = await handler.call(work, resources)
            await handler.record(tx, args, work, outcome, self.clock.now(), 1, True)
        return None

    async def _settle(self) -> None:
        """Nothing that was scheduled for the past happens today. Of the reminders of the year's duties only the last is
        heard, that a limit has passed; the others would be a thousand messages of a year ago."""
        await self._put_aside()
        self.clock.set(max(self.ends, self.clock.now()))
        for obligation in await self._passed():
            async with self._db.transaction(SYSTEM) as tx:
                tx.info[ACTIVE] = []  # nobody is called today for what ran out then
                await remind(tx, {"obligation": str(obligation)}, self.clock.now())

    async def _passed(self) -> list[UUID]:
        async with self._db.transaction(SYSTEM) as tx:
            asked = (
                "SELECT id FROM obligation WHERE status = 'open' AND due_at <= :now AND overdue_at IS NULL ORDER BY id"
            )
            return list(await tx.scalars(text(asked), {"now": self.clock.now()}))

    async def _put_aside(self) -> None:
        """What was not done in the past stays undone: nothing of it may happen today, but that an incident which is not
        over goes on."""
        async with self._db.transaction(SYSTEM) as tx:
            await tx.execute(_PUT_ASIDE, {"now": self.now, "deliver": DELIVER})


def quiet(wiring: Wiring, clock: FixedClock) -> Wiring:
    """The same house, where nothing leaves: a message is taken `SENDING` after it was due."""
    deliver = wiring.jobs[DELIVER]
    handlers = dict(wiring.jobs)

    async def sent(work: Any, _resources: jobs.Resources) -> Outcome:
        clock.set(clock.now() + SENDING)
        return Outcome("sent", received=work.channel == "in_app")

    if isinstance(deliver, Outside):
        handlers[DELIVER] = replace(deliver, call=sent)
    heard = tuple(one for one in wiring.subscriptions if one.job not in UNHEARD)
    return replace(wiring, jobs=handlers, subscriptions=heard)


async def _once(content: bytes) -> Any:
    yield content


def small_pdf(words: str) -> bytes:
    """One page with a line of ASCII; a reader opens it."""
    stream = f"BT /F1 14 Tf 72 770 Td ({words}) Tj ET".encode("ascii")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    body += b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, start)
