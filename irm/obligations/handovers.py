"""移交清单: evidence handed to an authority on its demand, item by item, signed on both sides.

One act: the custody of every file passes, a submission meets the directive's duty, and the signature is its receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, Reach, reach
from irm.db import Tx, uuid7
from irm.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from irm.evidence import custody
from irm.i18n import DEFAULT_LOCALE, N_, translator
from irm.ledger import Event, record
from irm.obligations.directed import Directive
from irm.obligations.directive_models import EvidenceHandoverRow
from irm.obligations.drafting import draft_submission
from irm.obligations.handing import submit_report
from irm.obligations.item_texts import check_line
from irm.obligations.models import SubmissionRow
from irm.obligations.moments import stated
from irm.obligations.policy import entry_policy
from irm.obligations.queries import visible_submissions
from irm.obligations.receiving import record_receipt
from irm.obligations.subjects import Subject
from irm.obligations.words import citation_text

FORM: Final = "evidence_handover"
HANDOVER: Final = "handover"
SHA256: Final = 64
NOT_DEMANDED: Final = N_("No evidence is demanded here, or the demand no longer stands.")


@dataclass(frozen=True)
class Thing:
    """One line of the list. A file of irm by `attachment_id`: its name and hash are irm's own; else what it is called.

    `sha256` of data that irm does not keep, as somebody computed it.
    """

    condition: str
    quantity: int = 1
    attachment_id: UUID | None = None
    name: str = ""
    sha256: str | None = None


@dataclass(frozen=True)
class Signed:
    """Who stands for both sides, with post and number of the service card; `scan` is a file of the signed list."""

    handed_by: str
    taken_by: str
    place: str | None = None
    stated_at: datetime | None = None
    scan_id: UUID | None = None


@dataclass(frozen=True)
class Handover:
    id: UUID
    submission_id: UUID
    serial: str
    handed_by: str
    taken_by: str
    place: str | None
    things: tuple[dict[str, Any], ...]
    stated_at: datetime
    recorded_at: datetime


async def hand_over(
    tx: Tx,
    *,
    directive: Directive,
    subject: Subject,
    organization_id: UUID,
    things: Sequence[Thing],
    signed: Signed,
    by: Principal,
    now: datetime,
) -> UUID:
    """Everything on the list, or nothing. Raises Invalid naming the line, Conflict where the demand no longer stands or a
    file is with somebody else already, Forbidden where it binds another organization."""
    if directive.asks != HANDOVER or directive.state != "in_force":
        raise Conflict(NOT_DEMANDED, code="not_demanded")
    if organization_id not in {one.id for one in directive.bearers}:
        raise Forbidden("This directive binds another organization.")
    if directive.authority.id is None:
        raise NotFound("This directive does not exist, or it is not yours to see.")
    at = stated(signed.stated_at, "stated_at", now=now, not_before=directive.contact.stated_at)
    handed_by, taken_by = check_line("handed_by", signed.handed_by), check_line("taken_by", signed.taken_by)
    missing = [name for name, text in (("handed_by", handed_by), ("taken_by", taken_by)) if not text]
    if missing:
        raise Invalid("Please correct what is marked.", errors=[FieldError(one, "This is needed.") for one in missing])
    lines = await _lines(tx, things, directive, taken_by, at=at, by=by, now=now)
    text = as_text(lines)
    draft = await draft_submission(
        tx,
        subject=subject,
        form=FORM,
        organization_id=organization_id,
        recipient_id=directive.authority.id,
        items={"text": text},
        actor=by.actor,
        now=now,
    )
    row = await submit_report(tx, draft, means="paper", items={"text": text}, stated_at=at, actor=by.actor, now=now)
    handover = EvidenceHandoverRow(
        id=uuid7(),
        directive_id=directive.id,
        submission_id=row.id,
        handed_by=handed_by,
        taken_by=taken_by,
        place=check_line("place", signed.place) or None,
        items=lines,
        stated_at=at,
        recorded_at=now,
        recorded_by=by.actor.id,
    )
    tx.add(handover)
    await tx.flush()
    body = {
        "handover": str(handover.id),
        "directive": str(directive.id),
        "submission": str(row.id),
        "organization": str(organization_id),
        "authority": str(directive.authority.id),
        "files": [{"attachment": one["attachment"], "sha256": one["sha256"]} for one in lines if one["attachment"]],
        "lines": len(lines),
        "stated_at": at.isoformat(),
    }
    private = {"handed_by": handed_by, "taken_by": taken_by, "list": text}
    path = f"{subject.path}/directive/{directive.id}"
    await record(tx, Event("directive.evidence_handed_over", path, now, by.actor, body, private))
    await record_receipt(
        tx,
        row.id,
        outcome="received",
        means="visit",
        received_by=taken_by,
        stated_at=at,
        attachment_id=signed.scan_id,
        person_id=by.person_id,
        actor=by.actor,
        now=now,
    )
    return handover.id


async def handovers_under(tx: Tx, directive_id: UUID, *, far: Reach) -> list[Handover]:
    """As far as the reader sees the submissions, oldest first."""
    rows = await tx.execute(
        select(EvidenceHandoverRow, SubmissionRow.serial)
        .join(SubmissionRow, SubmissionRow.id == EvidenceHandoverRow.submission_id)
        .where(EvidenceHandoverRow.directive_id == directive_id, visible_submissions(far))
        .order_by(EvidenceHandoverRow.stated_at, EvidenceHandoverRow.id)
    )
    return [_view(row, serial) for row, serial in rows.all()]


async def handover(tx: Tx, handover_id: UUID, *, far: Reach) -> tuple[UUID, Handover]:
    """(its directive, the list). Raises NotFound for what is not the reader's."""
    found = (
        await tx.execute(
            select(EvidenceHandoverRow, SubmissionRow.serial)
            .join(SubmissionRow, SubmissionRow.id == EvidenceHandoverRow.submission_id)
            .where(EvidenceHandoverRow.id == handover_id, visible_submissions(far))
        )
    ).one_or_none()
    if found is None:
        raise NotFound("This list does not exist, or it is not yours to see.")
    return found[0].directive_id, _view(*found)


