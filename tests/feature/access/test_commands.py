"""`irm init`, `irm account`, `irm token` on a database of their own."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from irm.access.policy import Role
from irm.app import create_app
from irm.clock import DatabaseClock
from irm.config import Settings
from irm.db import Database
from irm.wiring import WIRING

Run = Callable[..., Result]


@pytest.fixture
def irm(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`irm("account", "list")`, with --json added and read."""
    from irm.cli import main

    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_PUBLIC_URL", "https://irm.example.invalid/")
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, words, input=typed)

    return run


def read(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_city_begins_with_three_administrators_in_three_hands(irm: Run) -> None:
    made = read(irm("init", "--city", "示例市", "--region", "410400", "--json"))
    assert {one["role"] for one in made["administrators"]} == {
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    }
    links = {one["link"] for one in made["administrators"]}
    assert len(links) == 3
    assert all(link.startswith("https://irm.example.invalid/setup/") for link in links)
    listed = read(irm("account", "list", "--json"))
    assert [(one["login"], one["has_password"]) for one in listed] == [
        ("auditadmin", False),
        ("secadmin", False),
        ("sysadmin", False),
    ]
    again = irm("init", "--city", "示例市", "--region", "410400", "--json")
    assert (again.exit_code, len(read(irm("account", "list", "--json")))) == (1, 3)


def test_a_bad_division_code_stores_nothing(irm: Run) -> None:
    refused = irm("init", "--city", "示例市", "--region", "41")
    assert refused.exit_code == 1
    assert "six digits" in refused.output
    assert read(irm("account", "list", "--json")) == []


def test_accounts_and_tokens(irm: Run) -> None:
    code = read(irm("init", "--city", "示例市", "--region", "410400", "--json"))["code"]
    officer = ("--name", "值班员甲", "--organization", code, "--role", "duty_officer")
    linked = read(irm("account", "create", "Duty01", *officer, "--json"))
    assert (linked["login"], "password" in linked) == ("duty01", False)
    assert "/setup/" in linked["link"]
    generated = read(irm("account", "create", "duty02", *officer, "--password", "generate", "--json"))
    assert len(generated["password"]) == 23
    typed = irm("account", "create", "duty03", *officer, "--password", "ask", "--json", typed="Kestrel-42-lantern\n")
    assert "Kestrel" not in typed.stdout
    weak = irm("account", "create", "duty04", *officer, "--password", "ask", typed="short\n")
    assert weak.exit_code == 1
    twice = irm("account", "create", "duty01", *officer)
    assert "duty01 is taken" in twice.output
    assert irm("account", "create", "x", *officer, "--organization", "nowhere").exit_code == 1
    assert [one["login"] for one in read(irm("account", "list", "--json"))] == [
        "auditadmin",
        "duty01",
        "duty02",
        "duty03",
        "secadmin",
        "sysadmin",
    ]
    assert "Duty officer" in irm("account", "list").output

    made = read(
        irm("token", "create", "duty02", "--name", "probe", "--scope", "file_incident", "--days", "30", "--json")
    )
    assert made["token"].startswith("irm_")
    listed = read(irm("token", "list", "--login", "duty02", "--json"))
    assert [(one["id"], one["scopes"], one["revoked_at"]) for one in listed] == [(made["id"], ["file_incident"], None)]
    read(irm("token", "revoke", made["id"], "--json"))
    assert read(irm("token", "list", "--json"))[0]["revoked_at"]
    assert irm("token", "create", "duty02", "--name", "x", "--scope", "everything").exit_code == 2
    assert read(irm("account", "disable", "duty02", "--reason", "离岗", "--json"))["disabled"] is True
    assert read(irm("account", "link", "duty03", "--json"))["link"]


def test_a_role_is_given_for_a_system_and_taken_back(irm: Run) -> None:
    code = read(irm("init", "--city", "示例市", "--region", "410400", "--json"))["code"]
    read(irm("system", "register", "portal", "门户网站", "--owner", code, "--json"))
    read(irm("account", "create", "keeper", "--name", "甲", "--organization", code, "--role", "reporter", "--json"))
    handler = ("keeper", "--organization", code, "--role", "handler")
    unknown = irm("account", "give-role", *handler, "--system", "nowhere")
    assert (unknown.exit_code, "There is no system with the code nowhere." in unknown.output) == (1, True)
    assert "%(" not in unknown.output
    assert read(irm("account", "give-role", *handler, "--system", "portal", "--json"))["systems"] == ["portal"]
    assert irm("account", "give-role", *handler).exit_code == 1, "what is to change is ended and given anew"
    assert "(only for: 门户网站)" in " ".join(irm("account", "list").output.split())
    assert read(irm("account", "end-role", *handler, "--json"))["ended"] is True
    assert irm("account", "end-role", *handler).exit_code == 1
    assert read(irm("account", "give-role", *handler, "--json"))["systems"] == []


def test_duties_are_handed_over_listed_and_ended(irm: Run) -> None:
    code = read(irm("init", "--city", "示例市", "--region", "410400", "--json"))["code"]
    for login, role in (("head", "unit_head"), ("clerk", "handler")):
        read(irm("account", "create", login, "--name", login, "--organization", code, "--role", role, "--json"))
    until = ("--organization", code, "--until", "2099-01-05T18:00", "--from", "2099-01-01T09:00", "--reason", "休假")
    refused = irm("delegation", "give", "head", "clerk", "--role", "duty_leader", *until)
    assert (refused.exit_code, "hold yourself" in refused.output) == (1, True)
    assert irm("delegation", "give", "head", "clerk", "--role", "audit_administrator", *until).exit_code == 2
    made = read(irm("delegation", "give", "head", "clerk", "--role", "unit_head", *until, "--json"))
    (listed,) = read(irm("delegation", "list", "--json"))
    assert (listed["id"], listed["giver"], listed["taker"], listed["state"]) == (made["id"], "head", "clerk", "ahead")
    assert "2099-01-05 18:00" in irm("delegation", "list").output, "local time"
    assert read(irm("delegation", "end", made["id"], "--json"))["ended"] is True
    assert read(irm("delegation", "list", "--json")) == []
    assert irm("delegation", "end", made["id"]).exit_code == 1


def test_roles_taken_at_night_are_listed_and_no_command_takes_one(irm: Run, committed_url: str) -> None:
    code = read(irm("init", "--city", "示例市", "--region", "410400", "--json"))["code"]
    made = ("account", "create", "officer", "--name", "夜班", "--organization", code, "--role", "duty_officer")
    read(irm(*made, "--json"))

    async def take() -> None:
        from irm.access import glass
        from irm.access.policy import Role
        from irm.access.principals import principal_of
        from irm.access.queries import account_by_login, organization_by_code

        clock = DatabaseClock()
        db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=1)
        async with db.transaction() as tx:
            now = clock.now()
            who = await principal_of(tx, (await account_by_login(tx, "officer", now=now)).id, now=now)
            assert who is not None
            place = (await organization_by_code(tx, code)).id
            await glass.take(tx, who, place, Role.DUTY_LEADER, reason="无人应答", now=now)
        await db.dispose()

    asyncio.run(take())
    (one,) = read(irm("break-glass", "list", "--open", "--json"))
    assert (one["person"], one["role"], one["reason"], one["state"]) == ("夜班", "duty_leader", "无人应答", "running")
    assert "夜班" in irm("break-glass", "list").output
    assert irm("break-glass", "take").exit_code == 2


