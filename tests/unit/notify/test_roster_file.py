"""A roster as people save it: every fault by line and column, nothing guessed."""

import pytest
from hypothesis import given, strategies as st

from irm.clock import SHANGHAI
from irm.notify.roster_file import decoded, read

LABELS = {"单位代码": "organization", "日期": "day", "开始": "starts", "结束": "ends", "账号": "person"}
ROLES = {"主班": "primary", "备班": "backup"}
HEAD = "organization,roster,day,starts,ends,person,post,role\n"


def test_a_file_is_read_with_24_00_and_with_the_night_that_ends_tomorrow() -> None:
    lines, faults = read(
        HEAD + "zwy,Duty,2026-11-21,08:00,24:00,Duty1,,\n\n" + "zwy,Duty,2026/11/21,20:00,08:00,,desk,备班\n",
        {},
        ROLES,
    )
    assert not faults
    assert [(each.number, each.person, each.post, each.role) for each in lines] == [
        (2, "duty1", "", "primary"),
        (4, "", "desk", "backup"),
    ]
    assert [each.ends_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M") for each in lines] == [
        "11-22 00:00",
        "11-22 08:00",
    ]


def test_columns_may_carry_their_chinese_names_and_excels_encoding() -> None:
    content = "单位代码,日期,开始,结束,账号,备注\nzwy,2026-1-2,8:00,20:00,duty1,x\n".encode("gb18030")
    lines, faults = read(decoded(content), LABELS, ROLES)
    assert not faults
    assert lines[0].starts_at.astimezone(SHANGHAI).isoformat() == "2026-01-02T08:00:00+08:00"
    assert decoded("\ufeffday".encode()) == "day"


@pytest.mark.parametrize(
    ("row", "places"),
    [
        (",,2026-11-21,08:00,20:00,d,,", ["line 2, organization"]),
        ("z,,2026-02-30,08:00,20:00,d,,", ["line 2, day"]),
        ("z,,21.11.2026,8,25:00,d,,", ["line 2, day", "line 2, starts", "line 2, ends"]),
        ("z,,2026-11-21,08:00,20:00,,,", ["line 2, person"]),
        ("z,,2026-11-21,08:00,20:00,d,,boss", ["line 2, role"]),
        ("z", ["line 2, day", "line 2, starts", "line 2, ends", "line 2, person"]),
    ],
)
def test_each_fault_names_line_and_column(row: str, places: list[str]) -> None:
    lines, faults = read(HEAD + row + "\n", {}, ROLES)
    assert not lines
    assert [each.field for each in faults] == places


def test_a_missing_column_and_an_empty_file_are_said() -> None:
    assert [each.field for each in read("day,starts\n", {}, {})[1]] == ["line 1, organization", "line 1, ends"]
    assert [each.field for each in read("\n \n", {}, {})[1]] == ["line 1"]


@given(st.text(alphabet='organization,dy/:-0123456789\n" zé\x00', max_size=200))
def test_whatever_is_in_the_file_is_a_line_or_a_fault(text: str) -> None:
    lines, faults = read(HEAD + text, LABELS, ROLES)
    for line in lines:
        assert line.starts_at < line.ends_at
    for fault in faults:
        assert fault.field.startswith("line ")


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_they_decode_or_are_refused(content: bytes) -> None:
    try:
        text = decoded(content)
    except ValueError:
        return
    read(text, {}, {})
