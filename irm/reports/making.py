"""The worker's part: figures in one snapshot, then each document. Every step is a job of its own, so the bar moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from irm.db import SYSTEM, Tx
from irm.documents.fonts import fonts_of, own_folder
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.service import attach
from irm.i18n import N_
from irm.jobs import CallFailed, Inside, Outside, Resources
from irm.obligations.periodic import Giver
from irm.reports import service
from irm.reports.figures import take
from irm.reports.models import EditionDocumentRow, EditionRow, FiguresRow
from irm.reports.rendering import KEPT, Edition, filename, rendered
from irm.reports.span import Span
from irm.reports.tally import digest, encoded

ATTEMPTS: Final = 3
PAUSE: Final = timedelta(seconds=5)
NOT_MADE: Final = N_(
    "A document could not be made. Make a new edition; if it happens again, tell the operators of irm."
)


class Taking:
    """The job that takes figures, for the givers that `wiring.py` names."""

    def __init__(self, givers: Sequence[Giver]) -> None:
        self._givers = givers
        self.job = Inside(self._take, snapshot=True)

    async def _take(self, tx: Tx, args: dict[str, Any], now: datetime) -> None:
        await take_figures(tx, args, now, self._givers)


async def take_figures(tx: Tx, args: dict[str, Any], now: datetime, givers: Sequence[Giver]) -> None:
    """Figures of one edition, in the one snapshot of this job's transaction. Again: nothing."""
    row = await tx.scalar(select(EditionRow).where(EditionRow.id == UUID(args["edition"])).with_for_update())
    if row is None or row.status != "making" or row.figures_sha256 is not None:
        return
    whose = None if row.scope == "city" else row.organization_id
    figures = await take(tx, Span(row.year, now, whose), row.organization_id, givers)
    checkpoint = figures.checkpoint.size if figures.checkpoint else None
    text = encoded(figures)
    del figures  # of a whole city it is hundreds of megabytes, and from here on the text is what counts
    name = digest(text)
    kept = insert(FiguresRow).values(sha256=name, body=text.decode(), taken_at=now)
    await tx.execute(kept.on_conflict_do_nothing(index_elements=[FiguresRow.sha256]))
    row.figures_sha256, row.as_of, row.done = name, now, 1
    row.checkpoint_size = checkpoint
    await tx.flush()
    await service.render_all(tx, row, now=now)
    await service.tell(tx, "edition.taken", row, actor=SYSTEM, now=now, checkpoint=row.checkpoint_size)


@dataclass(frozen=True)
class _Work:
    edition: Edition
    form: str


async def _claim(tx: Tx, args: dict[str, Any], _now: datetime, _attempt: int) -> _Work | None:
    row = await tx.get(EditionRow, UUID(args["edition"]))
    if row is None or row.version != args["version"] or row.status in {"failed", "approved"}:
        return None
    if args["format"] in await service.documents_of(tx, row):
        return None
    return _Work(Edition(row.number, await service.figures_of(tx, row), dict(row.commentary)), args["format"])


async def _call(work: _Work, resources: Resources) -> tuple[StoredBlob, str]:
    content = await asyncio.to_thread(rendered, work.edition, work.form, service.OFFICIAL)
    store = BlobStore(resources.settings.home / "blobs")
    stored = await store.put(_pieces(content), filename(work.edition, work.form))
    return stored, fonts_of(own_folder()).digest


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _record(
    tx: Tx, args: dict[str, Any], work: _Work, outcome: Any, now: datetime, attempt: int, is_current: bool
) -> timedelta | None:
    row = await tx.scalar(select(EditionRow).where(EditionRow.id == UUID(args["edition"])).with_for_update())
    if row is None or not is_current:
        return None
    if isinstance(outcome, CallFailed):
        if attempt < ATTEMPTS:
            return PAUSE
        if row.status == "making":
            row.status, row.reason = "failed", NOT_MADE
            await service.tell(tx, "edition.failed", row, actor=SYSTEM, now=now, format=work.form)
        return None
    if row.version != args["version"] or row.status not in {"making", "draft"}:
        return None
    stored, fonts = outcome
    await attach(
        tx,
        stored,
        subject=service.subject_of(row.id),
        organization_id=row.organization_id,
        account_id=None,
        actor=SYSTEM,
        now=now,
    )
    one = insert(EditionDocumentRow).values(
        edition_id=row.id,
        version=row.version,
        locale=service.OFFICIAL,
        format=work.form,
        sha256=stored.sha256,
        fonts=fonts,
        made_at=now,
    )
    await tx.execute(one.on_conflict_do_nothing())
    count = await tx.scalar(
        select(func.count()).where(
            EditionDocumentRow.edition_id == row.id,
            EditionDocumentRow.version == row.version,
            EditionDocumentRow.locale == service.OFFICIAL,
        )
    )
    row.done = 1 + (count or 0)
    if row.status == "making" and count == len(KEPT):
        row.status = "draft"
        await service.tell(tx, "edition.ready", row, actor=SYSTEM, now=now, version=row.version)
    return None


RENDER: Final = Outside(claim=_claim, call=_call, record=_record, timeout=120.0)
"""A document takes a second or two; on a busy machine the child that sets it may have to wait for its turn."""
