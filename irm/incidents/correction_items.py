"""What a report of correction says, drafted from the decision that it follows. A person writes the rest.

Reports go to authorities in Chinese, whoever opens the draft.
"""

from typing import Any, Final
from uuid import UUID

from irm.db import Tx
from irm.i18n import N_, Translator, translator
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import IncidentRow, LevelAssessmentRow, StatusChangeRow
from irm.obligations.correcting import correction_of
from irm.rules.levels import level_word
from irm.web.wording import in_full

LANGUAGE: Final = "zh-CN"
OF_REPORT: Final = N_("Corrects report %(serial)s.")


async def correction_items(tx: Tx, incident: IncidentRow, submission_id: UUID) -> dict[str, str]:
    """By item key of `obligations/forms.yaml`; empty where the correction follows no decision that irm knows."""
    t = translator(LANGUAGE)
    corrected: list[str] = []
    reasons: list[str] = []
    for why in await correction_of(tx, submission_id):
        says, reason = await _decision(tx, incident, why, t)
        if not says:
            continue
        corrected.append(t(OF_REPORT, serial=why["submission"]) + says)
        reasons.append(reason)
    found = {"corrected": "\n".join(dict.fromkeys(corrected)), "reason": "\n".join(dict.fromkeys(reasons))}
    return {key: text for key, text in found.items() if text.strip()}


async def _decision(tx: Tx, incident: IncidentRow, why: dict[str, Any], t: Translator) -> tuple[str, str]:
    """(how it reads now, why)"""
    change = UUID(str(why["change"]))
    match why["cause"]:
        case "lowered":
            level = await tx.get_one(LevelAssessmentRow, change)
            return t("The level of %(number)s is now %(level)s.", **_of(incident, level.level)), level.reason
        case "discovered_later":
            moved = await tx.get_one(DiscoveryChangeRow, change)
            moments = {"before": in_full(moved.previous, t), "after": in_full(moved.moved_to, t)}
            return (
                t("It was discovered or learned of at %(after)s (Beijing time), not at %(before)s.", **moments),
                moved.reason,
            )
        case "dismissed":
            row = await tx.get_one(StatusChangeRow, change)
            return t(
                "%(number)s was verified to be a false alarm; the report is withdrawn.", **_of(incident)
            ), row.reason
        case "withdrawn":
            row = await tx.get_one(StatusChangeRow, change)
            return t("%(number)s was withdrawn; the report no longer holds.", **_of(incident)), row.reason
        case "reopened":
            row = await tx.get_one(StatusChangeRow, change)
            return t(
                "%(number)s is being handled again; the correction sent before no longer holds.", **_of(incident)
            ), row.reason
        case _:
            return "", ""


def _of(incident: IncidentRow, level: int | None = None) -> dict[str, str]:
    return {"number": incident.number} | ({"level": level_word(level)} if level is not None else {})
