"""How well a figure is known, in words: a city's own figure is no text of law that nobody has read."""

from typing import get_args

import pytest

from irm.i18n import translator
from irm.rules.declared import vocabulary
from irm.rules.pack import Status
from irm.rules.words import mark_note, mark_words


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_status_has_a_mark_and_a_sentence_of_its_own(locale: str) -> None:
    t = translator(locale)
    statuses = get_args(Status)
    assert set(vocabulary()["statuses"]) == set(vocabulary()["status_notes"]) == set(statuses)
    for words in (mark_words, mark_note):
        told = [words(one, t) for one in statuses]
        assert all(told)
        assert len(set(told)) == len(statuses)


def test_only_what_was_read_is_called_read_and_only_the_city_s_own_is_called_its_own() -> None:
    t = translator("zh-CN")
    assert [mark_words(one, t) for one in ("verified", "secondary", "unverified", "local")] == [
        "已核原文",
        "据转引",
        "未核实",
        "本市自定",
    ]
    assert "核" not in mark_words("local", t) + mark_note("local", t)
