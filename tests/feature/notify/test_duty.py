"""Who is on duty: by the interface, on the page, and whom a page then finds."""

from datetime import timedelta
from uuid import uuid4

import pytest

from irm.access import service as access
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid
from irm.notify import duty, queries, service
from irm.notify.roster import NobodyOnDuty
from tests import make
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.notify.desk import ABOUT, Desk

pytestmark = pytest.mark.usefixtures("channels")

HTML = {"accept": "text/html"}


async def test_duty_by_the_interface(desk: Desk, sign_in: SignIn, clock: FixedClock) -> None:
    client = await sign_in(desk.officer)
    found = (await client.get("/api/v1/duty")).json()
    assert [(each["organization"], each["state"]) for each in found["items"]] == [
        ("示例市政务云管理中心", "on_duty"),
        ("示例市文旅局", "on_duty"),
    ]
    first = found["items"][0]["on_duty"][0]
    assert (first["person_id"], first["telephone"], first["role"]) == (
        str(desk.officer.person_id),
        desk.officer.telephone,
        "primary",
    )
    later = (clock.now() + timedelta(days=3)).isoformat()
    found = (await client.get("/api/v1/duty", params={"at": later})).json()
    assert [(each["state"], each["on_duty"]) for each in found["items"]] == [("no_shifts", []), ("no_shifts", [])]


@pytest.mark.parametrize("at", ["yesterday", "2026-11-21T03:41:00", "2026-13-01T00:00:00Z"])
async def test_an_impossible_moment_is_named(desk: Desk, sign_in: SignIn, at: str) -> None:
    client = await sign_in(desk.officer)
    answer = await client.get("/api/v1/duty", params={"at": at})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "at"


async def test_a_unit_sees_its_own_roster_and_the_authoritys_not_another_units(
    desk: Desk, db: Database, sign_in: SignIn
) -> None:
    async with db.transaction() as tx:
        other = await make.organization(tx, "using_unit")
        person = await make.person(tx, other, Role.HANDLER)
        await make.duty(tx, other, person)
    client = await sign_in(desk.lead)
    found = (await client.get("/api/v1/duty")).json()
    assert {each["organization_id"] for each in found["items"]} == {str(desk.authority), str(desk.unit)}


async def test_the_duty_page_shows_names_and_a_telephone_to_tap(desk: Desk, sign_in: SignIn) -> None:
    client = await sign_in(desk.officer)
    shown = await client.get("/duty", headers=HTML)
    assert shown.status_code == 200, shown.text
    assert f"tel:{desk.officer.telephone}" in shown.text
    assert "11月21日" in shown.text
    assert (await client.get("/duty?month=2026-13", headers=HTML)).status_code == 422
    assert (await client.get("/duty?organization=nowhere", headers=HTML)).status_code == 404
    assert (await client.get("/duty?month=2027-02", headers=HTML)).status_code == 200


async def test_the_duty_page_says_where_nobody_is(desk: Desk, sign_in: SignIn, clock: FixedClock) -> None:
    client = await sign_in(desk.officer)
    clock.tick(hours=23, minutes=30)
    client = await sign_in(desk.officer)
    shown = await client.get("/duty", headers=HTML)
    assert shown.text.count("无人值班") >= 2
    assert "2 个单位当前无人值班" in shown.text
    assert "tel:0375-1234567" in shown.text


async def test_an_empty_city_says_how_to_begin(db: Database, sign_in: SignIn) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        lead = await make.account(tx, unit, Role.SECURITY_LEAD)
    client = await sign_in(lead)
    assert "尚无值班表" in (await client.get("/duty", headers=HTML)).text
    assert "没有消息" in (await client.get("/deliveries", headers=HTML)).text
    assert "没有待确认的值班通知" in (await client.get("/inbox", headers=HTML)).text


async def test_a_post_rings_and_whoever_may_confirms_there(
    desk: Desk, db: Database, sign_in: SignIn, drain: Drain, outside: Outside
) -> None:
    async with db.transaction() as tx:
        now = tx.clock.now()
        post = await access.register_post(tx, organization_id=desk.unit, name="值班室", actor=SYSTEM, now=now)
        await access.add_contact_address(
            tx, post_id=post, channel="sms", address="139 0000 7777", actor=SYSTEM, now=now
        )
        planned = await service.page(
            tx,
            key="run/post",
            targets=await queries.resolve(tx, f"post({post})", {}, now),
            via="preferred",
            about=ABOUT,
            subject=f"incident/{desk.incident}",
            now=now,
        )
    await drain()
    outside.expect.sms("13900007777")
    client = await sign_in(desk.lead)
    answer = await client.post(f"/api/v1/deliveries/{planned.waiting[0]}/acknowledgement")
    assert answer.json()["acknowledged_by"] == str(desk.lead.person_id)


