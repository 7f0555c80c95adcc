"""Before a pack is switched on or off: what it would ask, and that it then asks exactly that."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from irm.access.policy import Role
from irm.cli import main
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.obligations.models import ObligationRow
from irm.rules.load import builtin_sources
from irm.rules.policies import adopt
from irm.rules.previewing import Preview, preview
from irm.rules.service import publish_builtin
from tests import make
from tests.conftest import Drain
from tests.server import Server

MODEL = "pingdingshan-cloud-2019"


@pytest.fixture
async def city(db: Database, clock: FixedClock) -> Database:
    """A cloud authority, a vendor that maintains the platform, and a unit with a system on it."""
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        vendor = await make.organization(tx, "vendor")
        unit = await make.organization(tx, "using_unit")
        await make.system(
            tx, authority, kind="platform", name="政务云平台", maintainer_ids={vendor}, life_cycle="live", level=3
        )
        await make.system(tx, unit, life_cycle="live", level=3)
    return db


async def previewed(db: Database, clock: FixedClock) -> Preview:
    async with db.transaction(SYSTEM) as tx:
        return await preview(tx, MODEL, now=clock.now())


async def owed(db: Database, status: str = "open") -> dict[str, int]:
    async with db.transaction(SYSTEM) as tx:
        rows = await tx.execute(
            select(ObligationRow.rule_id, func.count().label("n"))
            .where(ObligationRow.rule_id.startswith(f"{MODEL}/"), ObligationRow.status == status)
            .group_by(ObligationRow.rule_id)
        )
        return {row.rule_id: row.n for row in rows}


async def test_the_preview_is_what_adopting_then_opens(city: Database, clock: FixedClock, drain: Drain) -> None:
    before = await previewed(city, clock)
    assert not before.is_on
    told = {one.rule.id: one.count for one in before.rules}
    assert told[f"{MODEL}/monthly-operations"] == 1
    assert before.count == sum(told.values())
    assert await owed(city) == {}, "a preview changes nothing"
    async with city.transaction(SYSTEM) as tx:
        await adopt(tx, MODEL, adopted=True, reason="trial", actor=SYSTEM, now=clock.now())
    await drain()
    assert await owed(city) == told
    after = await previewed(city, clock)
    assert after.is_on
    assert {one.rule.id: one.count for one in after.rules} == told
    async with city.transaction(SYSTEM) as tx:
        await adopt(tx, MODEL, adopted=False, reason="enough", actor=SYSTEM, now=clock.now())
    await drain()
    assert await owed(city) == {}
    assert await owed(city, "superseded") == told


async def test_what_ends_first_is_shown_first(city: Database, clock: FixedClock) -> None:
    for one in (await previewed(city, clock)).rules:
        limits = [each.due_at for each in one.first if each.due_at]
        assert limits == sorted(limits)
        assert 1 <= len(one.first) <= 3


async def test_the_administrator_sees_it_before_the_button(city: Database, sign_in: Any) -> None:
    async with city.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        administrator = await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR, locale="zh-CN")
    client = await sign_in(officer)
    for path in (f"/api/v1/rules/{MODEL}/adoption", f"/rules/{MODEL}/adoption"):
        assert (await client.get(path)).status_code == 403
    client = await sign_in(administrator)
    found = (await client.get(f"/api/v1/rules/{MODEL}/adoption")).json()
    assert (found["pack"], found["on"]) == (MODEL, False)
    assert found["count"] == sum(one["count"] for one in found["rules"])
    assert f'href="/rules/{MODEL}/adoption"' in (await client.get(f"/rules/{MODEL}")).text
    shown = await client.get(f"/rules/{MODEL}/adoption")
    assert shown.status_code == 200
    assert f"当晚将产生 {found['count']} 项应办事项" in shown.text
    assert 'name="on" value="yes"' in shown.text
    csrf = {"_csrf": client.headers["x-csrf-token"]}
    done = await client.post(f"/rules/{MODEL}/adoption", data={**csrf, "on": "yes", "reason": "试行"})
    assert done.status_code == 303
    assert "停用后" in (await client.get(f"/rules/{MODEL}/adoption")).text
    national = await client.get("/rules/mlps/adoption")
    assert national.status_code == 200
    assert 'name="on"' not in national.text
    assert (await client.get("/rules/nobody/adoption")).status_code == 404


def test_the_command_previews(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        assert CliRunner().invoke(main, ["rules", "preview", MODEL]).exit_code == 1
        file = tmp_path / "model.yaml"
        file.write_text(builtin_sources()[file.name.replace("model", MODEL)], "utf-8")
        assert CliRunner().invoke(main, ["rules", "publish", str(file), "--now", "--reason", "改"]).exit_code == 0
        told = CliRunner().invoke(main, ["rules", "preview", MODEL, "--json"])
        assert told.exit_code == 0, told.output
        assert json.loads(told.stdout)["count"] == 0
        assert "Adopted, 0 duties would be owed." in CliRunner().invoke(main, ["rules", "preview", MODEL]).stdout
    finally:
        server.drop(name)
