"""The packs that irm brings along: their own tests pass, and their figures and marks are those of the reference.

The tables below are a second, independent copy of the reference (marks V, S, U) on purpose: whoever changes a figure in a
pack has to say so here too.
"""

from typing import Any

import pytest

from irm.conditions import level_words
from irm.positions import LanguageError
from irm.rules.declared import vocabulary
from irm.rules.load import builtin_packs, builtin_sources, catalogue, load_pack
from irm.rules.pack import DutyRule, GradingRule, Pack
from irm.rules.pack_tests import check_pack
from irm.rules.periods import written

HOUR = 60
V, S, U = "verified", "secondary", "unverified"

CAC: dict[tuple[str, int], list[tuple[int | str | None, str]]] = {
    ("portal_outage", 1): [(24 * HOUR, V)],
    ("portal_outage", 2): [(6 * HOUR, S)],
    ("portal_outage", 3): [(2 * HOUR, S)],
    ("cii_full_outage", 1): [(6 * HOUR, V)],
    ("cii_full_outage", 2): [(None, U)],
    ("cii_full_outage", 3): [(10, S)],
    ("cii_main_outage", 1): [(24 * HOUR, V)],
    ("cii_main_outage", 2): [(None, U)],
    ("cii_main_outage", 3): [(30, S)],
    ("province_population_share", 1): [(50, V)],
    ("prefecture_population_share", 2): [(50, S)],
    ("prefecture_population_share", 3): [(30, S)],
    ("people_affected", 1): [(10_000_000, V)],
    ("people_affected", 2): [(1_000_000, U)],
    ("people_affected", 3): [(100_000, U)],
    ("data_harm", 1): [("especially_serious", V)],
    ("data_harm", 2): [("serious", S)],
    ("data_harm", 3): [("considerable", V)],
    ("personal_records_leaked", 1): [(100_000_000, V)],
    ("personal_records_leaked", 2): [(10_000_000, V)],
    ("personal_records_leaked", 3): [(1_000_000, V)],
    ("personal_info_scale", 1): [("massive", V)],
    ("personal_info_scale", 2): [("very_large", S)],
    ("personal_info_scale", 3): [("large", V)],
    ("home_page_tampered", 1): [(6 * HOUR, V)],
    ("home_page_tampered", 2): [(2 * HOUR, U)],
    ("home_page_tampered", 3): [(30, U)],
    ("other_page_tampered", 1): [(24 * HOUR, V)],
    ("other_page_tampered", 2): [(12 * HOUR, U)],
    ("other_page_tampered", 3): [(2 * HOUR, U)],
    ("reposts", 1): [(100_000, V)],
    ("reposts", 2): [(10_000, U)],
    ("reposts", 3): [(1_000, U)],
    ("views", 1): [(1_000_000, V)],
    ("views", 2): [(100_000, U)],
    ("views", 3): [(10_000, U)],
    ("spread_finding", 1): [("especially_wide", V)],
    ("spread_finding", 2): [("wide", U)],
    ("spread_finding", 3): [("considerable", U)],
    ("direct_loss", 1): [(100_000_000, V)],
    ("direct_loss", 2): [(20_000_000, S)],
    ("direct_loss", 3): [(5_000_000, S)],
    ("system_loss", 1): [("paralysed", V)],
    ("system_loss", 2): [("long_or_partial", S)],
    ("system_loss", 3): [("interrupted", V)],
    ("other_threat", 1): [("especially_serious", V)],
}
"""Annex of the CAC measures: fact and level → figure and mark."""

DUTIES: dict[str, tuple[str, str | None, str, str]] = {
    "cac-2025-reporting/cii-operator": ("timed", "PT1H", "Article 4", V),
    "cac-2025-reporting/cii-onward": ("timed", "PT30M", "Article 4", V),
    "cac-2025-reporting/central-organ": ("timed", "PT2H", "Article 4", V),
    "cac-2025-reporting/central-onward": ("timed", "PT1H", "Article 4", V),
    "cac-2025-reporting/other-operator": ("timed", "PT4H", "Article 4", V),
    "cac-2025-reporting/province-onward": ("timed", "PT1H", "Article 4", V),
    "cac-2025-reporting/sector": ("prompt", None, "Article 4", S),
    "cac-2025-reporting/crime": ("prompt", None, "Article 4", V),
    "cac-2025-reporting/vendor-contract": ("prompt", None, "Article 5", S),
    "cac-2025-reporting/public-encouraged": ("standing", None, "Article number not verified (6 or 9)", U),
    "cac-2025-reporting/supplement": ("prompt", None, "Article 7, paragraph 2", V),
    "cac-2025-reporting/closing": ("timed", "P30D", "Article 8", V),
    "police-147/police-case": ("timed", "PT24H", "Article 14", V),
    "police-147/network-records": ("timed", "PT24H", "Article 10 (6)", V),
    "police-147/network-filing": ("standing", None, "Article 12", V),
    "police-147/police-notify": ("standing", None, "Article 18", V),
    "city-chain/vendor-cloud-authority": ("timed", "PT30M", "Internal requirement 1", "local"),
    "city-chain/unit-cloud-authority": ("timed", "PT30M", "Internal requirement 2", "local"),
    "city-chain/city-cyberspace-office": ("timed", "PT1H", "Internal requirement 3", "local"),
}

