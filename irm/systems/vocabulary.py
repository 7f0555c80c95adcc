"""Words of the register. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

from irm.i18n import N_

YesNoUnknown = Literal["yes", "no", "unknown"]
YES_NO_UNKNOWN: Final[tuple[YesNoUnknown, ...]] = get_args(YesNoUnknown)

KIND_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"system": N_("Information system"), "platform": N_("Platform")}
)
KINDS: Final = tuple(KIND_NAMES)
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
LEVEL_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: N_("Protection level 1"),
        2: N_("Protection level 2"),
        3: N_("Protection level 3"),
        4: N_("Protection level 4"),
        5: N_("Protection level 5"),
    }
)
LEVELS: Final = tuple(LEVEL_NAMES)
"""Grades of classified protection (等级保护); not incident levels."""
LEVEL_PHRASES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: N_("protection level 1"),
        2: N_("protection level 2"),
        3: N_("protection level 3"),
        4: N_("protection level 4"),
        5: N_("protection level 5"),
    }
)
"""The same where no label says what kind of level it is: within a sentence or beside a name."""
NO_LEVEL_NAME: Final = N_("No protection level yet")
YES_NO_UNKNOWN_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"yes": N_("yes"), "no": N_("no"), "unknown": N_("unknown")}
)
PORTAL_RANK_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "none": N_("No portal"),
        "county": N_("Portal of a county"),
        "prefecture": N_("Portal of a city or prefecture"),
        "provincial": N_("Portal of a province"),
        "national": N_("Portal of a national organ"),
        "provincial_news": N_("News site of a province"),
        "central_news": N_("Central news site"),
    }
)
FIELD_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": N_("Code of the system"),
        "name": N_("Name of the system"),
        "kind": N_("Kind"),
        "owner": N_("Unit in charge"),
        "operator": N_("Operator"),
        "users": N_("Using units"),
        "maintainers": N_("Maintaining units"),
        "platform": N_("Runs on the platform"),
        "level": N_("Protection level"),
        "level_fixed_on": N_("Level fixed on"),
        "filing_number": N_("Filing number"),
        "filing_authority": N_("Filed with"),
        "filed_on": N_("Filed on"),
        "certificate_until": N_("Certificate valid until"),
        "live_on": N_("In operation since"),
        "tester": N_("Testing organization"),
        "cii": N_("Critical information infrastructure"),
        "protection_department": N_("Protection department"),
        "user_count": N_("Registered users"),
        "personal_records": N_("Persons whose data it holds"),
        "portal_rank": N_("Rank of the portal"),
        "important_data": N_("Holds important data"),
        "internet_gov_app": N_("Government application on the internet"),
        "life_cycle": N_("Life cycle"),
        "in_use_from": N_("In this irm since"),
        "hosts": N_("Hosts"),
        "addresses": N_("IP addresses"),
        "domains": N_("Domains"),
        "resources": N_("Hosts, addresses, domains"),
    }
)
"""By the names on the wire, which faults bear too."""
