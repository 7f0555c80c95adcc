"""What the linter knows besides the file: values that `city.py` reads from the packs, the playbooks and the rosters. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from irm.playbooks.steps import Playbook

NEW: Final = "new"
"""In the place of an identifier: a playbook that there is not yet. None can be called so."""


@dataclass(frozen=True)
class Limit:
    """One rule that a report step may name. `within` None: the rule sets no figure (prompt), so nothing to exceed."""

    within: timedelta | None
    start_event: str
    form: str = ""
    is_ours: bool = True
    """Borne by organizations of a city, not by a superior or a central organ."""


@dataclass(frozen=True)
class City:
    """Empty mappings and None: not known, and that check is left out."""

    limits: Mapping[str, Limit] = field(default_factory=dict)
    """`<pack>/<rule>` → limit."""
    filing_allowance: timedelta = timedelta()
    playbooks: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    """Identifiers that some version has, one that waits or is no longer used included."""
    endpoints: frozenset[str] | None = None
    """Those that the settings name."""
    channels_off: frozenset[str] = frozenset()
    """Channels that irm serves and this installation has not configured."""
    held: frozenset[str] | None = None
    """Targets that somebody holds today, as written (`role(cloud_authority, duty_leader)`)."""
    unmanned: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    """Targets that a roster serves, as written → days to come on which nobody is on duty for all or some hours."""
    active: tuple[Playbook, ...] | None = None
    """The playbooks that begin by themselves today; the one that is checked takes the place of its namesake."""
