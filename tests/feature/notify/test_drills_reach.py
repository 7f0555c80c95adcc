"""In a drill only participants are reached, whatever was planned; everybody else is on record as would have been told."""

from uuid import UUID, uuid4

import pytest

from irm.clock import FixedClock
from irm.db import Database
from irm.exercise import end_exercise, exercise_of, open_exercise, set_members
from irm.exercise_clock import ExerciseClock
from irm.notify import service
from irm.notify.messages import About
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.notify.night import Night

pytestmark = pytest.mark.usefixtures("channels")


async def drill_with(db: Database, night: Night, *people: UUID) -> UUID:
    drill = uuid4()
    async with db.transaction() as tx:
        await open_exercise(tx, drill, ExerciseClock.begun(tx.clock.now()), subject=f"incident/{night.incident}")
        await set_members(tx, drill, frozenset(people))
    return drill


async def test_who_takes_no_part_is_on_record_and_reached_by_no_channel(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    await drill_with(db, night, night.leader.person_id)
    planned = await night.page(via=["sms", "email", "in_app"], exercise=True)
    await drain()
    outside.expect.nothing()
    found = await night.deliveries()
    assert {(one.status, one.reason) for one in found} == {("would_have", "not_participant")}
    assert planned.reached == 1, "his rung runs as if he had been paged"
    assert await night.actions() == ["delivery.would_have"] * 3


async def test_a_message_that_forgot_to_say_exercise_is_held_back_all_the_same(
    night: Night, outside: Outside, drain: Drain, db: Database
) -> None:
    await drill_with(db, night, night.leader.person_id)
    await night.page(via=["sms"])
    await drain()
    outside.expect.nothing()
    (one,) = await night.deliveries()
    assert (one.status, one.reason, one.exercise) == ("would_have", "not_participant", True)


async def test_what_lies_under_a_drills_incident_belongs_to_the_drill(night: Night, db: Database) -> None:
    await drill_with(db, night, night.leader.person_id)
    async with db.transaction() as tx:
        found = await exercise_of(tx, f"incident/{night.incident}/task/{uuid4()}")
        stranger = await exercise_of(tx, f"incident/{uuid4()}")
    assert found is not None
    assert found.members == {night.leader.person_id}
    assert stranger is None


async def test_an_exercise_without_its_drill_reaches_nobody(night: Night, outside: Outside, drain: Drain) -> None:
    await night.page(via=["sms"], exercise=True)
    await drain()
    outside.expect.nothing()
    (one,) = await night.deliveries()
    assert (one.status, one.reason) == ("would_have", "no_drill")


async def test_who_left_the_drill_before_the_message_went_is_not_reached(
    night: Night, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    drill = await drill_with(db, night, night.officer.person_id)
    await night.page(via=["sms"], exercise=True)
    async with db.transaction() as tx:
        await end_exercise(tx, drill, clock.now())
    await drain()
    outside.expect.nothing()
    (one,) = await night.deliveries()
    assert (one.status, one.reason) == ("would_have", "drill_over")


async def test_a_report_never_leaves_to_an_authority(
    night: Night, outside: Outside, drain: Drain, db: Database, clock: FixedClock
) -> None:
    await drill_with(db, night, night.officer.person_id)
    async with db.transaction() as tx:
        await service.report(
            tx,
            key="report",
            organization_id=night.authority,
            address="province@example.invalid",
            title="report",
            body="report",
            about=About("SJ-2026-000001", 3, "/"),
            subject=f"incident/{night.incident}/submission/{uuid4()}",
            now=clock.now(),
            exercise=True,
        )
    await drain()
    outside.expect.nothing()
