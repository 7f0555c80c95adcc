"""What a list's keeper calls the columns: said once, and the list is read as it is."""

from irm.documents.headings import Heading, folded
from irm.documents.sheets import Column, read_sheet
from irm.i18n import N_, translator
from tests.unit.documents.test_reading_sheets import book

COLUMNS = (
    Column("code", N_("Code"), "code", required=True, unique=True),
    Column("name", N_("Name"), required=True),
    Column("filed_on", N_("Day"), "date"),
)
OWN = book(["示例市信息系统台账"], ["统一编号", "系统全称 *", "备注", "Day"], ["S-1", "门户", "甲", "2026-03-01"])


def test_a_list_in_words_of_its_own_shows_them_and_is_read_once_it_is_said_what_they_mean() -> None:
    first = read_sheet(OWN, COLUMNS)
    assert not first.rows
    assert first.headings == (
        Heading("A2", "统一编号", None),
        Heading("B2", "系统全称 *", None),
        Heading("C2", "备注", None),
        Heading("D2", "Day", "filed_on"),
    )
    called = {folded("统一编号"): "code", folded("系统全称"): "name"}
    sheet = read_sheet(OWN, COLUMNS, called=called)
    assert not sheet.faults
    assert (sheet.rows[0]["code"], sheet.rows[0]["name"], sheet.rows[0].cell("name")) == ("S-1", "门户", "B3")


def test_where_no_heading_is_known_the_row_with_most_words_is_offered() -> None:
    strange = book(["台账"], ["编号甲", "全称乙", "备注丙"], ["S-1", 7, "甲"])
    sheet = read_sheet(strange, COLUMNS)
    assert [one.field for one in sheet.faults] == ["file"]
    assert [(one.cell, one.column) for one in sheet.headings] == [("A2", None), ("B2", None), ("C2", None)]


def test_what_is_called_something_else_goes_before_the_columns_own_words() -> None:
    zh = translator("zh-CN")
    content = book(["code", "旧名称", zh("Name")], ["S-1", "门户", "别名"])
    called = {folded("旧名称"): "name", folded(zh("Name")): None}
    sheet = read_sheet(content, COLUMNS, called=called)
    assert not sheet.faults
    assert sheet.rows[0]["name"] == "门户"
    assert [one.column for one in sheet.headings] == ["code", "name", None]


def test_two_headings_that_are_to_mean_one_column_are_a_fault() -> None:
    content = book(["code", "名一", "名二"], ["S-1", "甲", "乙"])
    sheet = read_sheet(content, COLUMNS, called={folded("名一"): "name", folded("名二"): "name"})
    assert [one.field for one in sheet.faults] == ["C1"]


def test_a_heading_is_known_again_whatever_its_width_and_spaces() -> None:
    assert folded("联系 电话（手机）：") == folded("联系电话(手机)")
