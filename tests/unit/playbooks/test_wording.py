"""What people read of a playbook."""

from textwrap import dedent

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
    said = {one: condition_words(one, translator("zh-CN"), playbook) for one in asked}
    assert all(said.values()), said
    assert all("." not in words for words in said.values())


def test_a_decision_is_said_in_the_words_of_its_own_playbook() -> None:
    """Two playbooks may ask under one name what is not the same."""
    own = """
        apiVersion: irm/v1
        kind: Playbook
        id: own
        title: {zh-CN: 例}
        start: {on: incident.graded}
        steps:
          - id: police
            decide:
              title: {zh-CN: 是否请交警引导车辆}
              to: role(cloud_authority, duty_leader)
              options: [{id: ask, title: {zh-CN: 请交警到场}}, {id: leave, title: {zh-CN: 不请}}]
              within: 10m
              default: ask
          - {id: wait, when: decided.police != "leave", wait: 5m}
        """
    playbook = read_playbook(dedent(own), file="own.yaml").playbook
    t = translator("zh-CN")
    assert condition_words('decided.police == "ask"', t, playbook) == "“是否请交警引导车辆”已定为“请交警到场”"
    assert condition_words('decided.police != "leave"', t, playbook) == "“是否请交警引导车辆”未定为“不请”"
    assert condition_words('decided.police == "ask"', t) == "", "not those of another playbook"


def test_a_condition_of_the_city_s_own_stands_as_it_is_written() -> None:
    assert condition_words("incident.users > 5000", translator("zh-CN")) == ""
