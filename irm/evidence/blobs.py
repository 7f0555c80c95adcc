"""Content-addressed store on disk: `<root>/ab/cd/<sha256>`, written once, never changed.

A blob without a row (the transaction that wanted it failed) is harmless and found by its name; a row without a blob
cannot come to be, because the file is on the disk, directory included, before any row is written.
"""

import os
import secrets
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final

from anyio import to_thread

from irm.errors import Invalid, NotFound, Unavailable
from irm.evidence.types import HEAD_SIZE, FileType, clean_name, judge
from irm.i18n import N_

MAX_SIZE: Final = 50_000_000
"""Bytes of one file (issue 2: 50 MB, decimal as file managers show it)."""
CHUNK: Final = 1 << 18


@dataclass(frozen=True)
class StoredBlob:
    sha256: str
    size: int
    media_type: str
    filename: str
    """Cleaned; safe in a header and on any file system."""


class BlobStore:
    """One directory. Any number of processes may write into it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:4] / digest

    async def put(self, chunks: AsyncIterable[bytes], filename: str, *, field: str = "file") -> StoredBlob:
        """Streams to disk while hashing; nothing is kept of what is refused.

        Raises Invalid (empty, too large, type not taken, name that lies; `field` is named) and Unavailable when the
        disk does not take it.
        """
        return await self._write(chunks, clean_name(filename), field)

    async def _write(self, chunks: AsyncIterable[bytes], name: str, field: str) -> StoredBlob:
        digest, size, head = sha256(), 0, b""
        kind: FileType | None = None
        incoming = self.root / "incoming"
        try:
            await to_thread.run_sync(lambda: incoming.mkdir(parents=True, exist_ok=True, mode=0o700))
            temporary = incoming / secrets.token_hex(16)
            file = await to_thread.run_sync(lambda: temporary.open("xb"))
        except OSError as fault:
            raise Unavailable(
                N_("The file could not be stored. Nothing was kept; try again."), code="storage"
            ) from fault
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > MAX_SIZE:
                    raise Invalid(
                        N_("“%(name)s” is larger than %(limit)s MB."),
                        field=field,
                        name=name,
                        limit=MAX_SIZE // 1_000_000,
                    )
                if kind is None:
                    head += chunk[: HEAD_SIZE - len(head)]
                    if len(head) >= HEAD_SIZE:
                        kind = judge(name, head, field=field)
                digest.update(chunk)
                await to_thread.run_sync(file.write, chunk)
            kind = kind or judge(name, head, field=field)
            await to_thread.run_sync(_sync, file)
            file.close()
            await to_thread.run_sync(self._settle, temporary, digest.hexdigest())
        except OSError as fault:
            raise Unavailable(
                N_("The file could not be stored. Nothing was kept; try again."), code="storage"
            ) from fault
        finally:
            file.close()
            temporary.unlink(missing_ok=True)
        return StoredBlob(digest.hexdigest(), size, kind.media_type, name)

    def _settle(self, temporary: Path, digest: str) -> None:
        target = self.path(digest)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.chmod(0o400)
        temporary.replace(target)
        for folder in (target.parent, target.parent.parent, self.root):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    async def read(self, digest: str) -> AsyncIterator[bytes]:
        """The content in chunks, hashed on the way; raises Unavailable at the end if it is not what it was."""
        path = self.path(digest)
        if not await to_thread.run_sync(path.is_file):
            raise NotFound(N_("The file is no longer there."))
        seen = sha256()
        file = await to_thread.run_sync(lambda: path.open("rb"))
        try:
            while chunk := await to_thread.run_sync(file.read, CHUNK):
                seen.update(chunk)
                yield chunk
        finally:
            file.close()
        if seen.hexdigest() != digest:
            raise Unavailable(N_("The stored file differs from its hash %(digest)s."), code="altered", digest=digest)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
