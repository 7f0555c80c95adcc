"""Words of the register. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from irm.i18n import N_

YesNoUnknown = Literal["yes", "no", "unknown"]
YES_NO_UNKNOWN: Final[tuple[YesNoUnknown, ...]] = get_args(YesNoUnknown)

KINDS: Final = ("system", "platform")
LIFE_CYCLE_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "planned": N_("Not yet begun"),
        "building": N_("Being built"),
        "trial": N_("Trial operation"),
        "live": N_("In operation"),
        "retired": N_("Taken out of use"),
    }
)
LIFE_CYCLES: Final = tuple(LIFE_CYCLE_NAMES)
PARTY_ROLES: Final = ("user", "maintainer")
LEVELS: Final = (1, 2, 3, 4, 5)
"""Grades of classified protection (等级保护); not incident levels."""
