"""`irm incident file|show` on a database of its own."""

import asyncio
import json

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import Role
from irm.clock import DatabaseClock
from irm.db import Database
from irm.wiring import WIRING
from tests import make


@pytest.fixture
def login(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    async def begin() -> str:
        db = Database.connect(committed_url, clock=DatabaseClock(), wiring=WIRING, pool_size=2)
        try:
            async with db.transaction() as tx:
                await make.organization(tx, "cloud_authority")
                unit = await make.organization(tx, "using_unit")
                await make.system(tx, unit, code="portal")
                return (await make.account(tx, unit, Role.DUTY_OFFICER)).login
        finally:
            await db.dispose()

    return asyncio.run(begin())


def irm(*words: str, typed: str | None = None) -> Result:
    from irm.cli import main

    return CliRunner().invoke(main, ["incident", *words], input=typed)


def test_filing_and_showing_from_the_desk(login: str) -> None:
    given = ("--as", login, "--contact", "555-0100", "--system", "portal", "--json")
    filed = irm("file", "--classified", "no", "--text", "-", *given, typed="The portal is down.\n")
    assert filed.exit_code == 0, filed.output
    number = json.loads(filed.stdout)["number"]
    shown = irm("show", number, "--as", login, "--json")
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["filings"][0]["text"].strip() == "The portal is down."
    secret = irm("file", "--classified", "yes", "--text", "x", *given)
    assert secret.exit_code == 1
    assert "not a classified system" in secret.output
    wrong = irm("file", "--classified", "no", "--text", "", *given)
    assert wrong.exit_code == 1
    assert "  text: " in wrong.output
    assert irm("file", "--classified", "no", "--text", "x", "--known-at", "soon", *given).exit_code != 0
    assert irm("show", "SJ-2026-999999", "--as", login, "--json").exit_code == 1


def test_the_desk_moves_an_incident_on_and_hears_why_not(login: str) -> None:
    given = ("--as", login, "--contact", "1", "--system", "portal", "--classified", "no", "--text", "x", "--json")
    filed = irm("file", *given)
    number = json.loads(filed.stdout)["number"]
    ended = irm("status", number, "handled", "--as", login, "--reason", "restored", "--json")
    assert ended.exit_code == 0, ended.output
    assert json.loads(ended.stdout)["status"] == "open", "the authority's own part goes on"
    refused = irm("status", number, "contained", "--as", login)
    assert refused.exit_code == 1
    assert "cloud authority" in refused.output
    assert irm("status", number, "gone", "--as", login).exit_code == 2
