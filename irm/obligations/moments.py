"""Moments that people state. Pure."""

from datetime import datetime

from irm.errors import Invalid
from irm.obligations.policy import entry_policy


def stated(at: datetime | None, field: str, *, now: datetime, not_before: datetime | None = None) -> datetime:
    """`at`, or `now` if nothing was said. Raises Invalid naming `field` for a moment without zone or an impossible one.

    A watch may be a little ahead: such a moment counts as now.
    """
    if at is None:
        return now
    if at.tzinfo is None:
        raise Invalid("The moment needs a time zone.", field=field)
    if at > now + entry_policy().clock_tolerance:
        raise Invalid("The moment lies in the future.", field=field)
    at = min(at, now)
    if not_before is not None and at < not_before:
        raise Invalid("This is earlier than what it answers.", field=field)
    return at
