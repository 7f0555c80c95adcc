"""A register kept in Excel: what is refused and where, what a second import changes, what a stale confirmation does."""

from datetime import date
from typing import Any

import pytest

from irm.access.policy import AUTHORITY, Principal, Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.documents.tables import write_sheet
from irm.errors import Conflict, Invalid
from irm.i18n import translator
from irm.systems import importing, queries
from irm.systems.sheet import COLUMNS
from tests import make

ZH = translator("zh-CN")
PLATFORM: dict[str, Any] = {
    "code": "cloud",
    "name": "政务云平台",
    "kind": "platform",
    "owner": "大数据局",
    "level": "3",
}
OA: dict[str, Any] = {
    "code": "oa",
    "name": "协同办公系统",
    "kind": "system",
    "owner": "市政府办公室",
    "users": ["市教育局", "市财政局"],
    "platform": "cloud",
    "level": "3",
    "filed_on": date(2025, 3, 10),
    "level_fixed_on": date(2025, 3, 1),
    "user_count": 1200,
    "cii": "no",
    "internet_gov_app": True,
    "addresses": ["10.1.2.3"],
    "domains": ["oa.city.gov.cn"],
}


def sheet(*rows: dict[str, Any], only: set[str] | None = None) -> bytes:
    columns = [one for one in COLUMNS if only is None or one.name in only]
    return write_sheet(columns, rows, title="信息系统登记表", t=ZH)


async def look(tx: Tx, content: bytes, *, by: Principal | None) -> importing.Plan:
    return await importing.plan(tx, await importing.read_list(content), by=by)


async def city(tx: Tx) -> dict[str, Any]:
    made = {
        "authority": await make.organization(
            tx, AUTHORITY, code="gov-data", name="市大数据管理局", short_name="大数据局"
        )
    }
    for code, name in (("gov-office", "市政府办公室"), ("edu", "市教育局"), ("fin", "市财政局")):
        made[code] = await make.organization(tx, code=code, name=name)
    return made


async def test_a_list_comes_in_and_a_second_time_changes_nothing(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        made = await city(tx)
        content = sheet(OA, PLATFORM)  # the platform stands below what runs on it
        first = await look(tx, content, by=None)
        assert (len(first.new), first.fault_count) == (2, 0), [one.text(ZH) for one in first.faults]
        await importing.carry_out(tx, first, seen=first.digest, actor=SYSTEM, now=clock.now())
        oa, cloud = await queries.system_by_code(tx, "oa"), await queries.system_by_code(tx, "cloud")
        assert (oa.owner_id, oa.operator_id, oa.platform_id) == (made["gov-office"], made["gov-office"], cloud.id)
        assert oa.user_ids == {made["edu"], made["fin"]}
        assert (oa.level, oa.users, oa.internet_gov_app, oa.life_cycle) == (3, 1200, True, "live")
        assert [one.code for one in await queries.systems_at(tx, "oa.city.gov.cn")] == ["oa"]
        again = await look(tx, content, by=None)
        assert (len(again.new), len(again.changed), again.unchanged) == (0, 0, 2)
        with pytest.raises(Invalid):
            await importing.carry_out(tx, again, seen=None, actor=SYSTEM, now=clock.now())


async def test_only_what_differs_is_changed_and_absent_columns_stay(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await city(tx)
        first = await look(tx, sheet(PLATFORM, OA), by=None)
        await importing.carry_out(tx, first, seen=None, actor=SYSTEM, now=clock.now())
        narrow = sheet(
            OA | {"user_count": 1500, "users": ["市教育局"]},
            only={"code", "name", "owner", "user_count", "users", "filed_on"},
        )
        found = await look(tx, narrow, by=None)
        (only,) = found.changed
        assert set(only.changes) == {"users", "user_ids"}
        assert only.changes["users"] == (1200, 1500)
        await importing.carry_out(tx, found, seen=found.digest, actor=SYSTEM, now=clock.now())
        oa = await queries.system_by_code(tx, "oa")
        assert (oa.users, oa.level, oa.version, oa.platform_id is not None) == (1500, 3, 2, True)
        with pytest.raises(Conflict):
            await importing.carry_out(
                tx, await look(tx, narrow, by=None), seen=found.digest, actor=SYSTEM, now=clock.now()
            )


async def test_faults_are_named_by_cell_and_nothing_is_written(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await city(tx)
        await make.organization(tx, code="edu-2", name="市教育局")
        found = await look(
            tx,
            sheet(
                OA | {"owner": "市体育局", "platform": None, "users": []},
                OA | {"code": "bad code", "users": [], "platform": None},
                OA | {"code": "pay", "users": ["市教育局"], "platform": None},
                OA | {"code": "oa", "users": [], "platform": None},
                OA | {"code": "web", "users": [], "platform": "nowhere"},
                OA | {"code": "late", "users": [], "platform": None, "filed_on": date(2025, 2, 1)},
                OA | {"code": "net", "users": [], "platform": None, "addresses": ["10.1.2"]},
            ),
            by=None,
        )
        cells = {one.field: one.text(ZH) for one in found.faults}
        assert set(cells) == {"D2", "A3", "F4", "A5", "H6", "M7", "AA8"}
        assert "市体育局" in cells["D2"]
        assert "代码" in cells["F4"]  # two organizations of that name
        with pytest.raises(Invalid):
            await importing.carry_out(tx, found, seen=None, actor=SYSTEM, now=clock.now())
        assert await queries.register(tx) == []


async def test_a_unit_imports_its_own_and_nobody_elses(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        made = await city(tx)
        lead = await make.account(tx, made["edu"], Role.SECURITY_LEAD)
        await make.system(tx, made["fin"], code="tax", name="税务系统")
        await make.system(tx, made["fin"], code="shared", name="共享系统", user_ids=[made["edu"]])
        by = await principal_of(tx, lead.id, now=clock.now())
        assert by is not None
        own = {"code": "school", "name": "学籍系统", "owner": "edu"}
        fine = await look(tx, sheet(own, only=set(own)), by=by)
        assert (len(fine.new), fine.fault_count) == (1, 0)
        foreign = await look(
            tx,
            sheet(
                own | {"owner": "市财政局"},
                own | {"code": "tax", "name": "税务系统", "owner": "市财政局"},
                own | {"code": "shared", "name": "改名", "owner": "市财政局"},
                only=set(own),
            ),
            by=by,
        )
        assert [one.field for one in foreign.faults] == ["C2", "A3", "A4"]


async def test_a_platform_ends_only_with_what_it_carries(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await city(tx)
        first = await look(tx, sheet(PLATFORM, OA), by=None)
        await importing.carry_out(tx, first, seen=None, actor=SYSTEM, now=clock.now())
        alone = await look(tx, sheet(PLATFORM | {"life_cycle": "retired"}), by=None)
        assert [one.field for one in alone.faults] == ["X2"]
        both = await look(tx, sheet(PLATFORM | {"life_cycle": "retired"}, OA | {"life_cycle": "retired"}), by=None)
        assert both.fault_count == 0
        await importing.carry_out(tx, both, seen=both.digest, actor=SYSTEM, now=clock.now())
        assert await queries.register(tx) == []


async def test_what_is_no_list_is_said_so(db: Database) -> None:
    async with db.transaction() as tx:
        found = await look(tx, b"not a workbook", by=None)
    assert [one.field for one in found.faults] == ["file"]
