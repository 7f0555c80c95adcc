"""A run is what its inbox says, or it is said from which turn on it isn't."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from irm.i18n import translator
from irm.playbooks import engine, signals as s
from irm.playbooks.replay_words import verdict_words
from irm.playbooks.replaying import STARTED, Turn, Verdict, judge
from irm.playbooks.state import RunState, Stage
from tests.unit.playbooks.story import AUTHORITY, NIGHT, facts, playbook

STORY = playbook(
    "  - id: alarm\n    page:\n      - {to: on_duty(cloud_authority), via: [sms], every: 5m, within: 15m}\n"
    "  - {id: pause, wait: 10m}\n  - {id: end, wait: incident.handled}\n"
)
"""Turns: it begins, the desk is asked again, it answers after seven minutes, the pause is over, the incident is handled."""
COURSE: tuple[tuple[int, s.Event], ...] = (
    (5, s.Tick()),
    (7, s.Acknowledged("alarm", NIGHT + timedelta(minutes=7), AUTHORITY)),
    (17, s.Tick()),
    (60, s.FactsChanged(facts(handled=True))),
)


def a_night() -> tuple[list[Turn], RunState]:
    turns = [Turn(1, STARTED, {"facts": facts()}, NIGHT)]
    state = engine.start(STORY, facts(), NIGHT).state
    for number, (minutes, event) in enumerate(COURSE, 2):
        at = NIGHT + timedelta(minutes=minutes)
        state = engine.advance(STORY, state, event, at).state
        turns.append(Turn(number, s.kind_of(event), s.event_to_json(event), at))
    return turns, state


def judged(
    turns: list[Turn], stored: RunState | None, status: str | None = None, counted: int | None = None
) -> Verdict:
    is_so = status or (stored.status if stored else "running")
    return judge(STORY, turns, stored, status=is_so, counted=len(turns) if counted is None else counted)


def altered(state: RunState, step: str, **fields: Any) -> RunState:
    return replace(state, steps={**state.steps, step: replace(state.steps[step], **fields)})


def test_what_happened_gives_what_is_stored() -> None:
    turns, stored = a_night()
    assert judged(turns, stored) == Verdict("same", 5)
    assert judged([], None) == Verdict("same", 0)


def test_a_look_that_did_nothing_does_not_count() -> None:
    turns, stored = a_night()
    assert judged(turns, replace(stored, at=stored.at + timedelta(hours=1))).is_same


def test_a_state_that_stayed_behind() -> None:
    """As it was after the second turn: the answer is not in it."""
    turns, _ = a_night()
    behind = engine.start(STORY, facts(), NIGHT).state
    behind = engine.advance(STORY, behind, s.Tick(), NIGHT + timedelta(minutes=5)).state
    found = judged(turns, behind)
    assert (found.why, found.turn) == ("other_state", 3)
    told = {one.where: (one.stored, one.given) for one in found.differences}
    assert told["steps.alarm.outcome"] == (None, "acknowledged")
    assert told["facts.incident.handled"] == (False, True)


def test_a_state_that_somebody_changed() -> None:
    turns, stored = a_night()
    found = judged(turns, altered(stored, "alarm", outcome="exhausted"))
    assert (found.why, found.turn) == ("other_state", 3)
    assert [(one.where, one.stored, one.given) for one in found.differences] == [
        ("steps.alarm.outcome", "exhausted", "acknowledged")
    ]
    found = judged(turns, altered(stored, "pause", done_at=NIGHT + timedelta(minutes=6)))
    assert (found.turn, [one.where for one in found.differences]) == (3, ["steps.pause.done_at"])
    assert judged(turns, altered(stored, "end", stage=Stage.CANCELLED)).turn == 5


def test_an_inbox_that_somebody_changed() -> None:
    """The answer is made one to another step: the state knows of it, the inbox doesn't any more."""
    turns, stored = a_night()
    forged = [*turns[:2], replace(turns[2], body={**turns[2].body, "step": "pause"}), *turns[3:]]
    found = judged(forged, stored)
    assert (found.why, found.turn) == ("other_state", 3)


def test_a_turn_that_is_gone() -> None:
    turns, stored = a_night()
    assert judged(turns[:2] + turns[3:], stored, counted=5) == Verdict("turn_missing", 5, 3)
    assert judged(turns[:-1], stored, counted=5) == Verdict("turn_missing", 5, 5)
    assert judged([], stored, counted=5).turn == 1


def test_a_turn_that_nobody_can_read() -> None:
    turns, stored = a_night()
    for broken in (replace(turns[3], kind="telepathy"), replace(turns[2], body={"step": "alarm"})):
        found = judged([*turns[: broken.number - 1], broken, *turns[broken.number :]], stored)
        assert (found.why, found.turn) == ("turn_unreadable", broken.number)
        assert found.told


def test_a_run_that_says_it_is_over_while_its_state_goes_on() -> None:
    turns, stored = a_night()
    assert judged(turns, stored, status="cancelled").differences[0].where == "status"
    assert judged(turns, stored, status="joined").is_same


def test_the_verdict_in_words() -> None:
    zh, en = translator("zh-CN"), translator("en")
    assert verdict_words(Verdict("same", 5), zh) == "运行记录重演的结果与保存的状态一致：共 5 步。"
    assert verdict_words(Verdict("turn_missing", 5, 3), en) == "The inbox lacks turn 3 of 5."
    assert verdict_words(Verdict("turn_unreadable", 5, 3, told="KeyError: x"), en).endswith("KeyError: x")
    assert "自第 3 步起不同" in verdict_words(Verdict("other_state", 5, 3), zh)
