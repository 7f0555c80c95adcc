"""Identities are linked by their owner or the system administrator, seen by both, told, and taken away."""

import asyncio
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select

from irm.access import identities
from irm.access.models import AccountRow, SessionRow
from irm.access.policy import Role
from irm.actor import SYSTEM, Actor
from irm.clock import FixedClock
from irm.db import Database
from irm.errors import Conflict, IrmError
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests import make
from tests.conftest import SignIn
from tests.fakes.identity_provider import IdentityProvider
from tests.feature.access.test_identity_provider import NAME, enter, is_in, provider, settings
from tests.feature.access.test_signing_in import PAGE, send

__all__ = ["provider", "settings"]  # fixtures

HERE = "/me/identities"


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_OFFICER, password=True)


@pytest.fixture
async def administrator(db: Database, officer: make.Account) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, officer.organization_id, Role.SYSTEM_ADMINISTRATOR)


async def linked_to(db: Database, account: make.Account) -> list[str]:
    async with db.transaction() as tx:
        return [one.subject for one in await identities.identities_of(tx, account.id)]


async def actions_of(db: Database, account: make.Account) -> list[str]:
    async with db.transaction() as tx:
        subject = LedgerEntryRow.subject == f"account/{account.id}"
        return list(await tx.scalars(select(LedgerEntryRow.action).where(subject).order_by(LedgerEntryRow.id)))


async def enter_by_hand(db: Database, account: make.Account, issuer: str, subject: str) -> Any:
    async with db.transaction() as tx:
        return await identities.link(
            tx, account.id, issuer, subject, actor=SYSTEM, now=db.clock.now(), reason="按名册录入"
        )


async def led_from_form(client: httpx.AsyncClient) -> str:
    """The provider's address on the page that leads there."""
    shown = await client.post(f"{HERE}/begin", headers=PAGE)
    assert shown.status_code == 200, shown.text
    assert f"正在前往{NAME}" in shown.text
    return shown.text.partition('content="0; url=')[2].partition('"')[0].replace("&amp;", "&")


