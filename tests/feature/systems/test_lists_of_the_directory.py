"""Contacts and vendors' staff as lists: shown first, written whole, taken away and brought back without a difference."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access import engagements, service
from irm.access.directory_models import EngagementRow, LiaisonRow
from irm.access.engaging import Engagement
from irm.access.keeping_contacts import Stated, enter
from irm.access.models import PersonRow
from irm.access.policy import AUTHORITY, Role
from irm.cli import main
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.documents.tables import write_sheet
from irm.i18n import translator
from irm.ledger import LedgerEntryRow
from irm.systems import liaison_list, staff_list
from tests import make
from tests.feature.systems.test_bringing_lists import brought, count

ZH = translator("zh-CN")
CONTACTS, STAFF = "/api/v1/liaisons/imports", "/api/v1/staff/imports"
PRESS = {"kind": "press", "name": "示例日报", "telephone": "000-1", "checked_on": date(2026, 11, 1)}
FIT = Engagement("HT-7（2026）1号", date(2026, 1, 1), date(2026, 12, 31), "passed", date(2025, 12, 20), "保密办")


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY, code="data", name="市数据局")
        edu = await make.organization(tx, code="edu", name="市教育局")
        vendor = await make.organization(tx, "vendor", code="cloud", name="云川公司")
        return {
            "edu": edu,
            "vendor": vendor,
            "vets": await make.account(tx, authority, Role.SECURITY_LEAD),
            "unit": await make.account(tx, edu, Role.SECURITY_LEAD),
            "own": await make.account(tx, vendor, Role.SECURITY_LEAD),
        }


def contacts(*rows: dict[str, Any]) -> bytes:
    return write_sheet(liaison_list.COLUMNS, rows, title="联络对象", t=ZH)


def staff(*rows: dict[str, Any]) -> bytes:
    return write_sheet(staff_list.COLUMNS, rows, title="人员", t=ZH)


async def looked_at(client: httpx.AsyncClient, drain: Any, content: bytes, api: str) -> tuple[str, dict[str, Any]]:
    where = await brought(client, content, api)
    await drain()
    return where, (await client.get(where)).json()


async def written(client: httpx.AsyncClient, drain: Any, content: bytes, api: str) -> dict[str, Any]:
    where, looked = await looked_at(client, drain, content, api)
    assert not looked["faults"], looked["faults"]
    answer = await client.post(f"{where}/write", json={"seen": looked["seen"]})
    assert answer.status_code == 202, answer.text
    await drain()
    return dict((await client.get(where)).json())


async def test_a_unit_brings_its_contacts_and_later_what_changed(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["unit"])
    body = {"kind": "security_body", "name": "示例安全公司", "liaison_person": "值班员", "telephone": "000-2"}
    first = await written(client, drain, contacts(PRESS, body | {"checked_on": date(2026, 10, 1)}), CONTACTS)
    assert (first["state"], first["new"]) == ("written", 2)
    again = PRESS | {"telephone": "０００－９", "checked_on": date(2026, 11, 20)}
    where, looked = await looked_at(client, drain, contacts(again), CONTACTS)
    (line,) = looked["rows"]
    assert {one["field"]: (one["before"], one["after"]) for one in line["changes"]} == {
        "telephone": ("000-1", "000-9"),
        "checked_on": ("2026-11-01", "2026-11-20"),
    }
    assert [one["name"] for one in looked["missing"]] == ["示例安全公司 值班员"]
    await client.post(f"{where}/write", json={"seen": looked["seen"]})
    await drain()
    async with db.transaction() as tx:
        rows = {row.name: row for row in await tx.scalars(select(LiaisonRow))}
    assert (rows["示例日报"].telephone, rows["示例日报"].checked_on) == ("000-9", date(2026, 11, 20))
    assert rows["示例安全公司"].retired_at is None, "what a list leaves out stays"
    assert await count(db, LedgerEntryRow.action == "liaison.changed") == 1


async def test_contacts_at_fault_are_named_by_cell(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, clock: FixedClock
) -> None:
    await sign_in(town["unit"])
    ahead = clock.now().date().replace(year=2027)
    rows = [
        PRESS | {"organization": "市数据局"},
        PRESS | {"organization": "没有的局"},
        PRESS | {"checked_on": None},
        PRESS | {"name": "甲报", "checked_on": ahead},
        PRESS | {"name": "乙报"},
        PRESS | {"name": "乙报"},
    ]
    where, looked = await looked_at(client, drain, contacts(*rows), CONTACTS)
    assert [one["field"] for one in looked["faults"]] == ["A2", "A3", "F4", "F5", "C7"]
    assert (await client.post(f"{where}/write", json={"seen": looked["seen"]})).status_code == 422


async def test_contacts_taken_away_come_back_unchanged(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        for name, telephone in (
            ("=1+1", "０００-１"),
            ("示例日报", "000-2"),
            ("示例日报", "000-3"),
            ("示例日报", "000-3"),
        ):
            stated = Stated("press", name, telephone, "")
            await enter(tx, town["edu"], stated, by=None, actor=SYSTEM, now=db.clock.now())
    await sign_in(town["unit"])
    answer = await client.get("/liaisons/export?organization=edu")
    assert answer.status_code == 200
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "d", "n"}, "no formula goes out"
    _, looked = await looked_at(client, drain, answer.content, CONTACTS)
    assert (looked["faults"], looked["new"], looked["changed"], looked["unchanged"]) == ([], 0, 0, 4)
    assert (await client.get("/api/v1/liaisons/template")).status_code == 200
    await sign_in(town["own"])
    foreign = openpyxl.load_workbook(io.BytesIO((await client.get("/api/v1/liaisons/export")).content)).active
    assert foreign is not None
    assert "示例日报" not in [cell.value for row in foreign.iter_rows() for cell in row], (
        "whose list it is not, gets none"
    )


async def test_a_vendor_names_its_people_and_the_authority_vets_them(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["own"])
    new = {"name": "工程师丙", "contract": "HT-7", "begins_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}
    vetted = {"vetting": "passed", "vetted_on": date(2025, 12, 20), "vetted_by": "保密办"}
    _, refused = await looked_at(client, drain, staff(new | vetted), STAFF)
    assert [one["field"] for one in refused["faults"]] == ["B2"], "nobody vets their own staff"
    assert (await written(client, drain, staff(new), STAFF))["new"] == 1

    await sign_in(town["vets"])
    good = vetted | {"organization": "cloud", "vetted_until": date(2027, 12, 19)}
    done = await written(client, drain, staff(new | good), STAFF)
    assert (done["new"], done["changed"]) == (0, 1)

    await sign_in(town["own"])
    _, longer = await looked_at(client, drain, staff(new | good | {"ends_on": date(2027, 12, 31)}), STAFF)
    assert [one["field"] for one in longer["faults"]] == ["B2"]
    earlier = await written(client, drain, staff(new | good | {"ends_on": date(2026, 11, 30)}), STAFF)
    assert earlier["changed"] == 1
    async with db.transaction() as tx:
        (row,) = await tx.scalars(select(EngagementRow))
    assert (row.ends_on, row.vetting, row.vetted_until) == (date(2026, 11, 30), "passed", date(2027, 12, 19))


async def test_staff_of_one_name_are_told_apart_and_come_back_unchanged(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        for _ in range(2):
            person = await service.register_person(tx, name="张伟", actor=SYSTEM, now=db.clock.now())
            await engagements.state(tx, town["vendor"], person, FIT, actor=SYSTEM, now=db.clock.now())
    await sign_in(town["vets"])
    taken = (await client.get("/api/v1/staff/export")).content
    _, looked = await looked_at(client, drain, taken, STAFF)
    assert (looked["faults"], looked["changed"], looked["unchanged"]) == ([], 0, 3), "two 张伟, and who has only a role"
    row = {"organization": "cloud", "name": "张伟", "contract": "HT-8", "begins_on": date(2026, 1, 1)}
    odd = staff(row, {**row, "name": "李四", "organization": "edu"}, {**row, "name": "王五", "begins_on": None})
    _, refused = await looked_at(client, drain, odd, STAFF)
    assert [one["field"] for one in refused["faults"]] == ["B2", "A3", "D4"]
    async with db.transaction() as tx:
        assert not list(await tx.scalars(select(PersonRow).where(PersonRow.name.in_(["李四", "王五"]))))


async def test_who_has_no_business_with_it_is_turned_away(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["unit"])
    _, looked = await looked_at(client, drain, staff({"organization": "cloud", "name": "甲", "contract": "1"}), STAFF)
    assert [one["field"] for one in looked["faults"]] == ["A2"]
    page = (await client.get("/organizations/edu/directory")).text
    assert "/liaisons/import" in page
    assert (await client.get("/liaisons/import")).status_code == 200


def test_by_command(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)

    def irm(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--json"])

    where = ("--tier", "city", "--region", "410400")
    assert irm("organization", "register", "edu", "市教育局", "--kind", "using_unit", *where).exit_code == 0
    assert irm("organization", "register", "cloud", "云川公司", "--kind", "vendor", *where).exit_code == 0
    lists = {
        "liaisons": contacts(PRESS),
        "staff": staff({"name": "甲", "contract": "1", "begins_on": date(2026, 1, 1)}),
    }
    for kind, code in (("liaisons", "edu"), ("staff", "cloud")):
        file, out = tmp_path / f"{kind}.xlsx", tmp_path / f"{kind}-out.xlsx"
        file.write_bytes(lists[kind])
        assert irm("import", kind, str(file)).exit_code == 1, "whose it is, nobody said"
        made = irm("import", kind, str(file), "--organization", code)
        assert made.exit_code == 0, made.output
        assert json.loads(made.stdout)["new"] == 1
        assert irm("export", kind, str(out), "--organization", "nobody").exit_code == 1
        assert irm("export", kind, str(out)).exit_code == 0
        again = irm("import", kind, str(out))
        assert json.loads(again.stdout)["unchanged"] == 1, again.output


def odd_book(*rows: list[Any], merge: str = "", hidden: bool = False) -> bytes:
    """A list of contacts as somebody keeps it, with what a spreadsheet can do to it."""
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    for row in ([ZH(one.title) for one in liaison_list.COLUMNS], *rows):
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    if hidden:
        made.create_sheet("看得见的").append(["没有表头"])
        sheet.sheet_state = "hidden"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


PAPER = ["edu", "新闻媒体", "示例日报", None, "000-1", "2026-11-01"]


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        (odd_book([*PAPER[:4], 10000000001, "２０２６年１１月１日"]), []),
        (odd_book([*PAPER[:4], "=A1", "2026-11-01"]), ["E2"]),
        (odd_book([*PAPER[:5], "昨天"]), ["F2"]),
        (odd_book([PAPER[0], "报社", *PAPER[2:]]), ["B2"]),
        (odd_book(PAPER, [*PAPER[:2], None, *PAPER[3:]], merge="C2:C3"), ["C2:C3"]),
        (odd_book(PAPER, hidden=True), ["file"]),
        (odd_book(), ["1"]),
        (b"\xd0\xcf\x11\xe0 an old workbook", ["file"]),
        (b"PK\x03\x04 cut off", ["file"]),
        (b"", ["file"]),
    ],
)
async def test_what_a_spreadsheet_can_do_to_a_list_is_told_at_its_cell(content: bytes, cells: list[str]) -> None:
    sheet = (await liaison_list.read_list(content)).sheet
    assert [one.field for one in sheet.faults] == cells
    if not cells:
        (row,) = sheet.rows
        assert (row["telephone"], row["checked_on"]) == ("10000000001", date(2026, 11, 1))
