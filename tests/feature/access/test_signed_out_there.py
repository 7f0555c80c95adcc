"""Whoever signs out at the city's identity provider is signed out here: by a token that the provider signed, and no other."""

import asyncio
from typing import Any

import httpx
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select, update

from irm.access import signed_out_there
from irm.access.identity_models import LinkedIdentityRow, TakenLogoutTokenRow
from irm.access.models import SessionRow
from irm.access.oidc_logout import KEPT, SignedOut
from irm.access.policy import FRESH_MINUTES, Role
from irm.access.security import security_policy
from irm.access.sessions import COOKIE
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.sealing import cipher_of
from tests import make
from tests.conftest import SignIn
from tests.fakes.gateway import Answer
from tests.fakes.identity_provider import KEY, IdentityProvider, b64, unsigned
from tests.feature.access.test_identity_provider import enter, is_in, link, linked, officer, provider, settings
from tests.feature.access.test_proving_at_the_provider import come_back
from tests.feature.access.test_second_factor import code_now, set_up
from tests.feature.access.test_signing_in import PAGE, send

__all__ = ["officer", "provider", "settings"]  # fixtures

HERE = "/api/v1/oidc/backchannel-logout"


async def told(client: httpx.AsyncClient, token: str) -> httpx.Response:
    """By the provider, which brings no cookie."""
    async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as back_channel:
        return await back_channel.post(HERE, data={"logout_token": token})


async def bodies(db: Database, account: make.Account) -> list[str]:
    async with db.transaction() as tx:
        mine = LedgerEntryRow.subject == f"account/{account.id}", LedgerEntryRow.action == "session.ended_there"
        return list(await tx.scalars(select(LedgerEntryRow.body).where(*mine).order_by(LedgerEntryRow.id)))


async def from_session(client: httpx.AsyncClient, provider: IdentityProvider, sid: str | None) -> str:
    """A further browser of the person signs in from that session of the provider; its cookie."""
    client.cookies.clear()
    provider.claims = {"sid": sid}
    assert (await enter(client, provider)).headers["location"] == "/me"
    return client.cookies[COOKIE]


