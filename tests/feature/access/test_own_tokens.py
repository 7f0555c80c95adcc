"""API tokens made by their owner: shown once, never for longer than the profile allows, never with more than their own."""

import re

import httpx
from sqlalchemy import select

from irm.access.models import ApiTokenRow
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import Database
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_signing_in import PAGE

MOST = security_policy().token_life


async def test_made_at_me_and_shown_once(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx), Role.HANDLER)
    await sign_in(officer)
    form = {"name": "监控上报", "days": "30", "scopes": ["file_incident", "read_systems"]}
    made = await client.post("/me/tokens", data=form, headers=PAGE)
    found = re.search(r"irm_[\w-]{40,}", made.text)
    assert found
    again = (await client.get("/me", headers=PAGE)).text
    assert found[0] not in again
    assert "监控上报" in again
    client.cookies.clear()
    by_token = {"authorization": f"Bearer {found[0]}"}
    assert (await client.get("/api/v1/systems", headers=by_token)).status_code == 200
    assert (await client.get("/api/v1/incidents", headers=by_token)).status_code == 403
    clock.tick(days=30)
    assert (await client.get("/api/v1/systems", headers=by_token)).status_code == 401


async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    client: httpx.AsyncClient, sign_in: SignIn, db: Database
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx), Role.HANDLER)
    await sign_in(officer)
    for wrong in ({"days": str(MOST.days + 1)}, {"days": "-1"}, {"days": "x"}, {"scopes": []}, {"scopes": ["no"]}):
        form = {"name": "monitoring-7", "days": "30", "scopes": ["read_systems"]} | wrong
        answer = await client.post("/me/tokens", data=form, headers=PAGE)
        assert answer.status_code == 422, wrong
        assert 'value="monitoring-7"' in answer.text
    async with db.transaction() as tx:
        assert await tx.scalar(select(ApiTokenRow.id)) is None


async def test_every_token_ends(client: httpx.AsyncClient, sign_in: SignIn, db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx), Role.HANDLER)
    await sign_in(officer)
    body = {"name": "x", "scopes": ["read_systems"]}
    assert (await client.post("/api/v1/tokens", json=body)).status_code == 201
    async with db.transaction() as tx:
        assert await tx.scalar(select(ApiTokenRow.until)) == clock.now() + MOST
    late = (clock.now() + 2 * MOST).isoformat()
    refused = await client.post("/api/v1/tokens", json=body | {"until": late})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "until"
