"""Passkeys over HTTP: added, signed in with, refused where anything is not as it should be, removed."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import login as signing, passkeys, shown_passkeys
from irm.access.callers import Caller
from irm.access.cookies import FORM_COOKIE, HALF_COOKIE
from irm.access.models import AccountRow, HalfSignInRow, PasskeyChallengeRow
from irm.access.policy import Role
from irm.access.relying import RelyingParty
from irm.access.security import security_policy
from irm.actor import Actor
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests import make
from tests.fakes.authenticator import PRESENT, Authenticator
from tests.feature.access.test_signing_in import PAGE, send

POLICY = security_policy()
PARTY = RelyingParty("localhost", "http://localhost:8000")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": PARTY.origin})


@pytest.fixture
async def leader(db: Database) -> make.Account:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        return await make.account(tx, authority, Role.DUTY_LEADER, password=True)


async def with_passkey(db: Database, account: make.Account, **traits: Any) -> Authenticator:
    """Through the services; of two accounts each with its own device."""
    device, now = Authenticator(**traits), db.clock.now()
    async with db.transaction() as tx:
        asked = await passkeys.ask_to_add(tx, account.id, PARTY, bound_to="here", policy=POLICY, now=now)
        answer = device.create(asked)
        challenge = await passkeys.take_to_add(tx, answer, bound_to="here", now=now)
        assert challenge is not None
        await passkeys.add(
            tx,
            account.id,
            answer,
            PARTY,
            challenge=challenge,
            name="值班室安全密钥",
            actor=Actor("person", account.person_id),
            now=now,
            keep_session=None,
        )
    return device


async def asked(client: httpx.AsyncClient, step: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """What the page's script asks the device, and the fields of its form."""
    shown = await client.get("/login/code" if step else "/login", headers=PAGE)
    found = re.search(r'data-passkey="get".*?name="csrf_token" value="([^"]+)"', shown.text, re.DOTALL)
    assert found, shown.text
    form = {"csrf_token": found[1], "next": "/me", "step": step}
    answer = await client.post("/login/passkey/options", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json(), form


async def enter(client: httpx.AsyncClient, device: Authenticator, step: str = "") -> httpx.Response:
    options, form = await asked(client, step)
    return await client.post("/login/passkey", data=form | {"answer": device.get(options)}, headers=PAGE)


async def actions_of(db: Database, account: make.Account) -> list[str]:
    async with db.transaction() as tx:
        subject = LedgerEntryRow.subject == f"account/{account.id}"
        return list(await tx.scalars(select(LedgerEntryRow.action).where(subject).order_by(LedgerEntryRow.id)))


async def test_after_the_password_it_stands_in_the_place_of_the_code(
    client: httpx.AsyncClient, leader: make.Account, db: Database
) -> None:
    device = await with_passkey(db, leader)
    half = await send(client, leader.login)
    assert half.headers["location"] == "/login/code?next=%2Fme", "the password alone opens nothing any more"
    shown = await client.get("/login/code", headers=PAGE)
    assert 'name="code"' not in shown.text, "no code is asked of who has none"
    options, _ = await asked(client, "code")
    assert len(options["allowCredentials"]) == 1
    entered = await enter(client, device, "code")
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    assert (await client.get("/api/v1/me")).status_code == 200


async def test_another_persons_passkey_does_not_finish_a_sign_in(
    client: httpx.AsyncClient, leader: make.Account, db: Database
) -> None:
    await with_passkey(db, leader)
    async with db.transaction() as tx:
        other = await make.account(tx, leader.organization_id, Role.HANDLER)
    theirs = await with_passkey(db, other)
    await send(client, leader.login)
    entered = await enter(client, theirs, "code")
    assert entered.status_code == 422
    assert "未通过验证" in entered.text
    assert (await client.get("/api/v1/me")).status_code == 401
    async with db.transaction() as tx:
        assert (await tx.get_one(AccountRow, leader.id)).failed_count == 1, "it counts as a wrong code does"


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
async def test_a_lie_opens_nothing_and_counts(
    client: httpx.AsyncClient, leader: make.Account, db: Database, lie: dict[str, Any]
) -> None:
    device = await with_passkey(db, leader)
    for name, value in lie.items():
        setattr(device, name, value)
    entered = await enter(client, device)
    assert entered.status_code == 422
    assert (await client.get("/api/v1/me")).status_code == 401
    assert "session.refused" in await actions_of(db, leader)


async def test_an_answer_is_taken_once_and_only_from_the_browser_that_was_asked(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock
) -> None:
    device = await with_passkey(db, leader)
    options, form = await asked(client)
    answer = device.get(options)
    client.cookies.set(FORM_COOKIE, "another browser", path="/login")
    stolen = await client.post(
        "/login/passkey", data=form | {"csrf_token": "another browser", "answer": answer}, headers=PAGE
    )
    assert stolen.headers.get("location") == "/login?done=over"
    client.cookies.clear()
    client.cookies.set(FORM_COOKIE, form["csrf_token"], path="/login")
    assert (await client.post("/login/passkey", data=form | {"answer": answer}, headers=PAGE)).status_code == 303
    client.cookies.clear()
    client.cookies.set(FORM_COOKIE, form["csrf_token"], path="/login")
    replayed = await client.post("/login/passkey", data=form | {"answer": answer}, headers=PAGE)
    assert replayed.headers["location"] == "/login?done=over"

    client.cookies.clear()
    options, form = await asked(client)
    clock.tick(seconds=POLICY.code_wait.total_seconds())
    late = await client.post("/login/passkey", data=form | {"answer": device.get(options)}, headers=PAGE)
    assert late.headers["location"] == "/login?done=over"
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_what_was_asked_before_the_password_is_no_second_step(
    client: httpx.AsyncClient, leader: make.Account, db: Database
) -> None:
    device = await with_passkey(db, leader)
    options, form = await asked(client)
    await send(client, leader.login)
    assert client.cookies.get(HALF_COOKIE)
    sent = form | {"step": "code", "answer": device.get(options)}
    sent["csrf_token"] = client.cookies[FORM_COOKIE]
    assert (await client.post("/login/passkey", data=sent, headers=PAGE)).headers["location"] == "/login?done=over"


async def test_a_counter_that_went_down_is_refused_recorded_and_told(
    client: httpx.AsyncClient, leader: make.Account, db: Database
) -> None:
    device = await with_passkey(db, leader)
    device.count = 40
    assert (await enter(client, device)).status_code == 303
    client.cookies.clear()
    device.count = 12
    refused = await enter(client, device)
    assert refused.status_code == 422
    assert "可能已被复制" in refused.text
    device.count = 90
    client.cookies.clear()
    assert (await enter(client, device)).status_code == 422, "which of the two is the copy nobody knows"
    assert (await actions_of(db, leader)).count("account.passkey_copied") == 1
    async with db.transaction() as tx:
        told = list(await tx.scalars(select(DeliveryRow.body).where(DeliveryRow.person_id == leader.person_id)))
    assert any("可能已被复制" in one for one in told)
    client.cookies.clear()
    assert (await send(client, leader.login)).headers["location"].startswith("/login/code"), (
        "nor is the password enough"
    )


async def test_a_device_that_does_not_count_is_no_copy(
    client: httpx.AsyncClient, leader: make.Account, db: Database
) -> None:
    device = await with_passkey(db, leader, counts=False)
    for _ in range(2):
        client.cookies.clear()
        assert (await enter(client, device)).status_code == 303


async def test_a_locked_or_disabled_account_opens_to_no_passkey(
    client: httpx.AsyncClient, leader: make.Account, db: Database, clock: FixedClock
) -> None:
    device = await with_passkey(db, leader)
    for _ in range(POLICY.lockout_failures):
        await send(client, leader.login, "Wrong-password-1")
        clock.tick(seconds=10)
    locked = await enter(client, device)
    assert "锁定" in locked.text
    clock.tick(seconds=POLICY.lockout.total_seconds())
    async with db.transaction() as tx:
        (await tx.get_one(AccountRow, leader.id)).disabled_at = clock.now()
    disabled = await enter(client, device)
    assert (disabled.status_code, "停用" in disabled.text) == (422, True)
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_form_of_another_site_asks_for_nothing(client: httpx.AsyncClient, db: Database) -> None:
    await client.get("/login", headers=PAGE)
    assert (await client.post("/login/passkey/options", data={"csrf_token": "guessed"})).status_code == 403
    assert (await client.post("/login/passkey", data={"csrf_token": "guessed", "answer": "{}"})).status_code == 403
    async with db.transaction() as tx:
        assert (await tx.scalars(select(PasskeyChallengeRow))).first() is None


async def test_two_web_processes_never_take_the_same_answer_twice(committed_db: Database, clock: FixedClock) -> None:
    async with committed_db.transaction() as tx:
        leader = await make.account(tx, await make.organization(tx), Role.DUTY_LEADER, password=True)
    device = await with_passkey(committed_db, leader)
    proof = await signing.prove(committed_db, leader.login, make.PASSWORD, policy=POLICY)
    async with committed_db.transaction() as tx:
        half = await signing.sign_in(tx, proof, policy=POLICY, caller=Caller(), now=clock.now())
    assert isinstance(half, signing.CodeNeeded)

    async def end(answer: str, half_token: str) -> object:
        async with committed_db.transaction() as tx:
            return await shown_passkeys.sign_in(
                tx,
                answer,
                PARTY,
                half=half_token,
                bound_to="browser",
                policy=POLICY,
                caller=Caller(),
                now=clock.now(),
            )

    for token in ("", half.token):
        async with committed_db.transaction() as tx:
            options = await shown_passkeys.ask(
                tx, PARTY, half=token, bound_to="browser", policy=POLICY, now=clock.now()
            )
        assert options is not None
        answer = device.get(options)
        ends = await asyncio.gather(*(end(answer, token) for _ in range(5)))
        assert sum(isinstance(one, signing.SignedIn) for one in ends) == 1
        assert ends.count("over") == 4
    async with committed_db.transaction() as tx:
        assert (await tx.scalars(select(HalfSignInRow.used_at))).one() is not None
        assert (await tx.scalars(select(PasskeyChallengeRow))).first() is None
