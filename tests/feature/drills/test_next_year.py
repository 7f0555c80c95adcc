"""In December the compliance officer plans the next year: what its rules will require is forecast, and plans stand against it."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from irm import jobs
from irm.clock import FixedClock
from irm.obligations.periodic import LOOK_AHEAD
from tests.conftest import Drain, SignIn
from tests.feature.drills.conftest import City
from tests.feature.drills.test_faces import form_of

pytestmark = pytest.mark.usefixtures("channels")
HTML = {"accept": "text/html"}
COMPREHENSIVE = "gbt-38645-2020/comprehensive-drill"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 12, 10, 2, tzinfo=UTC))


async def test_next_year_is_planned_in_december(city: City, sign_in: SignIn) -> None:
    web = await sign_in(city.planner)

    async def line(year: int) -> dict[str, Any]:
        found = (await web.get(f"/api/v1/drills/quota?year={year}")).json()["lines"]
        (one,) = [each for each in found if each["bearer"] == str(city.authority) and each["rule"] == COMPREHENSIVE]
        return dict(one)

    before = await line(2027)
    assert (before["required"], before["forecast"], before["planned"], before["missing"]) == (1, 1, 0, 1)
    assert before["open_obligation"] is None
    page = (await web.get("/drills?year=2027", headers=HTML)).text
    assert "预测" in page
    assert re.search(r"2027 ?年度尚缺", page)
    times = {"planned_from": "2027-03-01T09:00", "planned_until": "2027-03-01T11:00", "content": "comprehensive"}
    made = await web.post("/drills/new", data=form_of(city, **times), headers=HTML)
    assert made.status_code == 303, made.text
    after = await line(2027)
    assert (after["planned"], after["missing"]) == (1, 0)


async def test_others_see_only_their_own_forecast(city: City, sign_in: SignIn) -> None:
    web = await sign_in(city.unit_duty)
    found = (await web.get("/api/v1/drills/quota?year=2027")).json()["lines"]
    assert {one["bearer"] for one in found} <= {str(city.unit)}
    assert (await web.get("/api/v1/drills/quota?year=9999")).status_code == 422


async def test_once_the_year_has_begun_nothing_is_forecast_twice(city: City, sign_in: SignIn, drain: Drain) -> None:
    """What was forecast becomes a duty; the line stays one line."""
    city.clock.tick(days=30)
    async with city.db.transaction() as tx:
        await jobs.schedule(tx, LOOK_AHEAD, {"at": "2027"}, run_at=city.clock.now())
    await drain()
    web = await sign_in(city.planner)
    found = (await web.get("/api/v1/drills/quota?year=2027")).json()["lines"]
    mine = [one for one in found if one["bearer"] == str(city.authority) and one["rule"] == COMPREHENSIVE]
    assert [(one["required"], one["forecast"]) for one in mine] == [(1, 0)]
    assert mine[0]["open_obligation"] is not None


async def test_the_quota_is_read_in_pages_and_summed_by_rule(city: City, sign_in: SignIn) -> None:
    web = await sign_in(city.planner)
    whole = (await web.get("/api/v1/drills/quota?year=2027&limit=200")).json()
    read: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        part = (await web.get(f"/api/v1/drills/quota?year=2027&limit=1{cursor and '&cursor='}{cursor}")).json()
        read, cursor = read + part["lines"], part["next_cursor"]
        assert part["sums"] == whole["sums"]
    assert read == whole["lines"]
    assert len(read) > 1
    assert sum(one["missing"] for one in whole["sums"]) == sum(one["missing"] for one in read)
    assert sum(one["lines"] for one in whole["sums"]) == len(read)
    assert (await web.get("/api/v1/drills/quota?cursor=x")).status_code == 422
    assert (await web.get("/api/v1/drills/quota?organization=x")).status_code == 422


async def test_the_address_of_the_quota_is_what_is_shown(city: City, sign_in: SignIn) -> None:
    web = await sign_in(city.planner)
    mine = await web.get(f"/api/v1/drills/quota?year=2027&organization={city.authority}")
    assert {one["bearer"] for one in mine.json()["lines"]} == {str(city.authority)}
    path = f"/drills/quota?year=2027&organization={city.authority}&rule={COMPREHENSIVE}&missing=only"
    page = await web.get(path, headers=HTML)
    assert page.status_code == 200
    assert page.text.count('scope="row"') == 1
    assert "应开展演练的单位" in page.text
    times = {"planned_from": "2027-03-01T09:00", "planned_until": "2027-03-01T11:00", "content": "comprehensive"}
    assert (await web.post("/drills/new", data=form_of(city, **times), headers=HTML)).status_code == 303
    assert "此处没有尚缺的演练" in (await web.get(path, headers=HTML)).text
    assert (await web.get("/drills/quota?year=9999", headers=HTML)).status_code == 422
    assert (await web.get("/drills/quota?organization=x", headers=HTML)).status_code == 422
