"""A vendor's handler keeps two portals of many: gives, takes back, files, hands over, is told – always of these alone."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from irm.access import service, tokens
from irm.access.delegating import Handing
from irm.access.delegations import hand_over
from irm.access.models import MembershipRow
from irm.access.policy import AUTHORITY, Permission, Role
from irm.access.principals import principal_of
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.ledger import LedgerEntryRow
from irm.notify.matters import for_matter
from irm.notify.queries import resolve
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_signing_in import PAGE


class Desk:
    """A unit with a portal and a mail system, a colleague without limit and a handler for the portal alone."""

    unit: UUID
    portal: UUID
    mail: UUID
    colleague: make.Account
    handler: make.Account
    security: make.Account


@pytest.fixture
async def desk(db: Database) -> Desk:
    made = Desk()
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        made.security = await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR)
        made.unit = await make.organization(tx, "using_unit", code="health")
        made.portal = await make.system(tx, made.unit, code="portal", name="门户网站")
        made.mail = await make.system(tx, made.unit, code="mail", name="邮件系统")
        made.colleague = await make.account(tx, made.unit, Role.HANDLER)
        made.handler = await make.account(tx, made.unit, Role.HANDLER, systems=[made.portal])
    return made


def filing(system: str, now: Any, **more: Any) -> dict[str, Any]:
    return {
        "classified": "no",
        "text": "页面打不开",
        "target": {"kind": "system", "system": system},
        "known_at": now.isoformat(),
        "contact": "0375-1",
    } | more


async def filed(client: httpx.AsyncClient, system: str, now: Any) -> str:
    answer = await client.post("/api/v1/incidents", json=filing(system, now))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def numbers(client: httpx.AsyncClient) -> set[str]:
    return {one["number"] for one in (await client.get("/api/v1/incidents")).json()["incidents"]}


async def test_of_two_incidents_of_the_unit_one_is_there(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, clock: FixedClock
) -> None:
    await sign_in(desk.colleague)
    about_portal, about_mail = await filed(client, "portal", clock.now()), await filed(client, "mail", clock.now())
    assert await numbers(client) == {about_portal, about_mail}
    await sign_in(desk.handler)
    assert await numbers(client) == {about_portal}
    assert (await client.get(f"/api/v1/incidents/{about_portal}")).status_code == 200
    assert (await client.get(f"/api/v1/incidents/{about_mail}")).status_code == 404
    facts = {"facts": {"personal_records_leaked": 12}}
    changed = [await client.patch(f"/api/v1/incidents/{one}/facts", json=facts) for one in (about_portal, about_mail)]
    assert changed[1].status_code == 404
    assert changed[0].status_code == 200
    page = (await client.get("/incidents", headers=PAGE)).text
    assert about_portal in page
    assert about_mail not in page
    systems = (await client.get("/systems", headers=PAGE)).text
    assert "门户网站" in systems
    assert "邮件系统" not in systems


async def test_they_file_only_about_their_system(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, clock: FixedClock
) -> None:
    await sign_in(desk.handler)
    number = await filed(client, "portal", clock.now())
    assert await numbers(client) == {number}
    foreign = await client.post("/api/v1/incidents", json=filing("mail", clock.now()))
    assert foreign.status_code == 422
    assert any(one["field"] == "target.system" for one in foreign.json()["errors"])
    unnamed = filing("portal", clock.now(), target={"kind": "unknown"})
    assert (await client.post("/api/v1/incidents", json=unnamed)).status_code == 422
    assert await numbers(client) == {number}


async def test_nobody_joins_an_incident_that_is_not_there_for_them(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, clock: FixedClock
) -> None:
    """Else a filing about the own system would open any incident of the unit."""
    await sign_in(desk.colleague)
    about_mail = await filed(client, "mail", clock.now())
    await sign_in(desk.handler)
    refused = await client.post("/api/v1/incidents", json=filing("portal", clock.now(), joins=about_mail))
    assert refused.status_code == 422
    assert await numbers(client) == set()


async def test_a_token_has_the_limit_of_its_account(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database, clock: FixedClock
) -> None:
    await sign_in(desk.colleague)
    about_portal, _ = await filed(client, "portal", clock.now()), await filed(client, "mail", clock.now())
    async with db.transaction() as tx:
        _, token = await tokens.create_token(
            tx,
            account_id=desk.handler.id,
            name="t",
            scopes=frozenset(Permission),
            actor=SYSTEM,
            now=clock.now(),
            organization_id=desk.unit,
        )
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {token}"
    assert await numbers(client) == {about_portal}


async def test_what_is_handed_over_carries_the_limit(db: Database, desk: Desk, clock: FixedClock) -> None:
    now = clock.now()
    async with db.transaction() as tx:
        taker = await make.account(tx, desk.unit, Role.REPORTER)
        of = Handing(
            desk.handler.person_id, taker.person_id, frozenset({Role.HANDLER}), now, now + timedelta(days=2), "休假"
        )
        await hand_over(tx, of, desk.unit, policy=security_policy(), actor=SYSTEM, now=now)
        by = await principal_of(tx, taker.id, now=now)
        entry = await tx.scalar(select(LedgerEntryRow).where(LedgerEntryRow.action == "delegation.given"))
    assert by is not None
    assert by.memberships == {desk.unit: {Role.REPORTER}}
    assert [(one.roles, one.systems) for one in by.limited] == [(frozenset({Role.HANDLER}), frozenset({desk.portal}))]
    assert entry is not None
    assert json.loads(entry.body)["systems"] == {"handler": [str(desk.portal)]}


async def test_a_page_about_another_system_does_not_reach_them(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database, clock: FixedClock
) -> None:
    await sign_in(desk.colleague)
    await filed(client, "mail", clock.now())
    now, facts = clock.now(), {"organizations": {"unit": [str(desk.unit)]}}
    async with db.transaction() as tx:
        meant = await resolve(tx, "role(unit, handler)", facts, now)
        about_mail = await for_matter(tx, meant, f"system/{desk.mail}", now)
        about_portal = await for_matter(tx, meant, f"system/{desk.portal}", now)
        of_the_unit = await for_matter(tx, meant, f"organization/{desk.unit}", now)
    everybody = {desk.colleague.person_id, desk.handler.person_id}
    assert {one.person_id for one in meant.recipients} == everybody
    assert {one.person_id for one in about_portal.recipients} == everybody
    assert {one.person_id for one in about_mail.recipients} == {desk.colleague.person_id}
    assert {one.person_id for one in of_the_unit.recipients} == {desk.colleague.person_id}


async def test_the_security_administrator_gives_it_on_the_page_and_takes_it_back(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database
) -> None:
    await sign_in(desk.security)
    base = f"/roles/{desk.colleague.id}"
    form = (await client.get(f"{base}?organization=health", headers=PAGE)).text
    assert "门户网站" in form
    assert "邮件系统" in form
    given = {"organization": "health", "role": "duty_officer", "systems": ["portal"]}
    assert (await client.post(base, data=given, headers=PAGE)).headers["location"] == f"{base}?done=given"
    shown = (await client.get(f"{base}?done=given", headers=PAGE)).text
    assert "角色已授予" in shown
    found = (await client.get(f"/api/v1/roles/{desk.colleague.id}")).json()["roles"]
    assert [(one["role"], one["systems"]) for one in found] == [("duty_officer", ["门户网站"]), ("handler", [])]
    assert "仅限：门户网站" in (await client.get("/roles", headers=PAGE)).text
    async with db.transaction() as tx:
        entry = await tx.scalar(
            select(LedgerEntryRow)
            .where(
                LedgerEntryRow.subject == f"person/{desk.colleague.person_id}",
                LedgerEntryRow.action == "account.role_granted",
            )
            .order_by(LedgerEntryRow.id.desc())
        )
    assert entry is not None
    assert json.loads(entry.body)["systems"] == [str(desk.portal)]
    ended = await client.post(f"{base}/end", data={"organization": "health", "role": "duty_officer"}, headers=PAGE)
    assert ended.headers["location"] == f"{base}?done=ended"
    await sign_in(desk.handler)
    assert "仅限：门户网站" in (await client.get("/me", headers=PAGE)).text
    mine = (await client.get("/api/v1/me")).json()["organizations"]
    assert mine[0]["roles"] == []
    assert mine[0]["limited"] == [{"roles": ["handler"], "systems": ["门户网站"]}]


async def test_what_leads_to_nothing_is_refused(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database
) -> None:
    async with db.transaction() as tx:
        await make.system(tx, await make.organization(tx, "using_unit"), code="other-unit-s")
    await sign_in(desk.security)
    path = f"/api/v1/roles/{desk.colleague.id}"
    for codes, field in ((["nosuch"], "systems"), (["portal", "other-unit-s"], "systems")):
        body = {"organization": "health", "role": "duty_officer", "systems": codes}
        answer = await client.post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    own = await client.post(f"/api/v1/roles/{desk.security.id}", json={"organization": "health", "role": "handler"})
    assert own.status_code == 409
    page = await client.post(f"/roles/{desk.colleague.id}", data={"organization": "health", "role": ""}, headers=PAGE)
    assert page.status_code == 422
    assert "没有该角色" in page.text
    async with db.transaction() as tx:
        held = list(
            await tx.scalars(select(MembershipRow.role).where(MembershipRow.person_id == desk.colleague.person_id))
        )
        assert held == ["handler"]
        person = await make.person(tx, desk.unit)
        with pytest.raises(Invalid) as refused:
            await service.grant_role(
                tx,
                person_id=person,
                organization_id=desk.security.organization_id,
                role=Role.SYSTEM_ADMINISTRATOR,
                systems=[desk.portal],
                actor=SYSTEM,
                now=db.clock.now(),
            )
    assert refused.value.errors[0].field == "systems"
