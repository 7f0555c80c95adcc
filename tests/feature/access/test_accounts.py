"""The system administrator finds accounts and looks after them; contracts end; what nobody uses is suspended."""

import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm import jobs, performing
from irm.access import account_acts as acts, sessions, tokens
from irm.access.models import AccountRow
from irm.access.policy import AUTHORITY, Permission, Role
from irm.access.security import SecurityPolicy, security_policy
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.wiring import WIRING
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_signing_in import PAGE, send

POLICY = security_policy()


@pytest.fixture
async def authority(db: Database) -> object:
    async with db.transaction() as tx:
        return await make.organization(tx, AUTHORITY)


@pytest.fixture
async def administrator(db: Database, authority: object) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR)  # type: ignore[arg-type]  # an id


@pytest.fixture
async def engineer(db: Database) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, await make.organization(tx, "vendor"), Role.HANDLER, password=True)


async def look(db: Database, clock: FixedClock) -> None:
    """What the job `access.suspend` does at 00:05."""
    async with db.transaction(SYSTEM) as tx:
        await acts.suspend(tx, POLICY, clock.now())


async def row_of(db: Database, account: make.Account) -> AccountRow:
    async with db.transaction() as tx:
        return await tx.get_one(AccountRow, account.id)


async def test_disabling_and_enabling_with_a_reason(
    client: httpx.AsyncClient, sign_in: SignIn, administrator: make.Account, engineer: make.Account, db: Database
) -> None:
    async with db.transaction() as tx:
        _, token = await tokens.create_token(
            tx,
            account_id=engineer.id,
            name="t",
            scopes=frozenset({Permission.READ_RULES}),
            actor=SYSTEM,
            now=db.clock.now(),
        )
    bearer = {"authorization": f"Bearer {token}"}
    assert (await client.get("/api/v1/rules", headers=bearer)).status_code == 200
    await sign_in(administrator)
    base = f"/accounts/{engineer.id}"
    bare = await client.post(f"{base}/disable", data={"reason": " "}, headers=PAGE)
    assert bare.status_code == 422
    assert "请填写原因" in bare.text
    done = await client.post(f"{base}/disable", data={"reason": "离岗"}, headers=PAGE)
    assert done.headers["location"] == f"{base}?done=disable"
    shown = (await client.get(f"{base}?done=disable", headers=PAGE)).text
    assert "由系统管理员停用" in shown
    assert (await client.get("/api/v1/rules", headers=bearer)).status_code == 401
    api = await client.post(f"/api/v1/accounts/{engineer.id}/enable", json={"reason": "返岗"})
    assert api.status_code == 200, api.text
    assert (await client.get(f"/api/v1/accounts/{engineer.id}")).json()["state"] == "active"
    async with db.transaction() as tx:
        entries = (
            await tx.execute(
                select(LedgerEntryRow.action, LedgerEntryRow.actor).where(
                    LedgerEntryRow.subject == f"account/{engineer.id}"
                )
            )
        ).all()
    assert ("account.disabled", f"person/{administrator.person_id}") in [tuple(one) for one in entries]
    assert "account.enabled" in [action for action, _ in entries]


async def test_lock_link_sessions_and_tokens_of_somebody_else(
    client: httpx.AsyncClient, sign_in: SignIn, administrator: make.Account, engineer: make.Account, db: Database
) -> None:
    for _ in range(POLICY.lockout_failures):
        await send(client, engineer.login, "Wrong-22-password")
    async with db.transaction() as tx:
        token_id, _ = await tokens.create_token(
            tx,
            account_id=engineer.id,
            name="监控",
            scopes=frozenset({Permission.READ_RULES}),
            actor=SYSTEM,
            now=db.clock.now(),
        )
        await sessions.open_session(
            tx, engineer.id, policy=POLICY, ip="10.9.9.9", user_agent="", actor=SYSTEM, now=db.clock.now()
        )
    await sign_in(administrator)
    base = f"/accounts/{engineer.id}"
    shown = (await client.get(base, headers=PAGE)).text
    assert "解除锁定" in shown
    assert "10.9.9.9" in shown
    assert "监控" in shown
    for act, more in (("unlock", {}), ("sessions", {}), ("token", {"token": str(token_id)})):
        answer = await client.post(f"{base}/{act}", data=more, headers=PAGE)
        assert answer.headers.get("location") == f"{base}?done={act}", (act, answer.text)
    after = (await client.get(base, headers=PAGE)).text
    assert "解除锁定" not in after
    assert "10.9.9.9" not in after
    assert "监控" not in after
    link = await client.post(f"{base}/link", headers=PAGE)
    found = re.search(r"http://irm\.test(/setup/[\w-]+)", link.text)
    assert found
    assert "/setup/" not in (await client.get(base, headers=PAGE)).text, "shown once"
    client.cookies.clear()
    assert (await client.get(found[1], headers=PAGE)).status_code == 200


