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


@pytest.mark.usefixtures("city")
def test_a_form_is_filled_from_an_edition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import docx

    from irm.cli import main

    monkeypatch.setenv("IRM_HOME", str(tmp_path / "home"))
    told = json.loads(
        irm("--organization", "unit-a", "--year", "2026", "--out", str(tmp_path / "out"), "--json").stdout
    )
    form = docx.Document()
    form.add_paragraph("{{ year }} 年共 {{ systems.by_level.total.systems }} 个系统")
    form.save(str(tmp_path / "form.docx"))
    out = tmp_path / "filled.docx"
    done = CliRunner().invoke(main, ["report", "fill", told["id"], str(tmp_path / "form.docx"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert docx.Document(str(out)).paragraphs[0].text == "2026 年共 1 个系统"
    listed = CliRunner().invoke(main, ["report", "placeholders", told["id"], "--json"])
    assert {key: value for key, value in json.loads(listed.stdout)[4].items() if key != "meaning"} == {
        "name": "year",
        "sample": 2026,
    }
    form.add_paragraph("{{ nobody }}")
    form.save(str(tmp_path / "form.docx"))
    out.unlink()
    wrong = CliRunner().invoke(main, ["report", "fill", told["id"], str(tmp_path / "form.docx"), "--out", str(out)])
    assert wrong.exit_code == 1
    assert "nobody" in wrong.output
    assert not out.exists()
