"""`irm roster show`: also what is missing is said, and how to mend it."""

import json

import pytest
from click.testing import CliRunner

from irm.cli import main
from irm.db import Database
from tests import make


@pytest.fixture
async def url(committed_db: Database, committed_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    async with committed_db.transaction() as tx:
        await make.organization(tx, name="示例市教育局", code="education")
        await make.organization(tx, "cyberspace_office", name="示例市网信办", code="office")
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    return committed_url


def test_without_roster_it_says_so_and_how_to_import_one(url: str) -> None:
    done = CliRunner().invoke(main, ["roster", "show"])
    assert done.exit_code == 0, done.output
    assert "示例市教育局" in done.stdout
    assert "the organization has no roster" in done.stdout
    assert "irm roster import" in done.stderr
    assert "示例市网信办" not in done.output
    read = json.loads(CliRunner().invoke(main, ["roster", "show", "--json"]).stdout)
    assert [(row["organization"], row["state"]) for row in read] == [("示例市教育局", "no_roster")]


def test_one_organization_or_a_plain_refusal(url: str) -> None:
    assert "irm roster import" in CliRunner().invoke(main, ["roster", "show", "--organization", "education"]).stderr
    refused = CliRunner().invoke(main, ["roster", "show", "--organization", "office"])
    assert refused.exit_code == 1
    assert "office" in refused.stderr
