"""Versions of playbooks compared, and runs replayed, as people meet them: page, API, command."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from irm.access.policy import Role
from irm.cli import main
from irm.db import SYSTEM
from irm.errors import Conflict
from irm.ledger import LedgerEntryRow
from irm.playbooks import version_life
from irm.playbooks.check import City
from irm.playbooks.models import PlaybookRow, RunInboxRow, RunRow
from irm.playbooks.replaying import replay
from tests import make
from tests.conftest import Drain
from tests.feature.playbooks.conftest import CLIMB, HEAD, Night
from tests.server import Server

FIRST = HEAD.format(id="story", start="{on: incident.graded}") + CLIMB
SECOND = FIRST.replace("every: 5m, within: 15m", "every: 3m, within: 9m") + "  - {id: more, wait: 5m}\n"


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    async with night.db.transaction() as tx:
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


async def a_night(night: Night, drain: Drain) -> UUID:
    """The desk is paged twice and answers."""
    run = await night.begin()
    await drain()
    night.clock.tick(minutes=5)
    await drain()
    await night.acknowledge(night.officer.person_id)
    await drain()
    return run


async def test_two_versions_are_compared(night: Night, leader: Any) -> None:
    await night.publish(CLIMB)
    await night.publish(SECOND.partition("steps:\n")[2])
    found = (await leader.get("/api/v1/playbooks/story/diff?from=1")).json()
    assert (found["from"], found["to"]) == ({"id": "story", "version": 1}, {"id": "story", "version": 2})
    assert [one["id"] for one in found["added"]] == ["more"]
    assert found["added"][0]["says"]["waits"] == "5m"
    assert [(one["id"], [each["aspect"] for each in one["differences"]]) for one in found["changed"]] == [
        ("alarm", ["whom"])
    ]
    back = (await leader.get("/api/v1/playbooks/story/diff?from=2&to=1")).json()
    assert [one["id"] for one in back["removed"]] == ["more"]
    for path in ("story/diff?from=9", "nobody/diff?from=1"):
        assert (await leader.get(f"/api/v1/playbooks/{path}")).status_code == 404
    assert (await leader.get("/api/v1/playbooks/story/diff")).status_code == 400


async def test_the_page_of_a_comparison(night: Night, leader: Any) -> None:
    await night.publish(CLIMB)
    await night.publish(SECOND.partition("steps:\n")[2])
    assert 'href="/playbooks/story/diff?to=2"' in (await leader.get("/playbooks/story")).text
    shown = await leader.get("/playbooks/story/diff?to=2")
    assert shown.status_code == 200
    assert "9 分钟" in shown.text
    assert "新增" in shown.text
    assert "两个版本的步骤完全相同" in (await leader.get("/playbooks/story/diff?to=1")).text


async def test_whoever_publishes_says_why(night: Night, leader: Any) -> None:
    for body in ({"source": FIRST}, {"source": FIRST, "reason": "  "}, {"source": FIRST, "reason": "x" * 501}):
        refused = await leader.post("/api/v1/playbooks", json=body)
        assert (refused.status_code, [one["field"] for one in refused.json()["errors"]]) == (422, ["reason"])
    await leader.post("/api/v1/playbooks", json={"source": FIRST, "reason": "首版"})
    silent = await leader.post("/playbooks/story/edit", data={"source": SECOND})
    assert silent.status_code == 422
    assert "请说明理由。" in silent.text
    assert "id: more" in silent.text
    made = await leader.post("/playbooks/story/edit", data={"source": SECOND, "reason": "演练后缩短呼叫时限"})
    assert made.status_code == 303
    shown = (await leader.get("/playbooks/story")).text
    assert "演练后缩短呼叫时限" in shown
    versions = (await leader.get("/api/v1/playbooks/story")).json()["versions"]
    assert [one["reason"] for one in versions] == ["演练后缩短呼叫时限", "首版"]
    assert all(one["published_by"].startswith("person/") and one["name"] for one in versions)
    assert versions[0]["name"] in shown


@pytest.fixture
async def two(night: Night) -> tuple[make.Account, make.Account]:
    """Two leaders of the cloud authority."""
    async with night.db.transaction() as tx:
        first = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
        return first, await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")


async def test_four_eyes_see_a_version_before_it_is_used(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    first, second = two
    client = await sign_in(first)
    made = (await client.post("/api/v1/playbooks", json={"source": SECOND, "reason": "演练后修订"})).json()
    assert (made["version"], made["new"], made["waits"]) == (2, True, True)
    again = (await client.post("/api/v1/playbooks", json={"source": SECOND, "reason": "演练后修订"})).json()
    assert (again["version"], again["new"], again["waits"]) == (2, False, True)
    refused = await client.post("/api/v1/playbooks/story/versions/2/approval")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_person")
    shown = (await client.get("/playbooks/story")).text
    assert "第 2 版待批准" in shown
    assert "批准第 2 版" not in shown
    assert "第 2 版待批准" in (await client.get("/playbooks")).text
    (begun,) = await night.start()
    async with night.db.transaction() as tx:
        assert "more" not in (await tx.get_one(PlaybookRow, (await night.run(begun)).playbook_row_id)).source

    client = await sign_in(second)
    shown = (await client.get("/playbooks/story")).text
    assert "批准第 2 版" in shown
    assert 'href="/playbooks/story/diff?to=2"' in shown
    done = await client.post("/playbooks/story/versions/2/approval", data={"_csrf": client.headers["x-csrf-token"]})
    assert (done.status_code, done.headers["location"]) == (303, "/playbooks/story")
    detail = (await client.get("/api/v1/playbooks/story")).json()
    newest = detail["versions"][0]
    assert (detail["version"], detail["active"], newest["waiting"]) == (2, True, False)
    assert newest["approved_by"]
    assert f"批准人：{newest['approved_by']}" in (await client.get("/playbooks/story")).text
    twice = await client.post("/api/v1/playbooks/story/versions/2/approval")
    assert (twice.status_code, twice.json()["code"]) == (409, "not_waiting")
    assert (await client.post("/api/v1/playbooks/story/versions/9/approval")).status_code == 404
    night.subject_id = uuid4()
    (begun,) = await night.start()
    async with night.db.transaction() as tx:
        assert "more" in (await tx.get_one(PlaybookRow, (await night.run(begun)).playbook_row_id)).source
        assert await tx.scalar(select(LedgerEntryRow).where(LedgerEntryRow.action == "playbook.approved")) is not None


async def test_a_newer_text_takes_the_place_of_the_one_that_waits(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    first, second = two
    client = await sign_in(first)
    for source in (FIRST, SECOND):
        await client.post("/api/v1/playbooks", json={"source": source, "reason": "修订"})
    versions = (await client.get("/api/v1/playbooks/story")).json()["versions"]
    assert [one["waiting"] for one in versions] == [True, False]
    client = await sign_in(second)
    assert (await client.post("/api/v1/playbooks/story/versions/1/approval")).status_code == 409
    # Whoever has the machine publishes at once; what waited was written against another text.
    await night.publish(CLIMB + "  - {id: other, wait: 5m}\n")
    assert (await client.post("/api/v1/playbooks/story/versions/2/approval")).status_code == 409
    assert (await client.get("/api/v1/playbooks/story")).json()["version"] == 3


async def test_who_may_not_publish_does_not_approve(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    client = await sign_in(two[0])
    await client.post("/api/v1/playbooks", json={"source": FIRST, "reason": "首版"})
    unit = await sign_in(night.unit_duty)
    assert (await unit.post("/api/v1/playbooks/story/versions/1/approval")).status_code == 403
    with pytest.raises(Conflict):
        async with night.db.transaction() as tx:
            await version_life.activate(tx, "story", 1, reason="x", city=City(), actor=SYSTEM, now=night.clock.now())


async def test_a_night_replays(night: Night, leader: Any, drain: Drain) -> None:
    run = await a_night(night, drain)
    found = (await leader.get(f"/api/v1/runs/{run}/replay")).json()
    assert (found["same"], found["why"], found["turn"], found["differences"]) == (True, "same", None, [])
    assert found["turns"] >= 3
    shown = await leader.get(f"/runs/{run}/replay")
    assert shown.status_code == 200
    assert "与保存的状态一致" in shown.text


async def test_a_state_that_was_changed_is_told_with_its_turn(night: Night, leader: Any, drain: Drain) -> None:
    run = await a_night(night, drain)
    async with night.db.transaction() as tx:
        row = await tx.get_one(RunRow, run)
        steps = row.state["steps"]  # type: ignore[index]  # the run has begun
        row.state = {**row.state, "steps": {**steps, "alarm": {**steps["alarm"], "outcome": "exhausted"}}}  # type: ignore[dict-item]  # as above
    found = (await leader.get(f"/api/v1/runs/{run}/replay")).json()
    assert (found["same"], found["why"], found["turn"]) == (False, "other_state", 3)
    assert found["differences"] == [{"where": "steps.alarm.outcome", "stored": "exhausted", "given": "acknowledged"}]
    shown = (await leader.get(f"/runs/{run}/replay")).text
    assert "自第 3 步起不同" in shown
    assert "steps.alarm.outcome" in shown


async def test_an_inbox_that_was_changed_is_told_too(night: Night, drain: Drain) -> None:
    run = await a_night(night, drain)
    async with night.db.transaction() as tx:
        which = (RunInboxRow.run_id == run, RunInboxRow.kind == "acknowledged")
        await tx.execute(update(RunInboxRow).where(*which).values(turn=None))
    async with night.db.transaction() as tx:
        found = await replay(tx, run)
    assert found is not None
    assert (found.verdict.why, found.verdict.turn) == ("turn_missing", 3)


async def test_whoever_has_no_share_in_a_run_reads_no_replay(night: Night, sign_in: Any, drain: Drain) -> None:
    run = await a_night(night, drain)
    async with night.db.transaction() as tx:
        row = await tx.get_one(RunRow, run)
        row.state = {**(row.state or {}), "handled": True}
        stranger = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
        auditor = await make.account(tx, night.authority, Role.AUDIT_ADMINISTRATOR)
    unit = await sign_in(night.unit_duty)
    theirs = (await unit.get(f"/api/v1/runs/{run}/replay")).json()
    assert (theirs["same"], theirs["differences"]) == (False, [])
    for account in (stranger, auditor):
        client = await sign_in(account)
        for path in (f"/api/v1/runs/{run}/replay", f"/runs/{run}/replay"):
            assert (await client.get(path)).status_code == 404


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_two_files_are_compared_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(FIRST, "utf-8")
    new.write_text(SECOND, "utf-8")
    code, out, _ = run("playbook", "diff", str(old), str(new))
    assert code == 0
    assert "within 9 min" in out
    told = json.loads(run("playbook", "diff", str(old), str(new), "--json")[1])
    assert (told["from"], [one["id"] for one in told["added"]]) == ({"id": "story", "version": None}, ["more"])
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    assert "两个版本的步骤完全相同" in run("playbook", "diff", str(old), str(old))[1]
    new.write_text(SECOND.replace("wait: 5m", "wait: soon"), "utf-8")
    code, _, err = run("playbook", "diff", str(old), str(new))
    assert (code, err.startswith(f"{new}:")) == (1, True)


@pytest.fixture
def published(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A database of its own with two versions."""
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        for text in (FIRST, SECOND):
            (tmp_path / "story.yaml").write_text(text, "utf-8")
            assert run("playbook", "publish", str(tmp_path / "story.yaml"), "--reason", "why not")[0] == 0
        yield
    finally:
        server.drop(name)


@pytest.mark.usefixtures("published")
def test_versions_and_runs_at_the_command_line() -> None:
    told = json.loads(run("playbook", "diff", "story@1", "story", "--json")[1])
    assert (told["from"]["version"], told["to"]["version"]) == (1, 2)
    for wrong in ("story@9", "story@new", "nobody"):
        assert run("playbook", "diff", wrong, "story")[0] == 1
    code, _, err = run("playbook", "replay", str(uuid4()))
    assert (code, "This run does not exist." in err) == (1, True)
    assert run("playbook", "replay", "not-a-run")[0] == 2
