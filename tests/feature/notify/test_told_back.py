"""What a gateway tells afterwards: the SMS arrived or did not, a key was pressed, nobody answered."""

from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from irm.clock import FixedClock
from irm.config import Settings
from tests.conftest import Drain
from tests.fakes.outside import SECRET, Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    told = {"voice_url": outside.gateway.url("/call"), "voice_secret": SecretStr(SECRET)}
    return outside.settings(settings).model_copy(update=told)


@pytest.fixture
async def night(db: Any, clock: FixedClock) -> Night:
    begun = await Night(db, clock).begin()
    async with db.transaction() as tx:
        from irm.access import service as access
        from irm.db import SYSTEM

        for number, each in enumerate((begun.officer, begun.leader)):
            await access.add_contact_address(
                tx,
                person_id=each.person_id,
                channel="voice",
                address=f"1370000000{number}",
                preference=3,
                actor=SYSTEM,
                now=clock.now(),
            )
    return begun


async def told(client: httpx.AsyncClient, path: str, body: Any) -> str:
    answer = await client.post(f"/api/v1/{path}", json=body, headers={"x-irm-secret": SECRET})
    assert answer.status_code == 200, answer.text
    outcome: str = answer.json()["outcome"]
    return outcome


async def test_a_call_reads_the_page_out_and_the_key_one_confirms_it(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page(via=["voice"])
    await drain()
    call = outside.expect.webhook().json
    assert call["content"] == "事件SJ-2026-000001，较大，请登录处理。按1键确认收到。"
    assert await told(client, "voice/inbound", {"extra": call["extra"], "digits": "2"}) == "no_key"
    assert (await night.deliveries())[0].acknowledged_at is None
    assert await told(client, "voice/inbound", {"extra": call["extra"], "digits": "1"}) == "acknowledged"
    [page] = await night.deliveries()
    assert (page.acknowledged_by, page.acknowledged_means) == (night.officer.person_id, "voice_key")
    assert await told(client, "voice/inbound", {"extra": call["extra"], "digits": "1"}) == "already"


async def test_an_old_call_confirms_its_own_page_and_no_newer_one(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page(via=["voice"])
    await drain()
    old = outside.expect.webhook().json
    await night.page(via=["voice"], step="again")
    await drain()
    outside.expect.webhook()
    await told(client, "voice/inbound", {"extra": old["extra"], "digits": "1"})
    confirmed = {each.step_id: each.acknowledged_at is not None for each in await night.deliveries()}
    assert confirmed == {"alarm": True, "again": False}


async def test_a_callback_that_names_another_number_confirms_nothing(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page(via=["voice"])
    await drain()
    call = outside.expect.webhook().json
    body = {"extra": call["extra"], "digits": "1", "phone": "13999999999"}
    assert await told(client, "voice/inbound", body) == "unknown"
    assert (await night.deliveries())[0].acknowledged_at is None


@pytest.mark.parametrize(("state", "reason"), [("no_answer", "no_answer"), ("busy", "busy"), ("fail", "undelivered")])
async def test_a_call_that_nobody_takes_is_an_outcome_and_the_page_goes_by_sms_at_once(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient, state: str, reason: str
) -> None:
    await night.page(via=["voice"])
    await drain()
    call = outside.expect.webhook().json
    await told(client, "voice/inbound", {"extra": call["extra"], "status": state})
    await drain()
    outside.expect.sms(night.officer.telephone)
    assert [(each.channel, each.status, each.reason) for each in await night.deliveries()] == [
        ("voice", "failed", reason),
        ("sms", "sent", None),
    ]
    assert await night.nobody_reached() == [False]
    assert await told(client, "voice/inbound", {"extra": call["extra"], "digits": "1"}) == "acknowledged", "called back"


async def test_an_sms_that_arrived_is_delivered_by_irms_id_or_by_the_gateways(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    outside.gateway.will(body='{"Code": "OK", "BizId": "9006197469364984400"}')
    await night.page()
    await night.page("role(cloud_authority, duty_leader)", step="leader")
    await drain()
    by_officer, by_leader = outside.expect.sms(night.officer.telephone), outside.expect.sms(night.leader.telephone)
    # 阿里云 SmsReport, as its documentation shows it
    report = {"phone_number": night.officer.telephone, "success": True, "err_code": "DELIVERED"}
    assert (
        await told(client, "sms/status", [report | {"biz_id": "9006197469364984400", "sms_size": "1"}]) == "delivered"
    )
    assert await told(client, "sms/status", {"extra": by_leader.delivery, "status": "DELIVRD"}) == "delivered"
    assert {each.status for each in await night.deliveries()} == {"delivered"}
    assert await told(client, "sms/status", {"extra": by_officer.delivery, "status": "DELIVRD"}) == "delivered"
    assert (await night.actions()).count("delivery.delivered") == 2, "twice said is once"


async def test_an_sms_that_did_not_arrive_fails_unless_somebody_has_answered(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    sent = outside.expect.sms(night.officer.telephone)
    await told(client, "sms/status", {"extra": sent.delivery, "report_status": "FAIL", "errmsg": "MK:0001"})
    await drain()
    assert outside.expect.webhook().json["phone"] == "13700000000"
    assert [(each.channel, each.status, each.reason) for each in await night.deliveries()] == [
        ("sms", "failed", "undelivered"),
        ("voice", "sent", None),
    ]

    await night.page(step="second")
    await drain()
    answered = outside.expect.sms(night.officer.telephone)
    body = {"phone": night.officer.telephone, "content": answered.code}
    await client.post("/api/v1/sms/inbound", json=body, headers={"x-irm-secret": SECRET})
    await told(client, "sms/status", {"extra": answered.delivery, "report_status": "FAIL"})
    second = next(each for each in await night.deliveries() if each.step_id == "second")
    assert second.status == "sent"


@pytest.mark.parametrize("path", ["voice/inbound", "sms/status"])
async def test_only_who_knows_the_secret_tells_irm_anything(client: httpx.AsyncClient, path: str) -> None:
    for headers in ({}, {"x-irm-secret": "guessed"}):
        answer = await client.post(f"/api/v1/{path}", json={"extra": "1", "digits": "1"}, headers=headers)
        assert answer.status_code == 401
    answer = await client.post(f"/api/v1/{path}", content=b"[]", headers={"x-irm-secret": SECRET})
    assert answer.status_code == 422
    assert await told(client, path, {"extra": "no such thing", "digits": "1"}) == "unknown"
