"""代报 needs the word of the organization spoken for. Handing over never waits for it: until it comes, the report meets
the sender's own duties only; when it comes, the other's duty is met with the report's first moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import Event, record
from irm.obligations.contacts import record_contact
from irm.obligations.drafting import locked
from irm.obligations.linking import tie_for
from irm.obligations.models import SubmissionPartyRow, SubmissionRow
from irm.obligations.settling import HANDED_OVER, resettle
from irm.obligations.subjects import Subject
from irm.obligations.telling import body_of, path_of


@dataclass(frozen=True)
class Word:
    """How an organization said outside irm that it agrees: by which means, who, when (default now), in which words."""

    means: str
    who: str
    said: str = ""
    at: datetime | None = None


async def agree(
    tx: Tx,
    submission_id: UUID,
    organization_id: UUID,
    *,
    actor: Actor,
    now: datetime,
    person_id: UUID | None = None,
    word: Word | None = None,
    noted_by: UUID | None = None,
) -> bool:
    """The organization agrees that this report speaks for it. False: it had agreed before.

    In irm by its own `person_id`; or by `word`, which is written down as a contact record of `noted_by`, the sender or
    the cloud authority. Raises NotFound where the report does not speak for it.
    """
    row = await locked(tx, submission_id)
    party = await tx.scalar(
        select(SubmissionPartyRow)
        .where(
            SubmissionPartyRow.submission_id == submission_id,
            SubmissionPartyRow.organization_id == organization_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if party is None or organization_id == row.organization_id:
        raise NotFound("This report does not speak for this organization.")
    if row.status not in (*HANDED_OVER, "sending"):
        raise Conflict("This report was not handed over yet.", code="not_submitted")
    if party.agreed_at is not None:
        return False
    at = now
    if word is not None:
        at = await _written_down(tx, row, party, word, noted_by=noted_by, actor=actor, now=now)
    party.agreed_at, party.agreed_by, party.agreed_recorded_at = at, person_id, now
    await tx.flush()
    met = await tie_for(tx, row, organization_id) if row.status in HANDED_OVER else []
    body = {
        **await body_of(tx, row),
        "agreed": str(organization_id),
        "agreed_at": at.isoformat(),
        "contact": str(party.contact_record_id) if party.contact_record_id else None,
        "obligations": [str(each) for each in met] if row.status != "refused" else [],
    }
    await record(tx, Event("submission.agreed", path_of(row), now, actor, body))
    await resettle(tx, met, actor=actor, now=now)
    return True


async def _written_down(
    tx: Tx,
    row: SubmissionRow,
    party: SubmissionPartyRow,
    word: Word,
    *,
    noted_by: UUID | None,
    actor: Actor,
    now: datetime,
) -> datetime:
    who = word.who.strip()
    if not who:
        raise Invalid("Say who agreed.", field="who")
    party.contact_record_id = await record_contact(
        tx,
        subject=Subject(row.subject, row.number, row.page, row.incident_id, exercise=row.exercise),
        direction="in",
        means=word.means,
        organization_id=noted_by or row.organization_id,
        said=word.said.strip() or who,
        stated_at=word.at,
        counterpart_id=party.organization_id,
        counterpart_name=who,
        actor=actor,
        now=now,
    )
    return word.at or now