async def test_the_link_of_init_opens_the_account(committed_url: str, settings: Settings) -> None:
    from irm.access import beginning
    from irm.access.security import security_policy
    from irm.db import SYSTEM

    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=2)
    async with db.transaction() as tx:
        city = await beginning.begin(
            tx, city="示例市", region="410400", policy=security_policy(), actor=SYSTEM, now=clock.now()
        )
    assert city.name == "示例市政务云主管部门"
    app: Any = create_app(settings, db, clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://irm.test") as client:
        link = f"/setup/{city.administrators[0].token}"
        form = {"login": "sysadmin", "password": "Kranich-7-Teich", "again": "Kranich-7-Teich"}
        answer = await client.post(link, data=form, headers={"accept": "text/html"})
    assert answer.headers["location"] == "/login?done=setup"
    await db.dispose()


def test_a_city_without_demo_is_filled_from_the_command_line(irm: Run) -> None:
    read(irm("init", "--city", "示例市", "--region", "410400", "--json"))
    unit = ("organization", "register", "hrss", "示例市人社局", "--kind", "using_unit", "--tier", "city")
    assert read(irm(*unit, "--region", "410400", "--json"))["code"] == "hrss"
    desk = ("organization", "register", "pca", "省网信办", "--kind", "cyberspace_office", "--tier", "province")
    read(irm(*desk, "--region", "410000", "--listed", "--telephone", "0371-00000000", "--json"))
    listed = {one["code"]: one["joined"] for one in read(irm("organization", "list", "--json"))}
    assert (listed["hrss"], listed["pca"]) == (True, False)
    shown = irm("organization", "list").output
    assert "using_unit" not in shown, "people read names, programs codes"
    assert "示例市人社局" in shown
    again = irm(*unit, "--region", "410400")
    assert (again.exit_code, "hrss" in again.output) == (1, True)

    read(irm("organization", "post", "hrss", "值班室", "--json"))
    read(irm("organization", "address", "sms", "13800000001", "--organization", "hrss", "--post", "值班室", "--json"))
    assert irm("organization", "address", "sms", "13800000001").exit_code == 1
    assert irm("organization", "address", "sms", "1", "--organization", "hrss", "--post", "食堂").exit_code == 1

    made = read(irm("system", "register", "oa", "协同办公", "--owner", "hrss", "--level", "3", "--json"))
    assert made["code"] == "oa"
    unknown = irm("system", "register", "pay", "缴费系统", "--owner", "nobody")
    assert unknown.exit_code == 1
    assert [one["code"] for one in read(irm("system", "list", "--json"))] == ["oa"]
