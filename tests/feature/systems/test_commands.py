"""`irm import …` on a database of its own: looked at, written, written no second time."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from irm.cli import main
from irm.documents.tables import write_sheet
from irm.i18n import translator
from irm.systems.organization_import import COLUMNS as ORGANIZATIONS
from tests.feature.systems.test_assessments import PDF
from tests.feature.systems.test_import import OA, PLATFORM, sheet

ZH = translator("zh-CN")


def irm(*words: str) -> Result:
    return CliRunner().invoke(main, ["import", *words, "--json"])


def test_a_city_comes_in_from_two_lists(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    desks: list[dict[str, Any]] = [
        {"code": code, "name": name, "kind": kind, "tier": "city", "region": "410400", "telephone": "0375-2660000"}
        for code, name, kind in (
            ("gov-data", "大数据局", "cloud_authority"),
            ("gov-office", "市政府办公室", "using_unit"),
            ("edu", "市教育局", "using_unit"),
            ("fin", "市财政局", "using_unit"),
        )
    ]
    units, register, odd = tmp_path / "units.xlsx", tmp_path / "systems.xlsx", tmp_path / "odd.xlsx"
    units.write_bytes(write_sheet(ORGANIZATIONS, desks, title="单位", t=ZH))
    register.write_bytes(sheet(PLATFORM, OA))
    odd.write_bytes(sheet(OA | {"owner": "市体育局", "platform": None}))

    early = irm("systems", str(register))
    assert early.exit_code == 1
    assert "D2" in early.output
    brought = irm("organizations", str(units))
    assert brought.exit_code == 0, brought.output
    assert json.loads(brought.stdout)["new"] == 4
    again = json.loads(irm("organizations", str(units)).stdout)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 4)
    desks[2]["name"] = "市教育体育局"
    units.write_bytes(write_sheet(ORGANIZATIONS, desks[2:3], title="单位", t=ZH))
    looked = json.loads(irm("organizations", str(units), "--dry-run").stdout)
    assert looked["changes"]["edu"]["name"] == ["市教育局", "市教育体育局"]
    desks[2]["name"] = "市教育局"
    looked = irm("systems", str(register), "--dry-run")
    assert (looked.exit_code, json.loads(looked.stdout)["new"]) == (0, 2), looked.output
    written = irm("systems", str(register))
    assert json.loads(written.stdout)["new"] == 2, written.output
    again = irm("systems", str(register))
    assert json.loads(again.stdout)["unchanged"] == 2, again.output
    assert irm("systems", str(odd)).exit_code == 1
    filed = ("--level", "3", "--level-fixed-on", "2026-11-02", "--filed-on", "2026-11-18", "--filing-number", "4104-1")
    entered = CliRunner().invoke(main, ["system", "register", "portal", "门户", "--owner", "edu", *filed, "--json"])
    assert (entered.exit_code, json.loads(entered.stdout)["code"]) == (0, "portal"), entered.output
    odd_day = CliRunner().invoke(main, ["system", "register", "x", "x", "--owner", "edu", "--filed-on", "昨天"])
    assert odd_day.exit_code != 0


def test_a_test_is_planned_taken_in_and_shown(
    committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from irm.cli import main

    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--json"])

    for words in (
        ("organization", "register", "edu", "市教育局", "--kind", "using_unit", "--tier", "city", "--region", "410400"),
        ("organization", "register", "lab", "某测评公司", "--kind", "assessor", "--tier", "city", "--region", "410400"),
        ("system", "register", "oa", "协同办公", "--owner", "edu", "--level", "3"),
        ("account", "create", "lead", "--organization", "edu", "--name", "安全负责人", "--role", "security_lead"),
    ):
        done = run(*words)
        assert done.exit_code == 0, done.output
    planned = run("assessment", "plan", "oa", "--as", "lead", "--on", "2026-12-01", "--tester", "lab")
    assert planned.exit_code == 0, planned.output
    number = json.loads(planned.stdout)["number"]
    report = tmp_path / "report.pdf"
    report.write_bytes(PDF)
    odd = run("assessment", "report", number, str(report), "--as", "lead", "--cover-on", "2026-11-18",
              "--conclusion", "conform", "--rate", "1000")  # fmt: skip
    assert (odd.exit_code, "rate" in odd.output) == (1, True), odd.output
    came = run("assessment", "report", number, str(report), "--as", "lead", "--cover-on", "2026-11-18",
               "--conclusion", "conform", "--rate", "92.35", "--major", "0")  # fmt: skip
    assert came.exit_code == 0, came.output
    assert json.loads(came.stdout)["status"] == "reported"
    listed = json.loads(run("assessment", "list", "--as", "lead", "--status", "reported", "--system", "oa").stdout)
    assert [one["number"] for one in listed] == [number]
    assert json.loads(run("assessment", "show", number, "--as", "lead").stdout)["rate"] == "92.35"
    assert run("assessment", "show", "CP-2026-99999", "--as", "lead").exit_code == 1
