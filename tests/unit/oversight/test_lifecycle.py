"""What may follow which in the life of a planned change."""

from datetime import UTC, datetime, timedelta

import pytest

from irm.errors import Conflict
from irm.oversight import lifecycle
from irm.oversight.lifecycle import KIND_NAMES, STATE_NAMES, STATE_TONES, State, state_of

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("outcome", "plan", "expected"),
    [
        (None, None, State.PLANNED),
        (None, "draft", State.PLANNED),
        (None, "discarded", State.PLANNED),
        (None, "sending", State.SUBMITTED),
        (None, "submitted", State.SUBMITTED),
        (None, "receipted", State.AGREED),
        (None, "returned", State.RETURNED),
        (None, "refused", State.RETURNED),
        ("done", None, State.DONE),
        ("done", "receipted", State.DONE),
        ("cancelled", "submitted", State.CANCELLED),
    ],
)
def test_the_state_follows_from_the_change_and_its_plan(outcome: str | None, plan: str | None, expected: State) -> None:
    assert state_of(outcome, plan) is expected


@pytest.mark.parametrize("state", list(State))
def test_who_may_do_what_when(state: State) -> None:
    def allowed(act: object, *more: object) -> bool:
        try:
            act(state, *more)  # type: ignore[operator]  # any act
        except Conflict:
            return False
        return True

    over = state in lifecycle.ENDED
    assert allowed(lifecycle.may_change) is not over
    assert allowed(lifecycle.may_hand_in) is (state in {State.PLANNED, State.RETURNED})
    assert allowed(lifecycle.may_answer) is (state is State.SUBMITTED)
    assert allowed(lifecycle.may_finish, NOW, NOW) is not over
    assert not allowed(lifecycle.may_finish, NOW + timedelta(seconds=1), NOW), "what has not begun is not done"


def test_every_state_has_its_words() -> None:
    assert set(STATE_NAMES) == set(STATE_TONES) == set(State)
    assert len(set(KIND_NAMES.values())) == len(KIND_NAMES)
