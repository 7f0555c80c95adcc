"""Graded up late, graded down early, unclear and then certain, discovered earlier and later (issue 4, story 4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.systems.service import change_system, entry
from tests.conftest import Drain, SignIn
from tests.fakes.outside import Outside
from tests.feature.night.city import (
    CONSIDERABLE,
    CORRECTION,
    GRAVE,
    HTML,
    TO_CITY,
    TO_PROVINCE,
    UNIT_TELLS,
    WITHIN_AN_HOUR,
    City,
)


async def test_graded_up_six_hours_later_the_report_is_born_late_pages_at_once_and_asks_why(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain
) -> None:
    where = await city.files(city.unit_duty[0])
    await city.assesses(city.officer, where, 4, "one workstation")
    clock.tick(hours=6)
    await drain()
    reachable.expect.forget()
    await city.says(city.unit_duty[0], where, personal_records_leaked=GRAVE)
    duty = await city.duty(TO_PROVINCE)
    assert (duty.status, duty.born_late, duty.generation) == ("open", True, 2)
    assert duty.due_at < clock.now()
    await drain()
    assert "SJ-2026" in reachable.expect.sms(city.unit_duty[0].telephone).content, "it rings without waiting"
    reachable.expect.forget()

    unit = await city.as_(city.unit_duty[0])
    page = await unit.get(where.removeprefix("/api/v1"), headers=HTML)
    assert f"/obligations/{duty.id}#lateness" in page.text, "the incident's page leads to the question"
    asked = (await unit.get(f"/api/v1/obligations/{duty.id}/lateness")).json()
    assert "only then" in asked["question"]
    assert asked["answers"] == []
    empty = await unit.post(f"/api/v1/obligations/{duty.id}/lateness", json={"reason": "  "})
    assert [one["field"] for one in empty.json()["errors"]] == ["reason"]
    said = await unit.post(
        f"/obligations/{duty.id}/lateness",
        data={
            "reason": "the exfiltration was found in the proxy's log at 09:41",
            "csrf_token": unit.headers["x-csrf-token"],
        },
        headers=HTML,
    )
    assert said.status_code == 303, said.text
    shown = await unit.get(f"/obligations/{duty.id}", headers=HTML)
    assert "found in the proxy" in shown.text
    after = await unit.get(where.removeprefix("/api/v1"), headers=HTML)
    assert f"/obligations/{duty.id}#lateness" not in after.text
    assert "Said why it was late" in after.text
    vendor = await city.as_(city.vendor_duty)
    assert (await vendor.get(f"/api/v1/obligations/{duty.id}/lateness")).status_code == 404


async def test_what_is_not_late_asks_nothing(city: City) -> None:
    where = await city.files(city.unit_duty[0])
    duty = await city.duty(TO_PROVINCE)
    client = await city.as_(city.unit_duty[0])
    assert (await client.get(f"/api/v1/obligations/{duty.id}/lateness")).json() == {"question": None, "answers": []}
    refused = await client.post(f"/api/v1/obligations/{duty.id}/lateness", json={"reason": "no reason"})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_late")
    assert where


async def test_graded_down_ten_minutes_before_the_limit_by_two_and_lateness_stays(
    city: City, clock: FixedClock, drain: Drain
) -> None:
    """The city's hour ran out long before; the province's four hours have ten minutes left."""
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    clock.tick(hours=3, minutes=50)
    await drain()
    asked = await city.assesses(city.officer, where, 4, "the records were test data")
    assert asked["effective"] is False
    assert (await city.confirms(city.officer, where, "assessments", asked["waiting"])).status_code == 403
    await city.says(unit, where, personal_records_leaked="none")
    assert {one.status for one in await city.duties(TO_PROVINCE)} == {"open"}, "a fact alone ends no clock"
    assert (await city.confirms(city.leader, where, "assessments", asked["waiting"])).is_success
    (to_province,) = await city.duties(TO_PROVINCE)
    (to_city,) = await city.duties(TO_CITY)
    assert (to_province.status, to_province.overdue_at) == ("superseded", None)
    assert (to_city.status, to_city.overdue_at) == ("superseded", to_city.due_at), "what was late stays late"
    assert await city.duties(CORRECTION) == []
    asked_why = (await (await city.as_(city.officer)).get(f"/api/v1/obligations/{to_city.id}/lateness")).json()
    assert asked_why["question"] == "It was not handed over within its limit. Why?"


async def test_lowering_what_an_authority_has_received_is_corrected_and_raising_is_not(
    city: City, clock: FixedClock
) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    assert (await city.assesses(city.officer, where, 3))["effective"]
    await city.reports(unit, await city.duty(TO_PROVINCE))
    clock.tick(minutes=30)
    assert (await city.assesses(city.officer, where, 2, "it spreads"))["effective"]
    assert await city.duties(CORRECTION) == []
    await city.reports(city.officer, await city.duty(TO_CITY), means="irm")
    asked = await city.assesses(city.officer, where, 3, "it did not spread")
    assert asked["effective"] is False
    assert (await city.confirms(city.leader, where, "assessments", asked["waiting"])).is_success
    (owed,) = await city.duties(CORRECTION)
    assert (owed.bearer, owed.recipient) == (city.authority, city.city_office), "the province never heard of 重大"
    draft = (await (await city.as_(city.officer)).post(f"/api/v1/obligations/{owed.id}/report")).json()
    items = await city.draft_items(draft["id"])
    assert "较大" in items["corrected"]
    assert items["reason"] == "it did not spread"


async def test_unclear_whether_critical_and_at_ten_past_four_it_is(
    db: Database, clock: FixedClock, sign_in: SignIn, drain: Drain
) -> None:
    """03:41 unclear: the one hour and the four hours run. 04:10 yes: the hour goes on from 03:41, nothing starts anew."""
    city = await City(db, clock, sign_in).begin(cii="unknown")
    where = await city.files(city.unit_duty[0])
    hour, hours = await city.duties(WITHIN_AN_HOUR), await city.duty(TO_PROVINCE)
    assert hour
    assert hours.status == "open"
    began = clock.now()
    assert {one.due_at for one in hour} == {began + timedelta(hours=1)}
    clock.tick(minutes=29)
    async with db.transaction() as tx:
        known, version = await entry(tx, city.systems[0])
        await change_system(
            tx, city.systems[0], replace(known, cii="yes"), version=version, actor=SYSTEM, now=tx.clock.now()
        )
    await drain()
    assert await city.duties(WITHIN_AN_HOUR) == hour, "the same duties, by the same clock"
    assert (await city.duty(TO_PROVINCE)).status == "open", "no machine drops a duty: two persons may"
    assert (await city.shown(city.officer, where))["status"] == "open"


async def test_discovered_earlier_counts_at_once_and_may_be_late_at_once(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    before = await city.duty(TO_PROVINCE)
    clock.tick(minutes=20)
    answer = await city.knew(unit, where, minutes_ago=5 * 60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["effective"] is True
    old, new = await city.duties(TO_PROVINCE)
    assert (old.status, old.id) == ("superseded", before.id)
    assert (new.status, new.due_at, new.born_late) == ("open", clock.now() - timedelta(hours=1), True)
    view = await city.shown(unit, where)
    assert view["discovered_at"] == view["parts"][0]["known_at"]
    assert {one["known_at"] for one in view["filings"]} != {view["discovered_at"]}, "what was told stays as it was told"


async def test_discovered_later_needs_a_reason_and_a_second_person_and_lateness_stays(
    city: City, clock: FixedClock, drain: Drain
) -> None:
    """The authority wrote 02:00 for the unit; the unit's guard found it at 03:30."""
    where = await city.files(city.officer, minutes_ago=5)
    unit, known = city.units[0], clock.now()
    assert (await city.knew(city.officer, where, 100, organization=str(unit))).json()["effective"]
    await city.says(city.officer, where, personal_records_leaked=CONSIDERABLE)
    clock.tick(hours=2, minutes=30)
    await drain()
    (to_province,) = [one for one in await city.duties(TO_PROVINCE) if one.status == "open"]
    late = [one for one in await city.duties(UNIT_TELLS, bearer=unit) if one.overdue_at]
    assert late
    assert to_province.due_at == known - timedelta(minutes=100) + timedelta(hours=4)

    bare = await city.knew(city.officer, where, 160, organization=str(unit))
    assert [one["field"] for one in bare.json()["errors"]] == ["reason"]
    why = {"organization": str(unit), "reason": "the guard's book says 03:31"}
    asked = (await city.knew(city.officer, where, 160, **why)).json()
    assert asked["effective"] is False
    assert (await city.knew(city.officer, where, 159, **why)).status_code == 409
    view = await city.shown(city.leader, where)
    assert [(one["kind"], one["organization"]) for one in view["waiting"]] == [("discovery", str(unit))]
    page = (await (await city.as_(city.leader)).get(where.removeprefix("/api/v1"), headers=HTML)).text
    assert "discovered or learned of it only at" in page
    assert (await city.duty(TO_PROVINCE)).due_at == to_province.due_at
    assert (await city.confirms(city.officer, where, "discovery", asked["waiting"])).status_code == 403
    assert (await city.confirms(city.leader, where, "discovery", asked["waiting"])).is_success
    moved = await city.duty(TO_PROVINCE)
    assert (moved.status, moved.due_at) == ("open", clock.now() - timedelta(minutes=160) + timedelta(hours=4))
    assert {one.overdue_at for one in await city.duties(UNIT_TELLS, bearer=unit) if one.overdue_at} >= {
        one.overdue_at for one in late
    }
    assert (await city.shown(city.officer, where))["waiting"] == []


