"""A city that sends by 阿里云 or 腾讯云: limits of one number, replies and receipts in the providers' own forms."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from irm.access import service as access
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.notify import providers
from irm.notify.circuit import Standing
from irm.notify.models import SmsReplyRow
from tests.conftest import Drain
from tests.fakes.chat import SECRET as KEY_SECRET
from tests.fakes.clouds import KEY_ID, NUMBER, SERIAL, AliyunFake, Cloud, TencentFake, refused
from tests.fakes.outside import SECRET, Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")

FAKES: Final[dict[str, type[Cloud]]] = {"aliyun": AliyunFake, "tencent": TencentFake}


@pytest.fixture(params=FAKES)
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def cloud(provider: str, outside: Outside) -> Cloud:
    return FAKES[provider](outside.gateway).attach()


@pytest.fixture
def settings(settings: Settings, outside: Outside, provider: str) -> Settings:
    account: dict[str, Any] = {"sms_signature": "示例市政务云"}
    for kind in ("sms", "voice"):
        values: dict[str, Any] = {"provider": provider, "url": outside.gateway.url(""), "key_id": KEY_ID}
        values |= {"key_secret": SecretStr(KEY_SECRET), "app_id": "1400006666", "secret": SecretStr(SECRET)}
        values |= {"codes": {"page": "T_1"}, "params": {"number": "{number}", "code": "{code}"}}
        account |= {f"{kind}_{name}": value for name, value in values.items()}
    return outside.settings(settings).model_copy(update=account)


@pytest.fixture
def outside(outside: Outside) -> Iterator[Outside]:
    """What the clouds are asked, their fakes tell; the gateway's own list is not looked at."""
    yield outside
    outside.expect.forget()


async def told(client: httpx.AsyncClient, path: str, body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1/{path}?key={SECRET}", json=body)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def test_a_limit_of_one_number_keeps_nobody_elses_page_back(
    night: Night, cloud: Cloud, drain: Drain, db: Database, provider: str
) -> None:
    limit = {
        "aliyun": '{"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控Permits:1", "RequestId": "1"}',
        "tencent": refused("LimitExceeded.PhoneNumberThirtySecondLimit"),
    }[provider]
    for step in range(6):
        cloud.server.will(body=limit)
        await night.page(step=f"step-{step}")
        await drain()
    assert {each.attempts[0].outcome for each in await night.deliveries()} == {"failed"}
    async with db.transaction() as tx:
        assert await providers.may_go(tx, "sms", tx.clock.now()) is Standing.CLOSED


REPLIES: Final[dict[str, Callable[..., Any]]] = {
    "aliyun": lambda phone, text: [
        {
            "phone_number": phone,
            "send_time": "20170901000000",
            "content": text,
            "sign_name": "示例市政务云",
            "dest_code": "1234",
            "sequence_id": int(phone),
        }
    ],
    "tencent": lambda phone, text: {
        "extend": "",
        "mobile": phone,
        "nationcode": "86",
        "sign": "示例市政务云",
        "text": text,
        "time": 1457336869,
    },
}
"""阿里云 SmsUp (developer.aliyun.com/ask/218017), 腾讯云 短信回复 (cloud.tencent.com/document/product/382/43548): their samples."""


def code_in(cloud: Cloud) -> str:
    """The reply code among the variables of the SMS."""
    said = cloud.messages[0]
    found: str = json.loads(said["TemplateParam"])["code"] if "TemplateParam" in said else said["TemplateParamSet"][1]
    assert len(found) == 4
    return found


async def test_a_page_is_confirmed_by_a_reply_as_the_provider_hands_it_over(
    night: Night, cloud: Cloud, drain: Drain, client: httpx.AsyncClient, provider: str
) -> None:
    await night.page()
    await drain()
    code = code_in(cloud)
    pushed = REPLIES[provider](night.officer.telephone, code)
    answer = await told(client, "sms/inbound", pushed)
    assert answer == {"code": 0, "outcome": "acknowledged", "result": 0, "errmsg": "OK"}
    [page] = await night.deliveries()
    assert page.acknowledged_means == "sms_reply"
    assert (await told(client, "sms/inbound", pushed))["outcome"] == "already"
    stranger = REPLIES[provider]("13999999999", code)
    for _ in range(2):
        first = await told(client, "sms/inbound", stranger)
        assert first["outcome"] in {"unknown_number", "already"}
    async with night.db.transaction() as tx:
        kept = list(await tx.scalars(select(SmsReplyRow).where(SmsReplyRow.address == "13999999999")))
    assert len(kept) == 1, "pushed again is not said again"


