"""What the linter says of a playbook in this city: at the API, on the page and at the command line."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from irm.access.policy import Role
from irm.db import SYSTEM
from irm.ledger import LedgerEntryRow
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import library, publish_library
from irm.rules.models import RulePackRow
from tests import make
from tests.feature.playbooks.conftest import HEAD, Night
from tests.unit.rules import hostile

ALARM = HEAD.format(id="story", start="{on: incident.graded}") + (
    "  - {id: alarm, page: [{to: on_duty(cloud_authority), via: [sms], within: 15m}]}\n"
)


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, Role.SECURITY_ADMINISTRATOR, locale="en")
    return await sign_in(account)


async def warnings(leader: Any, source: str) -> list[str]:
    checked = (await leader.post("/api/v1/playbooks/check", json={"source": source})).json()
    assert checked["errors"] == []
    return [one["message"] for one in checked["warnings"]]


async def test_the_nights_that_the_roster_leaves_empty_are_told(night: Night, leader: Any) -> None:
    """The desk's roster ends tomorrow; from then on nobody would be called."""
    (warning,) = [one for one in await warnings(leader, ALARM) if "on duty" in one]
    today = night.clock.now().astimezone().date()
    assert warning.startswith("on_duty(cloud_authority): nobody is on duty for all or some hours of ")
    assert str(today + timedelta(days=2)) in warning
    assert warning.endswith("more days.")
    async with night.db.transaction() as tx:
        await make.duty(tx, night.authority, night.officer.person_id, hours=24 * 70)
    assert not [one for one in await warnings(leader, ALARM) if "on duty" in one]


async def test_what_nobody_holds_at_all_is_told_once(leader: Any) -> None:
    named = ALARM.replace("on_duty(cloud_authority)", "on_duty(duty_general)")
    assert [one for one in await warnings(leader, named) if "duty" in one] == [
        "Nobody holds on_duty(duty_general) today."
    ]


async def test_a_new_version_that_would_leave_incidents_without_a_call_says_so(leader: Any) -> None:
    narrower = library()["report-chain.yaml"].replace('may_be("较大")', 'may_be("特别重大")')
    (warning,) = [one for one in await warnings(leader, narrower) if "No playbook pages" in one]
    assert "of the level Grave, Considerable: Malware; Network attack of which" in warning
    await leader.post("/api/v1/playbooks/ordinary/retirement", json={"reason": "tried without"})
    page = (await leader.get("/playbooks/report-chain")).text
    assert "No playbook pages or reports for incidents of the level General" in page


async def test_the_sum_of_the_worst_case_is_told_where_it_fits_too(leader: Any) -> None:
    checked = await leader.post("/api/v1/playbooks/check", json={"source": library()["report-chain.yaml"]})
    sums = {one["step"]: one["sum"] for one in checked.json()["worst"]}
    assert sums["to-province"] == "15m to file + 1h to-province"


async def counted(night: Night) -> tuple[int, int, int]:
    async with night.db.transaction() as tx:
        rows = [
            await tx.scalar(select(func.count()).select_from(one)) for one in (PlaybookRow, RulePackRow, LedgerEntryRow)
        ]
    return rows[0] or 0, rows[1] or 0, rows[2] or 0


async def test_a_hostile_body_is_refused_and_leaves_nothing_behind(night: Night, leader: Any) -> None:
    before = await counted(night)
    for name, (text, _, _) in hostile.ANY.items():
        body = json.dumps({"source": text, "reason": "why"})
        typed = {"source": text.encode("utf-8", "replace"), "reason": "why"}
        for path, sent in (
            ("/api/v1/playbooks", {"content": body}),
            ("/api/v1/rules", {"content": body}),
            ("/playbooks/report-chain/edit", {"data": typed}),
        ):
            answer = await leader.post(path, **sent)
            assert answer.status_code in {400, 413, 422}, f"{name} at {path}: {answer.status_code}"
            if path.startswith("/api"):
                assert answer.headers["content-type"].startswith("application/problem+json"), name
        checked = await leader.post("/api/v1/playbooks/check", content=json.dumps({"source": text}))
        assert checked.status_code in {400, 413} or checked.json()["ok"] is False, name
    assert await counted(night) == before


def test_the_command_line_tells_a_file_it_cannot_read(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from irm.cli import main

    path = tmp_path / "own.yaml"
    path.write_bytes("id: 例\n".encode("gb18030"))
    for command in (["playbook", "check"], ["rules", "check"]):
        done = CliRunner().invoke(main, [*command, str(path)])
        assert done.exit_code == 1
        assert f"{path}:1:5" in done.output
        assert "UTF-8" in done.output
