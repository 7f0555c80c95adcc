"""Passkeys looked after: added, renamed and removed by their owner, removed by the system administrator."""

import html
import json
import re
from typing import Any

import httpx
from sqlalchemy import select

from irm.access import factors, passkeys
from irm.access.models import AccountRow, PasskeyRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests import make
from tests.conftest import SignIn
from tests.fakes.authenticator import Authenticator
from tests.feature.access.test_passkeys import actions_of, enter, leader, settings, with_passkey
from tests.feature.access.test_signing_in import PAGE, send

__all__ = ["leader", "settings"]


async def test_added_at_the_own_page_and_signed_in_with(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database, clock: FixedClock
) -> None:
    await sign_in(leader)
    assert "尚未添加" in (await client.get("/me/passkeys", headers=PAGE)).text
    shown = await client.post("/me/passkeys/begin", data={"name": " 办公电脑 "}, headers=PAGE)
    given = re.search(r"data-given='([^']+)'", shown.text)
    assert given, shown.text
    device = Authenticator()
    answer = device.create(json.loads(html.unescape(given[1])))
    added = await client.post("/me/passkeys", data={"name": "办公电脑", "answer": answer}, headers=PAGE)
    assert (added.status_code, added.headers["location"]) == (303, "/me/passkeys?done=added")
    again = await client.post("/me/passkeys", data={"name": "办公电脑", "answer": answer}, headers=PAGE)
    assert again.status_code == 422, "an answer is taken once"
    assert "办公电脑" in (await client.get("/me", headers=PAGE)).text

    client.cookies.clear()
    clock.tick(minutes=1)
    entered = await enter(client, device)
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    me = (await client.get("/me", headers=PAGE)).text
    assert "前启用二次验证" not in me, "it is the second factor that the role asks for"
    async with db.transaction() as tx:
        row = (await tx.scalars(select(PasskeyRow))).one()
        told = list(await tx.scalars(select(DeliveryRow.purpose).where(DeliveryRow.person_id == leader.person_id)))
        assert (row.sign_count, row.used_at) == (1, clock.now())
        assert (await tx.get_one(AccountRow, leader.id)).factor_due_at is None
    assert set(told) == {"notice"}, "its owner is told that there is one"


async def test_before_one_is_added_its_owner_shows_who_they_are(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, clock: FixedClock
) -> None:
    await sign_in(leader)
    clock.tick(minutes=16)
    asked_again = await client.post("/me/passkeys/begin", data={"name": "手机"}, headers=PAGE)
    assert asked_again.status_code == 403
    assert 'name="_proof"' in asked_again.text
    shown = await client.post("/me/passkeys/begin", data={"name": "手机", "_proof": make.PASSWORD}, headers=PAGE)
    given = re.search(r"data-given='([^']+)'", shown.text)
    assert given, shown.text
    answer = Authenticator().create(json.loads(html.unescape(given[1])))
    added = await client.post("/me/passkeys", data={"name": "手机", "answer": answer}, headers=PAGE)
    assert added.status_code == 303, "what was asked belongs to the session, which goes on under a new token"


async def test_what_was_asked_in_one_session_is_not_answered_in_another(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database
) -> None:
    await sign_in(leader)
    shown = await client.post("/me/passkeys/begin", data={"name": "手机"}, headers=PAGE)
    given = re.search(r"data-given='([^']+)'", shown.text)
    assert given
    answer = Authenticator().create(json.loads(html.unescape(given[1])))
    await sign_in(leader)
    sent = await client.post("/me/passkeys", data={"name": "手机", "answer": answer}, headers=PAGE)
    assert sent.status_code == 422
    async with db.transaction() as tx:
        assert (await tx.scalars(select(PasskeyRow))).first() is None


async def test_who_needs_a_second_factor_does_not_remove_the_last(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database
) -> None:
    async with db.transaction() as tx:
        handler = await make.account(tx, leader.organization_id, Role.HANDLER)
    for account, status in ((leader, 422), (handler, 303)):
        await with_passkey(db, account)
        await sign_in(account)
        async with db.transaction() as tx:
            (own,) = await passkeys.passkeys_of(tx, account.id)
        removed = await client.post(f"/me/passkeys/{own.id}/remove", headers=PAGE)
        assert removed.status_code == status
        async with db.transaction() as tx:
            assert len(await passkeys.passkeys_of(tx, account.id)) == (status == 422)
    await with_passkey(db, leader)
    await sign_in(leader)
    assert (await client.post(f"/me/passkeys/{(await first(db, leader)).id}/remove", headers=PAGE)).status_code == 303


