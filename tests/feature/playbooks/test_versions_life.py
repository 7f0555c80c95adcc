"""A version is declined, withdrawn, put back, retired: by whom, with which reason, and who is told of it."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from irm.access.policy import Role
from irm.access.queries import person_names
from irm.cli import main
from irm.db import SYSTEM
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.playbooks import version_life
from irm.playbooks.models import PlaybookRow
from irm.playbooks.publishing import publish_library
from tests import make
from tests.feature.playbooks.conftest import CLIMB, HEAD, Night
from tests.server import Server

FIRST = HEAD.format(id="story", start="{on: incident.graded}") + CLIMB
SECOND = FIRST + "  - {id: more, wait: 5m}\n"
THIRD = FIRST + "  - {id: third, wait: 5m}\n"


@pytest.fixture
async def two(night: Night, sign_in: Any) -> tuple[make.Account, make.Account]:
    """Two leaders of the cloud authority; who was paged in the night is a third."""
    async with night.db.transaction() as tx:
        return (
            await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN"),
            await make.account(tx, night.authority, Role.SECURITY_ADMINISTRATOR, locale="zh-CN"),
        )


async def told(night: Night, account: make.Account) -> list[str]:
    """What this person reads of versions, in Chinese."""
    async with night.db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.person_id == account.person_id, DeliveryRow.page_key.startswith("playbook/"))
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
        )
        return list(dict.fromkeys(row.titles["zh-CN"] for row in rows))


async def last(night: Night, action: str) -> LedgerEntryRow | None:
    async with night.db.transaction() as tx:
        found: LedgerEntryRow | None = await tx.scalar(
            select(LedgerEntryRow).where(LedgerEntryRow.action == action).order_by(LedgerEntryRow.id.desc()).limit(1)
        )
        return found


async def publish(client: Any, source: str) -> int:
    answer = await client.post("/api/v1/playbooks", json={"source": source, "reason": "演练后修订"})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["version"])


async def test_another_person_declines_and_the_author_reads_why(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    author, other = two
    client = await sign_in(author)
    assert await publish(client, SECOND) == 2
    assert await told(night, other) == ["预案“例”第 2 版待审批"]
    assert await told(night, author) == [], "whoever published it need not be told"
    assert "第 2 版待批准" not in (await client.get("/todo")).text

    client = await sign_in(other)
    todo = (await client.get("/todo")).text
    assert "预案“例”，第 2 版" in todo, "it stands among what waits for him"
    assert "演练后修订" in todo
    assert 'href="/playbooks/story/versions/2/decline"' in (await client.get("/playbooks/story")).text
    page = await client.get("/playbooks/story/versions/2/decline")
    assert "不予批准第 2 版" in page.text
    silent = await client.post("/playbooks/story/versions/2/decline", data={"reason": " "})
    assert silent.status_code == 422
    assert "请说明理由。" in silent.text
    done = await client.post("/playbooks/story/versions/2/decline", data={"reason": "缺少网信办报送步骤"})
    assert (done.status_code, done.headers["location"]) == (303, "/playbooks/story#versions")
    assert await told(night, author) == ["预案“例”第 2 版未获批准"]
    found = (await client.get("/api/v1/playbooks/story")).json()
    newest = found["versions"][0]
    assert (found["version"], newest["verdict"], newest["verdict_reason"]) == (1, "declined", "缺少网信办报送步骤")
    assert newest["verdict_by"]
    shown = (await client.get("/playbooks/story")).text
    assert "缺少网信办报送步骤" in shown
    assert f"不予批准：{newest['verdict_by']}" in shown
    again = await client.post("/api/v1/playbooks/story/versions/2/decline", json={"reason": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")
    approved = await client.post("/api/v1/playbooks/story/versions/2/approval")
    assert approved.status_code == 409
    back = await client.post("/api/v1/playbooks/story/versions/2/activation", json={"reason": "x"})
    assert (back.status_code, back.json()["code"]) == (409, "never_used")
    entry = await last(night, "playbook.declined")
    assert entry is not None
    assert "缺少" not in entry.body, "free text stands in the ledger as a commitment only"


async def test_the_author_withdraws_what_waits(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    client = await sign_in(two[0])
    await publish(client, FIRST)
    page = (await client.get("/playbooks/story")).text
    assert "撤回版本" in page
    assert "批准第 1 版" not in page
    assert "撤回第 1 版" in (await client.get("/playbooks/story/versions/1/decline")).text
    done = await client.post("/api/v1/playbooks/story/versions/1/decline", json={"reason": "写错了"})
    assert done.json() == {"id": "story", "version": 1, "active": False, "verdict": "withdrawn"}
    assert await last(night, "playbook.withdrawn") is not None
    assert (await client.get("/playbooks/story/versions/1/nothing")).status_code == 404


async def test_the_author_is_told_of_the_approval(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    author, other = two
    await publish(await sign_in(author), FIRST)
    client = await sign_in(other)
    await client.post("/api/v1/playbooks/story/versions/1/approval")
    assert await told(night, author) == ["预案“例”第 1 版已获批准并启用"]
    (version,) = (await client.get("/api/v1/playbooks/story")).json()["versions"]
    assert (version["without_approval"], version["used_since"]) == (False, version["approved_at"])


async def test_the_author_is_told_when_another_text_takes_the_place_of_his(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    author, other = two
    await publish(await sign_in(author), SECOND)
    client = await sign_in(other)
    await publish(client, THIRD)
    assert "预案“例”第 2 版已由第 3 版取代，不再审批" in await told(night, author)
    found = (await client.get("/api/v1/playbooks/story")).json()["versions"]
    assert [(one["version"], one["waiting"], one["verdict"]) for one in found] == [
        (3, True, None),
        (2, False, "overtaken"),
        (1, False, None),
    ]
    name = found[1]["verdict_by"]
    assert f"已被取代：{name}" in (await client.get("/playbooks/story")).text
    entry = await last(night, "playbook.overtaken")
    assert entry is not None
    assert '"version":2' in entry.body


async def test_nobody_is_told_that_he_took_the_place_of_his_own(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    client = await sign_in(two[0])
    await publish(client, SECOND)
    await publish(client, THIRD)
    assert await told(night, two[0]) == []
    newest, older = (await client.get("/api/v1/playbooks/story")).json()["versions"]
    assert (newest["waiting"], older["verdict"]) == (True, "overtaken")


async def test_going_back_or_publishing_at_once_overtakes_what_waits(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    await night.publish(SECOND.partition("steps:\n")[2])
    author, other = two
    client = await sign_in(author)
    await publish(client, THIRD)
    client = await sign_in(other)
    await client.post("/api/v1/playbooks/story/versions/1/activation", json={"reason": "新版呼叫过慢"})
    assert "预案“例”第 3 版已由第 1 版取代，不再审批" in await told(night, author)
    client = await sign_in(author)
    await publish(client, THIRD)
    await night.publish(SECOND.partition("steps:\n")[2])
    assert "预案“例”第 4 版已由第 5 版取代，不再审批" in await told(night, author)
    assert "已被取代：经命令行" in (await client.get("/playbooks/story")).text


async def test_one_person_goes_back_to_what_was_in_use_and_all_are_told(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    one, other = two
    await night.publish(CLIMB)
    await night.publish(SECOND.partition("steps:\n")[2])
    client = await sign_in(one)
    shown = (await client.get("/playbooks/story")).text
    assert 'href="/playbooks/story/versions/1/activation"' in shown
    assert 'href="/playbooks/story/versions/2/activation"' not in shown, "it is in use"
    refused = await client.post("/playbooks/story/versions/1/activation", data={"reason": ""})
    assert refused.status_code == 422
    done = await client.post("/playbooks/story/versions/1/activation", data={"reason": "新版呼叫过慢"})
    assert done.status_code == 303
    found = (await client.get("/api/v1/playbooks/story")).json()
    assert (found["version"], found["active"]) == (1, True)
    assert await told(night, other) == ["预案“例”第 1 版已重新启用"]
    assert await told(night, one) == []
    (run,) = await night.start()
    assert (await night.run(run)).playbook_id == "story"
    assert await last(night, "playbook.reinstated") is not None
    for act in ("versions/1/decline", "versions/1/activation", "versions/2/retirement"):
        assert (await client.get(f"/playbooks/story/{act}")).status_code == 409, act
    twice = await client.post("/api/v1/playbooks/story/versions/1/activation", json={"reason": "x"})
    assert twice.status_code == 200, "in use already: nothing changes"
    assert (await client.post("/api/v1/playbooks/story/versions/9/activation", json={"reason": "x"})).status_code == 404


async def test_what_breaks_the_law_by_now_is_not_put_back(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    late = (
        "  - id: report\n    report: {form: initial, by: on_duty(obligation.bearer), "
        "obligation: cac-2025-reporting/other-operator, within: 9h}\n"
    )
    await night.publish(late)  # the night's city knows no rules when it publishes
    await night.publish(CLIMB)
    client = await sign_in(two[0])
    refused = await client.post("/playbooks/story/versions/1/activation", data={"reason": "改回"})
    assert refused.status_code == 422
    assert "按现行规则，该版本不能启用" in refused.text
    assert "改回" in refused.text, "the reason that was typed is still there"
    answer = await client.post("/api/v1/playbooks/story/versions/1/activation", json={"reason": "改回"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("story.yaml:")


async def test_a_retired_playbook_begins_with_nothing(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    client = await sign_in(two[0])
    assert 'href="/playbooks/story/versions/1/retirement"' in (await client.get("/playbooks/story")).text
    assert "停用预案" in (await client.get("/playbooks/story/versions/1/retirement")).text
    done = await client.post("/playbooks/story/versions/1/retirement", data={"reason": "并入新预案"})
    assert done.status_code == 303
    assert await night.start() == []
    assert await told(night, two[1]) == ["预案“例”已停用，不再随任何事件启动"]
    assert (await client.post("/api/v1/playbooks/story/retirement", json={"reason": "x"})).status_code == 404
    back = await client.post("/api/v1/playbooks/story/versions/1/activation", json={"reason": "仍需使用"})
    assert back.json() == {"id": "story", "version": 1, "active": True, "verdict": "reinstated"}
    night.subject_id = uuid4()
    assert len(await night.start()) == 1
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
    kept = await client.post("/api/v1/playbooks/owed-default/retirement", json={"reason": "x"})
    assert (kept.status_code, "可以替换，不能停用" in kept.text) == (422, True)


async def test_an_upgrade_does_not_bring_back_what_the_city_has_retired(night: Night) -> None:
    now = night.clock.now()
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=now)
        await version_life.retire(tx, "ransomware", reason="本市另有预案", actor=SYSTEM, now=now)
    async with night.db.transaction() as tx:
        again = await publish_library(tx, actor=SYSTEM, now=now)
        (row,) = await tx.scalars(select(PlaybookRow).where(PlaybookRow.playbook_id == "ransomware"))
    assert "ransomware" not in {one.playbook_id for one in again}
    assert not row.active


async def test_who_may_not_publish_judges_nothing(night: Night, sign_in: Any) -> None:
    await night.publish(CLIMB)
    unit = await sign_in(night.unit_duty)
    for path in ("versions/1/decline", "versions/1/activation", "retirement"):
        answer = await unit.post(f"/api/v1/playbooks/story/{path}", json={"reason": "x"})
        assert answer.status_code == 403, path
    assert (await unit.get("/playbooks/story/versions/1/activation")).status_code == 403


async def test_no_playbook_takes_the_place_of_a_page(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    client = await sign_in(two[0])
    taken = HEAD.format(id="new", start="{on: incident.graded}") + CLIMB
    answer = await client.post("/api/v1/playbooks", json={"source": taken, "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "reserved")


@pytest.fixture
def at_the_machine(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    (tmp_path / "first.yaml").write_text(FIRST, "utf-8")
    (tmp_path / "second.yaml").write_text(SECOND, "utf-8")

    def run(*words: str) -> Any:
        done = CliRunner().invoke(main, ["playbook", *words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    yield run
    server.drop(name)


def test_a_terminal_names_no_person_and_waits_for_one(at_the_machine: Any) -> None:
    run = at_the_machine
    made = run("publish", "first.yaml", "--reason", "首版")
    assert (made["version"], made["waits"]) == (1, True)
    assert [(one["active"], one["waits"]) for one in run("list")] == [(False, True)]
    made = run("publish", "second.yaml", "--reason", "紧急", "--now")
    assert (made["version"], made["waits"]) == (2, False)
    assert run("publish", "first.yaml", "--reason", "再改", "--now")["version"] == 3
    assert run("activate", "story", "2", "--reason", "改回") == {"playbook": "story", "version": 2, "active": True}
    assert run("retire", "story", "--reason", "停用")["active"] is False
    assert [one["active"] for one in run("list")] == [False, False, False]
    refused = CliRunner().invoke(main, ["playbook", "activate", "story", "1", "--reason", "x"])
    assert refused.exit_code == 1
    assert "从未启用" in refused.output


async def test_what_was_used_without_approval_says_so(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    await night.publish(CLIMB)
    client = await sign_in(two[0])
    (version,) = (await client.get("/api/v1/playbooks/story")).json()["versions"]
    assert (version["without_approval"], version["published_by"]) == (True, "system")
    assert "未经批准启用" in (await client.get("/playbooks/story")).text
    entry = await last(night, "playbook.published")
    assert entry is not None
    assert json.loads(entry.body)["without_approval"] is True


async def test_a_run_says_who_published_and_approved_its_version(
    night: Night, two: tuple[make.Account, make.Account], sign_in: Any
) -> None:
    author, other = two
    await publish(await sign_in(author), FIRST)
    client = await sign_in(other)
    night.clock.tick(minutes=5)
    await client.post("/api/v1/playbooks/story/versions/1/approval")
    (run,) = await night.start()
    async with night.db.transaction() as tx:
        names = await person_names(tx, [author.person_id, other.person_id])
    reader = await sign_in(night.officer)
    origin = (await reader.get(f"/api/v1/runs/{run}")).json()["origin"]
    assert origin == (
        f"{names[author.person_id]}于 北京时间 2026-11-21 03:41:00（UTC+8） 发布，"
        f"{names[other.person_id]}于 北京时间 2026-11-21 03:46:00（UTC+8） 批准"
    )
    await night.publish(CLIMB + "  - {id: other, wait: 5m}\n")
    night.subject_id = uuid4()
    (run,) = await night.start()
    origin = (await reader.get(f"/api/v1/runs/{run}")).json()["origin"]
    assert origin.startswith("经命令行于 ")
    assert origin.endswith("发布，未经批准")