async def alive(client: httpx.AsyncClient, cookie: str) -> bool:
    client.cookies.clear()
    return (await client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={cookie}"})).status_code == 200


async def test_a_sign_out_there_ends_the_session_here(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    await enter(client, provider)
    assert await is_in(client)
    answer = await told(client, provider.logout_token())
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert not await is_in(client)
    [ended] = await bodies(db, officer)
    assert '"count":1' in ended


async def test_what_the_provider_did_not_open_goes_on(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    await send(client, officer.login)
    assert (await told(client, provider.logout_token())).status_code == 200
    assert await is_in(client), "by password"
    async with db.transaction() as tx:
        colleague = await make.account(tx, officer.organization_id, Role.HANDLER)
        provider.person.sub = "410400-0099"
        await link(tx, colleague, provider)
    client.cookies.clear()
    await enter(client, provider)
    assert (await told(client, provider.logout_token(sub="410400-0042"))).status_code == 200
    assert await is_in(client), "somebody else's"
    async with db.transaction() as tx:
        await tx.execute(update(LinkedIdentityRow).values(issuer="https://id.before.example"))
    assert (await told(client, provider.logout_token())).status_code == 200
    assert await is_in(client), "the provider that the city had before had let them in"
    assert await bodies(db, officer) == await bodies(db, colleague) == []


async def test_of_several_sessions_the_one_that_ended_there(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    first, second, unnamed = [await from_session(client, provider, sid) for sid in ("s-1", "s-2", None)]
    assert (await told(client, provider.logout_token(sub=None, sid="s-1"))).status_code == 200
    assert [await alive(client, one) for one in (first, second, unnamed)] == [False, True, True]
    assert (await told(client, provider.logout_token(sub="somebody-else", sid="s-2"))).status_code == 200
    assert await alive(client, second), "a session of that name, of another person"
    third = await from_session(client, provider, "s-3")
    assert (await told(client, provider.logout_token(sid="s-2"))).status_code == 200
    assert [await alive(client, one) for one in (second, third, unnamed)] == [False, True, False], (
        "where irm does not know from which session it came, it ends with any"
    )
    assert (await told(client, provider.logout_token(sid=None))).status_code == 200
    assert not await alive(client, third), "the person has signed out everywhere"


async def test_a_sign_in_that_waits_for_the_second_factor_ends_too(
    client: httpx.AsyncClient, provider: IdentityProvider, db: Database, clock: FixedClock, settings: Settings
) -> None:
    leader = await linked(db, provider, Role.DUTY_LEADER)
    secret, _ = await set_up(db, leader, cipher_of(settings.home, ""))
    clock.tick(seconds=30)
    for ends in (False, True):
        client.cookies.clear()
        provider.claims = {"sid": "s-1"}
        assert (await enter(client, provider)).headers["location"] == "/login/code?next=%2Fme"
        if ends:
            await told(client, provider.logout_token(sid="s-1"))
        shown = await client.get("/login/code", headers=PAGE)
        token = shown.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        clock.tick(seconds=30)
        form = {"csrf_token": token, "code": code_now(secret, clock), "next": "/me"}
        await client.post("/login/code", data=form, headers=PAGE)
        assert await is_in(client) is not ends
    async with db.transaction() as tx:
        kept = set(await tx.scalars(select(SessionRow.provider_sid)))
    assert kept == {"s-1"}, "known by it also after the second step"


async def test_whoever_signed_in_there_anew_stands_in_the_new_session(
    client: httpx.AsyncClient, provider: IdentityProvider, db: Database, clock: FixedClock
) -> None:
    await linked(db, provider, Role.SECURITY_ADMINISTRATOR)
    provider.person.acr = "loa3"
    await from_session(client, provider, "s-1")
    clock.tick(minutes=FRESH_MINUTES)
    me = await client.get("/me", headers=PAGE)
    client.headers["x-csrf-token"] = me.text.partition('name="csrf-token" content="')[2].partition('"')[0]
    provider.claims = {"sid": "s-2"}
    assert (await come_back(client, provider)).status_code == 200
    await told(client, provider.logout_token(sid="s-1"))
    assert await is_in(client)
    await told(client, provider.logout_token(sid="s-2"))
    assert not await is_in(client)


def lies(provider: IdentityProvider) -> dict[str, str]:
    now = int(provider.clock.now().timestamp())
    forger = RSAKey.generate_key(2048, {"kid": KEY.kid}, private=True)
    secret = OctKey.import_key(b64(KEY.as_pem(private=False)).encode(), {"kid": KEY.kid})
    return {
        "issuer": provider.logout_token(iss="https://id.elsewhere.example"),
        "audience": provider.logout_token(aud="another"),
        "old": provider.logout_token(iat=now - 3600),
        "future": provider.logout_token(iat=now + 3600),
        "expired": provider.logout_token(exp=now - 3600),
        "events": provider.logout_token(events={}),
        "nonce": provider.logout_token(nonce="n"),
        "token_id": provider.logout_token(jti=None),
        "subject": provider.logout_token(sub=None),
        "signature": provider.logout_token(key=forger),
        "algorithm": provider.logout_token({"alg": "HS256"}, secret),
        "key": provider.logout_token({"kid": "unknown"}),
        "form": unsigned({"sub": provider.person.sub}),
    }


async def test_no_other_token_ends_anything(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, db: Database
) -> None:
    await enter(client, provider)
    for reason, token in lies(provider).items():
        answer = await told(client, token)
        assert (answer.status_code, answer.headers["cache-control"]) == (400, "no-store"), reason
        assert answer.json()["detail"].endswith(f"logout_token: {reason}")
    assert await is_in(client)
    async with db.transaction() as tx:
        assert (await tx.scalars(select(TakenLogoutTokenRow))).first() is None, "and nothing is written down"


async def test_a_request_that_is_none(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    good = provider.logout_token()
    for content in ("", "logout_token=", f"id_token={good}", f"logout_token={good}&logout_token={good}"):
        kind = {"content-type": "application/x-www-form-urlencoded"}
        assert (await client.post(HERE, content=content, headers=kind)).status_code == 400, content
    assert (await client.post(HERE, json={"logout_token": good})).status_code == 400
    assert (await client.post(HERE, files={"logout_token": ("t", good)})).status_code == 400
    assert (await client.get(f"{HERE}?logout_token={good}")).status_code == 405


async def test_a_token_is_taken_once(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, clock: FixedClock
) -> None:
    """Whoever recorded one signs nobody out again."""
    token = provider.logout_token()
    assert (await told(client, token)).status_code == 200
    await enter(client, provider)
    again = await told(client, token)
    assert (again.status_code, again.json()["detail"].endswith("taken")) == (400, True)
    assert await is_in(client)
    clock.tick(seconds=KEPT.total_seconds())
    assert (await told(client, token)).json()["detail"].endswith("expired"), "forgotten, but too old by then"


async def test_two_web_processes_take_it_once(committed_db: Database, clock: FixedClock) -> None:
    out = SignedOut("https://id.pds.example", "410400-0042", None, "bWJq")

    async def take() -> int | None:
        async with committed_db.transaction() as tx:
            return await signed_out_there.end_sessions(tx, out, now=clock.now())

    ends = await asyncio.gather(*(take() for _ in range(5)))
    assert sorted(ends, key=str) == [0, None, None, None, None]


async def test_the_same_name_of_a_token_of_another_issuer_is_another(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        for issuer in ("https://id.pds.example", "https://id.elsewhere.example"):
            out = SignedOut(issuer, "410400-0042", None, "bWJq")
            assert await signed_out_there.end_sessions(tx, out, now=clock.now()) == 0


async def test_whoever_is_not_signed_in_here_is_no_fault_of_the_provider(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    assert (await told(client, provider.logout_token())).status_code == 200
    assert (await told(client, provider.logout_token(sub="nobody-here"))).status_code == 200


async def test_wrong_ones_are_limited_and_the_providers_own_never(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider
) -> None:
    rate = int(security_policy().rates["wrong_logout"].partition("/")[0])
    statuses = [(await told(client, "no.to.ken")).status_code for _ in range(rate + 1)]
    assert statuses == [400] * rate + [429]
    await enter(client, provider)
    assert (await told(client, provider.logout_token())).status_code == 200
    assert not await is_in(client)


async def test_while_the_keys_cannot_be_read_nobody_is_signed_out(
    client: httpx.AsyncClient, officer: make.Account, provider: IdentityProvider, sign_in: SignIn, db: Database
) -> None:
    provider.answers.append(Answer(drop=True))
    answer = await told(client, provider.logout_token())
    assert (answer.status_code, answer.json()["detail"].endswith("away")) == (400, True)


async def test_without_a_provider_there_is_no_such_address(
    client: httpx.AsyncClient, application: Any, settings: Settings, provider: IdentityProvider
) -> None:
    application.state.settings = settings.model_copy(update={"oidc_issuer": ""})
    assert (await told(client, provider.logout_token())).status_code == 404
