"""Posts as a list: shown first, written whole, taken away and brought back without a difference; the command does the same."""

import io
import json
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access import staff_posts
from irm.access.models import PersonRow
from irm.access.policy import AUTHORITY, Role
from irm.access.staff_post_models import PostHoldingRow, StaffPostRow
from irm.access.staff_posts import Stated
from irm.cli import main
from irm.db import SYSTEM, Database
from irm.documents.tables import write_sheet
from irm.i18n import translator
from irm.systems import post_list
from tests import make
from tests.feature.systems.test_lists_of_the_directory import looked_at, written

ZH = translator("zh-CN")
API = "/api/v1/posts/imports"
NET = {"name": "网络管理岗", "kind": "network_administrator", "holders": ("张三",)}


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY, code="data", name="市数据局")
        edu = await make.organization(tx, code="edu", name="市教育局")
        return {
            "edu": edu,
            "unit": await make.account(tx, edu, Role.SECURITY_LEAD),
            "twins": [await make.person(tx, edu, Role.HANDLER, name="王 伟") for _ in range(2)],
            "known": await make.person(tx, edu, Role.REPORTER, name="张三"),
            "auditor": await make.account(tx, authority, Role.AUDIT_ADMINISTRATOR),
        }


def posts(*rows: dict[str, Any]) -> bytes:
    return write_sheet(post_list.columns("zh-CN"), rows, title="岗位", t=ZH)


async def holding(db: Database) -> set[tuple[str, str]]:
    """(post, person) of today."""
    async with db.transaction() as tx:
        rows = await tx.execute(
            select(StaffPostRow.name, PersonRow.name)
            .join(PostHoldingRow, PostHoldingRow.post_id == StaffPostRow.id)
            .join(PersonRow, PersonRow.id == PostHoldingRow.person_id)
            .where(PostHoldingRow.ended_at.is_(None))
        )
        return {(post, person) for post, person in rows}


async def test_a_unit_brings_its_posts_and_later_what_changed(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["unit"])
    duties = {"is_key": True, "duties": "系统上线审核"}
    rows = [NET, {"name": "安全管理岗", "kind": "security_administrator", "holders": ("新来的", "张三"), **duties}]
    first = await written(client, drain, posts(*rows, {"name": "值班岗", "kind": "duty"}), API)
    assert (first["state"], first["new"]) == ("written", 3)
    assert await holding(db) == {("网络管理岗", "张三"), ("安全管理岗", "张三"), ("安全管理岗", "新来的")}
    async with db.transaction() as tx:
        people = list(await tx.scalars(select(PersonRow.id).where(PersonRow.name == "张三")))
        kept = await tx.scalar(select(StaffPostRow).where(StaffPostRow.name == "安全管理岗"))
    assert people == [town["known"]], "who is known at the organization is not entered twice"
    assert kept is not None
    assert (kept.is_key, kept.duties) == (True, "系统上线审核")
    again = {"name": "安全管理岗", "kind": "security_administrator", "holders": ("接任者",)}
    where, looked = await looked_at(client, drain, posts(again, {"name": "值班岗", "kind": "duty"}), API)
    (line,) = looked["rows"]
    assert {one["field"]: (one["before"], one["after"]) for one in line["changes"]} == {
        "holders": ("新来的、张三", "接任者（新登记人员）")
    }, "an empty cell leaves duties and key post as they are"
    assert [one["name"] for one in looked["missing"]] == ["网络管理岗"]
    await client.post(f"{where}/write", json={"seen": looked["seen"]})
    await drain()
    assert await holding(db) == {("网络管理岗", "张三"), ("安全管理岗", "接任者")}
    async with db.transaction() as tx:
        ended = list(await tx.scalars(select(PostHoldingRow).where(PostHoldingRow.ended_at.is_not(None))))
    assert len(ended) == 2, "who held it before stays on record"


async def test_somebody_new_who_takes_two_posts_is_one_person(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["unit"])
    row = {"kind": "other", "holders": ("外聘人员",)}
    await written(client, drain, posts(row | {"name": "甲岗"}, row | {"name": "乙岗"}), API)
    async with db.transaction() as tx:
        assert len(list(await tx.scalars(select(PersonRow).where(PersonRow.name == "外聘人员")))) == 1


