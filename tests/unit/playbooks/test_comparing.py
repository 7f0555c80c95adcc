"""What one version of a playbook does otherwise than another, told step by step."""

import pytest

from irm.i18n import translator
from irm.playbooks.comparing import aspects, compare
from irm.playbooks.comparing_words import aspect_words, both_sides, gist, value_words
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.steps import Playbook
from tests.unit.playbooks.story import playbook

BEFORE = """
  - id: alarm
    page:
      - {to: on_duty(cloud_authority), via: [sms], every: 5m, within: 15m}
      - {to: "role(cloud_authority, duty_leader)", via: preferred, within: 15m}
  - id: contain
    task: {title: {zh-CN: 隔离, en: Isolate}, to: on_duty(incident.using_units), within: 30m, checklist: [取证]}
  - id: end
    wait: incident.handled
"""


def lines(before: str | Playbook, after: str | Playbook, locale: str = "zh-CN") -> list[tuple[str, str, str, str]]:
    """(step, aspect, before, after) as a reader sees them."""
    one, other = (playbook(each) if isinstance(each, str) else each for each in (before, after))
    t = translator(locale)
    return [
        (change.id, aspect_words(difference.aspect, t), *both_sides(difference, t))
        for change in compare(one, other).changes
        for difference in change.differences
    ]


def test_the_same_steps_change_nothing() -> None:
    assert not compare(playbook(BEFORE), playbook(BEFORE + "  # looked at again\n")).changes


def test_a_rung_is_told_as_people_say_it() -> None:
    ((step, aspect, before, after),) = lines(BEFORE, BEFORE.replace("every: 5m, within: 15m", "every: 3m, within: 10m"))
    assert (step, aspect) == ("alarm", "对象")
    assert before.startswith("政务云主管部门")
    assert "15 分钟" in before
    assert "10 分钟" in after


def test_times_lists_and_conditions() -> None:
    changed = BEFORE.replace("within: 30m, checklist: [取证]", "within: 20m, checklist: [取证, 保全]")
    changed = changed.replace("- id: contain\n", "- id: contain\n    when: 'incident.cii != \"no\"'\n    after: []\n")
    assert lines(BEFORE, changed, "en") == [
        ("contain", "Time for it", "30 min", "20 min"),
        ("contain", "Checklist", "取证", "取证; 保全"),
        ("contain", "Comes after", "alarm", "at once"),
        ("contain", "Only if", "none", "critical information infrastructure is or may be concerned"),
    ]


def test_steps_that_come_and_go_move_those_behind_them() -> None:
    between = "  - {id: pause, wait: 10m}\n"
    compared = compare(playbook(BEFORE), playbook(BEFORE.replace("  - id: contain\n", between + "  - id: contain\n")))
    assert [(one.happened, one.id) for one in compared.changes] == [("added", "pause"), ("changed", "contain")]
    assert [(one.aspect, one.before, one.after) for one in compared.changes[1].differences] == [
        ("after", ["alarm"], ["pause"])
    ]
    gone = compare(playbook(BEFORE), playbook(BEFORE.partition("  - id: contain")[0]))
    assert [(one.happened, one.id) for one in gone.changes] == [("removed", "contain"), ("removed", "end")]
    t = translator("zh-CN")
    assert "30 分钟" in gist(aspects(gone.changes[0].before), t)


def test_a_step_that_does_something_else_under_its_name() -> None:
    found = lines(BEFORE, BEFORE.replace("wait: incident.handled", "wait: 2h"))
    assert [line[0] for line in found] == ["end"]
    assert found[0][3] == "2 小时"
    (kind, *_) = compare(playbook("  - {id: a, wait: 5m}\n"), playbook("  - {id: a, run: other}\n")).changes
    assert {one.aspect for one in kind.differences} == {"kind", "waits", "playbook"}


def test_when_it_begins() -> None:
    fallback = playbook(BEFORE, start="{on: [obligation.due_soon, obligation.overdue], fallback: true}")
    graver = playbook(BEFORE, start="{on: obligation.overdue, fallback: true}")
    assert lines(fallback, graver, "en") == [
        ("story", "Begins with", "a limit is near; a limit has passed", "a limit has passed")
    ]


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("file", sorted(library()))
def test_everything_in_the_library_can_be_put_into_words(file: str, locale: str) -> None:
    t = translator(locale)
    for step in read_playbook(library()[file], file=file).playbook.steps:
        for name, value in aspects(step).items():
            assert aspect_words(name, t)
            assert value_words(name, value, t) is not None
