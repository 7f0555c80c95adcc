"""In which order a person wants to be told, and when he is not to be disturbed. Pure.

One order for what is important (pages) and one for the rest. Quiet hours hold back notices and reminders only, and of those
none that is grave: a page is never held back by anybody's wish.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from irm.notify.plan import Address

DISTURBING: Final = frozenset({"notice", "reminder"})


@dataclass(frozen=True)
class Preference:
    """Channels, the most wanted first; those that are not named come after in the order of the contact list. Quiet from
    `quiet_from` to `quiet_until`, past midnight where that is the earlier one; both or none."""

    important: tuple[str, ...] = ()
    normal: tuple[str, ...] = ()
    quiet_from: time | None = None
    quiet_until: time | None = None

    def order(self, purpose: str) -> tuple[str, ...]:
        return self.important if purpose == "page" else self.normal


def ordered(addresses: Sequence[Address], order: Sequence[str]) -> tuple[Address, ...]:
    """The same addresses with their preferences counted anew."""
    place = {channel: number for number, channel in enumerate(order)}
    by_wish = sorted(
        addresses, key=lambda each: (place.get(each.channel, len(place)), each.preference, each.channel, each.address)
    )
    return tuple(replace(each, preference=number) for number, each in enumerate(by_wish, 1))


def quiet_until(
    preference: Preference, purpose: str, urgency: int, now: datetime, zone: ZoneInfo, *, grave: int
) -> datetime | None:
    """Until when this message waits, or None: it goes now. `grave`: up to this urgency nothing waits."""
    begins, ends = preference.quiet_from, preference.quiet_until
    if begins is None or ends is None or begins == ends or purpose not in DISTURBING or urgency <= grave:
        return None
    local = now.astimezone(zone)
    clock = local.timetz().replace(tzinfo=None)
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return None
    day = local.date() if clock < ends else local.date() + timedelta(days=1)
    return datetime.combine(day, ends, zone)
