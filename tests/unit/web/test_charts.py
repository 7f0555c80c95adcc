"""The plan's drawing: everything on the paper, in order, readable as a list."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

from hypothesis import given, strategies as st

from irm.web.charts import LABEL_WIDTH, WIDTH, Bar, PlanLane, PlanMark, bars, plan_chart

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(-50_000, 50_000), st.integers(0, 50_000)), min_size=1, max_size=20))
def test_every_mark_and_now_lie_on_the_paper(marks: list[tuple[int, int]]) -> None:
    lane = PlanLane(
        "step",
        [
            PlanMark(NOW + timedelta(minutes=at), "planned", "somebody", NOW + timedelta(minutes=at + long))
            for at, long in marks
        ],
    )
    chart = plan_chart([lane], NOW)
    drawn = chart.lanes[0].marks
    assert all(one.x >= LABEL_WIDTH and one.x + one.width <= WIDTH for one in drawn)
    if max(mark.until or mark.at for mark in lane.marks) >= NOW:
        assert chart.now_x is not None
    assert chart.now_x is None or LABEL_WIDTH <= chart.now_x <= WIDTH
    assert len(chart.ticks) <= 8
    assert all(later - earlier >= 12 + 6 * len(text) for (earlier, _), (later, text) in pairwise(chart.ticks))
    assert [mark.at for _, mark in chart.events] == sorted(mark.at for mark in lane.marks)


def _night(begun: datetime, hours: float) -> PlanLane:
    return PlanLane("step", [PlanMark(begun, "acknowledged", "值班员甲", begun + timedelta(hours=hours))])


def test_a_night_of_last_month_ends_with_its_last_mark_and_names_each_day_once() -> None:
    begun = datetime(2026, 10, 14, 11, 10, tzinfo=UTC)  # 19:10 in Shanghai
    chart = plan_chart([_night(begun, 8)], NOW)
    assert chart.now_x is None, "weeks of nothing would press the night into one line"
    assert [text for _, text in chart.ticks] == ["10-14 20:00", "22:00", "10-15 00:00", "02:00"]


def test_what_runs_now_needs_no_date_and_what_ran_last_year_names_its_year() -> None:
    assert next(text for _, text in plan_chart([_night(NOW, 1)], NOW).ticks) == "03:50"
    old = plan_chart([_night(datetime(2025, 12, 30, 2, tzinfo=UTC), 24 * 5)], NOW)
    assert [text for _, text in old.ticks] == ["2025-12-31", "2026-01-01", "01-02", "01-03", "01-04"]


def test_an_empty_plan_is_drawn_too() -> None:
    chart = plan_chart([], NOW)
    assert chart.events == []
    assert chart.height > 0


def test_bars_are_svg_by_attributes_only_and_say_what_they_show() -> None:
    drawn = bars(
        [Bar("<一季度>", (3, 1)), Bar("二季度", (0, 0))], ["按时", "超时"], title="T & t", description="说明", key="a"
    )
    root = ET.fromstring(drawn.svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "a-t a-d"
    texts = [element.text for element in root.iter() if element.text]
    assert {"T & t", "说明", "<一季度>", "3", "1", "4", "0"} <= set(texts)
    assert "style" not in drawn.svg
    assert drawn == bars(
        [Bar("<一季度>", (3, 1)), Bar("二季度", (0, 0))], ["按时", "超时"], title="T & t", description="说明", key="a"
    )
    assert bars([], ["a"], title="", description="", key="b").height > 0
