"""Moments, durations and figures as an official writes them. Pure: `now` and the translator are arguments."""

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Protocol

from babel.dates import format_skeleton

from irm.clock import SHANGHAI
from irm.i18n import N_

WAN: Final = 10_000
YI: Final = 100_000_000
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
HOURS_UNTIL_DAYS: Final = 72
"""Limits of law count in hours up to three days; beyond, a person thinks in days."""


class Translate(Protocol):
    locale: str

    def __call__(self, msgid: str, /, **params: Any) -> str: ...


def babel_locale(locale: str) -> str:
    return {"zh-CN": "zh_CN", "en": "en_GB"}.get(locale, "zh_CN")


def moment(value: datetime, now: datetime, t: Translate) -> str:
    """今天 03:41 · 昨天 22:10 · 11月20日 03:41 · 2025年11月20日 03:41, always Asia/Shanghai."""
    at = value.astimezone(SHANGHAI)
    return _on_its_day(at, at.strftime("%H:%M"), now, t)


def limit(value: datetime, now: datetime, t: Translate) -> str:
    """As `moment`, but a limit at the end of a day belongs to that day: 12月31日 24:00."""
    at = value.astimezone(SHANGHAI)
    if (at.hour, at.minute, at.second) != (0, 0, 0):
        return moment(value, now, t)
    return _on_its_day(at - timedelta(minutes=1), "24:00", now, t)


def _on_its_day(at: datetime, time: str, now: datetime, t: Translate) -> str:
    here = now.astimezone(SHANGHAI)
    days = (at.date() - here.date()).days
    if days == 0:
        return t("today %(time)s", time=time)
    if days == -1:
        return t("yesterday %(time)s", time=time)
    if days == 1:
        return t("tomorrow %(time)s", time=time)
    skeleton = "MMMd" if at.year == here.year else "yMMMd"
    return f"{format_skeleton(skeleton, at, locale=babel_locale(t.locale))} {time}"


def month(value: date | str, t: Translate) -> str:
    """2026年1月; also from how periods are written (`2026-01`)."""
    first = date.fromisoformat(f"{value}-01") if isinstance(value, str) else value
    return format_skeleton("yMMMM", first, locale=babel_locale(t.locale))


def month_name(value: str, t: Translate) -> str:
    """1月 · Jan, of a period as it is written (`2026-01`): where the year stands above it."""
    return format_skeleton("MMM", date.fromisoformat(f"{value}-01"), locale=babel_locale(t.locale))


def month_day(value: date, t: Translate) -> str:
    """11月2日: where the year stands above it."""
    return format_skeleton("MMMd", value, locale=babel_locale(t.locale))


def numbered(number: str, title: str) -> str:
    """（一）涉事单位 · 1. Units concerned."""
    return f"{number} {title}" if number.isascii() else f"{number}{title}"


def in_full(value: datetime, t: Translate) -> str:
    """2026年11月22日17时34分: on paper, to the minute, without the zone."""
    at = value.astimezone(SHANGHAI)
    short = t.locale.startswith("zh")
    month, day, hour = (str(each) if short else f"{each:02d}" for each in (at.month, at.day, at.hour))
    words = "%(year)s-%(month)s-%(day)s %(hour)s:%(minute)s"
    return t(words, year=at.year, month=month, day=day, hour=hour, minute=f"{at.minute:02d}")


def on_paper(value: datetime, t: Translate) -> str:
    """As `in_full`, with the zone."""
    return t("%(moment)s Beijing time (UTC+8)", moment=in_full(value, t))


def exact(value: datetime, t: Translate) -> str:
    """With year, second and zone: for titles and for documents."""
    at = value.astimezone(SHANGHAI)
    return t("%(moment)s Beijing time (UTC+8)", moment=at.strftime("%Y-%m-%d %H:%M:%S"))


def duration(value: timedelta, t: Translate) -> str:
    """The two largest units, rounded down to the minute; below one minute in seconds."""
    seconds = int(abs(value).total_seconds())
    if seconds < MINUTE:
        return t("%(n)s s", n=seconds)
    if seconds < HOUR:
        return t("%(n)s min", n=seconds // MINUTE)
    if seconds < HOURS_UNTIL_DAYS * HOUR:
        hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
        return t("%(h)s h %(m)s min", h=hours, m=minutes) if minutes else t("%(h)s h", h=hours)
    days, hours = seconds // DAY, seconds % DAY // HOUR
    return t("%(d)s d %(h)s h", d=days, h=hours) if hours else t("%(d)s d", d=days)


def countdown(value: timedelta) -> str:
    """00:41 (hours and minutes left), as the browser's title and the board carry it."""
    minutes = int(abs(value).total_seconds()) // MINUTE
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def distance(value: datetime, now: datetime, t: Translate) -> str:
    """还剩 19 分钟, or 已超 2 小时 5 分钟 once it has passed."""
    left = value - now
    if left > timedelta(0):
        return t("%(duration)s left", duration=duration(left, t))
    return t("%(duration)s over", duration=duration(left, t))


def deadline(value: datetime, now: datetime, t: Translate) -> str:
    """今天 03:41（还剩 19 分钟）"""
    return t("%(moment)s (%(distance)s)", moment=limit(value, now, t), distance=distance(value, now, t))


def grouped(value: int | Decimal) -> str:
    return f"{value:,}"


def figure(value: int | Decimal, t: Translate) -> str:
    """12万, 1.2亿 in Chinese; 120,000 in English. One decimal at most; the exact value belongs on hover."""
    exactly = Decimal(value)
    if not t.locale.startswith("zh") or exactly.copy_abs() < WAN:
        return grouped(value)
    scaled, msgid = _tenths(exactly / WAN), N_("%(n)s × 10 thousand")
    if scaled.copy_abs() >= WAN:  # 9999.96 of the smaller unit are one of the greater
        scaled, msgid = _tenths(exactly / YI), N_("%(n)s × 100 million")
    return t(msgid, n=f"{scaled.normalize():f}")


def _tenths(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def size(value: int) -> str:
    """Bytes as kB or MB, decimal as on the wire."""
    if value < 1000:  # noqa: PLR2004 - bytes to kB
        return f"{value} B"
    if value < 1_000_000:  # noqa: PLR2004 - kB to MB
        return f"{value / 1000:.0f} kB"
    return f"{value / 1_000_000:.1f} MB"
