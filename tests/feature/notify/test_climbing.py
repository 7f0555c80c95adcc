"""A whole climb with real channels: who does not answer, who cannot be reached, who replies."""

import httpx
import pytest

from irm.clock import FixedClock
from irm.db import Database
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.notify.night import reply
from tests.feature.playbooks.conftest import Night, night_in

pytestmark = pytest.mark.usefixtures("channels")


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    return await night_in(db, clock)


async def test_the_officer_sleeps_and_the_leader_replies(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    run = await night.begin()
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.nothing()
    night.clock.tick(minutes=5)
    await drain()
    outside.expect.sms(night.officer.telephone)
    night.clock.tick(minutes=10)
    await drain()
    called = outside.expect.sms(night.leader.telephone)
    await reply(client, night.leader.telephone, f"收到{called.code}")
    await drain()
    night.clock.tick(hours=3)
    await drain()
    outside.expect.nothing()
    assert (await night.steps(run))["alarm"] == "acknowledged"


async def test_a_refused_message_is_not_waited_for(night: Night, outside: Outside, drain: Drain) -> None:
    outside.gateway.will(body='{"code": 105, "message": "no such number"}')
    await night.begin()
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.mail(night.officer.email)
    outside.expect.sms(night.leader.telephone)


async def test_a_late_reply_of_the_officer_stops_the_leaders_page(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    run = await night.begin()
    await drain()
    first = outside.expect.sms(night.officer.telephone)
    night.clock.tick(minutes=15)
    await reply(client, night.officer.telephone, first.code)
    await drain()
    outside.expect.nothing()
    assert (await night.steps(run))["alarm"] == "acknowledged"