# The packs of the other national instruments have their tables in test_national_packs.py, models in test_model_packs.py.
FORCES = {
    "cac-2025-reporting": "部门规章",
    "gbt-20986-2023": "推荐性标准",
    "police-147": "行政法规",
    "city-chain": "本市内控",
    "gbt-38645-2020": "推荐性标准",
    "mlps": "规范性文件",
    "retention": "法律",
}

YEAR: dict[str, tuple[str, str, str, str]] = {
    "gbt-38645-2020/comprehensive-drill": ("P1Y ×1 end", "Table A.1, note 3", V, "推荐性标准"),
    "gbt-38645-2020/plan-next-year": ("P1Y ×1 11-30", "Table A.1, note 5", V, "推荐性标准"),
    "mlps/filing-running": ("P30D level_fixed_on", "Article 15", V, "规范性文件"),
    "mlps/filing-new": ("P30D live_on", "Article 15", V, "规范性文件"),
    "mlps/papers-level-3": ("P30D live_on", "Notes to the filing form (table 4)", V, "规范性文件"),
    "mlps/certificate-renewal": ("P3M before certificate_expires_on", "Question 6", V, "规范性文件"),
    "mlps/test-level-2": ("P2Y ×1 end", "Practice (the measures do not ask for it)", U, "惯例"),
    "mlps/test-level-3": ("P1Y ×1 end", "Article 14", V, "规范性文件"),
    "mlps/test-level-3-since-last": ("P1Y since last_tested_on", "Article 14", V, "规范性文件"),
    "mlps/test-level-4-since-last": ("P6M since last_tested_on", "Article 14", V, "规范性文件"),
    "mlps/test-level-4-yearly-since-last": ("P1Y since last_tested_on", "Question 11", V, "规范性文件"),
    "mlps/test-level-5-since-last": ("P1Y since last_tested_on", "Question 11", V, "规范性文件"),
    "mlps/test-level-4": ("P6M ×1 end", "Article 14", V, "规范性文件"),
    "mlps/test-level-4-yearly": ("P1Y ×1 end", "Question 11", V, "规范性文件"),
    "mlps/test-level-5": ("P1Y ×1 end", "Question 11", V, "规范性文件"),
    "mlps/self-check-level-3": ("P1Y ×1 end", "Article 14", V, "规范性文件"),
    "mlps/self-check-level-4": ("P6M ×1 end", "Article 14", V, "规范性文件"),
    "mlps/police-check-level-3": ("P1Y ×1 end", "Article 18", V, "规范性文件"),
    "mlps/police-check-level-4": ("P6M ×1 end", "Article 18", V, "规范性文件"),
    "mlps/drill-level-3": ("P1Y ×1 end", "6.10.1.2", V, "测评判定指引"),
    "mlps/training-level-3": ("P1Y ×1 end", "6.10.1.2", V, "测评判定指引"),
    "mlps/protection-plan": ("standing", "Question 23", V, "规范性文件"),
    "mlps/rectification-plan": ("standing", "Article 14", V, "规范性文件"),
    "mlps/retest-on-change": ("prompt", "8.1.9.9", V, "推荐性标准"),
}
"""The packs of the year: when, article, mark and force."""

KEEP: dict[str, tuple[int, str, str]] = {
    "network_logs": (6, V, "法律"),
    "internet_gov_app_logs": (12, V, "规范性文件"),
    "entrustment_records": (36, V, "行政法规"),
    "data_risk_reports": (36, S, "部门规章"),
}
"""Months, mark and force."""


def pack(pack_id: str) -> Pack:
    return next(one for one in builtin_packs() if one.id == pack_id)


@pytest.mark.parametrize("file", sorted(builtin_sources()))
def test_its_own_tests_pass(file: str) -> None:
    _, checked = check_pack(builtin_sources()[file], file=file)
    assert not checked.faults, "\n".join(str(fault) for fault in checked.faults)
    assert checked.passed >= 2


