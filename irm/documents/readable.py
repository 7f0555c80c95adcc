"""Is it a PDF that a reader can open? Pure: looks at the file's own structure, runs nothing of it."""

import re
from typing import Final

HEAD: Final = 1024
TAIL: Final = 2048
_START: Final = re.compile(rb"startxref\s+(\d+)\s+%%EOF")
_TABLE: Final = re.compile(rb"\s*(?:xref\b|\d+\s+\d+\s+obj\b)")


def is_readable_pdf(content: bytes) -> bool:
    """Header, end, and a cross-reference table where the end says; a file cut short or renamed has none."""
    start = content.find(b"%PDF-", 0, HEAD)
    ends = list(_START.finditer(content, max(0, len(content) - TAIL)))
    if start < 0 or not ends:
        return False
    at = int(ends[-1].group(1))
    # Some writers count from the header, where something stands before it.
    return any(_TABLE.match(content, place) for place in (at, at + start) if place < len(content))
