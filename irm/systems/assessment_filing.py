"""The client files the test report with the police (GB/T 28449 8.4): a submission like any other, about the system.

It meets the system's test duty of the period by form and recipient (`obligations/meeting.py`). The test is filed once such a
submission is handed over, on this page, on its own, or on that of the duty, before irm knows the report or after; where it is
refused or returned, the report waits to be filed again.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.queries import Organization, organizations
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Actor, Tx
from irm.errors import Conflict, Invalid
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach, attachment
from irm.i18n import DEFAULT_LOCALE, N_, Translator, translator
from irm.ledger import Event
from irm.obligations.drafting import draft_submission
from irm.obligations.handed import duties_about, handed_over_about
from irm.obligations.handing import submit_report
from irm.obligations.queries import submission
from irm.obligations.subjects import Subject
from irm.obligations.views import Submission
from irm.obligations.words import whom
from irm.systems.assessing import KIND_NAMES, MLPS, Status, locked, tell_changed
from irm.systems.assessment_queries import assessment_of_submission
from irm.systems.assessment_rules import CONCLUSION_NAMES, HUNDREDTHS
from irm.systems.models import AssessmentRow, SystemRow

FORMS: Final[Mapping[str, str]] = {MLPS: "assessment_report", "self_check": "self_check"}
"""Kind of test → form of what is handed over; other kinds are handed over to nobody."""
ITEMS: Final[Mapping[str, str]] = {"assessment_report": "conclusion", "self_check": "text"}
POLICE: Final = "public_security"
NOT_IN: Final = N_("There is no report yet that could be filed.")
NO_FORM: Final = N_("Tests of this kind are filed with nobody.")
FILED_ALREADY: Final = N_("This report is filed already.")
ANOTHER_DESK: Final = N_("The article names %(named)s. Handed over to this one, the duty would stay open.")
DROPPED: Final = ("superseded", "waived")


@dataclass(frozen=True)
class Filing:
    """To whom, by which means (`obligations.handing.MEANS`), and when by the filer's word."""

    recipient_id: UUID
    means: str
    stated_at: datetime | None = None
    document_number: str | None = None


@dataclass(frozen=True)
class Desks:
    """`offered`: those with which a report of this test may be filed. `others` take such reports too, but the articles by
    which it is owed name another kind, tier or desk."""

    offered: Sequence[Organization]
    others: Sequence[Organization] = ()
    asked: str = ""
    """Whom the articles name, for people."""


async def desks_for(tx: Tx, kind: str, system_id: UUID, *, now: datetime, t: Translator) -> Desks:
    """Who takes such reports: whom the duties of this system name, the open ones before those that are done; where nothing
    is owed, the police for tests and the cloud authority for self-checks."""
    path = f"system/{system_id}"
    form, own = FORMS.get(kind), await _clients(tx, system_id)
    about = (await duties_about(tx, [path], now=now)).get(path, ())
    # The same paper may be owed to somebody else too, or by a vendor; that is not the filing of the test.
    owed = [one for one in about if one.form == form and one.bearer.id in own and _takes(kind, one.recipient.kind)]
    owed = [one for one in owed if one.status == "open"] or [one for one in owed if one.status not in DROPPED]
    named = {(one.recipient.kind, one.recipient.tier, one.recipient.id) for one in owed}
    kinds = {named_kind for named_kind, _, _ in named} | {POLICE if kind == MLPS else "cloud_authority"}
    known = await organizations(tx, kinds=sorted(kinds))
    if not named:
        return Desks(known)
    right = {
        one.id
        for one in known
        for named_kind, tier, desk in named
        if (one.kind, one.tier) == (named_kind, tier) and desk in (None, one.id)
    }
    return Desks(
        [one for one in known if one.id in right],
        [one for one in known if one.id not in right],
        t(", ").join(dict.fromkeys(whom(one.recipient, t) for one in owed)),
    )


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
    await _check_desk(tx, row, given.recipient_id, now)
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


async def _check_desk(tx: Tx, row: AssessmentRow, recipient_id: UUID, now: datetime) -> None:
    """Raises Invalid for a desk with which the report would meet no duty."""
    desks = await desks_for(tx, row.kind, row.system_id, now=now, t=translator(DEFAULT_LOCALE))
    if recipient_id in {one.id for one in desks.others}:
        raise Invalid(ANOTHER_DESK, field="recipient", named=desks.asked)
    if recipient_id not in {one.id for one in desks.offered}:
        raise Invalid(N_("Choose one from the list."), field="recipient")


