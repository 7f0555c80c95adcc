"""An incident for which nobody is called, and a duty desk that its roster leaves empty, are told before the night."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from irm.notify.plan import BUILT
from irm.notify.roster import Span
from irm.notify.unmanned import days_of
from irm.playbooks.check import City, check
from irm.playbooks.city import built_in_city
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import library

CHAIN = library()["report-chain.yaml"]


def told(text: str, city: City) -> list[str]:
    """Without what is said of channels that are not served yet."""
    found = [str(one) for one in check(text, file="x.yaml", city=city).warnings]
    return [one for one in found if "does not serve" not in one]


def started(text: str, when: str) -> str:
    return text.replace("""when: 'incident.may_be("较大")'""", f"when: '{when}'")


def without_kinds() -> City:
    """A city whose only playbook for incidents is the chain."""
    return City(active=(read_playbook(CHAIN, file="chain").playbook,))


def test_levels_that_nobody_is_called_for_are_named() -> None:
    assert told(CHAIN, without_kinds())[-1:] == [
        (
            "x.yaml:7:36: No playbook pages or reports for incidents of the level General: of any kind."
            " – widen “start.when”, or leave it to the playbook that answers duties that fall due"
        )
    ]
    assert told(started(CHAIN, 'incident.may_be("一般")'), without_kinds()) == []
    narrower = told(started(CHAIN, 'incident.may_be("重大")'), without_kinds())
    assert "of the level Considerable, General: of any kind" in narrower[-1]


def test_what_the_kinds_own_playbooks_report_counts() -> None:
    every = built_in_city()
    assert told(CHAIN, every) == [], "what may not be graver than 一般 has a playbook of its own"
    (warning,) = told(CHAIN, replace(every, active=tuple(one for one in every.active or () if one.id != "ordinary")))
    kinds = "Malware; Network attack of which no more is said; Scanning and probing and 36 more"
    assert f"of the level General: {kinds}" in warning
    assert "Data leak" not in warning


def test_a_chain_for_some_kinds_only_leaves_the_others() -> None:
    own = started(CHAIN, 'incident.may_be("一般") && incident.cii != "no"')
    assert "of the level Especially grave, Grave, Considerable, General: of any kind" in told(own, without_kinds())[-1]


def test_a_new_version_that_answers_less_than_the_one_in_use_says_so() -> None:
    leak = library()["data-leak.yaml"]
    fewer = leak.replace('["", "leak", "theft", "interception", "abuse", "privacy"]', '["leak"]')
    city = replace(without_kinds(), active=(*(without_kinds().active or ()), read_playbook(leak, file="leak").playbook))
    assert not [one for one in told(leak, city) if "No playbook pages" in one]
    (warning,) = [one for one in told(fewer, city) if "No playbook pages" in one]
    assert (
        "of the level General: Data security of which no more is said; Data theft; Data interception and 2" in warning
    )


def test_the_days_that_a_roster_leaves_empty_are_told_once_for_each_target() -> None:
    days = tuple(date(2026, 12, 3) + timedelta(days=one) for one in range(7))
    city = City(unmanned={"on_duty(cloud_authority)": days})
    (warning,) = [one for one in told(CHAIN, city) if "on duty" in one]
    assert warning == (
        "x.yaml:12:14: on_duty(cloud_authority): nobody is on duty for all or some hours of"
        " 2026-12-03, 2026-12-04, 2026-12-05 and 4 more days. – fill the roster"
    )


@pytest.mark.parametrize(
    ("starts", "ends", "days"),
    [
        ("2026-12-02T16:00", "2026-12-03T16:00", [3]),  # a whole day of Shanghai
        ("2026-12-02T15:59", "2026-12-02T16:01", [2, 3]),  # two minutes around midnight
        ("2026-12-03T00:00", "2026-12-05T00:00", [3, 4, 5]),
    ],
)
def test_a_gap_takes_the_days_of_shanghai_that_it_touches(starts: str, ends: str, days: list[int]) -> None:
    span = Span(*(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in (starts, ends)))
    assert [day.day for day in days_of([span, span])] == days


def test_a_channel_that_irm_does_not_serve_yet_is_told_once() -> None:
    text = started(CHAIN, 'incident.may_be("一般")').replace("[sms, wecom, email, in_app]", "[sms, pager_of_old]")
    assert [str(one)[:80] for one in check(text, file="x.yaml", city=City()).errors] == [
        "x.yaml:12:45: There is no channel “pager_of_old”. – one of preferred, sms, email"[:80]
    ]
    served = [str(one) for one in check(CHAIN, file="x.yaml", city=City()).warnings]
    for channel in ("wecom", "voice"):
        assert sum(f"({channel})" in one for one in served) == (channel not in BUILT)


def test_a_group_chat_is_told_and_never_waited_for() -> None:
    paged = CHAIN.replace("[sms, wecom, email, in_app]", "[sms, wecom_bot]")
    assert [str(one) for one in check(paged, file="x.yaml", city=City()).errors] == [
        "x.yaml:12:45: “wecom_bot” reaches a group, in which nobody can answer for himself. – use it in a notice"
    ]
    told_only = "  - {id: group, notice: {to: on_duty(cloud_authority), via: [feishu_bot]}}\n"
    assert check(CHAIN + told_only, file="x.yaml", city=City()).errors == ()


def test_a_call_to_an_endpoint_that_the_settings_do_not_name_is_told() -> None:
    calls = CHAIN + "  - {id: tell, call: {endpoint: socc, within: 5m}}\n"
    assert not [one for one in told(calls, City()) if "endpoint" in one]
    (warning,) = [one for one in told(calls, City(endpoints=frozenset({"soc"}))) if "endpoint" in one]
    assert warning.endswith("The settings name no endpoint “socc”. – soc?")
