"""Lists from Excel and WPS, as people really keep them."""

import io
import time
import zipfile
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from irm.documents.days import day_in
from irm.documents.sheets import MOST_FAULTS, Column, read_sheet
from irm.documents.workbook import MOST_UNPACKED
from irm.i18n import N_, translator

COLUMNS = (
    Column("code", N_("Code"), "code", required=True, unique=True),
    Column("name", N_("Name"), required=True, synonyms=(N_("System"),)),
    Column("users", N_("Users"), "integer", least=0),
    Column("filed_on", N_("Day"), "date"),
    Column("cii", N_("CII"), "choice", choices={"yes": N_("yes"), "no": N_("no"), "unknown": N_("unknown")}),
    Column("tested", "Tested", "boolean"),
    Column("units", "Units", "code", many=True),
    Column("share", "Share", "decimal", most=100),
)

MORNING = datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001 - cells have no zone


def book(*rows: list[object], prepare: Any = None) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    if prepare:
        prepare(made, sheet)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def faults(content: bytes, columns: tuple[Column, ...] = COLUMNS, locale: str = "en") -> dict[str, str]:
    return {one.field: one.text(translator(locale)) for one in read_sheet(content, columns).faults}


def test_titles_are_found_in_any_order_language_and_writing() -> None:
    sheet = read_sheet(
        book(
            ["市政务云信息系统登记表"],
            [],
            ["System name".replace(" name", ""), "ＣＯＤＥ *", "编码之外", "Day（yyyy-mm-dd）"],
            ["门户", "S-1", "ignored", "2026-03-01"],
        ),
        COLUMNS,
    )
    assert not sheet.faults
    (row,) = sheet.rows
    assert (row["code"], row["name"], row["filed_on"]) == ("S-1", "门户", date(2026, 3, 1))
    assert row.cell("code") == "B4"
    assert sheet.columns == {"code", "name", "filed_on"}
    zh = translator("zh-CN")
    assert read_sheet(book([zh("Code"), f"{zh('Name')}\nName"], ["S-1", "门户"]), COLUMNS).rows[0]["name"] == "门户"


def test_titles_two_rows_deep_count_where_one_is_merged_over_both() -> None:
    def merge(_: object, sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.merge_cells("A1:A2")
        sheet.merge_cells("B1:C1")

    content = book(["Code", "About it", None], [None, "Name", "Users"], ["S-1", "Portal", 12], prepare=merge)
    sheet = read_sheet(content, COLUMNS)
    assert not sheet.faults
    assert sheet.rows[0].values == {"code": "S-1", "name": "Portal", "users": 12}


def test_every_fault_is_named_by_its_cell_at_once() -> None:
    found = faults(
        book(
            ["Code", "Name", "Users", "Day", "CII", "Tested", "Share"],
            ["A", "one", "many", "soon", "perhaps", "maybe", 101],
            ["B", None, -1, 46000, "yes", "yes", 12.5],
            ["a", "three", 1.5, "2026.2.30", "no", "no", "1,000"],
            [1234567890123456789, "four", True, "1026-01-01", None, None, "nan"],
        )
    )
    assert found == {
        "C2": "“many” is no number.",
        "D2": "“soon” is no day. Write 2026-03-01.",
        "E2": "“perhaps” is none of: yes / no / unknown.",
        "F2": "“maybe” is neither yes nor no.",
        "G2": "The number is more than 100.",
        "B3": "This is needed.",
        "C3": "The number is less than 0.",
        "D3": "“46000” is no day. Write 2026-03-01.",
        "A4": "“a” stands in A2 already.",
        "C4": "“1.5” is no whole number.",
        "D4": "“2026.2.30” is no day. Write 2026-03-01.",
        "G4": "The number is more than 100.",
        "A5": "The spreadsheet kept this as a number and may have rounded it. Format the cell as text, type it again.",
        "C5": "“True” is no number.",
        "D5": "The year 1026 cannot be meant.",
        "G5": "“nan” is no number.",
    }
    zh = faults(book(["Code", "Name", "CII"], ["A", "one", "perhaps"]), locale="zh-CN")
    assert zh["E2" if "E2" in zh else "C2"].startswith("“perhaps”不在可选范围内：是 / 否")


def test_a_row_without_fault_is_given_beside_those_with() -> None:
    sheet = read_sheet(book(["Code", "Name", "Users"], ["A", "one", "x"], ["B", "two", 2]), COLUMNS)
    assert [row["code"] for row in sheet.rows] == ["B"]
    assert sheet.fault_count == 1


def test_values_as_people_type_them() -> None:
    sheet = read_sheet(
        book(
            ["Code", "Name", "Users", "Day", "CII", "Tested", "Units", "Share"],
            [
                " Ａ－１　",
                " 政务（一期） ",
                "１２，３４５",
                "２０２６年３月１日",
                "是",
                "是",
                "U1、U2，U1；U3",
                "９９．５",
            ],
            [12, "two\r\nlines", 12.0, date(2026, 3, 1), "NO", True, 7, 1],
            ["003", "_x0041_", "0", MORNING, "unknown", 0, None, None],
        ),
        COLUMNS,
    )
    assert [str(one.message) for one in sheet.faults] == []
    first, second, third = sheet.rows
    assert first.values == {
        "code": "A-1",
        "name": "政务（一期）",
        "users": 12345,
        "filed_on": date(2026, 3, 1),
        "cii": "yes",
        "tested": True,
        "units": ("U1", "U2", "U3"),
        "share": Decimal("99.5"),
    }
    assert (second["code"], second["name"], second["users"], second["units"]) == ("12", "two\nlines", 12, ("7",))
    assert (third["code"], third["users"], third["filed_on"], third["units"]) == ("003", 0, date(2026, 3, 1), ())


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026年3月1日", date(2026, 3, 1)),
        ("2026 年 03 月 01 日", date(2026, 3, 1)),
        ("2026年3月1号", date(2026, 3, 1)),
        ("二〇二六年十二月三十一日", date(2026, 12, 31)),
        ("二零二六年十月二十日", date(2026, 10, 20)),
        ("2026.3.1", date(2026, 3, 1)),
        ("2026/03/01", date(2026, 3, 1)),
        ("2026-3-1 00:00:00", date(2026, 3, 1)),
        ("20260301", date(2026, 3, 1)),
        ("2026-13-01", None),
        ("26.3.1", None),
        ("01/03/2026", None),
        ("2026年3月", None),
        ("2026.3-1", None),
        ("年月日", None),
        ("", None),
    ],
)
def test_days(text: str, day: date | None) -> None:
    assert day_in(text) == day


