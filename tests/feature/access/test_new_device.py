"""Whose account is used from a browser that was never seen for it, is told: a notice, once for each browser."""

import re

import httpx
import pytest
from sqlalchemy import func, select

from irm.access import factors
from irm.access.cookies import DEVICE_COOKIE
from irm.access.models import AccountRow, KnownDeviceRow, SessionRow
from irm.access.opaque import hashed
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.sealing import cipher_of
from tests import make
from tests.conftest import Drain
from tests.feature.access.test_second_factor import set_up
from tests.feature.access.test_signing_in import PAGE, send

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


@pytest.fixture
async def officer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_OFFICER, password=True)


async def told(db: Database, account: make.Account) -> list[DeliveryRow]:
    async with db.transaction() as tx:
        return list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.person_id == account.person_id)))


async def enter(client: httpx.AsyncClient, account: make.Account, device: str = "") -> str:
    """Signs in with a browser that has no other cookie than the mark; the mark that it has then."""
    client.cookies.clear()
    if device:
        client.cookies.set(DEVICE_COOKIE, device, path="/login")
    answer = await send(client, account.login)
    assert answer.status_code == 303
    given = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(DEVICE_COOKIE))
    assert "HttpOnly" in given
    assert "Max-Age=34560000" in given
    assert "Path=/login" in given, "no other page is sent it"
    found = re.match(rf"{DEVICE_COOKIE}=([^;]+);", given)
    assert found
    return found[1]


