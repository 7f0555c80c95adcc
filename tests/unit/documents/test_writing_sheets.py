"""Lists to take away, and templates to fill in."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl

from irm.documents.sheets import Column, read_sheet
from irm.documents.tables import Page, write_pages, write_sheet, write_template
from irm.i18n import N_, translator

COLUMNS = (
    Column("code", N_("Code"), "code", required=True, unique=True),
    Column("name", N_("Name"), required=True),
    Column("users", N_("Users"), "integer"),
    Column("filed_on", N_("Day"), "date"),
    Column("cii", N_("CII"), "choice", choices={"yes": N_("yes"), "no": N_("no")}),
    Column("tested", "Tested", "boolean"),
    Column("units", "Units", "code", many=True),
)
ROWS = [
    {"code": "S-1", "name": "=1+1", "users": 3, "filed_on": date(2026, 3, 1), "cii": "yes", "tested": True},
    {"code": "003", "name": "@sum", "users": None, "filed_on": None, "cii": "no", "tested": False, "units": ("A", "B")},
]


def test_what_is_written_reads_back_unchanged_in_both_languages() -> None:
    for locale in ("zh-CN", "en"):
        sheet = read_sheet(write_sheet(COLUMNS, ROWS, title="登记", t=translator(locale)), COLUMNS)
        assert not sheet.faults
        for row, before in zip(sheet.rows, ROWS, strict=True):
            assert {name: row[name] or before.get(name) for name in before} == before
            assert row["code"] == before["code"]


def test_text_stays_text_whatever_it_begins_with() -> None:
    content = write_pages([Page("p", ["a"], [["=HYPERLINK(1)"], ["+1"], ["-1"], ["@x"], ["http://x"], ["007"]])])
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in xml
    assert b"hyperlink" not in xml.lower()
    cells = [cell.value for (cell,) in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(min_row=2)]
    assert cells == ["=HYPERLINK(1)", "+1", "-1", "@x", "http://x", "007"]
    assert b"quotePrefix" in zipfile.ZipFile(io.BytesIO(content)).read("xl/styles.xml")


def test_equal_content_is_equal_bytes() -> None:
    def once() -> bytes:
        return write_sheet(COLUMNS, ROWS, title="登记", t=translator("zh-CN"))

    assert once() == once()
    assert all(part.date_time == (1980, 1, 1, 0, 0, 0) for part in zipfile.ZipFile(io.BytesIO(once())).infolist())
    template = write_template(COLUMNS, title="登记", t=translator("zh-CN"), lists={"code": ["x" * 9] * 90})
    assert template == write_template(COLUMNS, title="登记", t=translator("zh-CN"), lists={"code": ["x" * 9] * 90})


def test_values_keep_their_kind() -> None:
    moment = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    content = write_pages([Page("p", ["a"], [[moment], [date(2026, 3, 1)], [12], [Decimal("1.5")], [True], [None]])])
    cells = [cell.value for (cell,) in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(min_row=2)]
    assert cells[0].isoformat() == "2026-03-02T00:30:00"
    assert [str(cells[1].date()), *cells[2:]] == ["2026-03-01", 12, 1.5, True, None]


def test_names_of_sheets_are_made_to_fit() -> None:
    content = write_pages(
        [Page("A/B:" + "长" * 40, ["a"], []), Page("A/B:" + "长" * 40, ["a"], []), Page("''", [], [])]
    )
    names = openpyxl.load_workbook(io.BytesIO(content)).sheetnames
    assert len(set(names)) == 3
    assert all(0 < len(name) <= 31 for name in names)


def test_a_template_explains_itself_and_offers_lists() -> None:
    zh = translator("zh-CN")
    content = write_template(COLUMNS, title="登记", t=zh, lists={"name": [f"单位-{n:04}" for n in range(200)]})
    made = openpyxl.load_workbook(io.BytesIO(content))
    sheet = made.worksheets[0]
    assert sheet["A1"].value.startswith("*")
    assert "Code" in sheet["A1"].value
    assert zh("This is needed.") in sheet["A1"].comment.text
    rules = {str(rule.sqref).partition(":")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert rules["E2"] == f'"{zh("yes")},{zh("no")}"'
    assert rules["B2"].endswith("!$B$2:$B$201")
    assert made.worksheets[1]["B2"].value == "单位-0000"
    sheet["A2"], sheet["B2"], sheet["E2"] = "S-1", "单位-0007", zh("yes")
    out = io.BytesIO()
    made.save(out)
    read = read_sheet(out.getvalue(), COLUMNS)
    assert not read.faults
    assert read.rows[0].values["cii"] == "yes"
