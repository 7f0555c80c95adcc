"""`irm change …` and `irm paper …` on a database of their own, from announcing to the pack that an inspector checks."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import AUTHORITY, Role
from irm.clock import SHANGHAI, DatabaseClock
from irm.db import SYSTEM, Database
from irm.evidence import verify
from irm.obligations.periodic import bring_in_line
from irm.oversight.subjects import Organizations
from irm.rules.policies import adopt
from irm.rules.service import publish_builtin
from irm.rules.work_years import seed
from irm.wiring import WIRING
from tests import make


@dataclass(frozen=True)
class Desk:
    lead: str
    """Of the vendor."""
    officer: str
    """Of the cloud authority."""
    stranger: str
    file: str


def irm(*words: str) -> Result:
    from irm.cli import main

    return CliRunner().invoke(main, [*words])


def told(*words: str) -> Any:
    done = irm(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def desk(committed_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IRM_LOCALE", "en")
    (tmp_path / "home").mkdir(mode=0o700)
    file = tmp_path / "plan.pdf"
    file.write_bytes(b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n")

    async def begin() -> Desk:
        clock = DatabaseClock()
        db = Database.connect(committed_url, clock=clock, wiring=WIRING, pool_size=2)
        now = clock.now()
        since = now.astimezone(SHANGHAI).date() - timedelta(days=70)
        try:
            async with db.transaction() as tx:
                await publish_builtin(tx, actor=SYSTEM, now=now)
                await seed(tx, now=now)
                await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="model", actor=SYSTEM, now=now)
                authority = await make.organization(tx, AUTHORITY, in_use_from=since)
                vendor = await make.organization(tx, "vendor", in_use_from=since)
                unit = await make.organization(tx, in_use_from=since)
                await make.system(
                    tx, authority, kind="platform", code="cloud", operator_id=vendor, maintainer_ids=[vendor]
                )
                lead = await make.account(tx, vendor, Role.SECURITY_LEAD)
                officer = await make.account(tx, authority, Role.DUTY_LEADER)
                stranger = await make.account(tx, unit, Role.UNIT_HEAD)
                await bring_in_line(tx, await Organizations().batch(tx, None, 100), actor=SYSTEM, now=now)
            return Desk(lead.login, officer.login, stranger.login, str(file))
        finally:
            await db.dispose()

    return asyncio.run(begin())


def plan(tmp_path: Path) -> str:
    start = (datetime.now(SHANGHAI) + timedelta(days=20)).isoformat()
    path = tmp_path / "change.json"
    given = {"title": "Storage", "system": "cloud", "planned_start": start, "contact": "000-00000011"}
    path.write_text(json.dumps(given))
    return str(path)


def test_a_change_from_announcing_to_its_pack(desk: Desk, tmp_path: Path) -> None:
    number = told("change", "plan", plan(tmp_path), "--as", desk.lead)["number"]
    assert [one["number"] for one in told("change", "list", "--when", "coming", "--as", desk.officer)] == [number]
    without = irm("change", "hand-in", number, "--text", "plan", "--as", desk.lead)
    assert without.exit_code != 0, "a plan without a file is none"
    handed = told("change", "hand-in", number, "--text", "plan", "--file", desk.file, "--as", desk.lead)
    assert handed["state"] == "submitted"
    own = irm("change", "answer", number, "--as", desk.lead)
    assert own.exit_code != 0, "nobody answers one's own plan"
    returned = told("change", "answer", number, "--returned", "--note", "fallback", "--as", desk.officer)
    assert returned["state"] == "returned"
    told("change", "hand-in", number, "--text", "completed", "--file", desk.file, "--as", desk.lead)
    assert told("change", "answer", number, "--as", desk.officer)["state"] == "agreed"
    told("change", "tell-users", number, "--text", "short interruption", "--as", desk.lead)
    ended = told("change", "end", number, "--cancelled", "--remark", "put off", "--as", desk.lead)
    assert ended["state"] == "cancelled"
    assert told("change", "show", number, "--as", desk.officer)["remark"] == "put off"
    assert irm("change", "show", number, "--as", desk.stranger).exit_code != 0
    for login in (desk.lead, desk.officer):
        pack = told("evidence", "export", "--change", number, "--as", login, "--out", str(tmp_path))
        checked = verify.check(pack["file"])
        assert not isinstance(checked, str), checked
        assert checked.faults == []
        actions = [one["action"] for one in checked.entries]
        assert actions[0] == "change.planned"
        assert {"change.returned", "change.agreed", "change.cancelled", "submission.submitted"} <= set(actions)
        assert pack["files"] == 2, "the plan as it was first, and completed"
        Path(pack["file"]).unlink()
    assert irm("evidence", "export", "--change", number, "--as", desk.stranger).exit_code != 0


def test_a_paper_from_the_list_to_its_pack(desk: Desk, tmp_path: Path) -> None:
    listed = told("paper", "list", "--as", desk.lead)["papers"]
    one = next(each for each in listed if each["obligation"])["obligation"]
    told("paper", "hand-in", one, "--text", "November", "--file", desk.file, "--as", desk.lead)
    assert irm("paper", "hand-in", one, "--text", "again", "--file", desk.file, "--as", desk.lead).exit_code != 0
    told(
        "paper", "answer", one, "--returned", "--note", "proposals", "--complete-by", "2099-01-31", "--as", desk.officer
    )
    told("paper", "hand-in", one, "--text", "completed", "--file", desk.file, "--as", desk.lead)
    told("paper", "answer", one, "--as", desk.officer)
    shown = next(each for each in told("paper", "list", "--as", desk.officer)["papers"] if each["obligation"] == one)
    assert shown["answer"] == "receipted"
    pack = told("evidence", "export", "--paper", one, "--as", desk.officer, "--out", str(tmp_path))
    checked = verify.check(pack["file"])
    assert not isinstance(checked, str), checked
    assert checked.faults == []
    handed = [each for each in checked.entries if each["action"] == "submission.submitted"]
    assert len(handed) == 2, "the completion belongs to the paper"
    assert pack["files"] == 2
    for login in (desk.stranger,):
        assert irm("evidence", "export", "--paper", one, "--as", login).exit_code != 0
    assert irm("evidence", "export", "--paper", "nonsense", "--as", desk.officer).exit_code != 0
