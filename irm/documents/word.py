"""A document as DOCX in the layout of GB/T 9704-2012, for those who go on writing in Word or WPS."""

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import docx
from docx.document import Document as Made
from docx.enum.section import WD_SECTION_START
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph as Line
from docx.text.run import Run

from irm.documents.archive import settled
from irm.documents.columns import columns
from irm.documents.fonts import page_measures
from irm.documents.pdf import to_pngs
from irm.documents.plain import text_width
from irm.documents.titles import signs, title_lines
from irm.documents.tree import Block, Break, Document, Facts, Heading, Paragraph, Picture, SignOff, Table

MADE_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
ALIGNED: Final[Mapping[str, WD_ALIGN_PARAGRAPH]] = {
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "centre": WD_ALIGN_PARAGRAPH.CENTER,
}

AFTER_BORDERS: Final = ("w:shd", "w:tabs", "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl", "w:rPr")
"""Word calls a file damaged where the parts of a paragraph's properties stand out of order."""

SHORT: Final = 13
"""Rows up to which a table stays on one page, a year with its sum; a longer one breaks between rows, its head repeated."""
UNDER_BODY: Final = 7
"""7.5: the number of the page stands 7 mm below the body."""
FOOT_HEIGHT: Final = 10
"""Millimetres of the number and the line beneath it."""
BOX_HEIGHT: Final = 6.5
"""Least height of a box to sign in, millimetres."""
SHORT_CELL: Final = 20
"""Signs up to which a cell of a short table counts as short."""
CELL_SIDE: Final = 57
"""Room beside a cell's text in twentieths of a point: 1 mm."""


def to_docx(document: Document, *, own_fonts: Path | None = None) -> bytes:
    """Blocks while charts are drawn as pixels in a child process: call from a thread."""
    return _Writer(document, own_fonts).written()


