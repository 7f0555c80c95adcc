"""What a lawyer asks of the rules: what a version changes, and what nobody has read. Page, API and command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from click.testing import CliRunner

from irm.access.policy import Role
from irm.cli import main
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.service import publish, publish_builtin
from tests import make
from tests.server import Server

CITY = builtin_sources()["city-chain.yaml"]
VERSION = next(pack.version for pack in builtin_packs() if pack.id == "city-chain")
SHORTER = CITY.replace(f'version: "{VERSION}"', 'version: "2027.1"').replace(
    "  receipt_alarm: PT1H", "  receipt_alarm: PT2H"
)


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> Database:
    """A city that has published a second version of its own chain."""
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        await publish(tx, SHORTER, file="city-chain.yaml", actor=SYSTEM, now=clock.tick(hours=1))
    return db


@pytest.fixture
async def reader(city: Database, sign_in: Any) -> httpx.AsyncClient:
    async with city.transaction() as tx:
        unit = await make.organization(tx)
        reporter = await make.account(tx, unit, Role.REPORTER)
    client: httpx.AsyncClient = await sign_in(reporter)
    return client


async def test_a_version_is_compared_with_the_one_in_use(reader: httpx.AsyncClient) -> None:
    found = (await reader.get(f"/api/v1/rules/city-chain/diff?from={VERSION}")).json()
    assert (found["from"]["version"], found["to"]["version"]) == (VERSION, "2027.1")
    assert found["changed"] == [
        {
            "part": "policy",
            "id": "policy",
            "title": found["changed"][0]["title"],
            "differences": [{"aspect": "receipt_alarm", "before": "PT1H", "after": "PT2H"}],
        }
    ]
    assert (found["added"], found["removed"], found["only_the_text"]) == ([], [], False)
    same = (await reader.get("/api/v1/rules/city-chain/diff?from=2027.1&to=2027.1")).json()
    assert (same["changed"], same["only_the_text"]) == ([], False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/rules/city-chain/diff?from=1", 404),
        ("/api/v1/rules/nobody/diff?from=1", 404),
        ("/api/v1/rules/city-chain/diff", 400),
        ("/rules/city-chain/diff?from=1", 404),
    ],
)
async def test_what_cannot_be_compared(reader: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await reader.get(path)).status_code == status


@pytest.mark.parametrize(
    "path", ["/api/v1/rules/gaps", "/api/v1/rules/gaps?all=true", "/api/v1/rules/police-147/diff?from=1"]
)
async def test_a_stranger_is_told_nothing(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


async def test_the_pages_lead_from_the_pack_to_the_comparison(reader: httpx.AsyncClient) -> None:
    pack = (await reader.get("/rules/city-chain")).text
    assert 'href="/rules/city-chain/diff?to=2027.1"' in pack
    shown = await reader.get("/rules/city-chain/diff?to=2027.1")
    assert shown.status_code == 200
    assert "报送后无回执的告警时间" in shown.text
    assert "1 小时" in shown.text
    assert "2 小时" in shown.text
    oldest = await reader.get(f"/rules/city-chain/diff?to={VERSION}")
    assert "两个文本完全相同" in oldest.text


async def test_all_gaps_of_irm_over_the_api(reader: httpx.AsyncClient) -> None:
    found = (await reader.get("/api/v1/rules/gaps?all=true")).json()
    by_id = {one["id"]: one for one in found["gaps"]}
    outage = by_id["cac-2025-reporting/cii-full-major"]
    assert (outage["unread"], outage["level"], outage["seen"]) == (
        ["cii_full_outage"],
        2,
        {"draft_2023": "PT2H", "recalled": "PT1H"},
    )
    assert found["idle"] == []


async def test_what_could_decide_follows_the_register(city: Database, sign_in: Any) -> None:
    async with city.transaction() as tx:
        unit = await make.organization(tx)
        await make.system(tx, unit, level=3, cii="no", portal_rank="none", users=2_000, important_data="no")
        authority = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        reporter = await make.account(tx, unit, Role.REPORTER)
    on_duty = await sign_in(officer)
    found = (await on_duty.get("/api/v1/rules/gaps")).json()
    idle = {one["id"]: one["idle"] for one in found["idle"]}
    assert idle["cac-2025-reporting/cii-full-major"] == "nothing_in_register"
    assert idle["cac-2025-reporting/people-100k"] == "below_figure"
    assert idle["mlps/test-level-2"] == "nothing_in_register"
    assert "mlps/score-fair" in {one["id"] for one in found["gaps"]}
    async with city.transaction() as tx:
        await make.system(tx, unit, level=2, life_cycle="live", cii="no", users=None)
    found = (await on_duty.get("/api/v1/rules/gaps")).json()
    assert {"cac-2025-reporting/people-1m", "mlps/test-level-2"} <= {one["id"] for one in found["gaps"]}
    # Whether the city has critical infrastructure at all is not for everybody.
    theirs = (await (await sign_in(reporter)).get("/api/v1/rules/gaps")).json()
    assert "cac-2025-reporting/cii-full-major" in {one["id"] for one in theirs["gaps"]}


@pytest.mark.parametrize(("locale", "title"), [("zh-CN", "待核规则"), ("en", "What nobody has read")])
async def test_the_page_of_gaps(city: Database, sign_in: Any, locale: str, title: str) -> None:
    async with city.transaction() as tx:
        unit = await make.organization(tx)
        await make.system(tx, unit, level=3, cii="no", portal_rank="none", users=2_000, important_data="no")
        reader = await sign_in(await make.account(tx, unit, Role.REPORTER, locale=locale))
    assert 'href="/rules/gaps"' in (await reader.get("/rules")).text
    shown = await reader.get("/rules/gaps")
    assert shown.status_code == 200
    assert title in shown.text
    for chapter in ("here", "idle"):
        assert f'id="{chapter}"' in shown.text
    assert "{{" not in shown.text


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_two_files_are_compared_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(CITY, "utf-8")
    new.write_text(SHORTER.replace("within: PT30M", "within: PT20M", 1), "utf-8")
    code, out, _ = run("rules", "diff", str(old), str(new))
    assert code == 0
    assert "20 min" in out
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    assert "20 分钟" in run("rules", "diff", str(old), str(new))[1]
    told = json.loads(run("rules", "diff", str(old), str(new), "--json")[1])
    assert [one["id"] for one in told["changed"]] == ["vendor-cloud-authority", "policy"]
    assert "两个文本完全相同。" in run("rules", "diff", str(old), str(old))[1]
    new.write_text(CITY + "# a note\n", "utf-8")
    assert "仅注释" in run("rules", "diff", str(old), str(new))[1]


def test_a_file_with_faults_is_told_at_its_place(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(CITY, "utf-8")
    bad.write_text(CITY.replace("within: PT30M", "within: 30m", 1), "utf-8")
    code, _, err = run("rules", "diff", str(good), str(bad))
    assert code == 1
    assert err.startswith(f"{bad}:")
    code, out, _ = run("rules", "diff", str(good), str(bad), "--json")
    assert code == 1
    assert json.loads(out)["errors"][0]["field"].startswith(f"{bad}:")
    assert run("rules", "diff", str(good), str(tmp_path / "none.yaml"))[0] == 1


def test_all_gaps_of_irm_at_the_command_line() -> None:
    code, out, _ = run("rules", "gaps", "--all", "--json")
    assert code == 0
    assert "mlps/test-level-2" in {one["id"] for one in json.loads(out)["gaps"]}
    assert "gbt-20986-2023/harm-grave" in run("rules", "gaps", "--all")[1]


@pytest.fixture
def published(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A database of its own with the city's chain in two versions; gives the file of the newer."""
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        for number, text in enumerate((CITY, SHORTER)):
            file = tmp_path / f"{number}.yaml"
            file.write_text(text, "utf-8")
            assert run("rules", "publish", str(file), "--now", "--reason", "改")[0] == 0
        yield tmp_path / "1.yaml"
    finally:
        server.drop(name)


def test_published_versions_at_the_command_line(published: Path) -> None:
    code, out, err = run("rules", "diff", f"city-chain@{VERSION}", "city-chain", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["from"]["version"], told["to"]["version"]) == (VERSION, "2027.1")
    assert not json.loads(run("rules", "diff", "city-chain", str(published), "--json")[1])["changed"]
    code, _, err = run("rules", "diff", "city-chain@1", "city-chain")
    assert code == 1
    assert "There is no such version of this rule pack." in err
    code, out, _ = run("rules", "gaps", "--json")
    assert (code, json.loads(out)["gaps"]) == (0, [])
    assert "Every rule that could decide in this city is read." in run("rules", "gaps")[1]
