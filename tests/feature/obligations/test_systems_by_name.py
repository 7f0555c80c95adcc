"""Duties about systems are read by the system's name, and the calendar's list can be taken away."""

import csv
import io
from datetime import date
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import Database
from irm.notify.models import DeliveryRow
from tests import make

NAME, CODE = "医疗保障信息平台", "insurance"
MONTH = {"first": "2026-12-01", "last": "2026-12-31"}


@pytest.fixture
async def lead(client: httpx.AsyncClient, sign_in: Any, db: Database, drain: Any) -> httpx.AsyncClient:
    async with db.transaction() as tx:
        await make.organization(tx, AUTHORITY)
        await make.organization(tx, "public_security", joined=False)
        unit, other = await make.organization(tx), await make.organization(tx)
        await make.system(tx, unit, code=CODE, name=NAME, level_fixed_on=date(2026, 11, 2), live_on=date(2026, 11, 1))
        await make.system(tx, other, code="foreign", name="他人系统", level_fixed_on=date(2026, 11, 2))
        account = await make.account(tx, unit, Role.SECURITY_LEAD, sms="", email="")
        by_sms = await make.person(tx, unit, Role.DUTY_OFFICER)
        for one in (account.person_id, by_sms):
            await make.duty(tx, unit, one, hours=24 * 30)
    await drain()
    return await sign_in(account)  # type: ignore[no-any-return]  # the fixture's own type is looser


async def test_board_calendar_and_list_say_the_name(lead: httpx.AsyncClient) -> None:
    for path in ("/", "/calendar?month=2026-12", "/obligations"):
        page = await lead.get(path, headers={"accept": "text/html"}, follow_redirects=True)
        assert NAME in page.text, path
    listed = (await lead.get("/api/v1/calendar", params=MONTH)).json()["obligations"]
    about_systems = {(one["number"], one["about"]) for one in listed if one["subject"].startswith("system/")}
    assert about_systems == {(CODE, NAME)}


async def test_a_report_about_a_system_says_the_name(lead: httpx.AsyncClient) -> None:
    listed = (await lead.get("/api/v1/calendar", params=MONTH)).json()["obligations"]
    duty = next(one["id"] for one in listed if one["form"] == "mlps_filing" and one["id"])
    written = await lead.post(f"/obligations/{duty}/report", follow_redirects=True)
    assert written.status_code == 200, written.text
    assert NAME in written.text
    assert CODE in written.text, "the code stands beside the name"


async def test_the_list_goes_with_every_column(lead: httpx.AsyncClient) -> None:
    answer = await lead.get("/api/v1/calendar/export", params=MONTH | {"form": "csv"})
    assert answer.status_code == 200, answer.text
    head, *lines = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    (filing,) = [
        row for row in rows if "备案" in row["应办事项"] and "30" in row["应办事项"] and "四" not in row["应办事项"]
    ]
    assert (filing["信息系统或对象"], filing["代码或编号"]) == (NAME, CODE)
    assert "第十五条" in filing["条款"]
    assert filing["时限"] == "2026-12-02"
    assert "/obligations/" in filing["系统内地址"]
    assert not [row for row in rows if row["信息系统或对象"] == "他人系统"], "what others owe is not the reader's"
    book = load_workbook(io.BytesIO((await lead.get("/calendar/export?month=2026-12&form=xlsx")).content))
    cells = {str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row}
    assert {NAME, CODE} <= cells
    assert book.worksheets[0].max_row == len(rows) + 1
    only = await lead.get("/api/v1/calendar/export", params=MONTH | {"form": "csv", "status": "met"})
    assert len(list(csv.reader(io.StringIO(only.content.decode("utf-8-sig"))))) == 1
    assert (await lead.get("/api/v1/calendar/export", params=MONTH | {"form": "pdf"})).status_code == 422
    long = MONTH | {"last": "2029-12-31"}
    assert (await lead.get("/api/v1/calendar/export", params=long)).status_code == 422


async def test_a_reminder_names_the_system_only_within_irm(
    lead: httpx.AsyncClient, db: Database, clock: FixedClock, drain: Any
) -> None:
    clock.tick(days=10)
    await drain()
    async with db.transaction() as tx:
        sent = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.purpose == "reminder")))
    inside = [row for row in sent if row.channel == "in_app"]
    outside = [row for row in sent if row.channel != "in_app"]
    about_it = [row for row in inside if row.about == CODE]
    assert about_it
    assert all(NAME in row.title + row.body for row in about_it)
    assert [row for row in outside if CODE in row.title]
    assert not [row for row in outside if NAME in row.title + row.body]
