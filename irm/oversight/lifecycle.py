"""A planned change's states, and what may follow which. Pure (DESIGN §1)."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from irm.errors import Conflict
from irm.i18n import N_


class State(StrEnum):
    """Shown and filtered by; never stored: it follows from the change and from what became of its plan."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    AGREED = "agreed"
    RETURNED = "returned"
    DONE = "done"
    CANCELLED = "cancelled"


STATE_NAMES: Final = {
    State.PLANNED: N_("Plan not handed over"),
    State.SUBMITTED: N_("Plan handed over, answer awaited"),
    State.AGREED: N_("Plan on file"),
    State.RETURNED: N_("Plan returned"),
    State.DONE: N_("Carried out"),
    State.CANCELLED: N_("Cancelled"),
}
STATE_TONES: Final = {
    State.PLANNED: "active",
    State.SUBMITTED: "neutral",
    State.AGREED: "done",
    State.RETURNED: "active",
    State.DONE: "done",
    State.CANCELLED: "aside",
}
KIND_NAMES: Final = {
    "upgrade": N_("Software upgrade"),
    "configuration": N_("Change of configuration"),
    "network": N_("Change of the network"),
    "migration": N_("Migration"),
    "capacity": N_("Change of capacity"),
    "hardening": N_("Security hardening"),
    "retirement": N_("Taking out of service"),
    "other": N_("Another change"),
}
RISK_NAMES: Final = {"high": N_("High risk"), "medium": N_("Medium risk"), "low": N_("Low risk")}

_AFTER_PLAN: Final = {
    "sending": State.SUBMITTED,
    "submitted": State.SUBMITTED,
    "receipted": State.AGREED,
    "returned": State.RETURNED,
    "refused": State.RETURNED,
}
ENDED: Final = (State.DONE, State.CANCELLED)

OVER: Final = N_("This change is carried out or cancelled; nothing of it can be changed any more.")
WAITS: Final = N_("The plan was handed over and waits for an answer.")
ON_FILE: Final = N_("The plan is on file already. If the start moves, hand over the plan for the new start.")
NOTHING_WAITS: Final = N_("No plan waits for an answer.")
NOT_BEGUN: Final = N_("It has not begun yet; a change that will not take place is cancelled.")


def state_of(outcome: str | None, plan: str | None) -> State:
    """`plan`: status of the newest submission of the plan for the start as it stands; None: there is none."""
    if outcome is not None:
        return State(outcome)
    return _AFTER_PLAN.get(plan or "", State.PLANNED)


def may_change(state: State) -> None:
    """Raises Conflict."""
    if state in ENDED:
        raise Conflict(OVER)


def may_hand_in(state: State) -> None:
    """Raises Conflict."""
    may_change(state)
    if state is State.SUBMITTED:
        raise Conflict(WAITS)
    if state is State.AGREED:
        raise Conflict(ON_FILE)


def may_answer(state: State) -> None:
    """Raises Conflict. What was carried out meanwhile can still be answered by nobody."""
    if state is not State.SUBMITTED:
        raise Conflict(NOTHING_WAITS)


def may_finish(state: State, planned_start: datetime, now: datetime) -> None:
    """A change that took place without its plan on file is recorded as such: that it took place is a fact.

    Raises Conflict.
    """
    may_change(state)
    if now < planned_start:
        raise Conflict(NOT_BEGUN)
