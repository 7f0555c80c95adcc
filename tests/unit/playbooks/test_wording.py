"""What people read of a playbook."""

import pytest

from irm.i18n import translator
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library
from irm.playbooks.wording import condition_words


@pytest.mark.parametrize("file", sorted(library()))
def test_whatever_a_playbook_of_the_library_asks_is_said_in_words(file: str) -> None:
    playbook = read_playbook(library()[file], file=file).playbook
    assert playbook is not None
    asked = {one for one in (playbook.start.when_source, *(step.when_source for step in playbook.steps)) if one}
    said = {one: condition_words(one, translator("zh-CN")) for one in asked}
    assert all(said.values()), said
    assert all("." not in words for words in said.values())


def test_a_condition_of_the_city_s_own_stands_as_it_is_written() -> None:
    assert condition_words("incident.users > 5000", translator("zh-CN")) == ""
