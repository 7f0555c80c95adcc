"""What every channel keeps to, whatever carries it: the same trouble is the same outcome, secrets stay secret, and nothing
that a provider does takes longer than the house allows."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus
from uuid import UUID

import httpx2
import pytest
from httpx2 import Timeout
from pydantic import SecretStr

from irm import outside
from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import CHANNELS, chat
from irm.notify.channels.protocol import Channel, Message, Outcome
from irm.notify.plan import BUILT
from tests.fakes.chat import SECRET, DingTalkFake, FeishuFake, WeComFake
from tests.fakes.clouds import KEY_ID, AliyunFake, Cloud, TencentFake, refused, taken
from tests.fakes.gateway import Answer, HttpServer, Request
from tests.fakes.outside import WEBHOOK_SECRET

MESSAGE: Final = Message(
    delivery_id=UUID(int=7),
    purpose="notice",
    address="13900000001",
    title="通知：事件 SJ-2026-000001，较大",
    body="事件SJ-2026-000001，较大，请登录处理。",
    locale="zh-CN",
    path="/incidents/SJ-2026-000001",
    exercise=False,
    severity=3,
    at=datetime(2026, 11, 20, 19, 41, tzinfo=UTC),
    number="SJ-2026-000001",
    level="较大",
)
KEY: Final = "hidden-in-the-address"
PLAIN: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, and need not read who is to be trusted for each test."""


@dataclass
class World:
    """One channel with its provider. `answer` says what the next message is answered with."""

    name: str
    settings: Settings
    server: HttpServer
    message: Message
    resources: Resources
    yes: str
    no: str
    secrets: tuple[str, ...]

    async def send(self) -> Outcome:
        return await self.channel.send(self.message, self.resources)

    @property
    def channel(self) -> Channel:
        return CHANNELS[OF_ANOTHER_KIND.get(self.name, self.name)]

    @property
    def asked(self) -> Request:
        return self.server.taken[-1]


def bot(url: str) -> SecretStr:
    return SecretStr(f"{url}/bot?key={KEY}")


Arranged = tuple[dict[str, Any], str, str, str, tuple[str, ...]]
"""Settings; the person's address; a yes and a no of the provider; what must never be told."""
GOVERNMENT: Final = "专有钉钉"
"""The channel `dingtalk` where the city has one of its own."""
OF_ANOTHER_KIND: Final = {
    GOVERNMENT: "dingtalk",
    "阿里云短信": "sms",
    "腾讯云短信": "sms",
    "阿里云语音": "voice",
    "腾讯云语音": "voice",
}
"""Channels that have more than one kind of provider."""


def cloud(kind: str, provider: str, url: str) -> dict[str, Any]:
    values = {"provider": provider, "url": url, "key_id": KEY_ID, "key_secret": SecretStr(SECRET), "app_id": "14000"}
    values |= {"codes": {"default": "T_1"}, "params": {"number": "{number}", "words": "{content}"}}
    return {"sms_signature": "示例市政务云"} | {f"{kind}_{name}": value for name, value in values.items()}


