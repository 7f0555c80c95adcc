"""Which messages go together, and how long they wait for each other."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.i18n import translator
from irm.notify import bundle_words
from irm.notify.bundling import Piece, companions, held_until, lane_of, leaves_at, urgency_of
from irm.notify.policy import bundling

POLICY = bundling()
NOW = datetime(2026, 12, 31, 16, tzinfo=UTC)


def piece(number: int = 1, **more: object) -> Piece:
    given: dict[str, object] = {
        "id": UUID(int=number),
        "purpose": "page",
        "channel": "sms",
        "address": "13900000001",
        "urgency": 4,
        "severity": 4,
        "subject": f"system/{number}",
        "exercise": False,
        "person_id": UUID(int=7),
        "post_id": None,
        "locale": "zh-CN",
    }
    if "severity" in more:  # known to be so grave
        given["urgency"] = more["severity"]
    return Piece(**(given | more))  # type: ignore[arg-type]  # the fields by name


@pytest.mark.parametrize(
    ("more", "lane"),
    [
        ({}, "duty"),
        ({"subject": "finding/1/obligation/2"}, "duty"),
        ({"subject": "incident/1"}, "incident"),
        ({"subject": "incident/1", "severity": 2}, None),
        ({"subject": "incident/1", "severity": 1, "urgency": 3}, "incident"),
        ({"subject": "incident/1", "severity": 4, "urgency": 1}, None),
        ({"severity": 1}, None),
        ({"purpose": "report"}, None),
        ({"channel": "in_app"}, None),
        ({"channel": "webhook"}, None),
        ({"address": None}, None),
        ({"subject": "job/1"}, None),
        ({"subject": "ledger"}, None),
        ({"subject": "drill/1"}, None),
        ({"subject": "story/1"}, None),
    ],
)
def test_what_travels_alone(more: dict[str, object], lane: str | None) -> None:
    assert lane_of(piece(**more), POLICY) == lane


@pytest.mark.parametrize(
    ("reached", "possible", "assessed", "urgency"),
    [
        (4, 4, None, 4),
        (4, 1, None, 3),  # it may be anything: nobody has looked yet
        (4, 3, None, 3),
        (3, 1, None, 3),
        (2, 1, None, 2),  # what is known counts at once, whatever else may be
        (1, 1, None, 1),
        (4, 1, 2, 2),  # a person has said so
        (4, 1, 4, 4),
        (2, 1, 3, 2),  # assessed lower than what the facts prove
    ],
)
def test_what_is_only_possible_is_less_urgent_than_what_is_known(
    reached: int, possible: int, assessed: int | None, urgency: int
) -> None:
    assert urgency_of(reached, possible, assessed, POLICY) == urgency


def test_of_messages_that_are_as_urgent_the_one_that_may_be_gravest_is_named_first() -> None:
    first, feared, mild = (
        piece(number, subject=f"incident/{number}", urgency=3, severity=severity)
        for number, severity in ((1, 3), (2, 1), (3, 3))
    )
    assert companions(first, [mild, feared], POLICY, rang=["incident/7"]) == (feared, mild)


def test_only_what_is_owed_waits_for_company() -> None:
    assert leaves_at(piece(), NOW, POLICY) == NOW + timedelta(seconds=30)
    assert leaves_at(piece(subject="incident/1"), NOW, POLICY) == NOW
    assert leaves_at(piece(severity=2), NOW, POLICY) == NOW


def rang(*seconds: int) -> dict[str, datetime]:
    return {f"incident/{number}": NOW - timedelta(seconds=each) for number, each in enumerate(seconds, 10)}


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [((), None), ((1, 2), None), ((1, 2, 3), 29), ((29, 28, 27), 3), ((30, 2, 1), None), ((4, 3, 2, 1), 29)],
)
def test_an_incident_waits_only_where_several_others_rang(seconds: tuple[int, ...], wait: int | None) -> None:
    until = held_until(piece(subject="incident/1"), NOW, rang(*seconds), NOW, POLICY)
    assert until == (NOW + timedelta(seconds=wait) if wait else None)


def test_its_own_calls_do_not_hold_an_incident_and_no_call_holds_a_duty() -> None:
    assert held_until(piece(subject="incident/10"), NOW, rang(1, 2, 3), NOW, POLICY) is None
    assert held_until(piece(), NOW, rang(1, 2, 3, 4), NOW, POLICY) is None
    assert held_until(piece(subject="incident/1", severity=2), NOW, rang(1, 2, 3, 4), NOW, POLICY) is None


def test_no_storm_is_so_long_that_an_incident_waits_for_ever() -> None:
    for waited, until in ((0, 30), (20, 10), (30, None), (90, None)):
        planned_at = NOW - timedelta(seconds=waited)
        found = held_until(piece(subject="incident/1"), planned_at, rang(0, 0, 0, 0), NOW, POLICY)
        assert found == (NOW + timedelta(seconds=until) if until else None)


@pytest.mark.parametrize(
    "more",
    [
        {"exercise": True},
        {"purpose": "notice"},
        {"severity": 2},
        {"channel": "email"},
        {"address": "13900000002"},
        {"person_id": UUID(int=8)},
        {"locale": "en"},
        {"subject": "incident/2"},
    ],
)
def test_what_does_not_belong_together_stays_apart(more: dict[str, object]) -> None:
    assert companions(piece(), [piece(2), piece(3, **more)], POLICY) == (piece(2),)


def test_notices_and_reminders_go_together() -> None:
    assert companions(piece(purpose="notice"), [piece(2, purpose="reminder")], POLICY) == (
        piece(2, purpose="reminder"),
    )


def test_a_person_is_one_whatever_post_he_sits_at_and_a_post_is_itself() -> None:
    assert companions(piece(), [piece(2, post_id=UUID(int=9))], POLICY)
    post = {"person_id": None, "post_id": UUID(int=9)}
    assert companions(piece(**post), [piece(2, **post)], POLICY)
    assert not companions(piece(**post), [piece(2, person_id=None, post_id=UUID(int=10))], POLICY)


@given(st.lists(st.tuples(st.integers(2, 60), st.integers(1, 4), st.sampled_from(("incident", "system"))), max_size=40))
def test_nothing_grave_is_ever_gathered_and_nobody_twice(drawn: list[tuple[int, int, str]]) -> None:
    waiting = [piece(number, severity=severity, subject=f"{kind}/{number}") for number, severity, kind in drawn]
    for first in waiting:
        found = companions(first, waiting, POLICY)
        assert first.id not in {each.id for each in found}
        assert all(each.severity > POLICY.alone_up_to for each in (first, *found) if found)
        assert [each.severity for each in found] == sorted(each.severity for each in found)
        if first.subject.startswith("incident/") and found:
            assert len({each.subject for each in found}) >= POLICY.storm_incidents


def test_no_message_carries_more_than_it_may() -> None:
    waiting = [piece(number) for number in range(2, 2 + 2 * POLICY.most)]
    assert len(companions(piece(), waiting, POLICY)) == POLICY.most - 1


def test_a_message_counts_incidents_and_names_the_first() -> None:
    said = bundle_words.compose(
        "incident",
        ["SJ-1", "SJ-2", "SJ-1", "SJ-3", "SJ-4"],
        translator("zh-CN"),
        asks=True,
        code="2101",
        exercise=True,
        named=3,
    )
    assert said.title == "演练：请确认收到：4起事件"
    assert said.body == "演练：4起事件（SJ-1、SJ-2、SJ-3等），请登录处理。回复2101确认收到全部。"
    assert said.detail == "minimal"


def test_a_message_says_of_the_first_what_it_may_be() -> None:
    numbers = ["SJ-7", "SJ-1", "SJ-3", "SJ-4"]
    given = {"asks": True, "code": "2101", "exercise": False, "named": 3, "feared": 1}
    said = bundle_words.compose("incident", numbers, translator("zh-CN"), **given)  # type: ignore[arg-type]  # by name
    assert said.body == "4起事件（SJ-7可能特别重大、SJ-1、SJ-3等），请登录处理。回复2101确认收到全部。"
    told = bundle_words.compose("incident", numbers[:2], translator("en"), **given)  # type: ignore[arg-type]  # by name
    assert told.body.startswith("2 incidents: SJ-7 possibly especially grave, SJ-1.")


def test_the_same_in_english() -> None:
    told = bundle_words.compose("duty", ["OA"], translator("en"), asks=True, code=None, exercise=False, named=30)
    assert (told.title, told.body) == (
        "Please confirm receipt: 1 duty",
        "1 duty: OA. Sign in to handle them.",
    )
