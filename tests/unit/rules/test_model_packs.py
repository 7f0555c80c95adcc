"""Other cities' texts as models: every dutiful row of the reference (§1.1, §1.2) is a rule, with its mark and its figure.

`ROWS` is a second reading of the reference on purpose: row → the rules that state it. What is no duty is told in
docs/rule-packs.md.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.pack import DutyRule, Pack
from irm.rules.periods import written

V, S, U = "verified", "secondary", "unverified"
DOCS = Path(__file__).parents[3] / "docs" / "rule-packs.md"

MODELS = {
    "egov-om": "规范性文件",
    "huaian-projects-2023": "规范性文件",
    "jiangsu-outsourcing": "规范性文件",
    "pingdingshan-cloud-2019": "规范性文件",
    "tongren-data-2019": "规范性文件",
}
P, T, H, J, E = (
    "pingdingshan-cloud-2019",
    "tongren-data-2019",
    "huaian-projects-2023",
    "jiangsu-outsourcing",
    "egov-om",
)

ROWS: dict[str, tuple[str, str]] = {
    "2": (P, "own-systems"),
    "3": (P, "round-the-clock"),
    "4": (P, "operating-rules"),
    "5": (P, "vendor-drills"),
    "6": (P, "monthly-operations monthly-operations-strict"),
    "7": (P, "monthly-security"),
    "8": (P, "incident-unit"),
    "9": (P, "join-drills"),
    "10": (P, "change-notice change-impact"),
    "11": (P, "change-plan change-plan-strict"),
    "12": (P, "training supervision"),
    "13": (P, "joint-inspection"),
    "15": (P, "own-systems own-measures"),
    "16": (P, "incident-unit"),
    "17": (P, "yearly-test yearly-risk-assessment"),
    "18": (P, "yearly-test"),
    "19": (P, "joint-plan"),
    "20": (P, "incident-vendor vendor-investigation"),
    "21": (P, "user-data"),
    "22": (P, "supervision-plan vendor-assessment unit-assessment"),
    "23": (P, "cloud-application"),
    "24": (P, "exit-move-data exit-clear-data"),
    "25": (T, "warnings notice-channel coordination"),
    "26": (T, "response-team integrity-system"),
    "27": (T, "police-mlps police-checks"),
    "28": (T, "unit-rules unit-training unit-checks"),
    "29": (T, "data-inventory"),
    "30": (T, "data-incident-operator data-incident-vendor"),
    "31": (T, "unit-drills unit-self-assessment"),
    "32": (T, "data-officers"),
    "33": (T, "built-with-the-project"),
    "34": (T, "assessment-for-approval"),
    "35": (T, "test-before-acceptance"),
    "36": (T, "application-tests"),
    "37": (T, "application-checks rectify bar-from-projects"),
    "38": (T, "platform-hardening detection"),
    "39": (T, "experts-before-authorising confidentiality"),
    "40": (T, "monitoring-equipment dual-links"),
    "41": (T, "keep-logs"),
    "42": (T, "risk-analysis"),
    "43": (T, "plan-of-each-department"),
    "44": (T, "contacts data-incident-operator tell-users"),
    "45": (T, "joint-inspection rectify criticise-refusal"),
    "46": (T, "yearly-performance points-off"),
    "47": (T, "integrity-system"),
    "48": (T, "criticise-delay suspend-business"),
    "49": (H, "mlps-before-live risk-before-live crypto-before-live"),
    "50": (H, "security-spend cost-of-change"),
    "51": (H, "trial-of-software trial-of-hardware accepted-before-use reconsidered-is-told failed-rectifies"),
    "52": (H, "warranty"),
    "53": (H, "operation-and-plan operation-requirements"),
    "54": (H, "change-plan"),
    "55": (H, "security-chapter"),
    "56": (E, "fix-faults back-up-data emergency-handling"),
    "57": (E, "lost-key key-handed-back"),
    "58": (E, "no-super-administrator"),
    "59": (E, "no-external-link approved-antivirus"),
    "60": (E, "recovery"),
    "61": (E, "check-and-notify"),
    "62": (E, "mark-and-register erase-on-scrapping"),
    "63": (E, "vetted-before-work"),
    "64": (E, "secrecy-risk secrecy-training"),
    "65": (E, "paper-copy"),
    "66": (E, "assessment-published"),
    "67": (E, "four-managements steering-committee business-side informatization-side"),
    "69": (E, "visitors weekly-cleaning somebody-on-duty off-hours"),
    "70": (J, "support-24h regular-maintenance backup-and-recovery quality-clauses"),
    "71": (J, "self-assessment scoring ask-the-project-office publication c-is-talked-to fails"),
    "72": (J, "refuse-classified"),
    "73": (J, "log-who-when-what"),
    "75": (J, "pass-on-requirements no-unapproved-third-party regular-audit training prevention"),
    "1.2 plan": (P, "project-plan"),
    "1.2 acceptance": (P, "steady-before-acceptance acceptance-report post-evaluation"),
    "1.2 changes": (P, "project-change project-late project-ended"),
    "1.2 review": (T, "review-small review-large review-large-by-authority unqualified-rectifies blacklist"),
}
"""Row of §1.1, or fact of §1.2 → pack and rules."""

NO_DUTY = {"1", "14", "68", "74", "76"}
"""Roles, principles, definitions and a case."""

TIMED: dict[str, str] = {
    f"{P}/vendor-drills": "P1Y ×2",
    f"{P}/monthly-operations": "P1M ×1 day 5",
    f"{P}/monthly-operations-strict": "P1M ×1 day 4",
    f"{P}/monthly-security": "P1M ×1",
    f"{P}/yearly-test": "P1Y ×1",
    f"{P}/yearly-risk-assessment": "P1Y ×1",
    f"{P}/change-plan": "3 working days ahead",
    f"{P}/change-plan-strict": "3 clear working days ahead",
    f"{P}/project-plan": "P1Y ×1 7-31",
    f"{P}/post-evaluation": "P1Y after accepted_on",
    f"{T}/review-small": "P1Y ×1 11-30",
    f"{T}/review-large": "P1Y ×1 11-30",
    f"{T}/review-large-by-authority": "P1Y ×1 11-30",
}
"""Every other duty is prompt or standing: the source texts say 及时, 立即, 定期."""

FIGURES: dict[str, str] = {
    f"{P}/steady-before-acceptance": "steady_months < 6",
    f"{T}/test-before-acceptance": "level >= 3",
    f"{T}/review-small": "value < 300000",
    f"{T}/review-large": "value >= 300000",
    f"{H}/security-spend": "security_percent < 5",
    f"{H}/cost-of-change": "change_percent > 10",
    f"{H}/trial-of-software": "steady_months < 3",
    f"{H}/trial-of-hardware": "steady_months < 1",
    f"{H}/warranty": "warranty_months < 24",
    f"{J}/c-is-talked-to": "score >= 60 && scorecard.score < 80",
    f"{J}/fails": "score < 60",
}
"""Figures that stand in a condition."""

NOT_VERIFIED = {
    **{f"{J}/{name}": S for name in ROWS["75"][1].split()},
    f"{J}/quality-clauses": S,
    **{f"{E}/{name}": U for name in ROWS["69"][1].split()},
}
"""A summary and headings; a draft. The wording of all others was read."""


def models() -> list[Pack]:
    return [one for one in builtin_packs() if one.is_model]


def when(rule: DutyRule) -> str:
    if rule.every is not None:
        every = rule.every
        day = f" {every.month}-{every.day}" if every.month else f" day {every.day}" if every.day else ""
        return f"{written(every.months)} ×{every.count}{day}"
    if rule.ahead is not None:
        return f"{rule.ahead.working_days} {'clear ' if rule.ahead.clear else ''}working days ahead"
    if rule.following is not None:
        return f"{written(rule.following.months)} after {rule.following.after}"
    return str(rule.limit)


def test_models_wait_for_a_decision_of_the_city() -> None:
    assert {one.id: one.force for one in models()} == MODELS


def test_every_row_of_the_reference_is_a_rule_or_no_duty() -> None:
    assert {row for row in ROWS if row.isdigit()} | NO_DUTY == {str(row) for row in range(1, 77)}
    stated = {f"{pack}/{name}" for pack, names in ROWS.values() for name in names.split()}
    assert stated == {rule.id for pack in models() for rule in pack.duties}


def test_the_handbook_names_the_rows_that_are_no_duties() -> None:
    chapter = DOCS.read_text("utf-8").partition("## Rows that are no duties")[2].partition("\n## ")[0]
    told = re.findall(r"^\| (\d+) \|", chapter, re.MULTILINE)
    assert set(told) == NO_DUTY


def test_limits_are_those_of_the_texts() -> None:
    timed = {rule.id: when(rule) for pack in models() for rule in pack.duties if rule.kind == "timed"}
    assert timed == TIMED


@pytest.mark.parametrize(("rule_id", "figure"), FIGURES.items())
def test_figures_in_conditions_are_those_of_the_texts(rule_id: str, figure: str) -> None:
    rule = next(rule for pack in models() for rule in pack.duties if rule.id == rule_id)
    assert rule.when is not None
    assert figure in rule.when.source


def test_marks_are_those_of_the_reference() -> None:
    found = {rule.id: rule.status for pack in models() for rule in pack.duties if rule.status != V}
    assert found == NOT_VERIFIED


def test_a_model_contract_binds_as_a_contract_only() -> None:
    other = {rule.id: rule.force for pack in models() for rule in pack.duties if rule.force != pack.force}
    assert other == {f"{J}/{name}": "合同" for name in ROWS["70"][1].split()}


def told_in(pack: Pack, what: str) -> set[str]:
    source: dict[str, Any] = YAML(typ="safe").load(builtin_sources()[f"{pack.id}.yaml"])
    return {name for test in source["tests"] for name in test["expect"].get(what, [])}


@pytest.mark.parametrize("pack", models(), ids=lambda pack: pack.id)
def test_every_standing_duty_is_seen_to_hold_and_not_to_hold(pack: Pack) -> None:
    standing = {rule.name for rule in pack.duties if rule.kind == "standing"}
    assert told_in(pack, "standing") == standing
    assert standing <= told_in(pack, "not_standing")
