"""`irm duty`: what is owed, and a paper handed over from the command line."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from irm.access.policy import Role
from irm.cli import main
from irm.clock import SHANGHAI, DatabaseClock
from irm.db import SYSTEM, Database
from irm.findings import service as findings
from irm.obligations.periodic import bring_in_line
from irm.obligations.queries import obligations_of
from irm.obligations.views import Obligation
from irm.oversight.subjects import Organizations
from irm.rules.policies import adopt
from irm.wiring import WIRING
from tests import make

PAPER = "operation and maintenance report"


@dataclass(frozen=True)
class Scene:
    vendor: make.Account
    reader: make.Account
    stranger: make.Account
    firm: UUID
    authority: UUID
    url: str

    def duty(self, *argv: str) -> Result:
        return CliRunner().invoke(main, ["duty", *argv])

    def coming(self, login: str, *more: str) -> list[dict[str, Any]]:
        done = self.duty("coming", "--as", login, "--json", *more)
        assert done.exit_code == 0, done.output
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found

    def count(self, table: str) -> int:
        async def asked() -> int:
            engine = create_async_engine(self.url, poolclass=NullPool)
            async with engine.connect() as connection:
                return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

        return asyncio.run(asked())


@pytest.fixture
async def scene(committed_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A vendor that owes the authority its monthly papers. Commands go by the real clock, so the scene does."""
    clock = DatabaseClock()
    db = Database.connect(committed_url, clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    since = (clock.now() - timedelta(days=40)).astimezone(SHANGHAI).date()
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, "cloud_authority", in_use_from=since)
        firm = await make.organization(tx, "vendor", in_use_from=since)
        other = await make.organization(tx, in_use_from=since)
        await make.system(tx, authority, kind="platform", level=3, maintainer_ids=[firm])
        await adopt(tx, "pingdingshan-cloud-2019", adopted=True, reason="trial", actor=SYSTEM, now=clock.now())
        vendor = await make.account(tx, firm, Role.DUTY_OFFICER)
        reader = await make.account(tx, authority, Role.DUTY_OFFICER)
        stranger = await make.account(tx, other, Role.DUTY_OFFICER)
        await bring_in_line(tx, await Organizations().some(tx, [firm]), actor=SYSTEM, now=clock.now())
    await db.dispose()
    monkeypatch.setenv("IRM_DATABASE_URL", committed_url)
    monkeypatch.setenv("IRM_HOME", str(tmp_path))
    return Scene(vendor, reader, stranger, firm, authority, committed_url)


def paper(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return next(one for one in found if "every month" in one["title"])


def test_what_falls_due_is_listed_for_whom_it_concerns(scene: Scene) -> None:
    mine = scene.coming(scene.vendor.login, "--days", "60")
    assert paper(mine)["bearer"] == paper(scene.coming(scene.reader.login, "--days", "60"))["bearer"]
    assert scene.coming(scene.stranger.login, "--days", "60") == []
    plain = scene.duty("coming", "--as", scene.vendor.login, "--days", "60")
    assert paper(mine)["last_day"] in plain.stdout


def test_a_paper_is_handed_over_with_its_file_once(scene: Scene, tmp_path: Path) -> None:
    owed = paper(scene.coming(scene.vendor.login, "--days", "60"))
    file = tmp_path / "paper.pdf"
    file.write_bytes(b"%PDF-1.4\n%%EOF\n")
    given = ("hand-over", owed["id"], "--as", scene.vendor.login, "--means", "irm", "--text", PAPER)
    done = scene.duty(*given, "--file", str(file), "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["obligations"] == [owed["id"]]
    assert told["status"] in {"submitted", "received"}
    assert owed["id"] not in {one["id"] for one in scene.coming(scene.vendor.login, "--days", "60")}
    again = scene.duty(*given)
    assert again.exit_code == 1
    assert again.stderr.startswith("Error: ")
    assert "Traceback" not in again.output


@pytest.fixture
async def rectification(scene: Scene) -> Obligation:
    """The vendor has to put something right within a month."""
    clock = DatabaseClock()
    db = Database.connect(scene.url, clock=clock, wiring=WIRING)
    await clock.anchor(db.engine)
    today = clock.now().astimezone(SHANGHAI).date()
    async with db.transaction(SYSTEM) as tx:
        finding = await findings.raise_finding(
            tx,
            findings.NewFinding(
                title="审计日志保存不足六个月",
                organization_id=scene.firm,
                verifier_id=scene.authority,
                found_on=today,
                risk="high",
                due_on=today + timedelta(days=30),
            ),
            actor=SYSTEM,
            now=clock.now(),
        )
        await findings.plan(
            tx,
            finding,
            text="扩容日志平台",
            person_id=scene.vendor.person_id,
            due_on=today + timedelta(days=30),
            actor=SYSTEM,
            now=clock.now(),
        )
        (owed,) = await obligations_of(tx, f"finding/{finding}", now=clock.now())
    await db.dispose()
    return owed


def test_a_rectification_is_handed_in_on_its_findings_page_alone(scene: Scene, rectification: Obligation) -> None:
    """As by page and interface: else duty and finding would say different things."""
    before = scene.count("ledger_entry"), scene.count("submission")
    given = ("--as", scene.vendor.login, "--means", "irm", "--text", "done")
    done = scene.duty("hand-over", str(rectification.id), *given)
    assert done.exit_code == 1, done.output
    assert rectification.number in done.stderr
    assert (scene.count("ledger_entry"), scene.count("submission")) == before


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("coming",), 2, "--as"),
        (("coming", "--as", "nobody"), 1, "nobody"),
        (("coming", "--as", "VENDOR", "--days", "soon"), 2, "--days"),
        (("coming", "--as", "VENDOR", "--days", "-1"), 2, "--days"),
        (("coming", "--as", "VENDOR", "--days", "99999999"), 2, "--days"),
        (("hand-over", "not-an-id", "--as", "VENDOR", "--means", "irm", "--text", "x"), 2, "not-an-id"),
        (("hand-over", "OWED", "--as", "VENDOR", "--means", "pigeon", "--text", "x"), 2, "pigeon"),
        (("hand-over", "OWED", "--as", "VENDOR", "--means", "irm"), 2, "--text"),
        (("hand-over", "OWED", "--as", "VENDOR", "--means", "irm", "--text", " "), 1, "text"),
        (("hand-over", "OWED", "--as", "VENDOR", "--means", "irm", "--text", "x", "--file", "/no/such"), 2, "/no/such"),
        (("hand-over", "OWED", "--as", "nobody", "--means", "irm", "--text", "x"), 1, "nobody"),
        (("hand-over", "OWED", "--as", "STRANGER", "--means", "irm", "--text", "x"), 1, ""),
        (("hand-over", "OTHER", "--as", "VENDOR", "--means", "irm", "--text", "x"), 1, ""),
    ],
)
def test_bad_input_is_refused_and_nothing_is_half_written(
    scene: Scene, argv: tuple[str, ...], code: int, said: str
) -> None:
    names = {
        "VENDOR": scene.vendor.login,
        "STRANGER": scene.stranger.login,
        "OWED": paper(scene.coming(scene.vendor.login, "--days", "60"))["id"],
        "OTHER": str(uuid4()),
    }
    before = scene.count("ledger_entry"), scene.count("submission")
    done = scene.duty(*(names.get(word, word) for word in argv))
    assert done.exit_code == code, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert (scene.count("ledger_entry"), scene.count("submission")) == before