@given(st.text(max_size=20))
def test_no_text_is_too_odd_for_a_day(text: str) -> None:
    assert day_in(text) is None or isinstance(day_in(text), date)


def test_a_workbook_that_counts_from_1904_says_the_same_day() -> None:
    def epoch(made: openpyxl.Workbook, _: object) -> None:
        made.epoch = CALENDAR_MAC_1904

    content = book(["Code", "Name", "Day"], ["A", "one", date(2026, 3, 1)], prepare=epoch)
    assert b"date1904" in zipfile.ZipFile(io.BytesIO(content)).read("xl/workbook.xml")
    assert read_sheet(content, COLUMNS).rows[0]["filed_on"] == date(2026, 3, 1)


def test_a_formula_gives_its_stored_result_or_a_fault() -> None:
    assert faults(book(["Code", "Name", "Users"], ["A", "one", "=1+1"])) == {
        "C2": "This is a formula without a stored result. Open and save the file, or write the value."
    }
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["Code", "Name", "Users"])
    sheet.write_row(1, 0, ["A", "one"])
    sheet.write_formula(1, 2, "=1+1", None, 2)
    sheet.write_row(2, 0, ["B", "two"])
    sheet.write_formula(2, 2, "=1/0", None, "#DIV/0!")
    made.close()
    read = read_sheet(out.getvalue(), COLUMNS)
    assert read.rows[0]["users"] == 2
    assert [(one.field, str(one.message)) for one in read.faults] == [
        ("C3", "The spreadsheet shows an error here: #DIV/0!.")
    ]