async def test_a_blank_reply_keeps_no_other_of_the_same_push_from_its_page(
    night: Night, cloud: Cloud, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    blank = {"phone_number": "13900000009", "content": " ", "sequence_id": 1}
    good = {"phone_number": night.officer.telephone, "content": code_in(cloud), "sequence_id": 2}
    assert (await told(client, "sms/inbound", [blank, good]))["outcome"] == "acknowledged"
    refused = await client.post(f"/api/v1/sms/inbound?key={SECRET}", json=[blank])
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["content"]


RECEIPTS: Final[dict[str, Callable[..., Any]]] = {
    "aliyun": lambda phone, good: {
        "phone_number": phone,
        "send_time": "2017-01-01 00:00:00",
        "report_time": "2017-01-01 00:00:00",
        "success": good,
        "err_code": "DELIVERED" if good else "MK:0001",
        "err_msg": "用户接收成功" if good else "空号",
        "sms_size": "1",
        "biz_id": NUMBER,
        "out_id": "",
    },
    "tencent": lambda phone, good: {
        "user_receive_time": "2015-10-17 08:03:04",
        "nationcode": "86",
        "mobile": phone,
        "report_status": "SUCCESS" if good else "FAIL",
        "errmsg": "DELIVRD" if good else "MK:0001",
        "description": "用户短信送达成功" if good else "空号",
        "sid": SERIAL,
    },
}
"""阿里云 SmsReport (help.aliyun.com, 短信服务 SmsReport, HTTP批量推送), 腾讯云 短信下发状态通知 (…/382/43547): their samples."""


@pytest.mark.parametrize("good", [True, False], ids=["arrived", "did not arrive"])
async def test_a_receipt_is_understood_as_the_provider_gives_it(
    night: Night, cloud: Cloud, drain: Drain, client: httpx.AsyncClient, provider: str, good: bool
) -> None:
    await night.page()
    await drain()
    body = [RECEIPTS[provider](night.officer.telephone, good)]
    expected = ("delivered", "delivered", None) if good else ("undelivered", "failed", "undelivered")
    said = (await told(client, "sms/status", body))["outcome"]
    page = next(each for each in await night.deliveries() if each.channel == "sms")
    assert (said, page.status, page.reason) == expected


CALLS: Final[dict[str, Callable[..., Any]]] = {
    "aliyun": lambda phone, key: [
        {
            "status_code": "200000" if key else "200003",
            "smart_status_code": "ANSWERED" if key else "NOANSWER",
            "hangup_direction": "用户",
            "callee": phone,
            "duration": "7",
            "call_id": NUMBER,
            "out_id": "",
        }
        | ({"dtmf": key} if key else {})
    ],
    "tencent": lambda phone, key: (
        {"voicekey_callback": {"call_from": "", "callid": "v-1", "keypress": key, "mobile": phone, "nationcode": "86"}}
        if key
        else {
            "voiceprompt_callback": {
                "result": "1",
                "accept_time": "",
                "call_from": "",
                "callid": "v-1",
                "end_calltime": "1470197221",
                "fee": "0",
                "mobile": phone,
                "nationcode": "86",
                "start_calltime": "1470197196",
            }
        }
    ),
}
"""阿里云 VoiceReport (help.aliyun.com/zh/vms/developer-reference/voicereport-4), 腾讯云 按键通知 and 状态通知 (…/1128/37726, 37725)."""


@pytest.fixture
async def telephone(night: Night, db: Database, clock: FixedClock) -> str:
    """Of the officer, for calls."""
    number = "13700000000"
    async with db.transaction() as tx:
        who, now = night.officer.person_id, clock.now()
        await access.add_contact_address(
            tx, person_id=who, channel="voice", address=number, preference=3, actor=SYSTEM, now=now
        )
    return number


async def test_a_call_is_confirmed_by_its_key(
    night: Night, cloud: Cloud, drain: Drain, client: httpx.AsyncClient, telephone: str, provider: str
) -> None:
    await night.page(via=["voice"])
    await drain()
    push = CALLS[provider]
    assert (await told(client, "voice/inbound", push("13700000009", "1")))["outcome"] == "unknown", "another number"
    assert (await told(client, "voice/inbound", push(telephone, "2")))["outcome"] == "no_key"
    assert (await told(client, "voice/inbound", push(telephone, "1")))["outcome"] == "acknowledged"
    [page] = await night.deliveries()
    assert (page.acknowledged_means, page.acknowledged_by) == ("voice_key", night.officer.person_id)


async def test_a_call_that_nobody_took_goes_another_way(
    night: Night, cloud: Cloud, drain: Drain, client: httpx.AsyncClient, telephone: str, provider: str
) -> None:
    await night.page(via=["voice"])
    await drain()
    await told(client, "voice/inbound", CALLS[provider](telephone, ""))
    await drain()
    ways = [(each.channel, each.status, each.reason) for each in await night.deliveries()]
    assert ways == [("voice", "failed", "no_answer"), ("sms", "sent", None)]
