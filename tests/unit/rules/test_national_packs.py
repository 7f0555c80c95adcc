"""The other national instruments, article by article: their limits, forces and marks are those of the reference.

Like the tables of `test_packs.py` a second copy on purpose. `system`, `organization`, `change` or nothing (an incident)
stands before when it is owed.
"""

from datetime import date
from typing import Any

import pytest

from irm.obligations.forms import forms, is_form
from irm.rules.load import builtin_packs
from irm.rules.pack import DutyRule, Pack
from irm.rules.periods import written

V, S, U = "verified", "secondary", "unverified"

INSTRUMENTS: dict[str, tuple[str, str, date | None]] = {
    "data-regulation-2025": ("行政法规", "网络数据安全管理条例", date(2025, 1, 1)),
    "pipl": ("法律", "中华人民共和国个人信息保护法", date(2021, 11, 1)),
    "csl-2026": ("法律", "中华人民共和国网络安全法", date(2026, 1, 1)),
    "cii-2021": ("行政法规", "关键信息基础设施安全保护条例", date(2021, 9, 1)),
    "dsl-2021": ("法律", "中华人民共和国数据安全法", date(2021, 9, 1)),
    "data-risk-2026": ("部门规章", "网络数据安全风险评估办法", date(2026, 8, 20)),
    "mps-176": ("部门规章", "公安机关网络空间安全监督检查办法", date(2026, 10, 1)),
    "gov-internet-apps-2024": ("规范性文件", "互联网政务应用安全管理规定", date(2024, 7, 1)),
    "crypto-assessment": ("行政法规", "商用密码管理条例", None),
    "emergency-response-2024": ("法律", "中华人民共和国突发事件应对法", date(2024, 11, 1)),
}
"""Force, instrument, and the day from which it is in force (None: the reference does not say)."""

