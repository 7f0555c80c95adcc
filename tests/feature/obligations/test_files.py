"""Files that go with a report, proof that comes with a receipt, and the same receipt twice."""

import json

import httpx
import pytest

from irm.evidence.blobs import StoredBlob
from irm.evidence.service import attach
from irm.notify.models import DeliveryRow
from irm.obligations.models import SubmissionRow
from tests.conftest import SignIn
from tests.feature.obligations.conftest import Night

JSON = {"accept": "application/json", "accept-language": "en"}
PDF = b"%PDF-1.7\nstamped\n"


@pytest.fixture
async def desk(night: Night, sign_in: SignIn) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(night.officer)
    client.headers.update(JSON)
    return client


async def test_chosen_files_go_with_the_mail_tied_by_hash(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    how = {"organization_id": night.authority, "account_id": None, "actor": night.actor, "now": night.clock.now()}
    async with night.db.transaction() as tx:
        blob = StoredBlob("ab" * 32, 12, "application/pdf", "scan.pdf")
        chosen = await attach(tx, blob, subject=night.subject.path, **how)
        elsewhere = await attach(tx, blob, subject="incident/other", **how)
    path = f"/api/v1/submissions/{draft}"
    wrong = await desk.post(f"{path}/submit", json={"means": "mail", "attachments": [str(elsewhere)]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "attachments.0")
    sent = await desk.post(f"{path}/submit", json={"means": "mail", "attachments": [str(chosen)]})
    assert sent.status_code == 200, sent.text
    assert sent.json()["files"] == [{"id": str(chosen), "name": "scan.pdf", "sha256": "ab" * 32}]
    async with night.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft)
        delivery = await tx.get_one(DeliveryRow, row.delivery_id)
    assert delivery.files == [{"name": "scan.pdf", "media_type": "application/pdf", "sha256": "ab" * 32}]
    assert "ab" * 32 in delivery.body


async def test_a_receipt_and_its_proof_in_one_request(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    path = f"/api/v1/submissions/{submitted}"
    receipt = json.dumps({"outcome": "received", "means": "fax", "number": "S-9"})
    files = {"file": ("receipt.pdf", PDF, "application/pdf")}
    given = await desk.post(f"{path}/receipt-with-file", data={"receipt": receipt}, files=files)
    assert given.status_code == 201, given.text
    assert given.json()["proven"] is True
    attachment = given.json()["receipts"][0]["attachment"]
    read = await desk.get(f"{path}/files/{attachment}")
    assert (read.status_code, read.content) == (200, PDF)
    for bad in ("", "x", '{"outcome": "eaten"}'):
        refused = await desk.post(f"{path}/receipt-with-file", data={"receipt": bad}, files=files)
        assert refused.status_code == 422, refused.text


async def test_the_page_takes_the_proof_in_the_same_form(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    html = {"accept": "text/html"}
    answered = await desk.post(
        f"/submissions/{submitted}/receipt",
        data={"outcome": "received", "means": "fax", "number": "S-9"},
        files={"file": ("receipt.pdf", PDF, "application/pdf")},
        headers=html,
    )
    assert answered.status_code == 303, answered.text
    shown = (await desk.get(f"/api/v1/submissions/{submitted}")).json()
    assert shown["proven"] is True
    link = f"/submissions/{submitted}/files/{shown['receipts'][0]['attachment']}"
    assert link in (await desk.get(f"/submissions/{submitted}", headers=html)).text
    assert (await desk.get(link)).content == PDF


async def test_the_same_receipt_twice_is_one(night: Night, desk: httpx.AsyncClient) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    path = f"/api/v1/submissions/{submitted}/receipt"
    body = {"outcome": "received", "means": "fax", "number": "S-9", "stated_at": night.clock.now().isoformat()}
    first = await desk.post(path, json=body)
    night.clock.tick(minutes=5)
    second = await desk.post(path, json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert [each["id"] for each in first.json()["receipts"]] == [each["id"] for each in second.json()["receipts"]]
    assert (await desk.post(path, json=body | {"received_by": "another"})).status_code == 409
    assert (await desk.post(path, json=body | {"stated_at": night.clock.now().isoformat()})).status_code == 409
    further = await desk.post(path, json=body | {"number": "S-10"})
    assert (further.status_code, len(further.json()["receipts"])) == (201, 2)


async def test_the_recipient_finds_the_report_in_its_list(night: Night, sign_in: SignIn) -> None:
    (one,) = await night.open(night.owed("city-chain/city-cyberspace-office"))
    await night.hand_over(one.id)
    client = await sign_in(night.office)
    shown = await client.get("/submissions", headers={"accept": "text/html"})
    assert shown.status_code == 200, shown.text
    assert night.subject.number in shown.text or "BS-" in shown.text