async def test_one_session_is_ended_and_the_others_go_on(
    client: httpx.AsyncClient, sign_in: SignIn, administrator: make.Account, engineer: make.Account, db: Database
) -> None:
    for _ in range(2):
        await sign_in(engineer)
    async with db.transaction() as tx:
        first, second = [one.token_hash for one in await sessions.sessions_of(tx, engineer.id, now=db.clock.now())]
    await sign_in(administrator)
    base = f"/accounts/{engineer.id}"
    assert f'value="{first}"' in (await client.get(base, headers=PAGE)).text
    ended = await client.post(f"{base}/session", data={"session": first}, headers=PAGE)
    assert ended.headers["location"] == f"{base}?done=session"
    async with db.transaction() as tx:
        left = await sessions.sessions_of(tx, engineer.id, now=db.clock.now())
    assert [one.token_hash for one in left] == [second]
    other = await client.post(f"/api/v1/accounts/{engineer.id}/session", json={"session": "0" * 64})
    assert other.status_code == 404


async def test_nobody_looks_after_their_own_account(
    client: httpx.AsyncClient, sign_in: SignIn, administrator: make.Account
) -> None:
    await sign_in(administrator)
    assert "停用账号" not in (await client.get(f"/accounts/{administrator.id}", headers=PAGE)).text
    for act in ("disable", "factor", "link", "end"):
        answer = await client.post(f"/api/v1/accounts/{administrator.id}/{act}", json={"reason": "x"})
        assert answer.status_code == 409, act


async def test_the_list_is_narrowed(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    administrator: make.Account,
    engineer: make.Account,
    db: Database,
    clock: FixedClock,
) -> None:
    await send(client, engineer.login)
    async with db.transaction() as tx:
        other = await make.account(tx, await make.organization(tx, code="hrss-list"), Role.HANDLER)
        await acts.disable(tx, other.id, reason="离岗", actor=SYSTEM, now=clock.now())
    await sign_in(administrator)

    async def logins(**query: str) -> set[str]:
        found = await client.get("/api/v1/accounts", params=query)
        return {one["login"] for one in found.json()["accounts"]}

    assert await logins() == {administrator.login, engineer.login, other.login}
    assert await logins(status="disabled") == {other.login}
    assert await logins(status="active") == {engineer.login}
    assert await logins(status="not_set_up") == {administrator.login}
    assert await logins(organization="hrss-list") == {other.login}
    assert await logins(seen="never") == {administrator.login, other.login}
    assert await logins(text=engineer.login[3:]) == {engineer.login}
    assert await logins(factor="yes") == set()
    clock.tick(days=31)
    await sign_in(administrator)
    assert engineer.login in await logins(seen="long_ago")
    page = await client.get("/accounts", params={"status": "disabled"}, headers=PAGE)
    assert other.login in page.text
    assert engineer.login not in page.text
    search = re.search(r'<form[^>]*method="get".*?</form>', page.text, re.DOTALL)
    assert search
    assert "csrf" not in search[0], "a token does not belong into an address"


