"""The second factor over HTTP: set up, asked, taken once, lost and reset; and nobody locked out at 03:00."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import factors, login as signing
from irm.access.callers import Caller
from irm.access.cookies import HALF_COOKIE
from irm.access.half_sign_in import finish
from irm.access.models import AccountRow, RecoveryCodeRow, SecondFactorRow
from irm.access.policy import Role
from irm.access.second_factor import code_at
from irm.access.security import security_policy
from irm.actor import Actor
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.sealing import Cipher, cipher_of
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_signing_in import PAGE, send

POLICY = security_policy()


@pytest.fixture
def cipher(settings: Settings) -> Cipher:
    return cipher_of(settings.home)


@pytest.fixture
async def leader(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_LEADER, password=True)


async def secret_of(db: Database, account: make.Account, cipher: Cipher) -> bytes:
    async with db.transaction() as tx:
        row = await tx.get_one(SecondFactorRow, account.id)
        return cipher.unseal(row.secret, f"account/{account.id}/second-factor")


async def set_up(db: Database, account: make.Account, cipher: Cipher) -> tuple[bytes, list[str]]:
    """Through the services; the secret and the recovery codes."""
    async with db.transaction() as tx:
        await factors.begin(tx, account.id, cipher=cipher, now=db.clock.now())
    secret = await secret_of(db, account, cipher)
    async with db.transaction() as tx:
        codes = await factors.confirm(
            tx,
            account.id,
            code_at(secret, int(db.clock.now().timestamp()) // 30 - 1),
            cipher=cipher,
            actor=Actor("person", account.person_id),
            now=db.clock.now(),
            keep_session=None,
        )
    return secret, codes


def code_now(secret: bytes, clock: FixedClock) -> str:
    return code_at(secret, int(clock.now().timestamp()) // 30)


async def send_code(client: httpx.AsyncClient, code: str, **more: Any) -> httpx.Response:
    shown = await client.get("/login/code", headers=PAGE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', shown.text)
    assert token, shown.text
    return await client.post("/login/code", data={"code": code, "csrf_token": token[1]} | more, headers=PAGE)


async def actions_of(db: Database, account: make.Account) -> list[str]:
    async with db.transaction() as tx:
        subject = LedgerEntryRow.subject == f"account/{account.id}"
        return list(await tx.scalars(select(LedgerEntryRow.action).where(subject).order_by(LedgerEntryRow.id)))


async def test_set_up_by_hand_then_asked_at_every_sign_in(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database, clock: FixedClock, cipher: Cipher
) -> None:
    await sign_in(leader)
    assert "未启用" in (await client.get("/me", headers=PAGE)).text
    assert (await client.post("/me/second-factor/begin", headers=PAGE)).status_code == 303
    shown = (await client.get("/me/second-factor", headers=PAGE)).text
    secret = await secret_of(db, leader, cipher)
    assert 'class="qr"' in shown
    assert "style=" not in shown[shown.index('class="qr"') :], "the policy for content would block it"
    assert "otpauth://totp/irm:" in shown
    wrong = await client.post("/me/second-factor/confirm", data={"code": "000000"}, headers=PAGE)
    assert wrong.status_code == 422
    done = await client.post("/me/second-factor/confirm", data={"code": code_now(secret, clock)}, headers=PAGE)
    assert done.status_code == 200
    assert len(re.findall(r"<li>[a-z0-9-]{29}</li>", done.text)) == 10
    assert done.headers["cache-control"] == "no-store"
    again = (await client.get("/me/second-factor", headers=PAGE)).text
    assert "otpauth" not in again, "what was set up is shown no more"

    client.cookies.clear()
    half = await send(client, leader.login)
    assert half.headers["location"] == "/login/code?next=%2Fme"
    assert (await client.get("/api/v1/me")).status_code == 401, "the password alone opens nothing"
    used = await send_code(client, code_now(secret, clock))
    assert used.status_code == 422, "the code that confirmed it is over"
    clock.tick(seconds=30)
    answer = await send_code(client, code_now(secret, clock), next="/me")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    assert (await client.get("/api/v1/me")).status_code == 200
    assert (await client.get("/login/code", headers=PAGE)).headers["location"] == "/login?done=over"


async def test_a_recovery_code_opens_once(
    client: httpx.AsyncClient, leader: make.Account, db: Database, cipher: Cipher
) -> None:
    _, codes = await set_up(db, leader, cipher)
    await send(client, leader.login)
    assert (await send_code(client, codes[3].upper())).status_code == 303
    client.cookies.clear()
    await send(client, leader.login)
    assert (await send_code(client, codes[3])).status_code == 422
    assert (await send_code(client, codes[4])).status_code == 303
    assert (await actions_of(db, leader)).count("account.recovery_code_used") == 2
    async with db.transaction() as tx:
        stored = list(await tx.scalars(select(RecoveryCodeRow.code_hash)))
    assert not set(codes) & set(stored), "only hashes are stored"


async def test_wrong_codes_lock_the_account_and_the_right_password_does_not_forgive_them(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock, cipher: Cipher
) -> None:
    secret, _ = await set_up(db, leader, cipher)
    for _ in range(POLICY.lockout_failures - 1):
        client.cookies.clear()
        await send(client, leader.login)
        assert (await send_code(client, "000000")).status_code == 422
        clock.tick(seconds=60)  # the rate of codes is another matter
    client.cookies.clear()
    await send(client, leader.login)
    assert "锁定" in (await send_code(client, "000000")).text
    right = await send_code(client, code_now(secret, clock))
    assert right.status_code == 422, "while it is locked no code is right"
    assert "account.locked" in await actions_of(db, leader)


async def test_codes_have_a_rate_of_their_own(
    client: httpx.AsyncClient, leader: make.Account, db: Database, cipher: Cipher
) -> None:
    await set_up(db, leader, cipher)
    await send(client, leader.login)
    answers = [await send_code(client, "000000") for _ in range(7)]
    assert [one.status_code for one in answers] == [422] * 6 + [429]
    assert answers[-1].headers["retry-after"] == "60"


async def test_a_half_sign_in_ends_by_itself(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock, cipher: Cipher
) -> None:
    secret, _ = await set_up(db, leader, cipher)
    await send(client, leader.login)
    clock.tick(seconds=POLICY.code_wait.total_seconds())
    answer = await client.get("/login/code", headers=PAGE)
    assert answer.headers["location"] == "/login?done=over"
    sent = await client.post("/login/code", data={"code": code_now(secret, clock)}, headers=PAGE)
    assert sent.status_code == 403, "and no form of another page is taken"


async def test_two_web_processes_never_take_the_same_code_twice(
    committed_db: Database, clock: FixedClock, settings: Settings
) -> None:
    cipher = cipher_of(settings.home)
    async with committed_db.transaction() as tx:
        leader = await make.account(tx, await make.organization(tx), Role.DUTY_LEADER)
    secret, codes = await set_up(committed_db, leader, cipher)
    clock.tick(seconds=30)

    async def use(code: str) -> str | None:
        async with committed_db.transaction() as tx:
            return await factors.take(
                tx, leader.id, code, cipher=cipher, actor=Actor("person", leader.person_id), now=clock.now()
            )

    for code, kind in ((code_now(secret, clock), "code"), (codes[0], "recovery")):
        taken = await asyncio.gather(*(use(code) for _ in range(8)))
        assert sorted(one for one in taken if one) == [kind]


async def test_a_half_sign_in_is_finished_once(committed_db: Database, clock: FixedClock, settings: Settings) -> None:
    cipher = cipher_of(settings.home)
    async with committed_db.transaction() as tx:
        leader = await make.account(tx, await make.organization(tx), Role.DUTY_LEADER, password=True)
    _, codes = await set_up(committed_db, leader, cipher)
    proof = await signing.prove(committed_db, leader.login, make.PASSWORD, policy=POLICY)
    async with committed_db.transaction() as tx:
        half = await signing.sign_in(tx, proof, policy=POLICY, caller=Caller(), now=clock.now())
    assert isinstance(half, signing.CodeNeeded)

    async def end(code: str) -> object:
        async with committed_db.transaction() as tx:
            return await finish(tx, half.token, code, cipher=cipher, policy=POLICY, caller=Caller(), now=clock.now())

    ends = await asyncio.gather(*(end(code) for code in codes[:4]))
    assert sum(isinstance(one, signing.SignedIn) for one in ends) == 1
    assert ends.count("over") == 3


async def test_the_grace_counts_down_and_then_nothing_else_can_be_done(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock, cipher: Cipher
) -> None:
    assert (await send(client, leader.login)).headers["location"] == "/me"
    shown = await client.get("/organizations", headers=PAGE)
    assert "前启用二次验证" in shown.text, "every page counts down"
    clock.tick(days=6, hours=20)
    client.cookies.clear()
    await send(client, leader.login)
    clock.tick(hours=4, minutes=1)  # the week is over in the middle of this session
    async with db.transaction() as tx:
        due = (await tx.get_one(AccountRow, leader.id)).factor_due_at
    assert due is not None
    assert due <= clock.now()
    client.cookies.clear()
    assert (await send(client, leader.login, next="/organizations")).status_code == 303
    page = await client.get("/organizations", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/me/second-factor?next=%2Forganizations")
    api = await client.get("/api/v1/organizations")
    assert (api.status_code, api.json()["code"]) == (403, "second_factor")
    assert (await client.get("/api/v1/me")).status_code == 200
    shown = await client.get("/me/second-factor", headers=PAGE)
    assert "宽限期已过" in shown.text
    csrf = re.search(r'name="csrf-token" content="([^"]+)"', shown.text)
    assert csrf
    client.headers["x-csrf-token"] = csrf[1]
    await client.post("/me/second-factor/begin", headers=PAGE)
    code = code_now(await secret_of(db, leader, cipher), clock)
    await client.post("/me/second-factor/confirm", data={"code": code}, headers=PAGE)
    assert (await client.get("/organizations", headers=PAGE)).status_code == 200


async def test_a_session_that_began_in_time_goes_on(
    client: httpx.AsyncClient, leader: make.Account, clock: FixedClock
) -> None:
    await send(client, leader.login)
    clock.tick(seconds=POLICY.factor_grace.total_seconds() - 60)
    client.cookies.clear()
    await send(client, leader.login)
    clock.tick(seconds=120)
    assert (await client.get("/organizations", headers=PAGE)).status_code == 200


async def test_who_needs_one_cannot_remove_it_others_can(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database, cipher: Cipher
) -> None:
    async with db.transaction() as tx:
        handler = await make.account(tx, await make.organization(tx), Role.HANDLER)
    for account, status in ((leader, 409), (handler, 303)):
        await set_up(db, account, cipher)
        await sign_in(account)
        assert (await client.post("/me/second-factor/remove", headers=PAGE)).status_code == status
    assert "account.second_factor_removed" in await actions_of(db, handler)


async def test_a_lost_device_is_reset_with_a_reason_and_the_owner_is_told(
    client: httpx.AsyncClient, sign_in: SignIn, leader: make.Account, db: Database, clock: FixedClock, cipher: Cipher
) -> None:
    await set_up(db, leader, cipher)
    await sign_in(leader)
    async with db.transaction() as tx:
        await factors.reset(tx, leader.id, reason="手机丢失", actor=SYSTEM, now=clock.now())
    assert (await client.get("/api/v1/me")).status_code == 401, "sessions ended"
    async with db.transaction() as tx:
        told = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.person_id == leader.person_id)))
        bodies = list(await tx.scalars(select(LedgerEntryRow.body).order_by(LedgerEntryRow.id)))
    assert told
    assert {one.purpose for one in told} == {"notice"}
    assert "手机丢失" not in "".join(bodies), "free text stands in the ledger as a commitment"
    client.cookies.clear()
    assert (await send(client, leader.login)).headers["location"] == "/me", "the password alone, and the grace anew"


async def test_a_cookie_of_a_half_sign_in_is_worth_nothing_elsewhere(
    client: httpx.AsyncClient, leader: make.Account, db: Database, cipher: Cipher
) -> None:
    await set_up(db, leader, cipher)
    await send(client, leader.login)
    token = client.cookies.get(HALF_COOKIE)
    assert token
    client.cookies.set("irm_session", token)
    assert (await client.get("/api/v1/me")).status_code == 401
