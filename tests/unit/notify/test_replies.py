"""What somebody means who answers by SMS."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.notify.replies import LOWEST_CODE, Match, Sent, free_code, match, telephone

AT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
OLD, NEW = UUID(int=1), UUID(int=2)
ONE = [Sent(OLD, "page-1", "4821", AT)]
TWO = [Sent(NEW, "page-2", "7350", AT), *ONE]
YES = ("收到", "确认收到", "ok")


@pytest.mark.parametrize(
    "content",
    [
        "4821",
        " 4821 ",
        "４８２１",
        "4 8 2 1",
        "48-21",
        "收到 4821",
        "4821收到。",
        "【收到】4821",
        "回复：4821",
        "SJ-2026-000123 收到 4821",
        "4821\n",
        "4821 4821",
    ],
)
def test_the_code_is_understood_however_it_is_written(content: str) -> None:
    assert match(content, TWO) == Match("acknowledged", OLD)


@pytest.mark.parametrize("content", ["48210", "0482 1000", "1482", "2026"])
def test_another_number_is_no_code(content: str) -> None:
    assert match(content, TWO).outcome == "unknown_code"


@pytest.mark.parametrize("content", ["收到", "收到。", " 确认收到 ", "OK", "ＯＫ"])
def test_a_bare_receipt_counts_where_just_one_page_went_to_the_number(content: str) -> None:
    assert match(content, ONE, yes=YES) == Match("acknowledged", OLD)


def test_a_bare_receipt_confirms_nothing_where_it_could_mean_two_pages() -> None:
    assert match("收到", TWO, yes=YES) == Match("ambiguous")


@pytest.mark.parametrize("content", ["关闭", "已处置完毕", "close", "resolved", "结案"])
def test_words_that_would_close_confirm_nothing(content: str) -> None:
    """Elsewhere a reply closes an alert. What ends an incident is a person's act with a reason, not an SMS."""
    assert match(content, ONE, yes=YES) == Match("no_code")


def test_two_codes_of_two_pages_confirm_neither() -> None:
    assert match("4821 7350", TWO) == Match("ambiguous")


def test_a_reply_to_the_old_message_never_confirms_the_newer_page() -> None:
    assert match("4821", TWO) == Match("acknowledged", OLD)


@pytest.mark.parametrize("content", ["", "在开会", "不是我值班", "received?"])
def test_other_words_confirm_nothing(content: str) -> None:
    assert match(content, ONE, yes=YES) == Match("no_code")


def test_a_stranger_confirms_nothing() -> None:
    assert match("4821", []) == Match("unknown_number")


def test_a_repeated_page_answers_with_its_newest_message() -> None:
    assert match("4821", [Sent(NEW, "page-1", "4821", AT), *ONE]) == Match("acknowledged", NEW)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("13900000001", "13900000001"),
        ("+86 139 0000 0001", "13900000001"),
        ("0086-139-0000-0001", "13900000001"),
        ("8613900000001", "13900000001"),
        ("１３９00000001", "13900000001"),
        ("0375-2345678", "03752345678"),
        ("86345678", "86345678"),
        ("none", ""),
    ],
)
def test_a_number_is_kept_in_one_form(raw: str, number: str) -> None:
    assert telephone(raw) == number


@given(st.text(max_size=600), st.lists(st.sampled_from(["4821", "7350", "9999"]), max_size=4))
def test_no_text_confirms_what_its_code_does_not_name(content: str, codes: list[str]) -> None:
    pages = [Sent(UUID(int=index + 1), f"page-{code}", code, AT) for index, code in enumerate(codes)]
    found = match(content, pages)
    if found.outcome == "acknowledged":
        page = next(each for each in pages if each.delivery_id == found.delivery_id)
        assert page.reply_code


@given(st.sets(st.integers(LOWEST_CODE, 9999).map(str), max_size=200), st.integers(0, 2**31))
def test_a_new_code_is_never_one_in_use(taken: set[str], roll: int) -> None:
    code = free_code(taken, roll)
    assert code not in taken
    assert len(code) == 4
    assert LOWEST_CODE <= int(code) <= 9999


def test_when_every_code_is_taken_it_says_so() -> None:
    with pytest.raises(ValueError, match="no reply code left"):
        free_code([str(each) for each in range(LOWEST_CODE, 10_000)], 7)
