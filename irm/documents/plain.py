"""The tree as plain values, for a child process that sets it in type. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from irm.documents.columns import columns
from irm.documents.fonts import page_measures
from irm.documents.titles import title_lines
from irm.documents.tree import Block, Break, Document, Facts, Heading, Paragraph, Picture, SignOff, Table

POINTS: Final = 72 / 25.4
"""To the millimetre."""


def plain(document: Document) -> dict[str, Any]:
    measures = page_measures()["layouts"][document.layout]
    room = text_width(measures)
    return {
        "title": document.title,
        "title_lines": title_lines(document.title, room / measures["title"]),
        "lang": document.lang,
        "layout": document.layout,
        "left": document.left,
        "right": document.right,
        "mark": document.mark,
        "under": document.under,
        "foot": document.foot,
        "measures": measures,
        "blocks": [_block(block, room, measures["table"]) for block in document.blocks],
    }


def text_width(measures: Mapping[str, Any]) -> float:
    """Between the margins of an A4 page, in points."""
    return float(210 - measures["margin"]["left"] - measures["margin"]["right"]) * POINTS


def _block(block: Block, room: float, table_size: float) -> Mapping[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": block.text}
        case Paragraph():
            return {"kind": "paragraph", "style": block.kind, "text": block.text}
        case Table():
            laid = columns(block, room=room, size=table_size)
            return {
                "kind": "table",
                "head": list(laid.head),
                "size": laid.size,
                "hyphenate": laid.hyphenate,
                "rows": [[cell.text for cell in row] for row in block.rows],
                "caption": block.caption,
                "right": sorted(block.right),
                "widths": list(laid.widths),
                "total": block.total,
            }
        case Picture():
            return {
                "kind": "picture",
                "svg": block.drawing.svg,
                "alt": block.drawing.description,
                "caption": block.caption,
            }
        case Facts():
            return {"kind": "facts", "pairs": [list(pair) for pair in block.pairs]}
        case SignOff():
            return {"kind": "signoff", "pairs": [list(pair) for pair in block.pairs]}
        case Break():
            return {"kind": "break"}
