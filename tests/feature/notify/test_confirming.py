"""Confirming by reply and by link; what the gateway hands back."""

import hashlib
import hmac
import re

import httpx
import pytest
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.notify.models import DeliveryAttemptRow, DeliveryRow, SmsReplyRow
from tests.conftest import Drain
from tests.fakes.outside import SECRET, Outside
from tests.feature.notify.night import Night, reply

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


async def test_the_officer_is_called_by_sms_and_confirms_by_reply(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    planned = await night.page()
    assert planned.reached == 1
    await drain()
    sms = outside.expect.sms(night.officer.telephone)
    assert sms.content == f"【IRM】事件SJ-2026-000001，较大，请登录处理。回复{sms.code}确认收到。"
    clock.tick(minutes=2)
    assert await reply(client, f"+86 {night.officer.telephone}", f"收到 {sms.code}") == {
        "code": 0,
        "outcome": "acknowledged",
        "result": 0,
        "errmsg": "OK",
    }
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.acknowledged_by, delivery.acknowledged_means) == (
        "sent",
        night.officer.person_id,
        "sms_reply",
    )
    assert await night.actions() == ["delivery.planned", "delivery.sent", "delivery.acknowledged"]


async def test_a_reply_to_an_old_message_does_not_confirm_a_newer_page(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await night.page(step="alarm")
    await drain()
    old = outside.expect.sms(night.officer.telephone)
    clock.tick(minutes=20)
    await night.page(step="second")
    await drain()
    new = outside.expect.sms(night.officer.telephone)
    assert old.code != new.code
    assert (await reply(client, night.officer.telephone, old.code))["outcome"] == "acknowledged"
    answered = {each.step_id: each.acknowledged_at is not None for each in await night.deliveries()}
    assert answered == {"alarm": True, "second": False}
    assert (await reply(client, night.officer.telephone, "收到"))["outcome"] == "ambiguous"


async def test_the_mails_link_shows_on_get_and_confirms_on_post(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    planned = await night.page(via=["email"])
    await drain()
    mail = outside.expect.mail(night.officer.email)
    assert mail.subject == "请确认收到：事件SJ-2026-000001，较大"
    assert "篡改" not in mail.text
    assert mail.message_id == f"<{planned.waiting[0]}@city.example.invalid>"
    link = re.search(r"http://irm\.test(/a/\S+)", mail.text)
    assert link is not None
    for _ in range(3):
        shown = await client.get(link[1], headers=HTML)
        assert shown.status_code == 200
        assert "确认收到" in shown.text
    assert (await night.deliveries())[0].acknowledged_at is None
    done = await client.post(link[1], headers=HTML)
    assert done.status_code == 200
    assert "已确认收到" in done.text
    [delivery] = await night.deliveries()
    assert (delivery.acknowledged_by, delivery.acknowledged_means) == (night.officer.person_id, "link")
    again = await client.post(link[1], headers=HTML)
    assert again.status_code == 200
    assert (await night.actions()).count("delivery.acknowledged") == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_wrong_link_confirms_nothing(client: httpx.AsyncClient, outside: Outside, method: str) -> None:
    answer = await client.request(method, "/a/not-a-token", headers=HTML)
    assert answer.status_code == 404
    assert "链接无效" in answer.text


async def test_no_token_of_a_link_is_stored(night: Night, outside: Outside, drain: Drain, db: Database) -> None:
    await night.page(via=["email"])
    await drain()
    token = re.search(r"/a/(\S+)", outside.expect.mail(night.officer.email).text)
    assert token is not None
    async with db.transaction() as tx:
        row = await tx.scalar(select(DeliveryRow))
        attempt = await tx.scalar(select(DeliveryAttemptRow))
    assert row is not None
    assert attempt is not None
    assert token[1] not in row.body
    assert attempt.link_hash not in {None, token[1]}


async def test_the_callback_needs_the_shared_secret_or_a_signature(
    client: httpx.AsyncClient, outside: Outside, db: Database
) -> None:

    body = b'{"mobile": "13900009999", "text": "4821"}'
    path, kind = "/api/v1/sms/inbound", {"content-type": "application/json"}
    for wrong in ({}, {"x-irm-secret": "guess"}, {"x-irm-signature": "00"}):
        answer = await client.post(path, content=body, headers=kind | wrong)
        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("application/problem+json")
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    for right in ({"x-irm-signature": signature}, {"x-irm-secret": SECRET}):
        assert (await client.post(path, content=body, headers=kind | right)).json()["outcome"] == "unknown_number"
    assert (await client.post(f"{path}?key={SECRET}", content=body, headers=kind)).status_code == 200
    async with db.transaction() as tx:
        kept = list(await tx.scalars(select(SmsReplyRow)))
    assert {(each.address, each.content, each.outcome) for each in kept} == {("13900009999", "4821", "unknown_number")}


@pytest.mark.parametrize(
    ("content", "kind", "field"),
    [
        (b"{", "application/json", None),
        (b"[]", "application/json", "phone"),
        (b'{"phone": "139", "content": ""}', "application/json", "content"),
        (b"content=4821", "application/x-www-form-urlencoded", "phone"),
        (b"\xff\xfe", "application/x-www-form-urlencoded", None),
        (b'{"phone": "13900000001", "content": "' + b"x" * 20_000 + b'"}', "application/json", "content"),
    ],
)
async def test_a_callback_that_cannot_be_read_names_the_field(
    client: httpx.AsyncClient, outside: Outside, content: bytes, kind: str, field: str | None
) -> None:
    answer = await client.post(
        "/api/v1/sms/inbound", content=content, headers={"content-type": kind, "x-irm-secret": SECRET}
    )
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json().get("errors", [])] == ([field] if field else [])


async def test_a_reply_handed_over_twice_counts_once(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    code = outside.expect.sms(night.officer.telephone).code
    assert (await reply(client, night.officer.telephone, code, id="77"))["outcome"] == "acknowledged"
    assert (await reply(client, night.officer.telephone, code, id="77"))["outcome"] == "already"
    assert (await night.actions()).count("delivery.acknowledged") == 1


async def test_a_gateway_that_counts_its_replies_anew_loses_none(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    """Some gateways' id is a number within one push: another text under a known id is another reply."""
    await night.page(via=["sms"])
    await drain()
    code = outside.expect.sms(night.officer.telephone).code
    first = await reply(client, night.officer.telephone, "?", id="1")
    second = await reply(client, night.officer.telephone, str(code), id="1")
    assert (first["outcome"], second["outcome"]) == ("no_code", "acknowledged")


async def test_somebody_elses_number_cannot_confirm_with_the_code(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    code = outside.expect.sms(night.officer.telephone).code
    assert (await reply(client, night.leader.telephone, code))["outcome"] == "unknown_number"
    assert (await night.deliveries())[0].acknowledged_at is None
