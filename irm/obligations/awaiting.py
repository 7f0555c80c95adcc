"""Until when a receipt is waited for before the sender's desk is told: the city's own figure (本市内控), never a legal one."""

from datetime import datetime, timedelta

from irm.db import Tx
from irm.obligations.forms import form_of
from irm.obligations.policy import EntryPolicy, entry_policy
from irm.rules.moments import due_moment
from irm.rules.outside import outside
from irm.rules.queries import current_packs, receipt_alarm


def awaited_until(
    form: str, means: str | None, submitted_at: datetime, *, alarm: timedelta | None, policy: EntryPolicy
) -> datetime | None:
    """None: this form awaits none. `alarm`: `policy.receipt_alarm` of the city's pack, for what is urgent. Pure.

    An urgent report is waited for by the minute unless somebody carries it; a yearly paper for days, to 24:00 of the last.
    """
    if not form_of(form).awaits_receipt:
        return None
    limits = policy.receipts
    if form not in limits.urgent:
        return due_moment(submitted_at, limits.others_by.get(means or "") or limits.others)
    carried = limits.urgent_by.get(means or "")
    return due_moment(submitted_at, carried) if carried else submitted_at + (alarm or policy.clocks.receipt_within)


async def receipt_awaited_until(
    tx: Tx, form: str, means: str | None, submitted_at: datetime, *, recipient_kind: str, now: datetime
) -> datetime | None:
    """By the figures of today; whom no contact list holds gives no receipt."""
    if recipient_kind in outside():
        return None
    alarm = receipt_alarm(await current_packs(tx, now=now))
    return awaited_until(form, means, submitted_at, alarm=alarm, policy=entry_policy())
