"""Signing in, lock-out, sessions and their limits, over HTTP."""

import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import login as signing, sessions
from irm.access.models import AccountRow, SessionRow
from irm.access.opaque import hashed
from irm.access.policy import Role
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.web.models import DraftRow
from tests import make

PAGE = {"accept": "text/html"}
POLICY = security_policy()


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_OFFICER, password=True)


async def send(client: httpx.AsyncClient, login: str, password: str = make.PASSWORD, **more: Any) -> httpx.Response:
    shown = await client.get("/login", headers=PAGE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token, shown.text
    form = {"login": login, "password": password, "csrf_token": token[1], "next": "/me"} | more
    return await client.post("/login", data=form, headers=PAGE)


async def test_signing_in_and_out(client: httpx.AsyncClient, officer: make.Account, db: Database) -> None:
    answer = await send(client, f" {officer.login.upper()} ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(sessions.COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie  # plain HTTP on 10.x; https turns it on
    me = await client.get("/me", headers=PAGE)
    assert me.status_code == 200
    assert officer.login in me.text
    assert "其他浏览器" in me.text  # no raw description of one: this is python-httpx
    assert "httpx" not in me.text
    token = client.cookies[sessions.COOKIE]
    async with db.transaction() as tx:
        assert await tx.get(SessionRow, hashed(token)) is not None
        assert await tx.get(SessionRow, token) is None  # only the hash is stored

    csrf = re.search(r'name="csrf-token" content="([^"]+)"', me.text)
    assert csrf
    out = await client.post("/logout", data={"csrf_token": csrf[1]}, headers=PAGE)
    assert out.headers["location"] == "/login?done=out"
    client.cookies.set(sessions.COOKIE, token)  # a copied cookie is worth nothing after signing out
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_an_id_chosen_by_the_client_never_becomes_a_session(
    client: httpx.AsyncClient, officer: make.Account
) -> None:
    client.cookies.set(sessions.COOKIE, "chosen-by-somebody-else")
    await send(client, officer.login)
    values = {one.value for one in client.cookies.jar if one.name == sessions.COOKIE}
    assert values != {"chosen-by-somebody-else"}
    client.cookies.clear()
    client.cookies.set(sessions.COOKIE, "chosen-by-somebody-else")
    assert (await client.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("login", ["nobody", "", "a" * 5000, "o'fficer", "x\0y", "<script>", "' OR 1=1 --"])
async def test_unknown_and_odd_logins_are_refused_alike(client: httpx.AsyncClient, login: str) -> None:
    answer = await send(client, login)
    assert answer.status_code == 422
    assert "<script>" not in answer.text.replace("<script defer", "")


async def test_a_form_from_elsewhere_does_not_sign_in(client: httpx.AsyncClient, officer: make.Account) -> None:
    answer = await send(client, officer.login, csrf_token="guessed")
    assert answer.status_code == 403
    client.cookies.clear()
    bare = {"login": officer.login, "password": make.PASSWORD, "csrf_token": ""}
    assert (await client.post("/login", data=bare, headers=PAGE)).status_code == 403


@pytest.mark.parametrize("next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
async def test_the_way_back_stays_in_the_house(client: httpx.AsyncClient, officer: make.Account, next_: str) -> None:
    assert (await send(client, officer.login, next=next_)).headers["location"] == "/"


async def test_lock_out_after_the_policys_number_and_release(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    for _ in range(POLICY.lockout_failures):
        assert (await send(client, officer.login, "Wrong-22-password")).status_code == 422
    right = await send(client, officer.login)
    assert right.status_code == 422
    assert "04:11" in right.text
    wrong = await send(client, officer.login, "Wrong-99-password")
    assert wrong.status_code == 422, "the lock is no oracle: right and wrong read the same"
    assert "04:11" in wrong.text
    clock.tick(seconds=POLICY.lockout.total_seconds())
    assert (await send(client, officer.login)).status_code == 303
    async with db.transaction() as tx:
        actions = list(
            await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.subject == f"account/{officer.id}")
                .order_by(LedgerEntryRow.id)
            )
        )
    assert actions[-6:] == ["session.refused"] * 4 + ["account.locked", "session.opened"]


async def test_one_right_password_forgives_the_wrong_ones(
    client: httpx.AsyncClient, officer: make.Account, db: Database
) -> None:
    for _ in range(POLICY.lockout_failures - 1):
        await send(client, officer.login, "Wrong-22-password")
    await send(client, officer.login)
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, officer.id)).failed_count == 0


async def test_too_many_attempts_in_a_minute(client: httpx.AsyncClient) -> None:
    answers = [(await send(client, "nobody")).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429]
    assert (await send(client, "somebody-else")).status_code == 422  # behind the same NAT


async def test_a_session_ends_when_idle_and_in_any_case(
    client: httpx.AsyncClient, officer: make.Account, clock: FixedClock
) -> None:
    await send(client, officer.login)
    idle, longest = POLICY.session_idle.total_seconds(), POLICY.session_longest.total_seconds()
    clock.tick(seconds=idle - 1)
    assert (await client.get("/api/v1/me")).status_code == 200
    spent = idle - 1
    while spent + idle - 1 < longest:
        clock.tick(seconds=idle - 1)
        spent += idle - 1
        assert (await client.get("/api/v1/me")).status_code == 200
    clock.tick(seconds=longest - spent)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(
    client: httpx.AsyncClient, officer: make.Account, clock: FixedClock
) -> None:
    await send(client, officer.login)
    clock.tick(seconds=POLICY.session_idle.total_seconds() - 1)
    assert (await client.get("/organizations", headers={**PAGE, "hx-request": "true"})).status_code == 200
    clock.tick(seconds=1)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_the_oldest_session_gives_way(
    client: httpx.AsyncClient, officer: make.Account, clock: FixedClock
) -> None:
    tokens = []
    for _ in range(POLICY.sessions_at_once + 1):
        client.cookies.clear()
        await send(client, officer.login)
        tokens.append(client.cookies[sessions.COOKIE])
        clock.tick(minutes=1)
    states = []
    for token in tokens:
        client.cookies.clear()
        client.cookies.set(sessions.COOKIE, token)
        states.append((await client.get("/api/v1/me")).status_code)
    assert states == [401] + [200] * POLICY.sessions_at_once


async def test_without_session_a_page_goes_to_the_sign_in_and_the_api_says_401(client: httpx.AsyncClient) -> None:
    page = await client.get("/organizations?kind=vendor", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Forganizations%3Fkind%3Dvendor")
    fragment = await client.get(
        "/organizations",
        headers={**PAGE, "hx-request": "true", "hx-current-url": "http://irm.test/me?x=1"},
    )
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (204, "/login?next=%2Fme%3Fx%3D1")
    api = await client.get("/api/v1/me")
    assert (api.status_code, api.headers["content-type"], api.json()["code"]) == (
        401,
        "application/problem+json",
        "unauthenticated",
    )


async def test_a_form_without_its_token_is_refused(client: httpx.AsyncClient, officer: make.Account) -> None:
    await send(client, officer.login)
    assert (await client.post("/me/locale", data={"locale": "en"}, headers=PAGE)).status_code == 403
    assert (await client.post("/api/v1/tokens", json={"name": "x", "scopes": ["read_rules"]})).json()["code"] == "csrf"


async def test_what_is_sent_after_the_session_ran_out_becomes_a_draft(
    client: httpx.AsyncClient, officer: make.Account, clock: FixedClock, db: Database
) -> None:
    await send(client, officer.login)
    clock.tick(hours=1)
    form = {"_draft": "incidents.file", "text": "portal is down", "csrf_token": "x", "password": "never kept"}
    answer = await client.post("/me/locale", data=form, headers={**PAGE, "referer": "http://irm.test/report/new"})
    assert answer.headers["location"] == "/login?next=%2Freport%2Fnew"
    async with db.transaction() as tx:
        kept = (await tx.scalars(select(DraftRow).where(DraftRow.account_id == officer.id))).one()
    assert (kept.form, kept.body) == ("incidents.file", {"text": "portal is down"})


async def test_an_old_password_is_asked_to_be_changed(
    client: httpx.AsyncClient, officer: make.Account, clock: FixedClock
) -> None:
    clock.tick(days=91)
    answer = await send(client, officer.login)
    assert answer.headers["location"] == "/me?old_password=1&next=%2Fme"


async def test_a_one_time_link_sets_up_an_account_once(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        first = await signing.issue_link(tx, officer.id, policy=POLICY, actor=SYSTEM, now=clock.now())
        token = await signing.issue_link(tx, officer.id, policy=POLICY, actor=SYSTEM, now=clock.now())
    assert (await client.get(f"/setup/{first}", headers=PAGE)).status_code == 404  # the newer one replaced it
    for _ in range(2):  # a mail scanner may look first
        assert officer.login in (await client.get(f"/setup/{token}", headers=PAGE)).text
    form = {"login": "duty-chief", "password": "Kranich-7-Teich", "again": "Kranich-7-Teich"}
    different = await client.post(f"/setup/{token}", data=form | {"again": "x"}, headers=PAGE)
    weak = await client.post(f"/setup/{token}", data=form | {"password": "short", "again": "short"}, headers=PAGE)
    assert (different.status_code, weak.status_code) == (422, 422)
    assert (await client.post(f"/setup/{token}", data=form, headers=PAGE)).headers["location"] == "/login?done=setup"
    assert (await client.post(f"/setup/{token}", data=form, headers=PAGE)).status_code == 404
    assert (await send(client, "duty-chief", "Kranich-7-Teich")).status_code == 303


async def test_a_link_runs_out(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        token = await signing.issue_link(tx, officer.id, policy=POLICY, actor=SYSTEM, now=clock.now())
    clock.tick(seconds=POLICY.link_life.total_seconds())
    assert (await client.get(f"/setup/{token}", headers=PAGE)).status_code == 404


async def test_changing_the_password_ends_all_other_sessions(
    client: httpx.AsyncClient, officer: make.Account, sign_in: Any
) -> None:
    await send(client, officer.login)
    elsewhere = client.cookies[sessions.COOKIE]
    client.cookies.clear()
    await sign_in(officer)
    form = {"present": make.PASSWORD, "password": "Kranich-7-Teich", "again": "Kranich-7-Teich"}
    wrong = await client.post("/me/password", data=form | {"present": "Wrong-22-password"}, headers=PAGE)
    assert wrong.status_code == 422
    assert (await client.post("/me/password", data=form, headers=PAGE)).headers["location"] == "/me?done=password"
    assert (await client.get("/api/v1/me")).status_code == 200
    client.cookies.clear()
    client.cookies.set(sessions.COOKIE, elsewhere)
    assert (await client.get("/api/v1/me")).status_code == 401
