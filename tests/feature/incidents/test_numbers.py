"""A number means one incident for ever: what was rolled back leaves a gap, and who files at once gets his own."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident
from tests import make


class _Power(Exception):
    """The lights go out before anything is committed."""


async def _file(db: Database, clock: FixedClock, account: Any, *, fails: bool = False) -> str:
    given = FileIncident(
        classified="no", text="down", target=Target("unknown"), known_at=clock.now(), contact="555-0100"
    )
    number = ""
    with suppress(_Power):
        async with db.transaction() as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            number = (await file_incident(tx, given, by=by, now=clock.now())).number
            if fails:
                raise _Power
    return number


@pytest.fixture
async def reporter(committed_db: Database) -> Any:
    async with committed_db.transaction() as tx:
        await make.organization(tx, "cloud_authority")
        return await make.account(tx, await make.organization(tx, "using_unit"), Role.REPORTER)


async def test_what_was_rolled_back_is_never_given_again(
    committed_db: Database, clock: FixedClock, reporter: Any
) -> None:
    first = await _file(committed_db, clock, reporter)
    lost = await _file(committed_db, clock, reporter, fails=True)
    second = await _file(committed_db, clock, reporter)
    assert lost
    assert len({first, lost, second}) == 3
    assert first < lost < second, "numbers go on; they never come back"


async def test_who_files_at_once_gets_a_number_of_his_own(
    committed_db: Database, clock: FixedClock, reporter: Any
) -> None:
    several = await asyncio.gather(*(_file(committed_db, clock, reporter, fails=bool(place % 2)) for place in range(6)))
    assert len(set(several)) == 6
