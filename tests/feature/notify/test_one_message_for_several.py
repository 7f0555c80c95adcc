"""Much comes due for one person at one moment: one message says so, and nothing else about it is lost (DESIGN §2)."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.exercise import add_subject, open_exercise, set_members
from irm.exercise_clock import ExerciseClock
from irm.jobs import JobRow, Resources
from irm.ledger import LedgerEntryRow
from irm.notify import jobs as notify, queries, service
from irm.notify.messages import About
from irm.notify.models import DeliveryAttemptRow, DeliveryRow
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.notify.crowd import Crowd
from tests.feature.notify.night import reply

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}
COMPANY = 30
"""Seconds that a duty waits for others (`bundling.yaml`)."""


@pytest.fixture
async def crowd(db: Database, clock: FixedClock) -> Crowd:
    return await Crowd(db, clock).begin()


async def test_forty_duties_of_one_midnight_are_one_message_and_one_reply_confirms_them(
    crowd: Crowd, outside: Outside, drain: Drain, client: httpx.AsyncClient, db: Database
) -> None:
    for each in range(40):
        await crowd.owed(f"OA-{each:02d}")
    await drain()
    outside.expect.nothing()
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    sms = outside.expect.sms(crowd.officer.telephone)
    assert sms.content == f"【IRM】40项应办事项（OA-00、OA-01、OA-02等），请登录处理。回复{sms.code}确认收到全部。"
    outside.expect.nothing()
    rows = await crowd.rows()
    assert {row.status for row in rows.values()} == {"sent"}
    assert [str(each.id) for each in await crowd.bundles()] == [sms.delivery]
    assert {str(row.bundle_id) for row in rows.values()} == {sms.delivery}
    assert (await reply(client, crowd.officer.telephone, f"收到{sms.code}"))["outcome"] == "acknowledged"
    rows = await crowd.rows()
    assert {row.acknowledged_by for row in rows.values()} == {crowd.officer.person_id}
    async with db.transaction() as tx:
        told = list(
            await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "delivery.acknowledged"))
        )
    assert len(told) == 40, "each run is told in its own inbox"
    assert all(sms.delivery in each for each in told)
    assert (await reply(client, crowd.officer.telephone, sms.code))["outcome"] == "already"


async def test_the_word_received_answers_the_one_message_that_went(
    crowd: Crowd, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    await crowd.owed("OA")
    await crowd.owed("HR")
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    outside.expect.sms(crowd.officer.telephone)
    assert (await reply(client, crowd.officer.telephone, "收到"))["outcome"] == "acknowledged"
    assert all(row.acknowledged_at for row in (await crowd.rows()).values())


async def test_one_duty_alone_is_said_as_ever(crowd: Crowd, outside: Outside, drain: Drain) -> None:
    await crowd.owed("OA")
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    sms = outside.expect.sms(crowd.officer.telephone)
    assert sms.content == f"【IRM】OA有应办事项，请登录处理。回复{sms.code}确认收到。"
    assert not await crowd.bundles()


async def test_confirming_one_of_them_in_irm_confirms_that_one_only(
    crowd: Crowd, outside: Outside, drain: Drain, sign_in: SignIn
) -> None:
    one = await crowd.owed("OA")
    await crowd.owed("HR")
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    outside.expect.sms(crowd.officer.telephone)
    client = await sign_in(crowd.officer)
    assert (await client.post(f"/api/v1/deliveries/{one}/acknowledgement")).status_code == 200
    assert {about: row.acknowledged_at is not None for about, row in (await crowd.rows()).items()} == {
        "OA": True,
        "HR": False,
    }
    shown = (await client.get(f"/api/v1/deliveries/{one}")).json()
    assert (shown["carried_with"], shown["bundle"]) == (1, str((await crowd.bundles())[0].id))
    listed = await client.get("/inbox", headers=HTML)
    assert "HR" in listed.text


async def test_a_mail_for_several_has_one_link_that_confirms_them_all(
    crowd: Crowd, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    for number in ("OA", "HR", "GIS"):
        await crowd.owed(number, via=["email"])
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    mail = outside.expect.mail(crowd.officer.email)
    assert mail.subject == "请确认收到：3项应办事项"
    assert "3项应办事项（OA、HR、GIS），请登录处理。" in mail.text
    link = re.search(r"http://irm\.test(/a/\S+)", mail.text)
    assert link is not None
    shown = await client.get(link[1], headers=HTML)
    assert "全部确认收到" in shown.text
    assert all(number in shown.text for number in ("OA", "HR", "GIS"))
    assert not any(row.acknowledged_at for row in (await crowd.rows()).values())
    done = await client.post(link[1], headers=HTML)
    assert "3 项值班通知已全部确认收到。" in done.text
    assert {row.acknowledged_means for row in (await crowd.rows()).values()} == {"link"}
    assert (await client.post(link[1], headers=HTML)).status_code == 200


async def test_two_organizations_and_one_person_on_duty_are_one_message(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database
) -> None:
    async with db.transaction() as tx:
        other = await make.organization(tx)
        await make.duty(tx, other, crowd.officer.person_id)
    await crowd.owed("OA")
    await crowd.owed("HR", unit=other)
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    assert "2项应办事项" in outside.expect.sms(crowd.officer.telephone).content
    assert {row.organization_id for row in (await crowd.rows()).values()} == {crowd.unit, other}


async def test_reminders_go_together_and_ask_for_nothing(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        targets = await queries.resolve(tx, f"on_duty({crowd.unit})", {}, clock.now())
        for number in ("OA", "HR"):
            await service.remind(
                tx,
                key=f"reminder/{number}",
                targets=targets,
                via=("sms",),
                about=About(number, None, f"/systems/{number}", matter="duty"),
                subject=f"system/{uuid4()}",
                now=clock.now(),
            )
    await crowd.owed("GIS")
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    said = {outside.expect.sms(crowd.officer.telephone).content for _ in range(2)}
    assert "【IRM】2项应办事项提醒（OA、HR），请登录处理。" in said
    outside.expect.nothing()


async def test_a_grave_page_neither_waits_nor_shares(crowd: Crowd, outside: Outside, drain: Drain) -> None:
    for each in range(5):
        await crowd.incident(f"SJ-{each}", 2)
    await crowd.incident("SJ-9", 1)
    await drain()
    for _ in range(6):
        assert "起事件" not in outside.expect.sms(crowd.officer.telephone).content
    assert not await crowd.bundles()


async def test_of_fifty_incidents_at_once_the_gravest_rings_alone_and_the_rest_together(
    crowd: Crowd, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    for each in range(50):
        await crowd.incident(f"SJ-{each:02d}", severity=1 if each == 30 else 4)
    await drain()
    assert "SJ-30" in outside.expect.sms(crowd.officer.telephone).content
    together = outside.expect.sms(crowd.officer.telephone)
    assert (
        together.content == f"【IRM】49起事件（SJ-00、SJ-01、SJ-02等），请登录处理。回复{together.code}确认收到全部。"
    )
    outside.expect.nothing()
    await reply(client, crowd.officer.telephone, together.code)
    assert [about for about, row in (await crowd.rows()).items() if not row.acknowledged_at] == ["SJ-30"]


async def test_incidents_that_keep_coming_ring_one_by_one_and_then_together(
    crowd: Crowd, outside: Outside, drain: Drain
) -> None:
    for each in range(12):
        await crowd.incident(f"SJ-{each:02d}", 3)
        await drain()
        crowd.clock.tick(seconds=1)
    for each in range(3):
        assert f"SJ-{each:02d}" in outside.expect.sms(crowd.officer.telephone).content
    outside.expect.nothing()
    await crowd.incident("SJ-99", 1)
    await drain()
    assert "SJ-99" in outside.expect.sms(crowd.officer.telephone).content, "what is grave waits for nothing"
    crowd.clock.tick(seconds=30)
    await drain()
    assert "9起事件" in outside.expect.sms(crowd.officer.telephone).content
    outside.expect.nothing()
    await crowd.incident("SJ-98", 3, via=["email"])
    await drain()
    outside.expect.mail(crowd.officer.email)


async def test_one_incident_that_calls_in_many_steps_is_no_storm(crowd: Crowd, outside: Outside, drain: Drain) -> None:
    subject = f"incident/{uuid4()}"
    for _ in range(5):
        await crowd.incident("SJ-1", 3, subject=subject)
    await drain()
    assert len({outside.expect.sms(crowd.officer.telephone).code for _ in range(5)}) == 5


async def test_a_drill_and_the_real_never_share_a_message(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        drill, subjects = uuid4(), [f"incident/{uuid4()}" for _ in range(4)]
        await open_exercise(tx, drill, ExerciseClock.begun(clock.now()), subject=subjects[0])
        for subject in subjects[1:]:
            await add_subject(tx, drill, subject)
        await set_members(tx, drill, frozenset({crowd.officer.person_id}))
    for each in range(4):
        await crowd.incident("YL-1", 4, subject=f"{subjects[each]}/obligation/1", exercise=True)
        await crowd.incident(f"SJ-{each}", 4)
    await drain()
    said = sorted(outside.expect.sms(crowd.officer.telephone).content for _ in range(2))
    assert said[0].startswith("【IRM】4起事件（SJ-0、SJ-1、SJ-2等）")
    assert said[1].startswith("【IRM】演练：1起事件（YL-1）")


async def test_what_nobody_wants_any_more_is_left_out(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    one, two, three = [await crowd.owed(number) for number in ("OA", "HR", "GIS")]
    outside.gateway.will(status=503)
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    assert "3项应办事项" in outside.expect.sms(crowd.officer.telephone).content
    async with db.transaction() as tx:
        await service.acknowledge(
            tx, two, by_person=crowd.officer.person_id, means="page", at=clock.now(), now=clock.now()
        )
    crowd.clock.tick(seconds=5)
    await drain()
    again = outside.expect.sms(crowd.officer.telephone)
    assert again.content.startswith("【IRM】2项应办事项（OA、GIS）")
    assert again.delivery == str((await crowd.bundles())[0].id)
    rows = await crowd.rows()
    assert {about: row.status for about, row in rows.items()} == {"OA": "sent", "HR": "cancelled", "GIS": "sent"}
    assert not any(row.possibly_duplicate for row in rows.values())
    async with db.transaction() as tx:
        tried = {
            each.id: [
                row.outcome
                for row in await tx.scalars(
                    select(DeliveryAttemptRow)
                    .where(DeliveryAttemptRow.delivery_id == each.id)
                    .order_by(DeliveryAttemptRow.attempt)
                )
            ]
            for each in rows.values()
        }
    assert tried == {one: ["failed", "sent"], two: ["failed"], three: ["failed", "sent"]}


async def test_a_bundle_that_never_gets_through_fails_for_each_page(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database
) -> None:
    await crowd.owed("OA")
    await crowd.owed("HR")
    outside.gateway.will(body='{"code": 105}')
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    outside.expect.sms(crowd.officer.telephone)
    assert "2" in outside.expect.mail(crowd.officer.email).subject, "what goes another way goes together too"
    async with db.transaction() as tx:
        rows = await tx.scalars(select(DeliveryRow).where(DeliveryRow.channel == "sms"))
        assert [(row.status, row.reason) for row in rows] == [("failed", "refused")] * 2
        told = list(await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "delivery.failed")))
    assert len(told) == 2
    assert all('"nobody_reached":true' in each for each in told), "each run climbs at once"


async def test_a_worker_killed_after_sending_leaves_one_marked_duplicate_of_each(
    crowd: Crowd, outside: Outside, drain: Drain, db: Database, resources: Resources, clock: FixedClock
) -> None:
    await crowd.owed("OA")
    await crowd.owed("HR")
    crowd.clock.tick(seconds=COMPANY)
    await _gathered(db, clock)
    async with db.transaction() as tx:
        job = await tx.scalar(select(JobRow).where(JobRow.key.like("notify.deliver/bundle/%")))
        assert job is not None
        job.attempt, job.lease_until = 1, clock.now() + timedelta(seconds=30)
        work = await notify.claim(tx, job.args, clock.now(), 1)
    assert work is not None
    await notify.call(work, resources)  # it went out; then the worker died
    first = outside.expect.sms(crowd.officer.telephone)
    await drain()
    outside.expect.nothing()
    crowd.clock.tick(seconds=31)
    await drain()
    second = outside.expect.sms(crowd.officer.telephone)
    outside.expect.nothing()
    assert (first.delivery, first.code) == (second.delivery, second.code), "the provider can tell that it is the same"
    assert all((row.status, row.possibly_duplicate) == ("sent", True) for row in (await crowd.rows()).values())


async def test_an_outcome_of_a_bundle_that_comes_too_late_is_kept_as_late(
    crowd: Crowd, outside: Outside, db: Database, clock: FixedClock
) -> None:
    from irm.notify.channels.protocol import Outcome

    one = await crowd.owed("OA")
    await crowd.owed("HR")
    crowd.clock.tick(seconds=COMPANY)
    args = await _gathered(db, clock)
    async with db.transaction() as tx:
        slow = await notify.claim(tx, args, clock.now(), 1)
        fast = await notify.claim(tx, args, clock.now(), 2)
    assert slow is not None
    assert fast is not None
    async with db.transaction() as tx:
        await notify.record(tx, args, fast, Outcome("sent", provider_id="2"), clock.now(), 2, is_current=True)
        await notify.record(tx, args, slow, Outcome("sent", provider_id="1"), clock.now(), 1, is_current=False)
    async with db.transaction() as tx:
        shown = await queries.delivery(tx, one)
    assert shown is not None
    assert [(each.outcome, each.late) for each in shown.attempts] == [("sent", True), ("sent", False)]
    assert (shown.status, shown.possibly_duplicate) == ("sent", True)


async def test_a_code_of_several_confirms_nothing_that_came_later(
    crowd: Crowd, outside: Outside, drain: Drain, client: httpx.AsyncClient
) -> None:
    for number in ("OA", "HR"):
        await crowd.owed(number)
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    old = outside.expect.sms(crowd.officer.telephone)
    for number in ("GIS", "WEB"):
        await crowd.owed(number)
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    new = outside.expect.sms(crowd.officer.telephone)
    assert old.code != new.code
    await reply(client, crowd.officer.telephone, old.code)
    answered = {about for about, row in (await crowd.rows()).items() if row.acknowledged_at}
    assert answered == {"OA", "HR"}
    assert (await reply(client, crowd.officer.telephone, "收到"))["outcome"] == "ambiguous"


async def test_the_log_says_that_it_went_together(
    crowd: Crowd, outside: Outside, drain: Drain, sign_in: SignIn, db: Database
) -> None:
    await crowd.owed("OA")
    await crowd.owed("HR")
    crowd.clock.tick(seconds=COMPANY)
    await drain()
    outside.expect.sms(crowd.officer.telephone)
    async with db.transaction() as tx:
        leader = await make.account(tx, crowd.unit, Role.UNIT_HEAD)
    shown = await (await sign_in(leader)).get("/deliveries", headers=HTML)
    assert "与另外 1 项合并为一条消息发出。" in shown.text


async def _gathered(db: Database, clock: FixedClock) -> dict[str, Any]:
    """The arguments of the job of the message that the first waiting delivery was put into."""
    async with db.transaction() as tx:
        first = (await tx.scalars(select(JobRow).where(JobRow.name == "notify.deliver").order_by(JobRow.id))).first()
        assert first is not None
        assert await notify.claim(tx, first.args, clock.now(), 1) is None
        job = await tx.scalar(select(JobRow).where(JobRow.key.like("notify.deliver/bundle/%")))
        assert job is not None
        return dict(job.args)
