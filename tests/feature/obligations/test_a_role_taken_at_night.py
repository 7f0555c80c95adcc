"""The chain of approvers is silent; somebody takes the leader's role (应急启权) and approves, but never what he wrote."""

import json
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.obligations.chain import Chain, chain
from tests.feature.obligations.conftest import CITY, Night

__all__ = ["chain"]  # a fixture of the neighbour
HTML = {"accept": "text/html"}


@pytest.fixture
async def colleague(night: Night) -> make.Account:
    """Another duty officer, who wrote nothing of it."""
    async with night.db.transaction() as tx:
        return await make.account(tx, night.authority, Role.DUTY_OFFICER)


async def takes(client: httpx.AsyncClient, night: Night, role: str = "duty_leader") -> dict[str, Any]:
    offers = (await client.get("/api/v1/break-glass")).json()["offers"]
    asked = {"organization": offers[0]["organization"], "role": role, "reason": "值班领导均联系不上"}
    made = await client.post("/api/v1/break-glass", json=asked)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_who_took_the_leader_s_role_approves_what_was_asked_before_and_the_record_says_how(
    night: Night, chain: Chain, sign_in: SignIn, colleague: make.Account
) -> None:
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    client = await sign_in(colleague)
    path = f"/api/v1/approvals/{request}/approve"
    assert (await client.post(path, json={})).status_code == 403
    made = await takes(client, night)
    assert str(request) in (await client.get("/approvals", headers=HTML)).text
    answer = await client.post(path, json={})
    assert answer.status_code == 200, answer.text
    async with night.db.transaction() as tx:
        body = await tx.scalar(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "approval.given"))
    assert json.loads(body or "{}")["break_glass"] == made["id"]


async def test_the_writer_takes_it_in_vain(night: Night, chain: Chain, sign_in: SignIn) -> None:
    """What he began himself he does not confirm, whatever role he has meanwhile."""
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    client = await sign_in(night.officer)
    await takes(client, night)
    assert str(request) not in (await client.get("/approvals", headers=HTML)).text
    refused = await client.post(f"/api/v1/approvals/{request}/approve", json={})
    assert refused.status_code == 403, refused.text
    assert (await chain.request(request)).status == "open"


@pytest.mark.parametrize("early", [True, False])
async def test_when_it_ends_he_is_asked_no_more(
    night: Night,
    chain: Chain,
    sign_in: SignIn,
    colleague: make.Account,
    clock: FixedClock,
    drain: Drain,
    *,
    early: bool,
) -> None:
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    before = (await chain.request(request)).chain
    client = await sign_in(colleague)
    made = await takes(client, night)
    assert (await chain.request(request)).chain != before
    if early:
        clock.tick(minutes=1)
        assert (await client.post(f"/api/v1/break-glass/{made['id']}/end")).status_code == 200
    else:
        clock.tick(hours=2)
        await drain()
        client = await sign_in(colleague)
    assert (await chain.request(request)).chain == before
    assert (await client.post(f"/api/v1/approvals/{request}/approve", json={})).status_code == 403


async def test_a_leader_who_took_the_deputy_s_role_leaves_its_rung_with_it(
    night: Night, chain: Chain, sign_in: SignIn, clock: FixedClock
) -> None:
    """He may approve by his own role still, on the rung of that role; never as the deputy."""
    (owed,) = await night.open(night.owed(CITY))
    request = await chain.ask(await night.draft(owed.id))
    before = (await chain.request(request)).chain
    client = await sign_in(night.second)
    made = await takes(client, night, "deputy")
    rungs = {rung["role"]: rung["people"] for rung in (await chain.request(request)).chain}
    assert str(night.second.person_id) in rungs["deputy"]
    clock.tick(minutes=1)
    assert (await client.post(f"/api/v1/break-glass/{made['id']}/end")).status_code == 200
    assert (await chain.request(request)).chain == before
