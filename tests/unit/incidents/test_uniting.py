"""Two incidents become one and two again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, strategies as st

from irm.incidents.lifecycle import Status
from irm.incidents.uniting import (
    MERGEABLE,
    Share,
    Whole,
    separated_share,
    separated_whole,
    united_assessment,
    united_facts,
    united_share,
    united_status,
    united_whole,
)
from irm.rules.levels import at_least, clock_level

NIGHT = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
UNIT = UUID(int=7)
SCALES = {"harm": ("slight", "serious", "grave")}

moments = st.integers(-600, 600).map(lambda minutes: NIGHT + timedelta(minutes=minutes))
statements = st.fixed_dictionaries(
    {
        "value": st.one_of(st.integers(0, 9), st.booleans(), st.sampled_from(["none", "unknown"])),
        "at": moments.map(datetime.isoformat),
        "by": st.sampled_from(["a", "b"]),
    }
)
told = st.dictionaries(st.sampled_from(["records", "harm_done", "outage"]), statements)
systems = st.frozensets(st.integers(1, 5).map(lambda n: UUID(int=n)))
roles = st.lists(st.sampled_from(["operator", "owner", "vendor", "reporter"]), unique=True).map(tuple)
handled = st.one_of(st.none(), moments)
shares = st.builds(
    Share, st.just(UNIT), roles, moments, st.sampled_from(["stated", "notified"]), told, handled, st.none(), systems
)
levels = st.integers(1, 4)
wholes = st.builds(
    Whole,
    st.sampled_from(sorted(status.value for status in MERGEABLE)),
    moments,
    st.one_of(st.none(), moments),
    st.sampled_from([None, "malware"]),
    st.none(),
    levels,
    levels,
    st.one_of(st.none(), levels),
    told,
    handled,
)


def value(**facts: object) -> dict[str, dict[str, object]]:
    return {name: {"value": one, "at": NIGHT.isoformat(), "by": "a"} for name, one in facts.items()}


@given(shares, shares)
def test_parted_again_a_part_is_as_it_was(main: Share, absorbed: Share) -> None:
    merged = united_share(main, absorbed, SCALES)
    assert separated_share(main, merged, merged) == main


@given(wholes, wholes)
def test_parted_again_the_incident_is_as_it_was(main: Whole, absorbed: Whole) -> None:
    merged = united_whole(main, absorbed, SCALES)
    assert separated_whole(main, merged, merged) == main


@given(shares, shares)
def test_nobody_knew_later_than_he_knew(main: Share, absorbed: Share) -> None:
    merged = united_share(main, absorbed, SCALES)
    assert merged.known_at == min(main.known_at, absorbed.known_at)
    assert merged.systems == main.systems | absorbed.systems
    assert set(merged.roles) == {*main.roles, *absorbed.roles}


@given(wholes, wholes)
def test_an_incident_is_as_old_as_its_oldest_knowledge(main: Whole, absorbed: Whole) -> None:
    assert united_whole(main, absorbed, SCALES).discovered_at == min(main.discovered_at, absorbed.discovered_at)


@given(wholes, wholes)
def test_no_judgement_of_one_alone_stops_the_other_s_clocks(main: Whole, absorbed: Whole) -> None:
    """Where a judged level stays, it is as grave as what the clocks of both run by."""
    if Status.REPORTED in (main.status, absorbed.status):
        return
    assessed = united_assessment(main, absorbed)
    if assessed is None or None not in (main.assessed, absorbed.assessed):
        return
    unjudged = main if main.assessed is None else absorbed
    assert at_least(assessed, clock_level(unjudged.reached, unjudged.possible, None))


def test_of_two_statements_the_graver_holds_and_of_equal_ones_the_older() -> None:
    later = {"value": 5, "at": (NIGHT + timedelta(hours=1)).isoformat(), "by": "b"}
    assert united_facts(value(records=3), {"records": later}, SCALES)["records"] == later
    assert united_facts({"records": later}, value(records=5), SCALES)["records"]["by"] == "a"
    assert united_facts(value(records="none"), value(records="unknown"), SCALES)["records"]["value"] == "unknown"
    assert united_facts(value(harm="slight"), value(harm="grave"), SCALES)["harm"]["value"] == "grave"


def test_who_has_stated_something_goes_before_who_has_not() -> None:
    assert united_facts(value(records="none"), {}, SCALES)["records"]["value"] == "none"
    assert united_facts({}, value(records="none"), SCALES)["records"]["value"] == "none"


def test_what_was_said_since_the_merge_stays_with_the_main_incident() -> None:
    main = Share(UNIT, ("owner",), NIGHT, "stated", value(records=1))
    absorbed = Share(UNIT, ("reporter",), NIGHT - timedelta(minutes=5), "stated", value(records=2, outage=10))
    merged = united_share(main, absorbed, SCALES)
    now = replace(merged, facts={**merged.facts, **value(records=9)})
    parted = separated_share(main, merged, now)
    assert {name: one["value"] for name, one in parted.facts.items()} == {"records": 9}
    assert parted.known_at == NIGHT


def test_a_confirmed_incident_verifies_what_waited() -> None:
    assert united_status(Status.OPEN, Status.REPORTED) is Status.OPEN
    assert united_status(Status.REPORTED, Status.CONTAINED) is Status.CONTAINED
    assert united_status(Status.REPORTED, Status.REPORTED) is Status.REPORTED


def test_handling_has_ended_only_where_both_have() -> None:
    assert united_status(Status.HANDLED, Status.OPEN) is Status.OPEN
    assert united_status(Status.HANDLED, Status.CONTAINED) is Status.CONTAINED
    assert united_status(Status.HANDLED, Status.HANDLED) is Status.HANDLED
    done, still = Share(UNIT, (), NIGHT, "stated", {}, NIGHT, "over"), Share(UNIT, (), NIGHT, "stated")
    assert united_share(done, still, SCALES).handled_at is None
    assert united_share(done, done, SCALES).handled_at == NIGHT


def test_what_nobody_had_verified_reopens_no_judgement() -> None:
    judged = Whole("open", NIGHT, None, None, None, 4, 4, 4)
    alarm = Whole("reported", NIGHT, None, None, None, 4, 1, None)
    assert united_assessment(judged, alarm) == 4
    assert united_assessment(judged, replace(alarm, status="open")) is None
