"""The room's API, pages and commands as people meet them."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access.policy import Role
from irm.cli import main
from irm.db import SYSTEM
from irm.playbooks.models import TaskRow
from irm.playbooks.publishing import library, publish_library
from tests import make
from tests.conftest import Drain
from tests.feature.playbooks.conftest import HEAD, Night
from tests.server import Server

WHY = "after the drill of October"
GOOD = HEAD.format(id="story", start="{on: incident.graded}") + "  - {id: end, wait: incident.handled}\n"
SLOW = HEAD.format(id="slow", start="{on: incident.graded}") + (
    "  - id: alarm\n    page: [{to: on_duty(cloud_authority), within: 3h}]\n"
    "  - id: report\n    report: {form: initial, by: on_duty(obligation.bearer), "
    "obligation: cac-2025-reporting/other-operator, within: 2h}\n"
)
TASK = (
    "  - id: contain\n"
    "    task: {title: {zh-CN: 隔离, en: Isolate}, to: on_duty(incident.using_units), within: 30m, checklist: [取证, 保全]}\n"
)
DECIDE = """
  - id: cut-off
    decide:
      title: {zh-CN: 是否断网, en: Cut the network}
      to: on_duty(cloud_authority)
      options: [{id: cut, title: {zh-CN: 断网, en: Cut}}, {id: keep, title: {zh-CN: 不断网, en: Keep}}]
      within: 10m
      default: keep
