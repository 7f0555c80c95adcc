"""How one duty came out, for statistics: exactly one outcome each. Pure."""

from datetime import datetime
from typing import Final, Literal

from irm.i18n import N_
from irm.obligations.owed import Term

Outcome = Literal["in_time", "late", "overdue", "running", "born_late", "ended", "done", "undone"]

OUTCOME_TITLES: Final[dict[Outcome, str]] = {
    "in_time": N_("In time"),
    "late": N_("Late"),
    "overdue": N_("Overdue"),
    "running": N_("Not due yet"),
    "born_late": N_("Limit past when it arose"),
    "ended": N_("No longer owed"),
    "done": N_("Done, no limit"),
    "undone": N_("Open, no limit"),
}
JUDGED: Final[tuple[Outcome, ...]] = ("in_time", "late", "overdue")
"""What a rate of timeliness is a share of: what was already to be judged."""


def outcome(term: Term, as_of: datetime, *, born_late: bool, overdue_at: datetime | None) -> Outcome:
    """Lateness once there stays: a duty that was superseded after its limit counts as late. What irm could learn of only
    after its limit counts apart. Advice and what has no limit is done or open, never late (DESIGN §2, §4)."""
    handed_over = term.submitted_at is not None
    if not term.counts_overdue or term.due_at is None:
        if handed_over:
            return "done"
        return "ended" if term.status in {"superseded", "waived"} else "undone"
    if born_late:
        return "born_late"
    if term.submitted_at is not None:
        return "in_time" if term.submitted_at <= term.due_at else "late"
    if term.status in {"superseded", "waived"}:
        return "late" if overdue_at is not None else "ended"
    return "overdue" if term.due_at <= as_of else "running"
