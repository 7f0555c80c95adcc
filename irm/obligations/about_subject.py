"""Duties, submissions and contacts of one subject for its own room's URLs (`/incidents/{number}/submissions` …).

The caller has found the subject and decided that the reader may see it; what of it the reader sees is decided here.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from irm.access.addressed import systems_of
from irm.access.narrowing import before
from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import Forbidden, Invalid, NotFound
from irm.evidence import service as evidence
from irm.i18n import Translator
from irm.notify import queries as messages
from irm.obligations import queries
from irm.obligations.contacts import Serves, record_contact
from irm.obligations.drafting import draft_submission
from irm.obligations.schemas import (
    ContactList,
    ContactView,
    DraftReport,
    ObligationList,
    RecordContact,
    SubmissionList,
    SubmissionView,
    contact_view,
    obligation_view,
    submission_view,
)
from irm.obligations.subjects import Subject


async def obligations_about(
    tx: Tx, subject: str, principal: Principal, *, now: datetime, t: Translator
) -> ObligationList:
    found = await queries.obligations_of(tx, subject, now=now, reach=reach(principal, Permission.READ_OBLIGATIONS))
    return ObligationList([obligation_view(each, t) for each in found])


async def submissions_about(tx: Tx, subject: str, principal: Principal, *, t: Translator) -> SubmissionList:
    found = await queries.submissions_of(tx, subject, reach=reach(principal, Permission.READ_SUBMISSIONS))
    return SubmissionList([submission_view(each, t) for each in found])


async def contacts_about(tx: Tx, subject: str, principal: Principal) -> ContactList:
    found = await queries.contacts_of(tx, subject, reach=reach(principal, Permission.RECORD_CONTACT))
    return ContactList([contact_view(each) for each in found])


async def begin_report(
    tx: Tx, subject: Subject, given: DraftReport, principal: Principal, *, now: datetime, t: Translator
) -> SubmissionView:
    """A draft, filled by the subject's room where it knows something."""
    organization = acting_for(principal, Permission.SUBMIT_REPORT, given.organization)
    submission_id = await draft_submission(
        tx,
        subject=subject,
        form=given.form,
        organization_id=organization,
        recipient_id=given.recipient,
        items=given.items,
        actor=principal.actor,
        now=now,
    )
    return submission_view(await queries.submission(tx, submission_id), t)


async def write_contact(
    tx: Tx, subject: Subject, given: RecordContact, principal: Principal, *, now: datetime
) -> ContactView:
    """What a contact serves as needs the permission for that, too."""
    organization = acting_for(principal, Permission.RECORD_CONTACT, given.organization)
    for purpose, permission in (
        ("submission", Permission.SUBMIT_REPORT),
        ("receipt", Permission.RECORD_RECEIPT),
        ("acknowledgement", Permission.ACKNOWLEDGE),
    ):
        if any(each.purpose == purpose for each in given.serves):
            await _covers_all(tx, principal, permission, given, purpose)
    await check_file(tx, given.attachment, {subject.path})
    contact_id = await record_contact(
        tx,
        subject=subject,
        direction=given.direction,
        means=given.means,
        organization_id=organization,
        said=given.said,
        stated_at=given.stated_at,
        counterpart_id=given.counterpart,
        counterpart_name=given.counterpart_name,
        person_id=given.person,
        attachment_id=given.attachment,
        serves=[
            Serves(each.purpose, each.delivery, each.submission, each.outcome, each.number, each.received_by)
            for each in given.serves
        ],
        actor=principal.actor,
        now=now,
    )
    return next(contact_view(each) for each in await queries.contacts_of(tx, subject.path) if each.id == contact_id)


def acting_for(principal: Principal, permission: Permission, wanted: UUID | None, field: str = "organization") -> UUID:
    """The organization in whose name the reader acts. Raises Invalid naming the field, Forbidden."""
    far = reach(principal, permission)
    if wanted is not None:
        if far.everything or wanted in far.organizations:
            return wanted
        raise Invalid("You cannot act for this organization.", field=field)
    if principal.home is not None and (far.everything or principal.home in far.organizations):
        return principal.home
    if len(far.organizations) == 1:
        return next(iter(far.organizations))
    if not far.organizations:
        raise Forbidden("Your roles do not include this.")
    raise Invalid("Say for which organization.", field=field)


async def check_file(tx: Tx, attachment_id: UUID | None, subjects: Collection[str]) -> None:
    """A file that supports something lies with what it supports. Raises Invalid naming the field."""
    if attachment_id is None:
        return
    try:
        found = await evidence.attachment(tx, attachment_id)
    except NotFound as error:
        raise Invalid("There is no such file.", field="attachment") from error
    if found.subject not in subjects:
        raise Invalid("This file belongs to something else.", field="attachment")


async def _covers_all(tx: Tx, principal: Principal, permission: Permission, given: RecordContact, purpose: str) -> None:
    far = reach(principal, permission)
    if far.is_empty:
        raise Forbidden("Your roles do not include this.")
    if far.everything and principal.away is None:
        return
    for place, each in enumerate(given.serves):
        if each.purpose == purpose == "acknowledgement" and each.delivery is not None:
            # A confirmation stops the escalation: a unit speaks for its own people, never for another desk.
            message = await messages.delivery(tx, each.delivery)
            if message is None:
                continue
            there = reach(before(principal, await systems_of(tx, message.subject)), permission)
            if not (there.everything or message.organization_id in there.organizations):
                raise Invalid("That message did not go to your organization.", field=f"serves.{place}.delivery")
        if each.purpose != purpose or each.submission is None:
            continue
        one = await queries.submission(tx, each.submission)
        there = reach(before(principal, await systems_of(tx, one.subject)), permission)
        if not there.covers(queries.resource_of(one)):
            raise Invalid("That report is not yours to hand over or to receipt.", field=f"serves.{place}.submission")
