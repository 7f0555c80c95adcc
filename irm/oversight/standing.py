"""How a vendor's person stands: whether the vetting has its paper and is still good; and what is to be said before it ends. Pure.

Days are the city's (Asia/Shanghai); a last day is a good day.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

from irm.access.engaging import Engagement
from irm.i18n import N_

State = Literal["unrecorded", "unvetted", "refused", "no_paper", "expired", "ending", "good", "left"]
STATE_NAMES: Final = {
    "unrecorded": N_("nothing on record"),
    "unvetted": N_("no vetting yet"),
    "refused": N_("vetted, refused"),
    "no_paper": N_("vetting without a paper"),
    "expired": N_("vetting has run out"),
    "ending": N_("vetting ends soon"),
    "good": N_("vetting in order"),
    "left": N_("contract over"),
}
LACKING: Final[frozenset[State]] = frozenset({"unrecorded", "unvetted", "no_paper", "expired"})
"""Of whom something is missing."""


def state_of(engagement: Engagement, *, has_paper: bool, today: date, before: Sequence[int]) -> State:
    """`before`: days before its end, from the farthest of which on a vetting ends soon. The gravest first."""
    if engagement.ends_on is not None and engagement.ends_on < today:
        return "left"
    if engagement.vetting is None:
        return "unvetted"
    if engagement.vetting == "refused":
        return "refused"
    if engagement.vetted_until is not None and engagement.vetted_until < today:
        return "expired"
    if not has_paper:
        return "no_paper"
    left = (engagement.vetted_until - today).days if engagement.vetted_until else None
    return "ending" if left is not None and left <= max(before, default=-1) else "good"


def reminder(ends_on: date | None, today: date, before: Sequence[int]) -> int | None:
    """Which of the reminders is due today: the latest one alone where several are. None: none is, or it is too late."""
    if ends_on is None or ends_on < today:
        return None
    return min((days for days in before if (ends_on - today).days <= days), default=None)
