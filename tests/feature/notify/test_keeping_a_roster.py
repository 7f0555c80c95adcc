"""Whoever keeps a roster does it on a page, by the interface or on the command line; whoever serves swaps on a page."""

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from irm.access.policy import Role
from irm.clock import SHANGHAI, FixedClock
from irm.db import SYSTEM, Database
from irm.notify import duty
from irm.notify.rosters import planning
from tests import make
from tests.conftest import SignIn

HTML = {"accept": "text/html"}


class Kept:
    """A unit with a lead who keeps the roster and two colleagues who serve on it."""

    async def begin(self, db: Database) -> "Kept":
        async with db.transaction() as tx:
            self.unit = await make.organization(tx, code="culture-2", name="示例市体育局")
            self.lead = await make.account(tx, self.unit, Role.SECURITY_LEAD)
            self.first = await make.account(tx, self.unit, Role.DUTY_OFFICER)
            self.second = await make.account(tx, self.unit, Role.DUTY_OFFICER)
            self.roster = await duty.create_roster(
                tx, organization_id=self.unit, name="值班表", now=tx.clock.now(), actor=SYSTEM
            )
        return self

    async def on_duty(self, db: Database, **later: float) -> list[UUID | None]:
        async with db.transaction() as tx:
            found = await duty.duty_at(tx, [self.unit], tx.clock.now() + timedelta(**later))
            return [each.shift.person_id for each in found[self.unit].on_shift]


@pytest.fixture
async def kept(db: Database) -> Kept:
    return await Kept().begin(db)


async def form(client: Any, what: str, **typed: str) -> Any:
    return await client.post(f"/duty/rosters/culture-2/{what}", data=typed, headers=HTML)


