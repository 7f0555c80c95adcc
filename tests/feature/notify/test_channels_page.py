"""The page of channels, a test message, the board when a provider is down, and the list of messages narrowed."""

from typing import Any, cast

import httpx2
import pytest
from pydantic import SecretStr

from irm.access.policy import Role
from irm.clock import DatabaseClock, FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify import providers
from irm.notify.channels.protocol import Outcome
from irm.notify.presence import note_channels_of
from irm.process import Process
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.notify.desk import Desk

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}


@pytest.fixture
async def administrator(db: Database, desk: Desk) -> Any:
    async with db.transaction() as tx:
        return await make.account(tx, desk.authority, Role.SYSTEM_ADMINISTRATOR, locale="en")


async def down(db: Database, provider: str) -> None:
    async with db.transaction() as tx:
        for _ in range(5):
            await providers.note(tx, provider, [Outcome("failed", "ConnectError")], tx.clock.now())


async def test_a_test_message_goes_the_way_of_every_other_and_the_page_says_what_became_of_it(
    administrator: Any, sign_in: SignIn, drain: Drain, outside: Outside
) -> None:
    client = await sign_in(administrator)
    shown = await client.post("/channels/sms/test", headers=HTML)
    assert shown.headers["location"] == "/channels?tried=sms"
    await drain()
    told = outside.expect.sms(administrator.telephone)
    assert told.content == "【IRM】本条为通道测试，没有发生事件，无需处理。"
    page = (await client.get("/channels?tried=sms", headers=HTML)).text
    assert "Test message: SMS" in page
    by_name = {each["name"]: each for each in (await client.get("/api/v1/channels")).json()}
    assert (by_name["sms"]["configured"], by_name["sms"]["sent"], by_name["sms"]["failed"]) == (True, 1, 0)
    assert by_name["sms"]["median_ms"] is not None
    assert by_name["sms"]["providers"][0]["last_success_at"] is not None
    assert by_name["wecom"]["configured"] is False
    assert by_name["wecom_bot"]["confirmed_by"] is None


async def test_a_test_needs_a_channel_that_is_set_up_and_an_address_on_it(administrator: Any, sign_in: SignIn) -> None:
    client = await sign_in(administrator)
    for name, status in (("pigeon", 404), ("wecom", 409), ("webhook", 422)):
        assert (await client.post(f"/api/v1/channels/{name}/test")).status_code == status, name
    assert (await client.post("/api/v1/channels/sms/test")).status_code == 201
    assert (await client.post("/api/v1/channels/sms/test")).status_code == 409, "one at a time"


async def test_who_manages_no_channels_does_not_see_them(desk: Desk, sign_in: SignIn) -> None:
    client = await sign_in(desk.lead)
    assert (await client.get("/api/v1/channels")).status_code == 403
    assert (await client.post("/api/v1/channels/sms/test")).status_code == 403


async def test_a_provider_that_is_down_stands_red_on_the_board_until_it_is_back(
    desk: Desk, db: Database, sign_in: SignIn, clock: FixedClock
) -> None:
    await down(db, "sms")
    client = await sign_in(desk.officer)
    assert "短信通道故障：服务商接连失败" in (await client.get("/", headers=HTML)).text
    assert "ConnectError" in (await client.get("/channels", headers=HTML)).text
    clock.tick(minutes=5)
    assert "短信通道故障" in (await client.get("/", headers=HTML)).text, "nobody has tried again"
    async with db.transaction() as tx:
        await providers.note(tx, "sms", [Outcome("sent")], tx.clock.now())
    assert "短信通道故障" not in (await client.get("/", headers=HTML)).text


async def test_the_list_of_messages_is_narrowed_by_its_address(
    desk: Desk, db: Database, sign_in: SignIn, drain: Drain, outside: Outside, clock: FixedClock
) -> None:
    await desk.page(desk.authority, via=["sms"], key="run/first")
    await drain()
    outside.expect.sms(desk.officer.telephone)
    clock.tick(hours=21)
    await desk.page(desk.unit, via=["in_app"], key="run/second")
    await drain()
    client = await sign_in(desk.officer)
    async with db.transaction() as tx:
        from irm.access import queries as access

        [unit] = await access.organizations(tx, ids=[desk.unit])

    async def seen(**narrowed: str) -> set[str]:
        answer = await client.get("/api/v1/deliveries", params=narrowed)
        assert answer.status_code == 200, answer.text
        return {each["channel"] for each in answer.json()["items"]}

    assert await seen() == {"sms", "in_app"}
    assert await seen(person=desk.officer.login) == {"sms"}
    assert await seen(organization=unit.code) == {"in_app"}
    assert await seen(since="2026-11-22") == {"in_app"}
    assert await seen(until="2026-11-21") == {"sms"}, "the last day is meant too"
    assert await seen(since="2026-11-21", until="2026-11-21") == {"sms"}
    assert await seen(person="nobody-has-this-login") == set()
    assert await seen(channel="sms", status="sent") == {"sms"}
    for wrong in ({"since": "yesterday"}, {"organization": "no-such-code"}, {"until": "9999-99-99"}):
        assert (await client.get("/api/v1/deliveries", params=wrong)).status_code in {400, 422}, wrong
    page = (await client.get("/deliveries", params={"channel": "sms", "person": desk.officer.login}, headers=HTML)).text
    assert f'value="{desk.officer.login}"' in page
    assert desk.officer.telephone in page


async def test_the_page_says_whose_interface_it_is_and_whether_a_call_can_be_answered(
    administrator: Any, sign_in: SignIn, db: Database, settings: Settings
) -> None:
    account = {"key_id": "k", "key_secret": SecretStr("s"), "codes": {"page": "T"}, "app_id": "1400"}
    told = settings.model_copy(
        update={"sms_provider": "tencent", "voice_provider": "aliyun"}
        | {f"{kind}_{name}": value for kind in ("sms", "voice") for name, value in account.items()}
    )

    async def shown(settings: Settings) -> dict[str, tuple[str | None, str | None]]:
        async with httpx2.AsyncClient() as http:
            await note_channels_of(Process("worker", settings, db, cast(DatabaseClock, db.clock), http))
        rows = (await client.get("/api/v1/channels")).json()
        return {each["name"]: (each["interface"], each["confirmed_by"]) for each in rows if each["configured"]}

    client = await sign_in(administrator)
    found = await shown(told)
    assert (found["sms"], found["voice"]) == (("tencent", "sms_reply"), ("aliyun_speaks", None))
    page = (await client.get("/channels", headers=HTML)).text
    assert "Tencent Cloud" in page
    assert "not by this channel" in page
    keys = told.model_copy(update={"voice_codes": {"page": "T", "confirmed": "T_2"}})
    assert (await shown(keys))["voice"] == ("aliyun", "voice_key")
    assert (await shown(settings))["sms"] == (None, "sms_reply"), "a gateway that is described is not named"
