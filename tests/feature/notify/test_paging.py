"""Whom a page calls and who need not be called any more, on real PostgreSQL, mail server and SMS gateway."""

from uuid import uuid4

import httpx
import pytest

from irm import jobs
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.exercise import open_exercise, set_members
from irm.exercise_clock import ExerciseClock
from irm.notify import service
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night, reply

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


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
    planned = await night.page(via=["fax", "wecom", "email", "sms"])
    assert planned.reached == 1
    await drain()
    outside.expect.sms(night.officer.telephone)
    assert {each.channel: each.reason for each in await night.deliveries()} == {
        "fax": "not_built",
        "wecom": "not_configured",
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


async def test_a_drill_says_so_first(night: Night, outside: Outside, drain: Drain, db: Database) -> None:
    async with db.transaction() as tx:
        await open_exercise(
            tx, drill := uuid4(), ExerciseClock.begun(tx.clock.now()), subject=f"incident/{night.incident}"
        )
        await set_members(tx, drill, frozenset({night.officer.person_id}))
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