async def test_a_rotation_is_set_on_the_page_and_pages_people(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await sign_in(kept.lead)
    typed = {
        "roster": str(kept.roster), "layer": "day", "turns": f"{kept.first.login}\n{kept.second.login}", "length": "1",
        "unit": "day", "starts": "00:00", "ends": "24:00", "from_day": "2026-11-21", "days": "all",
    }  # fmt: skip
    refused = await form(client, "rotation", **(typed | {"turns": "张三"}))
    assert refused.status_code == 422
    assert "“张三”既不是本单位人员" in refused.text
    done = await form(client, "rotation", **typed)
    assert done.status_code == 303, done.text
    assert await kept.on_duty(db) == [kept.first.person_id]
    assert await kept.on_duty(db, days=1) == [kept.second.person_id]
    shown = (await client.get("/duty/rosters/culture-2", headers=HTML)).text
    assert "00:00–24:00" in shown
    moments = re.findall(r'<input[^>]*type="datetime-local"[^>]*>', shown)
    assert moments
    assert not [one for one in moments if " max=" in one], (
        "leave and changes lie ahead; the calendar must offer their days"
    )


async def test_a_gap_is_asked_about_before_it_is_made(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await rotating(kept, sign_in)
    typed = {
        "roster": str(kept.roster), "layer": "day", "kind": "remove", "starts_at": "2026-11-21T10:00",
        "ends_at": "2026-11-21T12:00",
    }  # fmt: skip
    asked = await form(client, "override", **typed)
    assert asked.status_code == 422
    assert "11-21 10:00 至 11-21 12:00 将无人值班" in asked.text
    assert 'name="despite"' in asked.text
    assert (await form(client, "override", **typed, despite="yes")).status_code == 303
    assert await kept.on_duty(db, hours=7) == []
    quality = (await client.get("/api/v1/rosters/quality", params={"organization": "culture-2"})).json()
    assert ("uncovered", "2026-11-21T10:00:00+08:00") in {
        (each["kind"], moment(each["starts_at"])) for each in quality["findings"]
    }
    assert "无人值班" in (await client.get("/duty/rosters/culture-2", headers=HTML)).text


async def test_the_interface_does_what_the_page_does(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await rotating(kept, sign_in)
    leave = {
        "organization": "culture-2", "person_id": str(kept.first.person_id), "starts_at": "2026-11-21T00:00:00+08:00",
        "ends_at": "2026-11-22T00:00:00+08:00",
    }  # fmt: skip
    made = await client.post("/api/v1/rosters/leave", json=leave)
    assert made.status_code == 201, made.text
    assert await kept.on_duty(db) == [kept.second.person_id]
    desk = (await client.get("/api/v1/rosters", params={"organization": "culture-2"})).json()
    assert [each["id"] for each in desk["leave"]] == [made.json()["id"]]
    assert [each["layer"] for each in desk["rosters"][0]["rotations"]] == ["day"]
    assert (await client.delete(f"/api/v1/rosters/leave/{made.json()['id']}")).status_code == 204
    assert await kept.on_duty(db) == [kept.first.person_id]
    schedule = {
        "organization": "culture-2", "name": "重保", "in_place_of": str(kept.roster),
        "serves_from": "2026-11-22T00:00:00+08:00", "serves_until": "2026-11-23T00:00:00+08:00",
    }  # fmt: skip
    key = (await client.post("/api/v1/rosters", json=schedule)).json()["id"]
    order = {"layer": "day", "from_day": "2026-11-22", "turns": [[{"person_id": str(kept.lead.person_id)}]]}
    order |= {"starts": "00:00", "ends": "24:00"}
    assert (await client.post(f"/api/v1/rosters/{key}/rotations", json=order)).status_code == 201
    assert await kept.on_duty(db, days=1) == [kept.lead.person_id]
    assert (await client.delete(f"/api/v1/rosters/{key}")).status_code == 204
    assert await kept.on_duty(db, days=1) == [kept.second.person_id]


async def test_nobody_changes_another_organizations_roster_nor_his_own_without_the_right(
    kept: Kept, db: Database, sign_in: SignIn
) -> None:
    async with db.transaction() as tx:
        elsewhere = await make.account(tx, await make.organization(tx), Role.SECURITY_LEAD)
        city = await make.account(tx, await make.organization(tx, "cloud_authority"), Role.DUTY_LEADER)
    order = {"layer": "day", "from_day": "2026-11-22", "turns": [[{"person_id": str(kept.lead.person_id)}]]}
    for account, status in ((elsewhere, 404), (city, 403), (kept.first, 403)):
        client = await sign_in(account)
        assert (await client.post(f"/api/v1/rosters/{kept.roster}/rotations", json=order)).status_code == status
        page = await client.get("/duty/rosters/culture-2", headers=HTML)
        assert page.status_code == (404 if account is elsewhere else 200)
        assert "设置轮班规则" not in page.text


async def test_a_turn_is_swapped_on_the_page_with_consent(kept: Kept, db: Database, sign_in: SignIn) -> None:
    await rotating(kept, sign_in)
    client = await sign_in(kept.second)
    shown = (await client.get("/duty/mine", headers=HTML)).text
    gives = shown.partition('name="gives"')[2].partition('value="')[2].partition('"')[0]
    asked = await client.post(
        "/duty/mine/swaps", data={"gives": gives, "with": str(kept.first.person_id), "note": "家中有事"}, headers=HTML
    )
    assert asked.status_code == 303, asked.text
    assert await kept.on_duty(db, days=1) == [kept.second.person_id]
    client = await sign_in(kept.first)
    assert "家中有事" in (await client.get("/duty/mine", headers=HTML)).text
    swap = (await client.get("/api/v1/swaps")).json()["items"][0]["id"]
    assert (await client.post(f"/duty/mine/swaps/{swap}/acceptance", headers=HTML)).status_code == 303
    assert await kept.on_duty(db, days=1) == [kept.first.person_id]


async def test_the_board_tells_whoever_keeps_it_what_is_wrong(kept: Kept, sign_in: SignIn) -> None:
    client = await sign_in(kept.lead)
    shown = (await client.get("/", headers=HTML)).text
    assert "/duty/rosters/culture-2" in shown
    client = await rotating(kept, sign_in, second=True)
    assert "/duty/rosters/culture-2" not in (await client.get("/", headers=HTML)).text


async def test_the_daily_plan_writes_one_more_day(kept: Kept, db: Database, sign_in: SignIn, clock: FixedClock) -> None:
    await rotating(kept, sign_in)
    clock.tick(days=3)
    async with db.transaction() as tx:
        done = await planning.replan(tx, kept.roster, now=tx.clock.now(), actor=SYSTEM)
    assert (done.added, done.removed) == (3, 0)


async def rotating(kept: Kept, sign_in: SignIn, *, second: bool = False) -> Any:
    client = await sign_in(kept.lead)
    people = [kept.first, kept.second] + ([kept.lead] if second else [])
    order = {
        "layer": "day",
        "from_day": "2026-11-21",
        "turns": [[{"person_id": str(each.person_id)}] for each in people],
    }
    order |= {"starts": "00:00", "ends": "24:00"}
    made = await client.post(f"/api/v1/rosters/{kept.roster}/rotations", json=order)
    assert made.status_code == 201, made.text
    return client


def moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(SHANGHAI).isoformat()
