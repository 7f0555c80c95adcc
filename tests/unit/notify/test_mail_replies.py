"""What somebody means who answers a page by mail."""

from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.notify.mail_replies import code_of, coded, is_by_itself, read, says_yes
from irm.notify.policy import channel_policy

PAGE, OLDER = UUID(int=7), UUID(int=8)
YES = ("收到", "已收到", "确认", "确认收到", "ok", "yes")


def answer(text: str = "确认收到", **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"] = "张三 <Officer@unit.example.invalid>"
    mail["Message-ID"] = "<answer-1@unit.example.invalid>"
    mail["In-Reply-To"] = f"<{PAGE}@city.example.invalid>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def test_an_answer_names_its_page_its_sender_and_says_its_first_line() -> None:
    found = read(answer("\n确认收到，马上到。\n\n> 请确认收到：事件 SJ-2026-000001"))
    assert found.answers == (PAGE,)
    assert found.sender == "officer@unit.example.invalid"
    assert found.line == "确认收到，马上到。"
    assert found.message_id == "<answer-1@unit.example.invalid>"
    assert not found.is_automatic


def test_the_nearest_message_of_a_thread_comes_first() -> None:
    found = read(answer(References=f"<{OLDER}@city.example.invalid> <{PAGE}@city.example.invalid>"))
    assert found.answers == (PAGE, OLDER)
    only = read(answer(In_Reply_To="<other@x>", References=f"<{OLDER}@a.b> <{PAGE}@a.b>"))
    assert only.answers[0] in {OLDER, PAGE}
    assert read(answer(In_Reply_To="<not-ours@x>")).answers == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"Auto-Submitted": "auto-generated; x=1"},
        {"Precedence": "bulk"},
        {"X-Autoreply": "yes"},
        {"Return-Path": "<>"},
    ],
)
def test_a_machines_answer_is_none(headers: dict[str, str]) -> None:
    assert read(answer(**headers)).is_automatic
    assert not read(answer(**{"Auto-Submitted": "no"})).is_automatic


@pytest.mark.parametrize("line", ["确认收到", "收到", "OK", "ok, on my way", "已收到。", "  Yes!", "ＯＫ"])
def test_a_word_of_receipt_at_the_beginning_is_a_yes(line: str) -> None:
    assert says_yes(line, YES)


@pytest.mark.parametrize("line", ["", "未收到", "没有收到", "我在休假，回来后确认", "okay-ish", "oklahoma", "不确认"])
def test_anything_else_is_none(line: str) -> None:
    assert not says_yes(line, YES)


def test_what_is_quoted_or_only_announces_a_quotation_is_not_his_own_word() -> None:
    assert read(answer("> 确认收到\n\nOn Friday the desk wrote:\n> text")).line == ""
    assert read(answer("---- Original ----\n2026-11-21 03:41, irm：\n> 确认")).line == ""


def test_a_mail_in_html_only_is_read_too() -> None:
    mail = EmailMessage()
    mail["From"] = "officer@unit.example.invalid"
    mail.set_content("<html><style>p {}</style><p>确认收到</p><blockquote>…</blockquote></html>", subtype="html")
    found = read(mail.as_bytes())
    assert found.line == "确认收到"
    assert found.message_id, "one without a name of its own is told from others by its content"


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading(content: bytes) -> None:
    found = read(content + b"\n")
    assert len(found.line) <= 200


RANDOM = UUID("01932f6e-7d2a-7c3b-9a41-5e0c7f3a21c7")


@pytest.mark.parametrize("before", ["Re: ", "回复：", "答复: ", "RE: 转发: ", ""])
def test_an_answer_that_names_nothing_else_bears_the_code_of_its_subject(before: str) -> None:
    subject = coded("请确认收到：事件SJ-2026-000001，较大", RANDOM)
    assert subject == "请确认收到：事件SJ-2026-000001，较大 [#7F3A21C7]"
    found = read(answer(In_Reply_To="<rewritten@gateway>", Subject=before + subject))
    assert (found.answers, found.code) == ((), code_of(RANDOM))


@pytest.mark.parametrize(
    "subject", ["Re: [#7F3A21C7] [#00000001]", "Re: #7F3A21C7", "Re: [#7F3A21C]", "Re: [工单#7F3A21C7]"]
)
def test_a_subject_with_two_codes_or_none_names_nothing(subject: str) -> None:
    assert read(answer(Subject=subject)).code == ""


def test_a_code_that_a_program_wrote_otherwise_is_the_same() -> None:
    assert read(answer(Subject="re: ［＃7f3a21c7］")).code == code_of(RANDOM)


@pytest.mark.parametrize(
    "subject", ["自动回复: x [#7F3A21C7]", "Automatic reply: x", "Out of Office: x", "自动答复：x"]
)
def test_what_a_program_writes_by_itself_is_a_machines_answer(subject: str) -> None:
    words = channel_policy().automatic_subjects
    assert is_by_itself(read(answer(Subject=subject)).subject, words)
    assert not is_by_itself(read(answer(Subject=f"Re: {subject}")).subject, words)
