"""What happens at an incident's desk, as the timeline says it. Pure."""

from collections.abc import Mapping
from typing import Final

from irm.i18n import N_

WORDS: Final[Mapping[str, str]] = {
    "incident.note_shared": N_("Note for all concerned written"),
    "incident.note_written": N_("Note written"),
    "incident.role_given": N_("Role at the incident given"),
    "incident.role_ended": N_("Role at the incident ended"),
    "incident.handed_over": N_("Handed over to the next shift"),
    "incident.taken_over": N_("Taken over from the shift before"),
    "incident.handover_taken_back": N_("Hand-over taken back"),
}
COMMON: Final = frozenset({"incident.note_shared"})
"""What everybody with a part sees."""
SIGHT_NAMES: Final[Mapping[str, str]] = {
    "own": N_("Only my organization and the cloud authority"),
    "all": N_("All organizations concerned"),
}