async def test_the_first_browser_is_silent_and_so_is_one_that_was_here(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    mark = await enter(client, officer)
    clock.tick(days=30)
    assert await enter(client, officer, mark) == mark
    assert await told(db, officer) == []
    async with db.transaction() as tx:
        row = (await tx.scalars(select(KnownDeviceRow))).one()
        assert (row.mark_hash, row.last_at) == (hashed(mark), clock.now()), "only the hash is stored"


async def test_another_browser_is_told_with_time_address_kind_and_how_to_end_it(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock, drain: Drain
) -> None:
    await enter(client, officer)
    clock.tick(hours=1)
    client.headers["user-agent"] = AGENT
    other = await enter(client, officer)
    news = await told(db, officer)
    assert news
    assert {one.purpose for one in news} == {"notice"}
    await drain()
    read = (await client.get("/inbox", headers=PAGE)).text
    assert "本人账号在新的浏览器上登录" in read
    stated = [one.body for one in news if one.channel == "in_app"]
    for word in ("2026-11-21 04:41:00", "127.0.0.1", "Chromium 141 · Linux", "结束该会话并修改口令"):
        assert all(word in body for body in stated), word
    assert stated
    outside = "".join(one.body for one in news if one.channel == "sms")
    assert "新的浏览器" in outside
    assert "127.0.0.1" not in outside, "no address leaves the network"
    before = len(news)
    await enter(client, officer, other)
    assert len(await told(db, officer)) == before, "once for each browser"
    async with db.transaction() as tx:
        bodies = list(await tx.scalars(select(LedgerEntryRow.body)))
    assert "127.0.0.1" not in "".join(bodies), "the address stands in the ledger as a commitment"


async def test_a_mark_that_irm_did_not_make_is_no_mark(
    client: httpx.AsyncClient, officer: make.Account, db: Database
) -> None:
    await enter(client, officer)
    planted = "planted-by-somebody-who-waits"
    assert await enter(client, officer, planted) != planted
    assert await told(db, officer)
    async with db.transaction() as tx:
        assert hashed(planted) not in set(await tx.scalars(select(KnownDeviceRow.mark_hash)))


async def test_a_desk_that_two_share_is_one_browser_and_new_to_each_once(
    client: httpx.AsyncClient, officer: make.Account, db: Database
) -> None:
    async with db.transaction() as tx:
        relief = await make.account(tx, officer.organization_id, Role.DUTY_OFFICER, password=True)
    await enter(client, relief)
    desk = await enter(client, officer)
    assert await enter(client, relief, desk) == desk
    assert await told(db, officer) == []
    first = len(await told(db, relief))
    assert first
    await enter(client, officer, desk)
    await enter(client, relief, desk)
    assert (len(await told(db, officer)), len(await told(db, relief))) == (0, first)


async def test_a_wrong_password_makes_no_browser_known(
    client: httpx.AsyncClient, officer: make.Account, db: Database
) -> None:
    assert (await send(client, officer.login, "Wrong-password-1")).status_code == 422
    async with db.transaction() as tx:
        assert await tx.scalar(select(func.count()).select_from(KnownDeviceRow)) == 0
        assert (await tx.get_one(AccountRow, officer.id)).wrong_since == 1
        assert await tx.scalar(select(func.count()).select_from(SessionRow)) == 0


async def as_form(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """A form of one's own page `/me`, as it stands there."""
    shown = await client.get("/me", headers=PAGE)
    token = re.search(r'name="csrf-token" content="([^"]+)"', shown.text)
    assert token
    return await client.post(path, data={"csrf_token": token[1], **fields}, headers=PAGE)


async def sessions_of(db: Database, account: make.Account) -> list[str]:
    """The newest last."""
    async with db.transaction() as tx:
        own = select(SessionRow.token_hash).where(SessionRow.account_id == account.id)
        return list(await tx.scalars(own.order_by(SessionRow.created_at)))


async def test_a_browser_whose_session_was_ended_is_told_of_when_it_comes_back(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    strange = await enter(client, officer)
    clock.tick(minutes=1)
    own = await enter(client, officer)
    told_before = len(await told(db, officer))
    theirs, _ = await sessions_of(db, officer)
    assert (await as_form(client, f"/me/sessions/{theirs}/end")).status_code == 303
    await enter(client, officer, own)
    assert len(await told(db, officer)) == told_before, "one's own browser is known still"
    assert await enter(client, officer, strange) == strange
    once = len(await told(db, officer))
    assert once > told_before
    await enter(client, officer, strange)
    assert len(await told(db, officer)) == once, "and is known from then on"


async def test_signing_out_forgets_nothing(client: httpx.AsyncClient, officer: make.Account, db: Database) -> None:
    await enter(client, officer)
    own = await enter(client, officer)
    before = len(await told(db, officer))
    assert (await as_form(client, "/logout")).status_code == 303
    await enter(client, officer, own)
    assert len(await told(db, officer)) == before


async def test_after_a_new_password_every_other_browser_is_new_even_where_nobody_is_signed_in(
    client: httpx.AsyncClient, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    away = await enter(client, officer)
    clock.tick(days=1)  # its session has run out
    own = await enter(client, officer)
    before = len(await told(db, officer))
    new = "Quiet-harbour-58"
    changed = await as_form(client, "/me/password", present=make.PASSWORD, password=new, again=new)
    assert changed.status_code == 303
    client.cookies.clear()
    client.cookies.set(DEVICE_COOKIE, own, path="/login")
    assert (await send(client, officer.login, new)).status_code == 303
    assert len(await told(db, officer)) == before, "the browser in which it was changed stays known"
    client.cookies.clear()
    client.cookies.set(DEVICE_COOKIE, away, path="/login")
    assert (await send(client, officer.login, new)).status_code == 303
    assert len(await told(db, officer)) > before


async def test_after_a_reset_even_the_only_browser_is_told_of(
    client: httpx.AsyncClient, officer: make.Account, db: Database, settings: Settings
) -> None:
    """Else the first to come would be silent, and that may be whoever holds the lost device."""
    await enter(client, officer)
    await set_up(db, officer, cipher_of(settings.home))
    async with db.transaction() as tx:
        await factors.reset(tx, officer.id, reason="手机遗失", actor=SYSTEM, now=db.clock.now())
    before = len(await told(db, officer))
    await enter(client, officer)
    assert len(await told(db, officer)) > before
