"""Two at the same time, on committed data: one hand-over, one duty, no deadlock."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Actor, Database
from irm.errors import Conflict
from irm.obligations import drafting, handing, opening, queries
from irm.obligations.subjects import Subject
from irm.rules.duties import Owed
from irm.rules.pack import Citation
from tests import make
from tests.feature.obligations.conftest import ITEMS

PATH = f"incident/{uuid4()}"


@pytest.fixture
async def owed(committed_db: Database, clock: FixedClock) -> Owed:
    async with committed_db.transaction() as tx:
        operator = await make.organization(tx)
        province = await make.organization(tx, "cyberspace_office", tier="province", joined=False)
        await make.account(tx, operator, Role.DUTY_OFFICER)
    return Owed(
        rule_id="rule/one",
        pack_id="rule",
        pack_version="1",
        title={"en": "report"},
        citation=Citation({"en": "Measures"}, {"en": "Art. 4"}, "1"),
        force="部门规章",
        status="verified",
        interpretation=None,
        kind="timed",
        form="initial",
        satisfied_by=("initial",),
        bearer=operator,
        bearer_kind=None,
        recipient=province,
        recipient_kind="cyberspace_office",
        recipient_tier="province",
        start_event="known_at",
        started_at=clock.now(),
        due_at=clock.now() + timedelta(hours=4),
        internal_due_at=None,
        why=(),
        information_only=False,
    )


async def test_opened_once_and_handed_over_once(committed_db: Database, clock: FixedClock, owed: Owed) -> None:
    subject = Subject(PATH, "SJ-1", "/incidents/SJ-1")
    how: dict[str, Any] = {"actor": SYSTEM, "now": clock.now()}

    async def opened() -> tuple[opening.Opened, ...]:
        async with committed_db.transaction() as tx:
            return await opening.open_owed(tx, [owed], subject=subject, **how)

    results = await asyncio.gather(*(opened() for _ in range(4)))
    assert sum(len(each) for each in results) == 1
    (duty,) = next(each for each in results if each)

    async def drafted() -> tuple[Any, ...]:
        async with committed_db.transaction() as tx:
            return await drafting.open_draft(tx, obligations=[duty.id], items=ITEMS, **how)

    drafts = {draft for each in await asyncio.gather(*(drafted() for _ in range(4))) for draft in each}
    assert len(drafts) == 1
    (draft,) = drafts

    async def handed() -> bool:
        try:
            async with committed_db.transaction(Actor("system")) as tx:
                await handing.submit_report(tx, draft, means="fax", **how)
        except Conflict:
            return False
        return True

    assert sorted(await asyncio.gather(*(handed() for _ in range(4)))) == [False, False, False, True]
    async with committed_db.transaction() as tx:
        (shown,) = await queries.obligations_of(tx, PATH, now=clock.now())
    assert shown.status == "submitted"
