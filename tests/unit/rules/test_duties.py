"""Who owes what to whom by when: as the levels, the register and the night go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from irm.rules.duties import IncidentSubject, Levels, Owed, Party, Share, due
from irm.rules.load import builtin_packs as all_packs
from irm.rules.pack import Pack
from irm.rules.queries import duty_limits, filing_allowance, receipt_alarm


def builtin_packs() -> tuple[Pack, ...]:
    """Without the model of another city, as a city goes by them that has decided nothing."""
    return tuple(pack for pack in all_packs() if not pack.is_model)


KNOWN = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
LATER = KNOWN + timedelta(days=3)

AUTHORITY, CITY, PROVINCE, OTHER_PROVINCE, NATIONAL, POLICE, PROTECTION, VENDOR, UNIT = (
    UUID(int=number) for number in range(1, 10)
)
DIRECTORY = (
    Party(OTHER_PROVINCE, "cyberspace_office", "province", joined=False, region="420000"),
    Party(AUTHORITY, "cloud_authority", "city", joined=True, region="410400"),
    Party(CITY, "cyberspace_office", "city", joined=False, region="410400"),
    Party(PROVINCE, "cyberspace_office", "province", joined=False, region="410000"),
    Party(NATIONAL, "cyberspace_office", "national", joined=False, region="000000"),
    Party(POLICE, "public_security", "city", joined=False, region="410400"),
    Party(PROTECTION, "protection_department", "province", joined=False, region="410000"),
    Party(VENDOR, "vendor", "city", joined=True, region="410400"),
    Party(UNIT, "using_unit", "city", joined=True, region="410400"),
)


def night(**changes: Any) -> IncidentSubject:
    cii = changes.pop("cii", "no")
    operator = changes.pop("operator", {})
    subject = IncidentSubject(
        id=UUID(int=100),
        levels=Levels(4, 3),
        discovered_at=KNOWN,
        shares=(
            Share(AUTHORITY, frozenset({"cloud_authority"}), KNOWN + timedelta(minutes=9), cii=cii),
            Share(
                UNIT,
                frozenset({"operator", "owner", "using_unit"}),
                KNOWN + timedelta(minutes=9),
                cii=cii,
                protection_department=PROTECTION if cii == "yes" else None,
                **operator,
            ),
            Share(VENDOR, frozenset({"vendor", "maintainer", "reporter"}), KNOWN, cii=cii),
        ),
        directory=DIRECTORY,
        cii=cii,
    )
    return replace(subject, **changes)


def owed_in(subject: IncidentSubject, now: datetime = LATER) -> dict[str, list[Owed]]:
    found: dict[str, list[Owed]] = {}
    for one in due(builtin_packs(), subject, now=now):
        found.setdefault(one.rule_id.partition("/")[2], []).append(one)
    return found


def test_the_night_of_the_demo() -> None:
    """A vendor files at 03:41; nobody knows much, so the level may be considerable."""
    found = owed_in(night())
    assert {name for name, all_of in found.items() if not any(one.information_only for one in all_of)} == {
        "other-operator",
        "vendor-contract",
        "vendor-cloud-authority",
        "unit-cloud-authority",
        "city-cyberspace-office",
    }
    (province,) = found["other-operator"]
    assert (province.bearer, province.recipient, province.recipient_tier) == (UNIT, PROVINCE, "province")
    assert province.due_at == KNOWN + timedelta(hours=4, minutes=9)
    assert province.started_at == KNOWN + timedelta(minutes=9)
    assert dict(province.why) == {
        "may_be": 3,
        "bearer.cii": "no",
        "bearer.roles": ["operator", "owner", "using_unit"],
    }
    (city,) = found["city-cyberspace-office"]
    assert (city.bearer, city.recipient, city.recipient_tier, city.force) == (AUTHORITY, CITY, "city", "本市内控")
    assert city.due_at == KNOWN + timedelta(hours=1, minutes=9)
    (contract,) = found["vendor-contract"]
    assert (contract.kind, contract.due_at, contract.recipient) == ("prompt", None, UNIT)
    assert contract.internal_due_at == KNOWN + timedelta(minutes=30)
    assert "filing" in found["vendor-cloud-authority"][0].satisfied_by


def test_cii_runs_one_hour_to_two_recipients() -> None:
    found = owed_in(night(cii="yes"))
    assert "other-operator" not in found
    assert {(one.recipient, one.recipient_kind) for one in found["cii-operator"]} == {
        (PROTECTION, "protection_department"),
        (POLICE, "public_security"),
    }
    assert {one.due_at for one in found["cii-operator"]} == {KNOWN + timedelta(hours=1, minutes=9)}


def test_cii_unclear_runs_both_clocks_and_names_the_missing_department() -> None:
    found = owed_in(night(cii="unknown"))
    assert found["other-operator"]
    department = next(one for one in found["cii-operator"] if one.recipient_kind == "protection_department")
    assert department.recipient is None
    assert department.due_at == KNOWN + timedelta(hours=1, minutes=9)


@pytest.mark.parametrize(
    ("levels", "is_owed"),
    [
        (Levels(4, 3), True),
        (Levels(4, 4), False),
        (Levels(4, 1, 4), False),
        (Levels(3, 1, 4), True),
        (Levels(4, 4, 3), True),
    ],
)
def test_clocks_run_by_possible_until_assessed_then_by_the_graver(levels: Levels, is_owed: bool) -> None:
    assert ("other-operator" in owed_in(night(levels=levels))) is is_owed


def test_superiors_duties_are_information_without_clock() -> None:
    found = owed_in(night(levels=Levels(2, 2)))
    onward = found["province-onward"]
    assert {one.recipient_kind for one in onward} == {"cyberspace_office", "other"}
    assert all(one.information_only and one.started_at is None and one.due_at is None for one in onward)
    assert "province-onward" not in owed_in(night(levels=Levels(3, 3)))


def test_a_superior_that_has_joined_has_a_clock_from_receipt() -> None:
    directory = tuple(replace(one, joined=one.joined or one.id == PROVINCE) for one in DIRECTORY)
    received = KNOWN + timedelta(hours=2)
    waiting = night(levels=Levels(2, 2), directory=directory)
    assert all(one.information_only for one in owed_in(waiting)["province-onward"])
    event = {"received_at/cac-2025-reporting/other-operator": received}
    found = owed_in(replace(waiting, events=event))["province-onward"]
    assert {(one.bearer, one.due_at, one.information_only) for one in found} == {
        (PROVINCE, received + timedelta(hours=1), False)
    }


def test_an_operator_that_has_not_joined_is_information_only() -> None:
    directory = tuple(replace(one, joined=one.joined and one.id != UNIT) for one in DIRECTORY)
    (one,) = owed_in(night(directory=directory))["other-operator"]
    assert one.information_only
    assert one.due_at is None


def test_a_suspected_crime() -> None:
    suspected = KNOWN + timedelta(hours=5)
    subject = night(levels=Levels(4, 4), facts={"crime_suspected": True}, events={"crime_suspected_at": suspected})
    found = owed_in(subject)
    (crime,) = found["crime"]
    assert (crime.kind, crime.started_at, crime.due_at, crime.recipient) == ("prompt", suspected, None, POLICE)
    assert crime.internal_due_at == suspected + timedelta(hours=1)
    (case,) = found["police-case"]
    assert case.due_at == KNOWN + timedelta(hours=24, minutes=9)
    without_moment = owed_in(replace(subject, events={}))
    assert without_moment["crime"][0].started_at == KNOWN + timedelta(minutes=9)


@pytest.mark.parametrize("answer", ["none", "unknown", False])
def test_no_crime_no_report_to_the_police(answer: Any) -> None:
    found = owed_in(night(facts={"crime_suspected": answer}))
    assert "crime" not in found
    assert "police-case" not in found


def test_the_closing_report_goes_the_same_way_thirty_days_later() -> None:
    handled = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    found = owed_in(night(cii="unknown", operator={"handled_at": handled}))
    assert {one.recipient for one in found["closing"]} == {PROVINCE, POLICE, None}
    assert {one.due_at for one in found["closing"]} == {datetime(2026, 12, 21, 16, 0, tzinfo=UTC)}
    assert "closing" not in owed_in(night())


def test_what_was_reported_keeps_its_closing_report_when_the_level_is_lowered() -> None:
    handled = KNOWN + timedelta(hours=10)
    operator = {"handled_at": handled, "reported": frozenset({"cac-2025-reporting/other-operator"})}
    found = owed_in(night(levels=Levels(4, 4, 4), operator=operator))
    assert [one.recipient for one in found["closing"]] == [PROVINCE]
    assert "other-operator" not in found
    assert "closing" not in owed_in(night(levels=Levels(4, 4, 4), operator={"handled_at": handled}))


def test_the_text_in_force_at_discovery_rules() -> None:
    before = datetime(2025, 10, 31, 15, 59, tzinfo=UTC)
    assert not [one for one in due(builtin_packs(), night(discovered_at=before), now=LATER) if "cac" in one.rule_id]
    assert "other-operator" in owed_in(night(discovered_at=before + timedelta(minutes=1)))


def test_nothing_is_owed_before_its_start() -> None:
    assert not [one for one in due(builtin_packs(), night(), now=KNOWN - timedelta(1)) if not one.information_only]


def test_two_units_lead_to_one_duty_of_their_protection_department_in_whatever_order_they_are_read() -> None:
    shares = (
        Share(
            VENDOR,
            frozenset({"operator"}),
            KNOWN + timedelta(minutes=9),
            cii="unknown",
            protection_department=PROTECTION,
        ),
        Share(UNIT, frozenset({"operator"}), KNOWN, cii="yes", protection_department=PROTECTION),
    )
    subject = night(shares=shares, levels=Levels(1, 1))
    onward = owed_in(subject)["cii-onward"]
    assert owed_in(replace(subject, shares=shares[::-1]))["cii-onward"] == onward
    assert {dict(one.why)["bearer.cii"] for one in onward} == {"yes"}, "the unit that knew first explains it"


def test_of_two_ways_to_one_duty_the_stricter_clock_counts() -> None:
    """The unit that knew later was answered earlier: from that answer the department's own clock runs."""
    received = "received_at/cac-2025-reporting/cii-operator"
    shares = tuple(
        Share(
            organization,
            frozenset({"operator"}),
            KNOWN + timedelta(minutes=known),
            cii="yes",
            protection_department=PROTECTION,
            events={received: KNOWN + timedelta(minutes=answered)},
        )
        for organization, known, answered in ((UNIT, 0, 50), (VENDOR, 10, 30))
    )
    directory = tuple(replace(one, joined=True) if one.id == PROTECTION else one for one in DIRECTORY)
    onward = owed_in(night(shares=shares, directory=directory, levels=Levels(1, 1)))["cii-onward"]
    assert {one.started_at for one in onward} == {KNOWN + timedelta(minutes=30)}


