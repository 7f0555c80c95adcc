"""The client files the test report with the police (GB/T 28449 8.4): a submission like any other, about the system.

It meets the system's test duty of the period by form and recipient (`obligations/meeting.py`). The test is filed once that
submission is handed over, on this page or on its own; where it is refused or returned, the report waits to be filed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access.queries import Organization, organizations
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Actor, Tx
from irm.errors import Conflict, Invalid
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach, attachment
from irm.i18n import DEFAULT_LOCALE, N_, translator
from irm.ledger import Event
from irm.obligations.drafting import draft_submission
from irm.obligations.handing import submit_report
from irm.obligations.queries import submission
from irm.obligations.subjects import Subject
from irm.systems.assessing import KIND_NAMES, MLPS, Status, locked, tell_changed
from irm.systems.assessment_queries import assessment_of_submission
from irm.systems.assessment_rules import CONCLUSION_NAMES, HUNDREDTHS
from irm.systems.models import AssessmentRow, SystemRow

FORMS: Final[Mapping[str, str]] = {MLPS: "assessment_report", "self_check": "self_check"}
"""Kind of test → form of what is handed over; other kinds are handed over to nobody."""
ITEMS: Final[Mapping[str, str]] = {"assessment_report": "conclusion", "self_check": "text"}
NOT_IN: Final = N_("There is no report yet that could be filed.")
NO_FORM: Final = N_("Tests of this kind are filed with nobody.")
FILED_ALREADY: Final = N_("This report is filed already.")


@dataclass(frozen=True)
class Filing:
    """To whom, by which means (`obligations.handing.MEANS`), and when by the filer's word."""

    recipient_id: UUID
    means: str
    stated_at: datetime | None = None
    document_number: str | None = None


async def recipients(tx: Tx, kind: str) -> list[Organization]:
    """Who takes such reports: the police for tests, the cloud authority for self-checks."""
    wanted = "public_security" if kind == MLPS else "cloud_authority"
    return await organizations(tx, kinds=[wanted])


async def file_report(
    tx: Tx,
    assessment_id: UUID,
    given: Filing,
    *,
    organization_id: UUID,
    account_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Hand the report over for `organization_id`, the system's operator or owner; the submission's id. Raises Conflict,
    Invalid."""
    row = await locked(tx, assessment_id)
    if row.status == Status.FILED:
        raise Conflict(FILED_ALREADY)
    if row.status != Status.REPORTED or row.attachment_id is None:
        raise Conflict(NOT_IN)
    form = FORMS.get(row.kind)
    if form is None:
        raise Conflict(NO_FORM)
    if given.recipient_id not in {one.id for one in await recipients(tx, row.kind)}:
        raise Invalid(N_("Choose one from the list."), field="recipient")
    system = await tx.get_one(SystemRow, row.system_id)
    items = await _items(tx, row, form)
    draft = await draft_submission(
        tx,
        subject=Subject(f"system/{system.id}", system.code, f"/systems/{system.code}", system_id=system.id),
        form=form,
        organization_id=organization_id,
        recipient_id=given.recipient_id,
        items=items,
        actor=actor,
        now=now,
    )
    row.submission_id = draft
    await tx.flush()
    file = await _enclosure(tx, row, draft, organization_id, account_id, actor, now)
    await submit_report(
        tx,
        draft,
        items=items,
        means=given.means,
        stated_at=given.stated_at,
        document_number=given.document_number,
        attachments=[file],
        actor=actor,
        now=now,
    )
    return draft


async def hear_submission(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.submitted | refused | returned | not_sent`: what became of a test report that was handed over."""
    if event.body.get("form") not in FORMS.values():
        return
    found = await assessment_of_submission(tx, UUID(str(event.body["submission"])))
    if found is None:
        return
    row = await locked(tx, found)
    if event.action == "submission.submitted":
        at = (await submission(tx, UUID(str(event.body["submission"])))).submitted_at or event.at
        row.status, row.filed_on = Status.FILED, at.astimezone(SHANGHAI).date()
        await tell_changed(tx, row, "filed", event.actor, event.at, filed_on=str(row.filed_on))
    elif row.status == Status.FILED:
        row.status, row.filed_on = Status.REPORTED, None
        await tell_changed(tx, row, "not_filed", SYSTEM, event.at, because=event.action)


async def _items(tx: Tx, row: AssessmentRow, form: str) -> dict[str, str]:
    """The text that goes with the file. Reports go to Chinese authorities, whatever language the filer reads."""
    t = translator(DEFAULT_LOCALE)
    tester = (await organizations(tx, ids=[row.tester_id]))[0].name if row.tester_id else ""
    parts = [
        t(KIND_NAMES[row.kind]),
        t("Tester: %(name)s", name=tester) if tester else "",
        t("Number: %(number)s", number=row.number),
        t("Report dated %(day)s", day=str(row.cover_on)),
        t("Conclusion: %(conclusion)s", conclusion=t(CONCLUSION_NAMES.get(row.conclusion or "", row.conclusion or ""))),
        t("Rate: %(rate)s", rate=rate_words(row.compliance)) if row.compliance is not None else "",
    ]
    items = {ITEMS[form]: t("; ").join(part for part in parts if part)}
    if form == "assessment_report" and row.major is not None:
        items["risks"] = t(
            "Major hidden risks: %(found)s (%(rectified)s rectified)",
            found=row.major,
            rectified=row.rectified_major or 0,
        )
    return items


def rate_words(rate: int) -> str:
    whole, rest = divmod(rate, HUNDREDTHS)
    return f"{whole}.{rest:02d}" if rest else str(whole)


async def _enclosure(
    tx: Tx,
    row: AssessmentRow,
    submission_id: UUID,
    organization_id: UUID,
    account_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """The same content named at the submission, so that it goes with it: one file, two places."""
    known: Any = row.attachment_id
    kept = await attachment(tx, known)
    return await attach(
        tx,
        StoredBlob(kept.sha256, kept.size, kept.media_type, kept.filename),
        subject=f"system/{row.system_id}/submission/{submission_id}",
        organization_id=organization_id,
        account_id=account_id,
        actor=actor,
        now=now,
    )
