"""WeCom, DingTalk, Feishu: tokens, per-person results, cards and texts, signatures of group bots."""

import json
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from hmac import new as hmac
from typing import Any, Final
from uuid import UUID

import httpx2
import pytest
from pydantic import SecretStr

from irm.config import Settings
from irm.jobs import Resources
from irm.notify.channels import CHANNELS, chat
from irm.notify.channels.protocol import Message, Outcome
from tests.fakes.chat import SECRET, Chat, GovernmentDingTalkFake, query
from tests.fakes.gateway import HttpServer
from tests.unit.notify.test_every_channel import ARRANGED, GOVERNMENT, MESSAGE, PROVIDERS

APPS: Final = tuple(PROVIDERS)


@dataclass
class App:
    name: str
    provider: Chat
    message: Message
    resources: Resources

    async def send(self, **more: Any) -> Outcome:
        return await CHANNELS[self.name].send(replace(self.message, **more), self.resources)

    def with_settings(self, **more: Any) -> "App":
        told = self.resources.settings.model_copy(update=more)
        return replace(self, resources=replace(self.resources, settings=told))


@pytest.fixture
async def app(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[App]:
    monkeypatch.setattr(chat, "TOKENS", chat.Tokens())
    server = HttpServer()
    listening = await server.start()
    more, address, *_ = ARRANGED[request.param](server.url(""))
    provider = PROVIDERS[request.param](server).attach()
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        resources = Resources(settings.model_copy(update=more), http)
        yield App(request.param, provider, replace(MESSAGE, address=address), resources)
    listening.close()


def of(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("app", names, ids=names, indirect=True)


@of(*APPS)
async def test_a_token_is_asked_for_once_and_again_when_it_is_about_to_end(app: App) -> None:
    for _ in range(3):
        assert (await app.send()).kind == "sent"
    assert app.provider.given == 1
    await app.send(at=MESSAGE.at + timedelta(seconds=7200 - 60))
    assert app.provider.given == 2


@of(*APPS)
async def test_a_token_that_the_provider_has_ended_is_replaced_once_and_the_message_goes(app: App) -> None:
    await app.send()
    app.provider.expired.add("token-1")
    assert (await app.send()).kind == "sent"
    assert (app.provider.given, len(app.provider.messages)) == (2, 2)


@of(*APPS)
async def test_a_provider_that_takes_no_token_at_all_is_not_asked_for_ever(app: App) -> None:
    app.provider.expired |= {f"token-{number}" for number in range(1, 10)}
    assert (await app.send()).kind == "failed"
    assert app.provider.given == 2
    assert not app.provider.messages


@of(*APPS)
async def test_a_person_whom_the_provider_does_not_know_is_refused(app: App) -> None:
    app.provider.unknown.add("Nobody")
    assert (await app.send(address="Nobody")).kind == "refused"
    assert (await app.send()).kind == "sent", "another person's number is his own affair"


@of(*APPS)
async def test_an_application_with_a_wrong_secret_is_refused_and_no_message_is_tried(app: App) -> None:
    wrong = app.with_settings(**{f"{app.name}_secret": SecretStr("wrong")})
    outcome = await wrong.send()
    assert outcome.kind == "refused"
    assert outcome.detail.startswith("token:")
    assert not app.provider.messages


@of("wecom")
async def test_a_provider_that_is_busy_is_asked_again_later(app: App) -> None:
    app.provider.token_answer = '{"errcode": -1, "errmsg": "system busy"}'
    assert (await app.send()).kind == "failed"


def said(app: App) -> str:
    return json.dumps(app.provider.messages[-1], ensure_ascii=False).replace('\\\\"', '"').replace('\\"', '"')


@of(*APPS)
async def test_where_phones_do_not_reach_irm_there_is_no_link(app: App) -> None:
    await app.send(purpose="page", token="secret-link")
    assert "http" not in said(app)
    assert "secret-link" not in said(app)
    assert MESSAGE.number in said(app)


@of(*APPS)
async def test_where_phones_reach_irm_a_page_has_a_button_and_a_notice_a_way_in(app: App) -> None:
    reaching = app.with_settings(phone_url="https://irm.city.example.invalid/")
    await reaching.send(purpose="page", token="one-time")
    assert "https://irm.city.example.invalid/a/one-time" in said(app)
    assert "确认收到" in said(app)
    await reaching.send()
    assert f"https://irm.city.example.invalid{MESSAGE.path}" in said(app)


@of("dingtalk")
async def test_two_rounds_of_a_page_are_two_texts_or_the_second_is_never_shown(app: App) -> None:
    """DingTalk shows one person the same text of one application once a day, and says "ok" to the second."""
    await app.send(planned_at=MESSAGE.at)
    await app.send(planned_at=MESSAGE.at + timedelta(minutes=5))
    await app.send(planned_at=MESSAGE.at + timedelta(minutes=5))
    first, second, again = (each["msg"] for each in app.provider.messages)
    assert first != second
    assert second == again, "a second attempt of one message may well be dropped"


async def test_the_bots_of_dingtalk_and_feishu_are_signed_as_their_documents_say(settings: Settings) -> None:
    server = HttpServer()
    listening = await server.start()
    told = settings.model_copy(
        update={
            "dingtalk_bot": SecretStr(server.url("/robot/send?access_token=x")),
            "dingtalk_bot_secret": SecretStr(SECRET),
            "feishu_bot": SecretStr(server.url("/open-apis/bot/v2/hook/x")),
            "feishu_bot_secret": SecretStr(SECRET),
        }
    )
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        server.will(body='{"errcode": 0}')
        await CHANNELS["dingtalk_bot"].send(MESSAGE, Resources(told, http))
        server.will(body='{"code": 0}')
        await CHANNELS["feishu_bot"].send(MESSAGE, Resources(told, http))
    listening.close()
    by_dingtalk, by_feishu = server.taken
    asked = query(by_dingtalk)
    proof = hmac(SECRET.encode(), f"{asked['timestamp']}\n{SECRET}".encode(), sha256)
    assert asked["sign"] == b64encode(proof.digest()).decode()
    assert asked["access_token"] == "x"
    assert asked["timestamp"] == str(int(MESSAGE.at.timestamp() * 1000))
    body = by_feishu.json
    proof = hmac(f"{body['timestamp']}\n{SECRET}".encode(), b"", sha256)
    assert body["sign"] == b64encode(proof.digest()).decode()
    assert body["timestamp"] == str(int(MESSAGE.at.timestamp()))


@pytest.fixture
async def government(settings: Settings) -> AsyncIterator[App]:
    server = HttpServer()
    listening = await server.start()
    more, address, *_ = ARRANGED[GOVERNMENT](server.url(""))
    provider = GovernmentDingTalkFake(server).attach()
    async with httpx2.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        resources = Resources(settings.model_copy(update=more), http)
        yield App("dingtalk", provider, replace(MESSAGE, address=address), resources)
    listening.close()


async def test_a_government_dingtalk_takes_what_is_signed_with_the_applications_key(government: App) -> None:
    outcome = await government.send(planned_at=MESSAGE.at)
    assert (outcome.kind, outcome.provider_id) == ("sent", "m-1")
    (taken,) = government.provider.messages
    assert (taken["receiverIds"], taken["tenantId"]) == ("10000001", "196729")
    assert taken["msg"] == {
        "msgtype": "text",
        "text": {"content": "通知：事件 SJ-2026-000001，较大\n事件SJ-2026-000001，较大，请登录处理。（03:41:00）"},
    }
    request = government.provider.server.taken[0]
    assert request.headers["x-hmac-auth-timestamp"] == "2026-11-21T03:41:00.000+08:00"
    wrong = government.with_settings(dingtalk_secret=SecretStr("wrong"))
    assert (await wrong.send(delivery_id=UUID(int=8))).kind == "refused"


async def test_an_attempt_whose_answer_was_lost_is_known_there_and_not_shown_twice(government: App) -> None:
    government.provider.server.will(drop=True)
    assert (await government.send()).kind == "unknown"
    await government.send()
    again = await government.send()
    assert (again.kind, len(government.provider.messages)) == ("sent", 1)
    assert "重复" in again.detail


async def test_whom_a_government_dingtalk_does_not_know_is_refused_though_its_gateway_says_yes(government: App) -> None:
    government.provider.unknown.add("Nobody")
    outcome = await government.send(address="Nobody")
    assert outcome.kind == "refused"
    assert "接收人不存在" in outcome.detail


async def test_a_government_dingtalk_shows_a_card_where_phones_reach_irm_and_cuts_what_is_too_long(
    government: App,
) -> None:
    reaching = government.with_settings(phone_url="https://irm.city.example.invalid/")
    await reaching.send(purpose="page", token="one-time", body="长" * 3_000)
    (taken,) = government.provider.messages
    card = taken["msg"]["action_card"]
    assert (card["single_title"], card["single_url"]) == ("确认收到", "https://irm.city.example.invalid/a/one-time")
    assert 1_500 < len(json.dumps(taken["msg"], ensure_ascii=False, separators=(",", ":")).encode()) <= 2_048
    assert card["markdown"].endswith("…")
