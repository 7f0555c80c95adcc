"""Checkpoints reach witnesses outside irm, each send is kept, and a witness that remembers another past says so."""

from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from irm import jobs
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from irm.evidence import notes, sequencer
from irm.evidence.checkpoint import Checkpoint
from irm.evidence.keys import signer_of
from irm.evidence.models import WitnessingRow
from irm.ledger import Event, LedgerEntryRow, record
from tests.conftest import Drain
from tests.fakes.gateway import HttpServer
from tests.fakes.mail import MailServer

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    server = MailServer()
    running = await server.start()
    yield server
    running.close()


@pytest.fixture
def settings(settings: Settings, tmp_path: Path, mail: MailServer) -> Settings:
    return settings.model_copy(
        update={
            "witness_folder": tmp_path / "outside",
            "witness_mail": "keeper@audit.example.invalid",
            "smtp_url": mail.url,
        }
    )


async def checkpoint(db: Database, settings: Settings, count: int) -> int:
    async with db.transaction() as tx:
        for number in range(count):
            await record(tx, Event("test.written", f"test/{number}", NOW, SYSTEM, {}))
        made = await sequencer.bring_up_to_date(tx, signer_of(settings.home), NOW)
        return made.size


async def send(db: Database, drain: Drain, clock: FixedClock) -> list[WitnessingRow]:
    async with db.transaction() as tx:
        await jobs.schedule(tx, "evidence.call_witnesses", {}, run_at=clock.now())
    await drain()  # writes an "evidence.witness" for each, and does them
    async with db.transaction() as tx:
        return list(
            await tx.scalars(select(WitnessingRow).order_by(WitnessingRow.checkpoint_size, WitnessingRow.witness))
        )


async def test_folder_and_mail_keep_the_note_and_the_leaves_since_last_time(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock, mail: MailServer
) -> None:
    first = await checkpoint(db, settings, 3)
    assert [(row.witness, row.status, row.checkpoint_size) for row in await send(db, drain, clock)] == [
        ("file", "witnessed", first),
        ("mail", "witnessed", first),
    ]
    second = await checkpoint(db, settings, 2)
    await send(db, drain, clock)
    key = signer_of(settings.home).key
    folder = settings.witness_folder
    assert folder is not None
    kept = sorted(path.name for path in folder.iterdir())
    assert kept == [
        "checkpoint-000000000003.leaves",
        "checkpoint-000000000003.note",
        "checkpoint-000000000005.leaves",
        "checkpoint-000000000005.note",
        "key.txt",
    ]
    assert notes.VerifierKey.parse((folder / "key.txt").read_text()) == key
    seen = Checkpoint.parse(notes.opened((folder / kept[3]).read_text(), key))
    lines = [line.split() for line in (folder / kept[2]).read_text().splitlines()]
    assert [line[0] for line in lines] == ["3", "4"]
    async with db.transaction() as tx:
        leaves = await sequencer.nodes_at(tx, [(0, 3), (0, 4)])
        assert seen.root == (await sequencer.tree_at(tx, second)).root
    assert [b64decode(line[1]) for line in lines] == [leaves[0, 3], leaves[0, 4]]
    last = mail.taken[-1]
    assert (last.recipient, last.subject) == (
        "keeper@audit.example.invalid",
        "存证台账存证点 5，请留存 / Ledger checkpoint 5, to be kept",
    )
    assert [part.get_filename() for part in last.message.iter_attachments()] == [kept[3], kept[2]]
    assert len(mail.taken) == 2


async def test_a_witness_is_not_asked_twice_for_the_same(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock, mail: MailServer
) -> None:
    await checkpoint(db, settings, 3)
    for _ in range(3):
        await send(db, drain, clock)
        clock.tick(hours=1)
    assert len(mail.taken) == 1


async def test_one_that_is_away_is_tried_again_and_then_said(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock, mail: MailServer
) -> None:
    mail.busy.add("keeper@audit.example.invalid")
    size = await checkpoint(db, settings, 1)
    rows = await send(db, drain, clock)
    assert [(row.witness, row.status, row.attempts) for row in rows] == [
        ("file", "witnessed", 1),
        ("mail", "waiting", 1),
    ]
    for _ in range(8):
        clock.tick(hours=3)
        await drain()
    async with db.transaction() as tx:
        row = (await tx.scalars(select(WitnessingRow).where(WitnessingRow.witness == "mail"))).one()
        said = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "checkpoint.unwitnessed"))).all()
    assert (row.status, row.attempts) == ("failed", 5)
    assert "451" in (row.detail or "")
    assert [one.subject for one in said] == [f"checkpoint/{size}"]


async def test_a_folder_that_remembers_another_past_is_not_painted_over(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock
) -> None:
    size = await checkpoint(db, settings, 1)
    folder = settings.witness_folder
    assert folder is not None
    folder.mkdir()
    other = folder / f"checkpoint-{size:012d}.note"
    other.write_text("another past")
    rows = await send(db, drain, clock)
    assert [(row.witness, row.status) for row in rows] == [("file", "failed"), ("mail", "witnessed")]
    assert other.read_text() == "another past"


async def test_a_webhook_gets_note_key_and_leaves(
    db: Database, drain: Drain, settings: Settings, clock: FixedClock
) -> None:
    gateway = HttpServer()
    running = await gateway.start()
    settings.witness_url = gateway.url("/keep")
    settings.witness_mail = ""
    size = await checkpoint(db, settings, 2)
    rows = await send(db, drain, clock)
    running.close()
    assert [(row.witness, row.status, row.detail) for row in rows][1] == ("webhook", "witnessed", "HTTP 200")
    told = gateway.taken[-1].json
    assert (told["size"], told["first"], len(told["leaves"])) == (size, 0, size)
    assert notes.opened(told["note"], notes.VerifierKey.parse(told["key"]))
