"""Who evaluated a drill, when and where: on record, whether the director writes it or not."""

from datetime import UTC, datetime

from irm.drills.reporting import evaluation_words
from irm.i18n import translator

CLOSED = datetime(2026, 10, 1, 8, 5, tzinfo=UTC)


def test_the_report_says_when_where_and_by_whom_it_was_evaluated() -> None:
    chinese = evaluation_words(CLOSED, "市数据中心", ["甲", "乙"], translator("zh-CN"))
    assert chinese == {"experts": "甲、乙", "when_where": "2026年10月1日16时05分、市数据中心"}


def test_what_is_not_on_record_is_left_out() -> None:
    assert evaluation_words(None, "市数据中心", [], translator("zh-CN")) == {}
