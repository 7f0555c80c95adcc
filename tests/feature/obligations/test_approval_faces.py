"""Approvals as people meet them: on the page of the report, on the approver's telephone, by the interface."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from irm.access.delegating import Handing
from irm.access.delegations import hand_over
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.clock import SHANGHAI
from irm.db import SYSTEM
from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approval_rules import chain_for
from irm.obligations.approvals import rungs_now
from irm.obligations.models import SubmissionRow
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.chain import RULES, Chain, chain
from tests.feature.obligations.conftest import CITY, Night

JSON = {"accept": "application/json", "accept-language": "en"}
HTML = {"accept": "text/html", "accept-language": "en"}

__all__ = ["chain"]  # a fixture of the neighbour


async def desk(sign_in: SignIn, account: make.Account) -> httpx.AsyncClient:
    client: httpx.AsyncClient = await sign_in(account)
    client.headers.update(JSON)
    return client


async def test_from_the_writers_page_to_the_approvers_telephone(night: Night, chain: Chain, sign_in: SignIn) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    client = await desk(sign_in, night.officer)
    page = await client.get(f"/submissions/{draft}", headers=HTML)
    assert f"/submissions/{draft}/ask-approval" in page.text
    asked = await client.post(
        f"/submissions/{draft}/ask-approval",
        data={"items.unit": "operator, system 1", "items.course": "page altered at 04:00"},
        headers=HTML,
    )
    assert asked.status_code == 303, asked.text
    shown = (await client.get(f"/api/v1/submissions/{draft}/approval")).json()
    assert (shown["verdict"], shown["asked_now"]) == ("fetch", 0)
    assert shown["chain"][0]["people"][0]["telephone"] == night.second.telephone
    page = await client.get(f"/submissions/{draft}", headers=HTML)
    for account in (night.second, chain.deputy, chain.head):
        assert f"tel:{account.telephone}" in page.text
    refused = await client.post(f"/api/v1/submissions/{draft}/submit", json={"means": "fax"})
    assert (refused.status_code, refused.json()["code"]) == (409, "fetch_approver")

    leader = await desk(sign_in, night.second)
    waiting = await leader.get("/approvals", headers=HTML)
    assert f"/approvals/{shown['approval']}" in waiting.text
    page = await leader.get(f"/approvals/{shown['approval']}", headers=HTML)
    assert "page altered at 04:00" in page.text
    path = f"/approvals/{shown['approval']}"
    empty = await leader.post(f"{path}/give-back", data={"reason": ""}, headers=HTML)
    assert empty.status_code == 422
    stale = await leader.post(f"{path}/approve", data={"text": "0" * 64}, headers=HTML)
    assert stale.status_code == 409
    assert (await leader.post(f"{path}/approve", data={"text": shown["text"]}, headers=HTML)).status_code == 303
    again = await leader.post(f"/api/v1{path}/approve", json={})
    assert (again.status_code, again.json()["code"]) == (409, "answered")
    assert f'action="{path}/approve"' not in (await leader.get(path, headers=HTML)).text

    client = await desk(sign_in, night.officer)
    handed = await client.post(f"/api/v1/submissions/{draft}/submit", json={"means": "fax"})
    assert handed.status_code == 200, handed.text


async def test_the_box_is_ticked_or_it_does_not_leave(night: Night, chain: Chain, sign_in: SignIn) -> None:
    await chain.grant()
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    night.clock.tick(minutes=30)
    client = await desk(sign_in, night.officer)
    page = await client.get(f"/submissions/{draft}", headers=HTML)
    assert 'name="before_approval"' in page.text
    form = {"items.unit": "operator, system 1", "items.course": "page altered at 03:20", "means": "fax"}
    refused = await client.post(f"/submissions/{draft}/submit", data=form, headers=HTML)
    assert refused.status_code == 409
    sent = await client.post(f"/submissions/{draft}/submit", data={**form, "before_approval": "yes"}, headers=HTML)
    assert sent.status_code == 303, sent.text
    async with night.db.transaction() as tx:
        request = (await tx.execute(ReportApprovalRow.__table__.select())).one()
    assert request.left_by == "authorized"
    head = await desk(sign_in, chain.head)
    page = await head.get(f"/approvals/{request.id}", headers=HTML)
    assert f'action="/approvals/{request.id}/approve"' in page.text
    signed = await head.post(f"/api/v1/approvals/{request.id}/approve", json={"text": request.text_hash})
    assert signed.status_code == 200, signed.text
    assert [each.status for each in await night.duties() if each.form == "countersignature"] == ["met"]


async def test_a_word_on_the_telephone_by_page_and_interface(night: Night, chain: Chain, sign_in: SignIn) -> None:
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    client = await desk(sign_in, night.officer)
    word = {"approver": str(chain.deputy.person_id), "means": "telephone", "said": "agreed"}
    nobody = await client.post(f"/approvals/{request}/word", data={"means": "telephone", "said": "x"}, headers=HTML)
    assert nobody.status_code == 422
    noted = await client.post(f"/api/v1/approvals/{request}/word", json=word)
    assert noted.status_code == 200, noted.text
    assert (noted.json()["verdict"], noted.json()["standing"]) == ("approved", "self_declared")
    deputy = await desk(sign_in, chain.deputy)
    assert f"/approvals/{request}/confirm" in (await deputy.get(f"/approvals/{request}", headers=HTML)).text
    confirmed = await deputy.post(f"/api/v1/approvals/{request}/confirm")
    assert confirmed.json()["standing"] == "confirmed"


async def test_strangers_see_no_approval(night: Night, chain: Chain, sign_in: SignIn) -> None:
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    async with night.db.transaction() as tx:
        stranger = await make.account(tx, night.operator, Role.UNIT_HEAD)
    client = await desk(sign_in, stranger)
    assert (await client.get(f"/approvals/{request}", headers=HTML)).status_code == 404
    assert (await client.post(f"/api/v1/approvals/{request}/approve", json={})).status_code == 404


async def test_a_document_is_put_on_record_and_revoked(night: Night, chain: Chain, sign_in: SignIn) -> None:
    head = await desk(sign_in, chain.head)
    assert (await head.get("/authorizations", headers=HTML)).status_code == 200
    local = night.clock.now().astimezone(SHANGHAI)
    given: dict[str, Any] = {
        "organization": str(night.authority),
        "number": "No. 12 (2026)",
        "granted_by": "deputy mayor",
        "forms": ["initial", "progress"],
        "valid_from": (local - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "valid_until": (local + timedelta(days=100)).strftime("%Y-%m-%dT%H:%M"),
    }
    file = {"file": ("order.pdf", b"%PDF-1.4 order", "application/pdf")}
    wrong = await head.post("/authorizations", data={**given, "number": ""}, files=file, headers=HTML)
    assert wrong.status_code == 422
    entered = await head.post("/authorizations", data=given, files=file, headers=HTML)
    assert entered.status_code == 303, entered.text
    (listed,) = (await head.get("/api/v1/authorizations")).json()
    assert listed["forms"] == ["initial", "progress"]
    page = await head.get("/authorizations", headers=HTML)
    assert "No. 12 (2026)" in page.text
    path = f"/api/v1/authorizations/{listed['id']}/revoke"
    assert (await head.post(path, json={"reason": ""})).status_code == 422
    assert (await head.post(path, json={"reason": "new order"})).status_code == 200
    assert (await head.post(path, json={"reason": "new order"})).status_code == 409
    async with night.db.transaction() as tx:
        theirs = await make.account(tx, night.operator, Role.UNIT_HEAD)
    stranger = await desk(sign_in, theirs)
    assert (await stranger.get("/api/v1/authorizations")).json() == []
    foreign = await stranger.post("/api/v1/authorizations", data=given, files=file)
    assert foreign.status_code == 422


async def test_the_chains_are_published_by_the_interface(night: Night, chain: Chain, sign_in: SignIn) -> None:
    async with night.db.transaction() as tx:
        keeper = await make.account(tx, night.authority, Role.SECURITY_ADMINISTRATOR)
    client = await desk(sign_in, keeper)
    before = (await client.get("/api/v1/approval-rules")).json()
    assert "duty_leader" in before["source"]
    wrong = await client.put("/api/v1/approval-rules", json={"source": RULES.format(code="nobody")})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"].startswith("approvals.yaml:4:")
    night.clock.tick(minutes=1)
    none = "apiVersion: irm/v1\nkind: Approvals\nchains: []\n"
    assert (await client.put("/api/v1/approval-rules", json={"source": none})).status_code == 200
    (owed,) = await night.open(night.owed(CITY))
    await night.submit(await night.draft(owed.id))


@pytest.mark.parametrize("reader", ["officer", "second"])
async def test_nobody_without_a_request_is_shown_one(night: Night, chain: Chain, sign_in: SignIn, reader: str) -> None:
    client = await desk(sign_in, getattr(night, reader))
    missing = "01939a3e-0000-7000-8000-000000000000"
    assert (await client.get(f"/approvals/{missing}", headers=HTML)).status_code == 404


async def test_who_stands_in_for_the_writer_approves_nothing_that_he_wrote(
    night: Night, chain: Chain, sign_in: SignIn
) -> None:
    """The leader was asked, then takes over the writer's duties: he is refused; asked anew, he is left out."""
    (owed,) = await night.open(night.owed(CITY))
    draft = await night.draft(owed.id)
    request = await chain.ask(draft)
    now = night.clock.now()
    async with night.db.transaction(SYSTEM) as tx:
        writer, leader = night.officer.person_id, night.second.person_id
        of = Handing(writer, leader, frozenset({Role.DUTY_OFFICER}), now, now + timedelta(days=1), "休假")
        await hand_over(tx, of, night.authority, policy=security_policy(), actor=SYSTEM, now=now)
    client = await desk(sign_in, night.second)
    refused = await client.post(f"/api/v1/approvals/{request}/approve", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person"), refused.text
    async with night.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft)
        asked_for = await chain_for(tx, night.authority, row.form, now=now)
        assert asked_for is not None
        people = {person for rung in await rungs_now(tx, row, asked_for, now=now) for person in rung.people}
    assert people == {chain.deputy.person_id, chain.head.person_id}
