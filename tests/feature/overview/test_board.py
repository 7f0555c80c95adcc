"""The duty board: what needs whom, and nothing that is not theirs."""

from typing import Any

import httpx
import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, uuid7
from irm.heartbeat import HeartbeatRow
from irm.playbooks import publishing as playbooks
from irm.rules import service as rules
from tests import make

HTML = {"accept": "text/html"}


class City:
    def __init__(self, officer: make.Account, unit_duty: make.Account, other_duty: make.Account) -> None:
        self.officer, self.unit_duty, self.other_duty = officer, unit_duty, other_duty


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> City:
    async with db.transaction(SYSTEM) as tx:
        await rules.publish_builtin(tx, actor=SYSTEM, now=clock.now())
        await playbooks.publish_library(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        await make.organization(tx, "cyberspace_office", joined=False)
        await make.organization(tx, "cyberspace_office", tier="province", joined=False, region="410000")
        unit, other = await make.organization(tx), await make.organization(tx)
        await make.system(tx, unit, code="portal", users=600_000, personal_records=2_000_000)
        made = City(
            await make.account(tx, authority, Role.DUTY_OFFICER),
            await make.account(tx, unit, Role.DUTY_OFFICER),
            await make.account(tx, other, Role.DUTY_OFFICER),
        )
        await make.duty(tx, authority, made.officer.person_id)
        await make.duty(tx, unit, made.unit_duty.person_id)
        return made


async def beat(db: Database, clock: FixedClock, **more: Any) -> None:
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        row = HeartbeatRow(id=uuid7(), process="d:1", kind="dispatcher", started_at=now, seen_at=now, **more)
        tx.add(row)


async def file(sign_in: Any, account: make.Account) -> str:
    client = await sign_in(account)
    answer = await client.post(
        "/api/v1/incidents",
        json={
            "classified": "no",
            "text": "The portal shows a ransom note.",
            "target": {"kind": "system", "system": "portal"},
            "known_at": "2026-11-21T03:35:00+08:00",
            "category": "malware",
            "subcategory": "ransomware",
            "contact": "555-0100",
        },
    )
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def board(sign_in: Any, account: make.Account) -> dict[str, Any]:
    answer = await (await sign_in(account)).get("/api/v1/board", headers={"accept-language": "en"})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_quiet_night_is_calm(db: Database, clock: FixedClock, sign_in: Any, city: City) -> None:
    await beat(db, clock)
    quiet = await board(sign_in, city.officer)
    assert (quiet["incidents_in_hand"], quiet["needs"], quiet["troubles"]) == (0, [], [])
    assert quiet["nearest_due"] is None
    assert [person["role"] for station in quiet["on_duty"] for person in station["people"]] == ["primary"]
    page = await (await sign_in(city.officer)).get("/", headers=HTML)
    assert page.status_code == 200


async def test_the_page_to_me_stands_first_and_its_clock_is_named(
    db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any
) -> None:
    number = await file(sign_in, city.unit_duty)
    await drain()
    await beat(db, clock)
    mine = await board(sign_in, city.officer)
    assert mine["incidents_in_hand"] == 1
    first = mine["needs"][0]
    assert (first["kind"], first["about"]) == ("page", number)
    assert "report" in {need["kind"] for need in mine["needs"]}
    assert mine["nearest_due"] is not None
    client = await sign_in(city.officer)
    html = (await client.get("/", headers=HTML)).text
    assert f"/deliveries/{first['id']}/acknowledge" in html
    assert number in html
    answer = await client.post(
        f"/deliveries/{first['id']}/acknowledge",
        data={"csrf_token": client.headers["x-csrf-token"]},
        headers={"referer": "http://irm.test/"},
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    after = await board(sign_in, city.officer)
    assert "page" not in {need["kind"] for need in after["needs"]}


async def test_an_uninvolved_unit_sees_nothing_of_it(
    db: Database, clock: FixedClock, sign_in: Any, city: City, drain: Any
) -> None:
    number = await file(sign_in, city.unit_duty)
    await drain()
    theirs = await board(sign_in, city.other_duty)
    assert (theirs["needs"], theirs["incidents"], theirs["nearest_due"]) == ([], [], None)
    client = await sign_in(city.other_duty)
    for path in ("/", "/board/now", "/todo", "/todo/now"):
        answer = await client.get(path, headers=HTML)
        assert answer.status_code == 200
        assert number not in answer.text


async def test_what_is_over_its_limit_is_counted_and_stays_first_among_the_limits(
    db: Database, clock: FixedClock, sign_in: Any, city: City
) -> None:
    await file(sign_in, city.unit_duty)
    clock.tick(hours=5)
    mine = await board(sign_in, city.officer)
    assert mine["overdue"] > 0
    due = [need["due_at"] for need in mine["needs"] if need["due_at"]]
    assert due == sorted(due)


async def test_the_board_says_when_nobody_is_on_duty_or_nobody_sends(
    db: Database, clock: FixedClock, sign_in: Any, city: City
) -> None:
    clock.tick(hours=48)
    troubles = {one["kind"] for one in (await board(sign_in, city.officer))["troubles"]}
    assert troubles == {"nobody_on_duty", "nobody_sends"}
    await beat(db, clock, broker_silent_since=clock.now())
    troubles = {one["kind"] for one in (await board(sign_in, city.officer))["troubles"]}
    assert troubles == {"nobody_on_duty", "broker_silent"}
    html = (await (await sign_in(city.officer)).get("/", headers=HTML)).text
    assert "当前无处置中事件" in html


async def test_administrators_have_a_board_without_incidents(
    db: Database, clock: FixedClock, sign_in: Any, city: City
) -> None:
    await file(sign_in, city.unit_duty)
    async with db.transaction(SYSTEM) as tx:
        admin = await make.account(tx, city.officer.organization_id, Role.SYSTEM_ADMINISTRATOR)
    client = await sign_in(admin)
    page = await client.get("/", headers=HTML)
    assert page.status_code == 200
    assert "SJ-2026" not in page.text
    assert (await client.get("/api/v1/board")).status_code == 403


async def test_strangers_are_sent_to_sign_in(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")
