"""What becomes of a message at the provider: refusals, busy servers, cut lines, attempts that come late."""

from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from sqlalchemy import select

from irm import jobs
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Actor, Database
from irm.errors import Conflict
from irm.jobs import JobRow
from irm.notify import service
from irm.overview.schema_routes import schemas
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


async def test_a_gateways_refusal_inside_a_200_is_a_failure_and_the_run_is_told(
    night: Night, outside: Outside, drain: Drain
) -> None:
    outside.gateway.will(body='{"code": 105, "message": "signature not registered"}')
    await night.page()
    await drain()
    outside.expect.sms(night.officer.telephone)
    outside.expect.mail(night.officer.email)
    delivery, by_mail = await night.deliveries()
    assert (delivery.status, delivery.reason) == ("failed", "refused")
    assert "signature not registered" in (delivery.attempts[0].detail or "")
    assert (by_mail.channel, by_mail.status) == ("email", "sent")
    assert await night.actions() == ["delivery.planned", "delivery.failed", "delivery.planned", "delivery.sent"]
    assert await night.nobody_reached() == [True], "a mail wakes nobody: the next rung is called at once"


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
    delivery = next(each for each in await night.deliveries() if each.channel == "sms")
    assert (delivery.status, delivery.reason) == ("failed", "exhausted")
    assert len(delivery.attempts) == 8
    for _ in delivery.attempts:
        outside.expect.sms(night.officer.telephone)
    outside.expect.mail(night.officer.email)
    assert "delivery.failed" in await night.actions()


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
        job = await tx.scalar(select(JobRow).where(JobRow.name == "notify.deliver"))
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
    outside.expect.sms(night.officer.telephone)  # the way that is left
    found = {
        each.person_id: (each.status, [x.outcome for x in each.attempts])
        for each in await night.deliveries()
        if each.channel == "email"
    }
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
            await service.send_again(
                tx, sent, now=clock.now(), actor=Actor("person", UUID(str(night.officer.person_id)), night.authority)
            )
    await drain()
    outside.expect.nothing()


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
    jsonschema_rs.validator_for(schemas()["webhook.v1"].schema).validate(request.json)


async def test_the_gravest_page_is_handed_over_first(night: Night, outside: Outside, drain: Drain) -> None:
    for step, severity in (("four", 4), ("one", 1), ("two", 2)):
        await night.page(step=step, severity=severity)
    await drain()
    sent = {str(each.id): each.step_id for each in await night.deliveries()}
    order = [sent[outside.expect.sms(night.officer.telephone).delivery] for _ in range(3)]
    assert order == ["one", "two", "four"]
