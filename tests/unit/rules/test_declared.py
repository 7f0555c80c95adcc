"""Subjects that packs may speak of although irm does not manage them: checked like all others, and opening nothing."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from irm.i18n import translator
from irm.positions import LanguageError
from irm.rules import words
from irm.rules.declared import dates_of, declared, relations_of, subjects, types_of
from irm.rules.duties import due
from irm.rules.load import builtin_packs, builtin_sources, load_pack
from irm.rules.pack import DutyRule, Pack
from irm.rules.pack_tests import check_pack
from irm.rules.periods import months_after
from irm.rules.subjects import MANAGED, DeclaredSubject, Directory, OrganizationSubject, Party, SystemSubject

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
CLIENT, PROVIDER = UUID(int=1), UUID(int=2)
CITY = Directory((Party(CLIENT, "using_unit", "city", joined=True), Party(PROVIDER, "vendor", "city", joined=True)))


def pack(pack_id: str) -> Pack:
    return next(one for one in builtin_packs() if one.id == pack_id)


def rule(pack_id: str, name: str) -> DutyRule:
    return next(one for one in pack(pack_id).duties if one.name == name)


def test_what_is_declared_has_names_in_both_languages_and_is_not_managed() -> None:
    for name, one in declared().items():
        assert name not in MANAGED
        texts = [
            one.title,
            *one.fact_titles.values(),
            *one.dates.values(),
            *(each.title for each in one.relations.values()),
        ]
        assert all(text["zh-CN"] and text["en"] for text in texts), name
        assert all(full.startswith(f"{name}.") for full in types_of(name))


def words_of(rule: DutyRule) -> set[str]:
    """Facts, dates and relations that it names."""
    names = {full.partition(".")[2] for full in rule.when.names} if rule.when else set()
    names |= {one.relation for one in (rule.bearer, *rule.recipients) if one.relation}
    names |= {
        rule.start_event,
        *(rule.every.since if rule.every else ()),
        *([rule.following.after] if rule.following else []),
    }
    return names


def test_nothing_is_declared_that_no_text_needs() -> None:
    for name, one in declared().items():
        used = {
            word for each in builtin_packs() for rule in each.duties if rule.subject == name for word in words_of(rule)
        }
        known = {*dates_of(name), *relations_of(name), *(full.partition(".")[2] for full in one.facts)}
        assert known <= used, f"{name}: {sorted(known - used)}"


def test_its_duties_are_owed_by_the_same_reckoning_once_somebody_fills_one_in() -> None:
    contract = DeclaredSubject(
        id=UUID(int=9),
        kind="contract",
        in_use_from=date(2026, 1, 1),
        directory=CITY,
        organizations={"client": (CLIENT,), "provider": (PROVIDER,)},
        dates={"proposed_on": date(2026, 11, 2)},
        facts={"contract.kind": "development", "contract.warranty_months": 12},
    )
    (one,) = due(builtin_packs(), contract, now=NOW)
    assert one.rule_id == "huaian-projects-2023/warranty"
    assert (one.bearer, one.recipient) == (CLIENT, PROVIDER)


def test_it_opens_nothing_for_what_irm_manages() -> None:
    vendor = OrganizationSubject(
        id=PROVIDER,
        in_use_from=date(2026, 1, 1),
        directory=CITY,
        organizations={"itself": (PROVIDER,)},
        facts={"organization.kind": "vendor", "organization.roles": ["cloud_vendor", "maintainer"]},
    )
    system = SystemSubject(
        id=UUID(int=8),
        in_use_from=date(2026, 1, 1),
        directory=CITY,
        organizations={"operator": (CLIENT,), "owner": (CLIENT,), "maintainers": (PROVIDER,)},
        dates={"live_on": date(2026, 2, 1)},
        facts={"system.kind": "system", "system.level": 3, "system.life_cycle": "live"},
    )
    unmanaged = {each.id for one in builtin_packs() for each in one.unmanaged}
    assert len(unmanaged) > 40
    owed = {each.rule_id for subject in (vendor, system) for each in due(builtin_packs(), subject, now=NOW)}
    assert owed
    assert not owed & unmanaged


def test_people_read_it_in_their_language() -> None:
    zh, en = translator("zh-CN"), translator("en")
    review = rule("tongren-data-2019", "review-large")
    assert words.subject_words(review.subject, zh) == "服务合同"
    assert words.addressee_words(review.bearer, zh, review.subject) == "采购单位"
    assert words.addressee_words(review.bearer, en, review.subject) == "Client"
    assert words.when_words(rule("pingdingshan-cloud-2019", "post-evaluation"), zh) == "终验完成后 1 年内"
    assert words.when_words(rule("mlps", "test-level-3-since-last"), zh) == "每年，自上一次起算"
    assert words.start_words(rule("huaian-projects-2023", "warranty"), zh) == "自拟订合同之日起"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("subject: contract", "subject: contracts", "“contracts” is no subject. – one of incident, system"),
        ("contract.warranty_months < 24", "contract.waranty_months < 24", "– contract.warranty_months?"),
        ('contract.kind == "development"', 'contract.kind == "developement"', "developement"),
        ("bearer: {relation: client}", "bearer: {relation: clint}", "“clint” is no relation. – client?"),
        (
            "bearer: {relation: client}",
            "bearer: {relation: builder}",
            "“builder” is no relation of this subject. – one of client",
        ),
        (
            "bearer: {relation: client}",
            "bearer: {role: owner}",
            "Roles and same_as belong to incidents. – one of client",
        ),
        (
            "start_event: proposed_on",
            "start_event: applied_on",
            "“applied_on” is no date of this subject. – one of proposed_on",
        ),
    ],
)
def test_a_slip_is_told_with_its_line(old: str, new: str, told: str) -> None:
    source = builtin_sources()["huaian-projects-2023.yaml"]
    at = source.index("- id: warranty")
    changed = source[:at] + source[at:].replace(old, new, 1)
    assert changed != source
    with pytest.raises(LanguageError) as caught:
        load_pack(changed, file="x.yaml")
    found = [one for one in caught.value.faults if told in str(one)]
    assert found, str(caught.value)
    assert all(one.line > source[:at].count("\n") for one in found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("warranty_months: 23", "warranty: 23", "There is nothing named “contract.warranty” here."),
        (
            "kind: development, warranty_months: 23",
            "kind: develop, warranty_months: 23",
            "“develop” is not possible here.",
        ),
        ("proposed_on: 2026-11-02", "begun_on: 2026-11-02", "“begun_on” is no date of this subject."),
        (
            "year: {contract: {kind: development, warranty_months: 23}",
            "year: {contracts: {warranty_months: 23}",
            "contracts",
        ),
        (
            "contract: {kind: development, warranty_months: 23}",
            "system: {}, contract: {}",
            "Say what the test is about.",
        ),
        ("contract.warranty_months < 24", "contract.warranty_months < 23", "保修期 23 个月"),
        (
            "standing: [accepted-before-use]",
            "standing: [trial-of-hardware]",
            "trial-of-hardware does not stand; standing are",
        ),
        (
            "not_standing: [trial-of-hardware]\n  - name: 软件稳定运行满",
            "not_standing: [trial-of-software]\n  - name: 软件稳定运行满",
            "trial-of-software stands.",
        ),
    ],
)
def test_a_packs_own_tests_are_checked_and_run(old: str, new: str, told: str) -> None:
    source = builtin_sources()["huaian-projects-2023.yaml"]
    assert old in source
    _, checked = check_pack(source.replace(old, new, 1), file="x.yaml")
    assert any(told in str(fault) for fault in checked.faults), checked.faults


@pytest.mark.parametrize(
    ("day", "months", "after"),
    [
        (date(2026, 2, 28), 12, date(2027, 2, 28)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_after(day: date, months: int, after: date) -> None:
    assert months_after(day, months) == after


def test_what_counts_from_the_last_time_follows_each_test() -> None:
    def owed(**dates: date) -> list[tuple[str | None, datetime | None]]:
        system = SystemSubject(
            id=UUID(int=8),
            in_use_from=date(2026, 1, 1),
            directory=CITY,
            organizations={"operator": (CLIENT,)},
            dates={"live_on": date(2025, 6, 1), **dates},
            facts={"system.kind": "system", "system.level": 3, "system.life_cycle": "live"},
        )
        found = due([pack("mlps")], system, now=NOW, readings={"mlps/every-year": "since-the-last"})
        return [(one.period, one.due_at) for one in found if one.rule_id == "mlps/test-level-3-since-last"]

    assert owed() == [("2025-06-01", datetime(2026, 6, 1, 16, tzinfo=UTC))]
    assert owed(last_tested_on=date(2026, 5, 20)) == [("2026-05-20", datetime(2027, 5, 20, 16, tzinfo=UTC))]


def test_what_counts_from_the_last_time_has_no_other_day() -> None:
    source = builtin_sources()["mlps.yaml"]
    every = "every: {period: P1Y, last: last_tested_on, since: [level_fixed_on, live_on]}"
    assert every in source
    for slip in ("count: 2", "anchor: filed_on", "due: {day: 5}"):
        with pytest.raises(LanguageError) as caught:
            load_pack(source.replace(every, every.replace("}", f", {slip}}}", 1), 1), file="x.yaml")
        assert "What counts from the last time is owed once" in str(caught.value)


def test_there_is_one_list_of_subjects() -> None:
    assert subjects() == (*MANAGED, *declared())
