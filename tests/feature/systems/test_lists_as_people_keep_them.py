"""Workbooks as they come in, through the register's own door: what is read for what it says, and what is refused where."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.i18n import translator
from irm.systems import importing, queries
from tests import make
from tests.feature.systems.test_import import city

ZH = translator("zh-CN")
NAMES = ["code", "name", "kind", "owner", "level", "level_fixed_on", "user_count", "addresses"]
Prepare = Callable[[openpyxl.Workbook, Worksheet], None]


def titles(*names: str) -> list[str]:
    return [ZH(importing.COLUMNS[[one.name for one in importing.COLUMNS].index(name)].title) for name in names]


def book(*rows: list[Any], head: list[str] | None = None, prepare: Prepare | None = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    for row in (head or titles(*NAMES), *rows):
        sheet.append(row)
    if prepare:
        prepare(made, sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def row(code: str = "oa", **more: Any) -> list[Any]:
    given: dict[str, Any] = {
        "code": code,
        "name": f"{code} 系统",
        "kind": "信息系统",
        "owner": "市教育局",
        "level": "第三级",
        "level_fixed_on": date(2025, 3, 1),
        "user_count": 1200,
        "addresses": "10.1.2.3",
    } | more
    return [given[name] for name in NAMES]


@pytest.fixture(autouse=True)
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction() as tx:
        return await city(tx)


async def looked(db: Database, content: bytes) -> importing.Plan:
    async with db.transaction() as tx:
        return await importing.plan(tx, await importing.read_list(content), by=None)


async def faults(db: Database, content: bytes) -> dict[str, str]:
    made = await looked(db, content)
    assert made.fault_count == len(made.faults)
    return {one.field: one.text(ZH) for one in made.faults}


async def taken(db: Database, clock: FixedClock, content: bytes) -> list[queries.System]:
    async with db.transaction() as tx:
        made = await importing.plan(tx, await importing.read_list(content), by=None)
        assert [f"{one.field} {one.text(ZH)}" for one in made.faults] == []
        await importing.carry_out(tx, made, seen=made.digest, actor=SYSTEM, now=clock.now())
        return [await queries.system_by_code(tx, one.entry.code) for one in made.rows]


async def test_full_width_figures_days_and_codes_are_what_they_say(db: Database, clock: FixedClock) -> None:
    (one,) = await taken(
        db,
        clock,
        book(
            row(
                "ｏａ－０１",
                name="ＯＡ 系统",
                level="３",
                level_fixed_on="２０２５年３月１日",
                user_count="１２，０００",
                addresses="１０．１．２．３",
            )
        ),
    )
    assert (one.code, one.level, one.users) == ("oa-01", 3, 12_000)
    assert one.level_fixed_on == date(2025, 3, 1)
    # The same code in other characters is the same system.
    again = await looked(db, book(row("oa-01", name="ＯＡ 系统", user_count=12_000)))
    assert (len(again.new), len(again.changed), again.unchanged) == (0, 0, 1), [each.changes for each in again.changed]


async def test_a_formula_counts_with_its_stored_value_and_is_a_fault_without(db: Database, clock: FixedClock) -> None:
    # openpyxl writes formulas without results, as programs do that cannot calculate.
    bare = book(row(user_count="=SUM(1,2)"), row("pay", name="=A3"))
    found = await faults(db, bare)
    assert set(found) == {"G2", "B3"}
    assert all("公式" in text for text in found.values())

    stored = _with_results(bare, {"G2": ("", "3"), "B3": ("str", "缴费系统")})
    oa, pay = await taken(db, clock, stored)
    assert (oa.users, pay.name) == (3, "缴费系统")
    broken = await faults(db, _with_results(bare, {"G2": ("e", "#REF!"), "B3": ("str", "缴费系统")}))
    assert set(broken) == {"G2"}
    assert "#REF!" in broken["G2"]


def _with_results(content: bytes, results: dict[str, tuple[str, str]]) -> bytes:
    """As Excel saves it: each formula with what it came to."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for part in source.infolist():
            data = source.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                text = data.decode()
                for cell, (kind, value) in results.items():
                    start = text.index(f'<c r="{cell}"')
                    end = text.index("</c>", start)
                    inner = text[start:end]
                    head, _, rest = inner.partition(">")
                    typed = f' t="{kind}"' if kind else ""
                    formula = rest[: rest.index("</f>") + 4]
                    text = text[:start] + f"{head.partition(' t=')[0]}{typed}>{formula}<v>{value}</v>" + text[end:]
                data = text.encode()
            target.writestr(part, data)
    return out.getvalue()


