"""Dangerous acts ask again who it is. Which those are stands here, written by hand, and is held against the route table."""

import re
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import select, update

from irm.access import tokens
from irm.access.models import SessionRow
from irm.access.opaque import hashed
from irm.access.policy import AUTHORITY, FRESH_MINUTES, FRESH_OPT, PERMISSION_OPT, Permission, Role
from irm.access.security import security_policy
from irm.access.sessions import COOKIE, renew
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.sealing import cipher_of
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_second_factor import code_now, set_up
from tests.feature.access.test_signing_in import PAGE

P = Permission
GRAVE = {
    P.MANAGE_ACCOUNTS,
    P.MANAGE_ROLES,
    P.MANAGE_RULES,
    P.APPROVE_RULES,
    P.PUBLISH_PLAYBOOK,
    P.ENTER_AUTHORIZATIONS,
    P.MANAGE_SCREENS,
}
"""Who uses these changes what others may do, what the law is taken to say, or what happens in the night."""
HARMLESS = {
    "POST /api/v1/rules/check",
    "POST /rules/new/check",
    "POST /rules/{pack:str}/edit/check",  # look, write nothing
    "POST /rules/new/file",
    "POST /people/import",
    "POST /api/v1/people/imports",  # a list is looked at first
    "POST /playbooks/new/file",  # put a file's text into the editor
}
OF_ONES_OWN = {
    "POST /api/v1/tokens",
    "POST /me/tokens",
    "POST /delegations",
    "POST /api/v1/delegations",
    "POST /break-glass",
    "POST /api/v1/break-glass",
    "POST /me/proof",
    "POST /me/sessions/end-others",
    "POST /me/sessions/{session_id:str}/end",
    "POST /me/second-factor/begin",
    "POST /me/second-factor/recovery-codes",
    "POST /me/second-factor/remove",
    "POST /me/passkeys/begin",
    "POST /me/passkeys/{passkey_id:uuid}/remove",
    "POST /me/identities/begin",
    "POST /me/identities/{identity_id:uuid}/unlink",
    "POST /calendar/feed",
}


def table(app: Litestar) -> dict[str, Any]:
    found = {}
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            for method in handler.http_methods - {"GET", "HEAD", "OPTIONS"}:
                found[f"{method} {route.path}"] = handler
    return found


def test_every_dangerous_route_asks_and_no_other(application: Litestar) -> None:
    every = table(application)
    grave = {name for name, one in every.items() if (one.opt[PERMISSION_OPT] or frozenset()) & GRAVE} - HARMLESS
    asking = {name for name, one in every.items() if FRESH_OPT in one.opt}
    assert asking == grave | OF_ONES_OWN
    assert set(every) >= HARMLESS, "what is named here exists"
    assert all(every[name].opt[FRESH_OPT] in (0, FRESH_MINUTES) for name in asking)


@pytest.fixture
async def security(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        return await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR, password=True)


async def adopt(client: httpx.AsyncClient, **more: str) -> httpx.Response:
    form = {"adopted": "yes", "reason": "市里决定 <采用>"} | more
    return await client.post("/rules/tongren-data-2019/adoption", data=form, headers=PAGE)


