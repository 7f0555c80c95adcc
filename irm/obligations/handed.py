"""What is owed and what was handed over about many subjects at once, for rooms that show lists of their own things."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from irm.access.policy import Reach
from irm.db import Tx
from irm.obligations.assembling import obligation_views, submission_views
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.obligations.queries import visible_submissions
from irm.obligations.settling import HANDED_OVER
from irm.obligations.views import Obligation, Submission

OUT = (*HANDED_OVER, "sending")


async def handed_over_about(
    tx: Tx, subjects: Collection[str], *, forms: Collection[str], reach: Reach | None = None
) -> Mapping[str, Sequence[tuple[str | None, Submission]]]:
    """By subject, oldest first: (period, submission). A constant number of statements; `reach` None: all."""
    found: dict[str, list[tuple[str | None, Submission]]] = defaultdict(list)
    if not subjects:
        return found
    which = select(SubmissionRow).where(
        SubmissionRow.subject.in_(list(subjects)), SubmissionRow.form.in_(list(forms)), SubmissionRow.status.in_(OUT)
    )
    if reach is not None:
        which = which.where(visible_submissions(reach))
    rows = list(await tx.scalars(which.order_by(SubmissionRow.created_at, SubmissionRow.id)))
    for row, view in zip(rows, await submission_views(tx, rows), strict=True):
        found[row.subject].append((row.period, view))
    return found


async def duties_about(tx: Tx, subjects: Collection[str], *, now: datetime) -> Mapping[str, Sequence[Obligation]]:
    """Everything owed about these subjects, by subject, the nearest limit first. A constant number of statements."""
    found: dict[str, list[Obligation]] = defaultdict(list)
    if not subjects:
        return found
    rows = list(
        await tx.scalars(
            select(ObligationRow)
            .where(ObligationRow.subject.in_(list(subjects)))
            .order_by(ObligationRow.due_at.asc().nulls_last(), ObligationRow.id)
        )
    )
    for view in await obligation_views(tx, rows, now):
        found[view.subject].append(view)
    return found
