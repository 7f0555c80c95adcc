"""Rosters from a file: all or nothing, twice the same, faults by line."""

import pytest
from sqlalchemy import func, select

from irm.access import service as access
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.notify.duty import duty_at
from irm.notify.models import RosterRow, ShiftRow
from irm.notify.roster_import import Imported, import_roster
from tests import make


async def test_a_roster_is_imported_once_however_often_it_is_read(db: Database, clock: FixedClock) -> None:
    now = clock.now()
    async with db.transaction() as tx:
        unit = await make.organization(tx, code="whly")
        officer = await make.account(tx, unit, Role.HANDLER)
        await access.register_post(tx, organization_id=unit, name="值班室", actor=SYSTEM, now=now)
        content = (
            "单位代码,日期,开始,结束,账号,岗位,班次类别\n"
            f"whly,2026-11-20,20:00,08:00,{officer.login.upper()},值班室,主班\n"
            f"whly,2026-11-21,08:00,24:00,,值班室,备班\n"
        ).encode("gb18030")
        assert await import_roster(tx, content, now=now, actor=SYSTEM) == Imported(1, 2, 0)
        assert await import_roster(tx, content, now=now, actor=SYSTEM) == Imported(0, 0, 2)
        duty = (await duty_at(tx, [unit], now))[unit]
        assert [(each.person.person_id if each.person else None) for each in duty.on_shift] == [officer.person_id]
        assert duty.on_shift[0].post is not None


async def test_one_fault_keeps_everything_out(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx, code="unit-x")
        officer = await make.account(tx, unit, Role.HANDLER)
        content = (
            "organization,day,starts,ends,person,post\n"
            f"unit-x,2026-11-21,08:00,20:00,{officer.login},\n"
            "unit-x,2026-11-21,20:00,08:00,nobody,\n"
            f"nowhere,2026-11-21,20:00,08:00,{officer.login},\n"
            f"unit-x,2026-11-21,20:00,08:00,{officer.login},roof\n"
            f"unit-x,2026-11-31,20:00,08:00,{officer.login},\n"
        ).encode()
        with pytest.raises(Invalid) as refused:
            await import_roster(tx, content, now=clock.now(), actor=SYSTEM)
        assert sorted(each.field for each in refused.value.errors) == [
            "line 3, person",
            "line 4, organization",
            "line 5, post",
            "line 6, day",
        ]
        assert await tx.scalar(select(func.count()).select_from(RosterRow)) == 0
        assert await tx.scalar(select(func.count()).select_from(ShiftRow)) == 0


async def test_bytes_that_are_no_text_are_refused(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        with pytest.raises(Invalid):
            await import_roster(tx, b"\xff\xff\x00", now=clock.now(), actor=SYSTEM)