async def test_its_owner_links_it_signs_in_with_it_and_takes_it_away(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    await sign_in(officer)
    mine = await client.get("/me", headers=PAGE)
    assert "尚未关联" in mine.text
    done = await client.get(provider.authorize(await led_from_form(client)), headers=PAGE)
    assert done.headers["location"] == f"{HERE}?done=linked"
    shown = await client.get(done.headers["location"], headers=PAGE)
    assert provider.person.sub in shown.text
    assert "统一身份已关联" in shown.text
    async with db.transaction() as tx:
        told = list(await tx.scalars(select(DeliveryRow.body).where(DeliveryRow.person_id == officer.person_id)))
    assert told, "its owner hears of it, in case it was not they"

    client.cookies.clear()
    assert (await enter(client, provider)).headers["location"] == "/me"
    other = client.cookies
    client.cookies = httpx.Cookies()
    await sign_in(officer)
    page = await client.get(HERE, headers=PAGE)
    action = page.text.partition(f'action="{HERE}/')[2].partition('"')[0]
    removed = await client.post(f"{HERE}/{action}", headers=PAGE)
    assert removed.headers["location"] == f"{HERE}?done=unlinked"
    assert await is_in(client), "the session in which it was done goes on"
    assert await linked_to(db, officer) == []
    client.cookies = other
    assert not await is_in(client), "the one that it had opened is over"
    client.cookies.clear()
    assert (await enter(client, provider)).status_code == 422
    acts = [one for one in await actions_of(db, officer) if "identity" in one]
    assert acts == ["account.identity_linked", "account.identity_unlinked"]


async def test_who_links_shows_anew_who_they_are(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, clock: FixedClock
) -> None:
    await sign_in(officer)
    clock.tick(minutes=16)
    asked = await client.post(f"{HERE}/begin", headers=PAGE)
    assert asked.status_code == 403
    assert "_proof" in asked.text
    assert provider.asked("/openid-configuration") == 0


async def test_a_link_is_made_only_in_a_session_of_who_asked_for_it(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    async with db.transaction() as tx:
        colleague = await make.account(tx, officer.organization_id, Role.HANDLER)
    await sign_in(officer)
    back = provider.authorize(await led_from_form(client))
    await sign_in(colleague)
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/login?done=over"
    await sign_in(officer)
    back = provider.authorize(await led_from_form(client))
    client.cookies.delete("irm_session")
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/login?done=over"
    assert await linked_to(db, officer) == await linked_to(db, colleague) == []
    assert not await is_in(client), "and nobody is signed in by it"


async def test_an_identity_is_linked_to_one_account(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    async with db.transaction() as tx:
        colleague = await make.account(tx, officer.organization_id, Role.HANDLER)
    await enter_by_hand(db, colleague, provider.issuer, provider.person.sub)
    await sign_in(officer)
    back = provider.authorize(await led_from_form(client))
    refused = await client.get(back, headers=PAGE)
    assert refused.headers["location"] == f"{HERE}?failed=taken"
    assert "已关联其他账号" in (await client.get(refused.headers["location"], headers=PAGE)).text
    assert await linked_to(db, officer) == []
    await sign_in(colleague)
    again = await client.get(provider.authorize(await led_from_form(client)), headers=PAGE)
    assert "已关联本账号" in (await client.get(again.headers["location"], headers=PAGE)).text


async def test_what_came_to_nothing_at_the_provider_is_said_where_it_began(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    await sign_in(officer)
    provider.claims = {"nonce": "another"}
    odd = await client.get(provider.authorize(await led_from_form(client)), headers=PAGE)
    assert "无法采信" in (await client.get(odd.headers["location"], headers=PAGE)).text
    denied = await client.get(provider.authorize(await led_from_form(client), code="", error="x"), headers=PAGE)
    assert "未予放行" in (await client.get(denied.headers["location"], headers=PAGE)).text
    assert await linked_to(db, officer) == []


async def test_the_administrator_links_with_a_reason_and_takes_away(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    officer: make.Account,
    administrator: make.Account,
    provider: IdentityProvider,
    db: Database,
) -> None:
    await sign_in(administrator)
    address = f"/api/v1/accounts/{officer.id}"
    assert "关联统一身份" in (await client.get(f"/accounts/{officer.id}", headers=PAGE)).text
    without = await client.post(f"{address}/identity", json={"subject": "410400-0042"})
    assert without.status_code == 422, "no reason"
    odd = await client.post(
        f"/accounts/{officer.id}/identity", data={"subject": "王五", "reason": "入职"}, headers=PAGE
    )
    assert odd.status_code == 422
    assert "不符合统一身份标识的格式" in odd.text
    made = await client.post(f"{address}/identity", json={"subject": " 410400-0042 ", "reason": "入职"})
    assert made.status_code == 200, made.text
    [one] = (await client.get(f"{address}/identities")).json()
    assert (one["subject"], one["issuer"], one["by_owner"]) == ("410400-0042", provider.issuer, False)
    client.cookies.clear()
    assert (await enter(client, provider)).headers["location"] == "/me"
    client.cookies.clear()

    await sign_in(administrator)
    taken = await client.post(
        f"/accounts/{officer.id}/unlink", data={"identity": one["identity"], "reason": "离岗"}, headers=PAGE
    )
    assert taken.headers["location"].endswith("?done=unlink")
    assert "已解除关联" in (await client.get(taken.headers["location"], headers=PAGE)).text
    async with db.transaction() as tx:
        live = select(func.count()).where(SessionRow.account_id == officer.id, SessionRow.revoked_at.is_(None))
        assert await tx.scalar(live) == 0
        told = list(await tx.scalars(select(DeliveryRow.title).where(DeliveryRow.person_id == officer.person_id)))
    assert any("已解除统一身份关联" in each for each in told)
    gone = await client.post(f"{address}/unlink", json={"identity": one["identity"], "reason": "离岗"})
    assert gone.status_code == 404
    assert (await client.post(f"{address}/unlink", json={"identity": "x", "reason": "离岗"})).status_code == 404


async def test_who_has_no_password_keeps_the_last_way_in(db: Database, provider: IdentityProvider) -> None:
    async with db.transaction() as tx:
        organization = await make.organization(tx, "cloud_authority")
        new = await make.account(tx, organization, Role.HANDLER)
    made = await enter_by_hand(db, new, provider.issuer, "410400-0043")
    how: dict[str, Any] = {"actor": Actor("person", new.person_id), "now": db.clock.now(), "keep_session": None}
    with pytest.raises(Conflict, match="no password"):
        async with db.transaction() as tx:
            await identities.unlink(tx, new.id, made, **how)
    async with db.transaction() as tx:
        (await tx.get_one(AccountRow, new.id)).password_hash = "set"
        await identities.unlink(tx, new.id, made, **how)
    assert await linked_to(db, new) == []


async def test_nobody_takes_away_anothers_and_nobody_links_more_than_a_few(
    client: httpx.AsyncClient, sign_in: SignIn, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    async with db.transaction() as tx:
        colleague = await make.account(tx, officer.organization_id, Role.HANDLER)
    theirs = await enter_by_hand(db, colleague, provider.issuer, "410400-0050")
    await sign_in(officer)
    assert (await client.post(f"{HERE}/{theirs}/unlink", headers=PAGE)).status_code == 404
    for number in range(identities.MOST):
        await enter_by_hand(db, officer, provider.issuer, f"more-{number}")
    back = provider.authorize(await led_from_form(client))
    assert (await client.get(back, headers=PAGE)).headers["location"] == f"{HERE}?failed=most"


async def test_of_two_accounts_at_the_same_moment_one_gets_the_identity(committed_db: Database) -> None:
    async with committed_db.transaction() as tx:
        organization = await make.organization(tx, "cloud_authority")
        two = [await make.account(tx, organization, Role.HANDLER) for _ in range(2)]

    async def attempt(account: make.Account) -> str:
        try:
            await enter_by_hand(committed_db, account, "https://id.pds.example", "410400-0042")
        except IrmError as error:
            return error.kind
        return "linked"

    assert sorted(await asyncio.gather(*(attempt(one) for one in two))) == ["conflict", "linked"]


async def test_an_answer_is_taken_by_one_of_two_web_processes(committed_db: Database) -> None:
    from irm.access.security import security_policy

    now = committed_db.clock.now()
    async with committed_db.transaction() as tx:
        asking = await identities.ask(tx, back="/", policy=security_policy(), now=now)

    async def attempt() -> bool:
        async with committed_db.transaction() as tx:
            return await identities.take(tx, asking.token, asking.state, now=now) is not None

    assert sorted(await asyncio.gather(attempt(), attempt())) == [False, True]


async def test_the_way_back_goes_along_to_the_provider(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    shown = await client.get(f"/login?next={quote('/incidents?level=1', safe='')}", headers=PAGE)
    assert 'href="/login/oidc?next=/incidents%3Flevel%3D1"' in shown.text
    assert (await send(client, officer.login)).status_code == 303, "the password remains"