def when(rule: DutyRule) -> str:
    """As the table of the year writes it."""
    if rule.every is not None:
        every = rule.every
        if every.last is not None:
            return f"{written(every.months)} since {every.last}"
        day = "end" if not every.day else f"{every.month}-{every.day}" if every.month else f"day {every.day}"
        return f"{written(every.months)} ×{every.count} {day}"
    if rule.window is not None:
        return f"{written(rule.window.months)} before {rule.window.before}"
    if rule.ahead is not None:
        return f"{rule.ahead.working_days} {'clear ' if rule.ahead.clear else ''}working days ahead"
    return f"{rule.limit} {rule.start_event}" if rule.limit else rule.kind


def test_the_packs_with_their_force() -> None:
    assert {one.id: one.force for one in builtin_packs() if one.id in FORCES} == FORCES
    assert str(pack("cac-2025-reporting").effective.since) == "2025-11-01"
    assert str(pack("gbt-20986-2023").effective.since) == "2023-12-01"


def test_every_cell_of_the_annex_has_the_figure_and_mark_of_the_reference() -> None:
    found: dict[tuple[str, int], list[tuple[int | str | None, str]]] = {}
    for rule in pack("cac-2025-reporting").grading:
        (criterion,) = rule.criteria
        figure: Any = criterion.at_least
        if criterion.fact.scale and figure is not None:
            figure = criterion.fact.scale[figure - 1].value
        found.setdefault((criterion.fact.name, rule.level), []).append((figure, rule.status))
    assert found == CAC


def test_every_duty_has_the_limit_article_and_mark_of_the_reference() -> None:
    found = {
        rule.id: (rule.kind, str(rule.limit) if rule.limit else None, rule.citation.article["en"], rule.status)
        for one in builtin_packs()
        for rule in one.duties
        if one.id in FORCES and rule.id not in YEAR
    }
    assert found == DUTIES


def test_every_duty_of_the_year_has_the_cadence_article_and_mark_of_the_reference() -> None:
    found = {
        rule.id: (when(rule), rule.citation.article["en"], rule.status, rule.force)
        for one in builtin_packs()
        for rule in one.duties
        if one.id in FORCES and rule.id not in DUTIES
    }
    assert found == YEAR


def test_what_is_to_be_kept_has_the_period_and_mark_of_the_reference() -> None:
    assert {rule.what: (rule.months, rule.status, rule.force) for rule in pack("retention").keeping} == KEEP


def test_the_conflicts_of_the_texts_are_switches_with_both_readings() -> None:
    found = {each.id: (each.default, [one.id for one in each.readings]) for p in builtin_packs() for each in p.switches}
    assert found == {
        "mlps/level-4-cadence": ("half-yearly", ["half-yearly", "yearly"]),
        "mlps/every-year": ("calendar", ["calendar", "since-the-last"]),
        "mlps/exactly-90-or-60": ("by-hand", ["by-hand", "partly"]),
        "mlps/above-90-with-major-risk": ("by-hand", ["by-hand", "partly"]),
        "pingdingshan-cloud-2019/by-the-fifth": ("inclusive", ["inclusive", "exclusive"]),
        "pingdingshan-cloud-2019/three-working-days": ("counted", ["counted", "clear"]),
    }


def test_the_recalled_figures_of_the_open_cells_are_notes_only() -> None:
    notes = {rule.name: rule.notes for rule in pack("cac-2025-reporting").grading if rule.notes}
    assert notes == {
        "cii-full-major": {"draft_2023": "PT2H", "recalled": "PT1H"},
        "cii-main-major": {"draft_2023": "PT6H", "recalled": "PT3H"},
    }


def test_everything_of_gbt_20986_stays_unverified() -> None:
    assert {rule.status for rule in pack("gbt-20986-2023").grading} == {U}
    assert {rule.level for rule in pack("gbt-20986-2023").grading} == {1, 2, 3}


def test_an_unverified_rule_says_why() -> None:
    for one in builtin_packs():
        for rule in one.rules:
            if rule.status == U and isinstance(rule, GradingRule):
                assert rule.interpretation, rule.id


def test_the_province_is_named_by_article_4_and_no_municipal_office() -> None:
    rule = pack("cac-2025-reporting").rule("other-operator")
    assert rule is not None
    assert [(one.kind, one.tier) for one in rule.recipients] == [("cyberspace_office", "province")]  # type: ignore[attr-defined]  # a duty of the year


def test_the_report_items_of_articles_7_and_8() -> None:
    items = pack("cac-2025-reporting").items
    assert [one.number for one in items if one.form == "initial"] == [f"（{n}）" for n in "一二三四五六七八"]
    assert [one.number for one in items if one.first] == ["（一）", "（二）"]
    assert {one.status for one in items if one.form == "closing"} == {V}
    assert len([one for one in items if one.form == "closing"]) == 6


def test_internal_limits_are_set_for_prompt_duties_only() -> None:
    policy = pack("city-chain").policy
    assert policy is not None
    prompt = {rule.id for one in builtin_packs() for rule in one.duties if rule.kind == "prompt"}
    assert policy.internal_limits.keys() <= prompt


