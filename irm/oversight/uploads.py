"""Files on their way from a form or a request into the store."""

from collections.abc import Sequence
from uuid import UUID

from litestar.datastructures import UploadFile

from irm.access.policy import Principal
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import chunks_of
from irm.oversight.acting import attach_all, own_change


async def stored(settings: Settings, files: Sequence[UploadFile], field: str = "file") -> list[StoredBlob]:
    """On the disk before any row is written."""
    store = BlobStore(settings.home / "blobs")
    return [await store.put(chunks_of(file), file.filename, field=field) for file in files]


async def add_files(
    db: Database, settings: Settings, principal: Principal, number: str, files: Sequence[UploadFile], clock: Clock
) -> list[UUID]:
    """A stranger's change is refused before a byte is kept."""
    async with db.transaction(principal.actor) as tx:
        await own_change(tx, principal, number)
    blobs = await stored(settings, files)
    async with db.transaction(principal.actor) as tx:
        return await attach_all(tx, blobs, await own_change(tx, principal, number), principal, clock)
