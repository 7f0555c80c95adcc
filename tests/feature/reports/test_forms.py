"""An authority's own form: brought to an edition, filled, kept, and the same for ever."""

import io
from hashlib import sha256
from typing import Any

import docx
import httpx
import openpyxl
from sqlalchemy import select

from irm.db import Database
from irm.ledger import LedgerEntryRow
from tests.conftest import Drain, SignIn
from tests.feature.reports.conftest import Town
from tests.feature.reports.test_annual import made


def form(*paragraphs: str) -> bytes:
    out, one = io.BytesIO(), docx.Document()
    for each in paragraphs:
        one.add_paragraph(each)
    one.save(out)
    return out.getvalue()


def sheet(**cells: str) -> bytes:
    out, one = io.BytesIO(), openpyxl.Workbook()
    for at, text in cells.items():
        assert one.active is not None
        one.active[at] = text
    one.save(out)
    return out.getvalue()


async def bring(
    client: httpx.AsyncClient, edition: str, content: bytes, name: str = "上级年报表.docx"
) -> httpx.Response:
    return await client.post(f"/api/v1/editions/{edition}/form", files={"file": (name, content)})


async def test_a_form_is_filled_kept_and_in_the_ledger(sign_in: SignIn, drain: Drain, year: Town, db: Database) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    content = form(
        "{{ organization }} {{ year }} 年度第 {{ edition }} 版", "三级系统 {{ systems.by_level.level_3.systems }} 个"
    )
    done = await bring(client, one["id"], content)
    assert done.status_code == 200, done.text
    texts = [each.text for each in docx.Document(io.BytesIO(done.content)).paragraphs]
    assert texts[0].endswith("2026 年度第 1 版")
    assert texts[1] == "三级系统 1 个"
    digest = sha256(done.content).hexdigest()
    assert done.headers["etag"] == f'"{digest}"'
    again = await bring(client, one["id"], content)
    assert again.content == done.content
    async with db.transaction() as tx:
        entries = list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "edition.filled")))
    assert len(entries) == 1, "the same again is kept once"
    assert digest in entries[0].body
    assert sha256(content).hexdigest() in entries[0].body
    page = (await client.get(f"/reports/{one['id']}/form")).text
    assert "annual-2026-unit-a-1-上级年报表.docx" in page
    import re

    links = re.findall(rf'href="(/reports/{one["id"]}/form/[^"]+)"', page)
    assert [(await client.get(link)).content for link in links] == [done.content, content]


async def test_every_name_that_the_list_offers_can_be_filled(sign_in: SignIn, drain: Drain, year: Town) -> None:
    """Also those of the city, in both kinds of form; the list says what the file then says."""
    client = await sign_in(year.lead)
    one = await made(client, drain, organization="authority", scope="city")
    listed = (await client.get(f"/api/v1/editions/{one['id']}/placeholders")).json()
    single = [each for each in listed if not each["name"].startswith("row.")]
    rows = [each for each in listed if each["name"].startswith("row.")]
    assert len(single) > 200
    done = await bring(client, one["id"], form(*(f"{{{{ {each['name']} }}}}" for each in single)))
    assert done.status_code == 200, done.text
    assert [each.text for each in docx.Document(io.BytesIO(done.content)).paragraphs] == [
        str(each["sample"]) for each in single
    ]
    cells = {f"A{number}": f"{{{{ {each['name']} }}}}" for number, each in enumerate(rows, 2)}
    filled = await bring(client, one["id"], sheet(**cells), "table.xlsx")
    assert filled.status_code == 200, filled.text
    page = (await client.get(f"/reports/{one['id']}/placeholders")).text
    assert "{{ systems.by_level.total.filed }}" in page
    assert "第三级" in page or "第 3 级" in page


async def test_a_form_that_asks_for_what_there_is_not_is_refused_whole(
    sign_in: SignIn, drain: Drain, year: Town
) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    wrong = form("{{ year }}", "{{ systems.by_level.level_3.system }}", "{{ nonsense }}")
    answer = await client.post(f"/reports/{one['id']}/form", files={"file": ("f.docx", wrong)})
    assert answer.status_code == 422
    assert (
        "第 2 段：没有占位符“systems.by_level.level_3.system”，是否应为“systems.by_level.level_3.systems”"
        in answer.text
    )
    assert "第 3 段：没有占位符“nonsense”" in answer.text
    assert "本版尚未填写过表格" in answer.text, "nothing is kept"
    told = await bring(client, one["id"], wrong)
    assert told.status_code == 422
    assert len(told.json()["errors"]) == 2
    assert (await client.post(f"/reports/{one['id']}/form", data={})).status_code == 422


async def test_a_form_is_filled_by_whoever_makes_the_report_and_read_by_nobody_else(
    sign_in: SignIn, drain: Drain, year: Town
) -> None:
    client = await sign_in(year.unit_lead)
    mine = await made(client, drain)
    await bring(client, mine["id"], form("{{ year }}"))
    lead = await sign_in(year.lead)
    city = await made(lead, drain, organization="authority", scope="city")
    client = await sign_in(year.unit_lead)
    assert (await bring(client, city["id"], form("{{ year }}"))).status_code == 404
    for path in ("form", "placeholders"):
        assert (await client.get(f"/reports/{city['id']}/{path}")).status_code == 404
    assert (await client.get(f"/api/v1/editions/{city['id']}/placeholders")).status_code == 404


async def test_the_words_of_a_form_are_those_of_its_edition(sign_in: SignIn, drain: Drain, year: Town) -> None:
    client = await sign_in(year.unit_lead)
    one = await made(client, drain)
    words: dict[str, Any] = {"commentary": {"incidents": "甲\n乙"}, "version": one["version"]}
    await client.put(f"/api/v1/editions/{one['id']}/commentary", json=words)
    done = await bring(client, one["id"], sheet(A1="{{ incidents.text }}", B1="{{ year }}"), "f.xlsx")
    found = openpyxl.load_workbook(io.BytesIO(done.content)).active
    assert found is not None
    assert (found["A1"].value, found["B1"].value) == ("甲\n乙", 2026)
