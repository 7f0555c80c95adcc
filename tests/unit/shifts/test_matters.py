"""What is frozen at a hand-over, and what a comparison calls new, done, run out or moved."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from irm.shifts.matters import (
    KINDS,
    Change,
    Line,
    compared,
    frozen,
    frozen_change,
    in_order,
    tally,
    thawed,
    thawed_change,
)

GIVEN = datetime(2026, 11, 21, 23, 55, tzinfo=UTC)
TAKEN = GIVEN + timedelta(minutes=9)
REPORT = Line(
    "duty", "first-report", {"zh-CN": "初报", "en": "First report"}, "SJ-1", due_at=TAKEN + timedelta(hours=1)
)
ENDS = replace(REPORT, due_at=GIVEN + timedelta(minutes=5))
INCIDENT = Line("incident", "i", "门户被篡改", "SJ-1", state="Open", level=3)
ALERTS = Line("alert", "waf", "WAF", n=2)

TABLE = [
    ("nothing happened", [REPORT], [REPORT], Change()),
    ("nothing was there", [], [], Change()),
    ("an incident came", [REPORT], [REPORT, INCIDENT], Change(new=(INCIDENT,))),
    ("the report was received", [REPORT, INCIDENT], [INCIDENT], Change(done=(REPORT,))),
    ("its clock ended in between", [ENDS], [ENDS], Change(ran_out=(ENDS,))),
    ("it ended and was met", [ENDS], [], Change(done=(ENDS,))),
    ("it came and ended: new, told once", [], [ENDS], Change(new=(ENDS,))),
    (
        "it was overdue before",
        [replace(REPORT, due_at=GIVEN)],
        [replace(REPORT, due_at=GIVEN)],
        Change(),
    ),
    ("it ends at the very moment", [replace(REPORT, due_at=TAKEN)], [replace(REPORT, due_at=TAKEN)],
     Change(ran_out=(replace(REPORT, due_at=TAKEN),))),
    ("it was sent in", [REPORT], [replace(REPORT, state="Submitted")], Change(moved=(replace(REPORT, state="Submitted"),))),
    ("it became graver", [INCIDENT], [replace(INCIDENT, level=1)], Change(moved=(replace(INCIDENT, level=1),))),
    ("an incident tells no limit twice", [replace(INCIDENT, due_at=ENDS.due_at), ENDS],
     [replace(INCIDENT, due_at=ENDS.due_at), ENDS], Change(ran_out=(ENDS,))),
    ("its nearest duty was met", [replace(INCIDENT, due_at=ENDS.due_at), ENDS], [INCIDENT], Change(done=(ENDS,))),
    ("alerts went on", [ALERTS], [replace(ALERTS, n=9)], Change(moved=(replace(ALERTS, n=9),))),
    ("only the title was put right", [INCIDENT], [replace(INCIDENT, title="门户首页被篡改")], Change()),
    ("the same key of another kind", [INCIDENT], [replace(INCIDENT, kind="task")],
     Change(new=(replace(INCIDENT, kind="task"),), done=(INCIDENT,))),
]  # fmt: skip


@pytest.mark.parametrize(("then", "now", "change"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_what_changed_until_it_was_taken(then: list[Line], now: list[Line], change: Change) -> None:
    found = compared(then, now, since=GIVEN, until=TAKEN)
    assert found == change
    assert found.is_empty == (change == Change())
    assert thawed_change(frozen_change(found)) == found


def test_read_by_kind_live_before_drill_and_the_nearest_limit_first() -> None:
    drill = replace(ENDS, key="drill", exercise=True)
    open_ended = replace(REPORT, key="open-ended", due_at=None)
    assert in_order([ALERTS, open_ended, drill, REPORT, ENDS, INCIDENT]) == (
        INCIDENT,
        ENDS,
        REPORT,
        open_ended,
        drill,
        ALERTS,
    )


def test_every_kind_is_counted() -> None:
    assert tally([INCIDENT, REPORT, ENDS]) == {"incident": 1, "duty": 2, "page": 0, "task": 0, "alert": 0, "drill": 0}


LINES = st.lists(
    st.builds(
        Line,
        kind=st.sampled_from(KINDS),
        key=st.text(max_size=3),
        title=st.one_of(st.text(max_size=5), st.dictionaries(st.sampled_from(["zh-CN", "en"]), st.text(max_size=5))),
        state=st.sampled_from(["", "Open"]),
        due_at=st.one_of(st.none(), st.datetimes(timezones=st.just(UTC))),
        level=st.one_of(st.none(), st.integers(1, 4)),
        n=st.integers(1, 3),
        exercise=st.booleans(),
    ),
    unique_by=lambda one: (one.kind, one.key),
    max_size=6,
)


@given(LINES)
def test_what_is_frozen_comes_back(lines: list[Line]) -> None:
    assert thawed(frozen(lines)) == tuple(lines)


@given(LINES, LINES)
def test_no_line_is_lost_and_none_is_told_twice(then: list[Line], now: list[Line]) -> None:
    change = compared(then, now, since=GIVEN, until=TAKEN)
    told = [(one.kind, one.key) for one in (*change.new, *change.done, *change.ran_out, *change.moved)]
    assert len(told) == len(set(told))
    before, after = {(one.kind, one.key) for one in then}, {(one.kind, one.key) for one in now}
    assert {(one.kind, one.key) for one in change.new} == after - before
    assert {(one.kind, one.key) for one in change.done} == before - after