async def test_what_was_typed_comes_back_with_the_proof(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, db: Database, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    asked = await adopt(client)
    assert asked.status_code == 403
    assert 'action="/rules/tongren-data-2019/adoption"' in asked.text
    assert 'name="reason" value="市里决定 &lt;采用&gt;"' in asked.text
    assert 'type="password"' in asked.text
    wrong = await adopt(client, _proof="Wrong-22-password")
    assert wrong.status_code == 403
    assert "密码或动态口令不正确" in wrong.text
    assert "Wrong-22-password" not in wrong.text
    done = await adopt(client, _proof=make.PASSWORD)
    assert done.status_code not in {401, 403}, done.text
    assert (await adopt(client)).status_code not in {401, 403}, "asked once for a while"
    clock.tick(minutes=FRESH_MINUTES - 1)
    assert (await adopt(client)).status_code not in {401, 403}


async def test_who_proved_it_goes_on_under_a_new_token_and_the_old_one_is_over(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, db: Database, clock: FixedClock
) -> None:
    """A token that somebody copied earlier is worth nothing once its owner has shown who they are."""
    await sign_in(security)
    old = client.cookies[COOKIE]
    clock.tick(minutes=FRESH_MINUTES)
    assert (await adopt(client, _proof="Wrong-22-password")).status_code == 403
    assert client.cookies[COOKIE] == old
    done = await adopt(client, _proof=make.PASSWORD)
    assert [one.split("=")[0] for one in done.headers.get_list("set-cookie")] == [COOKIE]
    assert "HttpOnly" in done.headers["set-cookie"]
    new = client.cookies[COOKIE]
    assert new != old
    # Another tab of this browser sends the new cookie, with the form as it was loaded before.
    assert (await client.get("/me", headers=PAGE)).status_code == 200
    assert (await adopt(client)).status_code not in {401, 403}
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={old}"})).status_code == 401
    assert (await client.get("/api/v1/me", headers={"cookie": f"{COOKIE}={new}"})).status_code == 200
    async with db.transaction() as tx:
        row = (await tx.scalars(select(SessionRow))).one()
        assert (row.token_hash, row.proven_at) == (hashed(new), clock.now()), "it is the same session"


async def test_the_new_token_reaches_the_browser_even_where_the_act_fails(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    sent = {"adopted": "yes", "reason": "x", "_proof": make.PASSWORD}
    assert (await client.post("/rules/no-such-pack/adoption", data=sent, headers=PAGE)).status_code == 404
    assert (await client.get("/api/v1/me")).status_code == 200


async def test_the_act_itself_knows_the_session_by_its_new_token(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    form = {"name": "巡检脚本", "days": "30", "scopes": [P.READ_INCIDENTS.value], "_proof": make.PASSWORD}
    made = await client.post("/me/tokens", data=form, headers=PAGE)
    assert made.status_code in {200, 201}, made.text
    assert "当前会话" in made.text


async def test_of_two_proofs_at_once_the_second_finds_the_session_renewed(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, db: Database, clock: FixedClock
) -> None:
    await sign_in(security)
    old = hashed(client.cookies[COOKIE])
    async with db.transaction() as tx:
        assert await renew(tx, old, now=clock.now()) is not None
        assert await renew(tx, old, now=clock.now()) is None


@pytest.mark.parametrize("which", ["end-others", "one"])
async def test_whoever_sits_down_at_an_open_desk_ends_no_other_session(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock, which: str
) -> None:
    await sign_in(security)
    elsewhere = client.cookies[COOKIE]
    clock.tick(seconds=1)
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    path = f"/me/sessions/{which if which == 'end-others' else hashed(elsewhere) + '/end'}"
    other = {"cookie": f"{COOKIE}={elsewhere}"}
    assert (await client.post(path, headers=PAGE)).status_code == 403
    own = client.cookies[COOKIE]
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers=other)).status_code == 200
    client.cookies.set(COOKIE, own, domain="irm.test")
    done = await client.post(path, data={"_proof": make.PASSWORD}, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/me?done=session")
    assert (await client.get("/api/v1/me")).status_code == 200
    client.cookies.clear()
    assert (await client.get("/api/v1/me", headers=other)).status_code == 401


async def test_a_code_proves_it_too_and_once(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    db: Database,
    clock: FixedClock,
    settings: Settings,
) -> None:
    secret, _ = await set_up(db, security, cipher_of(settings.home))
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    code = code_now(secret, clock)
    assert (await adopt(client, _proof=code)).status_code not in {401, 403}
    clock.tick(seconds=1)
    async with db.transaction() as tx:
        await tx.execute(update(SessionRow).values(proven_at=None))
    assert (await adopt(client, _proof=code)).status_code == 403, "a code is taken once"


async def test_wrong_proofs_lock_the_account(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    for _ in range(security_policy().lockout_failures):
        assert (await adopt(client, _proof="Wrong-22-password")).status_code == 403
    clock.tick(minutes=1)
    assert "锁定" in (await adopt(client, _proof=make.PASSWORD)).text


async def test_a_token_needs_a_scope_of_its_own(
    client: httpx.AsyncClient, security: make.Account, db: Database
) -> None:
    async def token(*scopes: Permission) -> dict[str, str]:
        async with db.transaction() as tx:
            _, made = await tokens.create_token(
                tx, account_id=security.id, name="t", scopes=frozenset(scopes), actor=SYSTEM, now=db.clock.now()
            )
        return {"authorization": f"Bearer {made}"}

    path, body = "/api/v1/rules/tongren-data-2019/adoption", {"adopted": True}
    refused = await client.post(path, json=body, headers=await token(P.MANAGE_RULES))
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert "act_unasked" in refused.text
    taken = await client.post(path, json=body, headers=await token(P.MANAGE_RULES, P.ACT_UNASKED))
    assert taken.status_code not in {401, 403}, taken.text


async def test_a_script_is_told_and_can_prove_it_beforehand(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    path, body = "/api/v1/rules/tongren-data-2019/adoption", {"adopted": True}
    told = await client.post(path, json=body)
    assert (told.status_code, told.json()["code"]) == (403, "proof")
    proven = await client.post("/me/proof", data={"_proof": make.PASSWORD, "next": "/rules"}, headers=PAGE)
    assert (proven.status_code, proven.headers["location"]) == (303, "/rules")
    assert (await client.post(path, json=body)).status_code not in {401, 403}


async def test_a_fragment_is_led_to_the_page_that_asks(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, clock: FixedClock
) -> None:
    await sign_in(security)
    clock.tick(minutes=FRESH_MINUTES)
    headers = PAGE | {"hx-request": "true", "hx-current-url": "http://irm.test/rules/tongren-data-2019"}
    answer = await client.post("/rules/tongren-data-2019/adoption", data={"adopted": "yes"}, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["hx-redirect"] == "/me/proof?next=%2Frules%2Ftongren-data-2019"
    shown = await client.get(answer.headers["hx-redirect"], headers=PAGE)
    assert re.search(r'name="next" value="/rules/tongren-data-2019"', shown.text)
