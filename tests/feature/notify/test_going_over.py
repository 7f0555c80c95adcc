"""A provider that is down, and a page that goes another way."""

import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify import providers
from irm.notify.channels.protocol import Outcome
from irm.notify.circuit import Standing
from tests import make
from tests.conftest import Drain
from tests.fakes.gateway import HttpServer
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    return outside.settings(settings).model_copy(update={"voice_url": outside.gateway.url("/call")})


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    """The officer has a mobile, a number for calls and a mailbox; the leader a mobile only."""
    begun = Night(db, clock)
    async with db.transaction() as tx:
        begun.authority = await make.organization(tx, "cloud_authority")
        begun.officer = await make.account(tx, begun.authority, Role.DUTY_OFFICER, voice="13700000001")
        begun.leader = await make.account(tx, begun.authority, Role.DUTY_LEADER, email="")
        await make.duty(tx, begun.authority, begun.officer.person_id)
    return begun


async def down(db: Database, provider: str) -> None:
    async with db.transaction() as tx:
        for _ in range(5):
            await providers.note(tx, provider, [Outcome("failed", "nobody there")], tx.clock.now())


async def ways(night: Night) -> list[tuple[str, str, str | None]]:
    return [(each.channel, each.status, each.reason) for each in await night.deliveries()]


async def test_a_page_that_the_gateway_refuses_goes_by_voice_at_once_and_its_rung_waits(
    night: Night, outside: Outside, drain: Drain
) -> None:
    outside.gateway.will(body='{"code": 105, "message": "no balance"}')
    await night.page()
    await drain()
    outside.expect.sms(night.officer.telephone)
    call = outside.expect.webhook().json
    assert call["phone"] == "13700000001"
    assert "按1键确认收到" in call["content"], "the words are those of the way that carries them"
    assert await ways(night) == [("sms", "failed", "refused"), ("voice", "sent", None)]
    assert await night.nobody_reached() == [False]


async def test_where_only_a_mailbox_is_left_it_is_written_to_and_the_next_rung_is_called_all_the_same(
    night: Night, outside: Outside, drain: Drain
) -> None:
    for _ in range(2):
        outside.gateway.will(body='{"code": 105}')
    await night.page()
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.webhook()
    outside.expect.mail(night.officer.email)
    assert await ways(night) == [("sms", "failed", "refused"), ("voice", "failed", "refused"), ("email", "sent", None)]
    assert await night.nobody_reached() == [False, True]


async def test_nobody_is_called_twice_who_is_called_another_way_already(
    night: Night, outside: Outside, drain: Drain
) -> None:
    outside.gateway.will(body='{"code": 105}')
    await night.page(via=["sms", "email"])
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.mail(night.officer.email)
    outside.expect.nothing()


async def test_a_provider_that_is_down_is_not_asked_and_the_page_goes_another_way(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    await down(db, "sms")
    await night.page()
    await drain()
    assert outside.expect.webhook().json["phone"] == "13700000001"
    outside.expect.nothing()
    assert await ways(night) == [("sms", "failed", "circuit_open"), ("voice", "sent", None)]
    assert await night.nobody_reached() == [False]


async def test_who_has_no_other_way_is_tried_all_the_same(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    await down(db, "sms")
    await night.page("role(cloud_authority, duty_leader)")
    await drain()
    outside.expect.sms(night.leader.telephone)
    assert await ways(night) == [("sms", "sent", None)]
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.CLOSED, "it answered: all is as before"


async def test_a_gateway_that_is_gone_is_left_alone_after_a_few_tries_and_found_again(
    night: Night,
    outside: Outside,
    drain: Drain,
    clock: FixedClock,
    db: Database,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as gone:
        gone.setattr(settings, "sms_url", HttpServer(port=1).url("/sms"))
        for step in range(5):
            await night.page(step=f"step-{step}", target="role(cloud_authority, duty_leader)")
            await drain()
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.OPEN
    clock.tick(minutes=2)
    await drain()
    found = outside.expect.forget()
    assert len(found) == 5, "they had no other way and were tried again"
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.CLOSED


async def test_one_message_tries_a_provider_that_was_down_and_the_others_wait(db: Database, clock: FixedClock) -> None:
    await down(db, "sms")
    clock.tick(minutes=2)
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.PROBING
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.OPEN
        await providers.note(tx, "sms", [Outcome("sent")], tx.clock.now())
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.CLOSED
