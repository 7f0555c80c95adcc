"""A month's 值班表 from the office's Excel: shown first, taken over whole, and read again without doubling anything."""

from base64 import b64encode
from typing import Any

import pytest

from irm.access import queries as access
from irm.db import Database
from tests.conftest import SignIn
from tests.feature.notify.test_keeping_a_roster import Kept
from tests.unit.notify.test_month_file import table

HTML = {"accept": "text/html"}


@pytest.fixture
async def kept(db: Database) -> Kept:
    return await Kept().begin(db)


def sent(*rows: tuple[Any, ...], dry_run: bool = False) -> dict[str, Any]:
    content = b64encode(table(("日期", "带班领导", "值班员", "电话"), *rows)).decode()
    return {"month": "2026-12", "content": content, "dry_run": dry_run, "starts": "00:00", "ends": "24:00"}


async def test_a_month_is_shown_taken_over_and_compared(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await sign_in(kept.lead)
    async with db.transaction() as tx:
        names = await access.person_names(tx, [kept.lead.person_id, kept.first.person_id, kept.second.person_id])
    lead, first, second = (names[each.person_id] for each in (kept.lead, kept.first, kept.second))
    path = f"/api/v1/rosters/{kept.roster}/months"
    shown = await client.post(path, json=sent(("1日", lead, first, ""), ("2日", lead, second, ""), dry_run=True))
    assert shown.status_code == 200, shown.text
    assert [(each["day"], each["layer"], each["comes"]) for each in shown.json()["differences"]] == [
        ("2026-12-01", "day", True),
        ("2026-12-01", "leader", True),
        ("2026-12-02", "day", True),
        ("2026-12-02", "leader", True),
    ]
    assert await kept.on_duty(db, days=10, hours=2) == []
    await client.post(path, json=sent(("1日", lead, first, ""), ("2日", lead, second, "")))
    assert await kept.on_duty(db, days=10, hours=2) == [kept.first.person_id, kept.lead.person_id]
    again = (await client.post(path, json=sent(("1日", lead, first, ""), ("2日", lead, first, "")))).json()
    assert again["kept"] == 3
    assert [(each["name"], each["comes"]) for each in again["differences"]] == [(second, False), (first, True)]
    assert await kept.on_duty(db, days=11, hours=2) == [kept.first.person_id, kept.lead.person_id]


async def test_faults_stand_at_their_cell_and_nothing_is_kept(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await sign_in(kept.lead)
    refused = await client.post(
        f"/api/v1/rosters/{kept.roster}/months", json=sent(("1日", "", "张三", ""), ("40日", "", "张三", ""))
    )
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["A3", "C2"]
    files = {"file": ("month.xlsx", table(("日期", "值班员"), ("1", "张三")))}
    typed = {"roster": str(kept.roster), "month": "2026-12"}
    page = await client.post("/duty/rosters/culture-2/month", data=typed, files=files, headers=HTML)
    assert page.status_code == 422
    assert "“张三”既不是本单位人员" in page.text
    assert await kept.on_duty(db, days=10, hours=2) == []


async def test_the_page_shows_what_would_change_and_then_does_it(kept: Kept, db: Database, sign_in: SignIn) -> None:
    client = await sign_in(kept.lead)
    assert (await client.get("/duty/rosters/culture-2/month", headers=HTML)).status_code == 200
    async with db.transaction() as tx:
        name = (await access.person_names(tx, [kept.first.person_id]))[kept.first.person_id]
    files = {"file": ("month.xlsx", table(("日期", "值班员"), ("1", name)))}
    typed = {"roster": str(kept.roster), "month": "2026-12"}
    page = await client.post("/duty/rosters/culture-2/month", data=typed, files=files, headers=HTML)
    assert page.status_code == 200, page.text
    assert "将作的改动" in page.text
    content = page.text.partition('name="content" value="')[2].partition('"')[0]
    done = await client.post(
        "/duty/rosters/culture-2/month", data=typed | {"content": content, "sure": "yes"}, headers=HTML
    )
    assert done.status_code == 303, done.text
    assert await kept.on_duty(db, days=10, hours=8) == [kept.first.person_id]
