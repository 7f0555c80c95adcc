"""Two requests at the same moment, on committed data."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import Database
from irm.errors import Conflict
from irm.incidents.idempotency import once
from irm.incidents.merging import merge
from irm.incidents.models import IncidentRow
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident
from tests import make


async def test_a_double_click_is_one_incident(committed_db: Database, clock: FixedClock) -> None:
    async with committed_db.transaction() as tx:
        await make.organization(tx, "cloud_authority")
        unit = await make.organization(tx, "using_unit")
        account = await make.account(tx, unit, Role.REPORTER)
    given = FileIncident(
        classified="no", text="down", target=Target("unknown"), known_at=clock.now(), contact="555-0100"
    )

    async def click(request_hash: str = "same") -> str:
        async with committed_db.transaction() as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None

            async def act() -> tuple[int, dict[str, Any]]:
                filed = await file_incident(tx, given, by=by, now=clock.now())
                return 201, {"number": filed.number}

            _, answer, _ = await once(tx, scope="s", key="k", request_hash=request_hash, now=clock.now(), act=act)
            return str(answer["number"])

    numbers = await asyncio.gather(*(click() for _ in range(4)))
    assert len(set(numbers)) == 1
    late = await asyncio.gather(click("another body"), return_exceptions=True)
    assert isinstance(late[0], Conflict)
    async with committed_db.transaction() as tx:
        assert await tx.scalar(select(func.count()).select_from(IncidentRow)) == 1


async def test_two_who_merge_the_same_two_the_other_way_round_do_not_lose_both(
    committed_db: Database, clock: FixedClock
) -> None:
    """One wins; the other is told that it has been merged already."""
    async with committed_db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        accounts = [await make.account(tx, authority, role) for role in (Role.DUTY_OFFICER, Role.DUTY_LEADER)]
    given = FileIncident(
        classified="no", text="down", target=Target("unknown"), known_at=clock.now(), contact="555-0100"
    )
    async with committed_db.transaction() as tx:
        by = await principal_of(tx, accounts[0].id, now=clock.now())
        assert by is not None
        one, other = [(await file_incident(tx, given, by=by, now=clock.now())).incident_id for _ in range(2)]

    async def merges(account: make.Account, absorbed: UUID, main: UUID) -> None:
        async with committed_db.transaction() as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            await merge(tx, absorbed, main, reason="the same", by=by, now=clock.now())

    done = await asyncio.gather(
        merges(accounts[0], one, other), merges(accounts[1], other, one), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["Conflict", "NoneType"], done
    async with committed_db.transaction() as tx:
        statuses = sorted(await tx.scalars(select(IncidentRow.status)))
    assert statuses == ["merged", "open"]
