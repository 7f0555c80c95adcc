"""An authority's own form, filled from an edition and kept with it: form and filled file by content, both in the ledger."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.policy import Permission, Principal
from irm.db import Actor, Database, Tx
from irm.documents.form_filling import fill
from irm.errors import Conflict, NotFound
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.service import Attachment, attach, attachment, attachments_of
from irm.i18n import N_, translator
from irm.reports import service
from irm.reports.models import EditionRow
from irm.reports.placeholders import values_of
from irm.reports.rendering import Edition, filename

NO_FILE: Final = N_("There is no such file, or it is not yours to see.")


@dataclass(frozen=True)
class Filled:
    attachment: Attachment
    content: bytes
    kind: str
    """docx, xlsx"""


def subject_of(edition_id: UUID) -> str:
    return f"{service.subject_of(edition_id)}/forms"


async def fill_form(
    db: Database,
    store: BlobStore,
    edition_id: UUID,
    form: bytes,
    name: str,
    *,
    locale: str = service.OFFICIAL,
    by: Principal | None,
    actor: Actor,
) -> Filled:
    """The form with the edition's figures, kept beside it. The same form again gives the same file and keeps nothing twice.

    `by` None: a command of the machine's owner. Raises NotFound, Forbidden, Conflict where the figures are not taken yet, and
    Invalid that names every place of the form that cannot be filled; then nothing is kept.
    """
    async with db.transaction(actor) as tx:
        one = await _edition(tx, edition_id, by)
    content, kind = await asyncio.to_thread(_filled, one, form, locale)
    brought = await store.put(_pieces(form), name)
    stem = brought.filename.rpartition(".")[0] or "form"
    made = await store.put(_pieces(content), f"{filename(one, kind).rpartition('.')[0]}-{stem}.{kind}")
    async with db.transaction(actor) as tx:
        now = db.clock.now()
        await _edition(tx, edition_id, by)
        kept = await _kept(tx, edition_id, brought, made, by, actor, now)
    return Filled(kept, content, kind)


def _filled(one: Edition, form: bytes, locale: str) -> tuple[bytes, str]:
    return fill(form, values_of(one, translator(locale)))


async def filled_of(tx: Tx, edition_id: UUID) -> list[Attachment]:
    """Forms and what was made of them, newest first."""
    return (await attachments_of(tx, subject_of(edition_id)))[::-1]


async def filled_file(tx: Tx, edition_id: UUID, file_id: UUID) -> Attachment:
    found = await attachment(tx, file_id)
    if found.subject != subject_of(edition_id):
        raise NotFound(NO_FILE)
    return found


async def _edition(tx: Tx, edition_id: UUID, by: Principal | None) -> Edition:
    if by is not None:
        row = await service.locked(tx, edition_id, by, Permission.MAKE_ANNUAL_REPORTS)
    else:
        found = await tx.get(EditionRow, edition_id)
        if found is None:
            raise NotFound(service.NO_EDITION)
        row = found
    if row.figures_sha256 is None:
        raise Conflict("The figures of this edition are not taken yet.", code="not_ready")
    return Edition(row.number, await service.figures_of(tx, row), dict(row.commentary))


async def _kept(
    tx: Tx, edition_id: UUID, form: StoredBlob, made: StoredBlob, by: Principal | None, actor: Actor, now: datetime
) -> Attachment:
    row = await tx.get_one(EditionRow, edition_id, with_for_update=True)
    there = {each.sha256: each for each in await attachments_of(tx, subject_of(edition_id))}
    if made.sha256 in there:
        return there[made.sha256]
    for blob in (form, made):
        if blob.sha256 not in there:
            await attach(
                tx,
                blob,
                subject=subject_of(edition_id),
                organization_id=row.organization_id,
                account_id=by.account_id if by else None,
                actor=actor,
                now=now,
            )
    await service.tell(
        tx, "edition.filled", row, actor=actor, now=now, version=row.version, form=form.sha256, file=made.sha256
    )
    return next(each for each in await attachments_of(tx, subject_of(edition_id)) if each.sha256 == made.sha256)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content
