"""A document as HTML: within a page of irm, or as one file that needs nothing else. Pure."""

from html import escape
from typing import Final

from irm.documents.tree import Block, Break, Cell, Document, Facts, Heading, Paragraph, Picture, SignOff, Table

STYLE: Final = (
    "body{max-width:46em;margin:2em auto;padding:0 1em;font:16px/1.75 'Noto Serif SC',FangSong,SimSun,serif;color:#000;"
    "background:#fff}h1{text-align:center;font-size:1.6em}h2{font-size:1.25em;font-family:'Noto Sans SC',SimHei,sans-serif}"
    "h3,h4{font-size:1.05em}table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}th,td{border:1px solid #777;"
    "padding:.25em .5em;text-align:left;vertical-align:top}.doc-right{text-align:right}caption{font-weight:bold;"
    "padding:.3em}.doc-line{display:flex;justify-content:space-between}.doc-mark{border:2px solid #000;text-align:center;"
    "font-weight:bold}.doc-under,.doc-centre{text-align:center}.doc-body{text-indent:2em;margin:.3em 0}.doc-note{font-size:"
    ".85em}svg{max-width:100%;height:auto}figure{margin:1em 0}figcaption{text-align:center;font-weight:bold}"
)


def fragment(document: Document, *, links: bool = True) -> str:
    """Blocks without the title, every text escaped; headings begin at h2."""
    return "\n".join(_block(block, links=links) for block in document.blocks)


def to_html(document: Document) -> bytes:
    """One file, no script, no link outside."""
    head = [f'<p class="doc-line"><span>{_text(document.left)}</span><span>{_text(document.right)}</span></p>']
    head = head if document.left or document.right else []
    head += [f'<p class="doc-mark">{_text(document.mark)}</p>'] if document.mark else []
    head += [f"<h1>{_text(document.title)}</h1>"]
    head += [f'<p class="doc-under">{_text(document.under)}</p>'] if document.under else []
    foot = [f'<footer class="doc-note">{_text(document.foot)}</footer>'] if document.foot else []
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="{escape(document.lang)}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(document.title)}</title><style>{STYLE}</style></head><body>",
            *head,
            fragment(document, links=False),
            *foot,
            "</body></html>\n",
        ]
    ).encode()


def _block(block: Block, *, links: bool) -> str:
    match block:
        case Heading():
            anchor = f' id="{escape(block.anchor)}"' if block.anchor else ""
            return f"<h{block.level + 1}{anchor}>{_text(block.text)}</h{block.level + 1}>"
        case Paragraph():
            return f'<p class="doc-{block.kind}">{_text(block.text)}</p>'
        case Table():
            return _table(block, links=links)
        case Picture():
            caption = f"<figcaption>{_text(block.caption)}</figcaption>" if block.caption else ""
            return f'<figure class="doc-picture">{caption}{block.drawing.svg}</figure>'
        case Facts() | SignOff():
            name = "doc-sign" if isinstance(block, SignOff) else "doc-facts"
            rows = "".join(
                f'<tr><th scope="row">{_text(k)}</th><td>{_text(v) or "&nbsp;"}</td></tr>' for k, v in block.pairs
            )
            return f'<table class="{name}"><tbody>{rows}</tbody></table>'
        case Break():
            return '<hr class="doc-break">'


def _table(block: Table, *, links: bool) -> str:
    def side(at: int) -> str:
        return ' class="doc-right"' if at in block.right else ""

    region = f' role="region" aria-label="{escape(block.caption)}"' if block.caption else ""
    caption = f"<caption>{_text(block.caption)}</caption>" if block.caption else ""
    head = "".join(f'<th scope="col"{side(at)}>{_text(word)}</th>' for at, word in enumerate(block.head))
    rows = []
    for number, row in enumerate(block.rows, 1):
        name = ' class="doc-total"' if block.total and number == len(block.rows) else ""
        cells = "".join(f"<td{side(at)}>{_cell(cell, links=links)}</td>" for at, cell in enumerate(row))
        rows.append(f"<tr{name}>{cells}</tr>")
    return (
        f'<div class="doc-scroll" tabindex="0"{region}><table class="doc-table">{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(cell: Cell, *, links: bool) -> str:
    if cell.link and links:
        return f'<a href="{escape(cell.link)}">{_text(cell.text)}</a>'
    return _text(cell.text)


def _text(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))
