"""Figures with which irm itself reckons stand in the pack, each with its article and mark."""

from datetime import date

import pytest

from irm.positions import LanguageError
from irm.rules.load import builtin_packs, builtin_sources, load_pack
from irm.rules.pack import figures_in


def test_certificates_and_conclusions_are_reckoned_by_figures_of_the_pack() -> None:
    figures = figures_in(builtin_packs())
    assert {name: figures[f"mlps/{name}"].value for name in ("certificate-validity", "certificate-renewal-window")} == {
        "certificate-validity": 36,
        "certificate-renewal-window": 3,
    }
    assert figures["mlps/template-2025-from"].value == date(2025, 3, 20)
    assert figures["mlps/compliant-above"].citation.article["zh-CN"] == "问 20"
    assert figures["mlps/score-good"].status == "unverified", "nobody here has seen the 2021 template's wording"


def test_a_figure_that_stands_twice_is_named_by_line() -> None:
    text = builtin_sources()["mlps.yaml"].replace("id: certificate-per-test", "id: certificate-validity")
    with pytest.raises(LanguageError) as refused:
        load_pack(text, file="mlps.yaml")
    assert ["certificate-validity" in str(fault.message) for fault in refused.value.faults] == [True]