def as_text(lines: Sequence[dict[str, Any]]) -> str:
    """The list in the report's own text: it goes to an office, so in Chinese."""
    t = translator(DEFAULT_LOCALE)
    found = []
    for place, one in enumerate(lines, 1):
        text = t(
            "%(place)s. %(name)s, number: %(quantity)s, condition: %(condition)s",
            place=place,
            name=one["name"],
            quantity=one["quantity"],
            condition=one["condition"],
        )
        found.append(f"{text}\nSHA-256 {one['sha256']}" if one["sha256"] else text)
    return "\n".join(found)


async def _lines(
    tx: Tx,
    things: Sequence[Thing],
    directive: Directive,
    taken_by: str,
    *,
    at: datetime,
    by: Principal,
    now: datetime,
) -> list[dict[str, Any]]:
    if not things:
        raise Invalid("A list has at least one line.", field="things")
    if len(things) > entry_policy().longest_page:
        raise Invalid("At most %(most)s lines on one list.", field="things", most=entry_policy().longest_page)
    faults: list[FieldError] = []
    for place, one in enumerate(things):
        faults += _faults(f"things.{place}", one)
    files = [one.attachment_id for one in things if one.attachment_id is not None]
    if len(set(files)) < len(files):
        faults.append(FieldError("things", "The same file stands on the list twice."))
    if faults:
        raise Invalid("Please correct what is marked.", errors=faults)
    far = reach(by, Permission.HAND_OVER_EVIDENCE)
    found = []
    for place, one in enumerate(things):
        name, digest = one.name.strip(), one.sha256.lower() if one.sha256 else None
        if one.attachment_id is not None:
            name, digest = await _passed_on(
                tx, one.attachment_id, f"things.{place}.attachment", directive, taken_by, far, at=at, by=by, now=now
            )
        found.append(
            {
                "attachment": str(one.attachment_id) if one.attachment_id else None,
                "name": name,
                "sha256": digest,
                "quantity": one.quantity,
                "condition": one.condition.strip(),
            }
        )
    return found


def _faults(field: str, one: Thing) -> list[FieldError]:
    longest = entry_policy().longest_line
    found = []
    for name, text in (("name", one.name), ("condition", one.condition)):
        if "\0" in text:
            found.append(FieldError(f"{field}.{name}", "The text holds a character that cannot be stored."))
        elif len(text) > longest:
            found.append(FieldError(f"{field}.{name}", "At most %(most)s characters.", {"most": longest}))
        elif not text.strip() and (name == "condition" or one.attachment_id is None):
            found.append(FieldError(f"{field}.{name}", "This is needed."))
    if one.quantity < 1:
        found.append(FieldError(f"{field}.quantity", "At least one."))
    if one.sha256 and (len(one.sha256) != SHA256 or set(one.sha256.lower()) - set("0123456789abcdef")):
        found.append(FieldError(f"{field}.sha256", "A SHA-256 has 64 digits from 0 to f."))
    return found


async def _passed_on(
    tx: Tx,
    attachment_id: UUID,
    field: str,
    directive: Directive,
    taken_by: str,
    far: Reach,
    *,
    at: datetime,
    by: Principal,
    now: datetime,
) -> tuple[str, str]:
    """Its name and hash, after its custody has passed to the authority."""
    try:
        found = await custody.file_of(tx, attachment_id, by)
    except NotFound as error:
        raise Invalid("There is no such file.", field=field) from error
    if found.subject != directive.subject:
        raise Invalid("This file belongs to something else.", field=field)
    if not (far.everything or found.organization_id in far.organizations):
        raise Invalid("This file is another organization's to hand over.", field=field)
    if found.held_since is not None:
        raise Conflict(
            "A file of the list is with somebody else already. Record its return first.", field=field, code="held"
        )
    t = translator(DEFAULT_LOCALE)
    why = citation_text(directive.duties[0].citation, t) if directive.duties else directive.authority.name
    given = custody.HandOver(directive.authority.id, taken_by, why[: custody.LONGEST], at)
    await custody.hand_over(tx, attachment_id, given, by, now=now)
    return found.filename, found.sha256


def _view(row: EvidenceHandoverRow, serial: str) -> Handover:
    return Handover(
        id=row.id,
        submission_id=row.submission_id,
        serial=serial,
        handed_by=row.handed_by,
        taken_by=row.taken_by,
        place=row.place,
        things=tuple(row.items),
        stated_at=row.stated_at,
        recorded_at=row.recorded_at,
    )
