"""For which year a drill counts: the one in which it is held, or, if somebody says so and why, the year before (补做). Pure."""

from datetime import datetime

from irm.clock import SHANGHAI
from irm.drills.policy import drill_policy
from irm.errors import FieldError
from irm.i18n import N_

NO_OTHER_YEAR = N_("A drill counts for the year in which it is held, or makes up for the year before.")
TOO_LATE = N_("A drill makes up for the year before only until the end of month %(month)s.")
WHY = N_("Say why the drill was not held in the year for which it counts.")
NOTHING_MADE_UP = N_("A reason belongs to a drill that makes up for the year before.")


def counts_for_year(
    begins: datetime, year: int | None, reason: str, faults: list[FieldError]
) -> tuple[int, str | None]:
    """(year, why it makes up for that year or None). Faults name `year` and `makeup_reason`."""
    held = begins.astimezone(SHANGHAI)
    reason = reason.strip()
    if year is None or year == held.year:
        if reason:
            faults.append(FieldError("makeup_reason", NOTHING_MADE_UP))
        return held.year, None
    last = drill_policy().makeup_until_month
    if year != held.year - 1:
        faults.append(FieldError("year", NO_OTHER_YEAR))
    elif held.month > last:
        faults.append(FieldError("year", TOO_LATE, {"month": last}))
    if not reason:
        faults.append(FieldError("makeup_reason", WHY))
    return year, reason
