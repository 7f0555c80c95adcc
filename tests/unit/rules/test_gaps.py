"""What nobody here has read: exactly what the reference leaves open, and what of it could decide in a city."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ruamel.yaml import YAML

from irm.i18n import translator
from irm.rules import gap_words
from irm.rules.facts import Register
from irm.rules.gaps import Gap, Holdings, gaps, gaps_here
from irm.rules.load import builtin_packs, builtin_sources

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

OPEN: dict[str, list[str]] = {
    # RULES.md §10, grading_cac: `ge: null`, and rows marked unverified; a spread row is five figures and a finding.
    "cac-2025-reporting": [
        "cii-full-major",
        "cii-main-major",
        "people-1m",
        "people-100k",
        "spread-wide-home",
        "spread-wide-other",
        "spread-wide-reposts",
        "spread-wide-views",
        "spread-wide-finding",
        "spread-considerable-home",
        "spread-considerable-other",
        "spread-considerable-reposts",
        "spread-considerable-views",
        "spread-considerable-finding",
        "public-encouraged",  # §2.1: the article's number is not verified
    ],
    # §10, grading_gb20986: the whole matrix is that of the 2007 edition.
    "gbt-20986-2023": [
        "matrix-especially-grave",
        "matrix-grave-object",
        "matrix-grave-loss",
        "matrix-considerable-object",
        "matrix-considerable-both",
        "matrix-considerable-loss",
        "harm-especially-grave",
        "harm-grave",
        "harm-considerable",
    ],
    # §10, mlps: test_cadence of level 2, conclusion_2021, and what is said there to be interpretation.
    "mlps": [
        "test-level-2",
        "score-excellent",
        "score-good",
        "score-fair",
        "exactly-90-or-60/partly",
        "above-90-with-major-risk/partly",
    ],
    # §6.8: yearly for important systems is from memory. §5.5: of order 176 only the draft was read. Source S4: of one norm
    # there is only the draft for comments.
    "crypto-assessment": ["important-yearly"],
    "mps-176": ["draft-vulnerabilities", "draft-drills"],
    "egov-om": ["visitors", "weekly-cleaning", "somebody-on-duty", "off-hours"],
}
"""Pack → what it leaves open; of every other pack nothing. A second, independent copy of the reference on purpose: who
verifies a rule has to say so here too."""


def named(found: tuple[Gap, ...]) -> dict[str, list[str]]:
    return {
        pack.id: [one.id.removeprefix(f"{pack.id}/") for one in found if one.pack.id == pack.id]
        for pack in builtin_packs()
    }


def test_the_gaps_are_those_of_the_reference() -> None:
    assert {pack: found for pack, found in named(gaps(builtin_packs())).items() if found} == OPEN


def test_no_pack_hides_a_gap() -> None:
    """Whatever a file marks unverified or leaves null is named, whichever pack it is in."""
    found = named(gaps(builtin_packs()))
    for text in builtin_sources().values():
        data = YAML(typ="safe").load(text)
        assert sorted(found[data["id"]]) == sorted(marked(data)), data["id"]


def marked(data: Mapping[str, Any]) -> list[str]:
    def is_open(one: Mapping[str, Any]) -> bool:
        criteria = one.get("grade", {}).get("all", [])
        return one["status"] == "unverified" or any(each["at_least"] is None for each in criteria)

    plain = [one["id"] for part in ("rules", "items", "figures") for one in data.get(part, ()) if is_open(one)]
    return plain + [
        f"{switch['id']}/{one['id']}"
        for switch in data.get("switches", ())
        for one in switch["readings"]
        if is_open(one)
    ]


def here(holdings: Holdings, **readings: str) -> dict[str, str | None]:
    found = gaps_here(
        builtin_packs(), holdings, now=NOW, readings={f"mlps/{name}": one for name, one in readings.items()}
    )
    return {one.id: one.idle for one in found}


def test_of_an_empty_register_nothing_is_taken_for_idle() -> None:
    assert here(Holdings())["cac-2025-reporting/cii-full-major"] is None
    assert here(Holdings())["mlps/test-level-2"] is None


def test_a_city_without_critical_infrastructure_has_no_use_for_its_figures() -> None:
    plain = Register(users=5_000, personal_records=5_000, portal_rank="none", cii="no", important_data="no")
    found = here(Holdings([plain]))
    assert found["cac-2025-reporting/cii-full-major"] == "nothing_in_register"
    unclear = Register(users=5_000, portal_rank="none", cii="unknown")
    assert here(Holdings([plain, unclear]))["cac-2025-reporting/cii-full-major"] is None
    assert here(Holdings([plain]).without_cii())["cac-2025-reporting/cii-full-major"] is None


def test_the_register_bounds_how_many_people_can_be_affected() -> None:
    small = Register(users=60_000, portal_rank="none", cii="no", important_data="no")
    assert here(Holdings([small]))["cac-2025-reporting/people-100k"] == "below_figure"
    found = here(Holdings([small, small]))
    assert found["cac-2025-reporting/people-100k"] is None
    assert found["cac-2025-reporting/people-1m"] == "below_figure"
    unknown = Register(users=None, portal_rank="none", cii="no", important_data="no")
    assert here(Holdings([small, unknown]))["cac-2025-reporting/people-1m"] is None


def test_a_rule_of_the_year_needs_a_system_that_it_could_be_about() -> None:
    level_three = {"system.level": 3, "system.life_cycle": "live"}
    level_two = {"system.level": 2, "system.life_cycle": "live"}
    ungraded = {"system.level": None, "system.life_cycle": "live"}
    rule = "mlps/test-level-2"
    assert here(Holdings(facts={"system": [level_three]}))[rule] == "nothing_in_register"
    assert here(Holdings(facts={"system": [level_three, level_two]}))[rule] is None
    assert here(Holdings(facts={"system": [ungraded]}))[rule] is None


def test_a_reading_decides_only_where_the_city_reads_it_so() -> None:
    assert here(Holdings())["mlps/exactly-90-or-60/partly"] == "other_reading"
    assert here(Holdings(), **{"exactly-90-or-60": "partly"})["mlps/exactly-90-or-60/partly"] is None


def test_a_standing_duty_opens_nothing() -> None:
    assert here(Holdings())["cac-2025-reporting/public-encouraged"] == "standing"


def test_gaps_in_words() -> None:
    found = {one.id: one for one in gaps(builtin_packs())}
    zh, en = translator("zh-CN"), translator("en")
    outage = found["cac-2025-reporting/cii-full-major"]
    assert "阈值待核" in gap_words.figure_words(outage, zh)
    assert gap_words.seen_words(outage, en) == "in the 2023 draft 2 h; from memory 1 h"
    assert gap_words.decides_words(outage, en) == "the level Grave"
    for one in found.values():
        assert gap_words.decides_words(one, zh)
