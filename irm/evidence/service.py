"""Attachments: a name at a subject, pointing at content. Who may read a subject is decided by the subject's own room."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import Actor, Tx, uuid7
from irm.errors import NotFound
from irm.evidence.blobs import StoredBlob
from irm.evidence.models import AttachmentRow, BlobRow
from irm.i18n import N_
from irm.ledger import Event, record


@dataclass(frozen=True)
class Attachment:
    id: UUID
    subject: str
    filename: str
    sha256: str
    size: int
    media_type: str
    organization_id: UUID | None
    uploaded_by: UUID | None
    uploaded_at: datetime
    holder_organization_id: UUID | None = None
    """Handed over to and not yet returned."""
    holder_name: str | None = None
    held_since: datetime | None = None


async def attach(
    tx: Tx,
    blob: StoredBlob,
    *,
    subject: str,
    organization_id: UUID | None,
    account_id: UUID | None,
    actor: Actor,
    now: datetime,
) -> UUID:
    """Name `blob` at `subject`. The same content twice is one blob and two attachments."""
    await tx.execute(
        insert(BlobRow)
        .values(sha256=blob.sha256, size=blob.size, media_type=blob.media_type, stored_at=now)
        .on_conflict_do_nothing(index_elements=[BlobRow.sha256])
    )
    row = AttachmentRow(
        id=uuid7(),
        blob_sha256=blob.sha256,
        subject=subject,
        filename=blob.filename,
        organization_id=organization_id,
        uploaded_by=account_id,
        uploaded_at=now,
    )
    tx.add(row)
    await tx.flush()
    body: Mapping[str, Any] = {
        "attachment": str(row.id),
        "sha256": blob.sha256,
        "size": blob.size,
        "media_type": blob.media_type,
        "organization": str(organization_id) if organization_id else None,
    }
    await record(tx, Event("evidence.stored", subject, now, actor, body, {"filename": blob.filename}))
    return row.id


def view_of(row: AttachmentRow, blob: BlobRow) -> Attachment:
    return Attachment(
        row.id,
        row.subject,
        row.filename,
        blob.sha256,
        blob.size,
        blob.media_type,
        row.organization_id,
        row.uploaded_by,
        row.uploaded_at,
        row.holder_organization_id,
        row.holder_name,
        row.held_since,
    )


async def attachments_of(tx: Tx, subject: str) -> list[Attachment]:
    """Oldest first."""
    found = await tx.execute(
        select(AttachmentRow, BlobRow)
        .join(BlobRow, BlobRow.sha256 == AttachmentRow.blob_sha256)
        .where(AttachmentRow.subject == subject)
        .order_by(AttachmentRow.uploaded_at, AttachmentRow.id)
    )
    return [view_of(row, blob) for row, blob in found.all()]


async def attachments_under(tx: Tx, subject: str) -> list[Attachment]:
    """Of a subject and all that lies under it, oldest first."""
    found = await tx.execute(
        select(AttachmentRow, BlobRow)
        .join(BlobRow, BlobRow.sha256 == AttachmentRow.blob_sha256)
        .where(or_(AttachmentRow.subject == subject, AttachmentRow.subject.startswith(subject + "/", autoescape=True)))
        .order_by(AttachmentRow.uploaded_at, AttachmentRow.id)
    )
    return [view_of(row, blob) for row, blob in found.all()]


async def adopt(tx: Tx, subject: str, into: str, *, actor: Actor, now: datetime) -> int:
    """Move what was kept beside a draft to what the draft became; how many."""
    moved = await attachments_of(tx, subject)
    for one in moved:
        row = await tx.get_one(AttachmentRow, one.id)
        row.subject = into
        body = {
            "attachment": str(one.id),
            "sha256": one.sha256,
            "size": one.size,
            "media_type": one.media_type,
            "organization": str(one.organization_id) if one.organization_id else None,
        }
        await record(tx, Event("evidence.stored", into, now, actor, body, {"filename": one.filename}))
    await tx.flush()
    return len(moved)


async def attachment(tx: Tx, attachment_id: UUID) -> Attachment:
    found = await tx.execute(
        select(AttachmentRow, BlobRow)
        .join(BlobRow, BlobRow.sha256 == AttachmentRow.blob_sha256)
        .where(AttachmentRow.id == attachment_id)
    )
    pair = found.one_or_none()
    if pair is None:
        raise NotFound(N_("There is no such file, or it is not yours to see."))
    return view_of(*pair)


async def record_reading(tx: Tx, found: Attachment, *, actor: Actor, now: datetime) -> None:
    """Every reading of an evidence file is in the ledger (DESIGN §7)."""
    body = {"attachment": str(found.id), "sha256": found.sha256}
    await record(tx, Event("evidence.read", found.subject, now, actor, body))
