"""The child process that sets type: `python -m irm.documents.typesetting`, JSON in, a file out.

A process of its own for each document: typst's memory grows with every new one, and a hanging one can be ended.
"""

import json
import sys
from base64 import b64encode
from importlib.resources import as_file, files
from typing import Any, Final

import typst

from irm.documents.fonts import page_measures

MADE_AT: Final = 946_684_800
"""2000-01-01: the file says nothing of the moment when it was made, so that equal content is equal bytes."""


def pdf(order: dict[str, Any]) -> bytes:
    return _compiled("document.typ", order, "pdf")


def pictures(order: dict[str, Any]) -> bytes:
    """JSON: each page's PNG in base64."""
    return json.dumps([b64encode(one).decode() for one in _pages("picture.typ", order, "png")]).encode()


def _compiled(template: str, order: dict[str, Any], form: str) -> bytes:
    (made,) = _pages(template, order, form)
    return made


def _pages(template: str, order: dict[str, Any], form: str) -> list[bytes]:
    folders = order.pop("folders")
    have = set(typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders).families())
    faces = {face: [name for name in names if name in have] for face, names in page_measures()["faces"].items()}
    latin = [name for name in ("Times New Roman",) if name in have]
    with as_file(files("irm.documents") / template) as source:
        made = typst.compile(
            source,
            font_paths=folders,
            ignore_system_fonts=True,
            format=form,  # type: ignore[call-overload]  # a plain word here
            ppi=192.0,
            sys_inputs={"data": json.dumps({**order, "faces": {**faces, "latin": latin}}, ensure_ascii=False)},
            timestamp=MADE_AT,
        )
    # a format of pixels gives a list where there is more than one page
    return [bytes(one) for one in made] if isinstance(made, list) else [bytes(made)]


KINDS: Final = {"pdf": pdf, "png": pictures}


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(KINDS[order.pop("kind")](order))


if __name__ == "__main__":
    main()