def test_the_catalogue_is_bilingual_and_read_by_some_rule() -> None:
    read = {one.fact.name for p in builtin_packs() for rule in p.grading for one in rule.criteria}
    read |= {fact.name for p in builtin_packs() for rule in p.duties for fact in rule.reads}
    for name, fact in catalogue().items():
        assert fact.label["zh-CN"]
        assert fact.label["en"]
        assert fact.hint["zh-CN"]
        assert fact.hint["en"]
        assert name in read or name == "crime_suspected"


def changed(old: str, new: str, file: str = "cac-2025-reporting.yaml") -> list[str]:
    source = builtin_sources()[file]
    assert old in source
    _, checked = check_pack(source.replace(old, new), file="x.yaml")
    return [str(fault) for fault in checked.faults]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_least: 20_000_000", "at_least: 20_000_001", "直接经济损失"),
        ("within: PT4H", "within: PT5H", "4 小时内报省级网信部门"),
        ("within: P30D", "within: P29D", "30 日内"),
        (
            "tier: province}]\n      within: PT4H",
            "tier: city}]\n      within: PT4H",
            "other-operator to cyberspace_office",
        ),
        ("effective: {from: 2025-11-01}", "effective: {from: 2025-11-02}", "零时起适用"),
    ],
)
def test_a_changed_figure_shows_which_test_it_breaks(old: str, new: str, says: str) -> None:
    faults = changed(old, new)
    assert faults
    assert any(says in fault for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "fact: reposts, at_least: 100_000",
            "fact: repost, at_least: 100_000",
            "There is no fact “repost”. – reposts?",
        ),
        ("at_least: PT24H", "at_least: 24", "portal_outage is a duration. – PT30M, PT24H"),
        ("at_least: PT24H", "at_least: P1D", "counts hours and minutes. – PT24H"),
        ("at_least: massive", "at_least: masive", "“masive” is no value of personal_info_scale. – massive?"),
        ("at_least: 50}", "at_least: 101}", "“101” is no value of province_population_share. – at most 100"),
        ("level: 特别重大", "level: 特大", "“特大” is no level. – one of 特别重大, 重大, 较大, 一般"),
        ("force: 部门规章", "force: 规章", "“规章” is no force. – one of 法律"),
        ("status: secondary", "status: second", "“second” is no status. – one of verified"),
        ("bearer.cii", "bearer.ci", "There is nothing named “bearer.ci” here. – bearer.cii?"),
        ("within: PT4H", "within: 4h", "“4h” is no limit. – PT30M, PT4H or P30D"),
        (
            "same_as: [cii-operator",
            "same_as: [cii-operater",
            "There is no duty “cii-operater” in this pack. – cii-operator?",
        ),
        ("{role: operator}", "{rol: operator}", "There is no “rol” here. – role?"),
        ("- id: crime\n", "- id: sector\n", "“sector” stands here twice."),
        ("      kind: prompt\n", "      kind: prompt\n      within: PT1H\n", "has no figure of its own"),
        ("      within: PT4H\n", "", "A timed duty has a figure. – within: PT4H, or kind: prompt"),
        ('version: "2026.11.21"', "version: 2026.11", 'This must be text. – "2026.11"'),
        ("en: Article 8}", "enn: Article 8}", "A text stands in both languages. – {zh-CN: …, en: …}"),
    ],
)
def test_faults_of_the_language(old: str, new: str, fault: str) -> None:
    source = builtin_sources()["cac-2025-reporting.yaml"].partition("tests:\n")[0] + "tests: [{name: none}]\n"
    assert old in source
    with pytest.raises(LanguageError) as caught:
        load_pack(source.replace(old, new), file="x.yaml")
    assert any(fault in str(one) for one in caught.value.faults), str(caught.value)
    assert all(one.file == "x.yaml" and one.line > 1 for one in caught.value.faults)


def test_a_rule_without_a_test_is_a_fault() -> None:
    source = builtin_sources()["police-147.yaml"]
    head, _, _ = source.partition("  - name: 是否涉嫌犯罪不清楚")
    _, checked = check_pack(head, file="x.yaml")
    assert "No test sees police-case not hold." in [one.message for one in checked.faults]
    assert all(one.message.startswith("No test sees ") for one in checked.faults)


def test_only_the_citys_own_order_sets_internal_limits() -> None:
    faults = changed("force: 本市内控", "force: 部门规章", "city-chain.yaml")
    assert any("Only the city's own order sets internal limits." in fault for fault in faults)


def test_level_words_and_forces_are_known() -> None:
    assert list(level_words().values()) == [1, 2, 3, 4]
    assert vocabulary()["city_force"] in vocabulary()["forces"]
