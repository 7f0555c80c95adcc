"""The duty board: what needs whom, and nothing that is not theirs."""

from typing import Any

import httpx

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from tests import make
from tests.feature.overview.conftest import City, beat, board, file

HTML = {"accept": "text/html"}


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
    assert theirs["incidents"] == []
    assert {need["about"] for need in theirs["needs"]}.isdisjoint({number}), "its own year may stand there, no more"
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


async def test_the_board_says_when_nobody_sends(db: Database, clock: FixedClock, sign_in: Any, city: City) -> None:
    clock.tick(minutes=5)
    assert {one["kind"] for one in (await board(sign_in, city.officer))["troubles"]} == {"nobody_sends"}
    await beat(db, clock, broker_silent_since=clock.now())
    assert {one["kind"] for one in (await board(sign_in, city.officer))["troubles"]} == {"broker_silent"}
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
