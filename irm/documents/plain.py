"""The tree as plain values, for a child process that sets it in type. Pure."""

from collections.abc import Mapping
from typing import Any

from irm.documents.fonts import page_measures
from irm.documents.tree import Block, Break, Document, Facts, Heading, Paragraph, Picture, SignOff, Table


def plain(document: Document) -> dict[str, Any]:
    return {
        "title": document.title,
        "lang": document.lang,
        "layout": document.layout,
        "left": document.left,
        "right": document.right,
        "mark": document.mark,
        "under": document.under,
        "foot": document.foot,
        "measures": page_measures()["layouts"][document.layout],
        "blocks": [_block(block) for block in document.blocks],
    }


def _block(block: Block) -> Mapping[str, Any]:
    match block:
        case Heading():
            return {"kind": "heading", "level": block.level, "text": block.text}
        case Paragraph():
            return {"kind": "paragraph", "style": block.kind, "text": block.text}
        case Table():
            return {
                "kind": "table",
                "head": list(block.head),
                "rows": [[cell.text for cell in row] for row in block.rows],
                "caption": block.caption,
                "right": sorted(block.right),
                "widths": list(block.widths),
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
