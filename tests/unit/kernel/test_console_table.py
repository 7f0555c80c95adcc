"""Tables of commands in a terminal: an id can always be copied."""

from uuid import UUID

import pytest
from rich.cells import cell_len

from irm.console import Console, table

ONE, OTHER = UUID(int=1), UUID(int=2)
ROW = {"id": ONE, "name": "示例市政务云平台", "state": "waiting for a receipt of the recipient"}


def test_what_fits_stands_as_it_was_given(capsys: pytest.CaptureFixture[str]) -> None:
    table([ROW], width=120)
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "name", "state"]
    assert line.startswith(str(ONE))


def test_what_does_not_fit_keeps_its_id_whole_and_last(capsys: pytest.CaptureFixture[str]) -> None:
    table([ROW, ROW | {"id": OTHER}], width=70)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "state", "id"]
    assert [line.split()[-1] for line in lines if "000000" in line] == [str(ONE), str(OTHER)]


def test_where_nothing_fits_beside_the_id_each_row_is_a_block(capsys: pytest.CaptureFixture[str]) -> None:
    table([ROW | {"by": OTHER}], width=80)
    assert capsys.readouterr().out.splitlines() == [
        "name   示例市政务云平台",
        "state  waiting for a receipt of the recipient",
        f"id     {ONE}",
        f"by     {OTHER}",
    ]


def test_numbers_and_days_are_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    table([{"number": "CP-2026-00006", "what": "a sentence of several words to fold", "on": "2026-11-07"}], width=50)
    assert "CP-2026-00006  a sentence of" in capsys.readouterr().out.splitlines()[1]


def test_another_command_reads_every_column_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    table([ROW])
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_what_lies_inside_stands_on_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    filed = {"number": "SJ-2026-000001", "levels": {"reached": 1, "assessed": None}, "duplicates": []}
    Console(lambda: pytest.fail("not asked for")).show(filed, as_json=False)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["number", "SJ-2026-000001"],
        ["levels.reached", "1"],
        ["levels.assessed"],
        ["duplicates", "[]"],
    ]


def test_values_stand_below_each_other_beside_chinese_names(capsys: pytest.CaptureFixture[str]) -> None:
    """A Chinese character takes two columns."""
    Console(lambda: pytest.fail("asks no wiring")).show({"交班": "甲", "接班人": "乙", "id": "7"}, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert {cell_len(line[: -len(value)]) for line, value in zip(lines, ("甲", "乙", "7"), strict=True)} == {8}
