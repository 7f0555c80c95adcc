"""The content store on a real disk."""

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from irm.errors import Invalid, NotFound, Unavailable
from irm.evidence.blobs import MAX_SIZE, BlobStore

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 100


async def _pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def _files(store: BlobStore) -> list[Path]:
    return [path for path in store.root.rglob("*") if path.is_file()]


async def test_content_is_kept_once_under_its_hash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    first = await store.put(_pieces(PNG), "one.png")
    again = await store.put(_pieces(PNG, 7), "two.png")
    assert first.sha256 == again.sha256 == sha256(PNG).hexdigest()
    assert (first.size, first.media_type, first.filename) == (len(PNG), "image/png", "one.png")
    assert _files(store) == [store.path(first.sha256)]
    assert b"".join([piece async for piece in store.read(first.sha256)]) == PNG


@pytest.mark.parametrize(
    ("name", "content"), [("a.png", b"MZ\0"), ("a.txt", b""), ("a.pdf", PNG), ("a.txt", b"<html>" + b"x" * 9000)]
)
async def test_what_is_refused_leaves_nothing(tmp_path: Path, name: str, content: bytes) -> None:
    store = BlobStore(tmp_path)
    with pytest.raises(Invalid) as refused:
        await store.put(_pieces(content), name, field="attachments")
    assert refused.value.errors[0].field == "attachments"
    assert _files(store) == []


async def test_the_limit_holds_while_streaming(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield PNG
        for _ in range(MAX_SIZE // 1_000_000 + 1):
            yield b"\0" * 1_000_000

    store = BlobStore(tmp_path)
    with pytest.raises(Invalid):
        await store.put(endless(), "big.png")
    assert _files(store) == []


async def test_an_altered_file_is_noticed(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    kept = await store.put(_pieces(PNG), "one.png")
    path = store.path(kept.sha256)
    path.chmod(0o600)
    path.write_bytes(PNG[:-1] + b"!")
    with pytest.raises(Unavailable):
        _ = [piece async for piece in store.read(kept.sha256)]
    path.unlink()
    with pytest.raises(NotFound):
        _ = [piece async for piece in store.read(kept.sha256)]


async def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    with pytest.raises(Unavailable):
        await BlobStore(blocked).put(_pieces(PNG), "one.png")
