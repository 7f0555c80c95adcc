"""Whoever signs in by the city's identity provider shows it there again before a dangerous act; and every way it proves nothing."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, update

from irm.access import identities
from irm.access.cookies import IDENTITY_COOKIE
from irm.access.identity_models import IdentityRequestRow, LinkedIdentityRow
from irm.access.models import AccountRow
from irm.access.oidc_tokens import LEEWAY
from irm.access.policy import FRESH_MINUTES, Role
from irm.access.security import security_policy
from irm.access.sessions import COOKIE
from irm.actor import SYSTEM
from irm.clock import FixedClock
from irm.db import Database
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import SignIn
from tests.fakes.gateway import Answer
from tests.fakes.identity_provider import IdentityProvider
from tests.feature.access.test_identity_provider import LIES, NAME, linked, provider, settings
from tests.feature.access.test_signing_in import PAGE

__all__ = ["provider", "settings"]  # fixtures

POLICY = security_policy()
ACT = "/rules/tongren-data-2019/adoption"
TYPED = {"adopted": "yes", "reason": "市里决定 <采用>"}


@pytest.fixture
async def security(db: Database, provider: IdentityProvider) -> make.Account:
    return await linked(db, provider, Role.SECURITY_ADMINISTRATOR)


@pytest.fixture
async def desk(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> httpx.AsyncClient:
    """Signed in, and left open for so long that a dangerous act asks again."""
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    return client


def fields_of(page: str, action: str) -> dict[str, str]:
    """What is sent by the page's form to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', page, re.DOTALL)
    assert form, page
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    return {unescape(name): unescape(value) for name, value in found}


async def asked_again(desk: httpx.AsyncClient) -> dict[str, str]:
    shown = await desk.post(ACT, data=TYPED, headers=PAGE)
    assert shown.status_code == 403, shown.text
    assert f"通过{NAME}确认" in shown.text
    return fields_of(shown.text, "/me/proof/provider")


async def led_there(desk: httpx.AsyncClient) -> str:
    """From the act to the provider; its address."""
    led = await desk.post("/me/proof/provider", data=await asked_again(desk), headers=PAGE)
    assert led.status_code in {200, 201}, led.text
    assert "继续演练" not in led.text, "the button speaks of the provider, not of a drill"
    return unescape(led.text.partition('content="0; url=')[2].partition('"')[0])


async def come_back(desk: httpx.AsyncClient, provider: IdentityProvider, **lies: str) -> httpx.Response:
    return await desk.get(provider.authorize(await led_there(desk), **lies), headers=PAGE)


async def bodies(db: Database, account: make.Account, action: str) -> list[str]:
    async with db.transaction() as tx:
        mine = LedgerEntryRow.subject == f"account/{account.id}", LedgerEntryRow.action == action
        return list(await tx.scalars(select(LedgerEntryRow.body).where(*mine).order_by(LedgerEntryRow.id)))


async def assert_nothing_proven(desk: httpx.AsyncClient, db: Database, account: make.Account) -> None:
    assert await bodies(db, account, "session.proven") == []
    assert (await desk.post(ACT, data=TYPED, headers=PAGE)).status_code == 403


async def test_the_act_goes_on_after_a_new_sign_in_there(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database
) -> None:
    address = await led_there(desk)
    asked = parse_qs(urlsplit(address).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["0"])
    async with db.transaction() as tx:
        waiting = (await tx.scalars(select(IdentityRequestRow))).one()
        assert "市里决定".encode() not in (waiting.kept or b""), "what was typed is sealed"
    old = desk.cookies[COOKIE]
    back = await desk.get(provider.authorize(address), headers=PAGE)
    assert back.status_code == 200
    assert back.headers["cache-control"] == "no-store"
    assert desk.cookies[COOKIE] != old, "the session goes on under a new token"
    sent = fields_of(back.text, ACT)
    assert {name: sent[name] for name in TYPED} == TYPED
    assert (await desk.post(ACT, data=sent, headers=PAGE)).status_code not in {401, 403}
    [proven] = await bodies(db, security, "session.proven")
    assert '"by":"provider"' in proven
    async with db.transaction() as tx:
        assert (await tx.scalars(select(IdentityRequestRow))).first() is None
        assert (await identities.identities_of(tx, security.id))[0].used_at == tx.clock.now()


