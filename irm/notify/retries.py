"""When a message that did not go out is tried again. Pure. Figures are seconds of technique, not limits of any rule."""

from datetime import timedelta
from typing import Final

PAUSES: Final[dict[str, tuple[int, ...]]] = {
    # a page is worthless after its rung: try hard at once, then let the next rung have it
    "page": (5, 10, 20, 40, 60, 60, 60),
    "notice": (15, 60, 300, 900, 1800),
    "reminder": (15, 60, 300, 900, 1800),
    # a report waits out a mail server's bad night
    "report": (15, 30, 60, 120, 300, 600, 900, 1800, 1800, 1800),
}


def pause_after(purpose: str, attempt: int) -> timedelta | None:
    """How long to wait after attempt number `attempt` (from 1) failed; None when that was the last."""
    pauses = PAUSES[purpose]
    return timedelta(seconds=pauses[attempt - 1]) if attempt <= len(pauses) else None


def priority(purpose: str, urgency: int) -> int:
    """Order within a queue, smaller first: pages by urgency, before everything else.

    The even numbers between them are for the work that plans pages (`playbooks/ordering.py`): it goes after the pages that
    are as urgent, and before those that are less.
    """
    return 2 * urgency - 1 if purpose == "page" else {"report": 10, "notice": 20, "reminder": 60}[purpose] + urgency


def queue(purpose: str) -> str:
    return {"page": "urgent", "report": "normal", "notice": "normal", "reminder": "bulk"}[purpose]
