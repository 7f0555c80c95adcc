"""Conclusions of tests at every edge of the figures (1846号 Q20, Q21)."""

from datetime import date

import pytest

from irm.rules.load import builtin_packs
from irm.systems.assessment_rules import (
    ConclusionFigures,
    Stated,
    computed,
    conclusion_figures as figures_of,
    differs,
    template_of,
)


def figures(**chosen: str) -> ConclusionFigures:
    found = figures_of(builtin_packs(), {f"mlps/{name.replace('_', '-')}": reading for name, reading in chosen.items()})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("cover", "template"),
    [(date(2025, 3, 19), "2021"), (date(2025, 3, 20), "2025"), (date(2025, 3, 21), "2025")],
)
def test_the_day_on_the_cover_picks_the_template(cover: date, template: str) -> None:
    assert template_of(cover, figures()) == template


@pytest.mark.parametrize(
    ("rate", "major", "conclusion"),
    [
        (0, 0, "not"),
        (5999, 0, "not"),
        (5999, 3, "not"),
        (6000, 0, "judge"),
        (6000, 3, "judge"),
        (6001, 0, "basically"),
        (6001, 9, "basically"),
        (8999, None, "basically"),
        (9000, 0, "judge"),
        (9000, 1, "judge"),
        (9001, 0, "conform"),
        (9001, 1, "judge"),
        (9001, None, None),
        (10000, 0, "conform"),
        (10000, 1, "judge"),
        (None, 0, None),
    ],
)
def test_the_template_of_2025(rate: int | None, major: int | None, conclusion: str | None) -> None:
    assert computed("2025", Stated(rate, major), figures()).conclusion == conclusion


@pytest.mark.parametrize(("rate", "major"), [(9000, 0), (6000, 0), (6000, 2)])
def test_what_the_text_leaves_open_is_the_citys_reading(rate: int, major: int) -> None:
    assert computed("2025", Stated(rate, major), figures(exactly_90_or_60="partly")).conclusion == "basically"


def test_above_ninety_with_a_major_risk_is_a_switch_of_its_own() -> None:
    chosen = figures(above_90_with_major_risk="partly")
    assert computed("2025", Stated(9500, 1), chosen).conclusion == "basically"
    assert computed("2025", Stated(9000, 1), chosen).conclusion == "judge"
    assert computed("2025", Stated(9500, 1), chosen).switch == "mlps/above-90-with-major-risk"


@pytest.mark.parametrize(
    ("score", "high", "medium", "conclusion"),
    [
        (9000, 0, 0, "excellent"),
        (9000, 0, 1, "good"),
        (9000, 1, 0, "poor"),
        (9000, 0, None, None),
        (8999, 0, 0, "good"),
        (8000, 0, 5, "good"),
        (7999, 0, 5, "medium"),
        (7000, 0, 5, "medium"),
        (7000, 1, 0, "poor"),
        (6999, 0, 0, "poor"),
        (6999, None, None, "poor"),
        (7000, None, 0, None),
        (None, 0, 0, None),
    ],
)
def test_the_template_of_2021(score: int | None, high: int | None, medium: int | None, conclusion: str | None) -> None:
    assert computed("2021", Stated(score, None, high, medium), figures()).conclusion == conclusion


@pytest.mark.parametrize(
    ("stated", "reckoned", "flagged"),
    [("conform", "basically", True), ("conform", "judge", False), ("not", "not", False), ("not", None, False)],
)
def test_only_a_difference_is_flagged(stated: str, reckoned: str | None, flagged: bool) -> None:
    assert differs(stated, reckoned) is flagged


def test_without_the_pack_nothing_is_reckoned() -> None:
    assert figures_of([one for one in builtin_packs() if one.id != "mlps"], {}) is None
