"""ZIP packages whose bytes say nothing of when they were made. Pure."""

import io
import zipfile
from typing import Final

FIRST_DAY: Final = (1980, 1, 1, 0, 0, 0)
FIRST: Final = ("[Content_Types].xml", "_rels/.rels")
"""An office package begins with what its other parts are."""


def settled(content: bytes) -> bytes:
    """The same parts in a fixed order, with one moment for all, packed alike."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        names = sorted(old.namelist(), key=lambda name: (name not in FIRST, name))
        for name in names:
            info = zipfile.ZipInfo(name, FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o600 << 16
            new.writestr(info, old.read(name))
    return out.getvalue()
