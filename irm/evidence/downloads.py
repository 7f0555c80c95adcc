"""A stored file on its way to a browser: always as a download, never rendered in irm's own origin."""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from litestar.datastructures import UploadFile
from litestar.response import Stream

from irm.documents.media import UNKNOWN
from irm.evidence.blobs import CHUNK, BlobStore
from irm.evidence.service import Attachment

_HARMLESS: Final = ("image/png", "image/jpeg", "application/pdf", "text/plain")
KINDS_GIVEN: Final = (*_HARMLESS, UNKNOWN)
"""What a stored file may be called on its way out; whatever else it is goes as bytes."""


def download(store: BlobStore, found: Attachment) -> Stream:
    plain = "".join(
        char if char.isascii() and char.isprintable() and char not in '"\\' else "_" for char in found.filename
    )
    return Stream(
        store.read(found.sha256),
        media_type=found.media_type if found.media_type in _HARMLESS else UNKNOWN,
        headers={
            "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(found.filename, safe='')}",
            "content-length": str(found.size),
            "x-content-type-options": "nosniff",
            "content-security-policy": "default-src 'none'; sandbox",
            "cache-control": "private, no-store",
            "etag": f'"{found.sha256}"',
        },
    )


async def chunks_of(file: UploadFile) -> AsyncIterator[bytes]:
    """An upload piece by piece; the form parser keeps large ones on disk, so memory stays small."""
    await file.seek(0)
    while chunk := await file.read(CHUNK):
        yield chunk