async def hear_submission(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`submission.submitted | refused | returned`: what became of a test report that was handed over, here or on the page
    of its duty; in the second case it is the test whose report was waiting to be filed."""
    form = event.body.get("form")
    if form not in FORMS.values():
        return
    submission_id = UUID(str(event.body["submission"]))
    found = await assessment_of_submission(tx, submission_id)
    if found is None and event.action == "submission.submitted":
        found = await _waiting_for(tx, submission_id, str(form), event.subject)
    if found is None:
        return
    row = await locked(tx, found)
    if event.action == "submission.submitted":
        await _filed(tx, row, submission_id, event)
    elif row.status == Status.FILED:
        row.status, row.filed_on = Status.REPORTED, None
        await tell_changed(tx, row, "not_filed", SYSTEM, event.at, because=event.action)


async def hear_report(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - the shape of a subscriber
    """`assessment.reported`: its report may have been handed over before irm learned of it."""
    _, system_id, _, assessment_id = event.subject.split("/")
    row = await locked(tx, UUID(assessment_id))
    form = FORMS.get(row.kind)
    if row.status != Status.REPORTED or form is None or row.submission_id is not None:
        return
    path, own = f"system/{system_id}", await _clients(tx, row.system_id)
    handed = (await handed_over_about(tx, [path], forms=[form])).get(path, ())
    for period, one in handed:
        at = one.submitted_at
        stands = one.status in ("submitted", "receipted") and at is not None and _is_filing(row.kind, one, own)
        if stands and at is not None and at.astimezone(SHANGHAI).date() >= (row.cover_on or date.max):
            if period is not None and row.year not in _years(period):
                continue
            if await assessment_of_submission(tx, one.id) is None:
                await _filed(tx, row, one.id, event)
                return


async def _filed(tx: Tx, row: AssessmentRow, submission_id: UUID, event: Event) -> None:
    at = (await submission(tx, submission_id)).submitted_at or event.at
    row.status, row.filed_on, row.submission_id = Status.FILED, at.astimezone(SHANGHAI).date(), submission_id
    await tell_changed(tx, row, "filed", event.actor, event.at, filed_on=str(row.filed_on))


async def _waiting_for(tx: Tx, submission_id: UUID, form: str, subject: str) -> UUID | None:
    """The test of this system whose report this is: of the submission's period, or the only one that waits."""
    kind = next(name for name, each in FORMS.items() if each == form)
    path = "/".join(subject.split("/")[:2])
    room, _, system_id = path.partition("/")
    if room != "system":
        return None
    rows = list(
        await tx.scalars(
            select(AssessmentRow)
            .where(
                AssessmentRow.system_id == UUID(system_id),
                AssessmentRow.kind == kind,
                AssessmentRow.status == Status.REPORTED,
            )
            .order_by(AssessmentRow.cover_on.desc(), AssessmentRow.number.desc())
        )
    )
    handed = (await handed_over_about(tx, [path], forms=[form])).get(path, ())
    period, this = next((each for each in handed if each[1].id == submission_id), (None, None))
    if this is None or not _is_filing(kind, this, await _clients(tx, UUID(system_id))):
        return None
    years = _years(period) if period else {row.year for row in rows}
    of_its_year = [row for row in rows if row.year in years]
    of_its_cover = [row for row in rows if row.cover_on is not None and row.cover_on.year in years]
    meant = (of_its_year or of_its_cover or (rows if len(rows) == 1 else []))[:1]
    return meant[0].id if meant else None


async def _clients(tx: Tx, system_id: UUID) -> frozenset[UUID]:
    """Who files: the operator, who owes it, or the owner (`file_report`)."""
    system = await tx.get_one(SystemRow, system_id)
    return frozenset({system.owner_id, system.operator_id})


def _takes(kind: str, desk_kind: str) -> bool:
    """A test is filed with the police, whoever else is to have a copy."""
    return kind != MLPS or desk_kind == POLICE


def _is_filing(kind: str, one: Submission, clients: Collection[UUID]) -> bool:
    return one.sender.id in clients and _takes(kind, one.recipient.kind)


def _years(period: str) -> set[int]:
    """2026, 2026-H2 and 2026#2 are of one year, 2026/2027 of two."""
    return {int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", period)}


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
