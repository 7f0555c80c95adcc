"""Whoever is signed in and asks for what they may not do is written down: by hand, by a form, by a token."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from irm.access import refusals, tokens
from irm.access.policy import Permission, Role
from irm.actor import Actor
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.evidence import sequencer
from irm.evidence.keys import signer_of
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_signing_in import PAGE


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        unit = await make.organization(tx, "using_unit")
        return await make.account(tx, unit, Role.REPORTER)


async def refused(db: Database, account: make.Account) -> list[str]:
    """Bodies of the entries, oldest first."""
    async with db.transaction() as tx:
        mine = LedgerEntryRow.subject == f"account/{account.id}", LedgerEntryRow.action == "access.refused"
        return list(await tx.scalars(select(LedgerEntryRow.body).where(*mine).order_by(LedgerEntryRow.id)))


async def test_each_place_is_written_down_once_a_minute(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    await sign_in(officer)
    for _ in range(3):
        assert (await client.get("/accounts", headers=PAGE)).status_code == 403, "refused every time"
    assert (await client.get("/api/v1/accounts")).status_code == 403
    said = await refused(db, officer)
    assert len(said) == 2
    assert '"route":"GET /accounts"' in said[0]
    assert '"route":"GET /api/v1/accounts"' in said[1]
    clock.tick(seconds=121)
    assert (await client.get("/accounts", headers=PAGE)).status_code == 403
    assert len(await refused(db, officer)) == 3


async def test_the_audit_administrator_reads_of_it(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, db: Database, settings: Settings
) -> None:
    await sign_in(officer)
    await client.get(f"/accounts/{officer.id}", headers=PAGE)
    assert f"/accounts/{officer.id}" not in str(await refused(db, officer)), "which one, is kept apart from the tree"
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        auditor = await make.account(tx, authority, Role.AUDIT_ADMINISTRATOR)
        await sequencer.bring_up_to_date(tx, signer_of(settings.home), db.clock.now())
    client.cookies.clear()
    await sign_in(auditor)
    answer = await client.get("/api/v1/ledger/entries", params={"action": "access.refused"})
    [entry] = answer.json()["entries"]
    assert (entry["actor"], entry["subject"]) == (f"person/{officer.person_id}", f"account/{officer.id}")
    page = await client.get("/ledger/entries", params={"who": officer.login}, headers=PAGE)
    assert page.status_code == 200
    assert page.text.count("越权访问被拒绝") > 1, "in the list, and as a choice above it"


async def test_a_token_without_the_scope_is_written_down(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        _, secret = await tokens.create_token(
            tx,
            account_id=officer.id,
            name="接口",
            scopes=frozenset({Permission.FILE_INCIDENT}),
            actor=Actor("person", officer.person_id),
            now=clock.now(),
            until=tokens.end_after(clock.now(), 1),
        )
    answer = await client.get("/api/v1/incidents", headers={"authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    [said] = await refused(db, officer)
    assert '"code":"scope"' in said


async def test_what_is_no_refusal_is_none(client: httpx.AsyncClient, sign_in: SignIn, db: Database) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        security = await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR)
    assert (await client.get("/accounts")).status_code == 401, "nobody was signed in"
    await sign_in(security)
    assert (await client.get("/nowhere", headers=PAGE)).status_code == 404
    db.clock.tick(minutes=16)
    assert (await client.post("/me/tokens", data={"name": "x"}, headers=PAGE)).status_code == 403, (
        "asked again who it is"
    )
    assert await refused(db, security) == []


async def test_a_database_that_is_away_takes_nothing_from_the_answer(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(refusals, "record", away)
    await sign_in(officer)
    assert (await client.get("/accounts", headers=PAGE)).status_code == 403
    assert await refused(db, officer) == []
