"""What the page of one finding shows, and which acts it offers this reader."""

from datetime import datetime, timedelta
from typing import Any, Final

from irm.access import queries as access
from irm.access.policy import Permission, Principal, may, reach
from irm.access.second import is_second
from irm.db import Tx
from irm.evidence.blobs import MAX_SIZE
from irm.evidence.service import attachments_of
from irm.evidence.types import TAKEN
from irm.findings import queries, register, showing, timeline
from irm.findings.lifecycle import ORIGIN_NAMES, PROPOSAL_NAMES, RISK_NAMES, STATUS_NAMES, Status
from irm.findings.policy import finding_policy
from irm.findings.queries import Finding
from irm.findings.words import STATUS_TONES
from irm.i18n import N_, Translator
from irm.obligations import queries as obligations, words as duty_words
from irm.web.forms import Form

LABELS: Final = {
    "title": N_("What was found"),
    "organization": N_("Unit that rectifies"),
    "verifier": N_("Verified by"),
    "systems": N_("Systems concerned"),
    "risk": N_("Risk"),
    "due_on": N_("To be rectified by"),
    "due_set_by": N_("Day set by"),
    "due_document": N_("Document that sets the day"),
    "found_on": N_("Found on"),
    "plan": N_("How it is put right"),
    "person": N_("Who answers for it"),
    "text": N_("Work that was done"),
    "reason": N_("Reason"),
    "consent": N_("Document of consent"),
    "file": N_("File"),
}


async def finding_context(tx: Tx, principal: Principal, one: Finding, t: Translator, now: datetime) -> dict[str, Any]:
    """Everything the page of one finding shows and offers this reader."""
    view = await showing.detail(tx, principal, one, now=now)
    edits = queries.may_edit(principal, one)
    verifies = queries.may_verify(principal, one)
    names = await access.organization_names(tx, {x for x in (one.due_set_by, one.organization_id) if x})
    members = await access.members(tx, [one.organization_id], now=now) if edits else []
    found = await obligations.obligations_of(tx, one.path, now=now, reach=reach(principal, Permission.READ_OBLIGATIONS))
    shown = [each for each in found if each.status not in {"superseded", "waived"}]
    suggested = one.found_on + timedelta(days=finding_policy().default_days[one.risk])
    people = await access.person_names(tx, [one.person_id] if one.person_id else [])
    tester = await register.tester_of(tx, one.origin_id)
    open_ = one.status in (Status.OPEN, Status.PLANNED)
    return {
        "one": one,
        "view": view,
        "is_major": view.is_major,
        "status_name": t(STATUS_NAMES[one.status]),
        "status_tone": STATUS_TONES[one.status],
        "risk_name": t(RISK_NAMES[one.risk]),
        "origin_name": t(ORIGIN_NAMES[one.origin]),
        "origin_href": f"/assessments/{one.origin_label}" if one.origin == "assessment" and one.origin_id else "",
        "day_set_by": names.get(one.due_set_by, "") if one.due_set_by else "",
        "person_name": people.get(one.person_id, "") if one.person_id else "",
        "members": [(str(member.person.id), member.person.name) for member in members],
        "clocks": [
            {
                **each.chip(),
                "title": t.of(each.title),
                "limit": t(each.limit_word) if each.limit_at else "",
                "article": duty_words.citation_text(each.citation, t),
                "href": f"/obligations/{each.id}",
            }
            for each in shown
        ],
        "files": [
            {
                "href": f"/attachments/{file.id}",
                "name": file.filename,
                "size": file.size,
                "media_type": file.media_type,
                "sha256": file.sha256,
                "at": file.uploaded_at,
                "by": (await access.organization_names(tx, [file.organization_id])).get(file.organization_id, "")
                if file.organization_id
                else "",
            }
            for file in await attachments_of(tx, one.path)
        ],
        "may_edit": edits and open_,
        "may_hand_in": edits and one.status is Status.PLANNED,
        "may_move": (edits or verifies) and open_ and one.due_on is not None,
        "may_verify": verifies and one.status is Status.HANDED_IN,
        "same_person": not is_second([one.handed_in_by], principal),
        "may_decide": verifies and one.status is not Status.CLOSED,
        "may_attach": (edits or verifies or tester in principal.organizations) and one.status is not Status.CLOSED,
        "proposals": [(each, t(PROPOSAL_NAMES[each.kind])) for each in view.proposals],
        "entries": await timeline.told(tx, one.path, principal, t, now=now),
        "plan_form": Form(
            values={"plan": one.plan or "", "person": str(one.person_id or ""), "due_on": str(one.due_on or suggested)}
        ),
        "work_form": Form(),
        "verify_form": Form(),
        "day_form": Form(values={"due_on": str(one.due_on or "")}),
        "proposal_form": Form(),
        "labels": {name: t(label) for name, label in LABELS.items()},
        "accept": ",".join(f".{one}" for one in TAKEN),
        "size_limit": MAX_SIZE // 1_000_000,
        "reads_submission": may(principal, Permission.READ_SUBMISSIONS),
    }
