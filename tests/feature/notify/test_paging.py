"""Stories of pages on real PostgreSQL, a real mail server and a real SMS gateway."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from irm import jobs
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.errors import Conflict
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.notify import queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryAttemptRow, DeliveryRow, SmsReplyRow
from irm.notify.planning import Planned
from tests import make
from tests.fakes.outside import SECRET, Outside

pytestmark = pytest.mark.usefixtures("channels")

Drain = Callable[..., Awaitable[int]]
HTML = {"accept": "text/html"}


class Night:
    """A cloud authority with an officer on duty and a leader, and one run that pages them."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db, self.clock = db, clock
        self.run, self.incident = uuid4(), uuid4()
        self.about = About("SJ-2026-000001", 3, "/incidents/SJ-2026-000001", "门户被篡改")

    async def begin(self) -> "Night":
        async with self.db.transaction() as tx:
            self.authority = await make.organization(tx, "cloud_authority")
            self.officer = await make.account(tx, self.authority, Role.DUTY_OFFICER)
            self.leader = await make.account(tx, self.authority, Role.DUTY_LEADER)
            await make.duty(tx, self.authority, self.officer.person_id)
        return self

    async def page(
        self, target: str = "on_duty(cloud_authority)", via: Any = ("sms",), *, step: str = "alarm", **more: Any
    ) -> Planned:
        async with self.db.transaction() as tx:
            found = await queries.resolve(
                tx, target, {"organizations": {"cloud_authority": [self.authority]}}, tx.clock.now()
            )
            given: dict[str, Any] = {"about": self.about, "run_id": self.run, "step_id": step, "now": self.clock.now()}
            return await service.page(
                tx,
                key=f"{self.run}/{step}",
                targets=found,
                via=via,
                subject=f"incident/{self.incident}",
                **(given | more),
            )

    async def deliveries(self) -> list[queries.Delivery]:
        async with self.db.transaction() as tx:
            return await queries.deliveries_of(tx, f"incident/{self.incident}")

    async def actions(self) -> list[str]:
        async with self.db.transaction() as tx:
            found = await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.subject.startswith(f"incident/{self.incident}"))
                .order_by(LedgerEntryRow.id)
            )
            return list(found)

    async def nobody_reached(self) -> list[bool]:
        """What the run was told with each failure."""
        async with self.db.transaction() as tx:
            found = await tx.scalars(
                select(LedgerEntryRow.body)
                .where(LedgerEntryRow.action == "delivery.failed")
                .order_by(LedgerEntryRow.id)
            )
            return [json.loads(each)["nobody_reached"] for each in found]

    async def close(self) -> int:
        async with self.db.transaction() as tx:
            return await service.close_page(tx, f"{self.run}/alarm", now=self.clock.now())


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    return await Night(db, clock).begin()


async def reply(client: httpx.AsyncClient, phone: str, content: str, **more: Any) -> dict[str, Any]:
    answer = await client.post(
        "/api/v1/sms/inbound", json={"phone": phone, "content": content} | more, headers={"x-irm-secret": SECRET}
    )
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


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
    }
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.acknowledged_by, delivery.acknowledged_means) == (
        "sent",
        night.officer.person_id,
        "sms_reply",
    )
    assert await night.actions() == ["delivery.planned", "delivery.sent", "delivery.acknowledged"]


async def test_the_same_page_is_planned_once_however_often_it_is_asked_for(
    night: Night, outside: Outside, drain: Drain
) -> None:
    first = await night.page()
    again = await night.page()
    assert (len(first.waiting), again.waiting, again.repeated) == (1, (), True)
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.nothing()