NO_OF_ALIYUN: Final = f'{{"Code": "isv.INVALID_PARAMETERS", "Message": "{SECRET}", "RequestId": "1"}}'
NO_OF_TENCENT: Final = refused("InvalidParameterValue", f"{SECRET} {KEY_ID}")
ARRANGED: Final[dict[str, Callable[[str], Arranged]]] = {
    "sms": lambda url: (
        {"sms_url": f"{url}/send?key={KEY}", "sms_headers": SecretStr(f'{{"authorization": "{SECRET}"}}')},
        "13900000001",
        '{"code": 0, "id": "1"}',
        f'{{"code": 105, "message": "{SECRET}"}}',
        (SECRET, KEY),
    ),
    "voice": lambda url: (
        {"voice_url": f"{url}/call?key={KEY}", "voice_headers": SecretStr(f'{{"authorization": "{SECRET}"}}')},
        "13900000001",
        '{"code": 0, "id": "1"}',
        f'{{"code": 105, "message": "{SECRET}"}}',
        (SECRET, KEY),
    ),
    "wecom": lambda url: (
        {"wecom_url": url, "wecom_corp_id": "ww1", "wecom_agent_id": 1000002, "wecom_secret": SecretStr(SECRET)},
        "zhangsan",
        '{"errcode": 0, "errmsg": "ok", "msgid": "m"}',
        f'{{"errcode": 60020, "errmsg": "not allow to access from your ip, {SECRET} token-1"}}',
        (SECRET, "token-1"),
    ),
    "dingtalk": lambda url: (
        {
            "dingtalk_url": url,
            "dingtalk_app_key": "ding1",
            "dingtalk_agent_id": 153858650,
            "dingtalk_secret": SecretStr(SECRET),
        },
        "manager01",
        '{"errcode": 0, "task_id": 456}',
        f'{{"errcode": 33012, "errmsg": "invalid USERID {SECRET} token-1"}}',
        (SECRET, "token-1"),
    ),
    GOVERNMENT: lambda url: (
        {
            "dingtalk_url": url,
            "dingtalk_app_key": "city-1",
            "dingtalk_tenant_id": "196729",
            "dingtalk_secret": SecretStr(SECRET),
        },
        "10000001",
        '{"success": true, "content": "m-1"}',
        f'{{"success": false, "errorMsg": "无权限 {SECRET}"}}',
        (SECRET,),
    ),
    "feishu": lambda url: (
        {"feishu_url": url, "feishu_app_id": "cli_1", "feishu_secret": SecretStr(SECRET)},
        "ou_1",
        '{"code": 0, "data": {"message_id": "om_1"}}',
        f'{{"code": 230001, "msg": "invalid parameter {SECRET} token-1"}}',
        (SECRET, "token-1"),
    ),
    "wecom_bot": lambda url: (
        {"wecom_bot": bot(url)},
        "group",
        '{"errcode": 0, "errmsg": "ok"}',
        '{"errcode": 93000, "errmsg": "invalid webhook url"}',
        (KEY,),
    ),
    "dingtalk_bot": lambda url: (
        {"dingtalk_bot": bot(url), "dingtalk_bot_secret": SecretStr(SECRET)},
        "group",
        '{"errcode": 0, "errmsg": "ok"}',
        f'{{"errcode": 310000, "errmsg": "sign not match {SECRET}"}}',
        (SECRET, KEY),
    ),
    "feishu_bot": lambda url: (
        {"feishu_bot": bot(url), "feishu_bot_secret": SecretStr(SECRET)},
        "group",
        '{"code": 0, "msg": "success"}',
        f'{{"code": 19021, "msg": "sign match fail {SECRET}"}}',
        (SECRET, KEY),
    ),
    "阿里云短信": lambda url: (
        cloud("sms", "aliyun", url),
        "13900000001",
        '{"Code": "OK", "Message": "OK", "BizId": "9006^0", "RequestId": "1"}',
        NO_OF_ALIYUN,
        (SECRET,),
    ),
    "腾讯云短信": lambda url: (
        cloud("sms", "tencent", url),
        "13900000001",
        taken("+8613900000001", ""),
        NO_OF_TENCENT,
        (SECRET, KEY_ID),
    ),
    "阿里云语音": lambda url: (
        cloud("voice", "aliyun", url),
        "13900000001",
        '{"Code": "OK", "Message": "OK", "CallId": "1160^1028", "RequestId": "1"}',
        NO_OF_ALIYUN,
        (SECRET,),
    ),
    "腾讯云语音": lambda url: (
        cloud("voice", "tencent", url),
        "13900000001",
        '{"Response": {"SendStatus": {"CallId": "v-1", "SessionContext": ""}, "RequestId": "1"}}',
        NO_OF_TENCENT,
        (SECRET, KEY_ID),
    ),
    "webhook": lambda url: ({"webhook_secret": SecretStr(WEBHOOK_SECRET)}, f"{url}/hook", "", "", (WEBHOOK_SECRET,)),
}
PROVIDERS: Final = {"wecom": WeComFake, "dingtalk": DingTalkFake, "feishu": FeishuFake}
CLOUDS: Final[dict[str, Callable[[HttpServer], Cloud]]] = {
    "阿里云短信": AliyunFake,
    "腾讯云短信": TencentFake,
    "阿里云语音": AliyunFake,
    "腾讯云语音": TencentFake,
}
BY_HTTP: Final = tuple(ARRANGED)
SPEAKING: Final = tuple(name for name in BY_HTTP if name != "webhook")
"""Those whose answers say yes or no; a webhook's receiver is no provider, and its status is all that it says."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "TIMEOUT", Timeout(0.3))
    monkeypatch.setattr(outside, "HARD_SECONDS", 0.6)
    monkeypatch.setattr(chat, "TOKENS", chat.Tokens())


@pytest.fixture
async def world(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[World]:
    name, server = request.param, HttpServer()
    listening = await server.start()
    more, address, yes, no, secrets = ARRANGED[name](server.url(""))
    if name in PROVIDERS:
        PROVIDERS[name](server).attach()
    if name in CLOUDS:
        CLOUDS[name](server).attach()
    told = settings.model_copy(update=more)
    async with httpx2.AsyncClient(trust_env=False, verify=PLAIN) as http:
        message = replace(MESSAGE, address=address)
        yield World(name, told, server, message, Resources(told, http), yes, no, secrets)
    listening.close()


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("world", names, ids=names, indirect=True)


def test_every_channel_that_is_built_stands_here() -> None:
    assert set(CHANNELS) == set(BUILT) == {*BY_HTTP, "email", "in_app"} - set(OF_ANOTHER_KIND)


@pytest.mark.parametrize("name", sorted(set(BUILT) - {"in_app"}))
async def test_without_its_settings_a_channel_is_not_configured(name: str, settings: Settings) -> None:
    async with httpx2.AsyncClient(verify=PLAIN) as http:
        assert not CHANNELS[name].configured(settings)
        assert (await CHANNELS[name].send(MESSAGE, Resources(settings, http))).kind == "not_configured"


@of(*BY_HTTP)
async def test_a_yes_is_sent_and_the_message_carries_what_it_must(world: World) -> None:
    assert world.channel.configured(world.settings)
    world.server.will(body=world.yes)
    assert (await world.send()).kind == "sent"
    told = [unquote_plus(f"{each.path} {each.body.decode()}") for each in world.server.taken]
    said = next(each for each in told if "SJ-2026-000001" in each)
    assert "通知" in said or "请登录处理" in said or "\\u" in said


@of(*SPEAKING)
async def test_a_no_inside_a_200_is_refused(world: World) -> None:
    world.server.will(body=world.no)
    assert (await world.send()).kind == "refused"


TROUBLE: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "busy": ({"status": 503, "body": "busy"}, "failed"),
    "too many": ({"status": 429, "body": ""}, "failed"),
    "a proxy that waited in vain": ({"status": 504, "body": ""}, "unknown"),
    "a redirect": ({"status": 302, "headers": {"location": "http://127.0.0.1:1/elsewhere"}, "body": ""}, "refused"),
    "not found": ({"status": 404, "body": "<html>"}, "refused"),
    "silence": ({"hang": 2}, "unknown"),
    "a cut line": ({"drop": True}, "unknown"),
}


@of(*BY_HTTP)
@pytest.mark.parametrize(("answer", "kind"), TROUBLE.values(), ids=TROUBLE)
async def test_the_same_trouble_is_the_same_outcome(world: World, answer: dict[str, Any], kind: str) -> None:
    world.server.will(**answer)
    assert (await world.send()).kind == kind


GARBAGE: Final[dict[str, Answer]] = {
    "a page to sign in at": Answer(body="<html><form>sign in</form>", content_type="text/html"),
    "json that is no object": Answer(body="[1, 2]"),
    "half an answer": Answer(body='{"code": '),
    "an endless answer": Answer(body='{"code": 0, "errcode": 0, "x": "' + "x" * 200_000 + '"}'),
}


@of(*SPEAKING)
@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
async def test_what_is_no_answer_of_the_providers_is_never_called_sent(world: World, answer: Answer) -> None:
    world.server.coming.append(answer)
    assert (await world.send()).kind == "unknown"


@of(*SPEAKING)
async def test_an_answer_counts_whatever_its_media_type(world: World) -> None:
    world.server.will(body=world.yes, content_type="text/plain")
    assert (await world.send()).kind == "sent"


@of(*BY_HTTP)
async def test_nobody_there_is_failed(world: World, settings: Settings) -> None:
    more, address, *_ = ARRANGED[world.name]("http://127.0.0.1:1")
    told = settings.model_copy(update=more)
    message = replace(world.message, address=address)
    outcome = await world.channel.send(message, replace(world.resources, settings=told))
    assert outcome.kind == "failed"


@of(*BY_HTTP)
async def test_an_answer_that_drips_is_not_waited_for(world: World) -> None:
    world.server.will(body="x" * 1000, drip=0.1)
    async with asyncio.timeout(5):
        outcome = await world.send()
    assert outcome.kind == "unknown"


@of(*SPEAKING)
@pytest.mark.parametrize(
    "answer", [{}, {"status": 500}, {"status": 403}, {"hang": 2}], ids=["no", "500", "403", "hang"]
)
async def test_no_outcome_tells_a_secret(
    world: World, answer: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    world.server.will(body=world.no, **answer)
    outcome = await world.send()
    written = caplog.text + "".join(capsys.readouterr())
    for secret in world.secrets:
        assert secret not in f"{outcome!r}", "an outcome is kept and shown"
        assert secret not in written


@of("sms", "voice", "feishu", "webhook", "阿里云短信", "腾讯云短信", "腾讯云语音")
async def test_a_second_attempt_says_the_same_key(world: World) -> None:
    """Where the provider knows such a key; WeCom compares the text itself, DingTalk and group bots know none."""
    for _ in range(2):
        world.server.will(body=world.yes)
        await world.send()
    told = [f"{each.path}{each.headers}{each.body!r}" for each in world.server.taken]
    told = [each for each in told if "SJ-2026-000001" in each]
    assert len(told) == 2
    assert all(str(MESSAGE.delivery_id) in each for each in told)


async def test_inside_irm_nothing_leaves(settings: Settings) -> None:
    async with httpx2.AsyncClient(verify=PLAIN) as http:
        assert (await CHANNELS["in_app"].send(MESSAGE, Resources(settings, http))).kind == "sent"


@of("sms", "voice", "wecom", "dingtalk", "feishu", "阿里云短信", "腾讯云短信", "阿里云语音", "腾讯云语音")
async def test_an_authority_that_cannot_be_read_trusts_nobody(world: World, tmp_path: Path) -> None:
    told = world.settings.model_copy(
        update={f"{OF_ANOTHER_KIND.get(world.name, world.name)}_ca": tmp_path / "none.pem"}
    )
    outcome = await world.channel.send(world.message, replace(world.resources, settings=told))
    assert outcome.kind == "failed"
    assert not world.server.taken
