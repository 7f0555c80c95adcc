"""The director plays every desk that the drill must not reach: confirms its pages, answers the reports it would have got."""

from datetime import datetime
from typing import Final
from uuid import UUID

from irm import exercise
from irm.access.policy import Principal
from irm.db import Tx
from irm.drills.access import locked
from irm.drills.models import DrillRow
from irm.drills.planning import tell
from irm.drills.vocabulary import Status
from irm.errors import Conflict, NotFound
from irm.i18n import N_
from irm.notify import queries as messages
from irm.notify.service import acknowledge
from irm.obligations.queries import submission
from irm.obligations.receiving import record_receipt

OUTCOMES: Final = ("received", "refused", "returned")
NOT_HERE = N_("This does not belong to the drill.")


async def answer_page(tx: Tx, row: DrillRow, delivery_id: UUID, *, by: Principal, now: datetime) -> None:
    """Confirm for somebody who would have been paged. The caller has asked who directs it."""
    await _running(tx, row)
    found = await messages.delivery(tx, delivery_id)
    if found is None or not await _belongs(tx, row, found.subject):
        raise NotFound(NOT_HERE)
    if found.status != "would_have" or found.purpose != "page":
        raise Conflict(N_("Only a page to somebody outside the drill is answered here."))
    await acknowledge(tx, delivery_id, by_person=None, means="contact_record", at=now, now=now, actor=by.actor)
    await tell(tx, "drill.desk_played", row, by=by, now=now, delivery=str(delivery_id))


async def answer_report(
    tx: Tx, row: DrillRow, submission_id: UUID, *, outcome: str, note: str = "", by: Principal, now: datetime
) -> None:
    """Receive, refuse or return a report as the authority would."""
    await _running(tx, row)
    found = await submission(tx, submission_id)
    if not await _belongs(tx, row, found.subject):
        raise NotFound(NOT_HERE)
    await record_receipt(
        tx,
        submission_id,
        outcome=outcome,
        means="irm",
        note=note.strip() or None,
        actor=by.actor,
        now=now,
        for_recipient=True,
        person_id=by.person_id,
    )
    await tell(tx, "drill.desk_played", row, by=by, now=now, submission=str(submission_id), outcome=outcome)


async def _belongs(tx: Tx, row: DrillRow, subject: str) -> bool:
    found = await exercise.exercise_of(tx, subject)
    return found is not None and found.id == row.id


async def _running(tx: Tx, row: DrillRow) -> None:
    row = await locked(tx, row.id)
    if row.status != Status.RUNNING:
        raise Conflict(N_("The drill is not under way."))
