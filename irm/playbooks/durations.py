"""Durations as playbooks write them: 90s, 15m, 4h, 20d, 1h30m. Pure."""

import re
from datetime import timedelta

from irm.errors import Wrong, quoted, said

_SHAPE = re.compile(
    r"(?:(?P<days>[0-9]{1,4})d)?(?:(?P<hours>[0-9]{1,5})h)?(?:(?P<minutes>[0-9]{1,6})m)?(?:(?P<seconds>[0-9]{1,7})s)?"
)


def parse_duration(text: str) -> timedelta:
    """Raises Wrong with an example; never zero."""
    match = _SHAPE.fullmatch(text.strip())
    if match is None or not text.strip():
        raise Wrong(said("“%(value)s” is no duration.", value=quoted(text)), said("write 15m, 4h, 20d or 1h30m"))
    duration = timedelta(**{unit: int(count) for unit, count in match.groupdict().items() if count})
    if not duration:
        raise Wrong(said("The duration is zero."), said("at least %(least)s", least="1s"))
    return duration


def duration_text(duration: timedelta) -> str:
    """The shortest way to write it that `parse_duration` reads back."""
    seconds = int(duration.total_seconds())
    parts = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