RULES: dict[str, tuple[str, str, str, str]] = {
    "pipl/breach-authority": ("prompt", "第五十七条第一款", V, "operator → cyberspace_office"),
    "pipl/breach-persons": ("prompt", "第五十七条", V, "operator → affected_persons"),
    "pipl/emergency-plan": ("system: standing", "第五十一条第五项", V, "operator"),
    "pipl/compliance-audit": ("system: standing", "第五十四条", V, "operator"),
    "data-regulation-2025/flaw-24h": ("PT24H known_at", "第十条", V, "vendor → cyberspace_office"),
    "data-regulation-2025/stakeholders": ("prompt", "第十一条", V, "operator → stakeholders"),
    "data-regulation-2025/crime-clue": ("prompt", "第十一条", V, "operator → public_security"),
    "data-regulation-2025/emergency-plan": ("system: standing", "第十一条", V, "operator"),
    "data-regulation-2025/entrusted-construction": ("system: standing", "第十五条", V, "owner"),
    "data-regulation-2025/serving-state-organs": ("system: standing", "第十六条", V, "maintainers"),
    "data-regulation-2025/systems-for-state-organs": ("system: standing", "第十七条", V, "maintainers"),
    "data-regulation-2025/important-data-drills": (
        "system: standing",
        "第三十条（处理 1000 万人以上个人信息的，依第二十八条）",
        V,
        "operator",
    ),
    "data-regulation-2025/yearly-assessment": (
        "system: P1Y end",
        "第三十三条",
        V,
        "operator → cyberspace_office province",
    ),
    "csl-2026/emergency-plan": ("system: standing", "第二十七条", V, "operator"),
    "csl-2026/cii-drills": ("system: standing", "第三十六条第四项", V, "operator"),
    "csl-2026/cii-yearly-assessment": ("system: P1Y end", "第四十条", V, "operator → protection_department"),
    "csl-2026/departments-drill": ("organization: standing", "第五十五条", V, "itself"),
    "csl-2026/respond-and-warn": ("organization: standing", "第五十七条", V, "itself"),
    "csl-2026/summoned": ("system: standing", "第五十八条", V, "operator"),
    "cii-2021/incident-report": (
        "prompt",
        "第十八条第一款",
        V,
        "operator → protection_department, public_security",
    ),
    "cii-2021/incident-onward": (
        "prompt",
        "第十八条第二款",
        V,
        "protection_department → cyberspace_office national, public_security national",
    ),
    "cii-2021/yearly-assessment": ("system: P1Y end", "第十七条", V, "operator → protection_department"),
    "cii-2021/change-report": ("change: prompt", "第十一条", V, "operator → protection_department"),
    "cii-2021/re-identification": ("change: standing", "第十一条", V, "protection_department → operator"),
    "cii-2021/plan-and-drills": ("system: standing", "第十五条第三项", V, "operator"),
    "cii-2021/report-events": ("system: standing", "第十五条第八项", V, "operator"),
    "cii-2021/department-plan-and-drills": ("organization: standing", "第二十五条", V, "itself"),
    "dsl-2021/incident-report": ("prompt", "第二十九条", V, "operator → cyberspace_office"),
    "dsl-2021/tell-users": ("prompt", "第二十九条", V, "operator → affected_users"),
    "dsl-2021/risk-remedy": ("system: standing", "第二十九条", V, "operator"),
    "dsl-2021/important-data-assessment": ("system: standing", "第三十条", V, "operator → cyberspace_office"),
    "dsl-2021/government-data-rules": ("system: standing", "第三十九条", V, "owner"),
    "dsl-2021/entrusted-construction": ("system: standing", "第四十条", V, "owner"),
    "dsl-2021/contractor": ("system: standing", "第四十条", V, "maintainers"),
    "data-risk-2026/yearly-assessment": (
        "system: P1Y end",
        "条款号未核",
        S,
        "operator → cyberspace_office province",
    ),
    "data-risk-2026/assessment-on-change": (
        "change: prompt",
        "条款号未核",
        S,
        "operator → cyberspace_office province",
    ),
    "data-risk-2026/others-encouraged": ("system: standing", "条款号未核", S, "operator"),
    "mps-176/on-site-inspection": (
        "system: P1Y end",
        "条款号未核（草案有此内容，正式文本为转引）",
        S,
        "public_security city → operator",
    ),
    "mps-176/rectify": ("system: standing", "条款号未核", S, "operator"),
    "mps-176/draft-vulnerabilities": ("system: standing", "草案第七条第七项", U, "operator"),
    "mps-176/draft-drills": ("system: standing", "草案第八条", U, "operator"),
    "gov-internet-apps-2024/level-3": ("system: standing", "第十七条", V, "owner"),
    "gov-internet-apps-2024/yearly-assessment": (
        "system: P1Y end",
        "第十八条",
        V,
        "operator → cloud_authority city",
    ),
    "gov-internet-apps-2024/before-upgrade": (
        "change: P1M before planned_start",
        "第十八条",
        V,
        "operator → cloud_authority city",
    ),
    "gov-internet-apps-2024/assessed-cloud": ("system: standing", "第二十四条", V, "owner"),
    "gov-internet-apps-2024/outsourcing": ("system: standing", "第二十五条", V, "owner"),
    "gov-internet-apps-2024/backup": ("system: standing", "第二十六条", V, "operator"),
    "gov-internet-apps-2024/monitoring": ("system: standing", "第三十六条", V, "operator"),
    "gov-internet-apps-2024/report-incidents": ("system: standing", "第三十七条", V, "operator"),
    "gov-internet-apps-2024/start-plan": ("system: standing", "第三十八条", V, "operator"),
    "crypto-assessment/cii-before-running": (
        "system: standing",
        "第三十八条",
        V,
        "operator → cryptography_administration",
    ),
    "crypto-assessment/cii-yearly": ("system: P1Y end", "第三十八条", V, "operator → cryptography_administration"),
    "crypto-assessment/cii-law": ("system: standing", "第二十七条", V, "operator"),
    "crypto-assessment/level-3-yearly": ("system: P1Y end", "第十条", S, "operator → cryptography_administration"),
    "crypto-assessment/important-yearly": ("system: standing", "条款号未核", U, "operator"),
    "crypto-assessment/filed-in-30-days": (
        "system: standing",
        "条款号未核",
        S,
        "operator → cryptography_administration",
    ),
    "emergency-response-2024/no-late-report": ("organization: standing", "第六十一条", V, "itself"),
    "emergency-response-2024/warning-content": ("organization: standing", "第六十四条", V, "itself"),
    "emergency-response-2024/revise-plan": ("organization: standing", "第二十八条", V, "itself"),
}
"""When, article, mark, and from whom to whom (with the tier that the article names)."""


def pack(pack_id: str) -> Pack:
    return next(one for one in builtin_packs() if one.id == pack_id)


def national() -> list[Pack]:
    return [one for one in builtin_packs() if one.id in INSTRUMENTS]