async def test_merged_cells_over_rows_are_named_as_one_range(db: Database, clock: FixedClock) -> None:
    def owner_over_both(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.merge_cells("D2:D3")

    found = await faults(db, book(row("oa"), row("pay"), prepare=owner_over_both))
    assert list(found) == ["D2:D3"]

    def banner(_: openpyxl.Workbook, sheet: Worksheet) -> None:
        sheet.insert_rows(1)
        sheet["A1"] = "全市政务信息系统登记表"
        sheet.merge_cells("A1:H1")

    assert [one.code for one in await taken(db, clock, book(row("oa"), prepare=banner))] == ["oa"]


async def test_a_workbook_that_counts_from_1904_says_the_same_day(db: Database, clock: FixedClock) -> None:
    def mac(made: openpyxl.Workbook, sheet: Worksheet) -> None:
        made.epoch = CALENDAR_MAC_1904
        sheet["F2"] = datetime(2025, 3, 1)  # noqa: DTZ001 - cells have no zone

    (one,) = await taken(db, clock, book(row(), prepare=mac))
    assert one.level_fixed_on == date(2025, 3, 1)


async def test_a_code_stands_once_in_the_list_and_names_one_system_of_the_register(
    db: Database, clock: FixedClock, town: dict[str, Any]
) -> None:
    found = await faults(db, book(row("oa"), row("pay"), row("ＯＡ", name="另一个")))
    assert set(found) == {"A4"}
    assert "A2" in found["A4"]
    # In the register: the row is that system's, and says what would differ, instead of a second one.
    async with db.transaction() as tx:
        await make.system(tx, town["edu"], code="oa", name="旧名", level=3)
    made = await looked(db, book(row("oa")))
    (change,) = made.changed
    assert change.changes["name"] == ("旧名", "oa 系统")
    assert not made.new


async def test_empty_rows_and_hidden_sheets_are_passed_over(db: Database, clock: FixedClock) -> None:
    def around(made: openpyxl.Workbook, sheet: Worksheet) -> None:
        for number in range(5, 400):
            sheet.cell(number, 2).value = " "
        hidden = made.create_sheet("旧表", 0)
        hidden.append(titles(*NAMES))
        hidden.append(row("ghost"))
        hidden.sheet_state = "hidden"

    rows = await taken(db, clock, book(row("oa"), row("pay"), prepare=around))
    assert [one.code for one in rows] == ["oa", "pay"]


async def test_a_renamed_title_is_unknown_a_missing_one_is_named_a_doubled_one_is_a_fault(db: Database) -> None:
    head = titles(*NAMES)
    renamed = await faults(db, book(row(), head=[*head[:3], "归口管理处室", *head[4:]]))
    assert list(renamed) == ["1"]
    assert head[3] in renamed["1"]
    # A column that is not required and bears another name is as if it were not there: it empties nothing.
    made = await looked(db, book(row(), head=[*head[:6], "大概多少人用", head[7]]))
    assert made.rows[0].entry.users is None
    assert made.fault_count == 0
    doubled = await faults(db, book([*row(), "另一个名称"], head=[*head, head[1]]))
    assert list(doubled) == ["I1"]
    assert "B1" in doubled["I1"]


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(row()))) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            if part.filename != "xl/worksheets/sheet1.xml":
                target.writestr(part, source.read(part))
        with target.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(300):
                sheet.write(b" " * 1_000_000)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "word"),
    [
        pytest.param(lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls", id="old Excel"),
        pytest.param("系统代码,系统名称\noa,协同办公".encode, ".xlsx", id="csv"),
        pytest.param(lambda: book(row())[:-600], "损坏", id="cut off"),
        pytest.param(_bomb, "解压", id="zip bomb"),
        pytest.param(lambda: b"", "空", id="empty"),
    ],
)
async def test_what_only_bears_the_name_of_a_list_is_said_so(
    db: Database, content: Callable[[], bytes], word: str
) -> None:
    found = await faults(db, content())
    assert list(found) == ["file"]
    assert word in found["file"]
