"""A text becomes a version of the playbook that its author means, or of none: page, live check, API, command line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from irm.access.policy import Role
from irm.cli import main
from irm.playbooks.publishing import library
from tests import make
from tests.feature.playbooks.conftest import CLIMB, HEAD, Night
from tests.server import Server

STORY = HEAD.format(id="story", start="{on: incident.graded}") + CLIMB
OTHER = STORY.replace("id: story", "id: other")
LINE = STORY.splitlines().index("id: story") + 1


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    await night.publish(CLIMB)
    await night.publish(CLIMB, id_="other")
    async with night.db.transaction() as tx:
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


async def versions(leader: Any, playbook: str) -> int:
    answer = await leader.get(f"/api/v1/playbooks/{playbook}")
    return len(answer.json()["versions"]) if answer.status_code == 200 else 0


async def test_the_desk_of_one_playbook_publishes_no_other(leader: Any) -> None:
    changed = OTHER + "  - {id: more, wait: 5m}\n"
    refused = await leader.post("/playbooks/story/edit", data={"source": changed, "reason": "修订"})
    assert refused.status_code == 422
    assert f"第 {LINE} 行" in refused.text
    assert "这是预案“story”的新版本，标识（id）不能改。" in refused.text
    assert "如需另立预案，请使用“新建或导入预案”" in refused.text
    assert (await versions(leader, "other"), await versions(leader, "story")) == (1, 1)
    begun = await leader.get("/playbooks/story/edit")
    assert 'hx-post="/playbooks/check?of=story"' in begun.text
    typed = await leader.post("/playbooks/check?of=story", data={"source": changed})
    assert "标识（id）不能改" in typed.text, "it is told while one types"
    kept = await leader.post(
        "/playbooks/story/edit", data={"source": changed.replace("id: other", "id: story"), "reason": "修订"}
    )
    assert kept.headers["location"] == "/playbooks/story?version=2"


async def test_a_new_playbook_takes_the_place_of_none_that_there_is(leader: Any) -> None:
    refused = await leader.post(
        "/playbooks/new", data={"source": STORY + "  - {id: more, wait: 5m}\n", "reason": "新建"}
    )
    assert refused.status_code == 422
    assert "已有标识为“story”的预案。" in refused.text
    assert await versions(leader, "story") == 1
    await leader.post("/api/v1/playbooks/story/retirement", json={"reason": "停用"})
    again = await leader.post("/playbooks/new", data={"source": STORY, "reason": "新建"})
    assert again.status_code == 422, "one that is no longer used keeps its name"
    fresh = await leader.post(
        "/playbooks/new", data={"source": STORY.replace("id: story", "id: third"), "reason": "新建"}
    )
    assert fresh.headers["location"] == "/playbooks/third?version=1"


async def test_a_file_is_laid_on_the_desk_of_the_playbook_that_it_names(leader: Any) -> None:
    laid = await leader.post("/playbooks/new/file", files={"file": ("x.yaml", STORY.encode(), "text/plain")})
    assert 'action="/playbooks/story/edit"' in laid.text
    document = (await leader.get("/api/v1/playbooks/story/versions/1/cacao")).content
    laid = await leader.post("/playbooks/new/file", files={"file": ("x.json", document, "application/json")})
    assert 'action="/playbooks/story/edit"' in laid.text
    fresh = STORY.replace("id: story", "id: third").encode()
    laid = await leader.post("/playbooks/new/file", files={"file": ("x.yaml", fresh, "text/plain")})
    assert 'action="/playbooks/new"' in laid.text


async def test_the_api_keeps_to_the_playbook_that_the_body_names(leader: Any) -> None:
    async def sent(of: str | None) -> Any:
        body = {"source": OTHER + "  - {id: more, wait: 5m}\n", "reason": "修订"}
        return await leader.post("/api/v1/playbooks", json=body | ({"playbook": of} if of else {}))

    refused = await sent("story")
    assert (refused.status_code, refused.json()["code"]) == (422, "language")
    (fault,) = refused.json()["errors"]
    assert fault["field"].startswith(f"playbook.yaml:{LINE}:")
    taken = await sent("new")
    assert (taken.status_code, len(taken.json()["errors"])) == (422, 1)
    assert await versions(leader, "other") == 1
    assert (await sent("other")).status_code == 201
    assert (await sent(None)).json()["version"] == 2, "who names none goes by the text"


@pytest.fixture
def a_city(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        yield
    finally:
        server.drop(name)


@pytest.mark.usefixtures("a_city")
def test_the_command_line_keeps_to_the_playbook_that_it_is_told(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(library()["unknown.yaml"].replace("id: unknown", "id: unnamed", 1), "utf-8")

    def publish(*more: str) -> Any:
        return CliRunner().invoke(main, ["playbook", "publish", str(file), "--reason", "why", *more])

    refused = publish("--of", "unknown")
    assert refused.exit_code == 1
    assert f"{file}:" in refused.stderr
    assert "its identifier stays" in refused.stderr
    first = publish("--of", "new")
    assert first.exit_code == 0
    assert "A playbook “unnamed” begins with it." in first.stderr
    assert "There is a playbook “unnamed” already." in publish("--of", "new").stderr
    assert "begins with it" not in publish().stderr
