"""A roster that is made by rules: who is paged follows it at the second, and what was served stays as it was."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from sqlalchemy import select, update

from irm import jobs
from irm.access import queries as people, service as access
from irm.access.models import MembershipRow, PersonRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.errors import Conflict, Invalid
from irm.jobs import JobRow
from irm.notify import duty, queries
from irm.notify.models import DeliveryRow, RosterRow
from irm.notify.roster import OnDuty, Span, moment_of
from irm.notify.rosters import planning, service, swaps
from irm.notify.rosters.leave import end_leave, record_leave
from irm.notify.rosters.rotation import Rotation, Seat
from irm.notify.rosters.service import NewOverride
from irm.notify.rosters.temporary import end_temporary, make_temporary
from irm.notify.rosters.working_out import Leave
from irm.rules.work_years import Exceptional, import_year
from tests import make
from tests.conftest import Drain
from tests.feature.notify.watch import TODAY, Watch


async def test_a_rotation_pages_each_in_turn_and_hands_over_at_the_second(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(3)
        a, b, c = watch.people
        await watch.order()
        assert [await watch.on(day) for day in (0, 1, 2, 3)] == [[a], [b], [c], [a]]
        hand_over = moment_of(TODAY + timedelta(days=1), "08:00")
        assert await watch.at(hand_over - timedelta(microseconds=1)) == [a]
        assert await watch.at(hand_over) == [b]
        found = await queries.resolve(tx, f"on_duty({watch.unit})", {}, hand_over)
        assert [each.person_id for each in found.recipients] == [b]


async def test_what_was_served_stays_and_the_new_order_holds_from_now(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        a, b, c, d = watch.people
        await watch.order(a, b)
        clock.tick(days=2)
        before = [each for each in await watch.shifts() if each[1] <= tx.clock.now()]
        await watch.order(c, d, from_day=TODAY + timedelta(days=1))
        after = await watch.shifts()
        assert before
        assert [each for each in after if each[1] < tx.clock.now()] == before
        assert await watch.at(tx.clock.now() - timedelta(seconds=1)) == [b]
        assert await watch.at(tx.clock.now()) == [c]
        assert not [each for each, other in pairwise(after) if each[1] != other[0]]


async def test_planning_again_changes_nothing(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        await watch.order()
        await watch.order(layer="leader", unit="week")
        before = await watch.shifts()
        for hours in (0, 5, 24):
            clock.tick(hours=hours)
            done = await planning.replan(tx, watch.roster, now=tx.clock.now(), actor=SYSTEM)
            assert done.removed == 0
            assert done.added <= 4
        assert await watch.shifts() == before


async def test_an_earlier_order_cannot_be_slipped_under_the_one_in_force(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        await watch.order(from_day=TODAY - timedelta(days=3))
        with pytest.raises(Invalid) as refused:
            await watch.order(from_day=TODAY - timedelta(days=9))
        assert refused.value.errors[0].field == "from_day"


async def test_an_order_that_has_not_begun_can_be_taken_back(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        a, b, c, _ = watch.people
        first = await watch.order(a, b)
        later = await watch.order(c, from_day=TODAY + timedelta(days=2))
        assert await watch.on(4) == [c]
        await service.withdraw_rotation(tx, later, now=tx.clock.now(), actor=SYSTEM)
        assert await watch.on(4) == [a]
        tx.clock.tick(hours=12)  # type: ignore[attr-defined]  # the tests' clock
        with pytest.raises(Conflict):
            await service.withdraw_rotation(tx, first, now=tx.clock.now(), actor=SYSTEM)


async def test_strangers_do_not_serve(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        stranger = await make.account(tx, await make.organization(tx), Role.DUTY_OFFICER)
        with pytest.raises(Invalid):
            await watch.order(stranger.person_id)


async def test_who_is_called_first_and_who_leads(db: Database) -> None:
    """值班员 first, 备班 where none is there; 带班领导 by the roster, not everybody who holds the role."""
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        a, b, c, d = watch.people
        for holder in (c, d):
            await access.grant_role(
                tx,
                person_id=holder,
                organization_id=watch.unit,
                role=Role.DUTY_LEADER,
                actor=SYSTEM,
                now=tx.clock.now(),
            )
        await watch.order(a, starts="08:00", ends="20:00")
        await watch.order(b, layer="backup")
        noon, night = moment_of(TODAY, "12:00"), moment_of(TODAY, "22:00")

        async def called(target: str, at: datetime) -> list[UUID | None]:
            return [each.person_id for each in (await queries.resolve(tx, target, {}, at)).recipients]

        assert await called(f"on_duty({watch.unit})", noon) == [a]
        assert await called(f"on_duty({watch.unit})", night) == [b]
        assert set(await called(f"role({watch.unit}, duty_leader)", noon)) == {c, d}
        await watch.order(d, layer="leader")
        assert await called(f"role({watch.unit}, duty_leader)", noon) == [d]
        assert await called(f"on_duty({watch.unit})", noon) == [a]


async def test_a_leader_alone_is_called_and_the_desk_counts_as_empty(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        await watch.order(watch.people[0], layer="leader")
        found = (await duty.duty_at(tx, [watch.unit], moment_of(TODAY, "12:00")))[watch.unit]
        assert [each.shift.person_id for each in found.called] == [watch.people[0]]
        assert not found.is_manned
        assert found.why_nobody == "only_leader"


async def test_leave_passes_the_turn_on_and_coming_back_brings_it_back(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(3)
        a, b, c = watch.people
        await watch.order()
        now = tx.clock.now()
        away = Leave(b, moment_of(TODAY, "00:00"), moment_of(TODAY + timedelta(days=10), "00:00"))
        leave = await record_leave(tx, watch.unit, away, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (0, 1, 2)] == [[a], [c], [c]]
        await end_leave(tx, leave, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (0, 1, 2)] == [[a], [b], [c]]


async def test_leave_with_nobody_left_is_a_gap_that_the_roster_shows(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(1)
        await watch.order()
        away = Leave(watch.people[0], moment_of(TODAY, "10:00"), moment_of(TODAY, "18:00"))
        await record_leave(tx, watch.unit, away, now=tx.clock.now(), actor=SYSTEM)
        assert await watch.on(0, 12) == []
        assert await watch.on(0, 19) == watch.people


async def test_who_leaves_the_organization_is_followed_by_the_next(
    db: Database, clock: FixedClock, drain: Drain
) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(2)
        a, b = watch.people
        await watch.order()
        ends = moment_of(TODAY + timedelta(days=2), "00:00")
        await tx.execute(update(MembershipRow).where(MembershipRow.person_id == b).values(until=ends))
        await jobs.schedule(tx, "notify.plan_rosters", {}, run_at=tx.clock.now())
    await drain()
    async with db.transaction() as tx:
        assert await tx.scalar(select(JobRow.done_at).where(JobRow.name == "notify.plan_roster"))
    async with db.transaction() as tx:
        watch.tx = tx
        assert [await watch.on(day) for day in (0, 1, 2, 3, 4, 5)] == [[a], [b], [a], [a], [a], [a]]
        (await tx.get_one(PersonRow, a)).retired_at = tx.clock.now()
        assert await watch.on(3) == []


async def test_a_calendar_that_comes_in_later_moves_the_orders_of_working_days(db: Database, drain: Drain) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(2)
        a, b = watch.people
        await watch.order(a, days="working", from_day=date(2027, 2, 1))
        await watch.order(b, days="rest", from_day=date(2027, 2, 1))
        spring = moment_of(date(2027, 2, 9), "12:00")
        assert await watch.at(spring) == [a]
        await import_year(
            tx, 2027, [Exceptional(date(2027, 2, 9), works=False)], source="test", actor=SYSTEM, now=tx.clock.now()
        )
    await drain()
    async with db.transaction() as tx:
        watch.tx = tx
        assert await watch.at(spring) == [b]


async def test_overrides_add_take_out_replace_and_tell_of_conflicts(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(3)
        a, b, c = watch.people
        await watch.order(a, b)
        now = tx.clock.now()
        morning = (moment_of(TODAY, "09:00"), moment_of(TODAY, "12:00"))

        async def change(kind: str, who: UUID | None = None, layer: str = "day", *, despite: bool = False) -> UUID:
            seat = Seat(who) if who else None
            given = NewOverride(kind, layer, *morning, seat, despite=despite)
            return await service.override(tx, watch.roster, given, now=now, actor=SYSTEM)

        with pytest.raises(Conflict) as refused:
            await change("remove")
        assert refused.value.code == "leaves_gap"
        taken = await change("remove", despite=True)
        assert [await watch.on(0, hour) for hour in (8, 10, 12)] == [[a], [], [a]]
        await service.take_back_override(tx, taken, now=now, actor=SYSTEM)
        assert await watch.on(0, 10) == [a]
        await change("replace", c)
        assert [await watch.on(0, hour) for hour in (8, 10, 12)] == [[a], [c], [a]]
        for kind, who, layer, code in (
            ("add", c, "backup", "double"),
            ("replace", b, "day", "overlaps"),
            ("remove", None, "night", "nobody_there"),
        ):
            with pytest.raises(Conflict) as refused:
                await change(kind, who, layer)
            assert refused.value.code == code
        await change("add", b, "backup")
        assert await watch.on(0, 10) == [c, b]


async def test_an_override_of_a_shift_that_was_entered_gives_it_back_unhurt(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(2)
        a, b = watch.people
        entered = duty.NewShift(moment_of(TODAY, "00:00"), moment_of(TODAY, "24:00"), person_id=a)
        await duty.add_shifts(tx, roster_id=watch.roster, shifts=[entered], now=tx.clock.now(), actor=SYSTEM)
        given = NewOverride("replace", "day", moment_of(TODAY, "10:00"), moment_of(TODAY, "20:00"), Seat(b))
        made = await service.override(tx, watch.roster, given, now=tx.clock.now(), actor=SYSTEM)
        assert [await watch.on(0, hour) for hour in (3, 12, 21)] == [[a], [b], [a]]
        clock.tick(hours=8)
        await service.take_back_override(tx, made, now=tx.clock.now(), actor=SYSTEM)
        assert [await watch.on(0, hour) for hour in (3, 11, 12, 21)] == [[a], [b], [a], [a]]


async def test_a_swap_needs_the_others_consent_and_both_are_told(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(3)
        a, b, c = watch.people
        await watch.order()
        now = tx.clock.now()
        names = await people.person_names(tx, [a, b])
        mine, theirs = await _shift_of(watch, 0), await _shift_of(watch, 1)
        asked = await swaps.ask(tx, gives=mine, of=b, takes=theirs, by=a, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (0, 1)] == [[a], [b]]
        assert await _told(tx, b) == [f"{names[a]} asks you to take the duty of 11-21 08:00–11-22 08:00"]
        with pytest.raises(Exception, match="not for you"):
            await swaps.accept(tx, asked, by=a, now=now, actor=SYSTEM)
        await swaps.accept(tx, asked, by=b, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (0, 1, 2)] == [[b], [a], [c]]
        assert await _told(tx, a) == [f"{names[b]} takes the duty of 11-21 08:00–11-22 08:00"]
        with pytest.raises(Conflict):
            await swaps.decline(tx, asked, by=b, now=now, actor=SYSTEM)


async def test_a_swap_that_is_refused_moves_nobody(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(2)
        a, b = watch.people
        await watch.order()
        now = tx.clock.now()
        asked = await swaps.ask(tx, gives=await _shift_of(watch, 0), of=b, by=a, now=now, actor=SYSTEM)
        await swaps.decline(tx, asked, by=b, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (0, 1)] == [[a], [b]]
        assert [each.status for each in await swaps.swaps_of(tx, person_id=a)] == ["declined"]


async def test_a_swap_that_would_make_a_double_or_meets_leave_is_refused(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(3)
        a, b, c = watch.people
        await watch.order(a, b)
        await watch.order(c, layer="backup")
        now = tx.clock.now()
        with pytest.raises(Conflict) as refused:
            await swaps.ask(tx, gives=await _shift_of(watch, 0), of=c, by=a, now=now, actor=SYSTEM)
        assert refused.value.code == "double"
        asked = await swaps.ask(tx, gives=await _shift_of(watch, 0), of=b, by=a, now=now, actor=SYSTEM)
        away = Leave(b, moment_of(TODAY, "00:00"), moment_of(TODAY + timedelta(days=1), "00:00"))
        await record_leave(tx, watch.unit, away, now=now, actor=SYSTEM)
        with pytest.raises(Conflict) as refused:
            await swaps.accept(tx, asked, by=b, now=now, actor=SYSTEM)
        assert refused.value.code == "away"


async def test_desk_and_backup_of_one_day_can_change_places(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin(2)
        a, b = watch.people
        await watch.order(a)
        await watch.order(b, layer="backup")
        now = tx.clock.now()
        asked = await swaps.ask(
            tx,
            gives=await _shift_of(watch, 0),
            of=b,
            takes=await _shift_of(watch, 0, "backup"),
            by=a,
            now=now,
            actor=SYSTEM,
        )
        await swaps.accept(tx, asked, by=b, now=now, actor=SYSTEM)
        assert await watch.on(0) == [b, a]


async def test_a_key_period_has_a_roster_of_its_own_and_then_the_usual_one_serves_again(db: Database) -> None:
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        a, b, c, d = watch.people
        await watch.order(a, b)
        await watch.order(d, layer="leader")
        now = tx.clock.now()
        span = Span(moment_of(TODAY + timedelta(days=2), "00:00"), moment_of(TODAY + timedelta(days=4), "00:00"))
        key = await make_temporary(tx, watch.roster, name="两会重保", span=span, now=now, actor=SYSTEM)
        assert await watch.on(2) == [a, d], "a schedule without orders takes nobody from the desk"
        order = Rotation("day", TODAY, ((Seat(c),),), starts="00:00", ends="24:00")
        await service.set_rotation(tx, key, order, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (1, 2, 3, 4)] == [[b, d], [c, d], [c, d], [a, d]]
        assert await watch.at(span.starts_at - timedelta(seconds=1)) == [b, d]
        assert await watch.at(span.starts_at) == [c, d]
        assert await watch.at(span.ends_at) == [b, d]
        with pytest.raises(Conflict):
            await make_temporary(tx, watch.roster, name="重保", span=span, now=now, actor=SYSTEM)
        await end_temporary(tx, key, now=now, actor=SYSTEM)
        assert [await watch.on(day) for day in (1, 2, 3, 4)] == [[b, d], [a, d], [b, d], [a, d]]
        assert (await tx.get_one(RosterRow, key)).retired_at is not None


async def test_the_calendar_shows_whom_a_page_would_find_at_every_hour(db: Database) -> None:
    """One path: the month and the page read the same shifts."""
    async with db.transaction() as tx:
        watch = await Watch(tx).begin()
        a, b, c, d = watch.people
        await watch.order(a, b, starts="08:00", ends="20:00")
        await watch.order(c, d, layer="night", starts="20:00", ends="08:00")
        await record_leave(
            tx, watch.unit, Leave(c, moment_of(TODAY, "22:00"), moment_of(TODAY + timedelta(days=3), "03:00")),
            now=tx.clock.now(), actor=SYSTEM,
        )  # fmt: skip
        planned = await watch.shifts()
        moment = moment_of(TODAY, "08:00")
        for _ in range(24 * 8):
            state = (await duty.duty_at(tx, [watch.unit], moment))[watch.unit].state
            shown = {who for starts_at, ends_at, who, _ in planned if starts_at <= moment < ends_at}
            assert isinstance(state, OnDuty)
            assert shown == {each.person_id for each in state.shifts}
            moment += timedelta(hours=1)


async def _told(tx: Tx, person: UUID) -> list[str]:
    rows = select(DeliveryRow.titles).where(DeliveryRow.person_id == person, DeliveryRow.channel == "in_app")
    return [titles["en"] for titles in await tx.scalars(rows.order_by(DeliveryRow.id))]


async def _shift_of(watch: Watch, day: int, layer: str = "day") -> UUID:
    noon = moment_of(TODAY + timedelta(days=day), "12:00")
    found = (await duty.shifts_between(watch.tx, [watch.unit], noon, noon + timedelta(minutes=1)))[watch.unit]
    return next(each.id for each in found if each.layer == layer)
