"""A form of somebody else, filled: only placeholders change, and what cannot be filled is named with its place."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import docx
import openpyxl
import pytest
from openpyxl.styles import Font

from irm.documents.form_filling import fill
from irm.documents.placeholders import Values
from irm.errors import Invalid
from irm.i18n import translator

ROWS: list[Mapping[str, str | int]] = [
    {"no": 1, "label": "第三级", "n": 5},
    {"no": 2, "label": "第二级", "n": 2},
]
VALUES = Values(
    {"year": 2026, "organization": "示例局", "systems.text": "第一行\n=SUM(A1)", "trap": "{{ year }}", "odd": "a\x00b"},
    {"systems.by_level": ROWS, "systems.nothing": []},
    {"systems.by_level": frozenset({"no", "label", "n"}), "systems.nothing": frozenset({"no", "label", "n"})},
)


def word(*paragraphs: str, table: list[list[str]] | None = None) -> docx.document.Document:
    made = docx.Document()
    for each in paragraphs:
        made.add_paragraph(each)
    if table:
        grid = made.add_table(len(table), len(table[0]))
        for row, texts in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    return made


def saved(made: Any) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def read(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def refused(content: bytes, locale: str = "zh-CN") -> list[str]:
    with pytest.raises(Invalid) as caught:
        fill(content, VALUES)
    return [each.text(translator(locale)) for each in caught.value.errors]


def test_a_word_form_keeps_its_look_and_says_the_figures() -> None:
    made = word()
    line = made.add_paragraph()
    for part, bold in (("填报单位：{{ organ", True), ("ization", False), (" }}，", False), ("{{year}} 年", True)):
        line.add_run(part).bold = bold
    made.sections[0].header.paragraphs[0].text = "{{ organization }}"
    made.add_paragraph("\uff5b\uff5b year \uff5d\uff5d年")
    made.add_paragraph("没有占位符")
    done, kind = fill(saved(made), VALUES)
    assert kind == "docx"
    found = read(done)
    assert [each.text for each in found.paragraphs] == ["填报单位：示例局，2026 年", "2026年", "没有占位符"]
    assert [each.bold for each in found.paragraphs[0].runs] == [True, False, False, True]
    assert found.sections[0].header.paragraphs[0].text == "示例局"


def test_a_row_of_a_word_table_is_repeated_for_each_line() -> None:
    names = ["{{ row.systems.by_level.no }}", "{{ row.systems.by_level.label }}", "{{row.systems.by_level.n}} 个"]
    content = saved(word(table=[["序号", "级别", "数量"], names, ["合计", "{{ year }}", ""]]))
    found = read(fill(content, VALUES)[0])
    assert [[cell.text for cell in row.cells] for row in found.tables[0].rows] == [
        ["序号", "级别", "数量"],
        ["1", "第三级", "5 个"],
        ["2", "第二级", "2 个"],
        ["合计", "2026", ""],
    ]
    empty = saved(word(table=[["{{ row.systems.nothing.no }}", "{{ row.systems.nothing.label }}"]]))
    assert [cell.text for cell in read(fill(empty, VALUES)[0]).tables[0].rows[0].cells] == ["", "—"]


def test_lines_of_a_text_stay_lines_and_a_value_is_never_read_as_a_placeholder() -> None:
    found = read(fill(saved(word("{{ systems.text }}", "{{ trap }}", "{{ odd }}")), VALUES)[0])
    assert [each.text for each in found.paragraphs] == ["第一行\n=SUM(A1)", "{{ year }}", "ab"]
    row = [["{{ trap }}", "{{ row.systems.by_level.label }}"]]
    table = read(fill(saved(word(table=row)), VALUES)[0]).tables[0]
    assert [cell.text for cell in table.rows[1].cells] == ["{{ year }}", "第二级"]


def test_every_place_at_fault_is_named_at_once() -> None:
    content = saved(
        word(
            "{{ year }}",
            "{{ yaer }}",
            "{{ organization.__class__ }}",
            "{{ row.systems.by_level.n }}",
            "{{ year",
            table=[["{{ row.systems.by_level.n }}", "{{ row.systems.nothing.n }}"]],
        )
    )
    assert refused(content) == [
        "第 2 段：没有占位符“yaer”，是否应为“year”？",
        "第 3 段：没有占位符“organization.__class__”，是否应为“organization”？",
        "第 4 段：“row.systems.by_level.n”只能写在表格的行中。",
        "第 5 段：有多余的双花括号，占位符应写成“{{ 名称 }}”。",
        "第 7 段：同一行用了两张表的占位符。",
    ]
    assert refused(content, "en")[0] == "Paragraph 2: there is no placeholder “yaer”. Is “year” meant?"


@pytest.mark.parametrize(
    "expression", ["{{ 7*7 }}", "{{ year.__class__.__mro__ }}", "{{ ''.join }}", "{% for x in y %}{{ x }}"]
)
def test_a_form_holds_names_and_no_program(expression: str) -> None:
    with pytest.raises(Invalid):
        fill(saved(word(expression)), VALUES)


def book(cells: Mapping[str, Any], merged: tuple[str, ...] = ()) -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "汇总"
    for at, value in cells.items():
        sheet[at] = value
    for each in merged:
        sheet.merge_cells(each)
    return made


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_a_spreadsheet_form_gets_numbers_as_numbers_and_text_as_text() -> None:
    made = book({"A1": "{{ organization }}{{ year }} 年度", "B2": "{{ year }}", "C3": "{{ systems.text }}", "D4": 7})
    made["汇总"]["B2"].font = Font(bold=True)
    made["汇总"]["E5"] = "=B2+1"
    done, kind = fill(saved(made), VALUES)
    sheet = opened(done)["汇总"]
    assert kind == "xlsx"
    assert (sheet["A1"].value, sheet["B2"].value, sheet["D4"].value) == ("示例局2026 年度", 2026, 7)
    assert sheet["B2"].font.bold
    assert (sheet["C3"].value, sheet["C3"].data_type) == ("第一行\n=SUM(A1)", "s")
    assert sheet["E5"].value == "=B2+1"


def test_a_row_of_a_spreadsheet_is_repeated_and_the_rest_moves_down() -> None:
    made = book(
        {
            "A1": "级别",
            "A2": "{{ row.systems.by_level.label }}",
            "C2": "{{ row.systems.by_level.n }}",
            "A3": "填表人",
            "A5": "{{ year }}",
        },
        merged=("A2:B2", "A3:C4", "A1:B1"),
    )
    made["汇总"].row_dimensions[3].height = 40
    made["汇总"].print_area = "A1:C5"
    sheet = opened(fill(saved(made), VALUES)[0])["汇总"]
    assert [[cell.value for cell in row] for row in sheet["A1:C6"]] == [
        ["级别", None, None],
        ["第三级", None, 5],
        ["第二级", None, 2],
        ["填表人", None, None],
        [None, None, None],
        [2026, None, None],
    ]
    assert sorted(str(each) for each in sheet.merged_cells.ranges) == ["A1:B1", "A2:B2", "A3:B3", "A4:C5"]
    assert sheet.row_dimensions[4].height == 40
    assert not sheet.print_area, "the empty form's area would cut the list off"


def test_what_a_repeated_row_would_break_is_refused() -> None:
    cells = {"A2": "{{ row.systems.by_level.label }}", "B2": "{{ nothing_like_it }}"}
    assert refused(saved(book(cells | {"B3": "=SUM(A1:A2)"}))) == [
        "单元格 汇总!B2：没有占位符“nothing_like_it”。",
        "工作表“汇总”：有逐条重复的行时，同一工作表不能含公式或“表格”对象。",
    ]
    merged = refused(saved(book({"A2": cells["A2"]}, merged=("A2:A3",))))
    assert merged == ["工作表“汇总”：逐条重复的行与上下行有合并单元格。"]


def test_the_same_form_gives_the_same_bytes() -> None:
    for form in (saved(word("{{ year }}")), saved(book({"A1": "{{ year }}"}))):
        assert fill(form, VALUES) == fill(form, VALUES)


def changed(content: bytes, **parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        kept = {name: old.read(name) for name in old.namelist()}
        for name, part in {
            **kept,
            **{name.replace("__", "/").replace("--", "."): part for name, part in parts.items()},
        }.items():
            new.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件为空"),
        (b"hello", "不是 .docx 或 .xlsx"),
        (b"\xd0\xcf\x11\xe0 old", "旧版文件"),
        (saved(word("nothing")), "没有占位符"),
        (changed(saved(word("{{ year }}")), **{"word__vbaProject--bin": b"x"}), "宏"),
        (
            changed(saved(word("{{ year }}")), **{"word__footer1--xml": b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}),
            "文档类型",
        ),
        (changed(saved(word("{{ year }}")), **{"word__document--xml": b"<broken"}), "已损坏"),
        (saved(word("{{ year }}"))[:-40], "已损坏"),
    ],
)
def test_what_is_no_form_is_said(content: bytes, said: str) -> None:
    (fault,) = refused(content)
    assert said in fault