async def test_later_than_its_own_word_nobody_learned_of_it(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit, minutes_ago=10)
    clock.tick(hours=1)
    refused = await city.knew(unit, where, minutes_ago=20, reason="we only filed for the vendor")
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["known_at"]
    assert "03:41" in refused.json()["errors"][0]["message"]
    stranger = await city.knew(unit, where, 300, organization=str(city.vendor))
    assert [one["field"] for one in stranger.json()["errors"]] == ["organization"]
    future = await city.knew(unit, where, minutes_ago=-90)
    assert [one["field"] for one in future.json()["errors"]] == ["known_at"]


async def test_a_moment_put_later_after_a_report_is_corrected_there(city: City, clock: FixedClock) -> None:
    """The report said 02:41; the truth is 03:31. The province reads it in a correction."""
    unit = city.unit_duty[0]
    where = await city.files(unit, minutes_ago=60)
    await city.says(unit, where, personal_records_leaked=CONSIDERABLE)
    await city.reports(unit, await city.duty(TO_PROVINCE))
    clock.tick(minutes=10)
    asked = (await city.knew(unit, where, 20, reason="02:41 was the attack")).json()
    assert asked["effective"] is False
    assert (await city.confirms(city.officer, where, "discovery", asked["waiting"])).is_success
    (owed,) = await city.duties(CORRECTION)
    assert (owed.bearer, owed.recipient) == (city.units[0], city.province)
    assert [one.status for one in await city.duties(TO_PROVINCE)] == ["submitted"], "the report stands, no second one"


