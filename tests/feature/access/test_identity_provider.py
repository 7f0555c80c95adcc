"""Signing in by the city's identity provider, which runs as a real server; and every way in which it does not work."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr
from sqlalchemy import select

from irm import outside
from irm.access import identities
from irm.access.cookies import IDENTITY_COOKIE
from irm.access.identity_models import IdentityRequestRow
from irm.access.models import AccountRow, SessionRow
from irm.access.oidc_provider import KEPT, KEYS_AT_MOST, LEFT_ALONE
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.actor import SYSTEM
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.sealing import cipher_of
from tests import make
from tests.fakes.gateway import Answer, HttpServer
from tests.fakes.identity_provider import KEY, NEXT_KEY, SECRET, IdentityProvider, b64, unsigned
from tests.feature.access.test_second_factor import code_now, set_up
from tests.feature.access.test_signing_in import PAGE, send

POLICY = security_policy()
NAME = "统一身份认证"


@pytest.fixture
async def provider(clock: FixedClock) -> AsyncIterator[IdentityProvider]:
    http = HttpServer()
    server = await http.start()
    yield IdentityProvider(http, clock)
    server.close()
    await server.wait_closed()


@pytest.fixture
def settings(settings: Settings, provider: IdentityProvider) -> Settings:
    return settings.model_copy(
        update={
            "oidc_issuer": provider.issuer,
            "oidc_name": NAME,
            "oidc_client_id": provider.client_id,
            "oidc_secret": SecretStr(SECRET),
            "oidc_factor_acr": "loa3",
        }
    )


@pytest.fixture
async def officer(db: Database, provider: IdentityProvider) -> make.Account:
    """Linked to the person at the provider; needs no second factor."""
    return await linked(db, provider, Role.DUTY_OFFICER)


async def linked(db: Database, provider: IdentityProvider, role: Role) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        account = await make.account(tx, authority, role, password=True)
        await link(tx, account, provider)
    return account


async def link(tx: Any, account: make.Account, provider: IdentityProvider) -> Any:
    now = tx.clock.now()
    return await identities.link(
        tx, account.id, provider.issuer, provider.person.sub, actor=SYSTEM, now=now, reason="按名册录入"
    )


async def led(client: httpx.AsyncClient, back: str = "/me") -> str:
    """To the provider; its address."""
    answer = await client.get(f"/login/oidc?next={back}", headers=PAGE)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def enter(client: httpx.AsyncClient, provider: IdentityProvider, **lies: str) -> httpx.Response:
    return await client.get(provider.authorize(await led(client), **lies), headers=PAGE)


async def is_in(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/v1/me")).status_code == 200


async def entries(db: Database, account: make.Account) -> list[LedgerEntryRow]:
    async with db.transaction() as tx:
        subject = LedgerEntryRow.subject == f"account/{account.id}"
        return list(await tx.scalars(select(LedgerEntryRow).where(subject).order_by(LedgerEntryRow.id)))


async def test_whoever_is_linked_signs_in_without_a_password(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    shown = await client.get("/login", headers=PAGE)
    assert f"使用{NAME}登录" in shown.text
    assert 'href="/login/oidc?next=/"' in shown.text
    entered = await enter(client, provider)
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    assert await is_in(client)
    [opened] = [one.body for one in await entries(db, officer) if one.action == "session.opened"]
    assert '"identity":"' in opened
    assert '"factor_there":false' in opened
    async with db.transaction() as tx:
        assert (await identities.identities_of(tx, officer.id))[0].used_at is not None
        assert (await tx.scalars(select(IdentityRequestRow))).first() is None


async def test_nobody_gets_in_by_a_name_or_an_address_that_the_provider_knows(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    provider.person.sub = "somebody-new"
    provider.claims = {"email": officer.email, "email_verified": True, "preferred_username": officer.login}
    answer = await enter(client, provider)
    assert answer.status_code == 422
    assert "somebody-new" in answer.text, "what the administrator needs in order to link it"
    assert not await is_in(client)


LIES: dict[str, dict[str, Any]] = {
    "wrong nonce": {"claims": {"nonce": "another"}},
    "expired": {"claims": {"exp": 1_795_000_000 - 10_000_000}},
    "another audience": {"claims": {"aud": "another"}},
    "others, too": {"claims": {"aud": ["irm@pingdingshan", "another"]}},
    "another issuer": {"claims": {"iss": "https://id.elsewhere.example"}},
    "another's key under a known name": {"key": RSAKey.generate_key(2048, {"kid": KEY.kid}, private=True)},
    "a secret in the place of the key": {
        "key": OctKey.import_key(b64(KEY.as_pem(private=False)).encode(), {"kid": KEY.kid}),
        "algorithm": "HS256",
    },
    "no signature": {"token": unsigned({"sub": "410400-0042"})},
    "no token": {"token": "none"},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_token_that_is_not_as_it_must_be_opens_nothing(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, lie: dict[str, Any], db: Database
) -> None:
    for name, value in lie.items():
        setattr(provider, name, value)
    answer = await enter(client, provider)
    assert answer.status_code == 422
    assert "无法采信" in answer.text
    assert not await is_in(client)
    assert "session.opened" not in [one.action for one in await entries(db, officer)]


async def test_an_answer_is_taken_once_in_time_and_from_the_browser_that_was_led_there(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, clock: FixedClock
) -> None:
    back = provider.authorize(await led(client))
    own = client.cookies[IDENTITY_COOKIE]
    client.cookies.set(IDENTITY_COOKIE, "another browser's", domain="irm.test", path="/login")
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/login?done=over"
    client.cookies.clear()
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/login?done=over"
    client.cookies.set(IDENTITY_COOKIE, own, domain="irm.test", path="/login")
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/me"
    client.cookies.clear()
    client.cookies.set(IDENTITY_COOKIE, own, domain="irm.test", path="/login")
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/login?done=over", "a replayed state"
    assert provider.asked("/token") == 1

    client.cookies.clear()
    late = provider.authorize(await led(client))
    clock.tick(seconds=POLICY.code_wait.total_seconds())
    assert (await client.get(late, headers=PAGE)).headers["location"] == "/login?done=over"
    assert not await is_in(client)


async def test_a_code_without_the_browsers_verifier_is_worth_nothing(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    """Somebody's code, put into one's own answer."""
    theirs = provider.authorize(await led(client))
    stolen = urlsplit(theirs).query.partition("code=")[2].partition("&")[0]
    client.cookies.clear()
    answer = await enter(client, provider, code=stolen)
    assert answer.status_code == 422
    assert not await is_in(client)


async def test_an_answer_of_another_provider_is_thrown_away_before_its_code_is_sent(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    for issuer in ("https://id.elsewhere.example", ""):
        assert (await enter(client, provider, iss=issuer)).status_code == 422
    assert provider.asked("/token") == 0
    provider.document = {"authorization_response_iss_parameter_supported": False}


async def test_whoever_turns_back_there_stays_outside(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    answer = await enter(client, provider, code="", error="access_denied")
    assert answer.status_code == 422
    assert f"{NAME}未予放行" in answer.text
    assert provider.asked("/token") == 0


async def test_new_keys_are_read_when_one_is_unknown_but_not_for_everybody(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, clock: FixedClock
) -> None:
    assert (await enter(client, provider)).status_code == 303
    client.cookies.clear()
    provider.key, provider.published = NEXT_KEY, [KEY, NEXT_KEY]
    clock.tick(seconds=KEYS_AT_MOST.total_seconds())
    assert (await enter(client, provider)).headers["location"] == "/me", "the provider changed its keys a moment ago"
    assert provider.asked("/keys") == 2
    client.cookies.clear()
    provider.key = RSAKey.generate_key(2048, {"kid": "invented"}, private=True)
    for _ in range(3):
        assert (await enter(client, provider)).status_code == 422
    assert provider.asked("/keys") == 2, "tokens with invented names of keys make nobody ask again and again"
    assert provider.asked("/openid-configuration") == 1
    clock.tick(seconds=KEPT.total_seconds())
    provider.published, provider.key = [NEXT_KEY], KEY
    assert (await enter(client, provider)).status_code == 422, "a key that was taken back proves nothing any more"


TROUBLES: dict[str, Answer] = {
    "an error": Answer(500, "{}"),
    "silence": Answer(hang=5),
    "a line that is cut": Answer(drop=True),
    "a drip": Answer(drip=0.05, body='{"issuer": "' + "x" * 200),
    "ten megabytes": Answer(body='{"issuer": "' + "x" * 10_000_000 + '"}'),
    "no JSON": Answer(body="<html>"),
    "a list": Answer(body="[]"),
    "another place": Answer(302, "", headers={"location": "https://id.elsewhere.example/"}),
}


@pytest.mark.parametrize("path", ["discovery", "token"])
@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
async def test_a_provider_in_trouble_keeps_nobody_waiting_and_the_password_remains(
    client: httpx.AsyncClient,
    officer: make.Account,
    provider: IdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Answer,
    path: str,
) -> None:
    monkeypatch.setattr(outside, "HARD_SECONDS", 0.3)
    if path == "discovery":
        provider.answers.append(trouble)
        answer = await client.get("/login/oidc", headers=PAGE)
    else:
        back = provider.authorize(await led(client))
        provider.answers.append(trouble)
        answer = await client.get(back, headers=PAGE)
    assert answer.status_code in (422, 503)
    assert NAME in answer.text
    assert not await is_in(client)
    provider.answers.clear()
    assert (await send(client, officer.login)).headers["location"] == "/me"


async def test_a_provider_that_is_gone_is_left_alone_for_a_moment(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, clock: FixedClock
) -> None:
    provider.answers.append(Answer(drop=True))
    for _ in range(3):
        answer = await client.get("/login/oidc", headers=PAGE)
        assert answer.status_code == 503
        assert f"{NAME}没有响应" in answer.text
    assert provider.asked("/openid-configuration") == 1
    clock.tick(seconds=LEFT_ALONE.total_seconds())
    assert (await enter(client, provider)).status_code == 303


async def test_many_who_come_at_once_wait_for_one_answer(
    client: httpx.AsyncClient, provider: IdentityProvider, application: Any, clock: FixedClock
) -> None:
    from irm.access.identity_door import provider_of

    found = provider_of(application)
    assert found is not None
    await asyncio.gather(*(found.metadata(now=clock.now()) for _ in range(5)))
    assert provider.asked("/openid-configuration") == 1


async def test_a_second_factor_is_asked_here_unless_the_city_counts_the_providers(
    client: httpx.AsyncClient, provider: IdentityProvider, db: Database, clock: FixedClock, settings: Settings
) -> None:
    leader = await linked(db, provider, Role.DUTY_LEADER)
    secret, _ = await set_up(db, leader, cipher_of(settings.home, ""))
    clock.tick(seconds=30)
    for acr in (None, "loa2"):
        provider.person.acr = acr
        assert (await enter(client, provider)).headers["location"] == "/login/code?next=%2Fme"
        assert not await is_in(client)
    shown = await client.get("/login/code", headers=PAGE)
    token = shown.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "code": code_now(secret, clock), "next": "/me"}
    assert (await client.post("/login/code", data=form, headers=PAGE)).headers["location"] == "/me"
    opened = [one.body for one in await entries(db, leader) if one.action == "session.opened"]
    assert '"identity":"' in opened[-1], "the provider vouched, and the code was irm's"
    client.cookies.clear()
    provider.person.acr = "loa3"
    assert (await enter(client, provider)).headers["location"] == "/me"
    assert await is_in(client)


async def test_who_needs_a_second_factor_and_has_none_gets_the_day_or_shows_it_there(
    client: httpx.AsyncClient, provider: IdentityProvider, db: Database, clock: FixedClock
) -> None:
    leader = await linked(db, provider, Role.DUTY_LEADER)
    provider.person.acr = "loa3"
    await enter(client, provider)
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, leader.id)).factor_due_at is None, "two factors were shown there"
    client.cookies.clear()
    provider.person.acr = None
    await enter(client, provider)
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, leader.id)).factor_due_at == clock.now() + POLICY.factor_grace
    clock.tick(seconds=POLICY.factor_grace.total_seconds())
    client.cookies.clear()
    await enter(client, provider)
    stopped = await client.get("/me/identities", headers=PAGE)
    assert stopped.headers["location"].startswith("/me/second-factor"), "one factor is not enough any more"
    client.cookies.clear()
    provider.person.acr = "loa3"
    await enter(client, provider)
    assert (await client.get("/me/identities", headers=PAGE)).status_code == 200


async def test_the_door_is_the_same_as_every_other(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, db: Database, clock: FixedClock
) -> None:
    """Lock-out, suspension, the number of sessions, a browser that was never here."""
    for _ in range(POLICY.sessions_at_once + 1):
        await enter(client, provider)
        client.cookies.clear()
        clock.tick(seconds=1)
    async with db.transaction() as tx:
        live = select(SessionRow).where(SessionRow.account_id == officer.id, SessionRow.revoked_at.is_(None))
        assert len(list(await tx.scalars(live))) == POLICY.sessions_at_once
        row = await tx.get_one(AccountRow, officer.id)
        row.locked_until = clock.now() + POLICY.lockout
    assert "session.new_device" in [one.action for one in await entries(db, officer)]
    locked = await enter(client, provider)
    assert locked.status_code == 422
    assert "已锁定" in locked.text
    async with db.transaction() as tx:
        row = await tx.get_one(AccountRow, officer.id)
        row.locked_until, row.disabled_at = None, clock.now()
    disabled = await enter(client, provider)
    assert disabled.status_code == 422
    assert "已停用" in disabled.text
    assert not await is_in(client)


async def test_signing_out_leads_to_the_provider_too(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sign_out() -> httpx.Response:
        me = await client.get("/me", headers=PAGE)
        token = me.text.partition('name="csrf-token" content="')[2].partition('"')[0]
        return await client.post("/logout", data={"csrf_token": token}, headers=PAGE)

    await enter(client, provider)
    out = await sign_out()
    assert out.status_code in (200, 201)
    assert f'content="0; url={provider.issuer}/logout?client_id=' in out.text
    assert "post_logout_redirect_uri=http%3A%2F%2Firm.test%2Flogin%3Fdone%3Dout" in out.text
    assert not await is_in(client), "here it is over, whatever becomes of it there"

    await send(client, officer.login)
    assert (await sign_out()).headers["location"] == "/login?done=out", "who came by password is not led there"


async def test_without_a_provider_there_is_no_such_door(
    client: httpx.AsyncClient, application: Any, settings: Settings, officer: make.Account
) -> None:
    application.state.settings = settings.model_copy(update={"oidc_issuer": ""})
    assert NAME not in (await client.get("/login", headers=PAGE)).text
    assert (await client.get("/login/oidc", headers=PAGE)).status_code == 404
    assert (await client.get("/login/oidc/callback?state=x", headers=PAGE)).status_code == 404


async def test_a_back_address_elsewhere_is_not_followed(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    back = provider.authorize(await led(client, "//id.elsewhere.example/"))
    assert (await client.get(back, headers=PAGE)).headers["location"] == "/"
