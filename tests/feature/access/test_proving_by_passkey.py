"""Whoever signs in by passkey shows it again before a dangerous act, and needs no password for it."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import shown_passkeys
from irm.access.models import AccountRow, PasskeyChallengeRow, PasskeyRow
from irm.access.opaque import hashed
from irm.access.policy import FRESH_MINUTES, Role
from irm.access.sessions import COOKIE
from irm.actor import Actor
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import SignIn
from tests.fakes.authenticator import PRESENT, Authenticator
from tests.feature.access.test_passkeys import PARTY, POLICY, with_passkey
from tests.feature.access.test_signing_in import PAGE

ACT = "/rules/tongren-data-2019/adoption"
TYPED = {"adopted": "yes", "reason": "市里决定 <采用>"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PARTY.origin})


@pytest.fixture
async def security(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR, password=True)


@pytest.fixture
async def device(db: Database, security: make.Account) -> Authenticator:
    return await with_passkey(db, security)


async def act(client: httpx.AsyncClient, answer: str = "") -> httpx.Response:
    return await client.post(ACT, data=TYPED | ({"_passkey": answer} if answer else {}), headers=PAGE)


async def asked(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post("/me/proof/passkey")
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


async def bodies(db: Database, account: make.Account, action: str) -> list[str]:
    async with db.transaction() as tx:
        mine = LedgerEntryRow.subject == f"account/{account.id}", LedgerEntryRow.action == action
        return list(await tx.scalars(select(LedgerEntryRow.body).where(*mine).order_by(LedgerEntryRow.id)))


async def desk_left_open(client: httpx.AsyncClient, sign_in: SignIn, account: make.Account, clock: FixedClock) -> None:
    await sign_in(account)
    clock.tick(minutes=FRESH_MINUTES)


async def test_what_was_typed_goes_on_with_the_passkey(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    db: Database,
    clock: FixedClock,
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    shown = await act(client)
    assert shown.status_code == 403
    form = re.search(r"<form[^>]*data-passkey=\"get\".*?</form>", shown.text, re.DOTALL)
    assert form, shown.text
    assert f'action="{ACT}"' in form[0]
    assert 'data-options="/me/proof/passkey"' in form[0]
    assert 'name="reason" value="市里决定 &lt;采用&gt;"' in form[0]
    assert 'name="_passkey"' in form[0]
    options = await asked(client)
    assert options["userVerification"] == "required"
    assert len(options["allowCredentials"]) == 1
    old = client.cookies[COOKIE]
    assert (await act(client, device.get(options))).status_code not in {401, 403}
    assert client.cookies[COOKIE] != old, "the session goes on under a new token"
    assert (await act(client)).status_code not in {401, 403}, "asked once for a while"
    [proven] = await bodies(db, security, "session.proven")
    assert '"by":"passkey"' in proven
    async with db.transaction() as tx:
        row = (await tx.scalars(select(PasskeyRow))).one()
        assert (row.sign_count, row.used_at) == (device.count, clock.now())
        assert (await tx.scalars(select(PasskeyChallengeRow))).first() is None


@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://irm.example.org"},
        {"relying_party": "example.org"},
        {"flags": PRESENT},
        {"user": b"somebody else's"},
        {"key": Authenticator().key},
    ],
    ids=["another site", "another relying party", "nobody verified", "another user", "another key"],
)
async def test_a_lie_proves_nothing_and_counts(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    db: Database,
    clock: FixedClock,
    lie: dict[str, Any],
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    for name, value in lie.items():
        setattr(device, name, value)
    refused = await act(client, device.get(await asked(client)))
    assert refused.status_code == 403
    assert "未通过验证" in refused.text
    assert 'name="reason" value="市里决定 &lt;采用&gt;"' in refused.text, "what was typed is still there"
    assert await bodies(db, security, "session.proven") == []
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, security.id)).failed_count == 1


async def test_an_answer_is_taken_once_in_time_and_from_the_session_that_was_asked(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    clock: FixedClock,
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    answer = device.get(await asked(client))
    first, token = client.cookies[COOKIE], client.headers["x-csrf-token"]
    await sign_in(security)
    elsewhere = await client.post("/me/proof", data={"_passkey": answer}, headers=PAGE)
    assert (elsewhere.status_code, "已超时" in elsewhere.text) == (403, True), "another session of the same account"
    client.cookies.clear()
    client.cookies.set(COOKIE, first, domain="irm.test")
    client.headers["x-csrf-token"] = token
    answer = device.get(await asked(client))
    assert (await act(client, answer)).status_code not in {401, 403}
    clock.tick(minutes=FRESH_MINUTES)
    assert "已超时" in (await act(client, answer)).text, "replayed"
    late = device.get(await asked(client))
    clock.tick(seconds=POLICY.code_wait.total_seconds())
    assert "已超时" in (await act(client, late)).text


async def test_what_was_asked_for_signing_in_proves_nothing_and_the_other_way_round(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    db: Database,
    clock: FixedClock,
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    bound_to = hashed(client.cookies[COOKIE])
    async with db.transaction() as tx:
        options = await shown_passkeys.ask(tx, PARTY, half="", bound_to=bound_to, policy=POLICY, now=clock.now())
    assert options is not None
    assert "已超时" in (await act(client, device.get(options))).text
    answer = device.get(await asked(client))
    client.cookies.clear()
    await client.get("/login", headers=PAGE)
    token = client.cookies["irm_form"]
    entered = await client.post("/login/passkey", data={"csrf_token": token, "answer": answer}, headers=PAGE)
    assert entered.headers["location"] == "/login?done=over"


async def test_another_persons_passkey_proves_nothing(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, device: Authenticator, db: Database, clock: Any
) -> None:
    async with db.transaction() as tx:
        other = await make.account(tx, security.organization_id, Role.HANDLER)
    theirs = await with_passkey(db, other)
    await desk_left_open(client, sign_in, security, clock)
    assert (await act(client, theirs.get(await asked(client)))).status_code == 403
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, security.id)).failed_count == 1


async def test_a_copied_passkey_proves_nothing_and_is_not_offered_any_more(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    db: Database,
    clock: FixedClock,
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    device.count = 40
    assert (await act(client, device.get(await asked(client)))).status_code not in {401, 403}
    clock.tick(minutes=FRESH_MINUTES)
    device.count = 12
    refused = await act(client, device.get(await asked(client)))
    assert (refused.status_code, "可能已被复制" in refused.text) == (403, True)
    assert "data-passkey" not in refused.text
    assert 'name="_proof"' in refused.text, "the password remains"
    assert len(await bodies(db, security, "account.passkey_copied")) == 1


async def test_a_locked_account_proves_nothing_by_passkey(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    security: make.Account,
    device: Authenticator,
    db: Database,
    clock: FixedClock,
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    async with db.transaction() as tx:
        (await tx.get_one(AccountRow, security.id)).locked_until = clock.now() + POLICY.lockout
    assert "锁定" in (await act(client, device.get(await asked(client)))).text


async def test_answers_are_limited_as_passwords_are(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, device: Authenticator, clock: FixedClock
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    for _ in range(6):
        assert (await act(client, "{}")).status_code == 403
    answer = device.get(await asked(client))
    assert "过于频繁" in (await act(client, answer)).text


async def test_without_a_passkey_for_this_name_the_page_offers_none(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, db: Database, clock: FixedClock
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    assert "data-passkey" not in (await act(client)).text
    told = await client.post("/me/proof/passkey")
    assert (told.status_code, told.json()["code"]) == (409, "conflict")


async def test_a_script_proves_it_beforehand_by_passkey(
    client: httpx.AsyncClient, sign_in: SignIn, security: make.Account, device: Authenticator, clock: FixedClock
) -> None:
    await desk_left_open(client, sign_in, security, clock)
    path, body = "/api/v1/rules/tongren-data-2019/adoption", {"adopted": True}
    assert (await client.post(path, json=body)).json()["code"] == "proof"
    answer = device.get(await asked(client))
    proven = await client.post("/me/proof", data={"_passkey": answer, "next": "/rules"}, headers=PAGE)
    assert (proven.status_code, proven.headers["location"]) == (303, "/rules")
    assert (await client.post(path, json=body)).status_code not in {401, 403}


async def test_two_web_processes_never_take_the_same_proof_twice(committed_db: Database, clock: FixedClock) -> None:
    async with committed_db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx), Role.DUTY_LEADER, password=True)
    device = await with_passkey(committed_db, account)
    async with committed_db.transaction() as tx:
        options = await shown_passkeys.ask_to_prove(
            tx, account.id, PARTY, bound_to="session", policy=POLICY, now=clock.now()
        )
    assert options is not None
    answer = device.get(options)

    async def shown() -> object:
        async with committed_db.transaction() as tx:
            return await shown_passkeys.prove(
                tx,
                await tx.get_one(AccountRow, account.id, with_for_update=True),
                answer,
                PARTY,
                bound_to="session",
                policy=POLICY,
                actor=Actor("person", account.person_id),
                ip="",
                now=clock.now(),
            )

    ends = await asyncio.gather(*(shown() for _ in range(5)))
    assert sorted(str(one) for one in ends) == ["over"] * 4 + ["proven"]
