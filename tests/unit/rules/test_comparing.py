"""What one version of a pack says otherwise than another, told rule by rule."""

import pytest

from irm.i18n import translator
from irm.rules.comparing import Change, Comparison, compare
from irm.rules.comparing_words import aspect_words, both_sides, gist
from irm.rules.load import builtin_sources, load_pack

CAC = builtin_sources()["cac-2025-reporting.yaml"]
MLPS = builtin_sources()["mlps.yaml"]
CITY = builtin_sources()["city-chain.yaml"]
POLICE = builtin_sources()["police-147.yaml"]


def told(before: str, after: str) -> Comparison:
    return compare(load_pack(before), load_pack(after))


def lines(compared: Comparison, locale: str = "zh-CN") -> list[tuple[str, str, str, str]]:
    """(id, aspect, before, after) as a reader sees them."""
    t = translator(locale)
    return [
        (change.id, aspect_words(one.aspect, t), *both_sides(change, one, t))
        for change in compared.changes
        for one in change.differences
    ]


def altered(text: str, old: str, new: str) -> str:
    assert old in text, f"the pack does not say {old!r} any more"
    return text.replace(old, new, 1)


def test_the_same_text_changes_nothing() -> None:
    compared = told(POLICE, POLICE)
    assert not compared.changes
    assert not compared.only_the_text


def test_a_comment_changes_the_text_and_no_rule() -> None:
    compared = told(POLICE, POLICE + "# looked at again\n")
    assert not compared.changes
    assert compared.only_the_text


def test_a_limit_is_told_in_the_readers_words() -> None:
    compared = told(POLICE, altered(POLICE, "within: PT24H", "within: PT12H"))
    assert lines(compared) == [("police-case", "数值", "24 小时", "12 小时")]
    assert lines(compared, "en") == [("police-case", "Figure", "24 h", "12 h")]
    (change,) = compared.changes
    assert [(one.aspect, one.before, one.after) for one in change.differences] == [("figure", "PT24H", "PT12H")]


def test_a_threshold_and_a_mark_of_a_grading_rule() -> None:
    old = "status: secondary\n    when: 'register.portal_rank in"
    assert old in CAC
    changed = altered(
        CAC, "all: [{fact: portal_outage, at_least: PT6H}]", "all: [{fact: portal_outage, at_least: PT5H}]"
    )
    found = lines(told(CAC, changed))
    assert found == [
        ("portal-6h", "数值", "门户网站无法访问的时长：6 小时以上（含）", "门户网站无法访问的时长：5 小时以上（含）")
    ]
    marked = lines(told(CAC, altered(CAC, old, old.replace("secondary", "verified"))), "en")
    assert marked == [("portal-6h", "How well known", "From a secondary source", "Wording read")]


def test_a_figure_that_somebody_has_read_at_last() -> None:
    read = altered(
        CAC, "all: [{fact: cii_full_outage, at_least: null}]", "all: [{fact: cii_full_outage, at_least: PT1H}]"
    )
    ((rule, _, before, after),) = lines(told(CAC, read))
    assert rule == "cii-full-major"
    assert "阈值待核" in before
    assert after.endswith("1 小时以上（含）")


def test_conditions_recipients_and_articles() -> None:
    changed = altered(
        POLICE, "article: {zh-CN: 第十四条, en: Article 14}", "article: {zh-CN: 第十五条, en: Article 15}"
    )
    assert lines(told(POLICE, changed), "en") == [("police-case", "Article", "Article 14", "Article 15")]
    province = "recipients: [{kind: cyberspace_office, tier: province}]"
    found = lines(told(CAC, altered(CAC, province, province.replace("province", "city"))), "en")
    assert [line[1:] for line in found] == [("To whom", "Cyberspace office (Province)", "Cyberspace office (City)")]


def test_a_text_that_changes_only_in_the_other_language_is_seen_all_the_same() -> None:
    title = "en: Vendor reports to the cloud authority within 30 minutes"
    ((_, _, before, after),) = lines(told(CITY, altered(CITY, title, title.replace("Vendor", "The vendor"))))
    assert before != after
    assert "The vendor" in after


def test_what_a_rule_only_takes_over_is_told_once() -> None:
    changed = altered(CITY, 'text_version: "2026-11-21"', 'text_version: "2027-01-01"')
    assert lines(told(CITY, changed), "en") == [("pack", "Text of", "2026-11-21", "2027-01-01")]


def test_the_citys_own_figures() -> None:
    changed = altered(CITY, "cac-2025-reporting/crime: PT1H", "cac-2025-reporting/crime: PT30M")
    changed = altered(changed, "receipt_alarm: PT1H", "receipt_alarm: PT2H")
    assert lines(told(CITY, changed), "en") == [
        ("policy", "Alarm when a report has no receipt after", "1 h", "2 h"),
        ("policy", "The city's own limit for cac-2025-reporting/crime", "1 h", "30 min"),
    ]


def test_rules_that_come_and_go() -> None:
    compared = compare(load_pack(POLICE), load_pack(altered(POLICE, "- id: police-case", "- id: police-incident")))
    assert [(one.happened, one.id) for one in compared.changes if one.part == "rule"] == [
        ("added", "police-incident"),
        ("removed", "police-case"),
    ]
    added: Change = compared.of("added")[0]
    assert "24 小时" in gist(added, translator("zh-CN"))
    assert "第十四条" in gist(added, translator("zh-CN"))


def test_figures_and_switches_are_compared_too() -> None:
    changed = altered(MLPS, "    value: P3Y", "    value: P5Y")
    changed = altered(changed, "    default: by-hand", "    default: partly")
    found = {(one.part, one.id): one for one in told(MLPS, changed).changes}
    assert set(found) == {("figure", "certificate-validity"), ("switch", "exactly-90-or-60")}
    t = translator("zh-CN")
    figure = found["figure", "certificate-validity"]
    assert both_sides(figure, figure.differences[0], t) == ("3 年", "5 年")


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
@pytest.mark.parametrize("file", sorted(builtin_sources()))
def test_everything_that_irm_brings_along_can_be_put_into_words(file: str, locale: str) -> None:
    """Against another pack every rule is new, against itself nothing is."""
    pack, other = load_pack(builtin_sources()[file]), load_pack(POLICE if file != "police-147.yaml" else CITY)
    t = translator(locale)
    for compared in (compare(pack, other), compare(other, pack)):
        assert all(gist(change, t) is not None for change in compared.changes)
    assert not compare(pack, pack).changes
