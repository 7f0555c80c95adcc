"""Both sides have signed the list on paper: the scan is taken with a phone afterwards, hashed, and proves the receipt."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from irm.evidence.service import attachments_under
from irm.obligations import queries
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night
from tests.feature.obligations.test_evidence_on_demand import kept_log, listed

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
Upload = tuple[str, tuple[str, bytes, str]]


def photo(content: bytes = PNG, name: str = "清单第1页.png") -> Upload:
    return ("file", (name, content, "image/png"))


class SignedNight:
    """The police have taken a log on a list; nobody has scanned it yet."""

    def __init__(self, night: Night, desk: httpx.AsyncClient, directive: str, handover: dict[str, Any]) -> None:
        self.night, self.desk, self.directive = night, desk, directive
        self.id, self.submission = handover["id"], UUID(handover["submission"])

    async def receipt(self) -> Any:
        async with self.night.db.transaction() as tx:
            (found,) = (await queries.submission(tx, self.submission)).receipts
            return found

    async def kept(self) -> list[str]:
        async with self.night.db.transaction() as tx:
            found = await attachments_under(tx, f"{self.night.subject.path}/submission")
            return [one.sha256 for one in found]

    async def send(self, *files: Upload) -> httpx.Response:
        return await self.desk.post(
            f"/handovers/{self.id}/scans", files=list(files) or None, headers={"accept": "text/html"}
        )

    async def page(self) -> str:
        return (await self.desk.get(f"/directives/{self.directive}", headers={"accept": "text/html"})).text


@pytest.fixture
async def signed(night: Night, sign_in: SignIn, tmp_path: Path) -> SignedNight:
    desk: httpx.AsyncClient = await sign_in(night.officer)
    desk.headers.update({"accept": "application/json"})
    async with night.db.transaction() as tx:
        police = await make.organization(tx, "public_security", tier="city")
    notice = {"incident": night.subject.number, "authority": str(police), "asks": "handover", "means": "visit"}
    directive = (await desk.post("/api/v1/directives", json=notice | {"said": "调取登录日志"})).json()
    given = await desk.post(
        f"/api/v1/directives/{directive['id']}/handovers", json=listed(await kept_log(night, tmp_path))
    )
    return SignedNight(night, desk, directive["id"], given.json())


async def test_the_scan_is_kept_with_its_digest_and_proves_the_receipt(signed: SignedNight) -> None:
    assert (await signed.receipt()).standing == "self_declared"
    assert "尚未上传双方签字的清单" in await signed.page()
    assert (await signed.send(photo(), photo(PDF, "清单.pdf"))).status_code == 303
    digests = [sha256(PNG).hexdigest(), sha256(PDF).hexdigest()]
    assert await signed.kept() == digests
    assert (await signed.receipt()).standing == "confirmed"
    shown = await signed.page()
    for text in (*digests, "清单第1页.png", "清单.pdf", "补充上传"):
        assert text in shown
    assert "尚未上传" not in shown
    told = await signed.night.told()
    assert told.count("evidence.stored") == 3, "the log, and two pages of the list"
    assert told.count("submission.receipt_confirmed") == 1


async def test_the_same_page_twice_is_kept_once(signed: SignedNight) -> None:
    for _ in range(2):
        await signed.send(photo())
    assert await signed.kept() == [sha256(PNG).hexdigest()]
    assert (await signed.night.told("submission.receipt_confirmed")) == ["submission.receipt_confirmed"]


async def test_a_list_that_a_second_person_confirmed_still_takes_its_scan(signed: SignedNight, sign_in: SignIn) -> None:
    second = await sign_in(signed.night.second)
    receipt = await signed.receipt()
    path = f"/api/v1/submissions/{signed.submission}/receipt/{receipt.id}/confirmation"
    assert (await second.post(path, json={}, headers={"accept": "application/json"})).status_code == 200
    assert (await signed.receipt()).attachment_id is None
    await signed.send(photo())
    assert (await signed.receipt()).attachment_id is not None


@pytest.mark.parametrize(
    "files",
    [
        (),
        (("file", ("清单.exe", b"MZ\x00\x00", "application/octet-stream")),),
        (("file", ("a.png", b"", "image/png")),),
    ],
)
async def test_what_is_no_scan_is_refused_and_nothing_is_kept(signed: SignedNight, files: Sequence[Upload]) -> None:
    answer = await signed.send(*files)
    assert answer.status_code == 422
    assert f"#f-scan-{signed.id}" in answer.text
    assert await signed.kept() == []
    assert (await signed.receipt()).standing == "self_declared"


async def test_by_the_interface_and_for_nobody_else(signed: SignedNight, sign_in: SignIn) -> None:
    path = f"/api/v1/handovers/{signed.id}/scans"
    answer = await signed.desk.post(path, files=[photo()])
    assert answer.status_code == 201, answer.text
    (one,) = answer.json()["pages"]
    assert one["sha256"] == sha256(PNG).hexdigest()
    assert (await signed.desk.get(path)).json()["pages"] == [one]
    stranger: httpx.AsyncClient = await sign_in(signed.night.unit)
    stranger.headers.update({"accept": "application/json"})
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(path, files=[photo()])).status_code == 404
