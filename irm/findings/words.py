"""The words of this room for people. Pure."""

from collections.abc import Mapping
from typing import Final

from irm.findings.lifecycle import Status, counted
from irm.i18n import N_, Translator

STATUS_TONES: Final[Mapping[str, str]] = {
    Status.OPEN: "active",
    Status.PLANNED: "active",
    Status.HANDED_IN: "neutral",
    Status.CLOSED: "done",
}
ACTIONS: Final[Mapping[str, str]] = {
    "finding.raised": N_("Finding entered"),
    "finding.amended": N_("Finding amended"),
    "finding.planned": N_("Rectification planned"),
    "finding.worked_on": N_("Work recorded"),
    "finding.handed_in": N_("Handed in for verification"),
    "finding.returned": N_("Returned: not rectified yet"),
    "finding.closed": N_("Verified and closed"),
    "finding.day_moved": N_("Day moved"),
    "finding.proposed": N_("Measure proposed"),
    "finding.proposal_decided": N_("Proposed measure decided"),
}


def major_words(t: Translator, found: int, rectified: int) -> str:
    """重大风险隐患 as the forms want it, counted before rectification: "10(5个已整改)" (1846号 Q22)."""
    found, rectified = counted(found, rectified)
    return t("%(found)s (%(rectified)s rectified)", found=found, rectified=rectified) if found else "0"
