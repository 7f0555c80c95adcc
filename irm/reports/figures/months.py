"""The twelve months as lines of a grid. Pure."""

from typing import Final

from irm.i18n import N_
from irm.reports.tally import Texts, both

MONTHS: Final = (
    N_("January"),
    N_("February"),
    N_("March"),
    N_("April"),
    N_("May"),
    N_("June"),
    N_("July"),
    N_("August"),
    N_("September"),
    N_("October"),
    N_("November"),
    N_("December"),
)


def month_labels() -> list[tuple[str, Texts]]:
    return [(f"{n:02d}", both(name)) for n, name in enumerate(MONTHS, 1)]
