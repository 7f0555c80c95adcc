"""A text that keeps what it was made of speaks the language of whoever reads it."""

import pytest

from irm.errors import FieldError, Invalid, Said, Wrong, in_words, said
from irm.i18n import locale_of_terminal, translator

CHINESE = translator("zh-CN")
ENGLISH = translator("en")


def test_it_is_its_english_text() -> None:
    text = said("There is no fact “%(name)s”.", name="repost")
    assert text == "There is no fact “repost”."
    assert sorted([said("b"), said("a")]) == ["a", "b"]
    assert in_words(text, ENGLISH) == str(text)


def test_it_is_read_in_the_readers_language_with_what_stands_inside_it() -> None:
    text = said("There is no fact “%(name)s”.", name="repost")
    assert in_words(text, CHINESE) == "没有名为“repost”的影响事实。"
    outer = said("%(message)s – %(hint)s", message=text, hint=said("%(name)s?", name="reposts"))
    assert outer == "There is no fact “repost”. – reposts?"
    assert in_words(outer, CHINESE) == "没有名为“repost”的影响事实。提示：是否为 reposts？"


def test_percent_signs_of_parameters_and_of_bare_texts_stay() -> None:
    assert said("There is no fact “%(name)s”.", name="100%") == "There is no fact “100%”."
    assert said("100% sure") == "100% sure"
    assert said("100% sure").text(CHINESE) == "100% sure"


def test_text_of_others_stays_as_it_is() -> None:
    assert in_words("PT30M, PT24H", CHINESE) == "PT30M, PT24H"


def test_errors_hand_it_on() -> None:
    text = said("There is no fact “%(name)s”.", name="repost")
    error = Invalid("The file has faults.", errors=[FieldError("f.yaml:1:1", text)])
    assert error.errors[0].message == "There is no fact “repost”."
    assert error.errors[0].text(CHINESE) == "没有名为“repost”的影响事实。"
    assert Invalid("The expression cannot be read: %(told)s", told=text).text(CHINESE).endswith(text.text(CHINESE))


def test_a_wrong_value_says_what_was_meant() -> None:
    error = Wrong(said("The file is empty."), "PT30M")
    assert str(error) == "The file is empty. – PT30M"
    assert isinstance(error, ValueError)
    assert isinstance(error.message, Said)


@pytest.mark.parametrize(
    ("environment", "encoding", "locale"),
    [
        ({}, "utf-8", "zh-CN"),
        ({"LANG": "C.UTF-8"}, "utf-8", "zh-CN"),
        ({"LANG": "POSIX"}, "utf-8", "zh-CN"),
        ({"LANG": "C"}, "ascii", "en"),
        ({}, "ascii", "en"),
        ({}, None, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8"}, "utf-8", "zh-CN"),
        ({"LANG": "zh_CN.GBK"}, "gbk", "zh-CN"),
        ({"LANG": "zh_CN"}, "ascii", "en"),
        ({"LANG": "en_GB.UTF-8"}, "utf-8", "en"),
        ({"LANG": "de_DE.UTF-8"}, "utf-8", "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "utf-8", "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "utf-8", "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "utf-8", "zh-CN"),
        ({"LANG": "en_US.UTF-8", "IRM_LOCALE": "zh-CN"}, "utf-8", "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "IRM_LOCALE": "en"}, "utf-8", "en"),
        ({"LANG": "en_US.UTF-8", "IRM_LOCALE": ""}, "utf-8", "en"),
        ({"IRM_LOCALE": "zh-CN"}, "latin-1", "en"),
        ({}, "no-such-encoding", "en"),
    ],
)
def test_the_language_of_a_terminal(environment: dict[str, str], encoding: str | None, locale: str) -> None:
    assert locale_of_terminal(environment, encoding) == locale
