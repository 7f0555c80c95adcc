"""A month's 值班表 as a city's office writes it."""

import io
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook

from irm.notify.rosters.month_file import day_of, read_month

NOVEMBER = date(2026, 11, 1)


def table(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]  # a new book has a sheet
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("text", ["2026-11-05", "2026年11月5日", "11月5日", "11/5", "5日", "5", "５", "5号"])
def test_a_day_is_read_as_it_is_written(text: str) -> None:
    assert day_of(text, NOVEMBER) == date(2026, 11, 5)


@pytest.mark.parametrize("text", ["", "31", "10月5日", "2025-11-05", "五一", "0"])
def test_what_is_no_day_of_the_month_is_none(text: str) -> None:
    assert day_of(text, NOVEMBER) is None


def test_a_table_of_the_office_is_read_with_its_own_titles() -> None:
    file = read_month(
        table(
            ("市数据局11月值班表",),
            ("日期", "星期", "带班领导", "值班人员", "联系电话", "备注"),
            ("11月1日", "日", "王局长", "张三、李四", "13900000001 13900000002", ""),
            (2, "一", "王局长", "王五", "", "工作日"),
        ),
        NOVEMBER,
    )
    assert not file.faults
    assert file.columns == {"leader", "day"}
    assert [each.day.day for each in file.lines] == [1, 2]
    assert [each.name for each in file.lines[0].seats["day"]] == ["张三", "李四"]
    assert {each.cell for each in file.lines[0].seats["day"]} == {"D3"}
    assert file.lines[0].telephones == ("13900000001", "13900000002")


def test_faults_are_named_by_their_cell() -> None:
    file = read_month(
        table(("日期", "值班员"), ("11月1日", "张三"), ("11月1日", "李四"), ("12月1日", "王五")), NOVEMBER
    )
    assert [each.field for each in file.faults] == ["A3", "A4"]
    assert [each.field for each in read_month(table(("日期", "备注"), ("1", "x")), NOVEMBER).faults] == ["file"]
    assert [each.field for each in read_month(b"no workbook", NOVEMBER).faults] == ["file"]