def test_merged_cells_of_the_body_are_one_fault_each() -> None:
    def merge(_: object, sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.merge_cells("B2:B4")

    content = book(["Code", "Name"], ["A", "one"], ["B", None], ["C", None], ["D", "four"], prepare=merge)
    assert faults(content) == {"B2:B4": "These cells are merged. Unmerge them and write the value in each."}
    assert [row["code"] for row in read_sheet(content, COLUMNS).rows] == ["D"]


def test_what_is_no_workbook_is_said_plainly() -> None:
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("readme.txt", "hello")
    good = book(["Code", "Name"], ["A", "one"])
    for content, words in (
        (b"", "The file is empty."),
        (b"Code,Name\nA,one\n", "This is no .xlsx file."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old kind"),
        (zipped.getvalue(), "no spreadsheet that can be read"),
        (good[: len(good) // 2], "no spreadsheet that can be read"),
        (b"PK\x03\x04" + bytes(100), "no spreadsheet that can be read"),
        (book(["Some", "Thing"], [1, 2]), "None of the first 20 rows holds the titles"),
    ):
        (message,) = faults(content).values()
        assert words in message, (content[:20], message)


def test_a_missing_column_is_named_and_nothing_else() -> None:
    assert faults(book(["Code", "Users"], ["A", "x"])) == {"1": "The column “Name” is missing."}


def test_an_empty_list_is_a_fault() -> None:
    assert faults(book(["Code", "Name"], [None, "  "])) == {"1": "Under the titles there is no row."}


def parts(content: bytes, **changed: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            key = name.rpartition("/")[2].partition(".")[0]
            new.writestr(name, changed.get(key, old.read(name)))
    return out.getvalue()


def test_bombs_are_refused_before_they_burst() -> None:
    good = book(["Code", "Name"], ["A", "one"])
    assert "far larger" in faults(parts(good, sheet1=b" " * (MOST_UNPACKED + 1)))["file"]
    assert "far larger" in faults(parts(good, styles=b" " * (17 << 20)))["file"]
    laughs = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha">]><worksheet>&b;</worksheet>'
    assert "document type" in faults(parts(good, sheet1=laughs))["file"]
    assert "no spreadsheet" in faults(parts(good, sheet1=b"<worksheet><sheetData><row r='1'>"))["file"]
    shared = shared_strings("Code", "Name", "A", "one")
    assert faults(shared) == {}
    assert "no spreadsheet" in faults(parts(shared, sharedStrings=b"<sst/>"))["file"]
    assert "document type" in faults(parts(shared, sharedStrings=laughs))["file"]


def shared_strings(*cells: str) -> bytes:
    """Two columns, as Excel and WPS keep texts: all of them once, in a part of their own."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet()
    for at, cell in enumerate(cells):
        sheet.write_string(at // 2, at % 2, cell)
    made.close()
    return out.getvalue()


def test_shared_texts_come_without_how_they_are_pronounced() -> None:
    content = shared_strings("Code", "Name", "A", "门户")
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/sharedStrings.xml").decode()
    rich = xml.replace(
        "<t>门户</t>", "<r><t>门</t></r><r><t xml:space='preserve'>户 </t></r><rPh sb='0' eb='1'><t>men</t></rPh>"
    )
    assert rich != xml
    assert read_sheet(parts(content, sharedStrings=rich.encode()), COLUMNS).rows[0]["name"] == "门户"


def test_blank_formatted_rows_to_the_end_of_the_sheet_cost_nothing() -> None:
    good = book(["Code", "Name"], ["A", "one"])
    xml = zipfile.ZipFile(io.BytesIO(good)).read("xl/worksheets/sheet1.xml")
    blank = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in (*range(3, 20_000), 1_048_576))
    sheet = read_sheet(parts(good, sheet1=xml.replace(b"</sheetData>", blank + b"</sheetData>")), COLUMNS)
    assert len(sheet.rows) == 1
    assert not sheet.faults


def test_fifty_thousand_rows_are_read_and_one_more_is_not() -> None:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["Code", "Name", "Users", "Day", "CII", "Tested"])
    for number in range(50_001):
        sheet.write_row(number + 1, 0, [f"S-{number}", f"系统 {number}", number, "2026年3月1日", "no", "yes"])
    made.close()
    begun = time.process_time()
    read = read_sheet(out.getvalue(), COLUMNS)
    assert time.process_time() - begun < 20  # 3 s on the machine where this was written
    assert len(read.rows) == 50_000
    assert [(one.field, str(one.message)) for one in read.faults] == [("50002", "Too many rows: at most 50000.")]


def test_faults_are_counted_beyond_those_listed() -> None:
    rows = [["A", "one", "x"]] + [[f"S-{n}", "name", "x"] for n in range(500)]
    read = read_sheet(book(["Code", "Name", "Users"], *rows), COLUMNS)
    assert len(read.faults) == MOST_FAULTS
    assert read.fault_count == 501


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    assert read_sheet(b"PK\x03\x04" + content, COLUMNS).faults


def test_hidden_sheets_are_passed_over_and_the_fitting_one_is_taken() -> None:
    def more(made: openpyxl.Workbook, sheet: openpyxl.worksheet.worksheet.Worksheet) -> None:
        sheet.sheet_state = "hidden"
        other = made.create_sheet("说明")
        other.append(["Code"])
        third = made.create_sheet("清单")
        third.append(["Code", "Name"])
        third.append(["B", "two"])
        made.active = 1

    read = read_sheet(book(["Code", "Name"], ["A", "one"], prepare=more), COLUMNS)
    assert (read.title, [row["code"] for row in read.rows]) == ("清单", ["B"])
