"""What playbooks did, as the timeline, the paper and an evidence pack's index say it: by title, never by key."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from irm.access.policy import Permission
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import Database
from irm.evidence.collecting import Entry
from irm.i18n import translator
from irm.incidents import queries
from irm.incidents.evidence_pack import lines_of
from irm.ledger import LedgerEntryRow
from tests.feature.incidents.conftest import City

KEY = re.compile(r"[a-z0-9_-]+")


@pytest.fixture
async def number(sign_in: Any, night: City, filing: Any, drain: Any) -> str:
    client = await sign_in(night.officer)
    made: str = (await client.post("/api/v1/incidents", json=filing())).json()["number"]
    await drain()
    return made


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_the_index_of_a_pack_calls_playbooks_and_steps_by_their_titles(
    number: str, night: City, db: Database, clock: FixedClock, locale: str
) -> None:
    async with db.transaction() as tx:
        by = await principal_of(tx, night.leader.id, now=clock.now())
        assert by is not None
        sight = await queries.sight_of(tx, number, by, Permission.READ_INCIDENTS)
        rows = await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action.startswith("run.")))
        told = [Entry(e.id, 0, e.at, e.actor, e.action, e.subject, e.body, e.leaf_hash) for e in rows]
        lines = await lines_of(tx, sight, told, translator(locale), clock.now())
    actions = {one.action for one in told}
    assert {"run.started", "run.step_opened"} <= actions
    raw = {line.detail for line in lines if KEY.fullmatch(line.detail)}
    assert not raw


async def test_the_timeline_of_the_page_names_no_key(number: str, night: City, sign_in: Any) -> None:
    page = (await (await sign_in(night.leader)).get(f"/incidents/{number}", headers={"accept": "text/html"})).text
    assert "处置预案启动" in page
    assert not re.findall(r">\s*(?:report-chain|alarm)\s*<", page)
