"""What has happened about a subject's duties, as other rooms ask before they lower a level or dismiss an incident."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select

from irm.db import Tx
from irm.obligations.forms import FILING, form_of
from irm.obligations.models import ObligationRow, SubmissionObligationRow, SubmissionRow
from irm.obligations.settling import HANDED_OVER

INITIAL = "initial"


async def anything_sent(tx: Tx, incident_id: UUID) -> bool:
    """Was a report handed to an authority? A filing in irm is none."""
    return bool(
        await tx.scalar(
            select(
                exists().where(
                    SubmissionRow.incident_id == incident_id,
                    SubmissionRow.status.in_((*HANDED_OVER, "sending")),
                    SubmissionRow.form != FILING,
                )
            )
        )
    )


async def clock_ran(tx: Tx, incident_id: UUID) -> bool:
    """Has any duty with a limit ever been owed here?"""
    return bool(
        await tx.scalar(
            select(exists().where(ObligationRow.incident_id == incident_id, ObligationRow.due_at.is_not(None)))
        )
    )


async def first_report_at(tx: Tx, incident_id: UUID, bearer_id: UUID) -> datetime | None:
    """When a report of this organization, or on its behalf, was first handed over; it knew by then."""
    found: datetime | None = await tx.scalar(
        select(func.min(ObligationRow.submitted_at)).where(
            ObligationRow.incident_id == incident_id, ObligationRow.bearer_id == bearer_id
        )
    )
    return found


async def rules_reported_under(tx: Tx, incident_id: UUID) -> dict[UUID, frozenset[str]]:
    """By bearer, the qualified ids of the rules under which it has reported."""
    found: dict[UUID, set[str]] = {}
    rows = await tx.execute(
        select(ObligationRow.bearer_id, ObligationRow.rule_id).where(
            ObligationRow.incident_id == incident_id, ObligationRow.submitted_at.is_not(None)
        )
    )
    for bearer_id, rule_id in rows.all():
        found.setdefault(bearer_id, set()).add(rule_id)
    return {bearer_id: frozenset(rules) for bearer_id, rules in found.items()}


async def incomplete_reports(tx: Tx, incident_id: UUID) -> dict[UUID, datetime]:
    """By bearer, when it first handed over an initial report that leaves something to be supplied (Art. 7, paragraph 2)."""
    rows = await tx.execute(
        select(ObligationRow.bearer_id, SubmissionRow.submitted_at, SubmissionRow.items)
        .join(SubmissionObligationRow, SubmissionObligationRow.obligation_id == ObligationRow.id)
        .join(SubmissionRow, SubmissionRow.id == SubmissionObligationRow.submission_id)
        .where(
            ObligationRow.incident_id == incident_id,
            SubmissionRow.form == INITIAL,
            SubmissionRow.status.in_(HANDED_OVER),
        )
        .order_by(SubmissionRow.submitted_at)
    )
    found: dict[UUID, datetime] = {}
    for bearer_id, submitted_at, items in rows.all():
        if submitted_at is not None and form_of(INITIAL).is_incomplete(items):
            found.setdefault(bearer_id, submitted_at)
    return found


async def next_limits(
    tx: Tx, incident_ids: Collection[UUID], bearers: Collection[UUID] | None
) -> dict[UUID, tuple[datetime, datetime]]:
    """By incident, start and limit of the duty that is due first; `bearers` None: whoever bears it."""
    which = (
        select(ObligationRow.incident_id, ObligationRow.started_at, ObligationRow.due_at)
        .where(
            ObligationRow.incident_id.in_(incident_ids),
            ObligationRow.status == "open",
            ObligationRow.due_at.is_not(None),
        )
        .order_by(ObligationRow.due_at.desc(), ObligationRow.id)
    )
    if bearers is not None:
        which = which.where(ObligationRow.bearer_id.in_(bearers))
    return {incident: (started, due) for incident, started, due in await tx.execute(which) if incident and due}
