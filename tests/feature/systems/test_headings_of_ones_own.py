"""A unit's list in words of its own: said once what they mean, remembered for the next; what it leaves out stays."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.cli import main
from irm.db import Database
from irm.ledger import LedgerEntryRow
from tests.feature.systems.test_bringing_lists import brought, town
from tests.feature.systems.test_import import OA, PLATFORM, sheet

__all__ = ["town"]
HEAD = ["系统识别码", "信息系统全称", "归口单位", "内部备注"]


def own(*rows: list[str]) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in (["示例市信息系统台账"], HEAD, *rows):
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


async def test_said_once_and_proposed_the_next_time(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, own(["oa", "协同办公系统", "市政府办公室", "甲"]))
    await drain()
    first = (await client.get(where)).json()
    assert [(one["cell"], one["text"], one["column"]) for one in first["headings"]] == [
        ("A2", "系统识别码", None),
        ("B2", "信息系统全称", None),
        ("C2", "归口单位", None),
        ("D2", "内部备注", None),
    ]
    page = where.removeprefix("/api/v1").replace("imports", "import")
    shown = (await client.get(page)).text
    assert "信息系统全称" in shown
    said = {"heading-0": "code", "heading-1": "name", "heading-2": "owner", "heading-3": ""}
    assert (await client.post(f"{page}/headings", data=said)).status_code == 303
    await drain()
    looked = (await client.get(where)).json()
    assert (looked["faults"], looked["new"]) == ([], 1)
    assert {one["by"] for one in looked["headings"]} == {"said"}, "also that the remark is left out"
    written = await client.post(f"{where}/write", json={"seen": looked["seen"]})
    assert written.status_code == 202
    await drain()
    assert (await client.get("/api/v1/systems/oa")).json()["name"] == "协同办公系统"

    again = await brought(client, own(["oa", "协同办公平台", "市政府办公室", "乙"]))
    await drain()
    (line,) = (await client.get(again)).json()["rows"]
    assert [one["after"] for one in line["changes"]] == ["协同办公平台"], "nobody had to say it again"
    async with db.transaction() as tx:
        subjects = list(
            await tx.scalars(select(LedgerEntryRow.subject).where(LedgerEntryRow.action == "list.headings_said"))
        )
    assert subjects == [f"organization/{town['authority']}"]

    await sign_in(town["unit_lead"])
    foreign = await brought(client, own(["x", "门户", "市教育局", ""]))
    await drain()
    assert {one["by"] for one in (await client.get(foreign)).json()["headings"]} == {""}, (
        "another unit has its own words"
    )


async def test_what_is_confirmed_is_the_list_as_its_headings_were_understood(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, own(["oa", "协同办公系统", "市政府办公室", "OA"]))
    await drain()
    meanings: dict[str, str | None] = {"系统识别码": "code", "信息系统全称": "name", "归口单位": "owner"}
    assert (await client.post(f"{where}/headings", json={"headings": meanings})).status_code == 202
    await drain()
    seen = (await client.get(where)).json()["seen"]
    other = meanings | {"信息系统全称": None, "内部备注": "name"}
    assert (await client.post(f"{where}/headings", json={"headings": other})).status_code == 202
    early = await client.post(f"{where}/write", json={"seen": seen})
    assert (early.status_code, early.json()["code"]) == (409, "not_ready")
    await drain()
    stale = await client.post(f"{where}/write", json={"seen": seen})
    assert stale.status_code == 409, "the same file with another meaning is another list"
    assert (await client.get(where)).json()["rows"][0]["name"] == "OA"


async def test_what_is_wrong_is_said_at_its_heading(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    where = await brought(client, own(["oa", "协同办公系统", "市政府办公室", ""]))
    await drain()
    wrong = {"系统识别码": "code", "信息系统全称": "code", "归口单位": "nothing", "没有的": "name"}
    refused = await client.post(f"{where}/headings", json={"headings": wrong})
    assert refused.status_code == 422
    assert {one["field"] for one in refused.json()["errors"]} == {"信息系统全称", "归口单位", "没有的"}
    assert (await client.post(f"{where}/headings", json={"headings": {}})).status_code == 422
    await sign_in(town["admin"])
    assert (await client.post(f"{where}/headings", json={"headings": {"归口单位": "owner"}})).status_code == 403


async def test_what_the_list_leaves_out_is_shown_and_stays(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["lead"])
    second = OA | {"code": "mail", "name": "邮件系统", "platform": None, "addresses": [], "domains": []}
    where = await brought(client, sheet(PLATFORM, OA, second))
    await drain()
    assert (
        await client.post(f"{where}/write", json={"seen": (await client.get(where)).json()["seen"]})
    ).status_code == 202
    await drain()
    shorter = await brought(client, sheet(OA | {"name": "协同办公"}))
    await drain()
    looked = (await client.get(shorter)).json()
    assert (looked["missing"], looked["missing_count"]) == ([{"code": "mail", "name": "邮件系统"}], 1)
    assert "邮件系统" in (await client.get(shorter.removeprefix("/api/v1").replace("imports", "import"))).text
    await client.post(f"{shorter}/write", json={"seen": looked["seen"]})
    await drain()
    assert (await client.get("/api/v1/systems/mail")).json()["life_cycle"] == "live"


def test_the_command_remembers_too(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)

    def irm(*words: str) -> Any:
        return CliRunner().invoke(main, [*words, "--json"])

    unit = ("--kind", "using_unit", "--tier", "city", "--region", "410400")
    assert irm("organization", "register", "edu", "市教育局", *unit).exit_code == 0
    file = tmp_path / "own.xlsx"
    file.write_bytes(own(["oa", "协同办公系统", "市教育局", ""]))
    said = [each for one in ("系统识别码=code", "信息系统全称=name", "归口单位=owner") for each in ("--heading", one)]
    odd = irm("import", "systems", str(file), "--heading", "无此列=code")
    assert odd.exit_code != 0
    assert "无此列" in odd.output
    made = irm("import", "systems", str(file), "--organization", "edu", *said)
    assert made.exit_code == 0, made.output
    again = irm("import", "systems", str(file), "--organization", "edu", "--dry-run")
    assert json.loads(again.stdout)["unchanged"] == 1, again.output
    assert irm("import", "systems", str(file), "--dry-run").exit_code == 1
