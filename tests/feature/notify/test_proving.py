"""Once a week whoever is on a roster is asked on each channel; only an answer by the channel itself counts."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from irm.access import queries as access
from irm.access.policy import Role
from irm.access.service import add_contact_address
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict
from irm.notify import proving
from irm.notify.health import note_interfaces
from irm.notify.models import DeliveryRow
from irm.notify.service import note_channels
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside, Sms
from tests.feature.notify.night import Night, reply

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}


class Weeks:
    """The weekly job, and what the officer on duty gets of it."""

    def __init__(self, night: Night, drain: Drain, outside: Outside, clock: FixedClock) -> None:
        self.night, self.drain, self.outside, self.clock = night, drain, outside, clock

    async def ask(self) -> Sms:
        """Returns the SMS; the mail is taken too."""
        async with self.night.db.transaction() as tx:
            await proving.ask(tx, {"at": self.clock.now().isoformat()}, self.clock.now())
        await self.drain()
        self.outside.expect.mail(self.night.officer.email)
        told = self.outside.expect.sms(self.night.officer.telephone)
        while "联络测试" not in told.content:  # weeks go by, and with them what an organization owes
            told = self.outside.expect.sms(self.night.officer.telephone)
        return told

    async def next(self) -> Sms:
        self.clock.tick(hours=7 * 24)
        await self.drain()
        self.outside.expect.forget()
        async with self.night.db.transaction() as tx:
            await make.duty(tx, self.night.authority, self.night.officer.person_id, since=self.clock.now())
        return await self.ask()


@pytest.fixture
def weeks(night: Night, drain: Drain, outside: Outside, clock: FixedClock) -> Weeks:
    return Weeks(night, drain, outside, clock)


async def ways(db: Database, clock: FixedClock) -> dict[str, tuple[bool, int]]:
    async with db.transaction() as tx:
        [(found, _)] = await proving.reached(tx, clock.now())
    return {way.channel: (way.proven_at is not None, way.in_vain) for way in found.ways}


async def test_who_is_on_duty_is_asked_on_each_channel_and_an_answer_verifies_the_number(
    weeks: Weeks, night: Night, outside: Outside, client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    assert proving.ASK == "notify.ask_for_proof", "wiring, auditor and board know the job by its name"
    told = await weeks.ask()
    assert told.content.startswith("【IRM】每周联络测试，没有发生事件。")
    outside.expect.nothing()  # the leader is on no roster
    assert await ways(db, clock) == {"email": (False, 1), "sms": (False, 1)}
    await reply(client, night.officer.telephone, told.code)
    assert await ways(db, clock) == {"email": (False, 1), "sms": (True, 0)}
    async with db.transaction() as tx:
        held = (await access.addresses(tx, person_ids=[night.officer.person_id]))[night.officer.person_id]
    assert {each.channel: each.verified_at is not None for each in held} == {"sms": True, "email": False}


async def test_nobody_is_asked_twice_in_a_week_and_nothing_of_it_stands_on_the_board(
    weeks: Weeks, night: Night, outside: Outside, db: Database, clock: FixedClock, drain: Drain, sign_in: SignIn
) -> None:
    await weeks.ask()
    async with db.transaction() as tx:
        await proving.ask(tx, {"at": clock.now().isoformat()}, clock.now())
    await drain()
    outside.expect.nothing()
    clock.tick(minutes=30)
    page = (await (await sign_in(night.officer)).get("/", headers=HTML)).text
    assert "联络测试" not in page


async def test_who_was_to_be_asked_while_irm_was_away_is_not_woken_for_it_at_night(
    night: Night, outside: Outside, db: Database, clock: FixedClock, drain: Drain
) -> None:
    async with db.transaction() as tx:
        await proving.ask(tx, {"at": (clock.now() - timedelta(hours=17)).isoformat()}, clock.now())
    await drain()
    outside.expect.nothing()


async def test_a_number_that_refuses_is_not_replaced_by_another_way(
    weeks: Weeks, outside: Outside, db: Database, clock: FixedClock
) -> None:
    outside.gateway.will(body='{"code": 105}')
    await weeks.ask()
    outside.expect.nothing()
    assert await ways(db, clock) == {"email": (False, 1), "sms": (False, 1)}


async def test_nobody_is_asked_by_what_cannot_be_answered(
    night: Night, outside: Outside, db: Database, clock: FixedClock, drain: Drain
) -> None:
    """A call that takes no key would find everybody silent."""
    who = night.officer.person_id
    async with db.transaction() as tx:
        await add_contact_address(
            tx, person_id=who, channel="voice", address="13700000000", preference=3, actor=SYSTEM, now=clock.now()
        )
        await note_channels(tx, {"voice": True}, now=clock.now())
        await note_interfaces(tx, {"voice": "aliyun_speaks"})
        await proving.ask(tx, {"at": clock.now().isoformat()}, clock.now())
    with pytest.raises(Conflict, match="Nobody can confirm"):
        async with db.transaction() as tx:
            await proving.prove_me(tx, "voice", who, now=clock.now(), actor=SYSTEM)
    await drain()
    assert len(outside.expect.forget()) == 1, "by SMS"
    async with db.transaction() as tx:
        assert set(await tx.scalars(select(DeliveryRow.channel))) == {"sms", "email"}


async def test_who_is_silent_for_weeks_is_red_on_the_board_and_first_in_the_report(
    weeks: Weeks, night: Night, db: Database, clock: FixedClock, sign_in: SignIn
) -> None:
    await weeks.ask()
    for _ in range(2):
        await weeks.next()
    clock.tick(hours=1)
    async with db.transaction() as tx:
        assert [who.person_id for who, _ in await proving.lost(tx, clock.now())] == [night.officer.person_id]
    client = await sign_in(night.leader)
    assert "值班人员中有1人连续多周未确认联络测试" in (await client.get("/", headers=HTML)).text
    shown = (await client.get("/reachability?show=lost", headers=HTML)).text
    assert "联络不上" in shown
    rows = (await client.get("/api/v1/reachability")).json()
    assert {(row["channel"], row["in_vain"], row["lost"]) for row in rows} == {("sms", 3, True), ("email", 3, True)}
    file = (await client.get("/reachability.csv")).text
    assert file.count("\n") == 3


async def test_an_answer_makes_the_red_line_go(
    weeks: Weeks, night: Night, client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    await weeks.ask()
    await weeks.next()
    last = await weeks.next()
    await reply(client, night.officer.telephone, last.code)
    async with db.transaction() as tx:
        assert await proving.lost(tx, clock.now() + timedelta(minutes=1)) == []


async def test_another_organization_sees_none_of_it(weeks: Weeks, db: Database, sign_in: SignIn) -> None:
    await weeks.ask()
    async with db.transaction() as tx:
        stranger = await make.account(tx, await make.organization(tx), Role.SECURITY_LEAD)
    assert (await (await sign_in(stranger)).get("/api/v1/reachability")).json() == []