async def test_the_page_that_only_asks_leads_back_to_where_one_was(
    desk: httpx.AsyncClient, provider: IdentityProvider
) -> None:
    shown = await desk.get("/me/proof?next=/rules", headers=PAGE)
    led = await desk.post("/me/proof/provider", data=fields_of(shown.text, "/me/proof/provider"), headers=PAGE)
    address = unescape(led.text.partition('content="0; url=')[2].partition('"')[0])
    back = await desk.get(provider.authorize(address), headers=PAGE)
    assert (back.status_code, back.headers["location"]) == (303, "/rules")
    assert (await desk.post(ACT, data=TYPED, headers=PAGE)).status_code not in {401, 403}


async def test_whoever_has_no_password_is_not_asked_for_one(
    desk: httpx.AsyncClient, security: make.Account, db: Database
) -> None:
    async with db.transaction() as tx:
        await tx.execute(update(AccountRow).where(AccountRow.id == security.id).values(password_hash=None))
    shown = await desk.post(ACT, data=TYPED, headers=PAGE)
    assert f"通过{NAME}确认" in shown.text
    assert 'name="_proof"' not in shown.text


STALE: dict[str, dict[str, Any]] = {
    "an old sign-in": {"auth_time": 1_000_000_000},
    "no word of when": {"auth_time": None},
    "when is no moment": {"auth_time": "now"},
    "in the future": {"auth_time": 9_999_999_999},
}


@pytest.mark.parametrize("claims", STALE.values(), ids=STALE)
async def test_only_a_fresh_sign_in_proves_it(
    desk: httpx.AsyncClient,
    security: make.Account,
    provider: IdentityProvider,
    db: Database,
    claims: dict[str, Any],
) -> None:
    provider.claims = claims
    refused = await come_back(desk, provider)
    assert refused.status_code == 403
    assert "未要求重新登录" in refused.text or "无法采信" in refused.text
    assert fields_of(refused.text, ACT)["reason"] == TYPED["reason"], "what was typed is still there"
    await assert_nothing_proven(desk, db, security)


async def test_a_sign_in_from_before_it_was_asked_proves_nothing_by_more_than_the_clocks_may_differ(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database, clock: FixedClock
) -> None:
    asked_at, within = int(clock.now().timestamp()), int(LEEWAY.total_seconds())
    address = await led_there(desk)
    clock.tick(minutes=3)
    provider.claims = {"auth_time": asked_at - within - 1}
    assert "未要求重新登录" in (await desk.get(provider.authorize(address), headers=PAGE)).text
    await assert_nothing_proven(desk, db, security)
    provider.claims = {"auth_time": int(clock.now().timestamp()) - within}
    assert (await come_back(desk, provider)).status_code == 200


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_token_that_is_not_as_it_must_be_proves_nothing(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, lie: dict[str, Any], db: Database
) -> None:
    for name, value in lie.items():
        setattr(provider, name, value)
    refused = await come_back(desk, provider)
    assert (refused.status_code, "无法采信" in refused.text) == (403, True)
    await assert_nothing_proven(desk, db, security)


async def test_somebody_else_there_proves_nothing_and_counts(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database
) -> None:
    """Linked to a colleague's account, or to none: whoever sat down at the open desk."""
    async with db.transaction() as tx:
        colleague = await make.account(tx, security.organization_id, Role.HANDLER)
        provider.person.sub = "410400-0099"
        await identities.link(
            tx,
            colleague.id,
            provider.issuer,
            provider.person.sub,
            actor=SYSTEM,
            now=tx.clock.now(),
            reason="按名册录入",
        )
    for sub in ("410400-0099", "nobody-here"):
        provider.person.sub = sub
        refused = await come_back(desk, provider)
        assert (refused.status_code, "未与本账号关联" in refused.text) == (403, True)
    await assert_nothing_proven(desk, db, security)
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, security.id)).failed_count == 2


async def test_an_identity_of_another_issuer_is_none(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database
) -> None:
    address = await led_there(desk)
    async with db.transaction() as tx:
        await tx.execute(update(LinkedIdentityRow).values(issuer="https://id.before.example"))
    refused = await desk.get(provider.authorize(address), headers=PAGE)
    assert "未与本账号关联" in refused.text
    assert f"通过{NAME}确认" not in refused.text, "nor is it offered"


