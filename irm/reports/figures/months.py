"""The twelve months as lines of a grid. Pure."""

from typing import Final

from irm.i18n import N_
from irm.reports.tally import Texts, both

MONTHS: Final = tuple(range(1, 13))


def month_labels() -> list[tuple[str, Texts]]:
    return [(f"{n:02d}", both(N_("Month %(n)s"), n=n)) for n in MONTHS]
