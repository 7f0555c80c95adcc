"""The police bring 调取证据通知书: what they take stands on a list that both sides sign."""

import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.obligations import queries
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night

NOTICE = "调取 11 月 22 日 00:00 至 04:00 的登录日志和磁盘镜像"
OFFICER = "民警甲 警号 000001"
DISK = {"name": "磁盘镜像硬盘", "quantity": 1, "condition": "封存完好", "sha256": "ab" * 32}


@pytest.fixture
async def police(night: Night) -> UUID:
    async with night.db.transaction() as tx:
        return await make.organization(tx, "public_security", tier="city")


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update({"accept": "application/json", "accept-language": "en"})
    client.cookies.set("irm_locale", "en")
    return client


async def notified(desk: httpx.AsyncClient, night: Night, police: UUID, **more: Any) -> dict[str, Any]:
    given = {
        "incident": night.subject.number,
        "authority": str(police),
        "asks": "handover",
        "means": "visit",
        "said": NOTICE,
        "number": "公网安调证字〔2026〕18号",
    }
    answer = await desk.post("/api/v1/directives", json=given | more)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def kept_log(night: Night, tmp_path: Path, name: str = "login.log") -> evidence.Attachment:
    async def content() -> Any:
        yield b"login\n"

    blob = await BlobStore(tmp_path).put(content(), name)
    async with night.db.transaction(night.actor) as tx:
        found = await evidence.attach(
            tx,
            blob,
            subject=night.subject.path,
            organization_id=night.authority,
            account_id=night.officer.id,
            actor=night.actor,
            now=night.clock.now(),
        )
        return await evidence.attachment(tx, found)


def listed(log: evidence.Attachment, **more: Any) -> dict[str, Any]:
    return {
        "things": [{"attachment": str(log.id), "condition": "副本，校验值一致"}, DISK],
        "handed_by": "值班员 03",
        "taken_by": OFFICER,
        "place": "市政务云机房",
    } | more


async def test_what_the_police_take_stands_on_a_list_and_meets_the_demand(
    night: Night, desk: httpx.AsyncClient, police: UUID, tmp_path: Path
) -> None:
    log = await kept_log(night, tmp_path)
    notice = await notified(desk, night, police)
    night.clock.tick(minutes=20)
    taken_at = night.clock.now() - timedelta(minutes=18)
    path = f"/api/v1/directives/{notice['id']}/handovers"
    answer = await desk.post(path, json=listed(log, stated_at=taken_at.isoformat()))
    assert answer.status_code == 201, answer.text
    handed = answer.json()
    assert [one["sha256"] for one in handed["things"]] == [log.sha256, "ab" * 32]
    (duty,) = await night.duties()
    assert (duty.status, duty.submitted_at) == ("met", taken_at)
    async with night.db.transaction() as tx:
        shown = await queries.submission(tx, UUID(handed["submission"]))
        held = await evidence.attachment(tx, log.id)
    assert (shown.receipts[0].received_by, shown.entered_afterwards) == (OFFICER, True)
    assert (held.holder_organization_id, held.holder_name) == (police, OFFICER)
    told = await night.told()
    assert {"evidence.handed_over", "directive.evidence_handed_over", "submission.receipted"} <= set(told)

    twice = await desk.post(path, json=listed(log))
    assert (twice.status_code, twice.json()["code"]) == (409, "held")
    assert [one["id"] for one in (await desk.get(path)).json()["handovers"]] == [handed["id"]]
    pdf = await desk.get(f"/handovers/{handed['id']}/paper.pdf")
    assert pdf.content.startswith(b"%PDF")
    docx = await desk.get(f"/api/v1/handovers/{handed['id']}/paper", params={"format": "docx"})
    text = zipfile.ZipFile(io.BytesIO(docx.content)).read("word/document.xml").decode()
    for words in ("证据材料移交清单", OFFICER, "公网安调证字〔2026〕18号", "封存完好"):
        assert words in text


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"things": []}, "things"),
        ({"things": [{"name": "", "condition": "好"}]}, "things.0.name"),
        ({"things": [{"name": "硬盘", "condition": ""}]}, "things.0.condition"),
        ({"things": [{"name": "硬盘", "condition": "好", "quantity": 0}]}, "things.0.quantity"),
        ({"things": [{"name": "硬盘", "condition": "好", "sha256": "xyz"}]}, "things.0.sha256"),
        ({"things": [{"attachment": str(uuid4()), "condition": "好"}]}, "things.0.attachment"),
        ({"taken_by": " "}, "taken_by"),
        ({"handed_by": "a\x00"}, "handed_by"),
        ({"place": "x" * 201}, "place"),
        ({"stated_at": "2020-01-01T00:00:00Z"}, "stated_at"),
        ({"scan": str(uuid4())}, "attachment"),
    ],
)
async def test_a_fault_on_the_list_names_its_line_and_leaves_nothing(
    night: Night, desk: httpx.AsyncClient, police: UUID, tmp_path: Path, more: dict[str, Any], field: str
) -> None:
    log = await kept_log(night, tmp_path)
    notice = await notified(desk, night, police)
    answer = await desk.post(f"/api/v1/directives/{notice['id']}/handovers", json=listed(log, **more))
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert await night.told("submission") == []
    assert await night.told("evidence.handed_over") == []


async def test_nothing_is_handed_over_without_a_demand_that_stands(
    night: Night, desk: httpx.AsyncClient, police: UUID, tmp_path: Path
) -> None:
    log = await kept_log(night, tmp_path)
    asked = await notified(desk, night, police, asks="answer")
    assert (await desk.post(f"/api/v1/directives/{asked['id']}/handovers", json=listed(log))).status_code == 409
    notice = await notified(desk, night, police)
    await notified(desk, night, police, asks="withdrawal", replaces=notice["id"], said="不再调取")
    assert (await desk.post(f"/api/v1/directives/{notice['id']}/handovers", json=listed(log))).status_code == 409


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_the_list_on_the_page(
    night: Night, desk: httpx.AsyncClient, police: UUID, tmp_path: Path, locale: str
) -> None:
    log = await kept_log(night, tmp_path)
    notice = await notified(desk, night, police)
    desk.headers.update({"accept": "text/html"})
    desk.cookies.set("irm_locale", locale)
    page = f"/directives/{notice['id']}"
    assert "login.log" in (await desk.get(page)).text
    typed = {
        "files": str(log.id),
        "file_condition": "副本，校验值一致",
        "things": "硬盘；1；封存完好\n光盘 两张",
        "handed_by": "值班员 03",
        "taken_by": OFFICER,
    }
    wrong = await desk.post(f"{page}/hand-over", data=typed)
    assert wrong.status_code == 422
    assert "#f-things" in wrong.text
    assert OFFICER in wrong.text
    right = await desk.post(f"{page}/hand-over", data=typed | {"things": "硬盘；1；封存完好\n光盘;2;完好"})
    assert right.status_code == 303, right.text
    shown = (await desk.get(page)).text
    for words in ("硬盘", "光盘", "封存完好", log.sha256, OFFICER, "paper.pdf"):
        assert words in shown
