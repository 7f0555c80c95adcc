"""A finding's states, who may move it, and when its day may move. Pure (DESIGN §1, §2)."""

from datetime import date
from enum import StrEnum
from typing import Final

from irm.errors import Conflict, FieldError, Invalid
from irm.i18n import N_


class Status(StrEnum):
    """Values are stored."""

    OPEN = "open"
    PLANNED = "planned"
    HANDED_IN = "handed_in"
    CLOSED = "closed"


STATUS_NAMES: Final = {
    Status.OPEN: N_("To be rectified"),
    Status.PLANNED: N_("Being rectified"),
    Status.HANDED_IN: N_("Awaiting verification"),
    Status.CLOSED: N_("Rectified and verified"),
}
RISK_NAMES: Final = {"high": N_("High risk"), "medium": N_("Medium risk"), "low": N_("Low risk")}
DAY_STANDS: Final = N_("The day stands; move it on the finding's page, with the reason and the consent that it needs.")
DECIDED: Final = N_("This proposal was decided already.")
RISK_WORDS: Final = {N_("High"): "high", N_("Medium"): "medium", N_("Low"): "low"}
"""As lists of other people have it, in a column that is called risk already."""
ORIGIN_NAMES: Final = {
    "assessment": N_("Protection test"),
    "drill": N_("Drill"),
    "inspection": N_("Inspection"),
    "incident": N_("Incident"),
    "self_check": N_("Self-check"),
    "other": N_("Other source"),
}
PROPOSAL_NAMES: Final = {"talk": N_("Summon to a talk"), "circular": N_("Public reprimand by circular")}

NO_PLAN: Final = N_("Say first how it is put right, by whom and until when.")
CLOSED: Final = N_("This finding is closed.")
WAITS: Final = N_("It was handed in already and waits for verification.")
NOT_HANDED_IN: Final = N_("Nothing was handed in that could be verified.")
SAME_PERSON: Final = N_("Whoever handed it in cannot verify it.")
REASON: Final = N_("Say why.")
CONSENT: Final = N_("The day was set by an authority; name the document by which it agrees to another.")
PAST: Final = N_("The day lies before the day on which it was found.")


def may_plan(status: Status) -> None:
    """A plan can be changed until it is handed in. Raises Conflict."""
    if status is Status.CLOSED:
        raise Conflict(CLOSED)
    if status is Status.HANDED_IN:
        raise Conflict(WAITS)


def may_hand_in(status: Status) -> None:
    """Raises Conflict: without a plan nobody can say whether it was followed (43号 Art. 14 asks for one)."""
    if status is Status.OPEN:
        raise Conflict(NO_PLAN)
    may_plan(status)


def may_verify(status: Status) -> None:
    """Raises Conflict. By whom, `access.second` says: another person than the one who handed it in."""
    if status is not Status.HANDED_IN:
        raise Conflict(NOT_HANDED_IN)


def check_new_day(
    *, found_on: date, before: date | None, wanted: date, by_authority: bool, consent: str, reason: str
) -> None:
    """Raises Invalid with every fault. A day that an authority named moves to a later one only with its consent;
    moving any day backwards or forwards says why."""
    faults = []
    if wanted < found_on:
        faults.append(FieldError("due_on", PAST))
    if before is not None and wanted != before and not reason.strip():
        faults.append(FieldError("reason", REASON))
    if by_authority and before is not None and wanted > before and not consent.strip():
        faults.append(FieldError("consent", CONSENT))
    if faults:
        raise Invalid.of(faults)


def proposals_due(
    due_on: date | None, today: date, steps: tuple[tuple[str, int], ...], known: frozenset[str]
) -> tuple[str, ...]:
    """Kinds to propose: a day that has passed by `days_over` days or more, each once."""
    if due_on is None:
        return ()
    over = (today - due_on).days
    return tuple(kind for kind, days_over in steps if over >= days_over and kind not in known)


def counted(found: int, rectified: int) -> tuple[int, int]:
    """重大风险隐患 as the forms want it: the number before rectification, and how many of them were put right.

    1846号 Q22: "10(5个已整改)".
    """
    if not 0 <= rectified <= found:
        message = f"{rectified} of {found} rectified"
        raise ValueError(message)
    return found, rectified
