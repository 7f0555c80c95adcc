"""Organizations, people, roles, accounts, tokens: what is taken, what is refused, what the ledger says."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select

from irm.access import queries, service, tokens
from irm.access.policy import AUTHORITY, Permission, Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from tests import make

NOBODY = uuid4()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Üben"),
        ("code", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "a\0b"),
        ("kind", "ministry"),
        ("tier", "village"),
        ("region", "41"),
    ],
)
async def test_bad_organizations_are_refused_by_field(db: Database, field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        async with db.transaction() as tx:
            await make.organization(tx, **{"kind": "vendor", field: value})
    assert [one.field for one in refused.value.errors] == [field]


async def test_a_code_is_taken_once(db: Database) -> None:
    async with db.transaction() as tx:
        await make.organization(tx, code="dup")
        with pytest.raises(Conflict):
            await make.organization(tx, code="dup")
        assert len(await queries.organizations(tx)) == 1  # the transaction lives on


async def test_nobody_is_two_administrators(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        person = await make.person(tx, authority, Role.SYSTEM_ADMINISTRATOR)
        for role in (Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR):
            with pytest.raises(Conflict):
                await _grant(tx, person, authority, role, clock)
        clock.tick(minutes=1)
        await service.end_role(
            tx,
            person_id=person,
            organization_id=authority,
            role=Role.SYSTEM_ADMINISTRATOR,
            actor=SYSTEM,
            now=clock.now(),
        )
        await _grant(tx, person, authority, Role.AUDIT_ADMINISTRATOR, clock)


async def test_administrators_belong_to_the_cloud_authority(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        vendor = await make.organization(tx, "vendor")
        person = await make.person(tx, vendor, Role.HANDLER)
        with pytest.raises(Invalid):
            await _grant(tx, person, vendor, Role.SYSTEM_ADMINISTRATOR, clock)
        with pytest.raises(Conflict):
            await _grant(tx, person, vendor, Role.HANDLER, clock)
        with pytest.raises(NotFound):
            await _grant(tx, NOBODY, vendor, Role.HANDLER, clock)


async def _grant(tx: Tx, person: Any, organization: Any, role: Role, clock: FixedClock) -> None:
    await service.grant_role(
        tx, person_id=person, organization_id=organization, role=role, actor=SYSTEM, now=clock.now()
    )


async def test_names_and_numbers_stand_in_the_ledger_only_as_commitments(db: Database) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        account = await make.account(tx, authority, Role.DUTY_OFFICER, sms="13912345678")
        bodies = list(
            await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.subject == f"person/{account.person_id}"))
        )
        private = list(await tx.scalars(select(LedgerPrivateRow.value)))
    assert bodies
    assert not any("13912345678" in body or "officer" in body.replace("duty_officer", "") for body in bodies)
    assert "13912345678" in private


async def test_a_disabled_account_has_no_sessions_and_no_tokens(
    client: httpx.AsyncClient, db: Database, clock: FixedClock, sign_in: Any
) -> None:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx, AUTHORITY), Role.DUTY_OFFICER)
        _, token = await _token(tx, account, clock)
    await sign_in(account)
    assert (await client.get("/api/v1/me")).status_code == 200
    async with db.transaction() as tx:
        await service.disable_account(tx, account.id, actor=SYSTEM, now=clock.now())
    assert (await client.get("/api/v1/me")).status_code == 401
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})).status_code == 401


async def _token(tx: Tx, account: make.Account, clock: FixedClock, **more: Any) -> tuple[Any, str]:
    scopes = frozenset({Permission.OWN_ACCOUNT, Permission.READ_SYSTEMS})
    return await tokens.create_token(
        tx, account_id=account.id, name="probe", scopes=scopes, actor=SYSTEM, now=clock.now(), **more
    )


async def test_a_token_ends_by_its_date_and_by_revocation(
    client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx, AUTHORITY), Role.DUTY_OFFICER)
        _, short = await _token(tx, account, clock, until=clock.now() + timedelta(hours=1))
        revoked_id, revoked = await _token(tx, account, clock)
    for token in (short, revoked):
        answer = await client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
        assert answer.json()["scopes"] == ["own_account", "read_systems"]
    clock.tick(hours=1)
    async with db.transaction() as tx:
        await tokens.revoke_token(tx, revoked_id, actor=SYSTEM, now=clock.now())
    for token in (short, revoked, "irm_nonsense", ""):
        answer = await client.get("/api/v1/me", headers={"authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


async def test_tokens_over_the_api(client: httpx.AsyncClient, db: Database, sign_in: Any) -> None:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx, AUTHORITY), Role.DUTY_OFFICER)
        other = await make.account(tx, await make.organization(tx, AUTHORITY), Role.DUTY_OFFICER)
    await sign_in(account)
    scopes = ["own_account", "act_unasked"]
    made = (await client.post("/api/v1/tokens", json={"name": "probe", "scopes": scopes})).json()
    assert made["token"].startswith("irm_")
    listed = (await client.get("/api/v1/tokens")).json()["tokens"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert "token" not in listed[0]
    for bad, field in (
        ({"name": "x", "scopes": ["root"]}, "scopes"),
        ({"name": "x", "scopes": []}, "scopes"),
        ({"name": " ", "scopes": ["own_account"]}, "name"),
        ({"name": "x", "scopes": ["own_account"], "until": "2026-01-01T00:00:00+08:00"}, "until"),
        ({"name": "x", "scopes": ["own_account"], "until": "2027-01-01T00:00:00"}, "until"),
        ({"name": "x", "scopes": ["own_account"], "organization": str(other.organization_id)}, "organization"),
    ):
        answer = await client.post("/api/v1/tokens", json=bad)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), bad
    assert (await client.post("/api/v1/tokens", json={"name": "x", "scopes": [], "x": 1})).status_code in {400, 422}

    await sign_in(other)
    assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status_code == 404
    client.cookies.clear()
    by_token = {"authorization": f"Bearer {made['token']}"}
    more = await client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read_systems"]}, headers=by_token)
    assert (more.status_code, more.json()["code"]) == (403, "sessions_only")
    await sign_in(account)
    assert (await client.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204


async def test_the_contact_list_has_listed_desks_with_their_telephones(
    client: httpx.AsyncClient, db: Database, clock: FixedClock, sign_in: Any
) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        account = await make.account(tx, unit, Role.REPORTER)
        office = await make.organization(
            tx,
            "cyberspace_office",
            tier="province",
            joined=False,
            name="省网信办",
            telephone="0371-00000000",
            code="province-cac",
        )
        post = await service.register_post(tx, organization_id=office, name="duty", actor=SYSTEM, now=clock.now())
        await service.add_contact_address(
            tx, post_id=post, channel="telephone", address="0371-11111111", actor=SYSTEM, now=clock.now()
        )
    await sign_in(account)
    for text in ("省网信", "shengwangxin", "swxb", "province"):
        found = (await client.get("/api/v1/organizations", params={"text": text})).json()["organizations"]
        assert [one["code"] for one in found] == ["province-cac"], text
    assert found[0]["posts"] == [{"name": "duty", "addresses": [{"channel": "telephone", "address": "0371-11111111"}]}]
    page = (await client.get("/organizations", headers={"accept": "text/html"})).text
    assert 'href="tel:0371-00000000"' in page
    assert 'href="tel:0371-11111111"' in page
    assert (await client.get("/api/v1/organizations", params={"kind": "x"})).json()["errors"][0]["field"] == "kind"
    assert (await client.get("/api/v1/organizations", params={"text": "\0"})).status_code == 200


async def test_retired_memberships_and_desks_that_have_not_joined_give_no_rights(
    client: httpx.AsyncClient, db: Database, clock: FixedClock, sign_in: Any
) -> None:
    async with db.transaction() as tx:
        listed = await make.organization(tx, "cyberspace_office", joined=False)
        account = await make.account(tx, listed, Role.REGULATOR)
    await sign_in(account)
    mine = (await client.get("/api/v1/me")).json()
    assert (mine["organizations"], mine["permissions"]) == ([], ["own_account"])
    assert (await client.get("/api/v1/organizations")).status_code == 403
    assert (await client.get("/me", headers={"accept": "text/html"})).status_code == 200


async def test_members_and_addresses_come_in_order(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        one = await make.person(
            tx, unit, Role.DUTY_OFFICER, Role.HANDLER, name="值班员乙", email="b@x.invalid", sms="1"
        )
        two = await make.person(tx, unit, Role.DUTY_OFFICER, name="值班员甲")
        members = await queries.members(tx, [unit], now=clock.now(), role=Role.DUTY_OFFICER)
        assert [member.person.id for member in members] == [two, one]  # jia before yi
        reached = await queries.addresses(tx, person_ids=[one])
        assert [each.channel for each in reached[one]] == ["sms", "email"]
        assert [each.person_id for each in await queries.holders_of(tx, channel="sms", address="1")] == [one]
