"""Two of an organization bring the same list, and both are being written at one moment."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

from sqlalchemy import func, select

from irm import jobs, performing
from irm.access.directory_models import LiaisonRow
from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.config import Settings
from irm.db import Database
from irm.documents.tables import write_sheet
from irm.evidence.blobs import BlobStore
from irm.i18n import translator
from irm.jobs import JobRow
from irm.systems import bringing, liaison_list
from irm.systems.lists import LIAISONS
from irm.systems.models import ListImportRow
from irm.wiring import WIRING
from tests import make

PRESS = {"kind": "press", "name": "示例日报", "telephone": "000-1", "checked_on": date(2026, 11, 1)}


async def test_what_both_bring_stands_there_once(
    committed_db: Database, resources: jobs.Resources, settings: Settings
) -> None:
    db, now = committed_db, committed_db.clock.now()
    content = write_sheet(liaison_list.COLUMNS, [PRESS], title="联络对象", t=translator("zh-CN"))

    async def piece() -> AsyncIterator[bytes]:
        yield content

    stored = await BlobStore(settings.home / "blobs").put(piece(), "联络对象.xlsx")
    async with db.transaction() as tx:
        edu = await make.organization(tx, code="edu", name="市教育局")
        found = [await principal_of(tx, (await make.account(tx, edu, Role.SECURITY_LEAD)).id, now=now) for _ in "ab"]
        keepers = [one for one in found if one is not None]
        imports = [await bringing.bring(tx, LIAISONS, stored, by=one, now=now) for one in keepers]
    await performing.drain(db, WIRING.jobs, resources)
    async with db.transaction() as tx:
        for one, by in zip(imports, keepers, strict=True):
            seen = (await bringing.import_of(tx, LIAISONS, one, by)).seen
            await bringing.confirm(tx, LIAISONS, one, seen=seen, by=by, now=now)
        writing = list(await tx.scalars(select(JobRow.id).where(JobRow.name == bringing.WRITE)))
    await asyncio.gather(*(performing.perform(db, WIRING.jobs, resources, each) for each in writing))
    async with db.transaction() as tx:
        states = list(await tx.execute(select(ListImportRow.state, ListImportRow.is_stale)))
        there = await tx.scalar(select(func.count()).select_from(LiaisonRow))
    assert there == 1
    assert sorted((one.state, one.is_stale) for one in states) == [("looked", True), ("written", False)]