async def test_posts_at_fault_are_named_by_cell(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["unit"])
    rows = [
        NET | {"organization": "市数据局"},
        NET | {"organization": "没有的局"},
        NET,
        NET | {"name": "网络 管理岗"},
        NET | {"name": "双名岗", "holders": ("王伟",)},
    ]
    where, looked = await looked_at(client, drain, posts(*rows), API)
    assert [one["field"] for one in looked["faults"]] == ["A2", "A3", "B5", "F6"]
    assert (await client.post(f"{where}/write", json={"seen": looked["seen"]})).status_code == 422
    assert await holding(db) == set(), "nothing is half written"
    number = str(town["twins"][1])
    await written(client, drain, posts(NET | {"name": "双名岗", "holders": (number,)}), API)
    async with db.transaction() as tx:
        assert list(await tx.scalars(select(PostHoldingRow.person_id))) == [town["twins"][1]]


async def test_posts_taken_away_come_back_unchanged(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        now = db.clock.now()
        for name, kind, who in (("=1+1", "other", town["twins"][0]), ("网络管理岗", "network_administrator", None)):
            stated = Stated(name, kind, name == "=1+1", "一、巡检\n二、备份")
            post = await staff_posts.enter(tx, town["edu"], stated, actor=SYSTEM, now=now)
            if who is not None:
                await staff_posts.hold(tx, post, person_id=who, actor=SYSTEM, now=now)
                await staff_posts.hold(tx, post, person_id=town["twins"][1], actor=SYSTEM, now=now)
                await staff_posts.hold(tx, post, person_id=town["known"], actor=SYSTEM, now=now)
    await sign_in(town["unit"])
    assert (await client.get("/posts/template")).status_code == 200
    answer = await client.get("/posts/export", params={"organization": "edu"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}, "no formula goes out"
    assert "网络管理员" in {cell.value for row in sheet.iter_rows() for cell in row}, "kinds in words"
    _, looked = await looked_at(client, drain, answer.content, API)
    assert (looked["faults"], looked["new"], looked["changed"], looked["unchanged"]) == ([], 0, 0, 2)
    await sign_in(town["auditor"])
    foreign = openpyxl.load_workbook(io.BytesIO((await client.get("/api/v1/posts/export")).content)).active
    assert foreign is not None
    assert foreign.max_row == 3, "the auditor takes the city's away"
    assert (await client.post(API, files={"file": ("list.xlsx", answer.content)})).status_code == 403


async def test_a_heading_of_the_units_own_is_said_once(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["unit"])
    book = openpyxl.load_workbook(io.BytesIO(posts(NET)))
    assert book.active is not None
    (cell,) = [one for row in book.active.iter_rows() for one in row if one.value == "任职人员"]
    cell.value = "责任人姓名"
    content = io.BytesIO()
    book.save(content)
    where, looked = await looked_at(client, drain, content.getvalue(), API)
    assert {one["text"] for one in looked["headings"] if not one["column"]} == {"责任人姓名"}
    said = await client.post(f"{where}/headings", json={"headings": {"责任人姓名": "holders"}})
    assert said.status_code == 202, said.text
    await drain()
    await written(client, drain, content.getvalue(), API)
    assert await holding(db) == {("网络管理岗", "张三")}, "and understood the next time"


def test_by_command(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)

    def irm(*words: str, fails: bool = False) -> Any:
        done = CliRunner().invoke(main, [*words, "--json"])
        assert done.exit_code == (1 if fails else 0), done.output
        return None if fails else json.loads(done.stdout)

    named = ("edu", "市教育局", "--kind", "using_unit", "--tier", "city", "--region", "410400")
    irm("organization", "register", *named)
    made = irm("posts", "enter", "edu", "网络管理岗", "--kind", "network_administrator", "--key")["post"]
    irm("posts", "enter", "edu", "网络管理岗", "--kind", "duty", fails=True)
    audit = irm("posts", "enter", "edu", "审计岗", "--kind", "audit_administrator")["post"]
    first = irm("posts", "take", made, "--name", "张三", "--since", "2026-01-02")
    assert first["conflicts"] == []
    assert len(irm("posts", "take", audit, "--person", first["person"])["conflicts"]) == 1
    (unit,) = irm("posts", "list", "--lacking")
    assert [one["what"] for one in unit["findings"]] == ["conflict"]
    assert "张三" in CliRunner().invoke(main, ["posts", "list", "--organization", "edu"]).output
    assert "张三 2026-01-02\n" in CliRunner().invoke(main, ["posts", "show", made]).output
    irm("posts", "end", audit, first["person"], "--until", "2020-01-01", fails=True)
    irm("posts", "end", audit, first["person"])
    assert [one["name"] for one in irm("posts", "show", audit)["before"]] == ["张三"]
    file = tmp_path / "posts.xlsx"
    irm("export", "posts", str(file))
    again = irm("import", "posts", str(file), "--organization", "edu")
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    irm("posts", "abolish", audit)
    assert irm("posts", "show", audit)["is_abolished"] is True
    irm("posts", "abolish", audit, fails=True)