async def test_the_person_on_duty_is_reached_at_the_post_when_he_has_no_address(
    desk: Desk, db: Database, drain: Drain, outside: Outside
) -> None:
    async with db.transaction() as tx:
        now = tx.clock.now()
        vendor = await make.organization(tx, "vendor")
        person = await make.person(tx, vendor, Role.HANDLER, sms="", email="")
        post = await access.register_post(tx, organization_id=vendor, name="值班手机", actor=SYSTEM, now=now)
        await access.add_contact_address(tx, post_id=post, channel="sms", address="13900008888", actor=SYSTEM, now=now)
        roster = await duty.create_roster(tx, organization_id=vendor, name="值班", now=now, actor=SYSTEM)
        shift = duty.NewShift(now - timedelta(hours=1), now + timedelta(hours=1), person_id=person, post_id=post)
        await duty.add_shifts(tx, roster_id=roster, shifts=[shift], now=now, actor=SYSTEM)
    await desk.page(vendor, via=["sms"])
    await drain()
    outside.expect.sms("13900008888")


async def test_who_left_is_not_called_and_the_backup_is(
    desk: Desk, db: Database, drain: Drain, outside: Outside
) -> None:
    from irm.access.models import PersonRow

    async with db.transaction() as tx:
        backup = await make.account(tx, desk.unit, Role.HANDLER)
        await make.duty(tx, desk.unit, desk.lead.person_id, backup.person_id)
        (await tx.get_one(PersonRow, desk.lead.person_id)).retired_at = tx.clock.now()
    await desk.page(desk.unit, via=["sms"])
    await drain()
    outside.expect.sms(backup.telephone)


async def test_a_roster_that_is_wrong_names_each_line_and_leaves_nothing(
    desk: Desk, db: Database, clock: FixedClock
) -> None:
    now = clock.now()
    async with db.transaction() as tx:
        roster = await duty.create_roster(tx, organization_id=desk.unit, name="second", now=now, actor=SYSTEM)
        with pytest.raises(Conflict):
            await duty.create_roster(tx, organization_id=desk.unit, name="second", now=now, actor=SYSTEM)
        hour = timedelta(hours=1)
        lines = [
            duty.NewShift(now, now + hour, person_id=desk.lead.person_id),
            duty.NewShift(now, now, person_id=desk.lead.person_id),
            duty.NewShift(now, now + hour),
            duty.NewShift(now, now + hour, person_id=desk.lead.person_id, role="boss"),
            duty.NewShift(now, now + timedelta(days=99), person_id=desk.lead.person_id),
        ]
        with pytest.raises(Invalid) as refused:
            await duty.add_shifts(tx, roster_id=roster, shifts=lines, now=now, actor=SYSTEM)
        assert [each.field for each in refused.value.errors] == [
            "shifts.1.ends_at",
            "shifts.2.person",
            "shifts.3.role",
            "shifts.4.ends_at",
        ]
        with pytest.raises(Invalid):
            await duty.add_shifts(
                tx, roster_id=roster, shifts=[duty.NewShift(now, now + hour, person_id=uuid4())], now=now, actor=SYSTEM
            )
        other = await make.organization(tx)
        found = await duty.duty_at(tx, [other], now)
        assert isinstance(found[other].state, NobodyOnDuty)
        assert not found[other].has_roster


async def test_a_shift_taken_out_ends_now_if_it_has_begun(desk: Desk, db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        state = (await duty.duty_at(tx, [desk.unit], clock.now()))[desk.unit]
        await duty.remove_shift(tx, state.on_shift[0].shift.id, now=clock.now(), actor=SYSTEM)
        assert not (await duty.duty_at(tx, [desk.unit], clock.now()))[desk.unit].on_shift
        before = (await duty.duty_at(tx, [desk.unit], clock.now() - timedelta(minutes=1)))[desk.unit]
        assert before.on_shift


async def test_the_next_days_stand_open_and_the_rest_is_folded_by_week(desk: Desk, sign_in: SignIn) -> None:
    """On a phone a month of shifts is a page that nobody scrolls to the end of."""
    client = await sign_in(desk.officer)
    shown = (await client.get("/duty", headers=HTML)).text
    before, fold, after = shown.partition('<details class="fold">')
    assert fold
    # 21 November 2026 is a Saturday; the seven days after it end in the week of the 28th.
    assert [f'class="row-head">11月{day}日' in before for day in (20, 21, 28, 29)] == [False, True, True, False]
    assert "11月2日–11月8日" in after
    assert "11月29日" in after
    whole = (await client.get("/duty?whole=true", headers=HTML)).text
    assert '<details class="fold">' not in whole.partition('id="duty-month"')[2].partition("</section>")[0]
    assert "11月1日" in whole
    other = (await client.get("/duty?month=2027-02", headers=HTML)).text
    assert '<details class="fold" open>' in other


async def test_an_organization_without_roster_is_listed_as_such(desk: Desk, db: Database, sign_in: SignIn) -> None:
    async with db.transaction() as tx:
        without = await make.organization(tx, "using_unit", name="示例市教育局", code="education", telephone="0375-7")
        outside = await make.organization(tx, "cyberspace_office", name="示例市网信办")
    client = await sign_in(desk.officer)
    found = {each["organization_id"]: each["state"] for each in (await client.get("/api/v1/duty")).json()["items"]}
    assert found[str(without)] == "no_roster"
    assert str(outside) not in found
    shown = (await client.get("/duty?organization=education", headers=HTML)).text
    assert "irm roster import" in shown
    assert "tel:0375-7" in shown
