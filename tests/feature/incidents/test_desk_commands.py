"""`irm incident told|paged|note|role|handover|takeover` on a database of its own."""

import asyncio
import json

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import Role
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.playbooks.publishing import publish_library
from irm.wiring import WIRING
from tests import make


@pytest.fixture
def logins(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    async def begin() -> tuple[str, str]:
        db = Database.connect(committed_url, clock=DatabaseClock(), wiring=WIRING, pool_size=2)
        try:
            async with db.transaction() as tx:
                await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
                authority = await make.organization(tx, "cloud_authority")
                unit = await make.organization(tx, "using_unit")
                await make.system(tx, unit, code="portal")
                day = await make.account(tx, authority, Role.DUTY_OFFICER)
                night = await make.account(tx, authority, Role.DUTY_OFFICER)
                return day.login, night.login
        finally:
            await db.dispose()

    return asyncio.run(begin())


def irm(*words: str) -> Result:
    from irm.cli import main

    return CliRunner().invoke(main, ["incident", *words])


def test_a_shift_without_a_browser(logins: tuple[str, str]) -> None:
    day, night = logins
    given = ("--as", day, "--contact", "1", "--system", "portal", "--classified", "no", "--text", "x", "--json")
    number = json.loads(irm("file", *given).stdout)["number"]
    note = irm("note", number, "Disk image taken", "--for", "all", "--as", day, "--json")
    assert note.exit_code == 0, note.output
    assert irm("role", number, "lead", "--to", day, "--as", day, "--json").exit_code == 0
    handed = irm("handover", number, "Mind the provincial limit", "--to", night, "--as", day, "--json")
    assert handed.exit_code == 0, handed.output
    assert json.loads(handed.stdout)["taken_at"] is None
    taken = irm("takeover", number, "--as", night, "--json")
    assert [one["taken_at"] is not None for one in json.loads(taken.stdout)] == [True]
    shown = irm("notes", number, "--as", night, "--json")
    assert [one["text"] for one in json.loads(shown.stdout)] == ["Disk image taken"]
    told = irm("told", number, "--as", night, "--json")
    assert json.loads(told.stdout)["recipients"]
    assert "not told yet" in irm("told", number, "--as", night).output
    paged = irm("paged", number, "--as", night, "--json")
    assert "runs" in json.loads(paged.stdout)
    assert irm("paged", number, "--as", night).exit_code == 0
    assert irm("note", number, " ", "--as", day).exit_code == 1
