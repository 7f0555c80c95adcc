"""The other national instruments, article by article: their limits, forces and marks are those of the reference.

Like the tables of `test_packs.py` a second copy on purpose. `system`, `organization`, `change` or nothing (an incident)
stands before when it is owed.
"""

from datetime import date
from typing import Any

import pytest

from irm.rules.load import builtin_packs
from irm.rules.pack import DutyRule, Pack
from irm.rules.periods import written

V, S, U = "verified", "secondary", "unverified"

INSTRUMENTS: dict[str, tuple[str, str, date]] = {
    "data-regulation-2025": ("行政法规", "网络数据安全管理条例", date(2025, 1, 1)),
    "pipl": ("法律", "中华人民共和国个人信息保护法", date(2021, 11, 1)),
}
"""Force, instrument, and the day from which it is in force."""

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
