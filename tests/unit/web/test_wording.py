"""Moments, durations and figures as an official reads them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from irm.clock import SHANGHAI
from irm.i18n import translator
from irm.web import wording

ZH, EN = translator("zh-CN"), translator("en")
NOW = datetime(2026, 11, 20, 19, 22, tzinfo=UTC)
"""03:22 on the 21st in Shanghai."""


def at(day: int, hour: int, minute: int, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        (at(21, 3, 41), "今天 03:41", "today 03:41"),
        (at(21, 0, 0), "今天 00:00", "today 00:00"),
        (at(20, 23, 59), "昨天 23:59", "yesterday 23:59"),
        (at(22, 0, 0), "明天 00:00", "tomorrow 00:00"),
        (at(1, 8, 5), "11月1日 08:05", "1 Nov 08:05"),
        (at(31, 8, 5, month=12, year=2025), "2025年12月31日 08:05", "31 Dec 2025 08:05"),
    ],
)
def test_moments_are_said_from_the_day_in_shanghai(moment: datetime, chinese: str, english: str) -> None:
    assert wording.moment(moment, NOW, ZH) == chinese
    assert wording.moment(moment, NOW, EN) == english


def test_a_limit_at_the_end_of_a_day_belongs_to_that_day() -> None:
    assert wording.limit(at(22, 0, 0), NOW, ZH) == "今天 24:00"
    assert wording.limit(at(23, 0, 0), NOW, ZH) == "明天 24:00"
    assert wording.limit(at(21, 3, 41), NOW, ZH) == "今天 03:41"
    assert wording.deadline(at(22, 0, 0), NOW, EN).startswith("today 24:00 (")


def test_a_deadline_says_when_and_how_long() -> None:
    assert wording.deadline(at(21, 3, 41), NOW, ZH) == "今天 03:41（还剩 19 分钟）"
    assert wording.deadline(at(21, 3, 41), NOW, EN) == "today 03:41 (19 min left)"
    assert wording.deadline(at(21, 3, 10), NOW, ZH) == "今天 03:10（已超 12 分钟）"
    assert wording.distance(NOW, NOW, ZH) == "已超 0 秒"


def test_documents_carry_the_zone() -> None:
    assert wording.exact(at(21, 3, 41), ZH) == "北京时间 2026-11-21 03:41:00（UTC+8）"


@pytest.mark.parametrize(
    ("seconds", "chinese"),
    [
        (0, "0 秒"),
        (59, "59 秒"),
        (60, "1 分钟"),
        (3_599, "59 分钟"),
        (3_600, "1 小时"),
        (3_660, "1 小时 1 分钟"),
        (72 * 3_600 - 1, "71 小时 59 分钟"),
        (72 * 3_600, "3 天"),
        (73 * 3_600, "3 天 1 小时"),
        (-90, "1 分钟"),
    ],
)
def test_durations_have_two_units_at_most(seconds: int, chinese: str) -> None:
    assert wording.duration(timedelta(seconds=seconds), ZH) == chinese


@pytest.mark.parametrize(
    ("value", "chinese", "english"),
    [
        (9_999, "9,999", "9,999"),
        (10_000, "1万", "10,000"),
        (120_000, "12万", "120,000"),
        (123_456, "12.3万", "123,456"),
        (99_999_999, "1亿", "99,999,999"),
        (100_000_000, "1亿", "100,000,000"),
        (123_000_000, "1.2亿", "123,000,000"),
        (Decimal(15000), "1.5万", "15,000"),
        (-120_000, "-12万", "-120,000"),
    ],
)
def test_figures_are_counted_in_ten_thousands(value: int, chinese: str, english: str) -> None:
    assert wording.figure(value, ZH) == chinese
    assert wording.figure(value, EN) == english


@given(st.integers(min_value=0, max_value=99 * 3600))
def test_a_countdown_is_hours_and_minutes(seconds: int) -> None:
    hours, minutes = wording.countdown(timedelta(seconds=seconds)).split(":")
    assert int(hours) * 60 + int(minutes) == seconds // 60
