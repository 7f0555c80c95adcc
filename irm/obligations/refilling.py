"""Drafts follow the facts: what nobody has written in is written anew, what a person wrote stays and is told what is newer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from irm.db import Actor, Tx
from irm.errors import Conflict
from irm.ledger import Event, record
from irm.obligations.approvals import is_before_approvers
from irm.obligations.drafting import locked, locked_with_its_report
from irm.obligations.following import followed, taken
from irm.obligations.forms import form_of
from irm.obligations.models import SubmissionRow
from irm.obligations.telling import body_of, path_of

Items = Mapping[str, str]


async def fill_draft(tx: Tx, submission_id: UUID, items: Items, *, now: datetime) -> bool:
    """The subject's room writes what it knows into a new draft. What somebody wrote already stays. True if it changed."""
    row = await locked(tx, submission_id)
    return row.status == "draft" and await _follow(tx, row, items, now=now)


async def refill_drafts(
    tx: Tx, subject: str, write: Callable[[UUID], Awaitable[Items]], *, forms: frozenset[str], now: datetime
) -> None:
    """The facts have changed: every draft about the subject follows, in the transaction of the change.

    `write(organization)`: the items as its room would write them now. Locks the drafts in the order of ids; call it
    before anything that locks duties.
    """
    rows = await tx.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.subject == subject, SubmissionRow.status == "draft", SubmissionRow.form.in_(forms))
        .order_by(SubmissionRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    texts: dict[UUID, Items] = {}
    for row in rows:
        if row.organization_id not in texts:
            texts[row.organization_id] = await write(row.organization_id)
        await _follow(tx, row, texts[row.organization_id], now=now)


async def take_newer(tx: Tx, submission_id: UUID, *, actor: Actor, now: datetime) -> SubmissionRow:
    """A person takes the newer facts over: they are added beneath what was written, in every draft of the report."""
    row = await locked_with_its_report(tx, submission_id)
    if row.status != "draft":
        raise Conflict("This report was handed over; its text cannot be changed any more.", code="handed_over")
    if not row.newer:
        return row
    names = sorted(row.newer)
    together = await tx.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.report_id == row.report_id, SubmissionRow.status == "draft")
        .order_by(SubmissionRow.id)
    )
    for each in together:
        each.items = {
            **each.items,
            **{key: taken(each.items.get(key, ""), each.filled.get(key, ""), text) for key, text in each.newer.items()},
        }
        each.filled = {**each.filled, **each.newer}
        each.newer = {}
        each.version += 1
        each.updated_at = now
    await tx.flush()
    body = {**await body_of(tx, row), "version": row.version, "items": names, "newer_facts": True}
    await record(tx, Event("submission.edited", path_of(row), now, actor, body))
    return row


async def _follow(tx: Tx, row: SubmissionRow, items: Items, *, now: datetime) -> bool:
    known = [item.key for item in form_of(row.form).items]
    after = followed(row.items, row.filled, {key: items.get(key, "") for key in known})
    if (after.items, after.filled, after.newer) == (row.items, row.filled, row.newer):
        return False
    if after.items != row.items and await is_before_approvers(tx, row.report_id):
        # What approvers read stays as it is; what is newer is offered to the writer.
        fresh = {key: text for key, text in after.items.items() if row.items.get(key, "") != text}
        row.newer, row.updated_at = {**after.newer, **fresh}, now
        await tx.flush()
        return False
    # Whoever has the draft open must see what it says now before handing it over.
    row.version += after.items != row.items and any(row.items.values())
    row.items, row.filled, row.newer, row.updated_at = after.items, after.filled, after.newer, now
    await tx.flush()
    return True