async def test_a_contract_ends_and_is_extended(
    client: httpx.AsyncClient, engineer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        await acts.set_end(tx, engineer.id, date(2026, 11, 21), actor=SYSTEM, now=clock.now())
    assert (await send(client, engineer.login)).status_code == 303, "the last day is a day of work"
    clock.tick(hours=20, minutes=24)  # 00:05 of the 22nd
    await look(db, clock)
    await look(db, clock)
    assert (await client.get("/api/v1/me")).status_code == 401, "its session has ended"
    assert "停用" in (await send(client, engineer.login)).text
    assert (await row_of(db, engineer)).disabled_why == "contract_end"
    async with db.transaction() as tx:
        await acts.set_end(tx, engineer.id, date(2027, 11, 21), actor=SYSTEM, now=clock.now())
    assert (await send(client, engineer.login)).status_code == 303


async def test_a_contract_ends_at_the_door_too(
    client: httpx.AsyncClient, engineer: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        await acts.set_end(tx, engineer.id, date(2026, 11, 21), actor=SYSTEM, now=clock.now())
    clock.tick(hours=20, minutes=20)  # 00:01, before the job
    assert (await send(client, engineer.login)).status_code == 422
    assert (await row_of(db, engineer)).disabled_why == "contract_end"


async def test_who_can_extend_a_contract_is_told_twice(
    engineer: make.Account, authority: object, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        lead = await make.account(tx, engineer.organization_id, Role.SECURITY_LEAD)
        city = await make.account(tx, authority, Role.SECURITY_LEAD)  # type: ignore[arg-type]  # an id
        await acts.set_end(tx, engineer.id, date(2026, 12, 5), actor=SYSTEM, now=clock.now())

    async def told() -> dict[object, int]:
        async with db.transaction() as tx:
            rows = (await tx.execute(select(DeliveryRow.person_id, DeliveryRow.page_key).distinct())).all()
        return {person: sum(one == person for one, _ in rows) for person in (lead.person_id, city.person_id)}

    for _ in range(3):
        await look(db, clock)
    assert set((await told()).values()) == {1}
    clock.tick(days=11)
    await look(db, clock)
    assert set((await told()).values()) == {2}


async def test_what_nobody_used_for_long_is_suspended_and_tokens_count_as_use(
    client: httpx.AsyncClient, engineer: make.Account, administrator: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        _, token = await tokens.create_token(
            tx,
            account_id=engineer.id,
            name="t",
            scopes=frozenset({Permission.READ_RULES}),
            actor=SYSTEM,
            now=clock.now(),
        )
    clock.tick(days=60)
    assert (await client.get("/api/v1/rules", headers={"authorization": f"Bearer {token}"})).status_code == 200
    clock.tick(days=30)
    await look(db, clock)
    assert (await row_of(db, engineer)).disabled_at is None
    assert (await row_of(db, administrator)).disabled_why == "unused"
    clock.tick(days=60)
    await look(db, clock)
    assert (await row_of(db, engineer)).disabled_why == "unused"
    async with db.transaction() as tx:
        await acts.enable(tx, engineer.id, reason="仍需使用", actor=SYSTEM, now=clock.now())
    await look(db, clock)
    assert (await row_of(db, engineer)).disabled_at is None, "days without use count anew"


async def test_the_profile_in_force_says_after_how_long(
    engineer: make.Account,
    db: Database,
    clock: FixedClock,
    settings: Settings,
    resources: jobs.Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A city under the other profile is not judged by the figures of the default one."""

    def profiles(name: str = "mlps3") -> SecurityPolicy:
        return replace(security_policy(name), unused_after=timedelta(days=30 if name == "asvs" else 90))

    monkeypatch.setattr(acts, "security_policy", profiles)
    under_asvs = replace(resources, settings=settings.model_copy(update={"security_profile": "asvs"}))
    clock.tick(days=31)
    for what, expected in ((resources, None), (under_asvs, "unused")):
        async with db.transaction(SYSTEM) as tx:
            await jobs.schedule(tx, acts.JOB, {}, run_at=clock.now(), key=f"suspend/{expected}")
        await performing.drain(db, WIRING.jobs, what)
        assert (await row_of(db, engineer)).disabled_why == expected


async def test_its_owner_is_told_of_the_last_sign_in_and_of_failed_tries(
    client: httpx.AsyncClient, engineer: make.Account, clock: FixedClock
) -> None:
    await send(client, engineer.login)
    assert "上次登录" not in (await client.get("/me", headers=PAGE)).text
    client.cookies.clear()
    clock.tick(hours=1)
    for _ in range(2):
        await send(client, engineer.login, "Wrong-22-password")
    await send(client, engineer.login)
    page = (await client.get("/organizations", headers=PAGE)).text
    assert "本次登录前，有 2 次使用该登录名的登录尝试失败" in page
    me = (await client.get("/me", headers=PAGE)).text
    assert "其后失败 2 次" in me
    assert "今天 03:41" in me
    clock.tick(minutes=5)
    assert "登录尝试失败" not in (await client.get("/organizations", headers=PAGE)).text


def test_commands_name_what_they_do() -> None:
    from irm.access.account_commands import account

    shown = CliRunner().invoke(account, ["--help"])
    assert {"list", "show", "disable", "enable", "unlock", "ends", "reset-second-factor", "link"} <= set(
        account.commands
    )
    assert shown.exit_code == 0
