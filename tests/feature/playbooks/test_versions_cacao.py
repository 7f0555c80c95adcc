"""CACAO documents as people meet them: page, API and command."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from irm.access.policy import Role
from irm.cli import main
from irm.db import SYSTEM
from irm.playbooks.publishing import publish_library
from tests import make
from tests.feature.playbooks.conftest import Night
from tests.server import Server

FOREIGN = Path(__file__).parents[2] / "unit" / "playbooks" / "cacao"
SKELETON = (files("irm.playbooks") / "skeleton.yaml").read_text("utf-8")
PHISHING = (FOREIGN / "phishing-automation.json").read_bytes()


@pytest.fixture
async def leader(night: Night, sign_in: Any) -> Any:
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
        account = await make.account(tx, night.authority, Role.DUTY_LEADER, locale="zh-CN")
    return await sign_in(account)


async def test_a_version_goes_out_and_comes_back_over_the_api(leader: Any) -> None:
    answer = await leader.get("/api/v1/playbooks/report-chain/versions/1/cacao")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="report-chain-1.cacao.json"'
    document = answer.json()
    assert (document["spec_version"], document["name"]) == ("cacao-2.0", "政务云网络安全事件逐级上报")
    assert answer.content == (await leader.get("/playbooks/report-chain/versions/1/cacao.json")).content
    losses = (await leader.get("/api/v1/playbooks/report-chain/versions/1/cacao/losses")).json()
    assert {"step": "呼叫主管部门值班", "what": "逐级呼叫的层级、通道和重呼间隔"}.items() <= losses["losses"][
        [one["what"] for one in losses["losses"]].index("逐级呼叫的层级、通道和重呼间隔")
    ].items()
    back = await leader.post("/api/v1/playbooks/cacao", content=answer.content)
    assert (back.status_code, back.json()["whole"], back.json()["losses"]) == (200, True, [])
    checked = await leader.post("/api/v1/playbooks/check", json={"source": back.json()["source"]})
    assert checked.json()["ok"] is True
    assert (await leader.get("/api/v1/playbooks/report-chain/versions/9/cacao")).status_code == 404
    assert (await leader.get("/api/v1/playbooks/nobody/versions/1/cacao")).status_code == 404


async def test_a_document_of_this_city_names_this_citys_playbooks(leader: Any) -> None:
    document = (await leader.get("/api/v1/playbooks/unknown/versions/1/cacao")).json()
    for each in (document, *document["workflow"].values()):
        each.pop("playbook_extensions", None)
        each.pop("step_extensions", None)
    made = (await leader.post("/api/v1/playbooks/cacao", content=json.dumps(document))).json()
    assert "run: ransomware" in made["source"]
    assert made["whole"] is False


async def test_what_cannot_be_read_is_refused_by_pointer_in_the_readers_language(leader: Any) -> None:
    broken = PHISHING.replace(b'"type": "while-condition"', b'"type": "while"')
    answer = await leader.post("/api/v1/playbooks/cacao", content=broken)
    assert (answer.status_code, answer.json()["code"]) == (422, "cacao")
    fault = answer.json()["errors"][0]
    assert fault["field"].startswith("/workflow/while-condition--")
    assert fault["field"].endswith("/type")
    assert fault["message"].startswith("没有“while”这种步骤类型。")
    for content in (b"", b"[" * 100_000, b"\x00", b'{"a": "\\ud800"}', b"null"):
        answer = await leader.post("/api/v1/playbooks/cacao", content=content)
        assert answer.status_code == 422, content[:20]
        assert answer.headers["content-type"].startswith("application/problem+json")


async def test_the_api_says_that_it_takes_a_document(leader: Any) -> None:
    described = (await leader.get("/api/v1/openapi/openapi.json")).json()
    body = described["paths"]["/api/v1/playbooks/cacao"]["post"]["requestBody"]
    assert body["required"] is True
    assert body["content"]["application/json"]["schema"]["type"] == "object"


async def test_the_page_tells_what_goes_without_before_it_is_given_away(leader: Any) -> None:
    assert 'href="/playbooks/report-chain/versions/1/cacao"' in (await leader.get("/playbooks/report-chain")).text
    shown = await leader.get("/playbooks/report-chain/versions/1/cacao")
    assert shown.status_code == 200
    assert "CACAO 没有法定义务的概念" in shown.text
    assert 'href="/playbooks/report-chain/versions/1/cacao.json"' in shown.text


async def test_a_file_is_laid_on_the_desk_and_published_by_a_person(leader: Any) -> None:
    assert 'href="/playbooks/new"' in (await leader.get("/playbooks")).text
    begun = await leader.get("/playbooks/new")
    assert "id: city-playbook" in begun.text
    looked = await leader.post("/playbooks/new", data={"source": SKELETON, "do": "check"})
    assert "fault-list" not in looked.text, "what it begins with can be published"
    laid = await leader.post("/playbooks/new/file", files={"file": ("phishing.json", PHISHING, "application/json")})
    assert laid.status_code == 200, laid.text
    assert "Phishing mail: triage and clean-up" in laid.text
    assert "文件来自其他来源" in laid.text
    assert "本系统不支持循环，只执行一次。" in laid.text
    assert (await leader.get("/api/v1/playbooks/phishing-mail-triage-and-clean-up")).status_code == 404
    source = (await leader.post("/api/v1/playbooks/cacao", content=PHISHING)).json()["source"]
    silent = await leader.post("/playbooks/new", data={"source": source})
    assert silent.status_code == 422
    assert "请说明理由。" in silent.text
    assert "purge-the-mail" in silent.text, "what stood on the desk stands there still"
    looked = await leader.post("/playbooks/new", data={"source": source, "do": "check"})
    assert looked.status_code == 200
    made = await leader.post("/playbooks/new", data={"source": source.replace("\n", "\r\n"), "reason": "兄弟市经验"})
    assert made.headers["location"] == "/playbooks/phishing-mail-triage-and-clean-up?version=1"
    (version,) = (await leader.get("/api/v1/playbooks/phishing-mail-triage-and-clean-up")).json()["versions"]
    assert (version["waiting"], version["active"]) == (True, False), "a draft is never used by itself"
    faulty = await leader.post("/playbooks/new", data={"source": source.replace("4h", "4 h"), "reason": "x"})
    assert faulty.status_code == 422


async def test_a_file_that_is_none_is_told_on_the_page(leader: Any) -> None:
    nothing = await leader.post("/playbooks/new/file", data={"x": "y"})
    assert nothing.status_code == 422
    assert "请选择文件" in nothing.text
    broken = await leader.post("/playbooks/new/file", files={"file": ("x.json", b'{"type": 1}', "application/json")})
    assert broken.status_code == 422
    assert "<code>/type</code>" in broken.text
    own = await leader.post("/playbooks/new/file", files={"file": ("x.yaml", "id: 例".encode(), "text/plain")})
    assert "id: 例" in own.text
    latin = await leader.post("/playbooks/new/file", files={"file": ("x.yaml", b"\xff\xfe", "text/plain")})
    assert latin.status_code == 422
    assert "文件不是 UTF-8 文本" in latin.text


async def test_whoever_may_not_publish_has_no_desk(night: Night, sign_in: Any) -> None:
    unit = await sign_in(night.unit_duty)
    assert (await unit.get("/playbooks/new")).status_code == 403
    assert (await unit.post("/playbooks/new", data={"source": "x"})).status_code == 403


def test_the_command_makes_a_draft_without_a_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRM_LOCALE", "zh-CN")
    (tmp_path / "phishing.json").write_bytes(PHISHING)
    made = CliRunner().invoke(main, ["playbook", "import", "phishing.json", "-o", "draft.yaml"])
    assert made.exit_code == 0, made.output
    assert "未承载：Mailboxes left：条件成立时循环执行。" in made.stderr
    checked = CliRunner().invoke(main, ["playbook", "check", "draft.yaml"])
    assert checked.exit_code == 0, checked.output
    told = CliRunner().invoke(main, ["playbook", "import", "phishing.json", "--json"])
    assert json.loads(told.stdout)["whole"] is False
    (tmp_path / "broken.json").write_text('{"type": "playbook",}', "utf-8")
    refused = CliRunner().invoke(main, ["playbook", "import", "broken.json"])
    assert refused.exit_code == 1
    assert refused.stderr.startswith("broken.json: /: 不是 JSON：")
    assert "第 1 行" in refused.stderr
    assert CliRunner().invoke(main, ["playbook", "import", "absent.json"]).exit_code == 1
    nowhere = CliRunner().invoke(main, ["playbook", "import", "phishing.json", "-o", "no/such/folder.yaml"])
    assert nowhere.exit_code == 1


def test_the_command_writes_a_document(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "irm_" + uuid4().hex[:12]
    server.create(name)
    try:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("IRM_LOCALE", "en")
        monkeypatch.setenv("IRM_DATABASE_URL", server.url(name))
        (tmp_path / "story.yaml").write_text(
            "apiVersion: irm/v1\nkind: Playbook\nid: story\ntitle: {zh-CN: 例}\nstart: {on: incident.graded}\n"
            "steps:\n  - {id: end, wait: incident.handled}\n",
            "utf-8",
        )
        done = CliRunner().invoke(main, ["playbook", "publish", "story.yaml", "--reason", "x", "--now"])
        assert done.exit_code == 0, done.output
        made = CliRunner().invoke(main, ["playbook", "export", "story@1", "-o", "story.json"])
        assert made.exit_code == 0, made.output
        assert "Not carried: end: for which event of irm it waits." in made.stderr
        assert json.loads((tmp_path / "story.json").read_text("utf-8"))["name"] == "例"
        losses = CliRunner().invoke(main, ["playbook", "export", "story", "--losses", "--json"])
        assert [one["step"] for one in json.loads(losses.stdout)][-1] == "end"
        back = CliRunner().invoke(main, ["playbook", "import", "story.json", "--city"])
        assert "wait: incident.handled" in back.stdout
        assert back.stderr == ""
        for absent in ("story@2", "story@x", "nobody"):
            assert CliRunner().invoke(main, ["playbook", "export", absent]).exit_code == 1
    finally:
        server.drop(name)
