"""One tree, three writers: equal bytes for equal trees, readable, and laid out as GB/T 9704 says."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docx
import pypdfium2
import pytest

from irm.documents.pdf import to_pdf, to_png
from irm.documents.screen import fragment, to_html
from irm.documents.tree import (
    Block,
    Break,
    Cell,
    Document,
    Facts,
    Heading,
    Paragraph,
    Picture,
    SignOff,
    Table,
)
from irm.documents.typesetting import MADE_AT
from irm.documents.word import to_docx
from irm.web.charts import Bar, bars

CHART = bars(
    [Bar("一季度", (3, 1)), Bar("二季度", (7, 0))], ["按时", "超时"], title="时限", description="按季度", key="k"
)
BODY = "全年发生网络安全事件 17 起，均按规定时限报告。<script>alert(1)</script> & #set page(width: 1pt)"
BLOCKS: tuple[Block, ...] = (
    Paragraph("市委网信办：", "to"),
    Heading(1, "一、信息系统"),
    Paragraph(BODY),
    Heading(2, "（一）定级备案"),
    Table(
        ["级别", "系统数"],
        [[Cell("三级", "/systems?level=3"), Cell("31")], [Cell("合计"), Cell("31")]],
        "表1 定级备案",
        frozenset({1}),
        (3, 1),
        total=True,
    ),
    Picture(CHART, "图1 时限履行"),
    Heading(3, "1. 事项"),
    Facts([("截止时间", "2026-12-31 24:00")]),
    Paragraph("注：数据为快照。", "note"),
    Break(),
    SignOff([("报送单位（盖章）", "市大数据局"), ("审批人签字", "")]),
)
DOCUMENT = Document("2026年度政务云网络安全合规情况报告", BLOCKS, "zh-CN", mark="演练", left="编号：1", foot="第1版")


@contextmanager
def opened(content: bytes) -> Iterator[pypdfium2.PdfDocument]:
    made = pypdfium2.PdfDocument(content)
    try:
        yield made
    finally:
        made.close()


def words(content: bytes) -> list[str]:
    """Text of each page."""
    with opened(content) as made:
        pages = []
        for number in range(len(made)):
            page = made[number]
            text = page.get_textpage()
            pages.append(text.get_text_bounded())
            text.close()
            page.close()
        return pages


def dark_rows(content: bytes, page_number: int = 0) -> tuple[float, float, float, float]:
    """Where ink begins and ends on a page, in millimetres: left, top, right, bottom."""
    with opened(content) as made:
        page = made[page_number]
        bitmap = page.render(scale=2, grayscale=True)
        width, height, stride, pixels = bitmap.width, bitmap.height, bitmap.stride, bytes(bitmap.buffer)
        bitmap.close()
        page.close()
    lines = [pixels[at * stride : at * stride + width] for at in range(height)]
    inked = [at for at, line in enumerate(lines) if min(line) < 128]
    left = min(next(x for x, value in enumerate(lines[at]) if value < 128) for at in inked)
    right = max(width - next(x for x, value in enumerate(reversed(lines[at])) if value < 128) for at in inked)
    scale = 25.4 / 72 / 2
    return left * scale, inked[0] * scale, right * scale, inked[-1] * scale


def test_pdf_is_the_same_bytes_and_holds_every_text() -> None:
    made = to_pdf(DOCUMENT)
    assert made == to_pdf(DOCUMENT)
    pages = words(made)
    text = "".join("".join(pages).split())
    for wanted in (
        "合规情况报告",
        "市委网信办：",
        "<script>alert(1)</script>",
        "表1定级备案",
        "图1时限履行",
        "按时",
        "演练",
    ):
        assert wanted.replace(" ", "") in text, wanted
    assert len(pages) == 2
    assert "— 1 —" in pages[0]
    assert b"CreationDate" not in made or MADE_AT == 946_684_800


def test_pdf_keeps_the_margins_of_the_standard() -> None:
    """天头 37 mm, 订口 28 mm, 版心 156 mm wide: nothing but the page number stands outside."""
    long = Document("报告", [Paragraph("字" * 1200)], "zh-CN")
    left, top, right, _ = dark_rows(to_pdf(long), 1)
    assert left == pytest.approx(28, abs=1.5)
    assert right == pytest.approx(28 + 156, abs=2.5)
    assert top == pytest.approx(37, abs=2)
    (first, second, *_) = words(to_pdf(long))
    lines = [line for line in second.splitlines() if set(line) == {"字"}]
    assert len(lines) == 22
    assert {len(line) for line in lines[1:-1]} == {28} or max(map(len, lines)) in {27, 28}
    assert "— 2 —" in second
    assert first


def test_a_form_fits_one_page() -> None:
    items = [block for n in range(8) for block in (Heading(1, f"{n}、事项"), Paragraph("内容" * 40, "plain"))]
    one = Document("网络安全事件初报", [*items, SignOff([("报送单位", ""), ("签收", "")])], "zh-CN", layout="form")
    assert len(words(to_pdf(one))) == 1


def test_a_chart_is_drawn_with_its_texts() -> None:
    left, top, right, bottom = dark_rows(to_pdf(Document("图", [Picture(CHART, "")], "zh-CN")))
    assert left < 80
    assert right > 120
    assert top < bottom
    png = to_png(CHART)
    assert png.startswith(b"\x89PNG")
    assert png == to_png(CHART)


def test_docx_is_the_same_bytes_and_opens() -> None:
    made = to_docx(DOCUMENT)
    assert made == to_docx(DOCUMENT)
    archive = zipfile.ZipFile(io.BytesIO(made))
    assert archive.namelist()[0] == "[Content_Types].xml"
    assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    opened_again = docx.Document(io.BytesIO(made))
    texts = [line.text for line in opened_again.paragraphs]
    assert BODY in texts
    assert [line.style.name for line in opened_again.paragraphs if line.style.name.startswith("Heading")] == [
        "Heading 1",
        "Heading 2",
        "Heading 3",
    ]
    assert [cell.text for cell in opened_again.tables[0].rows[1].cells] == ["三级", "31"]
    section = opened_again.sections[0]
    assert (round(section.left_margin.mm), round(section.top_margin.mm)) == (28, 37)
    xml = archive.read("word/document.xml").decode()
    assert 'w:eastAsia="仿宋_GB2312"' in xml
    assert 'descr="按季度"' in xml
    assert "PAGE" in archive.read("word/footer1.xml").decode()


def test_parts_of_a_paragraph_stand_in_the_order_that_word_asks_for() -> None:
    xml = zipfile.ZipFile(io.BytesIO(to_docx(DOCUMENT))).read("word/document.xml").decode()
    order = ["pStyle", "keepNext", "widowControl", "pBdr", "tabs", "spacing", "ind", "jc"]
    for properties in re.findall(r"<w:pPr>(.*?)</w:pPr>", xml):
        tags = [tag for tag in re.findall(r"<w:(\w+)", properties) if tag in order]
        assert tags == sorted(tags, key=order.index), properties


def test_html_escapes_and_leads_to_records_on_the_screen_only() -> None:
    page = to_html(DOCUMENT).decode()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "href=" not in page
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page
    assert '<a href="/systems?level=3">三级</a>' in fragment(DOCUMENT)
    assert page == to_html(DOCUMENT).decode()


def test_an_english_document_is_set_too() -> None:
    one = Document("Annual compliance report", [Heading(1, "1. Systems"), Paragraph("Thirty systems.")], "en")
    assert "Thirty systems." in "".join(words(to_pdf(one)))
    assert "Thirty systems." in [line.text for line in docx.Document(io.BytesIO(to_docx(one))).paragraphs]


def test_a_long_title_is_broken_where_a_word_ends_and_evenly() -> None:
    from irm.documents.titles import title_lines

    assert title_lines("示例市政务服务和大数据管理局2026年度网络安全合规报告", 20) == [
        "示例市政务服务和大数据管理局",
        "2026年度网络安全合规报告",
    ]
    assert title_lines("短标题 2026", 20) == ["短标题 2026"]
    assert title_lines("示例市卫生健康委员会2026年度网络安全合规报告", 20) == [
        "示例市卫生健康委员会",
        "2026年度网络安全合规报告",
    ]
    assert title_lines("示例市政务服务和大数据管理局: annual report on network security compliance, 2026", 20) == [
        "示例市政务服务和大数据管理局:",
        "annual report on network",
        "security compliance, 2026",
    ]
    unbreakable = "长" * 30
    assert title_lines(unbreakable, 20) == [unbreakable], "the word processor breaks it"


def test_a_hash_is_copied_from_paper_without_other_signs() -> None:
    digest = "0123456789abcdef" * 4
    (page,) = words(to_pdf(Document("t", [Facts([("数据摘要（SHA-256）", digest)])], "zh-CN")))
    assert digest in "".join(page.split())


def test_the_name_of_a_file_stays_in_its_cell() -> None:
    """In Chinese nothing is hyphenated: a long name ran into the hash beside it."""
    name = "access-2026-07-04-of-the-portal.log"
    tree = Document("t", [Table(["a", "b"], [[Cell(name), Cell("")]], widths=(1, 4))], "zh-CN")
    made = pypdfium2.PdfDocument(to_pdf(tree))
    try:
        page = made[0]
        text = page.get_textpage()
        whole = text.get_text_range()
        at = whole.index("a", whole.index("b"))
        edge = max(text.get_charbox(sign)[2] for sign in range(at, at + 8))
        last = max(text.get_charbox(sign)[2] for sign in range(at, text.count_chars()) if whole[sign] in "glo.")
        text.close()
        page.close()
    finally:
        made.close()
    right = (28 + 156 / 5) * 72 / 25.4
    assert edge <= right
    assert last <= right


def test_a_title_stands_in_the_pdf_as_in_word() -> None:
    title = "示例市卫生健康委员会2026年度网络安全合规报告"
    (page,) = words(to_pdf(Document(title, [Paragraph("a")], "zh-CN")))
    assert page.replace(" ", "").splitlines()[:2] == ["示例市卫生健康委员会", "2026年度网络安全合规报告"]
    word = docx.Document(io.BytesIO(to_docx(Document(title, [Paragraph("a")], "zh-CN"))))
    assert word.paragraphs[0].text.splitlines() == ["示例市卫生健康委员会", "2026年度网络安全合规报告"]


def test_a_line_broken_in_a_word_cell_stands_after_what_a_run_looks_like() -> None:
    """Word calls a file damaged where it does not."""
    made = docx.Document(io.BytesIO(to_docx(Document("t", [SignOff([("a", "first\nsecond")])], "en"))))
    (run,) = [run for run in made.tables[0].cell(0, 1).paragraphs[0].runs if run.text.strip() == "second"]
    assert [child.tag.rpartition("}")[2] for child in run._r] == ["rPr", "br", "t"]


def test_a_word_table_has_its_widths_in_every_word_processor_and_tears_no_row() -> None:
    from irm.documents.word import SHORT

    def made(rows: int) -> Any:
        tree = Document("t", [Table(["a", "b"], [[Cell("x"), Cell("1")]] * rows, widths=(3, 1))], "zh-CN", foot="foot")
        return docx.Document(io.BytesIO(to_docx(tree)))

    short, long = made(SHORT), made(SHORT + 1)
    first, second = (column.width for column in short.tables[0].columns)
    assert first // 1000 == 3 * second // 1000
    kept = [[cell.paragraphs[0].paragraph_format.keep_with_next for cell in row.cells] for row in short.tables[0].rows]
    assert kept[:-1] == [[True, True]] * SHORT
    assert kept[-1] == [None, None]
    assert all(row._tr.trPr.xpath("./w:cantSplit") for row in long.tables[0].rows)
    assert long.tables[0].rows[0]._tr.trPr.xpath("./w:tblHeader")
    assert long.tables[0].rows[1].cells[0].paragraphs[0].paragraph_format.keep_with_next is None


def test_all_charts_of_a_document_are_drawn_by_one_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """One child each took a document beyond its time on a busy machine."""
    import subprocess

    begun: list[object] = []
    really = subprocess.run

    def counted(*words: Any, **more: Any) -> Any:
        begun.append(words)
        return really(*words, **more)

    monkeypatch.setattr(subprocess, "run", counted)
    content = to_docx(Document("t", [Picture(CHART, "one"), Picture(CHART, "two"), Picture(CHART, "three")], "en"))
    assert len(begun) == 1
    assert len(docx.Document(io.BytesIO(content)).inline_shapes) == 3


def test_nobody_gets_a_page_with_nothing_but_boxes_to_sign() -> None:
    content = to_docx(Document("t", [Paragraph("a"), Paragraph("b"), SignOff([("name", ""), ("day", "")])], "en"))
    found = docx.Document(io.BytesIO(content))
    kept = {each.text: each.paragraph_format.keep_with_next for each in found.paragraphs}
    assert kept["b"] is True
    assert kept["a"] is None
