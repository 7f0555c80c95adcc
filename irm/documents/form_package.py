"""A form of somebody else, DOCX or XLSX: opened within bounds, its XML read without what XML can do, packed again. Pure."""

import io
import zipfile
from typing import Any, Final
from xml.parsers import expat

from lxml import etree

from irm.errors import Wrong, said

MOST_BYTES: Final = 10_000_000
MOST_UNPACKED: Final = 64 * 1024 * 1024
MOST_PARTS: Final = 2_000
OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
WORD, SHEET = "word/document.xml", "xl/workbook.xml"


def opened(content: bytes) -> dict[str, bytes]:
    """Its parts by name. Raises Wrong for what is no such file, holds macros or a document type, or is too large."""
    if not content:
        raise Wrong(said("The file is empty."))
    if len(content) > MOST_BYTES:
        raise Wrong(said("The file is larger than %(most)s MB.", most=MOST_BYTES // 1_000_000))
    if content.startswith(OLD_OFFICE):
        raise Wrong(
            said("This is a file of the old kind (.doc, .xls), or it is protected by a password."),
            said("Save it as .docx or .xlsx without a password."),
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            listed = archive.infolist()
            _within_bounds(listed)
            parts = {one.filename: archive.read(one) for one in listed if not one.is_dir()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        if isinstance(error, Wrong):
            raise
        raise _no_form() from error
    if WORD not in parts and SHEET not in parts:
        raise _no_form()
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise Wrong(said("The form holds macros."), said("Save it as .docx or .xlsx without them."))
    for name, part in parts.items():
        if name.endswith((".xml", ".rels")):
            _plain_xml(part)
    return parts


def _within_bounds(listed: list[zipfile.ZipInfo]) -> None:
    if len(listed) > MOST_PARTS or sum(one.file_size for one in listed) > MOST_UNPACKED:
        raise Wrong(said("Unpacked, the file is far larger than a form can be."))
    if len({one.filename for one in listed}) != len(listed):
        raise _no_form()
    if any(one.flag_bits & 1 for one in listed):
        raise Wrong(said("The file is protected by a password."), said("Save it as .docx or .xlsx without a password."))


def _no_form() -> Wrong:
    return Wrong(said("This is no .docx or .xlsx file, or it is damaged."), said("Save it as .docx or .xlsx."))


def _plain_xml(part: bytes) -> None:
    """Well formed, and without a document type: no entity is ever expanded."""

    def refused(*_: object) -> None:
        raise Wrong(said("The file holds what no form holds: a document type."))

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refused
    try:
        parser.Parse(part, True)
    except expat.ExpatError as error:
        raise _no_form() from error


def read_xml(part: bytes) -> Any:
    return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def write_xml(root: Any) -> bytes:
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return made


def packed(parts: dict[str, bytes]) -> bytes:
    """As a package; `archive.settled` gives it a fixed order and moment."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()
