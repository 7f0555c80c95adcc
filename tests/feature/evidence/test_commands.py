"""`irm evidence export|verify|checkpoint` on a database of its own."""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.clock import DatabaseClock
from irm.db import Database
from irm.wiring import WIRING
from tests import make
from tests.server import Server


@dataclass(frozen=True)
class Desk:
    leader: str
    number: str


def irm(*words: str) -> Result:
    from irm.cli import main

    return CliRunner().invoke(main, ["evidence", *words])


@pytest.fixture
def desk(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRM_LOCALE", "en")
    (tmp_path / "home").mkdir(mode=0o700)

    async def begin() -> Desk:
        from irm.incidents.schemas import FileIncident, Target
        from irm.incidents.service import file_incident

        clock = DatabaseClock()
        db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=2)
        try:
            async with db.transaction() as tx:
                authority = await make.organization(tx, "cloud_authority")
                leader = await make.account(tx, authority, Role.DUTY_LEADER)
                unit = await make.organization(tx, "using_unit")
                await make.system(tx, unit, code="portal")
                by = await principal_of(tx, leader.id, now=clock.now() + timedelta(seconds=1))
                assert by is not None
                given = FileIncident(
                    classified="no",
                    text="The portal is down.",
                    target=Target("system", "portal", None),
                    known_at=datetime.now(UTC) - timedelta(minutes=5),
                    contact="555",
                )
                filed = await file_incident(tx, given, by=by, now=clock.now(), means="api")
                return Desk(leader.login, filed.number)
        finally:
            await db.dispose()

    return asyncio.run(begin())


def test_a_pack_made_and_checked_at_the_desk(desk: Desk, tmp_path: Path) -> None:
    made = irm("export", "--incident", desk.number, "--as", desk.leader, "--out", str(tmp_path), "--json")
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    checked = irm("verify", told["file"])
    assert checked.exit_code == 0, checked.output
    assert "GOOD: nothing was changed" in checked.output
    broken = tmp_path / "broken.zip"
    broken.write_bytes(Path(told["file"]).read_bytes()[:-2000])
    refused = irm("verify", str(broken), "--json")
    assert refused.exit_code == 1
    assert "is no ZIP file" in json.loads(refused.stdout)["faults"][0]
    for words in (
        ("export", "--as", desk.leader),
        ("export", "--incident", "SJ-0", "--as", desk.leader),
        ("export", "--incident", desk.number, "--as", "nobody"),
        ("export", "--incident", desk.number, "--year", "2026", "--as", desk.leader),
        ("verify",),
        ("verify", str(tmp_path / "missing.zip")),
    ):
        assert irm(*words).exit_code != 0, words


def test_the_ledger_is_looked_through_and_a_change_ends_in_exit_code_1(
    desk: Desk, tmp_path: Path, committed_url: str, server: Server
) -> None:
    note = irm("checkpoint", "--json")
    assert note.exit_code == 0, note.output
    kept = tmp_path / "kept.note"
    kept.write_text(json.loads(note.stdout)["note"])
    fine = irm("verify", "--database", "--since", str(kept))
    assert fine.exit_code == 0, fine.output
    kept.write_text(irm("checkpoint").stdout)
    assert irm("verify", "--database", "--since", str(kept)).exit_code == 0, "as it is printed, it can be kept"
    assert "They agree with what the witness keeps" in fine.output
    assert irm("verify", "--database", "--since", str(json.loads(note.stdout)["size"])).exit_code == 0
    assert irm("verify", "--database", "--since", "1").exit_code == 1
    assert irm("verify", "--database", "--since", str(tmp_path / "nothing")).exit_code == 1

    async def alter() -> None:
        engine = create_async_engine(server.url(committed_url.rpartition("/")[2], "postgres"))
        async with engine.begin() as connection:
            await connection.execute(
                text(
                    "UPDATE ledger_entry SET actor = 'x' WHERE id = (SELECT entry_id FROM ledger_leaf WHERE index = 2)"
                )
            )
        await engine.dispose()

    asyncio.run(alter())
    found = irm("verify", "--database")
    assert found.exit_code == 1
    assert "Entry 2 (" in found.output
    assert "was altered." in found.output
    told = irm("verify", "--database", "--json")
    assert [one["code"] for one in json.loads(told.stdout)["faults"]] == ["altered"]
