"""The life of a version over the API, and what of it the command line does."""

import asyncio
import json
from pathlib import Path
from typing import Any

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

CHAIN = builtin_sources()["city-chain.yaml"]
VERSION = next(pack.version for pack in builtin_packs() if pack.id == "city-chain")
RED = CHAIN.replace(f'version: "{VERSION}"', 'version: "2026.12.1"').replace("within: PT1H", "within: PT30M", 1)
GREEN = RED.replace("2026-11-21T04:50:00+08:00", "2026-11-21T04:20:00+08:00")


@pytest.fixture
async def people(db: Database, clock: FixedClock) -> dict[str, Any]:
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        return {
            "lawyer": await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
            "head": await make.account(tx, authority, Role.UNIT_HEAD),
            "officer": await make.account(tx, authority, Role.DUTY_OFFICER),
        }


async def test_a_text_is_looked_at_without_being_kept(people: dict[str, Any], sign_in: Any) -> None:
    client = await sign_in(people["lawyer"])
    red = (await client.post("/api/v1/rules/check", json={"source": RED, "effects": True})).json()
    assert not red["ok"]
    (test,) = [one for one in red["tests"] if not one["green"]]
    assert test["rules"] == [
        "city-chain/city-cyberspace-office",
        "city-chain/unit-cloud-authority",
        "city-chain/vendor-cloud-authority",
    ]
    (fault,) = test["faults"]
    assert "2026-11-21T04:50:00+08:00" in fault["message"]
    assert red["comparison"]["changed"][0]["id"] == "city-cyberspace-office"
    assert red["effects"] == []
    assert red["next_version"]
    green = (await client.post("/api/v1/rules/check", json={"source": GREEN})).json()
    assert green["ok"]
    assert green["effects"] is None
    taken = (await client.post("/api/v1/rules/check", json={"source": CHAIN})).json()
    assert taken["version_taken"]
    assert not taken["ok"]
    broken = (await client.post("/api/v1/rules/check", json={"source": "id: ["})).json()
    assert (broken["pack"], broken["ok"]) == (None, False)
    assert broken["faults"][0]["line"] >= 1
    assert len((await client.get("/api/v1/rules/city-chain")).json()["rules"]) == 3
    client = await sign_in(people["officer"])
    assert (await client.post("/api/v1/rules/check", json={"source": RED})).status_code == 403


async def test_put_forward_approved_and_withdrawn(people: dict[str, Any], sign_in: Any, clock: FixedClock) -> None:
    client = await sign_in(people["lawyer"])
    refused = await client.post("/api/v1/rules", json={"source": RED, "reason": "新发文"})
    assert refused.status_code == 422
    assert any("2026-11-21T04:20:00+08:00" in one["message"] for one in refused.json()["errors"])
    sent = await client.post("/api/v1/rules", json={"source": GREEN, "reason": "新发文"})
    assert sent.status_code == 201, sent.text
    assert (sent.json()["waiting"], sent.json()["newest"], sent.json()["reason"]) == (True, False, "新发文")
    where = "/api/v1/rules/city-chain/versions/2026.12.1"
    assert (await client.post(f"{where}/approval")).json()["code"] == "second_person"
    clock.tick(minutes=1)
    client = await sign_in(people["head"])
    approved = (await client.post(f"{where}/approval")).json()
    assert (approved["waiting"], approved["newest"]) == (False, True)
    assert (await client.post(f"{where}/withdrawal", json={"reason": "有误"})).status_code == 403
    client = await sign_in(people["lawyer"])
    withdrawn = (await client.post(f"{where}/withdrawal", json={"reason": "有误"})).json()
    assert (withdrawn["active"], withdrawn["withdrawn_reason"]) == (False, "有误")
    assert (await client.post("/api/v1/rules/city-chain/versions/0/approval")).status_code in {403, 404}
    used = (await client.get("/api/v1/rules/city-chain")).json()["pack"]
    assert used["version"] == VERSION


def test_at_the_command_line_a_version_is_withdrawn_with_a_reason(
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

    def run(*arguments: str) -> Any:
        result = CliRunner().invoke(main, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def in_use() -> dict[str, bool]:
        return {one["version"]: one["in_use"] for one in run("rules", "list") if one["pack"] == "city-chain"}

    asyncio.run(begin())
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    file = tmp_path / "chain.yaml"
    file.write_text(GREEN, "utf-8")
    waiting = run("rules", "publish", str(file), "--reason", "新发文")
    assert (waiting["new"], waiting["waits"]) == (True, True)
    assert not run("rules", "publish", str(file), "--reason", "新发文")["new"]
    run("rules", "withdraw", "city-chain", "2026.12.1", "--reason", "改为即日启用")
    file.write_text(GREEN.replace("2026.12.1", "2026.12.2"), "utf-8")
    assert run("rules", "publish", str(file), "--now", "--reason", "新发文")["new"]
    assert in_use() == {"2026.12.1": False, "2026.12.2": True, VERSION: False}
    assert run("rules", "withdraw", "city-chain", "2026.12.2", "--reason", "有误")["changed"]
    assert not run("rules", "withdraw", "city-chain", "2026.12.2", "--reason", "有误")["changed"]
    assert in_use() == {"2026.12.1": False, "2026.12.2": False, VERSION: True}
