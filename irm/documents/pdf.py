"""A document as PDF, a drawing as PNG: set in type by a child process, equal bytes for equal tree and fonts."""

import asyncio
import json
import subprocess
import sys
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from irm.documents.fonts import fonts_of, own_folder
from irm.documents.plain import plain
from irm.documents.tree import Document
from irm.errors import Unavailable
from irm.web.charts import Drawing

LONGEST: Final = 120.0
"""Seconds; 200 pages take less than one."""


def to_pdf(document: Document, *, own_fonts: Path | None = None) -> bytes:
    """Blocks while the child works: call from a thread, or `pdf_of`. Raises Unavailable where it fails."""
    return _set({"kind": "pdf", **plain(document)}, own_fonts)


async def pdf_of(document: Document) -> bytes:
    return await asyncio.to_thread(to_pdf, document)


def to_png(drawing: Drawing, *, own_fonts: Path | None = None) -> bytes:
    """Blocks like `to_pdf`."""
    (pixels,) = to_pngs([drawing], own_fonts=own_fonts)
    return pixels


def to_pngs(drawings: Sequence[Drawing], *, own_fonts: Path | None = None) -> list[bytes]:
    """All in one child: it spends its time on reading fonts, not on drawing (ten charts: 2 s instead of 20 on a busy
    machine). Blocks like `to_pdf`."""
    if not drawings:
        return []
    each = [{"svg": one.svg, "width": one.width, "height": one.height} for one in drawings]
    return [b64decode(one) for one in json.loads(_set({"kind": "png", "drawings": each}, own_fonts))]


def _set(order: dict[str, Any], own_fonts: Path | None) -> bytes:
    folders = list(fonts_of(own_fonts or own_folder()).folders)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "irm.documents.typesetting"],
            input=json.dumps({**order, "folders": folders}, ensure_ascii=False).encode(),
            capture_output=True,
            timeout=LONGEST,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable("The document could not be set in type in time. Try again.") from error
    except subprocess.CalledProcessError as error:
        raise Unavailable("The document could not be set in type. Nothing was kept; try again.") from error
    return done.stdout
