"""When an account ends by itself: at its owner's contract end, or because nobody uses it (三级: 及时删除或停用多余的、过期的账户).

Pure. Days are the city's days (Asia/Shanghai); the last day of a contract is a day of work.
"""

from datetime import date, datetime, timedelta
from typing import Final, Literal

from irm.clock import SHANGHAI

Why = Literal["administrator", "contract_end", "unused"]
WARNED_BEFORE: Final = (14, 3)
"""Days before the end of a contract on which those who can extend it are told."""


def day_of(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def why_to_suspend(
    ends_on: date | None, last_used_at: datetime, *, unused_after: timedelta | None, now: datetime
) -> Why | None:
    if ends_on is not None and day_of(now) > ends_on:
        return "contract_end"
    if unused_after is not None and now - last_used_at >= unused_after:
        return "unused"
    return None


def warning(ends_on: date | None, warned: int | None, *, now: datetime) -> int | None:
    """Which of the warnings is due and was not given; the later one alone where both are. `warned`: the last one given."""
    if ends_on is None:
        return None
    left = (ends_on - day_of(now)).days
    due = [days for days in WARNED_BEFORE if 0 <= left <= days]
    found = min(due, default=None)
    return found if found is not None and (warned is None or found < warned) else None