def when(rule: DutyRule) -> str:
    about = "" if rule.subject == "incident" else f"{rule.subject}: "
    if rule.every is not None:
        day = "end" if rule.every.day is None else f"{rule.every.month}-{rule.every.day}"
        return f"{about}{written(rule.every.months)} {day}"
    if rule.window is not None:
        return f"{about}{written(rule.window.months)} before {rule.window.before}"
    if rule.following is not None:
        return f"{about}{written(rule.following.months)} after {rule.following.after}"
    return about + (f"{rule.limit} {rule.start_event}" if rule.limit else rule.kind)


def parties(rule: DutyRule) -> str:
    def name(one: Any) -> str:
        return " ".join(part for part in (one.role or one.relation or one.kind or one.outside, one.tier) if part)

    to = ", ".join(name(one) for one in rule.recipients)
    return f"{name(rule.bearer)} → {to}" if to else name(rule.bearer)


@pytest.mark.parametrize("pack_id", sorted(INSTRUMENTS))
def test_the_instrument_its_force_and_the_day_it_begins(pack_id: str) -> None:
    one = pack(pack_id)
    assert (one.force, one.instrument["title"]["zh-CN"], one.effective.since) == INSTRUMENTS[pack_id]
    assert one.jurisdiction == "national"


def test_every_duty_has_the_limit_article_mark_and_parties_of_the_reference() -> None:
    found = {
        rule.id: (when(rule), rule.citation.article["zh-CN"], rule.status, parties(rule))
        for one in national()
        for rule in one.duties
    }
    assert found == RULES


def test_what_the_wording_does_not_say_is_marked_as_interpretation() -> None:
    """Nobody takes a recipient or a start for the article's own that irm has chosen."""
    for one in national():
        for rule in one.duties:
            if rule.kind == "prompt" or rule.status == U:
                assert rule.interpretation, rule.id


def test_nothing_is_stated_twice_that_the_pack_on_retention_says() -> None:
    assert not [rule.id for one in national() for rule in one.keeping]


def test_only_what_was_read_has_a_legal_clock_of_its_own() -> None:
    """Unverified rules stand there for comparison; nothing that nobody read opens an obligation."""
    for one in national():
        for rule in one.duties:
            assert rule.status != U or rule.kind == "standing", rule.id


def test_a_yearly_report_that_two_instruments_ask_for_is_one_report() -> None:
    """The same form to the same recipient meets both; otherwise the operator would write it twice."""
    duties = {rule.id: (rule.form, rule.recipients, rule.bearer) for one in national() for rule in one.duties}
    assert duties["csl-2026/cii-yearly-assessment"] == duties["cii-2021/yearly-assessment"]
    assert duties["data-risk-2026/yearly-assessment"] == duties["data-regulation-2025/yearly-assessment"]


@pytest.mark.parametrize(("cii", "owed"), [("yes", True), ("unknown", True), ("no", False)])
def test_who_is_in_doubt_whether_it_is_critical_owes_the_yearly_assessment_by_law_and_regulations(
    cii: str, owed: bool
) -> None:
    """Both clocks run until that is known (DESIGN §4): the two articles, met by one report, are asked of the same systems."""
    by_id = {rule.id: rule for one in national() for rule in one.duties}
    for name in ("csl-2026/cii-yearly-assessment", "cii-2021/yearly-assessment"):
        assert by_id[name].when.decide({"system.cii": cii, "system.life_cycle": "live"}) is owed, name


def test_the_report_of_critical_infrastructure_meets_the_measures_and_the_regulations() -> None:
    by_id = {rule.id: rule for one in builtin_packs() for rule in one.duties}
    ours, theirs = by_id["cii-2021/incident-report"], by_id["cac-2025-reporting/cii-operator"]
    assert (ours.form, ours.recipients, ours.bearer) == (theirs.form, theirs.recipients, theirs.bearer)


def test_the_forms_hold_the_items_that_the_articles_ask_for() -> None:
    for one in national():
        for item in one.items:
            assert item.title["zh-CN"] in {each.title["zh-CN"] for each in forms()[item.form].items}, item.id


def test_what_is_opened_has_a_form_to_be_written_in() -> None:
    for one in national():
        for rule in one.duties:
            assert rule.kind == "standing" or is_form(rule.form), rule.id


def test_the_police_are_told_of_unlawful_use_within_the_same_day_as_of_a_case() -> None:
    rule = pack("police-147").rule("network-records")
    assert isinstance(rule, DutyRule)
    assert (when(rule), rule.citation.article["zh-CN"], rule.status, rule.force, parties(rule)) == (
        "PT24H known_at",
        "第十条第六项",
        V,
        "部门规章",
        "using_unit → public_security",
    )
