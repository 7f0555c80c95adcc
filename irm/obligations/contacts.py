"""通联记录: a call, fax, visit or letter, in or out. One form; it can confirm a page, hand over a report, be a receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from irm.db import Actor, Tx, uuid7
from irm.errors import Conflict, Invalid
from irm.ledger import Event, record
from irm.notify import queries as messages, service as notify
from irm.obligations.directory import desk_of, person_names
from irm.obligations.drafting import locked_with_its_report
from irm.obligations.handing import submit_report
from irm.obligations.item_texts import check_line
from irm.obligations.models import ContactRecordRow
from irm.obligations.moments import stated
from irm.obligations.owed import entered_afterwards
from irm.obligations.policy import entry_policy
from irm.obligations.receiving import record_receipt
from irm.obligations.subjects import Subject

Direction = Literal["in", "out"]
MEANS: Final = ("telephone", "fax", "visit", "letter", "mail", "portal")
MEANS_OF_SUBMISSION: Final[Mapping[str, str]] = {
    "telephone": "telephone",
    "fax": "fax",
    "visit": "paper",
    "letter": "paper",
    "portal": "portal",
}


@dataclass(frozen=True)
class Serves:
    """What the contact also is.

    acknowledgement: of page `delivery_id` by `person_id`. submission: hands over draft `submission_id`. receipt: the
    recipient's answer to `submission_id` (`outcome`, `number`, `received_by`). directive and media_inquiry: what was said
    is one; their own modules write down what follows from it.
    """

    purpose: Literal["acknowledgement", "submission", "receipt", "directive", "media_inquiry"]
    delivery_id: UUID | None = None
    submission_id: UUID | None = None
    outcome: str = "received"
    number: str | None = None
    received_by: str | None = None


async def record_contact(
    tx: Tx,
    *,
    subject: Subject,
    direction: str,
    means: str,
    organization_id: UUID,
    said: str,
    actor: Actor,
    now: datetime,
    stated_at: datetime | None = None,
    counterpart_id: UUID | None = None,
    counterpart_name: str | None = None,
    person_id: UUID | None = None,
    attachment_id: UUID | None = None,
    serves: Sequence[Serves] = (),
) -> UUID:
    """Write the record down and do what it serves as; all or nothing. `organization_id`: whose desk wrote it.

    `stated_at`: when it happened (default now). `person_id`: the person on the other side, where irm knows the person; a
    page is confirmed for that person, else for the one whom the message went to.
    """
    if direction not in ("in", "out"):
        raise Invalid("Say whether it came in or went out.", field="direction")
    if means not in MEANS:
        raise Invalid("Unknown means.", field="means")
    at = stated(stated_at, "stated_at", now=now)
    text = check_line("said", said, longest=entry_policy().longest_text)
    name = check_line("counterpart_name", counterpart_name) or None
    if not text and not serves:
        raise Invalid("Say in a few words what was said.", field="said")
    if counterpart_id is None and name is None and not any(each.delivery_id for each in serves):
        raise Invalid("Say who was on the other side.", field="counterpart_name")
    if counterpart_id is not None:
        await desk_of(tx, counterpart_id, field="counterpart")
    if person_id is not None and person_id not in await person_names(tx, [person_id]):
        raise Invalid("This person does not exist.", field="person")
    row = ContactRecordRow(
        id=uuid7(),
        direction=direction,
        means=means,
        organization_id=organization_id,
        counterpart_id=counterpart_id,
        counterpart_name=name,
        person_id=person_id,
        said=text,
        subject=subject.path,
        incident_id=subject.incident_id,
        stated_at=at,
        recorded_at=now,
        recorded_by=actor.id,
        entered_afterwards=entered_afterwards(at, now, entry_policy().clocks),
        serves=[_plain(each) for each in serves],
        attachment_id=attachment_id,
    )
    tx.add(row)
    await tx.flush()
    private = {"said": text} if text else {}
    if name:
        private["counterpart_name"] = name
    await record(
        tx,
        Event(
            "contact.recorded",
            f"{subject.path}/contact/{row.id}",
            now,
            actor,
            {
                "contact": str(row.id),
                "direction": direction,
                "means": means,
                "organization": str(organization_id),
                "counterpart": str(counterpart_id) if counterpart_id else None,
                "stated_at": at.isoformat(),
                "entered_afterwards": row.entered_afterwards,
                "serves": [each.purpose for each in serves],
            },
            private,
        ),
    )
    for place, each in enumerate(serves):
        await _serve(tx, row, each, f"serves.{place}", subject=subject, at=at, actor=actor, now=now)
    return row.id


async def _serve(
    tx: Tx,
    row: ContactRecordRow,
    serves: Serves,
    field: str,
    *,
    subject: Subject,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    if serves.purpose in ("directive", "media_inquiry"):
        return
    if serves.purpose == "acknowledgement":
        if serves.delivery_id is None:
            raise Invalid("Say which message was confirmed.", field=f"{field}.delivery")
        message = await messages.delivery(tx, serves.delivery_id)
        if message is None or message.subject != subject.path:
            raise Invalid("That message concerns something else.", field=f"{field}.delivery")
        await notify.acknowledge(
            tx,
            serves.delivery_id,
            by_person=row.person_id or message.person_id,
            means="contact_record",
            at=at,
            now=now,
            actor=actor,
            field="stated_at",
        )
        return
    if serves.submission_id is None:
        raise Invalid("Say which report it concerns.", field=f"{field}.submission")
    submission = await locked_with_its_report(tx, serves.submission_id)
    if submission.subject != subject.path:
        raise Conflict("That report concerns something else.", field=f"{field}.submission")
    if serves.purpose == "submission":
        by_hand = MEANS_OF_SUBMISSION.get(row.means)
        if by_hand is None or row.direction != "out":
            raise Invalid("Only an outgoing call, fax, visit, letter or portal entry hands a report over.", field=field)
        # What was said on the telephone cannot be unsaid: the record itself states that it left before approval.
        await submit_report(tx, submission.id, means=by_hand, stated_at=at, before_approval=True, actor=actor, now=now)
        return
    await record_receipt(
        tx,
        submission.id,
        outcome=serves.outcome,
        means=row.means,
        stated_at=at,
        number=serves.number,
        received_by=serves.received_by or row.counterpart_name,
        attachment_id=row.attachment_id,
        contact_record_id=row.id,
        actor=actor,
        now=now,
    )


def _plain(serves: Serves) -> dict[str, Any]:
    return {
        "as": serves.purpose,
        "delivery": str(serves.delivery_id) if serves.delivery_id else None,
        "submission": str(serves.submission_id) if serves.submission_id else None,
        "outcome": serves.outcome if serves.purpose == "receipt" else None,
    }