async def test_it_is_the_session_that_asked_the_browser_that_asked_once_and_in_time(
    desk: httpx.AsyncClient,
    security: make.Account,
    provider: IdentityProvider,
    db: Database,
    clock: FixedClock,
    sign_in: SignIn,
) -> None:
    back = provider.authorize(await led_there(desk))
    session, tie, token = desk.cookies[COOKIE], desk.cookies[IDENTITY_COOKIE], desk.headers["x-csrf-token"]
    await sign_in(security)
    over = await desk.get(back, headers=PAGE)
    assert over.headers["location"] == "/login?done=over", "another session of the same account"
    desk.cookies.clear()
    desk.cookies.set(COOKIE, session, domain="irm.test")
    desk.cookies.set(IDENTITY_COOKIE, tie, domain="irm.test", path="/login")
    desk.headers["x-csrf-token"] = token
    assert (await desk.get(back, headers=PAGE)).headers["location"] == "/login?done=over", "it was taken"
    back = provider.authorize(await led_there(desk))
    desk.cookies.delete(IDENTITY_COOKIE, domain="irm.test", path="/login")
    assert (await desk.get(back, headers=PAGE)).headers["location"] == "/login?done=over", "another browser"
    back = provider.authorize(await led_there(desk))
    clock.tick(seconds=POLICY.code_wait.total_seconds())
    assert (await desk.get(back, headers=PAGE)).headers["location"] == "/login?done=over", "too late"
    await assert_nothing_proven(desk, db, security)


async def test_what_was_asked_for_signing_in_proves_nothing(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database
) -> None:
    """And what was asked for proving opens no session."""
    session = desk.cookies[COOKIE]
    desk.cookies.delete(COOKIE, domain="irm.test")
    led = await desk.get("/login/oidc?next=/me", headers=PAGE)
    desk.cookies.set(COOKIE, session, domain="irm.test")
    await desk.get(provider.authorize(led.headers["location"]), headers=PAGE)
    assert await bodies(db, security, "session.proven") == []
    desk.cookies.delete(COOKIE, domain="irm.test")
    desk.cookies.set(COOKIE, session, domain="irm.test")
    back = provider.authorize(await led_there(desk))
    desk.cookies.delete(COOKIE, domain="irm.test")
    assert (await desk.get(back, headers=PAGE)).headers["location"] == "/login?done=over"
    assert (await desk.get("/api/v1/me")).status_code == 401


async def test_whoever_turns_back_there_finds_what_was_typed(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database
) -> None:
    refused = await come_back(desk, provider, code="", error="login_required")
    assert f"{NAME}未予放行" in refused.text
    assert fields_of(refused.text, ACT)["reason"] == TYPED["reason"]
    await assert_nothing_proven(desk, db, security)


async def test_a_provider_that_is_away_leaves_the_other_ways(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider
) -> None:
    kept = await asked_again(desk)
    provider.answers.append(Answer(drop=True))
    refused = await desk.post("/me/proof/provider", data=kept, headers=PAGE)
    assert refused.status_code == 403
    assert f"{NAME}没有响应" in refused.text
    sent = fields_of(refused.text, ACT) | {"_proof": make.PASSWORD}
    assert (await desk.post(ACT, data=sent, headers=PAGE)).status_code not in {401, 403}


async def test_a_locked_account_proves_nothing_there_and_asking_is_limited(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        (await tx.get_one(AccountRow, security.id)).locked_until = clock.now() + POLICY.lockout
    assert "锁定" in (await come_back(desk, provider)).text
    kept = await asked_again(desk)
    for _ in range(5):
        await desk.post("/me/proof/provider", data=kept, headers=PAGE)
    assert "过于频繁" in (await desk.post("/me/proof/provider", data=kept, headers=PAGE)).text


async def test_it_is_offered_to_none_but_who_is_linked_and_begun_by_no_form_from_elsewhere(
    desk: httpx.AsyncClient, security: make.Account, db: Database
) -> None:
    kept = await asked_again(desk)
    kept.pop("csrf_token", None)
    del desk.headers["x-csrf-token"]
    assert (await desk.post("/me/proof/provider", data=kept, headers=PAGE)).status_code == 403
    async with db.transaction() as tx:
        assert (await tx.scalars(select(IdentityRequestRow))).first() is None
        await tx.execute(update(LinkedIdentityRow).values(account_id=(await make.account(tx, None)).id))
    shown = await desk.get("/me/proof", headers=PAGE)
    assert NAME not in shown.text


async def test_an_act_elsewhere_is_not_sent_on(
    desk: httpx.AsyncClient, security: make.Account, provider: IdentityProvider
) -> None:
    kept = await asked_again(desk) | {"_to": "https://irm.elsewhere.example/"}
    led = await desk.post("/me/proof/provider", data=kept, headers=PAGE)
    address = unescape(led.text.partition('content="0; url=')[2].partition('"')[0])
    back = await desk.get(provider.authorize(address), headers=PAGE)
    assert "elsewhere" not in back.text