LEVEL = st.integers(1, 4)
MOMENTS = st.integers(0, 600).map(lambda minutes: KNOWN + timedelta(minutes=minutes))


@st.composite
def subjects(draw: st.DrawFn) -> IncidentSubject:
    roles = ["operator", "owner", "using_unit", "vendor", "cloud_authority", "maintainer", "reporter", "central_organ"]
    shares = tuple(
        Share(
            organization=organization,
            roles=frozenset(draw(st.lists(st.sampled_from(roles), max_size=4))),
            known_at=draw(MOMENTS),
            handled_at=draw(st.none() | MOMENTS),
            cii=draw(st.sampled_from(["yes", "no", "unknown"])),
            protection_department=draw(st.none() | st.just(PROTECTION)),
            sector_regulator=draw(st.none() | st.just(CITY)),
            reported=frozenset(draw(st.sets(st.sampled_from(["cac-2025-reporting/other-operator"])))),
        )
        for organization in draw(st.lists(st.sampled_from([AUTHORITY, VENDOR, UNIT]), unique=True))
    )
    return IncidentSubject(
        id=UUID(int=100),
        levels=Levels(draw(LEVEL), draw(LEVEL), draw(st.none() | LEVEL)),
        discovered_at=KNOWN,
        shares=shares,
        directory=tuple(draw(st.lists(st.sampled_from(DIRECTORY), unique=True))),
        facts=draw(st.fixed_dictionaries({}, optional={"crime_suspected": st.sampled_from([True, "none", "unknown"])})),
        cii=draw(st.sampled_from(["yes", "no", "unknown"])),
    )