class _Writer:
    def __init__(self, document: Document, own_fonts: Path | None) -> None:
        self.document, self.own_fonts = document, own_fonts
        self.measures: dict[str, Any] = page_measures()["layouts"][document.layout]
        self.faces: dict[str, str] = page_measures()["word"]
        self.made: Made = docx.Document()
        self.pixels: Iterator[bytes] = iter(())
        """Of the pictures that come, in their order."""

    def written(self) -> bytes:
        drawings = [block.drawing for block in self.document.blocks if isinstance(block, Picture)]
        self.pixels = iter(to_pngs(drawings, own_fonts=self.own_fonts))
        self._page()
        self._head()
        for block, following in pairwise([*self.document.blocks, None]):
            if block is not None:
                self._block(block)
            if isinstance(following, SignOff) and isinstance(block, Paragraph):
                self.made.paragraphs[-1].paragraph_format.keep_with_next = True  # no page with nothing but a signature
        properties = self.made.core_properties
        properties.title, properties.author, properties.comments = self.document.title, "irm", ""
        properties.language = self.document.lang
        properties.created = properties.modified = MADE_AT
        properties.last_modified_by, properties.revision = "", 1
        out = io.BytesIO()
        self.made.save(out)
        return settled(out.getvalue())

    # -- page

    def _page(self) -> None:
        m, section = self.measures, self.made.sections[0]
        section.start_type = WD_SECTION_START.NEW_PAGE
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(m["margin"]["top"]), Mm(m["margin"]["bottom"])
        section.left_margin, section.right_margin = Mm(m["margin"]["left"]), Mm(m["margin"]["right"])
        section.footer_distance = Mm(max(8, m["margin"]["bottom"] - UNDER_BODY - FOOT_HEIGHT))
        normal = self.made.styles["Normal"]
        normal.font.size = Pt(m["size"])
        self._face(normal.element.get_or_add_rPr(), "body")
        self._language()
        form = normal.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(m["leading"])
        form.space_before = form.space_after = Pt(0)
        form.widow_control = False
        official = self.document.layout == "official"
        self.made.settings.odd_and_even_pages_header_footer = official
        sides = [(section.footer, WD_ALIGN_PARAGRAPH.RIGHT if official else WD_ALIGN_PARAGRAPH.CENTER)]
        sides += [(section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)] if official else []
        for footer, side in sides:
            line = footer.paragraphs[0]
            line.alignment = side
            line.paragraph_format.left_indent = line.paragraph_format.right_indent = Pt(14 if official else 0)
            _exactly(line, 17)
            self._run(line, "— ", "page", 14)
            self._page_number(self._run(line, "", "page", 14))
            self._run(line, " —", "page", 14)
            if self.document.foot:
                beneath = footer.add_paragraph()
                _exactly(beneath, 12)
                self._run(beneath, self.document.foot, "black", 9)

    @staticmethod
    def _page_number(run: Run) -> None:
        for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
            element = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                element.set(qn("w:fldCharType"), kind)
            else:
                element.text = text
            run._r.append(element)  # noqa: SLF001 - python-docx has no fields

    def _head(self) -> None:
        one = self.document
        if one.left or one.right:
            line = self.made.add_paragraph()
            stops = line.paragraph_format.tab_stops
            stops.add_tab_stop(self._room(), WD_TAB_ALIGNMENT.RIGHT)
            self._run(line, f"{one.left}\t{one.right}" if one.right else one.left, "body", self.measures["small"])
        if one.mark:
            line = self.made.add_paragraph()
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            self._run(line, one.mark, "black", self.measures["small"])
            self._boxed(line)
        title = self.made.add_paragraph(style="Title")
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        form = title.paragraph_format
        form.space_before, form.space_after = Pt(24 if one.layout == "official" else 10), Pt(12)
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(self.measures["title"] * 1.5)
        self._lined(title, "single" if one.layout == "form" else "nil")
        for number, part in enumerate(title_lines(one.title, self._signs_of_title())):
            run = self._run(title, part, "title", self.measures["title"])
            if number:
                run._r.insert(1, OxmlElement("w:br"))  # noqa: SLF001 - within the run, before its text
        if one.under:
            line = self.made.add_paragraph()
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            line.paragraph_format.space_after = Pt(10)
            self._run(line, one.under, "kai", self.measures["small"])

    # -- blocks

    def _block(self, block: Block) -> None:
        match block:
            case Heading():
                self._heading(block)
            case Paragraph():
                self._paragraph(block)
            case Table():
                self._table(block)
            case Picture():
                self._picture(block)
            case Facts():
                self._pairs(block.pairs, boxed=False)
            case SignOff():
                self._pairs(block.pairs, boxed=True)
            case Break():
                self.made.add_page_break()  # type: ignore[no-untyped-call]  # python-docx has no types

    def _heading(self, block: Heading) -> None:
        measure = self.measures["headings"][block.level - 1]
        line = self.made.add_paragraph(style=f"Heading {block.level}")
        form = line.paragraph_format
        form.space_before = form.space_after = Pt(0)
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(self.measures["leading"])
        if self.document.layout == "official":
            form.first_line_indent = Pt(2 * measure["size"])
        self._run(line, block.text, measure["face"], measure["size"])

    def _paragraph(self, block: Paragraph) -> None:
        small = self.measures["small"] * 0.86 if block.kind == "note" else self.measures["size"]
        for text in block.text.split("\n"):
            line = self.made.add_paragraph()
            if block.kind in ALIGNED:
                line.alignment = ALIGNED[block.kind]
            if block.kind == "body":
                line.paragraph_format.first_line_indent = Pt(2 * self.measures["size"])
            self._run(line, text, "body", small)

    def _caption(self, text: str) -> None:
        if text:
            line = self.made.add_paragraph()
            line.alignment = WD_ALIGN_PARAGRAPH.CENTER
            line.paragraph_format.keep_with_next = True
            line.paragraph_format.space_before = Pt(6)
            self._run(line, text, "black", self.measures["table"])

    def _table(self, block: Table) -> None:
        self._caption(block.caption)
        table = self.made.add_table(1 + len(block.rows), len(block.head), style="Table Grid")
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        laid = columns(block, room=text_width(self.measures), size=self.measures["table"])
        widths = [int(Pt(width)) for width in laid.widths]
        cells = list(table._cells)  # noqa: SLF001 - Table.cell() walks the whole table for each cell
        count = len(block.head)
        for at, word in enumerate(laid.head):
            self._fill(cells[at], word, "black", WD_ALIGN_PARAGRAPH.CENTER, widths[at], laid.size)
        for number, row in enumerate(block.rows, 1):
            last = block.total and number == len(block.rows)
            for at, cell in enumerate(row):
                side = WD_ALIGN_PARAGRAPH.RIGHT if at in block.right else WD_ALIGN_PARAGRAPH.LEFT
                self._fill(
                    cells[number * count + at], cell.text, "black" if last else "body", side, widths[at], laid.size
                )
        self._laid_out(table, widths, whole=self._is_short(block))
        head = table.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - python-docx knows no repeated rows
        head.append(OxmlElement("w:tblHeader"))
        self._after_table()

    def _fill(self, cell: Any, text: str, face: str, side: WD_ALIGN_PARAGRAPH, width: int, size: float = 0) -> None:
        cell.width = width
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        line = cell.paragraphs[0]
        line.alignment = side
        form = line.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.SINGLE, 1.0
        for number, part in enumerate(text.split("\n")):
            run = self._run(line, part, face, size or self.measures["table"])
            if number:
                run._r.insert(1, OxmlElement("w:br"))  # noqa: SLF001 - after the run's properties, before its text

    def _picture(self, block: Picture) -> None:
        self._caption(block.caption)
        line = self.made.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        form = line.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.SINGLE, 1.0
        pixels = io.BytesIO(next(self.pixels))
        shape = line.add_run().add_picture(pixels, width=self._room())
        named = shape._inline.docPr  # noqa: SLF001 - where Word keeps the text for those who cannot see
        named.set("descr", block.drawing.description)
        named.set("title", block.drawing.title)

    def _pairs(self, pairs: Any, *, boxed: bool) -> None:
        if not pairs:
            return
        table = self.made.add_table(len(pairs), 2, style="Table Grid" if boxed else "Normal Table")
        table.autofit = False
        widths, small = [int(self._room() * share) for share in (0.42, 0.58)], self.measures["small"]
        for number, (label, value) in enumerate(pairs):
            left, right = table.rows[number].cells
            self._fill(left, label, "black", WD_ALIGN_PARAGRAPH.LEFT, widths[0], small)
            self._fill(right, value or "\n", "body", WD_ALIGN_PARAGRAPH.LEFT, widths[1], small)
        self._laid_out(table, widths, whole=boxed)
        for row in table.rows if boxed else ():
            row.height_rule, row.height = WD_ROW_HEIGHT_RULE.AT_LEAST, Mm(BOX_HEIGHT)
        self._after_table()

    @staticmethod
    def _is_short(block: Table) -> bool:
        return len(block.rows) <= SHORT and all(signs(cell.text) <= SHORT_CELL for row in block.rows for cell in row)

    def _laid_out(self, table: Any, widths: Sequence[int], *, whole: bool) -> None:
        """Widths for word processors that read them of columns, not of cells; no row is torn; `whole`: nor is the table."""
        for column, width in zip(table.columns, widths, strict=True):
            column.width = width
        margins = OxmlElement("w:tblCellMar")
        for side in ("left", "right"):
            edge = OxmlElement(f"w:{side}")
            edge.set(qn("w:w"), str(CELL_SIDE))
            edge.set(qn("w:type"), "dxa")
            margins.append(edge)
        table._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption", "w:tblDescription")  # noqa: SLF001 - python-docx has no margins
        rows = list(table._tbl.tr_lst)  # noqa: SLF001 - Table.rows walks the whole table for each row
        for number, row in enumerate(rows, 1):
            row.get_or_add_trPr().insert(0, OxmlElement("w:cantSplit"))
            if whole and number < len(rows):
                for paragraph in row.iter(qn("w:p")):
                    Line(paragraph, table).paragraph_format.keep_with_next = True

    def _after_table(self) -> None:
        _exactly(self.made.add_paragraph(), 8)

    # -- runs

    def _room(self) -> Any:
        margin = self.measures["margin"]
        return Mm(210 - margin["left"] - margin["right"])

    def _run(self, line: Line, text: str, face: str, size: float) -> Run:
        run = line.add_run("".join(sign for sign in text if sign in "\t\n" or ord(sign) >= ord(" ")))
        run.font.size = Pt(size)
        run.bold = False
        run.italic = False
        self._face(run._r.get_or_add_rPr(), face)  # noqa: SLF001 - python-docx knows no East Asian face
        colour = run.font.color
        colour.rgb = docx.shared.RGBColor(0, 0, 0)
        return run

    def _signs_of_title(self) -> float:
        """How many Chinese signs a line of the title holds."""
        return float(self._room() / Pt(self.measures["title"]))

    def _language(self) -> None:
        """Without it Chinese is proofed and broken into lines as if it were another language."""
        for language in self.made.styles.element.iter(qn("w:lang")):
            language.set(qn("w:val"), "en-US")
            language.set(qn("w:eastAsia"), "zh-CN")

    def _face(self, properties: Any, face: str) -> None:
        fonts = properties.get_or_add_rFonts()
        for name in list(fonts.attrib):
            if name.endswith(("Theme", "theme")):
                del fonts.attrib[name]
        fonts.set(qn("w:ascii"), self.faces["latin"])
        fonts.set(qn("w:hAnsi"), self.faces["latin"])
        fonts.set(qn("w:eastAsia"), self.faces[face])

    @staticmethod
    def _boxed(line: Line) -> None:
        borders = OxmlElement("w:pBdr")
        for side in ("top", "left", "bottom", "right"):
            edge = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", "8"), ("space", "4"), ("color", "000000")):
                edge.set(qn(f"w:{name}"), value)
            borders.append(edge)
        _bordered(line, borders)

    @staticmethod
    def _lined(line: Line, kind: str) -> None:
        """Word's own title has a rule of its own beneath it; `nil` takes it away."""
        borders = OxmlElement("w:pBdr")
        edge = OxmlElement("w:bottom")
        for name, value in (("val", kind), ("sz", "10"), ("space", "6"), ("color", "000000")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
        _bordered(line, borders)


def _exactly(line: Line, points: float) -> None:
    form = line.paragraph_format
    form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(points)


def _bordered(line: Line, borders: Any) -> None:
    properties = line._p.get_or_add_pPr()  # noqa: SLF001 - python-docx has no borders
    properties.insert_element_before(borders, *AFTER_BORDERS)
