"""The city's rules for alerts: their text is checked whole, with places."""

import pytest

from irm.alerts.city_rules import DECLARED, first_that_holds, read_rules
from irm.alerts.rule_versions import brought_along
from irm.positions import LanguageError

ONE = """rules:
  - id: portal
    title: {zh-CN: 门户, en: Portal}
    when: 'alert.system == "portal" && alert.severity in ["critical", "major"]'
    group_minutes: 60
    at_most_per_hour: 3
  - id: many
    title: {zh-CN: 多次, en: Many}
    when: 'alert.count >= 5'
    group_minutes: 5
    at_most_per_hour: 1
"""
ALERT = dict.fromkeys(DECLARED, "") | {"alert.kind": "email", "alert.severity": "critical", "alert.count": 1}


def test_irm_brings_no_rule_along() -> None:
    assert brought_along().rules == ()


def test_the_first_that_holds_files_it() -> None:
    rules = read_rules(ONE)
    assert first_that_holds(rules, ALERT) is None
    portal = first_that_holds(rules, ALERT | {"alert.system": "portal", "alert.count": 9})
    assert portal is not None
    assert portal.id == "portal"
    many = first_that_holds(rules, ALERT | {"alert.count": 5})
    assert many is not None
    assert (many.id, many.group_within.total_seconds()) == ("many", 300)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("alert.system", "alert.host", "4:12"),
        ('"critical", "major"', '"critical", "grave"', "4:"),
        ("id: many", "id: portal", "7:"),
        ("group_minutes: 60", "group_minutes: 0", "5:"),
        ("at_most_per_hour: 1", "at_most_an_hour: 1", "11:"),
        ("{zh-CN: 多次, en: Many}", "{zh-CN: 多次}", "8:"),
    ],
)
def test_every_fault_has_its_place(before: str, after: str, place: str) -> None:
    assert before in ONE
    with pytest.raises(LanguageError) as refused:
        read_rules(ONE.replace(before, after, 1))
    assert any(f":{place}" in one.place + ":" for one in refused.value.faults), [
        str(one) for one in refused.value.faults
    ]
