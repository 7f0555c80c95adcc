"""`irm directive hand-over|lists|paper|sign` and `irm media`: the police and the press, from the desk's own machine."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import Role
from irm.access.queries import organization
from irm.cli import main
from irm.clock import SHANGHAI, DatabaseClock
from irm.db import SYSTEM, Database
from irm.incidents.models import IncidentRow
from irm.wiring import WIRING
from tests import make

GIVEN = ("--handed-by", "值班员 03", "--taken-by", "民警甲 警号 000001")
DISK = f"磁盘镜像硬盘；1；封存完好；{'ab' * 32}"


@dataclass(frozen=True)
class Scene:
    """An incident of the authority; the police demand what is known of it."""

    officer: make.Account
    stranger: make.Account
    number: str
    police: str
    home: Path
    now: datetime
    """Beijing time."""

    def irm(self, *argv: str, locale: str = "en", **more: Any) -> Result:
        return CliRunner(env={"IRM_LOCALE": locale}).invoke(main, list(argv), **more)

    def told(self, *argv: str, **more: Any) -> Any:
        done = self.irm(*argv, "--as", self.officer.login, "--json", **more)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def notice(self) -> str:
        given = ("--incident", self.number, "--authority", self.police, "--asks", "handover", "--means", "visit")
        found: str = self.told("directive", "record", *given, "--said", "调取登录日志和硬盘")["id"]
        return found


@pytest.fixture
async def scene(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority")
        police = await make.organization(tx, "public_security", tier="city")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        await make.account(tx, authority, Role.DEPUTY)
        await make.account(tx, police, Role.REGULATOR)
        stranger = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
        now = clock.now()
        number = f"SJ-2026-{uuid4().int % 10**6:06d}"
        incident = IncidentRow(
            number=number, title="page altered", status="open", discovered_at=now, reached=3, possible=3, created_at=now
        )
        tx.add(incident)
        await tx.flush()
        code = (await organization(tx, police)).code
    await db.dispose()
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    return Scene(officer, stranger, number, code, tmp_path, now.astimezone(SHANGHAI))


def test_evidence_is_handed_over_printed_and_signed(scene: Scene) -> None:
    log = scene.home / "login.log"
    log.write_text("login\n")
    notice = scene.notice()
    more = ("--file", str(log), "--file-condition", "副本，校验值一致", "--line", DISK, "--lines", "-")
    (made,) = scene.told("directive", "hand-over", notice, *more, *GIVEN, input="光盘;2;完好\n")
    assert [(one["name"], one["quantity"]) for one in made["lines"]] == [
        ("login.log", 1),
        ("磁盘镜像硬盘", 1),
        ("光盘", 2),
    ]
    assert made["lines"][0]["sha256"] == sha256(b"login\n").hexdigest()
    for name, head in (("清单.pdf", b"%PDF"), ("清单.docx", b"PK")):
        paper = scene.home / name
        done = scene.irm("directive", "paper", made["id"], "--as", scene.officer.login, "--out", str(paper))
        assert done.exit_code == 0, done.output
        assert paper.read_bytes().startswith(head)
    scan = scene.home / "签字清单.pdf"
    scan.write_bytes(b"%PDF-1.4\n%%EOF\n")
    (signed,) = scene.told("directive", "sign", made["id"], "--file", str(scan))
    assert signed["signed"] == [{"file": "签字清单.pdf", "sha256": sha256(scan.read_bytes()).hexdigest()}]
    assert scene.told("directive", "lists", notice) == [signed]
    plain = scene.irm("directive", "lists", notice, "--as", scene.officer.login, locale="zh-CN")
    assert "磁盘镜像硬盘" in plain.stdout


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ((), 1, "at least one line"),
        (("--line", DISK, "--line", "光盘 两张"), 1, "Line 2"),
        (("--line", "硬盘；1；好；xyz"), 1, "SHA-256"),
        (("--kept", str(uuid4()), "--file-condition", "x"), 1, "no such file"),
        (("--kept", "disk"), 2, "disk"),
        (("--file", "/no/such"), 2, "/no/such"),
        (("--line", DISK, "--at", "2020-01-01 00:00"), 1, "earlier"),
    ],
)
def test_a_fault_on_the_list_leaves_nothing(scene: Scene, more: tuple[str, ...], code: int, said: str) -> None:
    notice = scene.notice()
    done = scene.irm("directive", "hand-over", notice, "--as", scene.officer.login, *GIVEN, *more)
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert scene.told("directive", "lists", notice) == []


def test_a_list_is_nobody_elses(scene: Scene) -> None:
    notice = scene.notice()
    (made,) = scene.told("directive", "hand-over", notice, "--line", DISK, *GIVEN)
    scan = scene.home / "scan.pdf"
    scan.write_bytes(b"%PDF-1.4\n%%EOF\n")
    for argv in (
        ("lists", notice),
        ("hand-over", notice, "--line", DISK, *GIVEN),
        ("sign", made["id"], "--file", str(scan)),
        ("paper", made["id"], "--out", str(scene.home / "x.pdf")),
    ):
        done = scene.irm("directive", *argv, "--as", scene.stranger.login)
        assert (done.exit_code, "Traceback" in done.output) == (1, False), done.output
    named = scene.irm("directive", "paper", made["id"], "--as", scene.officer.login, "--out", "list.txt")
    assert (named.exit_code, ".docx" in named.stderr) == (2, True)


def test_the_press_asks_and_the_spokesperson_answers(scene: Scene) -> None:
    until = (scene.now + timedelta(hours=5)).strftime("%Y-%m-%d %H:%M")
    before = (scene.now - timedelta(hours=1)).strftime("%Y-%m-%d %H:%M")
    said = ("--incident", scene.number, "--means", "telephone", "--outlet", "晚报记者甲", "--said", "网站为何打不开")
    one = scene.told("media", "record", *said, "--until", until, "--at", before)
    assert one["answers"] == "Spokesperson of the city government"
    assert one["came"] != one["written_down"], "entered afterwards, with both moments"
    assert [each["id"] for each in scene.told("media", "list")] == [one["id"]]
    answer = ("--answer", "系统正在恢复", "--answered-by", "新闻发言人")
    refused = scene.irm("media", "answer", one["id"], *answer, "--as", scene.stranger.login)
    assert refused.exit_code == 1
    assert scene.told("media", "answer", one["id"], *answer)["answered_by"] == "新闻发言人"
    assert scene.told("media", "list") == []
    assert [each["answer"] for each in scene.told("media", "list", "--incident", scene.number)] == ["系统正在恢复"]
    again = scene.irm("media", "answer", one["id"], *answer, "--as", scene.officer.login, locale="zh-CN")
    assert (again.exit_code, again.stderr.startswith("错误：")) == (1, True)
