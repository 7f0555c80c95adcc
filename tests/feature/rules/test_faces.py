"""Rules over HTTP and at the command line."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from irm.access.policy import Role
from irm.cli import main
from irm.clock import DatabaseClock, FixedClock
from irm.db import SYSTEM, Database
from irm.rules.load import builtin_packs, builtin_sources
from irm.rules.service import publish_builtin
from irm.wiring import WIRING
from tests import make

POLICE = builtin_sources()["police-147.yaml"]


@pytest.fixture
async def reader(db: Database, clock: FixedClock, sign_in: Any) -> httpx.AsyncClient:
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        unit = await make.organization(tx)
        officer = await make.account(tx, unit, Role.REPORTER)
    client: httpx.AsyncClient = await sign_in(officer)
    return client


async def test_the_list(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/api/v1/rules")
    assert answer.status_code == 200
    packs = {one["id"]: one for one in answer.json()["packs"]}
    assert sorted(packs) == sorted(pack.id for pack in builtin_packs())
    assert [name for name, one in packs.items() if not one["on"]] == [one.id for one in builtin_packs() if one.is_model]
    assert packs["gbt-20986-2023"]["marks"] == {"verified": 0, "secondary": 0, "unverified": 9, "local": 0}
    assert all(one["newest"] and one["active"] for one in packs.values())


async def test_rules_about_what_irm_does_not_manage_are_shown_as_not_in_use(reader: httpx.AsyncClient) -> None:
    packs = {one["id"]: one for one in (await reader.get("/api/v1/rules")).json()["packs"]}
    assert packs["mlps"]["not_in_use_yet"] == 0
    (huaian,) = [one for one in builtin_packs() if one.id == "huaian-projects-2023"]
    assert packs["huaian-projects-2023"]["not_in_use_yet"] == len(huaian.unmanaged)
    rules = {one["id"]: one for one in (await reader.get("/api/v1/rules/huaian-projects-2023")).json()["rules"]}
    assert not rules["huaian-projects-2023/warranty"]["in_use"]
    assert rules["huaian-projects-2023/change-plan"]["in_use"]
    reader.headers["accept"] = "text/html"
    listed = (await reader.get("/rules")).text
    assert f"{len(huaian.unmanaged)} 条尚未启用（系统暂不管理该类对象）" in listed
    page = (await reader.get("/rules/huaian-projects-2023")).text
    assert page.count("尚未启用（系统暂不管理该类对象）") == len(huaian.unmanaged)
    assert "采购单位" in page
    for name in ("tongren-data-2019", "jiangsu-outsourcing", "egov-om", "pingdingshan-cloud-2019"):
        assert (await reader.get(f"/rules/{name}")).status_code == 200
    plain = (await reader.get("/rules/mlps")).text
    assert "尚未启用" not in plain


async def test_one_pack_with_every_figure(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/api/v1/rules/cac-2025-reporting")
    assert answer.status_code == 200
    rules = {one["id"]: one for one in answer.json()["rules"]}
    province = rules["cac-2025-reporting/other-operator"]
    assert province["duty"]["within"] == "PT4H"
    assert province["duty"]["recipients"] == [{"kind": "cyberspace_office", "tier": "province"}]
    assert province["citation"]["article"]["zh-CN"] == "第四条"
    assert rules["cac-2025-reporting/crime"]["duty"]["within"] is None
    assert rules["cac-2025-reporting/crime"]["duty"]["internal_limit"] == "PT1H"
    assert rules["cac-2025-reporting/cii-full-major"]["grade"]["criteria"] == [
        {"fact": "cii_full_outage", "at_least": None}
    ]
    assert len(answer.json()["items"]) == 14


async def test_a_pack_shows_the_figures_with_which_irm_reckons(reader: httpx.AsyncClient) -> None:
    figures = {one["id"]: one for one in (await reader.get("/api/v1/rules/mlps")).json()["figures"]}
    above = figures["mlps/compliant-above"]
    assert (above["value"], above["status"], above["citation"]["article"]["zh-CN"]) == ("90", "verified", "问 20")
    assert figures["mlps/certificate-validity"]["value"] == "P3Y"
    page = (await reader.get("/rules/mlps")).text
    chapter = page[page.index('id="figures"') :]
    assert "符合率低于该数为不符合（百分比）" in chapter
    assert "3 年" in chapter
    assert "2025-03-20" in chapter


@pytest.mark.parametrize(
    "path", ["/api/v1/rules/nope", "/api/v1/rules/police-147?version=0", "/rules/nope", "/rules/police-147?version=0"]
)
async def test_what_is_not_there(reader: httpx.AsyncClient, path: str) -> None:
    assert (await reader.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/rules", "/api/v1/rules/police-147"])
async def test_a_stranger_reads_nothing(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize(
    ("locale", "force", "mark"), [("zh-CN", "部门规章", "未核实"), ("en", "Department rule", "Not verified")]
)
async def test_the_pages_show_article_force_mark_and_figure(
    reader: httpx.AsyncClient, locale: str, force: str, mark: str
) -> None:
    reader.headers["accept"] = "text/html"
    reader.cookies.set("irm_locale", locale)
    listed = await reader.get("/rules")
    assert listed.status_code == 200
    for name in ("cac-2025-reporting", "city-chain", "gbt-20986-2023", "police-147"):
        assert f'href="/rules/{name}"' in listed.text
        shown = await reader.get(f"/rules/{name}")
        assert shown.status_code == 200, shown.text
        assert "{{" not in shown.text
    shown = await reader.get("/rules/cac-2025-reporting")
    if f'lang="{locale}"' in shown.text:
        assert force in shown.text
        assert mark in shown.text
    assert "PT2H" not in shown.text
    assert ("第四条" in shown.text) or ("Article 4" in shown.text)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_list_at_the_command_line_says_what_is_not_in_use_yet(
    committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def begin() -> None:
        clock = DatabaseClock()
        db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=1)
        try:
            async with db.transaction() as tx:
                await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        finally:
            await db.dispose()

    asyncio.run(begin())
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    code, out, _ = run("rules", "list", "--json")
    assert code == 0
    unmanaged = {one["pack"]: one["not_in_use_yet"] for one in json.loads(out)}
    assert unmanaged == {one.id: len(one.unmanaged) for one in builtin_packs()}
    code, out, _ = run("rules", "list")
    assert code == 0
    assert out.rstrip().endswith("not_in_use_yet：尚未启用（系统暂不管理该类对象）")


def test_check_runs_the_packs_of_irm() -> None:
    code, out, _ = run("rules", "check", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["ok"]
    assert {one["pack"] for one in told["packs"]} == {pack.id for pack in builtin_packs()}


def test_check_prints_every_fault_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(POLICE.replace("within: PT24H", "within: 24h", 1).replace("crime_suspected'", "crime_suspectd'", 1))
    code, _, err = run("rules", "check", str(file))
    assert code == 1
    lines = [line.removeprefix(f"{file}:") for line in err.splitlines() if line.startswith(str(file))]
    assert lines == [
        "22:12: There is nothing named “incident.crime_suspectd” here. – incident.crime_suspected?",
        "27:15: “24h” is no limit. – PT30M, PT4H or P30D",
    ]
    monkeypatch.delenv("IRM_LOCALE")
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert (
        f"{file}:27:15: “24h”不是时限。提示：写作 PT30M、PT4H 或 P30D"
        in run("rules", "check", str(file))[2].splitlines()
    )
    code, out, _ = run("rules", "publish", str(file), "--reason", "改", "--json")
    assert code == 1
    assert json.loads(out)["errors"][1] == {
        "field": f"{file}:27:15",
        "message": "“24h”不是时限。提示：写作 PT30M、PT4H 或 P30D",
    }
    monkeypatch.setenv("IRM_LOCALE", "en")
    code, out, _ = run("rules", "check", str(file), "--json")
    fault = json.loads(out)["faults"][0]
    assert code == 1
    assert (fault["file"], fault["line"], fault["column"]) == (str(file), 22, 12)
    assert fault["hint"] == "incident.crime_suspected?"


def test_check_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    code, _, err = run("rules", "check", str(tmp_path / "none.yaml"))
    assert code == 1
    assert "none.yaml" in err
