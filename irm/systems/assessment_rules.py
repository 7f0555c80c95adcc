"""What the figures of a test report give: which template its cover picks, and which conclusion follows. Pure.

公网安〔2025〕1846号 Q20–22. The figures stand in the pack `mlps`; what its text leaves open is a switch of the city. The
report's own conclusion counts; what is reckoned here only flags it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from irm.i18n import N_
from irm.rules.pack import Figure, Pack, figures_in

Template = Literal["2025", "2021"]

JUDGE: Final = "judge"
"""待人工认定: the text says nothing for these figures, and the city has not said how it reads it."""
CONCLUSIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "2025": {"conform": N_("Conforms"), "basically": N_("Basically conforms"), "not": N_("Does not conform")},
    "2021": {"excellent": N_("Excellent"), "good": N_("Good"), "medium": N_("Medium"), "poor": N_("Poor")},
}
"""By template, the conclusions that a report may state."""
CONCLUSION_NAMES: Final = {
    **CONCLUSIONS["2025"],
    **CONCLUSIONS["2021"],
    JUDGE: N_("To be judged by a person"),
}
HUNDREDTHS: Final = 100
"""Rates and scores are kept in hundredths: 89.97 is 8997."""
EXACTLY: Final = "mlps/exactly-90-or-60"
ABOVE_WITH_MAJOR: Final = "mlps/above-90-with-major-risk"
_NEEDED: Final = (
    "template-2025-from",
    "compliant-above",
    "not-compliant-below",
    "score-excellent",
    "score-good",
    "score-fair",
)


@dataclass(frozen=True)
class ConclusionFigures:
    """The pack's figures and the city's readings of what it leaves open."""

    by_name: Mapping[str, Figure]
    readings: Mapping[str, str]

    def day(self, name: str) -> date:
        value = self.by_name[name].value
        if not isinstance(value, date):
            message = f"{name} is no day"
            raise TypeError(message)
        return value

    def hundredths(self, name: str) -> int:
        value = self.by_name[name].value
        if not isinstance(value, int):
            message = f"{name} is no number"
            raise TypeError(message)
        return value * HUNDREDTHS


@dataclass(frozen=True)
class Stated:
    """What the report says. `rate`: 符合率 or score in hundredths; counts before rectification; None: not stated."""

    rate: int | None = None
    major: int | None = None
    high: int | None = None
    medium: int | None = None


@dataclass(frozen=True)
class Computed:
    """`conclusion` None: a figure is missing. `figures`: names of those that decided."""

    conclusion: str | None
    figures: tuple[str, ...] = ()
    switch: str | None = None
    """What the city may settle, where the text is silent."""


def conclusion_figures(packs: Iterable[Pack], chosen: Mapping[str, str]) -> ConclusionFigures | None:
    """None where no pack that the city goes by has them."""
    packs = tuple(packs)
    known = {one.name: one for one in figures_in(packs).values() if one.id.startswith("mlps/")}
    if any(name not in known for name in _NEEDED):
        return None
    defaults = {switch.id: switch.default for pack in packs for switch in pack.switches}
    return ConclusionFigures(known, {**defaults, **chosen})


def template_of(cover_on: date, figures: ConclusionFigures) -> Template:
    """By the day on the report's cover (Q21), whenever it was tested or came in."""
    return "2025" if cover_on >= figures.day("template-2025-from") else "2021"


def computed(template: Template, stated: Stated, figures: ConclusionFigures) -> Computed:
    return _of_2025(stated, figures) if template == "2025" else _of_2021(stated, figures)


def _of_2025(stated: Stated, figures: ConclusionFigures) -> Computed:
    above, below = figures.hundredths("compliant-above"), figures.hundredths("not-compliant-below")
    rate = stated.rate
    if rate is None:
        return Computed(None)
    if rate < below:
        return Computed("not", ("not-compliant-below",))
    if rate in (above, below):
        by = ("compliant-above",) if rate == above else ("not-compliant-below",)
        return Computed(_read(figures, EXACTLY), by, EXACTLY)
    if rate < above:
        return Computed("basically", ("compliant-above", "not-compliant-below"))
    if stated.major is None:
        return Computed(None, ("compliant-above",))
    if stated.major == 0:
        return Computed("conform", ("compliant-above",))
    return Computed(_read(figures, ABOVE_WITH_MAJOR), ("compliant-above",), ABOVE_WITH_MAJOR)


def _of_2021(stated: Stated, figures: ConclusionFigures) -> Computed:
    score = stated.rate
    if score is None:
        return Computed(None)
    if score < figures.hundredths("score-fair"):
        return Computed("poor", ("score-fair",))
    if stated.high is None:
        return Computed(None, ("score-fair",))
    if stated.high > 0:
        return Computed("poor", ("score-fair",))
    if score >= figures.hundredths("score-excellent"):
        if stated.medium is None:
            return Computed(None, ("score-excellent",))
        if stated.medium == 0:
            return Computed("excellent", ("score-excellent",))
    if score >= figures.hundredths("score-good"):
        return Computed("good", ("score-good",))
    return Computed("medium", ("score-fair",))


def _read(figures: ConclusionFigures, switch: str) -> str:
    return "basically" if figures.readings.get(switch) == "partly" else JUDGE


def differs(stated: str | None, reckoned: str | None) -> bool:
    """Is there something to look at? Where the figures leave it open, the report's word stands alone."""
    return stated is not None and reckoned is not None and reckoned not in {JUDGE, stated}
