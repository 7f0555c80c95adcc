"""The A4 report as PDF and DOCX: what goes to an office, also by fax."""

import io

import docx
import httpx
import pypdfium2
import pytest

from irm.access.policy import Role
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
