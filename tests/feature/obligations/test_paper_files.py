"""The A4 report as PDF and DOCX: what goes to an office, also by fax."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import docx
import httpx
import pypdfium2
import pytest

from irm.access.policy import Role
from irm.documents.pdf import to_pdf
from irm.documents.tree import SignOff
from irm.i18n import translator
from irm.obligations.forms import form_of
from irm.obligations.paper import letter
from irm.obligations.subjects import SystemName
from irm.obligations.views import Named, Period, Receipt, Submission
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    return await sign_in(night.officer)


def text_of(content: bytes) -> tuple[int, str]:
    made = pypdfium2.PdfDocument(content)
    try:
        found = []
        for number in range(len(made)):
            page = made[number]
            words = page.get_textpage()
            found.append(words.get_text_bounded())
            words.close()
            page.close()
        return len(made), "".join("".join(found).split())
    finally:
        made.close()


async def test_the_report_is_one_page_in_chinese_with_everything_on_it(night: Night, desk: httpx.AsyncClient) -> None:
    (opened,) = await night.open(night.owed())
    draft = await night.draft(opened.id)
    answer = await desk.get(f"/submissions/{draft}/paper.pdf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    pages, text = text_of(answer.content)
    assert pages == 1
    for wanted in ("网络安全事件初报", "operator,system1", "待补报", "报送单位（盖章）", night.subject.number, "—1—"):
        assert wanted in text, wanted
    assert "草稿" in text
    await night.submit(draft)
    _, handed_over = text_of((await desk.get(f"/submissions/{draft}/paper.pdf")).content)
    assert "草稿" not in handed_over
    again = await desk.get(f"/submissions/{draft}/paper.pdf")
    assert again.content == (await desk.get(f"/submissions/{draft}/paper.pdf")).content
    assert "submission.read" in await night.told()


async def test_the_report_opens_in_a_word_processor(night: Night, desk: httpx.AsyncClient) -> None:
    (opened,) = await night.open(night.owed())
    draft = await night.draft(opened.id)
    answer = await desk.get(f"/submissions/{draft}/paper.docx")
    texts = [line.text for line in docx.Document(io.BytesIO(answer.content)).paragraphs]
    assert "operator, system 1" in texts
    assert "网络安全事件初报" in texts
    assert (
        await desk.get(f"/api/v1/submissions/{draft}/paper", params={"format": "docx", "lang": "en"})
    ).status_code == 200
    assert (await desk.get(f"/api/v1/submissions/{draft}/paper", params={"format": "odt"})).status_code == 404


async def test_a_stranger_gets_no_paper(night: Night, sign_in: SignIn) -> None:
    (opened,) = await night.open(night.owed())
    draft = await night.draft(opened.id)
    async with night.db.transaction() as tx:
        stranger = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
    client = await sign_in(stranger)
    for path in (f"/submissions/{draft}/paper.pdf", f"/submissions/{draft}/paper.docx"):
        assert (await client.get(path)).status_code == 404


async def test_a_number_on_paper_says_what_it_numbers_and_moments_are_written_out(
    night: Night, desk: httpx.AsyncClient
) -> None:
    (opened,) = await night.open(night.owed())
    draft = await night.draft(opened.id)
    await night.submit(draft)
    _, text = text_of((await desk.get(f"/submissions/{draft}/paper.pdf")).content)
    assert f"事件编号：{night.subject.number}" in text
    assert "北京时间" in text
    assert "年" in text.partition("报送时间")[2][:12]
    assert "未填写。" in text, "nothing more is owed for 其他应当报告的情况"


async def test_the_page_for_printing_says_what_the_pdf_says(night: Night, desk: httpx.AsyncClient) -> None:
    """Both are the same letter: one with seconds and one without would be two reports."""
    (opened,) = await night.open(night.owed())
    draft = await night.draft(opened.id)
    await night.submit(draft)
    _, paper = text_of((await desk.get(f"/submissions/{draft}/paper.pdf")).content)
    page = (await desk.get(f"/submissions/{draft}/print")).text
    _, _, letter_on_page = page.partition("</article>")[0].partition('<article class="paper">')
    shown = ["".join(one.replace("&nbsp;", "").split()) for one in re.split(r"<[^>]+>", letter_on_page)]
    assert "报送时间" in shown
    assert not [one for one in shown if re.search(r"\d{4}-\d{2}-\d{2}\d{2}:\d{2}", one)], "moments are written out"
    assert not [one for one in shown if one not in paper]


def test_a_paper_says_for_which_system_and_which_month_it_is() -> None:
    """Without it a monthly paper is any month's, and a self-check any system's."""
    monthly = letter(submitted("organization/1", period=Period("2026-08", None, None)), form_of("notice"), CHINESE)
    assert (monthly.right, monthly.under) == ("", "2026年8月")
    check = letter(
        submitted("system/1", system=SystemName("fund", "公积金系统"), period=Period("2026-H1", None, None)),
        form_of("notice"),
        CHINESE,
    )
    assert (check.right, check.under) == ("", "公积金系统 · 2026年上半年")
    finding = letter(submitted("finding/1", number="WT-2026-00001"), form_of("rectification"), CHINESE)
    assert finding.right == "问题项编号：WT-2026-00001"


def test_a_filing_says_that_it_is_the_report_and_a_file_handed_over_twice_stands_once() -> None:
    filed = str(letter(submitted("incident/1", form="filing"), form_of("filing"), CHINESE).blocks)
    assert "在系统中登记的事件线索即为报告。" in filed
    assert filed.count("f" * 64) == 1


def test_a_receipt_given_in_irm_names_who_gave_it() -> None:
    one = replace(
        submitted("incident/1"),
        receipts=(
            Receipt(
                id=NIL,
                outcome="received",
                standing="confirmed",
                number=None,
                received_by=None,
                means="irm",
                stated_at=AT,
                recorded_at=AT,
                recorded_by="值班员甲",
                recorded_by_id=NIL,
                entered_afterwards=False,
                confirmed_at=AT,
                confirmed_by="值班员甲",
                attachment_id=None,
                contact_record_id=None,
                note=None,
            ),
        ),
    )
    (boxes,) = [block for block in letter(one, form_of("notice"), CHINESE).blocks if isinstance(block, SignOff)]
    assert boxes.pairs[-1][1] == "值班员甲 北京时间 2026年7月4日14时45分（UTC+8）"


def test_no_page_holds_only_a_signature_or_a_last_line() -> None:
    """However long the report: with the box goes what stands before it."""
    form = form_of("progress")
    alone = []
    for lines in range(1, 40):
        items = dict.fromkeys((item.key for item in form.items), "已隔离主机。") | {
            "course": "业务中断，正在恢复。\n" * lines
        }
        document = letter(replace(submitted("incident/1", form="progress"), items=items), form, CHINESE)
        made = pypdfium2.PdfDocument(to_pdf(document))
        words = made[len(made) - 1].get_textpage().get_text_bounded()
        if "随报告报送的文件" not in words or "报送单位（盖章）" not in words:
            alone.append((lines, words))
        made.close()
    assert not alone


NIL = UUID(int=0)
AT = datetime(2026, 7, 4, 6, 45, tzinfo=UTC)
CHINESE = translator("zh-CN")


def submitted(
    subject: str,
    *,
    number: str = "SJ-2026-000001",
    form: str = "notice",
    system: SystemName | None = None,
    period: Period | None = None,
) -> Submission:
    unit = Named(NIL, "示例市公积金中心", "000-1", kind="using_unit", tier="city")
    return Submission(
        id=NIL,
        serial="BS-2026-000001",
        report_id=NIL,
        form=form,
        subject=subject,
        number=number,
        page="/",
        system=system,
        incident_id=None,
        sender=unit,
        speaks_for=(),
        agreed={},
        recipient=unit,
        means="irm",
        status="receipted",
        ordinal=1,
        items={},
        newer={},
        files=((NIL, "a.pdf", "f" * 64), (UUID(int=1), "a.pdf", "f" * 64)),
        document_number=None,
        version=1,
        stated_at=AT,
        submitted_at=AT,
        recorded_at=AT,
        entered_afterwards=False,
        created_at=AT,
        updated_at=AT,
        submitted_by="联络员",
        delivery_id=None,
        follows_id=None,
        exercise=False,
        receipts=(),
        obligations=(),
        owed_for=period,
    )
