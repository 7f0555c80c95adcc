"""`irm report annual` on a database of its own."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from irm.clock import DatabaseClock
from irm.db import Database
from irm.wiring import WIRING
from tests import make


@pytest.fixture
def city(committed_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)

    async def begin() -> None:
        db = Database.connect(committed_url, clock=DatabaseClock(), wiring=WIRING, pool_size=2)
        try:
            async with db.transaction() as tx:
                await make.organization(tx, "cloud_authority", code="authority")
                await make.system(tx, await make.organization(tx, code="unit-a"))
        finally:
            await db.dispose()

    asyncio.run(begin())


def irm(*words: str) -> Result:
    from irm.cli import main

    return CliRunner().invoke(main, ["report", "annual", *words])


@pytest.mark.usefixtures("city")
def test_the_year_in_every_format_for_a_unit_and_for_the_city(tmp_path: Path) -> None:
    asked = ("--year", "2026", "--out", str(tmp_path / "out"), "--json")
    done = irm("--organization", "unit-a", *asked)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["edition"] == 1
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"annual-2026-unit-a-1.{form}" for form in ("docx", "html", "json", "pdf", "xlsx")
    ]
    figures = json.loads(Path(told["json"]).read_text())
    assert figures["sha256"] == told["figures"]
    assert figures["figures"]["scope"] == "organization"
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF")
    city = irm("--organization", "authority", "--city", *asked)
    assert city.exit_code == 0, city.output
    wrong = irm("--organization", "unit-a", "--city", *asked)
    assert wrong.exit_code == 1
    assert "cloud authority" in wrong.output
    assert irm("--organization", "nobody", *asked).exit_code == 1
