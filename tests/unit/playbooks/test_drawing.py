"""The drawing of a course: five minutes and twenty days on one axis, nothing on top of another, the same as a list."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from irm.i18n import translator
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.simulator.drawing import WIDTH, Axis, Bar, Drawing, DrawnBar, Line, draw, shortened, width_of
from irm.playbooks.simulator.drawn import figure
from irm.playbooks.simulator.graph import StepWords, depths, graph, in_rows
from irm.playbooks.steps import Playbook
from tests.unit.playbooks.story import NIGHT
from tests.unit.playbooks.test_simulating import NIGHT as FACTS, night

MINUTE = timedelta(minutes=1)


def named(moment: datetime) -> str:
    return f"{(moment - NIGHT) // MINUTE}"


def page(begin: int, end: int | None, label: str = "呼叫", lane: str = "authority") -> Bar:
    until = NIGHT + end * MINUTE if end is not None else None
    return Bar(lane, NIGHT + begin * MINUTE, until, label, label, "page", "course-page")


def drawn(*bars: Bar, lines: tuple[Line, ...] = (), now: datetime | None = None) -> Drawing:
    lanes = [(lane, lane) for lane in dict.fromkeys(bar.lane for bar in bars)]
    return draw(lanes, bars, lines, begin=NIGHT, now=now, say=named)


def reach(one: DrawnBar) -> tuple[int, int]:
    begin = one.text_x if one.anchor == "start" else one.text_x - width_of(one.text)
    return min(one.x, begin), max(one.x + one.width, begin + width_of(one.text))


def of(name: str) -> Playbook:
    return read_playbook(library()[f"{name}.yaml"], file=name).playbook


def test_the_axis_keeps_the_order_and_gives_short_times_room() -> None:
    moments = [NIGHT, NIGHT + 5 * MINUTE, NIGHT + 15 * MINUTE, NIGHT + timedelta(days=20)]
    axis = Axis(moments, 100, 900)
    places = [axis.x(moment) for moment in moments]
    assert places[0] == 100
    assert places[-1] == 900
    assert all(before < after for before, after in pairwise(places))
    assert places[1] - places[0] > 80, "five minutes beside twenty days"
    assert axis.x(NIGHT - MINUTE) == 100
    assert axis.x(NIGHT + timedelta(days=30)) == 900
    assert places[2] < axis.x(NIGHT + timedelta(days=3)) < places[3]


def test_one_moment_alone_is_drawn_too() -> None:
    assert drawn(page(0, 0)).bars[0].width == 0


def test_bars_and_their_words_never_lie_upon_each_other() -> None:
    found = drawn(*(page(at, at + 15, f"呼叫使用单位第{at}次，须确认") for at in range(0, 60, 5)))
    for one in found.bars:
        for other in found.bars:
            if one is other or one.y != other.y:
                continue
            assert reach(one)[1] <= reach(other)[0] or reach(other)[1] <= reach(one)[0], (one.text, other.text)


def test_words_stay_on_the_sheet() -> None:
    long = "向省级网信部门、保护工作部门、公安机关报告关键信息基础设施网络安全事件的全部情况及已采取的处置措施" * 2
    found = drawn(page(0, 5, long), page(3, 60, long), lines=(Line(NIGHT + 60 * MINUTE, long, long, ""),))
    for one in found.bars:
        begin = one.text_x if one.anchor == "start" else one.text_x - width_of(one.text)
        assert begin >= 0
        assert begin + width_of(one.text) <= WIDTH + 1
    assert all(width_of(one.text) <= WIDTH for one in found.lines)


def test_a_limit_goes_through_all_lanes_and_says_what_it_is() -> None:
    found = drawn(page(0, 20), page(0, 20, lane="unit"), lines=(Line(NIGHT + 50 * MINUTE, "法定时限", "", "x"),))
    (line,) = found.lines
    assert line.y >= found.foot == found.lanes[-1].y + found.lanes[-1].height
    assert [text for _, text in found.ticks][-1] == "50"


def test_ticks_leave_each_other_room() -> None:
    found = drawn(*(page(at, at + 1) for at in range(40)))
    assert found.ticks[0][1] == "0"
    assert all(after - before >= width_of(text) for (before, text), (after, _) in pairwise(found.ticks))


@pytest.mark.parametrize("text", ["", "呼", "呼叫主管部门值班", "Page the duty desk"])
def test_words_are_shortened_to_their_room(text: str) -> None:
    for room in (0, 10, 40, 400):
        assert width_of(shortened(text, room)) <= max(room, 0) or shortened(text, room) == "…"


def test_the_figure_says_in_words_what_it_draws() -> None:
    t = translator("zh-CN")
    found = figure(night().course, t, key="night", title="推演", href=lambda step: f"#step-{step}")
    assert len(found.entries) == len(found.drawing.bars) + len(found.drawing.lines)
    assert found.exhausted == ("呼叫涉事使用单位", "呼叫主管部门值班")
    assert "无人应答" in found.description
    assert next(one.when for one in found.entries if one.tone == "limit") == "+50 分钟"
    assert any("法定时限" in line.text and "提前" in line.text for line in found.drawing.lines)
    assert {one.bar.href for one in found.drawing.bars} >= {"#step-alarm"}
    assert found.broken == ()


def test_a_limit_that_is_missed_is_told_first() -> None:
    late = night(FACTS, "answers:\n  - {after: 2h, submitted: cac-2025-reporting/cii-operator}\n")
    found = figure(late.course, translator("zh-CN"), key="night", title="推演")
    (told,) = found.broken
    assert "关键信息基础设施" in told
    (line,) = (one for one in found.drawing.lines if "is-broken" in one.line.classes)
    assert "逾期 1 小时 10 分钟报出" in line.text


@pytest.mark.parametrize("name", [one.removesuffix(".yaml") for one in library()])
def test_every_playbook_of_the_library_has_a_graph(name: str) -> None:
    playbook = of(name)
    rows = [step.id for step in in_rows(playbook.steps)]
    assert sorted(rows) == sorted(step.id for step in playbook.steps)
    words = {step.id: StepWords(step.id, step.kind, step.when_source or "") for step in playbook.steps}
    found = graph(playbook, words, frozenset({playbook.steps[0].id}))
    assert len(found.boxes) == len(playbook.steps)
    assert len(found.arrows) == sum(len(step.after) for step in playbook.steps)
    places = {box.step: box for box in found.boxes}
    for step in playbook.steps:
        assert all(places[name].y < places[step.id].y for name in step.after), "arrows point downwards"
        assert all(depths(playbook.steps)[name] < depths(playbook.steps)[step.id] for name in step.after)
    assert [box.step for box in found.boxes if box.is_faulty] == [playbook.steps[0].id]


def test_now_parts_what_is_done_from_what_comes() -> None:
    found = drawn(page(0, 10), page(20, 40), page(50, 60), now=NIGHT + 30 * MINUTE)
    over, under_way, coming = found.bars
    assert over.done == over.width
    assert 0 < under_way.done < under_way.width
    assert coming.done == 0
    assert found.now_x == under_way.x + under_way.done


def test_a_silence_that_is_only_feared_is_not_told_as_one_that_was() -> None:
    course = night().course
    early = figure(replace(course, now=course.begin + 5 * MINUTE), translator("zh-CN"), key="a", title="一")
    assert early.exhausted == ()
    assert [one.partition("（")[0] for one in early.silence] == ["呼叫涉事使用单位", "呼叫主管部门值班"]
    late = figure(replace(course, now=course.begin + 50 * MINUTE), translator("zh-CN"), key="a", title="一")
    assert late.exhausted == ("呼叫涉事使用单位", "呼叫主管部门值班")
    assert late.silence == ()
