"""Pages of the register: the list and its filters, the form and its stale edit, a list by dry run, one system's life."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from irm.access.policy import Role
from irm.db import Database
from irm.documents.sheets import read_sheet
from irm.systems.sheet import COLUMNS
from tests import make
from tests.feature.systems.test_import import city


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction() as tx:
        made = await city(tx)
        made["lead"] = await make.account(tx, made["authority"], Role.SECURITY_LEAD)
        made["unit_lead"] = await make.account(tx, made["edu"], Role.SECURITY_LEAD)
        made["reporter"] = await make.account(tx, made["fin"], Role.REPORTER)
        cloud = await make.system(tx, made["authority"], code="cloud", name="政务云平台", kind="platform")
        await make.system(
            tx, made["edu"], code="school", name="学籍系统", platform_id=cloud, filed_on=date(2025, 3, 10), level=3
        )
        await make.system(
            tx,
            made["edu"],
            code="old",
            name="旧系统",
            level=2,
            filed_on=date(2025, 1, 5),
            certificate_until=date(2026, 5, 1),
            cii="yes",
        )
        await make.system(tx, made["fin"], code="tax", name="税务系统", level=None)
    return made


async def test_the_list_narrows_and_counts(client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any) -> None:
    await sign_in(town["lead"])
    whole = (await client.get("/systems")).text
    assert all(f'href="/systems/{code}"' in whole for code in ("cloud", "school", "old", "tax"))
    expired = (await client.get("/systems", params={"certificate": "expired"})).text
    assert 'href="/systems/old"' in expired
    assert 'href="/systems/school"' not in expired
    assert 'href="/systems/tax"' in (await client.get("/systems", params={"level": "none"})).text
    assert 'href="/systems/school"' in (await client.get("/systems", params={"text": "xjxt"})).text
    odd = await client.get("/systems", params={"level": "9", "cursor": "nobody"})
    assert odd.status_code == 422
    assert 'href="/systems/tax"' in odd.text
    await sign_in(town["reporter"])
    theirs = (await client.get("/systems")).text
    assert 'href="/systems/tax"' in theirs
    assert 'href="/systems/old"' not in theirs


async def test_what_is_typed_is_kept_and_a_stale_edit_is_shown(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any
) -> None:
    await sign_in(town["unit_lead"])
    form = {
        "code": "exam",
        "name": "考试系统",
        "owner": str(town["edu"]),
        "users": "市财政局、nobody",
        "addresses": "10.1",
    }
    refused = await client.post("/systems/new", data=form)
    assert refused.status_code == 422
    assert "考试系统" in refused.text
    assert all(f'id="e-{name}"' in refused.text for name in ("users", "addresses"))
    made = await client.post("/systems/new", data=form | {"users": "市财政局\nedu", "addresses": "10.1.2.3"})
    assert (made.status_code, made.headers["location"]) == (303, "/systems/exam")
    edit = await client.get("/systems/exam/edit")
    assert "10.1.2.3/32" in edit.text
    common = {"name": "考试系统", "owner": str(town["edu"]), "users": "市财政局\nedu", "addresses": "10.1.2.3"}
    first = await client.post("/systems/exam/edit", data=common | {"version": "1", "user_count": "100"})
    assert first.status_code == 303
    stale = await client.post("/systems/exam/edit", data=common | {"version": "1", "user_count": "200"})
    assert stale.status_code == 409
    assert "100" in stale.text
    assert 'name="version" value="2"' in stale.text
    again = await client.post("/systems/exam/edit", data=common | {"version": "2", "user_count": "200"})
    assert again.status_code == 303
    assert (await client.get("/api/v1/systems/exam")).json()["user_count"] == 200
    assert (await client.get("/systems/tax/edit")).status_code == 404
    foreign = await client.post("/systems/new", data=form | {"owner": str(town["fin"]), "users": "", "addresses": ""})
    assert foreign.status_code == 403


async def test_an_export_is_changed_and_brought_back(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any
) -> None:
    await sign_in(town["unit_lead"])
    out = await client.get("/api/v1/systems/export", params={"level": "3"})
    read = read_sheet(out.content, COLUMNS)
    assert [row["code"] for row in read.rows] == ["school"]
    same = await client.post("/api/v1/systems/imports", files={"file": ("a.xlsx", out.content)})
    assert same.status_code == 202, same.text
    await drain()
    found = (await client.get(same.headers["location"])).json()
    assert (found["state"], found["unchanged"], found["rows"]) == ("looked", 1, [])
    template = await client.get("/api/v1/systems/template")
    assert template.content[:2] == b"PK"
    await sign_in(town["reporter"])
    taken = await client.get("/systems/export")
    assert "cii" not in read_sheet(taken.content, COLUMNS).columns


async def test_the_life_of_a_system(client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any) -> None:
    await drain()
    await sign_in(town["unit_lead"])
    page = await client.get("/systems/school")
    assert page.status_code == 200
    assert "2028-03-10" in page.text
    assert "/obligations/" in page.text
    changed = await client.patch("/api/v1/systems/school", json={"version": 1, "user_count": 5000})
    assert changed.status_code == 200
    attached = await client.post("/systems/school/files", files={"file": ("备案表.txt", b"paper")})
    assert attached.status_code == 303
    page = await client.get("/systems/school")
    assert "5000" in page.text
    assert "备案表.txt" in page.text
    platform = await client.get("/systems/cloud")
    assert platform.status_code == 200
    assert 'id="history"' not in platform.text
    assert (await client.get("/systems/tax")).status_code == 404
    assert (await client.get("/systems/nobody")).status_code == 404


@pytest.mark.parametrize("path", ["/systems", "/systems/export", "/api/v1/systems"])
async def test_statements_do_not_grow_with_the_register(
    client: httpx.AsyncClient, db: Database, town: dict[str, Any], sign_in: Any, path: str
) -> None:
    await sign_in(town["lead"])
    await client.get(path)
    few = await _statements(client, db, path)
    async with db.transaction() as tx:
        for number in range(120):
            await make.system(tx, town["fin"], name=f"业务系统{number}", user_ids=[town["edu"]])
    assert await _statements(client, db, path) == few


async def _statements(client: httpx.AsyncClient, db: Database, path: str) -> int:
    counted: list[str] = []

    def count(*given: Any) -> None:
        counted.append(given[2])

    event.listen(db.engine.sync_engine, "before_cursor_execute", count)
    try:
        assert (await client.get(path)).status_code == 200
    finally:
        event.remove(db.engine.sync_engine, "before_cursor_execute", count)
    return len(counted)
