"""`irm approval`: a leader without a browser reads, approves, gives back, or denies what the desk wrote down."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result

from irm.access.policy import Role
from irm.access.queries import organization
from irm.cli import main
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Actor, Database, Tx
from irm.incidents.models import IncidentRow
from irm.obligations import answering, approval_rules, asking, drafting
from irm.obligations.consenting import Word
from irm.obligations.models import SubmissionRow
from irm.obligations.subjects import Subject
from irm.wiring import WIRING
from tests import make
from tests.feature.obligations.chain import RULES
from tests.feature.obligations.conftest import ITEMS


@dataclass(frozen=True)
class Scene:
    """An initial report lies before the leader of the shift; the deputy comes next."""

    officer: make.Account
    leader: make.Account
    deputy: make.Account
    stranger: make.Account
    serial: str
    request: UUID
    url: str

    def approval(self, *argv: str, locale: str = "en") -> Result:
        return CliRunner(env={"IRM_LOCALE": locale}).invoke(main, ["approval", *argv])

    def waiting(self, one: make.Account) -> list[dict[str, Any]]:
        done = self.approval("list", "--as", one.login, "--json")
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def show(self, *, locale: str = "en") -> dict[str, Any]:
        done = self.approval("show", self.serial, "--as", self.officer.login, "--json", locale=locale)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def by_the_desk(self, work: Callable[[Tx, DatabaseClock], Awaitable[Any]]) -> None:
        async def done() -> None:
            clock = DatabaseClock()
            db = Database.connect(self.url, clock=clock, wiring=WIRING)
            await clock.anchor(db.engine)
            async with db.transaction(SYSTEM) as tx:
                await work(tx, clock)
            await db.dispose()

        asyncio.run(done())


@pytest.fixture
async def scene(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority")
        province = await make.organization(tx, "cyberspace_office", tier="province", joined=False)
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        leader = await make.account(tx, authority, Role.DUTY_LEADER)
        deputy = await make.account(tx, authority, Role.DEPUTY)
        stranger = await make.account(tx, await make.organization(tx), Role.UNIT_HEAD)
        code = (await organization(tx, authority)).code
        now = clock.now()
        await approval_rules.publish(tx, RULES.format(code=code), file="a.yaml", actor=SYSTEM, now=now)
        number = f"SJ-2026-{uuid4().int % 10**6:06d}"
        incident = IncidentRow(
            number=number, title="page altered", status="open", discovered_at=now, reached=3, possible=3, created_at=now
        )
        tx.add(incident)
        await tx.flush()
        actor = Actor("person", officer.person_id, authority)
        draft = await drafting.draft_submission(
            tx,
            subject=Subject(f"incident/{incident.id}", number, f"/incidents/{number}", incident.id),
            form="initial",
            organization_id=authority,
            recipient_id=province,
            items=dict(ITEMS),
            actor=actor,
            now=now,
        )
        request = await asking.ask(tx, draft, person_id=officer.person_id, actor=actor, now=now)
        serial = (await tx.get_one(SubmissionRow, draft)).serial
    await db.dispose()
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    return Scene(officer, leader, deputy, stranger, serial, request, committed_url)


def test_a_leader_reads_and_approves_exactly_what_was_read(scene: Scene) -> None:
    (mine,) = scene.waiting(scene.leader)
    assert (mine["report"], mine["state"]) == (scene.serial, "to be approved")
    assert scene.waiting(scene.officer) == []
    assert scene.waiting(scene.stranger) == []
    read = scene.show()
    assert ITEMS["course"] in [one["text"] for one in read["items"]]
    assert [one["minutes"] for one in read["chain"]] == [5, 5, 5]
    assert scene.leader.telephone in read["to_fetch"], "there is no document, so irm says who must be fetched"
    other = scene.approval("give", scene.serial, "--as", scene.leader.login, "--text", "0" * 64)
    assert (other.exit_code, len(scene.waiting(scene.leader))) == (1, 1)
    done = scene.approval("give", scene.serial, "--as", scene.leader.login, "--text", read["text"])
    assert (done.exit_code, scene.waiting(scene.deputy)) == (0, [])
    again = scene.approval("give", str(scene.request), "--as", scene.deputy.login)
    assert (again.exit_code, "answered already" in again.stderr) == (1, True)


def test_it_speaks_chinese_to_whoever_reads_chinese(scene: Scene) -> None:
    assert scene.show(locale="zh-CN")["state"] == "待审批"
    plain = scene.approval("show", scene.serial, "--as", scene.officer.login, locale="zh-CN")
    assert ITEMS["course"] in plain.stdout
    assert "分管领导" in plain.stdout
    refused = scene.approval("give", scene.serial, "--as", scene.officer.login, locale="zh-CN")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("错误：")


def test_given_back_with_a_reason(scene: Scene) -> None:
    done = scene.approval("return", scene.serial, "--as", scene.leader.login, "--reason", "写明系统名称", "--json")
    assert done.exit_code == 0, done.output
    assert (json.loads(done.stdout)["state"], scene.show()["reason"]) == ("Given back for correction", "写明系统名称")


@pytest.mark.parametrize("answer", ["give", "deny"])
def test_a_word_on_the_telephone_is_confirmed_or_denied(scene: Scene, answer: str) -> None:
    async def note(tx: Tx, clock: DatabaseClock) -> None:
        await answering.note_word(
            tx,
            scene.request,
            scene.deputy.person_id,
            Word("telephone", "", "同意上报"),
            noted_by=scene.officer.person_id,
            actor=SYSTEM,
            now=clock.now(),
        )

    scene.by_the_desk(note)
    assert [one["state"] for one in scene.waiting(scene.deputy)] == ["to be confirmed"]
    assert scene.waiting(scene.leader) == []
    reason = () if answer == "give" else ("--reason", "无人致电")
    assert scene.approval(answer, scene.serial, "--as", scene.leader.login, *reason).exit_code == 1
    done = scene.approval(answer, scene.serial, "--as", scene.deputy.login, *reason)
    assert done.exit_code == 0, done.output
    assert scene.show()["state"] == ("Approved" if answer == "give" else "Given back for correction")


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("list",), 2, "--as"),
        (("give", "REPORT", "--as", "nobody"), 1, "nobody"),
        (("give", "CB-2026-999999", "--as", "LEADER"), 1, "no such approval"),
        (("give", "REPORT", "--as", "STRANGER"), 1, "no such approval"),
        (("show", "REPORT", "--as", "STRANGER"), 1, "no such approval"),
        (("give", "REPORT", "--as", "OFFICER"), 1, ""),
        (("return", "REPORT", "--as", "LEADER"), 2, "--reason"),
        (("return", "REPORT", "--as", "LEADER", "--reason", " "), 1, "Say why"),
        (("deny", "REPORT", "--as", "LEADER", "--reason", "x"), 1, "Nothing was written down"),
    ],
)
def test_what_is_refused_changes_nothing(scene: Scene, argv: tuple[str, ...], code: int, said: str) -> None:
    words = {
        "REPORT": scene.serial,
        "LEADER": scene.leader.login,
        "STRANGER": scene.stranger.login,
        "OFFICER": scene.officer.login,
    }
    done = scene.approval(*(words.get(word, word) for word in argv))
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert scene.show()["state"] == "to be approved"