"""


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    """Signed in as duty leader, in English."""
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="en")
    return await sign_in(account)


@pytest.fixture
async def chinese_leader(night: Night, sign_in: Any) -> Any:
    """Signed in as duty leader, in Chinese."""
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


async def test_faults_are_told_in_the_readers_language(chinese_leader: Any) -> None:
    source = library()["report-chain.yaml"].replace("incident.graded", "incident.grade")
    page = await chinese_leader.post("/playbooks/report-chain/edit", data={"source": source})
    assert "此处不能填“incident.grade”。" in page.text
    assert "是否为 incident.graded？" in page.text
    assert "not possible here" not in page.text
    refused = (await chinese_leader.post("/api/v1/playbooks", json={"source": source, "reason": WHY})).json()
    assert refused["errors"][0]["field"].startswith("playbook.yaml:")
    assert refused["errors"][0]["message"].startswith("此处不能填“incident.grade”。")
    checked = (await chinese_leader.post("/api/v1/playbooks/check", json={"source": SLOW})).json()
    assert checked["errors"][0]["message"].startswith("超出时限：15m（报告预留） + 3h alarm + 2h report = 5h15m")
    assert checked["errors"][0]["hint"].startswith("within 最多为") or checked["errors"][0]["hint"] == "after: []"


async def test_the_library_is_published_once(night: Night) -> None:
    async with night.db.transaction() as tx:
        first = await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        again = await publish_library(tx, actor=SYSTEM, now=night.clock.now())
    assert [one.is_new for one in first] == [True] * len(library())
    assert [one.is_new for one in again] == [False] * len(library())


async def test_publishing_over_the_api_makes_the_next_version(leader: Any) -> None:
    made = await leader.post("/api/v1/playbooks", json={"source": GOOD, "reason": WHY})
    assert (made.status_code, made.json()["version"], made.json()["new"]) == (201, 1, True)
    again = await leader.post("/api/v1/playbooks", json={"source": GOOD, "reason": WHY})
    assert again.json()["new"] is False
    newer = await leader.post("/api/v1/playbooks", json={"source": GOOD + "  - {id: more, wait: 5m}\n", "reason": WHY})
    assert newer.json()["version"] == 2
    detail = (await leader.get("/api/v1/playbooks/story")).json()
    assert (detail["version"], [one["version"] for one in detail["versions"]]) == (2, [2, 1])
    assert (detail["active"], [one["waiting"] for one in detail["versions"]]) == (False, [True, False])
    old = (await leader.get("/api/v1/playbooks/story?version=1")).json()
    assert (old["active"], old["source"]) == (False, GOOD)
    assert {one["id"] for one in (await leader.get("/api/v1/playbooks")).json()["playbooks"]} >= {
        "story",
        "report-chain",
    }


async def test_what_breaks_the_law_is_refused_with_line_and_sum(leader: Any) -> None:
    answer = await leader.post("/api/v1/playbooks", json={"source": SLOW})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["field"].startswith("playbook.yaml:10:")
    assert "15m to file + 3h alarm + 2h report = 5h15m" in fault["message"]
    assert (await leader.get("/api/v1/playbooks/slow")).status_code == 404
    checked = (await leader.post("/api/v1/playbooks/check", json={"source": SLOW})).json()
    assert (checked["ok"], checked["worst"][0]["seconds"], checked["worst"][0]["allowed"]) == (False, 18_900, 14_400)


async def test_bad_bodies_are_told(leader: Any) -> None:
    for body in (
        {"source": "a: &b 1\nc: *b\n"},
        {"source": "\x00"},
        {"source": ""},
        {"source": "[" * 500},
        {"sorce": "x"},
        {},
    ):
        answer = await leader.post("/api/v1/playbooks", json=body)
        assert answer.status_code in (400, 422), body
        assert answer.headers["content-type"].startswith("application/problem+json")
    assert (await leader.get("/api/v1/playbooks/nobody")).status_code == 404


async def test_a_unit_may_not_publish(night: Night, sign_in: Any) -> None:
    client = await sign_in(night.unit_duty)
    assert (await client.post("/api/v1/playbooks", json={"source": GOOD})).status_code == 403


async def test_a_unit_sees_its_own_share_of_a_run(night: Night, sign_in: Any, drain: Drain) -> None:
    run = await night.begin(
        TASK + "  - {id: alarm, after: [], page: [{to: on_duty(cloud_authority), via: [sms], within: 15m}]}\n"
    )
    await drain()
    unit = await sign_in(night.unit_duty)
    own = (await unit.get(f"/api/v1/runs/{run}")).json()
    assert [step["id"] for step in own["steps"]] == ["contain"]
    assert {one["step"] for one in own["coming"]} <= {"contain"}
    officer = await sign_in(night.officer)
    whole = (await officer.get(f"/api/v1/runs/{run}")).json()
    assert [step["id"] for step in whole["steps"]] == ["contain", "alarm"]
    assert "exhausted" in {one["kind"] for one in whole["coming"]}
    async with night.db.transaction() as tx:
        other = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
    stranger = await sign_in(other)
    assert (await stranger.get(f"/api/v1/runs/{run}")).status_code == 404


async def test_the_plan_names_people(night: Night, sign_in: Any, drain: Drain) -> None:
    run = await night.begin()
    await drain()
    officer = await sign_in(night.officer)
    coming = (await officer.get(f"/api/v1/runs/{run}")).json()["coming"]
    pages = [(one["rung"], one["round"], len(one["asked"])) for one in coming if one["kind"] == "page"]
    assert pages == [(1, 2, 1), (1, 3, 1), (2, 1, 1)]
    assert all(who["person"] for one in coming for who in one["asked"])


async def test_a_task_over_the_api(night: Night, sign_in: Any, drain: Drain) -> None:
    await night.begin(TASK)
    await drain()
    client = await sign_in(night.unit_duty)
    (task,) = (await client.get("/api/v1/tasks")).json()["tasks"]
    wrong = await client.post(f"/api/v1/tasks/{task['id']}/done", json={"checked": [7], "choice": "x"})
    assert wrong.status_code == 422
    assert [one["field"] for one in wrong.json()["errors"]] == ["choice", "checked"]
    done = await client.post(f"/api/v1/tasks/{task['id']}/done", json={"checked": [0, 1], "note": "done"})
    assert (done.status_code, done.json()["status"]) == (200, "done")
    assert [item["done"] for item in done.json()["checklist"]] == [True, True]
    assert (await client.get("/api/v1/tasks")).json()["tasks"] == []


async def test_a_decision_on_its_page(night: Night, sign_in: Any, drain: Drain) -> None:
    run = await night.begin(DECIDE)
    await drain()
    async with night.db.transaction() as tx:
        task = await tx.scalar(select(TaskRow))
    assert task is not None
    client = await sign_in(night.officer)
    shown = await client.get(f"/tasks/{task.id}")
    assert shown.status_code == 200
    assert "不断网" in shown.text
    csrf = {"_csrf": client.headers["x-csrf-token"]}
    empty = await client.post(f"/tasks/{task.id}", data=csrf)
    assert empty.status_code == 422
    done = await client.post(f"/tasks/{task.id}", data={**csrf, "choice": "cut"})
    assert (done.status_code, done.headers["location"]) == (303, "/incidents/SJ-2026-000001")
    await drain()
    assert await night.steps(run) == {"cut-off": "decided"}
    assert "断网" in (await client.get(f"/tasks/{task.id}")).text


async def test_the_pages_of_playbooks(leader: Any) -> None:
    assert "report-chain" in (await leader.get("/playbooks")).text
    shown = await leader.get("/playbooks/report-chain")
    assert shown.status_code == 200
    assert "Cloud authority: Duty leader" in shown.text
    assert (await leader.get("/playbooks/nobody")).status_code == 404
    edited = await leader.get("/playbooks/report-chain/edit")
    assert "apiVersion: irm/v1" in edited.text
    source = library()["report-chain.yaml"].replace("within: 30m}\n  - id: cii", "within: 3h}\n  - id: cii")
    refused = await leader.post("/playbooks/report-chain/edit", data={"source": source})
    assert refused.status_code == 422
    assert "Too slow" in refused.text
    good = library()["report-chain.yaml"].replace("within: 20d", "within: 19d")
    made = await leader.post("/playbooks/report-chain/edit", data={"source": good, "reason": WHY})
    assert made.status_code == 303, made.text
    assert ">2<" in (await leader.get("/playbooks/report-chain")).text


def test_the_command_checks_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    built_in = CliRunner().invoke(main, ["playbook", "check", "--json"])
    assert built_in.exit_code == 0, built_in.output
    assert json.loads(built_in.stdout)["ok"] is True
    (tmp_path / "slow.yaml").write_text(SLOW, "utf-8")
    slow = CliRunner().invoke(main, ["playbook", "check", "slow.yaml"])
    assert slow.exit_code == 1
    assert "slow.yaml:10:" in slow.stderr
    assert "Too slow" in slow.stderr
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    slow = CliRunner().invoke(main, ["playbook", "check", "slow.yaml"])
    assert "slow.yaml:10:" in slow.stderr
    assert "超出时限" in slow.stderr
    assert CliRunner().invoke(main, ["playbook", "check", "absent.yaml"]).exit_code == 1


def test_the_command_tells_a_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = CliRunner().invoke(
        main, ["playbook", "simulate", "--json", "--answer", "alarm=12m", "--handled", "3h", "--fact", "assessed=3"]
    )
    assert told.exit_code == 0, told.output
    timeline = json.loads(told.stdout)["timeline"]
    assert [one["after"] for one in timeline if one["step"] == "alarm"] == ["0", "5m", "10m", "12m"]
    for wrong in (["--answer", "contain=1m"], ["--answer", "alarm"], ["--fact", "ci=no"], ["--fact", "reached=9"]):
        assert CliRunner().invoke(main, ["playbook", "simulate", *wrong]).exit_code == 1


def test_the_command_publishes_and_lists(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        (tmp_path / "story.yaml").write_text(GOOD, "utf-8")
        (tmp_path / "slow.yaml").write_text(SLOW, "utf-8")
        made = CliRunner().invoke(
            main, ["playbook", "publish", str(tmp_path / "story.yaml"), "--reason", WHY, "--now", "--json"]
        )
        assert made.exit_code == 0, made.output
        assert json.loads(made.stdout)["version"] == 1
        refused = CliRunner().invoke(main, ["playbook", "publish", str(tmp_path / "slow.yaml"), "--reason", WHY])
        assert refused.exit_code == 1
        assert "Too slow" in refused.output
        listed = CliRunner().invoke(main, ["playbook", "list", "--json"])
        assert [(one["playbook"], one["version"], one["active"]) for one in json.loads(listed.stdout)] == [
            ("story", 1, True)
        ]
        checked = CliRunner().invoke(main, ["playbook", "check", "--city", str(tmp_path / "story.yaml"), "--json"])
        assert checked.exit_code == 0, checked.output
    finally:
        server.drop(name)