async def test_the_page_corrects_a_moment_and_says_what_is_wrong(city: City, clock: FixedClock) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit, minutes_ago=10)
    client = await city.as_(unit)
    address = f"{where.removeprefix('/api/v1')}/discovery"
    assert f'href="{address}"' in (await client.get(where.removeprefix("/api/v1"), headers=HTML)).text
    shown = await client.get(address, headers=HTML)
    assert shown.status_code == 200
    token = {"csrf_token": client.headers["x-csrf-token"], "organization": str(city.units[0])}
    wrong = await client.post(address, data=token | {"known_at": "soon", "reason": ""}, headers=HTML)
    assert wrong.status_code == 422
    done = await client.post(address, data=token | {"known_at": "2026-11-21T03:00", "reason": "the log"}, headers=HTML)
    assert done.status_code == 303, done.text
    assert "the log" in (await client.get(address, headers=HTML)).text
    assert (await city.shown(unit, where))["discovered_at"] == "2026-11-20T19:00:00Z"


@pytest.mark.parametrize("confirmed", [True, False])
async def test_an_earlier_moment_is_never_held_up_by_a_later_one_that_waits(
    city: City, clock: FixedClock, confirmed: bool
) -> None:
    unit = city.unit_duty[0]
    where = await city.files(unit, minutes_ago=60)
    asked = (await city.knew(unit, where, 30, reason="typed wrongly")).json()
    if not confirmed:
        assert (await city.confirms(city.officer, where, "discovery", asked["waiting"], yes=False)).is_success
    earlier: Any = await city.knew(unit, where, 90)
    assert earlier.json()["effective"] is True
    assert (await city.shown(unit, where))["waiting"] == []
    assert (await city.confirms(city.officer, where, "discovery", asked["waiting"])).status_code == 409
