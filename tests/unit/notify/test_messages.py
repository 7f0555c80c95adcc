"""What leaves irm: numbers and levels as words of a sentence, never a sign that only a program reads."""

import pytest

from irm.i18n import translator
from irm.notify.messages import About, compose


@pytest.mark.parametrize(
    ("locale", "title", "body"),
    [
        (
            "zh_CN",
            "时限临近：WT-2026-00011及其他2项有应办事项",
            "WT-2026-00011及其他2项有应办事项，时限临近，请登录处理。",
        ),
        (
            "en",
            "A time limit is near: something is owed for WT-2026-00011 and 2 other matters",
            "Something is owed for WT-2026-00011 and 2 other matters and a time limit is near. Sign in to handle it.",
        ),
    ],
)
def test_one_reminder_for_several_duties_says_how_many_go_with_it(locale: str, title: str, body: str) -> None:
    about = About("WT-2026-00011", 4, "/calendar", matter="duty", others=2)
    text = compose("reminder", "sms", about, translator(locale), code=None, exercise=False)
    assert (text.title, text.body) == (title, body)


def test_a_level_stands_within_the_sentence() -> None:
    about = About("SJ-2026-000012", 1, "/incidents/SJ-2026-000012", basis="possible")
    text = compose("page", "email", about, translator("en"), code=None, exercise=False)
    assert text.title == "Please confirm receipt: incident SJ-2026-000012, possibly especially grave"


@pytest.mark.parametrize(
    ("purpose", "code", "title", "body"),
    [
        (
            "page",
            "4821",
            "请审批报告：事件SJ-2026-000012，特别重大",
            "事件SJ-2026-000012，特别重大，有报告待审批，请登录处理。回复4821确认收到。",
        ),
        (
            "reminder",
            None,
            "报告审批情况：事件SJ-2026-000012，特别重大",
            "事件SJ-2026-000012，特别重大，报告审批有新情况，请登录查看。",
        ),
    ],
)
def test_a_leader_who_is_woken_reads_what_is_wanted_of_him(
    purpose: str, code: str | None, title: str, body: str
) -> None:
    about = About("SJ-2026-000012", 1, "/approvals/7", matter="approval")
    text = compose(purpose, "sms", about, translator("zh_CN"), code=code, exercise=False)
    assert (text.title, text.body) == (title, body)


def test_what_is_about_no_incident_has_no_level() -> None:
    about = About("WT-2026-00011", None, "/approvals/7", matter="approval")
    text = compose("page", "email", about, translator("en"), code=None, exercise=False)
    assert text.title == "Please approve a report: WT-2026-00011"
