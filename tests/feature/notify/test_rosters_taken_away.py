"""The month's 值班表 on paper, a calendar by a secret address, and the same on the command line."""

import io
import json
from datetime import date

import pytest
from click.testing import CliRunner
from icalendar import Calendar
from openpyxl import load_workbook

from irm.access.models import PersonRow
from irm.access.policy import Role
from irm.cli import main
from irm.clock import SHANGHAI
from irm.db import Database
from tests import make
from tests.conftest import SignIn
from tests.feature.notify.test_keeping_a_roster import Kept, rotating

HTML = {"accept": "text/html"}


@pytest.fixture
async def kept(db: Database) -> Kept:
    return await Kept().begin(db)


async def test_the_month_as_a_workbook_and_as_a_pdf(kept: Kept, sign_in: SignIn) -> None:
    client = await rotating(kept, sign_in)
    got = await client.get("/duty/rosters/culture-2/sheet", params={"month": "2026-12"})
    assert got.status_code == 200, got.text
    rows = list(load_workbook(io.BytesIO(got.content)).active.iter_rows(values_only=True))  # type: ignore[union-attr]  # it has a sheet
    assert rows[0][0] == "示例市体育局2026年12月值班表"
    assert rows[1] == ("日期", "星期", "带班领导", "值班员", "备班", "电话", "备注")
    assert len(rows) == 2 + 31
    assert rows[2][0] == "12月1日"
    assert rows[2][3]
    assert kept.first.telephone in rows[2][5] or kept.second.telephone in rows[2][5]
    assert rows[6][6] == "休息日"
    again = await client.get("/api/v1/rosters/sheet", params={"organization": "culture-2", "month": "2026-12"})
    assert again.content == got.content
    pdf = await client.get("/duty/rosters/culture-2/sheet", params={"month": "2026-12", "form": "pdf"})
    assert pdf.content.startswith(b"%PDF-")
    for wrong in ({"month": "2026-13"}, {"form": "doc"}):
        assert (
            await client.get("/api/v1/rosters/sheet", params={"organization": "culture-2"} | wrong)
        ).status_code == 422


async def test_a_calendar_is_read_by_whoever_has_the_address_until_it_is_revoked(kept: Kept, sign_in: SignIn) -> None:
    await rotating(kept, sign_in)
    client = await sign_in(kept.first)
    made = (await client.post("/api/v1/duty/calendars", json={})).json()["address"]
    path = made[made.index("/duty/calendars/") :]
    assert "/duty/calendars/" in (await client.post("/duty/calendars", headers=HTML)).text
    await client.post("/logout")
    read = Calendar.from_ical((await client.get(path)).content)
    days = [each["dtstart"].dt.astimezone(SHANGHAI).date() for each in read.walk("VEVENT")]
    assert len(days) > 30
    assert {(one - days[0]).days % 2 for one in days} == {0}, "every other day is his"
    client = await sign_in(kept.first)
    feeds = (await client.get("/api/v1/duty/calendars")).json()["items"]
    assert len(feeds) == 2
    other = await sign_in(kept.second)
    assert (await other.delete(f"/api/v1/duty/calendars/{feeds[0]['id']}")).status_code == 404
    client = await sign_in(kept.first)
    assert (await client.delete(f"/api/v1/duty/calendars/{feeds[0]['id']}")).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_roster_has_an_address_too_and_it_dies_with_who_made_it(
    kept: Kept, db: Database, sign_in: SignIn
) -> None:
    client = await rotating(kept, sign_in)
    made = (await client.post("/api/v1/duty/calendars", json={"roster_id": str(kept.roster)})).json()["address"]
    path = made[made.index("/duty/calendars/") :]
    names = {str(each["summary"]) for each in Calendar.from_ical((await client.get(path)).content).walk("VEVENT")}
    assert len(names) == 2
    async with db.transaction() as tx:
        (await tx.get_one(PersonRow, kept.lead.person_id)).retired_at = tx.clock.now()
    assert (await client.get(path)).status_code == 404


@pytest.fixture
async def url(committed_db: Database, committed_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    async with committed_db.transaction() as tx:
        unit = await make.organization(tx, name="示例市体育局", code="sports")
        for login in ("甲", "乙"):
            await make.person(tx, unit, Role.DUTY_OFFICER, name=login)
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    return committed_url


def test_the_command_line_makes_a_roster(url: str) -> None:
    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["roster", *words])
        assert done.exit_code == code, done.output
        return done.output

    run("create", "sports", "--name", "值班表")
    assert "uncovered" in run("quality", "sports")
    first = date(2026, 11, 21).isoformat()
    run("rotate", "sports", "--from", first, "--turn", "甲", "--turn", "乙", "--starts", "00:00", "--ends", "24:00")
    rules = json.loads(run("rules", "sports", "--json"))
    assert rules["rosters"][0]["rotations"][0]["names"] == [["甲"], ["乙"]]
    later = ("--from", "2036-11-22T08:00:00+08:00", "--to", "2036-11-22T12:00:00+08:00")
    made = json.loads(run("leave", "sports", "--who", "甲", *later, "--json"))["id"]
    run("take-back", "leave", made)
    key = json.loads(run("temporary", "sports", "--name", "重保", *later, "--json"))["id"]
    run("take-back", "temporary", key)
    assert "neither somebody" in run("rotate", "sports", "--from", first, "--turn", "丙", code=1)
    run("override", "sports", "remove", *later, code=1)
