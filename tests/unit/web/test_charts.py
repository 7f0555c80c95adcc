"""The plan's drawing: everything on the paper, in order, readable as a list."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st

from irm.web.charts import LABEL_WIDTH, WIDTH, PlanLane, PlanMark, plan_chart

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
    assert chart.now_x is not None
    assert LABEL_WIDTH <= chart.now_x <= WIDTH
    assert len(chart.ticks) <= 8
    assert [mark.at for _, mark in chart.events] == sorted(mark.at for mark in lane.marks)


def test_an_empty_plan_is_drawn_too() -> None:
    chart = plan_chart([], NOW)
    assert chart.events == []
    assert chart.height > 0
