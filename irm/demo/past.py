"""The city's past, lived quickly: a clock that is set from scene to scene, and services that reach nobody.

No playbook answers (none is published yet), and a message of that time counts as sent without leaving the house.
"""

import heapq
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final
from uuid import UUID

import httpx2
import structlog
from sqlalchemy import select, text

from irm import jobs, performing
from irm.access.policy import Principal
from irm.access.principals import principal_of
from irm.clock import SHANGHAI, FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.jobs import JobRow, Outside
from irm.ledger import Wiring
from irm.notify.channels.protocol import Outcome
from irm.obligations.reminding import remind
from irm.rules.work_years import builtin_years
from irm.rules.workdays import WorkCalendar

log = structlog.get_logger(__name__)

DELIVER: Final = "notify.deliver"
UNHEARD: Final = frozenset(
    {"obligations.owe_one", "obligations.look_ahead", "incidents.regrade_system", "incidents.look_again"}
)
"""Jobs that react to the register and to reports: the year brings everybody in line itself, month by month."""

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


class Past:
    """`add` scenes in any order, while living too; `live` plays them by their moments up to now."""

    def __init__(self, db: Database, city: City, settings: Settings, *, began: datetime, now: datetime) -> None:
        self.clock = FixedClock(began)
        self.city = city
        self.began, self.now = began, now
        self.failed: list[str] = []
        self.blobs = BlobStore(Path(settings.home) / "blobs")
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

    def add(self, at: datetime, name: str, act: Act, *, needed: bool = False) -> None:
        """Left out when it lies before the beginning or after now."""
        if self.began < at <= self.now:
            self._count += 1
            heapq.heappush(self._scenes, Scene(at, self._count, name, act, needed))

    async def live(self, *, strict: bool = False, budget: float | None = None) -> None:
        """A scene that fails leaves nothing behind and is named in `failed`; with `strict` it is raised.

        `budget`: seconds after which only what must be is still played (`needed`): a slow machine starts with less.
        """
        begun = monotonic()
        async with httpx2.AsyncClient(trust_env=False) as http, self._house.engine.connect() as connection:
            # One transaction for the whole year, a savepoint for each scene: nobody else looks yet, and a thousand commits
            # to a disk would be most of the time.
            whole = await connection.begin()
            self._db = Database.on_connection(connection, clock=self.clock, wiring=quiet(self._house.wiring))
            while self._scenes:
                scene = heapq.heappop(self._scenes)
                if budget is not None and not scene.needed and monotonic() - begun > budget:
                    self.failed.append(scene.name)
                    continue
                self.clock.set(max(scene.at, self.clock.now()))
                try:
                    async with self._db.transaction(SYSTEM) as tx:
                        await scene.act(tx)
                except Exception as error:
                    if strict:
                        error.add_note(f"scene {scene.name} at {scene.at.isoformat()}")
                        raise
                    log.exception("a scene of the demo's year was left out", scene=scene.name)
                    self.failed.append(scene.name)
            await self._settle(jobs.Resources(self._settings, http))
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

    async def _settle(self, resources: jobs.Resources) -> None:
        """Nothing that was scheduled for the past happens today. Of the reminders only the last is heard, that a limit has
        passed; the others would be a thousand messages of a year ago. What was said meanwhile counts as sent then."""
        async with self._db.transaction(SYSTEM) as tx:
            await tx.execute(
                text(
                    "UPDATE job SET done_at = :now, outcome = 'done'"
                    " WHERE done_at IS NULL AND run_at <= :now AND name <> :deliver"
                ),
                {"now": self.now, "deliver": DELIVER},
            )
        self.clock.set(self.now)
        for obligation in await self._passed():
            async with self._db.transaction(SYSTEM) as tx:
                await remind(tx, {"obligation": str(obligation)}, self.now)
        while waiting := await self._waiting():
            for job_id, run_at in waiting:
                self.clock.set(run_at)
                if not await performing.perform(self._db, self._db.wiring.jobs, resources, job_id):
                    await self._put_aside(job_id)
        self.clock.set(self.now)

    async def _passed(self) -> list[UUID]:
        async with self._db.transaction(SYSTEM) as tx:
            asked = (
                "SELECT id FROM obligation WHERE status = 'open' AND due_at <= :now AND overdue_at IS NULL ORDER BY id"
            )
            return list(await tx.scalars(text(asked), {"now": self.now}))

    async def _waiting(self) -> list[tuple[UUID, datetime]]:
        async with self._db.transaction(SYSTEM) as tx:
            rows = await tx.execute(
                select(JobRow.id, JobRow.run_at)
                .where(JobRow.done_at.is_(None), JobRow.run_at <= self.now)
                .order_by(JobRow.run_at, JobRow.priority, JobRow.id)
            )
            return [(row.id, row.run_at) for row in rows]

    async def _put_aside(self, job_id: UUID) -> None:
        """A job of the past that could not be done stays undone: nothing of it may happen today."""
        async with self._db.transaction(SYSTEM) as tx:
            await tx.execute(
                text("UPDATE job SET done_at = :now, outcome = 'cancelled' WHERE id = :id AND done_at IS NULL"),
                {"now": self.clock.now(), "id": job_id},
            )


def quiet(wiring: Wiring) -> Wiring:
    """The same house, where nothing leaves and nobody is called."""
    deliver = wiring.jobs[DELIVER]
    handlers = dict(wiring.jobs)
    if isinstance(deliver, Outside):
        handlers[DELIVER] = replace(deliver, call=_sent)
    heard = tuple(one for one in wiring.subscriptions if one.job not in UNHEARD)
    return replace(wiring, jobs=handlers, subscriptions=heard)


async def _sent(_work: Any, _resources: jobs.Resources) -> Outcome:
    return Outcome("sent")


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
