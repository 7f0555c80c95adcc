"""What arrives while one transaction is under way is written in the next, by one of any number of web processes: each is answered for
itself, whatever becomes of its neighbours."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from irm import jobs, performing
from irm.alerts import sources, taking
from irm.alerts.models import AlertRow, AlertSourceRow
from irm.alerts.policy import alert_policy
from irm.alerts.taking import Taking
from irm.alerts.writing_down import Posted, Taken
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid, TooOften, Unauthenticated, Unavailable
from irm.wiring import WIRING
from tests import make
from tests.feature.alerts.conftest import firing, webhook
from tests.server import Server

Outcome = Taken | BaseException


@dataclass
class Line:
    """A machine's end of the line, and the web process at the other."""

    taking: Taking
    code: str
    secret: str
    clock: FixedClock

    def bearing(self, *alerts: Any, secret: str = "", code: str = "") -> Posted:
        headers = {"content-type": "application/json", "authorization": f"Bearer {secret or self.secret}"}
        return Posted(code or self.code, headers, json.dumps(webhook(*alerts)).encode())

    def signed(self, name: str, *alerts: Any) -> Posted:
        body, moment = json.dumps(webhook(*alerts)).encode(), str(int(self.clock.now().timestamp()))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{name}.{moment}.".encode() + body, sha256).digest()
        signature = "v1," + base64.b64encode(digest).decode()
        headers = {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": signature}
        return Posted(self.code, headers, body)

    async def send(self, *posted: Posted) -> list[Outcome]:
        """Each in a request of its own, all at once; what each was answered."""
        return await asyncio.gather(*map(self.taking.take, posted), return_exceptions=True)


@pytest.fixture
async def line(committed_db: Database, clock: FixedClock, settings: Settings) -> Line:
    async with committed_db.transaction(SYSTEM) as tx:
        await make.organization(tx, "cloud_authority")
    return await registered(committed_db, clock, settings, "watch")


async def registered(db: Database, clock: FixedClock, settings: Settings, code: str, **more: Any) -> Line:
    given = sources.Given(code, "政务云监控", "alertmanager", unclassified=True, **more)
    async with db.transaction(SYSTEM) as tx:
        _, secret = await sources.register_source(tx, given, by=None, actor=SYSTEM, home=settings.home, now=clock.now())
    return Line(Taking(db, settings.home), code, secret, clock)


@asynccontextmanager
async def meanwhile(db: Database, *at: Line) -> AsyncIterator[Any]:
    """Somebody holds the source, so that the first message of each line stands in the database and the others wait: they
    make one group. The block has the transaction that holds it."""
    first = []
    async with db.transaction(SYSTEM) as tx:
        await tx.scalars(select(AlertSourceRow).with_for_update())
        for n, line in enumerate(at):
            first.append(asyncio.create_task(line.taking.take(line.bearing(firing(instance=f"opens-{n}")))))
            await stand_in_line(db, n + 1)
        yield tx
    with suppress(Exception):  # a test asks for those it sent itself
        await asyncio.gather(*first)


async def stand_in_line(db: Database, count: int, *, but: int = 0) -> list[int]:
    """The connections that wait for a lock, once there are so many."""
    waiting = text(
        "SELECT pid FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database() AND pid <> :but"
    )
    while True:
        async with db.transaction(SYSTEM) as tx:
            found = list(await tx.scalars(waiting, {"but": but}))
        if len(found) == count:
            return found
        await asyncio.sleep(0.01)


async def sent_meanwhile(db: Database, line: Line, *posted: Posted) -> list[Outcome]:
    async with meanwhile(db, line):
        sent = asyncio.create_task(line.send(*posted))
        await asyncio.sleep(0)
    return await sent


async def written(db: Database) -> tuple[int, int]:
    """How many messages, in how many transactions; that which opened is neither."""
    async with db.transaction(SYSTEM) as tx:
        found = await tx.execute(
            text("SELECT count(*), count(DISTINCT xmin::text) FROM alert_message WHERE heard::text NOT LIKE '%opens-%'")
        )
        one, other = found.one()
        return one, other


async def source(db: Database, line: Line) -> AlertSourceRow:
    async with db.transaction(SYSTEM) as tx:
        return (await tx.scalars(select(AlertSourceRow).where(AlertSourceRow.code == line.code))).one()


async def test_who_comes_while_one_is_written_goes_together_in_the_next(committed_db: Database, line: Line) -> None:
    many = [line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(20)]
    assert await sent_meanwhile(committed_db, line, *many) == [Taken(1)] * 20
    assert await written(committed_db) == (20, 1)
    assert (await source(committed_db, line)).taken == 21


async def test_each_of_a_group_is_answered_for_itself(committed_db: Database, line: Line) -> None:
    outcomes = await sent_meanwhile(
        committed_db,
        line,
        line.bearing(firing(instance="a")),
        line.bearing(firing(instance="b"), secret="whsec_guessed"),
        line.bearing({"status": "on"}),
        line.bearing(firing(instance="c"), code="nobody"),
        line.bearing(firing(instance="d"), code="w\0tch"),
        line.bearing(firing(instance="e"), firing(instance="f")),
    )
    assert [outcomes[0], outcomes[5]] == [Taken(1), Taken(2)]
    assert [type(one) for one in outcomes[1:5]] == [Unauthenticated, Invalid, Unauthenticated, Unauthenticated]
    assert isinstance(outcomes[2], Invalid)
    assert [one.field for one in outcomes[2].errors] == ["alerts.0.status"]
    assert await written(committed_db) == (2, 1), "one transaction: nobody had to be written anew"
    row = await source(committed_db, line)
    assert (row.taken, row.faults, row.last_fault) == (4, 2, "invalid")


@pytest.fixture
async def choosy(server: Server, committed_url: str) -> None:
    """A database that refuses, for a reason of its own, every message of three alerts."""
    owner = create_async_engine(server.url(committed_url.rpartition("/")[2], "irm_owner"))
    async with owner.begin() as connection:
        await connection.execute(text("ALTER TABLE alert_message ADD CONSTRAINT not_three CHECK (n <> 3)"))
    await owner.dispose()


@pytest.mark.usefixtures("choosy")
async def test_one_that_cannot_be_written_costs_its_neighbours_nothing(committed_db: Database, line: Line) -> None:
    many = [line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(9)]
    bad = line.bearing(*(firing(instance=name) for name in "abc"))
    outcomes = await sent_meanwhile(committed_db, line, *many[:4], bad, *many[4:])
    assert [outcomes.pop(4).__class__, *outcomes] == [IntegrityError, *[Taken(1)] * 9]
    assert (await written(committed_db))[0] == 9
    row = await source(committed_db, line)
    assert (row.taken, row.faults) == (10, 0), "the bad one's attempts counted nothing"


async def test_a_line_cut_within_the_group_leaves_nothing_that_was_answered_unwritten(
    committed_db: Database, line: Line
) -> None:
    """Nor anything written that was not answered as taken; the next is written by another connection."""
    async with meanwhile(committed_db, line) as tx:
        sent = asyncio.create_task(line.send(*(line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(5))))
        (opens,) = await stand_in_line(committed_db, 1)
        await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": opens})
        (group,) = await stand_in_line(committed_db, 1, but=opens)
        await tx.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": group})
        outcomes = await sent
    assert [isinstance(one, DBAPIError) and one.connection_invalidated for one in outcomes] == [True] * 5
    assert await written(committed_db) == (0, 0)
    assert await line.send(line.bearing(firing())) == [Taken(1)]
    assert (await source(committed_db, line)).taken == 1


async def test_a_repeat_within_one_group_counts_once(committed_db: Database, line: Line) -> None:
    outcomes = await sent_meanwhile(
        committed_db,
        line,
        line.signed("msg-1", firing(instance="a")),
        line.signed("msg-1", firing(instance="a")),
        line.signed("msg-1", firing(instance="b")),
        line.bearing(firing(instance="a")),
    )
    assert outcomes[:2] == [Taken(1), Taken(1, repeated=True)]
    assert isinstance(outcomes[2], Conflict)
    assert outcomes[3] == Taken(1), "it has no name: that the firing is the same is found where they are sorted"
    row = await source(committed_db, line)
    assert (row.taken, row.faults, row.last_fault) == (3, 1, "replayed")
    async with committed_db.transaction(SYSTEM) as tx:
        await jobs.schedule(tx, "alerts.group", {}, run_at=line.clock.now())
    await performing.drain(committed_db, WIRING.jobs, None)  # type: ignore[arg-type]  # it talks to nobody
    async with committed_db.transaction(SYSTEM) as tx:
        counts = {row.resource: row.count for row in await tx.scalars(select(AlertRow))}
    assert counts == {"a": 1, "opens-0": 1}


async def test_two_web_processes_share_one_rate_and_one_set_of_names(
    committed_db: Database, committed_url: str, clock: FixedClock, settings: Settings, line: Line
) -> None:
    here = await registered(committed_db, clock, settings, "slow", rate_per_minute=30)
    other = Database.connect(committed_url, clock=clock, wiring=WIRING)
    there = Line(Taking(other, settings.home), here.code, here.secret, clock)
    try:
        async with meanwhile(committed_db, here, there):
            named = [asyncio.create_task(one.send(here.signed("msg-1", firing(instance="x")))) for one in (here, there)]
            sent = [
                asyncio.create_task(one.send(*(here.bearing(firing(instance=f"{place}-{n}")) for n in range(20))))
                for place, one in (("here", here), ("there", there))
            ]
            await asyncio.sleep(0)
        both = [(await each)[0] for each in named]
        outcomes = [one for each in sent for one in await each]
    finally:
        await other.dispose()
    assert sorted(both, key=repr) == [Taken(1), Taken(1, repeated=True)]
    assert outcomes.count(Taken(1)) == 30 - 4, "two opened, and a name said twice was let through twice"
    assert sum(isinstance(one, TooOften) for one in outcomes) == 40 - 26
    row = await source(committed_db, here)
    assert (row.taken, row.refused) == (30 - 1, 14)
    assert (await written(committed_db))[0] == 27


async def test_a_secret_that_is_taken_away_meanwhile_lets_nobody_in(
    committed_db: Database, line: Line, settings: Settings
) -> None:
    async with meanwhile(committed_db, line) as tx:
        sent = asyncio.create_task(line.send(*(line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(3))))
        new = await sources.rotate_secret(
            tx, line.code, at_once=True, by=None, actor=SYSTEM, home=settings.home, now=line.clock.now()
        )
    assert [getattr(one, "code", "") for one in await sent] == ["bad_signature"] * 3
    assert await line.send(line.bearing(firing(), secret=new)) == [Taken(1)]


async def test_a_source_that_is_switched_off_meanwhile_is_refused(committed_db: Database, line: Line) -> None:
    async with meanwhile(committed_db, line) as tx:
        sent = asyncio.create_task(line.send(*(line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(3))))
        await sources.switch_source(tx, line.code, is_enabled=False, by=None, actor=SYSTEM, now=line.clock.now())
    assert [getattr(one, "code", "") for one in await sent] == ["disabled"] * 3
    assert (await written(committed_db))[0] == 0


async def test_whoever_hangs_up_takes_nobody_along(committed_db: Database, line: Line) -> None:
    async with meanwhile(committed_db, line):
        gone = asyncio.create_task(line.send(line.bearing(firing(instance="gone"))))
        stays = asyncio.create_task(line.send(line.bearing(firing(instance="stays"))))
        for _ in range(5):  # until both wait
            await asyncio.sleep(0)
        gone.cancel()
    assert await stays == [Taken(1)]
    assert gone.cancelled()
    assert await written(committed_db) == (2, 1), "it had been sent"


@pytest.mark.parametrize("bound", [{"waiting_messages": 2}, {"waiting_bytes": 500}])
async def test_more_than_may_wait_is_asked_to_come_again(
    committed_db: Database, line: Line, monkeypatch: pytest.MonkeyPatch, bound: dict[str, int]
) -> None:
    policy = alert_policy().model_copy(update=bound)
    monkeypatch.setattr(taking, "alert_policy", lambda: policy)
    waiting = [line.bearing(firing(instance=f"10.2.3.{n}")) for n in range(3)]
    outcomes = await sent_meanwhile(committed_db, line, *waiting)
    assert isinstance(outcomes[2], Unavailable)
    assert outcomes[0] == Taken(1)
    assert await line.send(waiting[2]) == [Taken(1)], "nobody waits any more"
