"""The signed list, scanned after the hand-over: kept as evidence beside the list, and the proof of its receipt."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, Reach, reach
from irm.db import Tx
from irm.errors import Conflict, Forbidden, Invalid
from irm.evidence.blobs import StoredBlob
from irm.evidence.service import Attachment, attach, attachment, attachments_of
from irm.obligations.handovers import handover
from irm.obligations.models import ReceiptRow, SubmissionRow
from irm.obligations.receiving import confirm_receipt
from irm.obligations.telling import path_of

PAGES: Final = 20
"""Photos of one list in one go."""


async def check_signer(tx: Tx, handover_id: UUID, by: Principal) -> SubmissionRow:
    """What was handed over on the list. Raises NotFound, Forbidden where the list is another organization's to sign."""
    _, one = await handover(tx, handover_id, far=reach(by, Permission.READ_SUBMISSIONS))
    row = await tx.get_one(SubmissionRow, one.submission_id)
    if not is_own(row, reach(by, Permission.HAND_OVER_EVIDENCE)):
        raise Forbidden("Your roles do not include this.")
    return row


def is_own(row: SubmissionRow, far: Reach) -> bool:
    return far.everything or row.organization_id in far.organizations


async def keep_scans(
    tx: Tx, handover_id: UUID, blobs: Sequence[StoredBlob], *, by: Principal, now: datetime
) -> list[Attachment]:
    """Each page, with its hash, once. The first that is ever kept supports the receipt, which then is confirmed.

    Returns all that is kept beside the list now. Raises Conflict where the list was not received as it stands.
    """
    row = await check_signer(tx, handover_id, by)
    if not blobs:
        raise Invalid("Choose a file.", field="file")
    if len(blobs) > PAGES:
        raise Invalid("At most %(most)s files at once.", field="file", most=PAGES)
    receipt = await tx.scalar(
        select(ReceiptRow)
        .where(ReceiptRow.submission_id == row.id, ReceiptRow.outcome == "received")
        .order_by(ReceiptRow.recorded_at, ReceiptRow.id)
        .limit(1)
        .with_for_update(key_share=True)
    )
    if receipt is None:
        raise Conflict("Nobody has received this list yet.", code="not_received")
    there = {one.sha256 for one in await scans_of(tx, row)}
    for blob in blobs:
        if blob.sha256 in there:
            continue
        there.add(blob.sha256)
        kept = await attach(
            tx,
            blob,
            subject=path_of(row),
            organization_id=row.organization_id,
            account_id=by.account_id,
            actor=by.actor,
            now=now,
        )
        await confirm_receipt(tx, receipt.id, actor=by.actor, now=now, attachment_id=kept, person_id=by.person_id)
    return await scans_of(tx, row)


async def scans_of(tx: Tx, row: SubmissionRow) -> list[Attachment]:
    """What proves the receipt, and what else lies beside the list; oldest first."""
    found = {one.id: one for one in await attachments_of(tx, path_of(row))}
    proofs = await tx.scalars(
        select(ReceiptRow.attachment_id).where(
            ReceiptRow.submission_id == row.id, ReceiptRow.attachment_id.is_not(None)
        )
    )
    for each in proofs.all():
        if each is not None and each not in found:
            found[each] = await attachment(tx, each)
    return sorted(found.values(), key=lambda one: (one.uploaded_at, str(one.id)))


async def scans_by_list(tx: Tx, submissions: Collection[UUID], far: Reach) -> dict[UUID, tuple[list[Attachment], bool]]:
    """By submission: its scans, and whether they are the reader's to add."""
    rows = await tx.scalars(select(SubmissionRow).where(SubmissionRow.id.in_(submissions)))
    return {row.id: (await scans_of(tx, row), is_own(row, far)) for row in rows.all()}
