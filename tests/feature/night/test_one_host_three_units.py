"""Ransomware on a host that carries three units' systems: one incident, each its own part (issue 4, story 1)."""

from datetime import timedelta

import pytest

from irm.clock import FixedClock
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.night.city import CONSIDERABLE, HOST, HTML, TO_CITY, TO_PROVINCE, UNIT_TELLS, VENDOR_TELLS, City

ON_THE_HOST = {"kind": "resource", "resource": HOST}


async def test_three_parts_each_unit_told_each_with_its_own_moment_clocks_and_view(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain
) -> None:
    """The vendor saw it at 03:35 and files at 03:41; two units learn of it from irm, one had seen it itself."""
    where = await city.files(city.vendor_duty, minutes_ago=6, target=ON_THE_HOST)
    filed_at = clock.now()
    await drain()
    for duty in (city.officer, *city.unit_duty):
        assert "SJ-2026" in reachable.expect.sms(duty.telephone).content
    clock.tick(minutes=4)
    assert (await city.knew(city.unit_duty[1], where, 14)).json()["effective"], "it had seen the note at 03:31"

    whole = await city.shown(city.officer, where)
    known = {part["organization"]: part["known_at"] for part in whole["parts"]}
    assert set(known) == {str(one) for one in (city.authority, city.vendor, *city.units)}
    assert known[str(city.vendor)] == "2026-11-20T19:35:00Z"
    assert known[str(city.units[0])] == known[str(city.units[2])] == "2026-11-20T19:41:00Z"
    assert known[str(city.units[1])] == whole["discovered_at"] == "2026-11-20T19:31:00Z"

    due = {one.bearer: one.due_at for one in await city.duties(TO_PROVINCE) if one.status == "open"}
    assert due == {
        city.units[0]: filed_at + timedelta(hours=4),
        city.units[1]: filed_at - timedelta(minutes=10) + timedelta(hours=4),
        city.units[2]: filed_at + timedelta(hours=4),
    }
    for place, duty in enumerate(city.unit_duty):
        view = await city.shown(duty, where)
        assert [part["organization"] for part in view["parts"]] == [str(city.units[place])]
        assert view["filings"] == [], "the vendor's words are the vendor's"
        owed = (await (await city.as_(duty)).get(f"{where}/obligations")).json()["obligations"]
        assert {one["bearer"]["id"] for one in owed} == {str(city.units[place])}
        page = (await (await city.as_(duty)).get(where.removeprefix("/api/v1"), headers=HTML)).text
        others = [str(one) for one in city.units if one != city.units[place]]
        names = [one["organization_name"] for one in whole["parts"] if one["organization"] in others]
        assert len(names) == 2
        assert not [name for name in names if name in page], "nobody else's part"
    reachable.expect.forget()


async def test_one_joint_report_that_names_two_meets_two_and_the_third_still_owes(
    city: City, clock: FixedClock
) -> None:
    where = await city.files(city.vendor_duty, minutes_ago=6, target=ON_THE_HOST)
    await city.says(city.officer, where, personal_records_leaked=CONSIDERABLE)
    clock.tick(minutes=40)
    first, second, third = city.units
    # Units know nothing of each other's parts: the cloud authority hands it over, in the first one's name.
    duty = await city.duty(TO_PROVINCE, bearer=first)
    joint = await city.reports(city.officer, duty, for_organizations=[str(second)])
    assert (await city.duty(TO_PROVINCE, bearer=first)).status == "submitted"
    assert (await city.duty(TO_PROVINCE, bearer=second)).status == "open", "it counts once the named one agrees"
    client = await city.as_(city.unit_duty[1])
    agreed = await client.post(f"/api/v1/submissions/{joint}/agreement", json={"organization": str(second)})
    assert agreed.status_code == 200, agreed.text
    await city.receipts(city.officer, joint)
    status = {one.bearer: one.status for one in await city.duties(TO_PROVINCE)}
    assert status == {first: "met", second: "met", third: "open"}
    assert (await city.duty(TO_CITY)).status == "open", "the city's step is another desk's"

    # And a false alarm is corrected by each that was named, and by nobody who reported nothing.
    asked = await city.moves(city.officer, where, "dismissed", "a red team, announced to the vendor only")
    await city.confirms(city.leader, where, "status", asked["waiting"])
    assert {one.bearer for one in await city.duties("irm/correction")} == {first, second}


async def test_the_vendor_bears_its_own(city: City, clock: FixedClock) -> None:
    """A unit files; the vendor learns of it from irm and has its half hour from then on. The unit's own is met by filing."""
    where = await city.files(city.unit_duty[0], minutes_ago=10, target=ON_THE_HOST)
    own = await city.duty(VENDOR_TELLS, bearer=city.vendor)
    assert (own.status, own.started_at, own.due_at) == ("open", clock.now(), clock.now() + timedelta(minutes=30))
    unit = await city.duty(UNIT_TELLS, bearer=city.units[0])
    assert (unit.status, unit.started_at) == ("met", clock.now() - timedelta(minutes=10))
    assert {one.status for bearer in city.units[1:] for one in await city.duties(UNIT_TELLS, bearer=bearer)} == {"open"}
    clock.tick(minutes=20)
    number = where.rpartition("/")[2]
    again = await city.files(city.vendor_duty, target=ON_THE_HOST, joins=number)
    assert again == where
    assert (await city.duty(VENDOR_TELLS, bearer=city.vendor)).status == "met"
    assert {one.status for one in await city.duties(TO_PROVINCE)} == {"open"}, "no vendor reports for the units"


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_each_part_ends_for_itself_and_the_incident_with_the_last(
    city: City, clock: FixedClock, place: int
) -> None:
    where = await city.files(city.vendor_duty, target=ON_THE_HOST)
    clock.tick(hours=1)
    done = await city.moves(city.unit_duty[place], where, "handled", "rebuilt")
    assert done["status"] == "open"
    own = (await city.shown(city.unit_duty[place], where))["parts"]
    assert [one["handled_at"] for one in own] == ["2026-11-20T20:41:00Z"]
    assert (await city.moves(city.officer, where, "handled", "all rebuilt"))["status"] == "handled"