async def first(db: Database, account: make.Account) -> passkeys.Passkey:
    async with db.transaction() as tx:
        return (await passkeys.passkeys_of(tx, account.id))[0]


async def test_renamed_by_its_owner_and_by_nobody_else(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database
) -> None:
    await with_passkey(db, leader)
    own = await first(db, leader)
    await sign_in(leader)
    assert (await client.post(f"/me/passkeys/{own.id}/rename", data={"name": " "}, headers=PAGE)).status_code == 422
    renamed = await client.post(f"/me/passkeys/{own.id}/rename", data={"name": "钥匙串上的"}, headers=PAGE)
    assert renamed.status_code == 303
    assert (await first(db, leader)).name == "钥匙串上的"
    async with db.transaction() as tx:
        other = await make.account(tx, leader.organization_id, Role.DUTY_LEADER)
    await sign_in(other)
    for act in ("rename", "remove"):
        assert (
            await client.post(f"/me/passkeys/{own.id}/{act}", data={"name": "我的"}, headers=PAGE)
        ).status_code == 404
    async with db.transaction() as tx:
        bodies = list(await tx.scalars(select(LedgerEntryRow.body)))
    assert "钥匙串" not in "".join(bodies), "what people call their things stands in the ledger as a commitment"


async def test_the_system_administrator_removes_it_with_a_reason_and_its_owner_is_told(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database
) -> None:
    device = await with_passkey(db, leader)
    await sign_in(leader)
    cookie = client.cookies["irm_session"]
    async with db.transaction() as tx:
        keeper = await make.account(tx, leader.organization_id, Role.SYSTEM_ADMINISTRATOR)
    await sign_in(keeper)
    own = await first(db, leader)
    base = f"/accounts/{leader.id}"
    assert "值班室安全密钥" in (await client.get(base, headers=PAGE)).text
    listed = (await client.get(f"/api/v1{base}/passkeys")).json()
    assert [one["passkey"] for one in listed] == [str(own.id)]
    assert (await client.get(f"/api/v1/accounts/{own.id}/passkeys")).status_code == 404, "there is no such account"
    silent = await client.post(f"{base}/passkey", data={"passkey": str(own.id)}, headers=PAGE)
    assert silent.status_code == 422, "not without a reason"
    given = {"passkey": str(own.id), "reason": "密钥遗失"}
    assert (await client.post(f"{base}/passkey", data=given, headers=PAGE)).status_code == 303
    assert (await client.post(f"/api/v1{base}/passkey", json=given)).status_code == 404
    assert (await client.post(f"/api/v1{base}/passkey", json=given | {"passkey": "x"})).status_code == 404
    assert "account.passkey_taken_away" in await actions_of(db, leader)
    async with db.transaction() as tx:
        told = list(await tx.scalars(select(DeliveryRow.body).where(DeliveryRow.person_id == leader.person_id)))
    assert any("已被移除" in one for one in told)
    client.cookies.clear()
    client.cookies.set("irm_session", cookie)
    assert (await client.get("/api/v1/me")).status_code == 401, "the sessions have ended"
    client.cookies.clear()
    assert (await enter(client, device)).status_code == 422


async def test_a_lost_device_is_reset_with_all_that_was_on_it(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock
) -> None:
    device = await with_passkey(db, leader)
    async with db.transaction() as tx:
        await factors.reset(tx, leader.id, reason="手机丢失", actor=SYSTEM, now=clock.now())
    assert (await enter(client, device)).status_code == 422
    client.cookies.clear()
    assert (await send(client, leader.login)).headers["location"] == "/me"


async def test_over_plain_http_it_is_not_offered_and_the_page_says_why(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, application: Any, settings: Settings
) -> None:
    for address, why in (("http://irm.test", "https 方式"), ("http://10.1.2.3", "域名")):
        application.state.settings = settings.model_copy(update={"public_url": address})
        client.cookies.clear()
        assert "data-passkey" not in (await client.get("/login", headers=PAGE)).text
        assert (await client.post("/login/passkey/options", data={})).status_code == 404
        await sign_in(leader)
        shown = (await client.get("/me/passkeys", headers=PAGE)).text
        assert "此处不能使用通行密钥" in shown
        assert why in shown
        refused = await client.post("/me/passkeys/begin", data={"name": "手机"}, headers=PAGE)
        assert refused.status_code == 404
