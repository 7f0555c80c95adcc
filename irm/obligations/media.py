"""媒体问询: what the press asks is a contact record; who answers is the city's policy, and nobody else does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select

from irm.access.narrowing import owned_by, within
from irm.access.policy import Reach
from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import Event, record
from irm.obligations.assembling import contact_views
from irm.obligations.contacts import Serves, record_contact
from irm.obligations.directive_models import MediaInquiryRow
from irm.obligations.item_texts import check_line
from irm.obligations.media_policy import media_policy
from irm.obligations.media_reminding import announce
from irm.obligations.models import ContactRecordRow
from irm.obligations.moments import stated
from irm.obligations.policy import entry_policy
from irm.obligations.subjects import Subject
from irm.obligations.views import Contact


@dataclass(frozen=True)
class Asked:
    """`outlet`: the paper or station, and who asks. `answer_by`: until when they want it, if they said."""

    means: str
    outlet: str
    questions: str
    answer_by: datetime | None = None
    stated_at: datetime | None = None
    attachment_id: UUID | None = None


@dataclass(frozen=True)
class Inquiry:
    """`answerer`: who answers, as the city's policy said when it was asked."""

    id: UUID
    contact: Contact
    subject: str
    answerer: Mapping[str, str]
    answer_by: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    answer_recorded_at: datetime | None


async def record_inquiry(
    tx: Tx, *, subject: Subject, asked: Asked, organization_id: UUID, actor: Actor, now: datetime
) -> UUID:
    """Write the question down with its contact record. The inquiry's id. Raises Invalid naming the field."""
    at = stated(asked.stated_at, "stated_at", now=now)
    if not asked.questions.strip():
        raise Invalid("Say what was asked.", field="said")
    if asked.answer_by is not None and (asked.answer_by.tzinfo is None or asked.answer_by <= at):
        raise Invalid("The answer is wanted after the question.", field="answer_by")
    contact_id = await record_contact(
        tx,
        subject=subject,
        direction="in",
        means=asked.means,
        organization_id=organization_id,
        said=asked.questions,
        stated_at=at,
        counterpart_name=asked.outlet,
        attachment_id=asked.attachment_id,
        serves=[Serves("media_inquiry")],
        actor=actor,
        now=now,
    )
    row = MediaInquiryRow(
        id=uuid7(), contact_record_id=contact_id, answerer=dict(media_policy().answerer), answer_by=asked.answer_by
    )
    tx.add(row)
    await tx.flush()
    body = {
        "inquiry": str(row.id),
        "contact": str(contact_id),
        "organization": str(organization_id),
        "answer_by": asked.answer_by.isoformat() if asked.answer_by else None,
        "stated_at": at.isoformat(),
    }
    private = {"outlet": asked.outlet.strip(), "questions": asked.questions.strip()}
    await record(tx, Event("media.asked", f"{subject.path}/media/{row.id}", now, actor, body, private))
    await announce(tx, row, await tx.get_one(ContactRecordRow, contact_id), subject, now=now)
    return row.id


async def answer_inquiry(
    tx: Tx,
    inquiry_id: UUID,
    *,
    answer: str,
    answered_by: str,
    sight: Reach,
    actor: Actor,
    now: datetime,
    stated_at: datetime | None = None,
) -> None:
    """Write down what the spokesperson answered. Raises NotFound, Invalid naming the field, Conflict a second time."""
    one = await inquiry(tx, inquiry_id, reach=sight)
    row = await tx.get_one(MediaInquiryRow, inquiry_id, with_for_update=True, populate_existing=True)
    if row.answered_at is not None:
        raise Conflict("This question was answered already.", code="answered")
    text = check_line("answer", answer, longest=entry_policy().longest_text)
    name = check_line("answered_by", answered_by)
    for field, given in (("answer", text), ("answered_by", name)):
        if not given:
            raise Invalid("This is needed.", field=field)
    row.answered_at = stated(stated_at, "stated_at", now=now, not_before=one.contact.stated_at)
    row.answer, row.answered_by, row.answer_recorded_at, row.answer_recorded_by = text, name, now, actor.id
    await tx.flush()
    body = {
        "inquiry": str(row.id),
        "organization": str(one.contact.organization.id),
        "stated_at": row.answered_at.isoformat(),
    }
    private = {"answer": text, "answered_by": name}
    await record(tx, Event("media.answered", f"{one.subject}/media/{row.id}", now, actor, body, private))


async def inquiries_of(tx: Tx, subject: str, *, reach: Reach) -> list[Inquiry]:
    """About one subject, newest first: those that the reader's desks took; the cloud authority all."""
    return await _found(tx, ContactRecordRow.subject == subject, reach)


async def open_inquiries(tx: Tx, *, reach: Reach, most: int) -> list[Inquiry]:
    """What nobody has answered yet, of every subject: what is wanted soonest first, what has no moment last."""
    return await _found(
        tx, MediaInquiryRow.answered_at.is_(None), reach, MediaInquiryRow.answer_by.nulls_last(), most=most
    )


async def inquiry(tx: Tx, inquiry_id: UUID, *, reach: Reach) -> Inquiry:
    """Raises NotFound, the same for what is not there and what is not the reader's."""
    found = await _found(tx, MediaInquiryRow.id == inquiry_id, reach)
    if not found:
        raise NotFound("This question does not exist, or it is not yours to see.")
    return found[0]


async def _found(
    tx: Tx, which: ColumnElement[bool], reach: Reach, *first: ColumnElement[Any], most: int | None = None
) -> list[Inquiry]:
    query = (
        select(MediaInquiryRow, ContactRecordRow)
        .join(ContactRecordRow, ContactRecordRow.id == MediaInquiryRow.contact_record_id)
        .where(which)
        .order_by(*first, ContactRecordRow.stated_at.desc(), MediaInquiryRow.id.desc())
        .limit(most)
    )
    query = query.where(within(reach, owned_by(ContactRecordRow.organization_id), ContactRecordRow.subject))
    rows = (await tx.execute(query)).all()
    contacts = {one.id: one for one in await contact_views(tx, [contact for _, contact in rows])}
    return [
        Inquiry(
            row.id,
            contacts[contact.id],
            contact.subject,
            row.answerer,
            row.answer_by,
            row.answer,
            row.answered_by,
            row.answered_at,
            row.answer_recorded_at,
        )
        for row, contact in rows
    ]
