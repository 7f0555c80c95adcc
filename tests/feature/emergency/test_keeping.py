"""The sheet in its folder outside: kept, refused, too old; and on the page of whoever prints it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from irm import doctor, schedule
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.emergency.queries import FAILED, WRITTEN
from irm.ledger import LedgerEntryRow
from irm.wiring import RECURRING
from tests import make
from tests.conftest import Drain

HTML = {"accept": "text/html"}


class Desk:
    def __init__(self, officer: make.Account, unit: make.Account) -> None:
        self.officer, self.unit = officer, unit


@pytest.fixture
async def desk(db: Database) -> Desk:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority", name="示例市数据局")
        first, second = (
            await make.organization(tx, name="示例市文旅局"),
            await make.organization(tx, name="示例市民政局"),
        )
        await make.organization(tx, "cyberspace_office", name="示例市网信办", joined=False, fax="0375-2000002")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        unit = await make.account(tx, first, Role.DUTY_OFFICER)
        other = await make.account(tx, second, Role.DUTY_OFFICER, sms="13955550000")
        for one in (officer, unit, other):
            await make.duty(tx, one.organization_id, one.person_id)
        return Desk(officer, unit)


async def minute(db: Database, clock: FixedClock, drain: Drain) -> None:
    async with db.transaction(SYSTEM) as tx:
        await schedule.write(tx, [each for each in RECURRING if each.name == "emergency.write_sheet"], clock.now())
    await drain()


async def entries(db: Database, action: str) -> list[LedgerEntryRow]:
    async with db.transaction() as tx:
        return list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == action)))


async def red(sign_in: Any, account: make.Account) -> list[dict[str, Any]]:
    board = (await (await sign_in(account)).get("/api/v1/board")).json()
    return [need for need in board["needs"] if need["kind"] == "sheet"]


async def test_it_is_written_once_and_again_the_next_day(
    db: Database, clock: FixedClock, drain: Drain, settings: Settings, tmp_path: Path, desk: Desk, sign_in: Any
) -> None:
    settings.sheet_dir = tmp_path
    for _ in range(3):
        await minute(db, clock, drain)
        clock.tick(minutes=1)
    assert len(await entries(db, WRITTEN)) == 1
    assert await red(sign_in, desk.officer) == []
    clock.tick(hours=24)
    await minute(db, clock, drain)
    assert len(await entries(db, WRITTEN)) == 2
    assert await red(sign_in, desk.officer) == []
    clock.tick(hours=26)
    [need] = await red(sign_in, desk.officer)
    assert "已过期" in need["reasons"][0]


async def test_a_share_that_is_gone_is_red_until_it_is_back(
    db: Database, clock: FixedClock, drain: Drain, settings: Settings, tmp_path: Path, desk: Desk, sign_in: Any
) -> None:
    settings.sheet_dir = tmp_path / "share"
    await minute(db, clock, drain)
    clock.tick(minutes=2)
    await minute(db, clock, drain)
    assert len(await entries(db, FAILED)) == 1, "said once, tried again and again"
    [need] = await red(sign_in, desk.officer)
    assert "挂载" in need["reasons"][0]
    page = (await (await sign_in(desk.officer)).get("/emergency-sheet", headers=HTML)).text
    assert "最近一次外部保存失败" in page
    [finding] = [one for one in await doctor.look(settings) if one.check == doctor.SHEET]
    assert finding.state == "broken"
    settings.sheet_dir.mkdir(mode=0o700)
    clock.tick(minutes=30)
    await drain()
    assert len(await entries(db, WRITTEN)) == 1
    assert await red(sign_in, desk.officer) == []


async def test_a_city_that_keeps_none_is_told_by_the_doctor(
    db: Database, clock: FixedClock, drain: Drain, settings: Settings, desk: Desk, sign_in: Any
) -> None:
    await minute(db, clock, drain)
    assert await entries(db, WRITTEN) == await entries(db, FAILED) == []
    assert await red(sign_in, desk.officer) == []
    [finding] = [one for one in await doctor.look(settings) if one.check == doctor.SHEET]
    assert finding.state == "weak"


async def test_everybody_prints_as_far_as_they_see(sign_in: Any, desk: Desk) -> None:
    whole = (await (await sign_in(desk.officer)).get("/emergency-sheet", headers=HTML)).text
    assert "13955550000" in whole
    own = await sign_in(desk.unit)
    page = (await own.get("/emergency-sheet", headers=HTML)).text
    assert "示例市数据局" in page
    assert "0375-2000002" in page, "whom to report to is everybody's to know"
    assert "13955550000" not in page, "another unit's duty officer is not"
    file = await own.get("/emergency-sheet.html", headers=HTML)
    assert file.headers["content-disposition"].startswith("attachment")
    assert "13955550000" not in file.text
    wire = (await own.get("/api/v1/emergency-sheet")).json()
    assert "示例市民政局" not in [one["organization"] for one in wire["duty"]]
    pdf = await own.get("/emergency-sheet.pdf", headers=HTML)
    assert pdf.content.startswith(b"%PDF")
