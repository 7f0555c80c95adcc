"""Which files irm takes, judged by their content; the name only has to agree. Pure.

What a browser could run (HTML, SVG, scripts) and what a machine could run is refused, also inside a friendly name.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final

import puremagic

from irm.errors import FieldError, Invalid
from irm.i18n import N_

HEAD_SIZE: Final = 8192
"""Bytes of the start of a file that are enough to judge it."""
LONGEST_NAME: Final = 200


@dataclass(frozen=True)
class FileType:
    media_type: str
    extensions: frozenset[str]


def _kind(media_type: str, *extensions: str) -> FileType:
    return FileType(media_type, frozenset(extensions))


PDF: Final = _kind("application/pdf", "pdf")
PNG: Final = _kind("image/png", "png")
JPEG: Final = _kind("image/jpeg", "jpg", "jpeg", "jpe", "jfif")
GIF: Final = _kind("image/gif", "gif")
WEBP: Final = _kind("image/webp", "webp")
BMP: Final = _kind("image/bmp", "bmp")
TIFF: Final = _kind("image/tiff", "tif", "tiff")
HEIC: Final = _kind("image/heic", "heic", "heif")
ZIP: Final = _kind("application/zip", "zip", "docx", "xlsx", "pptx", "ofd", "odt", "ods", "odp", "wps", "et", "dps")
OLE: Final = _kind("application/x-ole-storage", "doc", "xls", "ppt", "wps", "et", "dps", "msg")
GZIP: Final = _kind("application/gzip", "gz", "tgz")
SEVEN_ZIP: Final = _kind("application/x-7z-compressed", "7z")
PCAP: Final = _kind("application/vnd.tcpdump.pcap", "pcap", "cap")
PCAPNG: Final = _kind("application/x-pcapng", "pcapng", "pcap")
MP4: Final = _kind("video/mp4", "mp4", "m4v", "m4a", "mov")
MP3: Final = _kind("audio/mpeg", "mp3")
TEXT: Final = _kind(
    "text/plain", "txt", "log", "csv", "tsv", "json", "jsonl", "yaml", "yml", "md", "eml", "conf", "ini"
)

_SIGNATURES: Final[tuple[tuple[int, bytes, FileType], ...]] = (
    (0, b"%PDF-", PDF),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"\xff\xd8\xff", JPEG),
    (0, b"GIF8", GIF),
    (8, b"WEBP", WEBP),
    (0, b"BM", BMP),
    (0, b"II*\x00", TIFF),
    (0, b"MM\x00*", TIFF),
    (4, b"ftyphei", HEIC),
    (4, b"ftypmif1", HEIC),
    (4, b"ftyp", MP4),
    (0, b"PK\x03\x04", ZIP),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (0, b"\x1f\x8b", GZIP),
    (0, b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (0, b"\xd4\xc3\xb2\xa1", PCAP),
    (0, b"\xa1\xb2\xc3\xd4", PCAP),
    (0, b"\x0a\x0d\x0d\x0a", PCAPNG),
    (0, b"ID3", MP3),
)

# A text that a browser would run, or that a shell would, is not a text to keep under a friendly name.
_RUNS_IN_A_BROWSER: Final = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script|svg|\?xml|iframe|!doctype\s+svg)",
    re.IGNORECASE | re.DOTALL,
)
_RUNS_IN_A_SHELL: Final = re.compile(rb"^(?:\xef\xbb\xbf)?#!")
_REFUSED_BY_CONTENT: Final = frozenset({".exe", ".html", ".htm", ".svg", ".elf", ".appimage", ".jar", ".class", ".swf"})

TAKEN: Final = tuple(
    sorted(
        set().union(
            *(
                kind.extensions
                for kind in (
                    *(kind for _, _, kind in _SIGNATURES),
                    TEXT,
                )
            )
        )
    )
)
"""Extensions for the `accept` attribute of a file field."""

_UNKNOWN_TYPE: Final = N_(
    "“%(name)s” is of a type that is not taken. Send it as PDF, image, office document, text or ZIP."
)
_LYING_NAME: Final = N_("“%(name)s” is not what its name says: its content is %(media_type)s.")
_EMPTY: Final = N_("“%(name)s” is empty.")


def clean_name(given: str) -> str:
    """The last component without control characters, cut to what every file system takes. Never empty."""
    last = PureWindowsPath(PurePosixPath(given.replace("\0", "")).name).name
    kept = "".join(char for char in last if char.isprintable() and char not in '<>:"|?*').strip(". ")
    if len(kept) > LONGEST_NAME:
        stem, dot, extension = kept.rpartition(".")
        kept = f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}" if dot else kept[:LONGEST_NAME]
    return kept or "file"


def _text_in_any_encoding(head: bytes) -> bool:
    if b"\0" in head:
        return False
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):  # the head may end inside a character
            try:
                decoded = head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return all(char.isprintable() or char in "\r\n\t\f\x1b\ufeff" for char in decoded)
    return False


def _by_content(head: bytes) -> FileType | None:
    for offset, signature, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature and (kind is not WEBP or head[:4] == b"RIFF"):
            return kind
    if _RUNS_IN_A_BROWSER.match(head) or _RUNS_IN_A_SHELL.match(head):
        return None
    try:
        guesses = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        guesses = []
    if any(guess.extension.lower() in _REFUSED_BY_CONTENT for guess in guesses):
        return None
    return TEXT if _text_in_any_encoding(head) else None


def judge(filename: str, head: bytes, *, field: str = "file") -> FileType:
    """The type of a file by the first `HEAD_SIZE` bytes of it. Raises Invalid naming `field`."""
    name = clean_name(filename)
    if not head:
        raise Invalid(_EMPTY, errors=(FieldError(field, _EMPTY, {"name": name}),), name=name)
    kind = _by_content(head)
    if kind is None:
        raise Invalid(_UNKNOWN_TYPE, errors=(FieldError(field, _UNKNOWN_TYPE, {"name": name}),), name=name)
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in kind.extensions:
        context = {"name": name, "media_type": kind.media_type}
        raise Invalid(_LYING_NAME, errors=(FieldError(field, _LYING_NAME, context),), **context)
    return kind