async def test_a_second_round_has_the_same_code_and_either_message_confirms(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page(round_=1)
    await night.page(round_=2)
    await drain()
    first, second = outside.expect.sms(night.officer.telephone), outside.expect.sms(night.officer.telephone)
    assert first.code == second.code
    await reply(client, night.officer.telephone, first.code)
    assert all(each.acknowledged_at for each in await night.deliveries())


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


async def test_the_first_confirmation_takes_back_what_waits_for_others(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    sms = outside.expect.sms(night.officer.telephone)
    await night.page("role(cloud_authority, duty_leader)", rung=2)
    await reply(client, night.officer.telephone, sms.code)
    await drain()
    outside.expect.nothing()
    leader = next(each for each in await night.deliveries() if each.person_id == night.leader.person_id)
    assert (leader.status, leader.reason) == ("cancelled", "acknowledged")


async def test_where_everybody_has_to_confirm_one_confirmation_stops_nobody_else(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page(until="acknowledged_by_all")
    await drain()
    sms = outside.expect.sms(night.officer.telephone)
    await night.page("role(cloud_authority, duty_leader)", rung=2, until="acknowledged_by_all")
    await reply(client, night.officer.telephone, sms.code)
    await drain()
    outside.expect.sms(night.leader.telephone)


async def test_a_page_planned_after_the_confirmation_is_not_sent(
    night: Night, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await night.page()
    await drain()
    await reply(client, night.officer.telephone, outside.expect.sms(night.officer.telephone).code)
    await night.page("role(cloud_authority, duty_leader)", rung=2)
    await drain()
    outside.expect.nothing()


async def test_a_closed_page_is_not_sent_any_more(night: Night, outside: Outside, drain: Drain) -> None:
    await night.page()
    assert await night.close() == 1
    assert await night.close() == 0
    await drain()
    outside.expect.nothing()
    assert [(each.status, each.reason) for each in await night.deliveries()] == [("cancelled", "closed")]


async def test_a_message_on_its_way_while_the_page_is_confirmed_is_marked_as_crossing(
    night: Night, outside: Outside, drain: Drain, db: Database, resources: jobs.Resources, clock: FixedClock
) -> None:
    from irm.notify import jobs as notify

    to_officer = await night.page()
    planned = await night.page("role(cloud_authority, duty_leader)", rung=2)
    args = {"delivery": str(planned.waiting[0])}
    async with db.transaction() as tx:
        work = await notify.claim(tx, args, clock.now(), 1)
    assert work is not None
    async with db.transaction() as tx:
        await service.acknowledge(
            tx, to_officer.waiting[0], by_person=night.officer.person_id, means="page", at=clock.now(), now=clock.now()
        )
    outcome = await notify.call(work, resources)
    async with db.transaction() as tx:
        await notify.record(tx, args, work, outcome, clock.now(), 1, is_current=True)
    outside.expect.sms(night.leader.telephone)
    found = {each.person_id: (each.status, each.crossed) for each in await night.deliveries()}
    assert found == {night.officer.person_id: ("cancelled", False), night.leader.person_id: ("sent", True)}


async def test_nobody_on_duty_is_an_outcome_on_record(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    clock.tick(days=2)
    planned = await night.page()
    assert (planned.reached, len(planned.skipped)) == (0, 1)
    await drain()
    [delivery] = await night.deliveries()
    assert (delivery.channel, delivery.status, delivery.reason) == ("none", "skipped", "nobody_on_duty")
    assert delivery.organization_id == night.authority
    assert await night.actions() == ["delivery.skipped"]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("role(cloud_authority, deputy)", "nobody_holds_role"),
        ("on_duty(incident.using_units)", "no_organization"),
        ("person(00000000-0000-7000-8000-000000000000)", "unknown_target"),
        ("on_duty(code:nowhere)", "no_organization"),
    ],
)
async def test_whom_nobody_can_find_is_on_record_with_the_reason(
    night: Night, outside: Outside, target: str, reason: str
) -> None:
    planned = await night.page(target)
    assert planned.reached == 0
    assert [each.reason for each in await night.deliveries()] == [reason]


async def test_channels_not_built_or_not_set_up_are_recorded_and_skipped(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    async with db.transaction() as tx:
        await service.note_channels(tx, {"email": False}, now=tx.clock.now())
    planned = await night.page(via=["voice", "wecom", "email", "sms"])
    assert planned.reached == 1
    await drain()
    outside.expect.sms(night.officer.telephone)
    assert {each.channel: each.reason for each in await night.deliveries()} == {
        "voice": "not_built",
        "wecom": "not_built",
        "email": "not_configured",
        "sms": None,
    }


async def test_preferred_goes_to_the_first_address_that_works(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    await night.page(via="preferred")
    await drain()
    outside.expect.sms(night.officer.telephone)
    async with db.transaction() as tx:
        await service.note_channels(tx, {"sms": False}, now=tx.clock.now())
    await night.page(via="preferred", step="second")
    await drain()
    outside.expect.mail(night.officer.email)


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


async def test_a_gateways_refusal_inside_a_200_is_a_failure_and_the_run_is_told(
    night: Night, outside: Outside, drain: Drain
) -> None:
    outside.gateway.will(body='{"code": 105, "message": "signature not registered"}')
    await night.page()
    await drain()
    outside.expect.sms(night.officer.telephone)
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.reason) == ("failed", "refused")
    assert "signature not registered" in (delivery.attempts[0].detail or "")
    assert await night.actions() == ["delivery.planned", "delivery.failed"]


async def test_the_run_is_told_when_the_last_hope_of_a_rung_is_gone(
    night: Night, outside: Outside, drain: Drain
) -> None:
    refusal = {"body": '{"code": 105}'}
    outside.gateway.will(**refusal)
    outside.mail.refuse.add(night.officer.email)
    await night.page(via=["sms", "email"])
    await drain()
    outside.expect.sms(night.officer.telephone)
    assert await night.nobody_reached() == [False, True]


async def test_while_another_channel_may_still_reach_somebody_the_run_waits(
    night: Night, outside: Outside, drain: Drain
) -> None:
    outside.mail.refuse.add(night.officer.email)
    await night.page(via=["sms", "email"])
    await drain()
    outside.expect.sms(night.officer.telephone)
    assert await night.nobody_reached() == [False]


async def test_a_busy_provider_is_tried_again_until_it_takes_the_message(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    outside.gateway.will(status=503)
    outside.gateway.will(status=429)
    await night.page()
    for _ in range(3):
        await drain()
        clock.tick(minutes=2)
    for _ in range(3):
        sms = outside.expect.sms(night.officer.telephone)
    [delivery] = await night.deliveries()
    assert sms.delivery == str(delivery.id)
    assert [each.outcome for each in delivery.attempts] == ["failed", "failed", "sent"]
    assert delivery.status == "sent"
    assert not delivery.possibly_duplicate


async def test_after_the_last_attempt_the_message_is_dead_and_said_to_be(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    for _ in range(20):
        outside.gateway.will(status=503)
    await night.page()
    for _ in range(20):
        await drain()
        clock.tick(minutes=5)
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.reason) == ("failed", "exhausted")
    assert len(delivery.attempts) == 8
    for _ in delivery.attempts:
        outside.expect.sms(night.officer.telephone)
    assert (await night.actions())[-1] == "delivery.failed"


async def test_a_line_cut_during_the_call_makes_the_second_message_possibly_a_duplicate(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    outside.gateway.will(drop=True)
    await night.page()
    await drain()
    clock.tick(minutes=1)
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.sms(night.officer.telephone)
    [delivery] = await night.deliveries()
    assert [each.outcome for each in delivery.attempts] == ["unknown", "sent"]
    assert delivery.possibly_duplicate


async def test_a_worker_that_died_during_the_call_leaves_at_most_one_marked_duplicate(
    night: Night, outside: Outside, drain: Drain, db: Database, clock: FixedClock, resources: jobs.Resources
) -> None:
    from irm.notify import jobs as notify

    planned = await night.page()
    async with db.transaction() as tx:
        job = await tx.scalar(select(JobRow))
        assert job is not None
        job.attempt, job.lease_until = 1, clock.now()
        await notify.claim(tx, {"delivery": str(planned.waiting[0])}, clock.now(), 1)
    clock.tick(minutes=1)
    await drain()
    outside.expect.sms(night.officer.telephone)
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.possibly_duplicate) == ("sent", True)
    assert [each.outcome for each in delivery.attempts] == [None, "sent"]


async def test_an_outcome_that_comes_after_another_attempt_took_over_is_kept_as_late(
    night: Night, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    from irm.notify import jobs as notify
    from irm.notify.channels.protocol import Outcome

    planned = await night.page()
    args = {"delivery": str(planned.waiting[0])}
    async with db.transaction() as tx:
        first = await notify.claim(tx, args, clock.now(), 1)
        second = await notify.claim(tx, args, clock.now(), 2)
    assert first is not None
    assert second is not None
    async with db.transaction() as tx:
        await notify.record(tx, args, second, Outcome("sent", provider_id="2"), clock.now(), 2, is_current=True)
        await notify.record(tx, args, first, Outcome("sent", provider_id="1"), clock.now(), 1, is_current=False)
        await jobs.cancel(tx, key=f"notify.deliver/{planned.waiting[0]}")
    [delivery] = await night.deliveries()
    assert [(each.outcome, each.late) for each in delivery.attempts] == [("sent", True), ("sent", False)]
    assert delivery.possibly_duplicate


async def test_mail_refused_for_ever_is_not_tried_again_and_a_busy_server_is(
    night: Night, outside: Outside, drain: Drain, clock: FixedClock
) -> None:
    outside.mail.refuse.add(night.officer.email)
    outside.mail.busy.add(night.leader.email)
    await night.page(via=["email"])
    await night.page("role(cloud_authority, duty_leader)", via=["email"], step="leader")
    await drain()
    clock.tick(minutes=1)
    outside.mail.busy.clear()
    await drain()
    outside.expect.mail(night.leader.email)
    found = {each.person_id: (each.status, [x.outcome for x in each.attempts]) for each in await night.deliveries()}
    assert found == {
        night.officer.person_id: ("failed", ["refused"]),
        night.leader.person_id: ("sent", ["failed", "sent"]),
    }


async def test_a_report_that_may_have_gone_out_waits_for_a_person(
    night: Night, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    outside.mail.vanish.add("desk@province.example.invalid")
    async with db.transaction() as tx:
        desk = await make.organization(tx, "cyberspace_office", tier="province", joined=False)
        given: dict[str, Any] = {
            "key": "submission/1",
            "organization_id": desk,
            "address": "desk@province.example.invalid",
            "title": "网络安全事件初报",
            "body": "一、……",
            "about": night.about,
            "subject": f"incident/{night.incident}",
            "now": clock.now(),
        }
        sent = await service.report(tx, **given)
        assert await service.report(tx, **given) == sent
    for _ in range(3):
        await drain()
        clock.tick(hours=1)
    first = outside.expect.mail("desk@province.example.invalid")
    assert first.subject == "网络安全事件初报"
    assert first.text.strip() == "一、……"
    outside.expect.nothing()
    [delivery] = await night.deliveries()
    assert (delivery.status, delivery.reason, delivery.possibly_duplicate) == ("failed", "uncertain", True)
    outside.mail.vanish.clear()
    # A mail sent again from here would not be the report's hand-over: its clock would run on for ever.
    with pytest.raises(Conflict):
        async with db.transaction() as tx:
            await service.send_again(tx, sent, now=clock.now(), actor=night_actor(night))
    await drain()
    outside.expect.nothing()


async def test_a_drill_says_so_first(night: Night, outside: Outside, drain: Drain) -> None:
    await night.page(via=["sms", "email"], exercise=True)
    await drain()
    assert outside.expect.sms(night.officer.telephone).content.startswith("【IRM】演练：事件")
    mail = outside.expect.mail(night.officer.email)
    assert mail.subject.startswith("演练：")
    assert mail.message["X-Irm-Exercise"] == "yes"


async def test_the_reader_of_english_gets_english_mail_and_chinese_sms(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    async with db.transaction() as tx:
        other = await make.account(tx, night.authority, Role.DEPUTY, locale="en")
    await night.page("role(cloud_authority, deputy)", via=["sms", "email"])
    await drain()
    assert "请登录处理" in outside.expect.sms(other.telephone).content
    assert "Sign in to handle it" in outside.expect.mail(other.email).text


async def test_a_webhook_is_signed(night: Night, outside: Outside, drain: Drain, db: Database) -> None:
    from standardwebhooks.webhooks import Webhook

    from tests.fakes.outside import WEBHOOK_SECRET

    async with db.transaction() as tx:
        person = await make.person(tx, night.authority, Role.DEPUTY, webhook=outside.gateway.url("/hook"))
    await night.page(f"person({person})", via=["webhook"])
    await drain()
    request = outside.expect.webhook()
    data = request.body.decode()
    expected = Webhook(WEBHOOK_SECRET).sign(request.headers["webhook-id"], night.clock.now(), data)
    assert request.headers["webhook-signature"] == expected
    assert request.json["url"] == "http://irm.test/incidents/SJ-2026-000001"
    assert "篡改" not in data


async def test_the_gravest_page_is_handed_over_first(night: Night, outside: Outside, drain: Drain) -> None:
    for step, severity in (("four", 4), ("one", 1), ("two", 2)):
        await night.page(step=step, severity=severity)
    await drain()
    sent = {str(each.id): each.step_id for each in await night.deliveries()}
    order = [sent[outside.expect.sms(night.officer.telephone).delivery] for _ in range(3)]
    assert order == ["one", "two", "four"]


async def test_the_callback_needs_the_shared_secret_or_a_signature(
    client: httpx.AsyncClient, outside: Outside, db: Database
) -> None:
    import hashlib
    import hmac

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


def night_actor(night: Night) -> Any:
    from irm.db import Actor

    return Actor("person", UUID(str(night.officer.person_id)), night.authority)
