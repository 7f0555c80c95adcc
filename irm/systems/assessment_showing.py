"""What the page of one test shows, and which acts it offers this reader."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from irm.access import queries as access
from irm.access.policy import Permission, Principal, may
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.service import attachments_of
from irm.findings import queries as findings, showing as findings_showing
from irm.findings.lifecycle import RISK_NAMES as FINDING_RISKS, STATUS_NAMES as FINDING_STATES
from irm.findings.timeline import COMMON, told
from irm.findings.words import STATUS_TONES as FINDING_TONES, major_words
from irm.i18n import N_, Translator
from irm.obligations.handing import BY_HAND, INSIDE
from irm.obligations.words import MEANS_NAMES
from irm.rules.pack import Switch
from irm.rules.queries import current_packs
from irm.rules.words import mark_note, mark_words
from irm.systems import assessing
from irm.systems.assessing import ASSESSOR, KIND_NAMES, MLPS, STATUS_NAMES, Status
from irm.systems.assessment_filing import FORMS, Desks, desks_for, rate_words
from irm.systems.assessment_queries import Assessment, may_edit, may_file, sees_major
from irm.systems.assessment_rules import CONCLUSION_NAMES, CONCLUSIONS, JUDGE, Stated, computed, template_of
from irm.web.forms import Form

TONES: Final = {
    Status.PLANNED: "neutral",
    Status.UNDER_WAY: "active",
    Status.REPORTED: "active",
    Status.FILED: "done",
    Status.CANCELLED: "aside",
}
WORDS: Final[Mapping[str, str]] = {
    **COMMON,
    "assessment.planned": N_("Test planned"),
    "assessment.replanned": N_("Plan of the test changed"),
    "assessment.started": N_("Test began"),
    "assessment.reported": N_("Report received"),
    "assessment.filed": N_("Report filed"),
    "assessment.not_filed": N_("Report came back; it waits to be filed again"),
    "assessment.cancelled": N_("Test cancelled"),
}
LABELS: Final = {
    "system": N_("System"),
    "kind": N_("Kind"),
    "year": N_("Year"),
    "planned_on": N_("Planned for"),
    "tester": N_("Tester"),
    "started_on": N_("Began on"),
    "cover_on": N_("Date on the cover"),
    "rate": N_("Rate of compliance, or score"),
    "major": N_("Major hidden risks before rectification"),
    "rectified_major": N_("Of them rectified"),
    "high": N_("High risks"),
    "medium": N_("Medium risks"),
    "conclusion": N_("Conclusion as the report states it"),
    "file": N_("The report (PDF)"),
    "recipient": N_("To whom"),
    "means": N_("How it was handed over"),
    "stated_at": N_("Handed over at"),
    "document_number": N_("Document number"),
    "reason": N_("Reason"),
}


async def assessment_context(
    tx: Tx, principal: Principal, one: Assessment, t: Translator, now: datetime
) -> dict[str, Any]:
    """Everything the page of one test shows and offers this reader."""
    edits, files = may_edit(principal, one), may_file(principal, one)
    parties = {one.owner_id, one.operator_id} | ({one.tester_id} if one.tester_id else set())
    names = await access.organization_names(tx, parties)
    brought_up = await findings.findings_from(tx, one.id)
    shown = await findings_showing.views(tx, principal, brought_up, now=now)
    counted = (await findings.major_counts(tx, [one.id])).get(one.id, (0, 0))
    desks = await desks_for(tx, one.kind, one.system_id, now=now, t=t) if files else Desks([])
    kept = await attachments_of(tx, one.path)
    return {
        "one": one,
        "status_name": t(STATUS_NAMES[one.status]),
        "tone": TONES[one.status],
        "names": names,
        "today": now.astimezone(SHANGHAI).date(),
        "rate": rate_words(one.compliance) if one.compliance is not None else None,
        "major": major_of(one, principal, t),
        "counted_major": major_words(t, *counted) if sees_major(principal, one) and brought_up else "",
        "major_differs": one.major is not None and brought_up and counted[0] != one.major,
        "why": await _why(tx, one, now),
        "mark_words": mark_words,
        "mark_note": mark_note,
        "is_open": one.computed == JUDGE,
        "findings": shown,
        "finding_states": {each.value: t(name) for each, name in FINDING_STATES.items()},
        "finding_tones": FINDING_TONES,
        "finding_risks": {value: t(name) for value, name in FINDING_RISKS.items()},
        "files": [
            {
                "href": f"/attachments/{each.id}",
                "name": each.filename,
                "size": each.size,
                "media_type": each.media_type,
                "sha256": each.sha256,
                "at": each.uploaded_at,
                "by": names.get(each.organization_id, "") if each.organization_id else "",
            }
            for each in kept
        ],
        "may_plan": edits and one.status in (Status.PLANNED, Status.UNDER_WAY),
        "may_start": edits and one.status is Status.PLANNED,
        "may_report": edits and one.status in (Status.PLANNED, Status.UNDER_WAY, Status.REPORTED),
        "may_file": files and one.status is Status.REPORTED and one.kind in FORMS,
        "may_enter": edits and may(principal, Permission.EDIT_FINDINGS) and one.status is not Status.CANCELLED,
        "entries": await told(tx, one.path, principal, t, now=now, words=WORDS, detail=_details),
        "conclusions": [
            (value, t(name)) for group in (CONCLUSIONS["2025"], CONCLUSIONS["2021"]) for value, name in group.items()
        ],
        "is_mlps": one.kind == MLPS,
        "means_choices": [
            (each, t(MEANS_NAMES[each])) for each in ("paper", "portal", *BY_HAND, INSIDE) if each in MEANS_NAMES
        ],
        "recipients": [(str(each.id), each.name) for each in desks.offered],
        "asked_desk": desks.asked,
        "size_limit": MAX_SIZE // 1_000_000,
        "plan_form": Form(
            values={
                "planned_on": str(one.planned_on),
                "year": str(one.year),
                "tester": str(one.tester_id or ""),
                "kind": one.kind,
            }
        ),
        "start_form": Form(values={"started_on": str(now.astimezone(SHANGHAI).date())}),
        "report_form": Form(values=_stated(one)),
        "filing_form": Form(values={"means": "paper", "recipient": str(desks.offered[0].id) if desks.offered else ""}),
        "cancel_form": Form(),
        **names_for(t),
        **await plan_choices(tx, t),
    }


async def _why(tx: Tx, one: Assessment, now: datetime) -> dict[str, Any]:
    """The figures that decided, with their articles; where the text is silent, the switch that the city may turn."""
    figures = await assessing.figures_now(tx, now=now)
    if figures is None or one.cover_on is None or one.kind != MLPS:
        return {"figures": [], "switch": None, "reading": None}
    result = computed(
        template_of(one.cover_on, figures), Stated(one.compliance, one.major, one.high, one.medium), figures
    )
    switches: dict[str, Switch] = {
        switch.id: switch for pack in await current_packs(tx, now=now) for switch in pack.switches
    }
    switch = switches.get(result.switch or "")
    chosen = figures.readings.get(result.switch or "")
    return {
        "figures": [figures.by_name[name] for name in ("template-2025-from", *result.figures)],
        "switch": switch,
        "reading": next((each for each in switch.readings if each.id == chosen), None) if switch else None,
    }


def major_of(one: Assessment, principal: Principal, t: Translator) -> str:
    """Empty where it is not stated, or not for the reader."""
    if one.major is None or not sees_major(principal, one):
        return ""
    return major_words(t, one.major, one.rectified_major or 0)


def _details(t: Translator, action: str, body: Mapping[str, Any]) -> list[str]:
    match action:
        case "assessment.planned" | "assessment.replanned":
            return [str(body.get("planned_on") or "")]
        case "assessment.started":
            return [str(body.get("started_on") or "")]
        case "assessment.reported":
            conclusion = str(body.get("conclusion") or "")
            return [str(body.get("cover_on") or ""), t(CONCLUSION_NAMES.get(conclusion, conclusion))]
        case "assessment.filed":
            return [str(body.get("filed_on") or "")]
        case _:
            return []


def names_for(t: Translator) -> dict[str, Any]:
    return {
        "status_names": {one.value: t(name) for one, name in STATUS_NAMES.items()},
        "tones": {one.value: tone for one, tone in TONES.items()},
        "kind_names": {value: t(name) for value, name in KIND_NAMES.items()},
        "conclusion_names": {value: t(name) for value, name in CONCLUSION_NAMES.items()},
        "judge": JUDGE,
    }


def _stated(one: Assessment) -> dict[str, str]:
    figures = {name: getattr(one, name) for name in ("major", "rectified_major", "high", "medium")}
    return {
        "cover_on": str(one.cover_on or ""),
        "conclusion": one.conclusion or "",
        "rate": rate_words(one.compliance) if one.compliance is not None else "",
        **{name: "" if value is None else str(value) for name, value in figures.items()},
    }


async def plan_choices(tx: Tx, t: Translator) -> dict[str, Any]:
    return {
        "kinds": [(value, t(name)) for value, name in KIND_NAMES.items()],
        "testers": [(str(one.id), one.name) for one in await access.organizations(tx, kinds=[ASSESSOR])],
        "labels": {name: t(label) for name, label in LABELS.items()},
    }
