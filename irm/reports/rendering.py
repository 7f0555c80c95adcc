"""An edition in its formats. Pure functions of figures, commentary, language and fonts; DOCX and PDF use a child process."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from irm.documents.media import DOCX, HTML, JSON, PDF, XLSX
from irm.documents.pdf import to_pdf
from irm.documents.screen import to_html
from irm.documents.tree import Document
from irm.documents.word import to_docx
from irm.errors import NotFound
from irm.i18n import N_, Translator, translator
from irm.reports.paper import document
from irm.reports.spreadsheet import spreadsheet
from irm.reports.tally import Figures, digest, encoded


@dataclass(frozen=True)
class Edition:
    """All that a document is made of."""

    number: int
    figures: Figures
    commentary: Mapping[str, str]


def _html(one: Edition, t: Translator) -> bytes:
    return to_html(_document(one, t))


def _docx(one: Edition, t: Translator) -> bytes:
    return to_docx(_document(one, t))


def _pdf(one: Edition, t: Translator) -> bytes:
    return to_pdf(_document(one, t))


def _xlsx(one: Edition, t: Translator) -> bytes:
    return spreadsheet(one.figures, t=t)


def _json(one: Edition, _: Translator) -> bytes:
    """The canonical text of the figures stands in it as it was hashed."""
    figures = encoded(one.figures)
    told = json.dumps(
        {"edition": one.number, "sha256": digest(figures), "commentary": dict(one.commentary)},
        ensure_ascii=False,
        sort_keys=True,
    )
    return b"".join((told[:-1].encode(), b', "figures": ', figures, b"}\n"))


def _document(one: Edition, t: Translator) -> Document:
    return document(one.figures, one.commentary, number=one.number, digest=digest(encoded(one.figures)), t=t)


FORMATS: Final[Mapping[str, tuple[Callable[[Edition, Translator], bytes], str]]] = {
    "pdf": (_pdf, PDF),
    "docx": (_docx, DOCX),
    "xlsx": (_xlsx, XLSX),
    "html": (_html, HTML),
    "json": (_json, JSON),
}
KEPT: Final = ("pdf", "docx", "xlsx", "json")
"""Made by the worker with each edition and kept by content. HTML is no file that irm keeps; it is made when asked for."""


def rendered(one: Edition, form: str, locale: str) -> bytes:
    """Blocks (seconds at the size of a city): call from a thread. Raises NotFound for a format that there is not."""
    if form not in FORMATS:
        raise NotFound(N_("There is no such format."))
    return FORMATS[form][0](one, translator(locale))


def filename(one: Edition, form: str) -> str:
    return f"annual-{one.figures.year}-{one.figures.code}-{one.number}.{form}"
