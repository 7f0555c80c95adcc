"""One document as a tree of blocks; HTML, DOCX and PDF are three writers of it. Pure.

Texts are in their reader's language already. A writer adds nothing of its own but page numbers, so that a document is a
pure function of this tree and of the fonts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from irm.web.charts import Drawing

Layout = Literal["official", "form"]
"""`official`: the page of GB/T 9704-2012. `form`: a sheet that is faxed or filled in, in smaller type."""


@dataclass(frozen=True)
class Cell:
    text: str
    link: str = ""
    """Where the screen leads to; paper shows the text alone."""


@dataclass(frozen=True)
class Heading:
    level: Literal[1, 2, 3]
    text: str
    anchor: str = ""


@dataclass(frozen=True)
class Paragraph:
    """`body` is indented by two characters; `to` is the addressee's line; `note` is small."""

    text: str
    kind: Literal["body", "plain", "to", "note", "right", "centre"] = "body"


@dataclass(frozen=True)
class Table:
    """Cells beyond the head's length are a mistake. `right`: columns of figures. `widths`: relative. `total`: the last
    row is a sum."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    right: frozenset[int] = frozenset()
    widths: Sequence[int] = ()
    total: bool = False


@dataclass(frozen=True)
class Picture:
    """A chart; `caption` names it, the drawing itself holds its title and description."""

    drawing: Drawing
    caption: str = ""


@dataclass(frozen=True)
class Facts:
    """Label and value, one per line."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SignOff:
    """Boxes to sign, seal and answer in; an empty value leaves room for a hand."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Break:
    """A new page."""


Block = Heading | Paragraph | Table | Picture | Facts | SignOff | Break


@dataclass(frozen=True)
class Document:
    title: str
    blocks: Sequence[Block]
    lang: str
    """`zh-CN` or `en`."""
    layout: Layout = "official"
    left: str = ""
    right: str = ""
    """The line above the title: serial and document number."""
    mark: str = ""
    """What nobody may overlook: exercise, draft."""
    under: str = ""
    """Beneath the title: document number, edition."""
    foot: str = ""
    """At the foot of each page, beside its number."""