@given(subjects())
def test_it_is_deterministic_and_every_key_is_unique(subject: IncidentSubject) -> None:
    found = due(builtin_packs(), subject, now=LATER)
    assert found == due(builtin_packs(), subject, now=LATER)
    shuffled = replace(subject, shares=subject.shares[::-1], directory=subject.directory[::-1])
    assert {one.key: one for one in due(builtin_packs(), shuffled, now=LATER)} == {one.key: one for one in found}
    assert len({one.key for one in found}) == len(found)
    for one in found:
        assert one.recipient is None or one.recipient != one.bearer
        assert (one.started_at is None) == one.information_only
        if one.due_at is not None:
            assert one.started_at is not None
            assert one.due_at > one.started_at
        if one.kind == "prompt":
            assert one.due_at is None


@given(subjects(), LEVEL)
def test_a_graver_level_owes_no_less(subject: IncidentSubject, level: int) -> None:
    unassessed = replace(subject, levels=Levels(4, level))
    graver = replace(subject, levels=Levels(4, max(1, level - 1)))
    keys = {one.key for one in due(builtin_packs(), unassessed, now=LATER)}
    assert keys <= {one.key for one in due(builtin_packs(), graver, now=LATER)}


@given(subjects())
def test_not_knowing_about_cii_owes_what_yes_and_no_owe(subject: IncidentSubject) -> None:
    """By the reporting measures. The regulations on critical infrastructure bind what was identified as such, and nothing
    in doubt; the measures' report, to the same recipients, meets theirs."""
    packs = [one for one in builtin_packs() if one.id != "cii-2021"]

    def keys(cii: Any) -> set[str]:
        shares = tuple(replace(share, cii=cii) for share in subject.shares)
        return {one.key for one in due(packs, replace(subject, shares=shares), now=LATER)}

    assert keys("unknown") >= keys("yes") | keys("no")


def test_what_playbooks_have_to_fit_into() -> None:
    limits = duty_limits(builtin_packs())
    assert limits["cac-2025-reporting/other-operator"].within == timedelta(hours=4)
    assert limits["cac-2025-reporting/closing"].within == timedelta(days=30)
    assert limits["cac-2025-reporting/closing"].start_event == "handled_at"
    assert limits["cac-2025-reporting/crime"].within is None
    assert "cac-2025-reporting/public-encouraged" not in limits
    assert filing_allowance(builtin_packs()) == timedelta(minutes=15)
    assert receipt_alarm(builtin_packs()) == timedelta(hours=1)
