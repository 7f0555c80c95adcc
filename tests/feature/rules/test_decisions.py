"""What the city decides about rules: instruments, readings, working days. Over HTTP, on the page, at the command line."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Conflict, Invalid, NotFound
from irm.ledger import LedgerEntryRow
from irm.rules.policies import adopt, choose_reading, reading_of, readings
from irm.rules.queries import current_packs
from irm.rules.service import publish_builtin
from irm.rules.work_years import exceptional_days, import_year, read_calendar, seed, work_calendar
from tests import make

MODEL = "pingdingshan-cloud-2019"


async def test_a_model_judges_nothing_until_it_is_adopted(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        assert MODEL not in {pack.id for pack in await current_packs(tx, now=clock.now())}
        assert await adopt(tx, MODEL, adopted=True, reason="trial", actor=SYSTEM, now=clock.now())
        assert not await adopt(tx, MODEL, adopted=True, reason="again", actor=SYSTEM, now=clock.now())
        assert MODEL in {pack.id for pack in await current_packs(tx, now=clock.now())}
        await adopt(tx, MODEL, adopted=False, reason="enough", actor=SYSTEM, now=clock.now())
        assert MODEL not in {pack.id for pack in await current_packs(tx, now=clock.now())}
        told = [row.action for row in await tx.scalars(select(LedgerEntryRow).order_by(LedgerEntryRow.id))]
    assert told == ["rules.adopted", "rules.set_aside"]


async def test_national_law_is_not_for_choosing(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        with pytest.raises(Conflict):
            await adopt(tx, "mlps", adopted=False, reason="no", actor=SYSTEM, now=clock.now())
        with pytest.raises(NotFound):
            await adopt(tx, "nothing", adopted=True, reason="no", actor=SYSTEM, now=clock.now())
        with pytest.raises(Invalid):
            await adopt(tx, MODEL, adopted=True, reason="  ", actor=SYSTEM, now=clock.now())


async def test_a_reading_holds_once_it_is_chosen(db: Database, clock: FixedClock) -> None:
    async with db.transaction(SYSTEM) as tx:
        assert await reading_of(tx, "mlps/level-4-cadence") == "half-yearly"
        await choose_reading(tx, "mlps/level-4-cadence", "yearly", reason="circular", actor=SYSTEM, now=clock.now())
        assert await reading_of(tx, "mlps/level-4-cadence") == "yearly"
        assert await readings(tx) == {"mlps/level-4-cadence": "yearly"}
        with pytest.raises(Invalid):
            await choose_reading(tx, "mlps/level-4-cadence", "weekly", reason="x", actor=SYSTEM, now=clock.now())
        with pytest.raises(NotFound):
            await choose_reading(tx, "mlps/other", "x", reason="x", actor=SYSTEM, now=clock.now())


async def test_only_the_security_administrator_decides(db: Database, clock: FixedClock, sign_in: object) -> None:
    async with db.transaction(SYSTEM) as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        authority = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        administrator = await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR)
    client = await sign_in(officer)  # type: ignore[operator]  # the fixture is a function
    body = {"reading": "yearly", "reason": "circular"}
    assert (await client.post("/api/v1/rules/mlps/switches/level-4-cadence", json=body)).status_code == 403
    assert (await client.post(f"/api/v1/rules/{MODEL}/adoption", json={"on": True, "reason": "x"})).status_code == 403
    client = await sign_in(administrator)  # type: ignore[operator]  # the fixture is a function
    done = await client.post("/api/v1/rules/mlps/switches/level-4-cadence", json=body)
    assert done.status_code == 200, done.text
    chosen = {one["id"]: one["chosen"] for one in done.json()["switches"]}
    assert chosen["mlps/level-4-cadence"] == "yearly"
    on = await client.post(f"/api/v1/rules/{MODEL}/adoption", json={"on": True, "reason": "trial"})
    assert on.json()["on"] is True
    page = await client.post(f"/rules/{MODEL}/adoption", data={"on": "no", "reason": "enough"})
    assert page.status_code == 303
    assert (await client.get(f"/rules/{MODEL}")).status_code == 200
    assert (await client.get("/rules/retention")).status_code == 200
    national = await client.post("/api/v1/rules/mlps/adoption", json={"on": False, "reason": "x"})
    assert national.status_code == 409


async def test_known_years_come_along_and_the_next_is_imported(db: Database, clock: FixedClock, tmp_path: Path) -> None:
    async with db.transaction(SYSTEM) as tx:
        assert 2026 in await seed(tx, now=clock.now())
        assert await seed(tx, now=clock.now()) == ()
        assert not (await work_calendar(tx)).knows(date(2027, 3, 1))
        years = read_calendar("# 2027\n2027-02-08,off,Spring Festival\n2027-02-20,work,make-up\n")
        assert await import_year(tx, 2027, years[2027], source="f", actor=SYSTEM, now=clock.now())
        assert not await import_year(tx, 2027, years[2027], source="f", actor=SYSTEM, now=clock.now())
        calendar = await work_calendar(tx)
        assert calendar.knows(date(2027, 3, 1))
        assert not calendar.is_working(date(2027, 2, 8))
        assert calendar.is_working(date(2027, 2, 20))
        assert [one.works for one in await exceptional_days(tx, 2027)] == [False, True]
        with pytest.raises(Invalid):
            await import_year(tx, 2028, years[2027], source="f", actor=SYSTEM, now=clock.now())


@pytest.mark.parametrize(
    "text", ["2027-02-30,off", "2027-02-08,maybe", "2027-02-08", "2027-02-08,off\n2027-02-08,work", "8.2.2027,off"]
)
def test_a_faulty_line_is_named(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_calendar(text)
    assert caught.value.errors[0].field.startswith("line ")
