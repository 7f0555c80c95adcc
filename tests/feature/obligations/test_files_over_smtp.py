"""A report with files to a real mail server: the files arrive whole, under their Chinese names, tied by hash."""

import json
from collections.abc import AsyncIterator
from hashlib import sha256

import pytest
from sqlalchemy import select

from irm.config import Settings
from irm.db import Database
from irm.evidence.blobs import BlobStore
from irm.evidence.service import attach
from irm.ledger import LedgerEntryRow
from irm.notify import service
from irm.notify.channels import configured
from irm.obligations.models import SubmissionRow
from tests.conftest import Drain
from tests.fakes.outside import Outside, outside_world
from tests.feature.obligations.conftest import Night

NAME = "网络安全事件报告（盖章件）.pdf"
SCAN = b"%PDF-1.7\n" + bytes(range(256)) * 300


@pytest.fixture
async def outside(db: Database) -> AsyncIterator[Outside]:
    async with outside_world() as world:
        yield world
        world.expect.seen_mail, world.expect.seen_http = len(world.mail.taken), len(world.gateway.taken)


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    return outside.settings(settings)


async def in_chunks() -> AsyncIterator[bytes]:
    for start in range(0, len(SCAN), 4096):
        yield SCAN[start : start + 4096]


async def test_a_report_goes_out_with_its_file(
    night: Night, settings: Settings, outside: Outside, drain: Drain
) -> None:
    digest = sha256(SCAN).hexdigest()
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    blob = await BlobStore(settings.home / "blobs").put(in_chunks(), NAME)
    async with night.db.transaction() as tx:
        await service.note_channels(tx, configured(settings), now=night.clock.now())
        chosen = await attach(
            tx,
            blob,
            subject=night.subject.path,
            organization_id=night.authority,
            account_id=None,
            actor=night.actor,
            now=night.clock.now(),
        )
    await night.submit(draft, "mail", attachments=[chosen])
    await drain()
    mail = outside.expect.mail("desk@province.example.invalid")
    (enclosed,) = mail.message.iter_attachments()
    assert enclosed.get_filename() == NAME
    assert enclosed.get_content_type() == "application/pdf"
    assert enclosed.get_content() == SCAN
    assert digest in mail.text
    raw = mail.message.as_bytes()
    assert NAME.encode() not in raw, "the header is ASCII; the name is encoded as UTF-8 (RFC 2231)"
    assert b"filename*" in raw
    assert b"utf-8''" in raw
    async with night.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft)
        assert (row.status, row.means) == ("submitted", "mail")
        told = {
            each.action: json.loads(each.body)
            for each in await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action.startswith("submission.")))
        }
    assert told["submission.sending"]["files"] == told["submission.submitted"]["files"] == [digest]


async def test_a_file_that_is_no_longer_what_it_was_is_not_sent(
    night: Night, settings: Settings, outside: Outside, drain: Drain
) -> None:
    (one,) = await night.open(night.owed())
    draft = await night.draft(one.id)
    store = BlobStore(settings.home / "blobs")
    blob = await store.put(in_chunks(), NAME)
    async with night.db.transaction() as tx:
        await service.note_channels(tx, configured(settings), now=night.clock.now())
        chosen = await attach(
            tx,
            blob,
            subject=night.subject.path,
            organization_id=night.authority,
            account_id=None,
            actor=night.actor,
            now=night.clock.now(),
        )
    await night.submit(draft, "mail", attachments=[chosen])
    there = store.path(blob.sha256)
    there.chmod(0o600)
    there.write_bytes(SCAN + b"x")
    await drain()
    assert not [one for one in outside.mail.taken if one.recipient == "desk@province.example.invalid"]
    async with night.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft)
    assert row.status != "submitted"
