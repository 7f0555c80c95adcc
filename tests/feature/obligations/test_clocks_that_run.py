"""Opening, grading again, reminders, overdue: on a real database, time moved by the clock, jobs drained."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from irm.errors import Conflict, Invalid
from irm.notify.models import DeliveryRow
from irm.obligations import opening
from irm.obligations.opening import Lowering
from irm.rules.duties import Owed
from tests.feature.obligations.conftest import CITY, CLOSING, Night

Drain = Callable[[], Awaitable[int]]


async def reminders(night: Night) -> list[DeliveryRow]:
    """In-app reminders of the night: one for each message, whatever else it went by."""
    async with night.db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow)
            .where(DeliveryRow.subject == night.subject.path, DeliveryRow.purpose == "reminder")
            .order_by(DeliveryRow.created_at, DeliveryRow.id)
        )
        return list(rows)


async def reconcile(night: Night, *owed: Owed, lowering: Lowering | None = None) -> opening.Reconciled:
    async with night.db.transaction(night.actor) as tx:
        return await opening.reconcile(
            tx, owed, subject=night.subject, actor=night.actor, now=night.clock.now(), lowering=lowering
        )


LOWERED = Lowering("false figures")


async def test_opening_twice_opens_once(night: Night) -> None:
    assert len(await night.open(night.owed(), night.owed(CITY))) == 2
    assert await night.open(night.owed(), night.owed(CITY)) == ()
    assert await night.told("obligation") == ["obligation.opened", "obligation.opened"]


async def test_organizations_that_have_not_joined_are_information_only(night: Night) -> None:
    assert await night.open(night.owed(information_only=True, started_at=None)) == ()
    assert await night.duties() == []


async def test_reminded_at_each_mark_and_overdue_once(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed())
    for part, expected in ((0.49, []), (0.5, []), (0.75, ["obligation.due_soon"]), (0.9, ["obligation.due_soon"])):
        night.clock.set(night.known_at + timedelta(hours=4) * part)
        await drain()
        assert await night.told("obligation.due") == expected
    assert (await night.duty(one.id)).reminded == ["50", "75", "90"]
    assert len({row.page_key for row in await reminders(night)}) == 3
    night.clock.set(night.known_at + timedelta(hours=4))
    await drain()
    night.clock.tick(hours=2)
    await drain()
    assert await night.told("obligation.overdue") == ["obligation.overdue"]
    duty = await night.duty(one.id)
    assert (duty.status, duty.overdue_at) == ("open", duty.due_at)


async def test_no_reminder_after_the_report_was_handed_over(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed())
    await night.receipt(await night.hand_over(one.id))
    night.clock.tick(hours=5)
    await drain()
    assert await reminders(night) == []
    assert await night.told("obligation.overdue") == []


async def test_refused_after_the_limit_is_overdue_at_once(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed())
    submitted = await night.hand_over(one.id)
    night.clock.tick(hours=5)
    await night.receipt(submitted, "refused")
    await drain()
    assert await night.told("obligation.overdue") == ["obligation.overdue"]


async def test_handed_over_late_is_late_even_if_its_timer_had_not_run(night: Night) -> None:
    """irm was down over the limit and the report came before the timers did."""
    (one,) = await night.open(night.owed())
    night.clock.tick(hours=6)
    await night.hand_over(one.id)
    duty = await night.duty(one.id)
    assert (duty.status, duty.overdue_at) == ("submitted", duty.due_at)


@pytest.mark.parametrize(("after", "is_late"), [(-1, False), (0, False), (1, True)])
async def test_handed_over_in_the_last_second_is_in_time_and_one_later_is_late(
    night: Night, drain: Drain, after: int, is_late: bool
) -> None:
    (one,) = await night.open(night.owed())
    due_at = (await night.duty(one.id)).due_at
    assert due_at is not None
    night.clock.tick(seconds=(due_at - night.clock.now()).total_seconds() + after)
    await night.hand_over(one.id)
    night.clock.tick(hours=1)
    await drain()
    duty = await night.duty(one.id)
    assert (duty.status, duty.overdue_at) == ("submitted", due_at if is_late else None)


async def test_several_marks_at_once_become_one_message(night: Night, drain: Drain) -> None:
    await night.open(night.owed(), night.owed("cac-2025-reporting/crime"))
    night.clock.tick(hours=6)  # irm was away: every mark of both duties has passed
    await drain()
    sent = await reminders(night)
    assert len({row.page_key for row in sent}) == 1
    assert await night.told("obligation.overdue") == ["obligation.overdue", "obligation.overdue"]
    assert {row.organization_id for row in sent} == {night.operator}


async def test_advice_reminds_but_is_never_overdue(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed(force="惯例"))
    night.clock.tick(hours=6)
    await drain()
    assert len(await reminders(night)) == 1
    assert await night.told("obligation.overdue") == []
    assert (await night.duty(one.id)).overdue_at is None


async def test_born_late_is_marked_and_overdue_at_once(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed(started_at=night.known_at - timedelta(days=1), due_at=night.known_at))
    assert one.born_late
    await drain()
    assert await night.told("obligation") == ["obligation.opened", "obligation.overdue"]


async def test_prompt_duty_with_an_internal_limit_reminds_and_is_not_overdue(night: Night, drain: Drain) -> None:
    (one,) = await night.open(
        night.owed(kind="prompt", due_at=None, internal_due_at=night.known_at + timedelta(minutes=30))
    )
    night.clock.tick(hours=1)
    await drain()
    assert len({row.page_key for row in await reminders(night)}) == 1
    (duty,) = await night.duties()
    assert (duty.limit_word, duty.overdue_at, duty.status) == ("Internal limit", None, "open")
    assert one.id == duty.id


async def test_a_submission_without_receipt_is_an_alarm_once(night: Night, drain: Drain) -> None:
    (one,) = await night.open(night.owed())
    await night.hand_over(one.id)
    night.clock.tick(minutes=59)
    await drain()
    assert await night.told("submission.unreceipted") == []
    night.clock.tick(minutes=1)
    await drain()
    night.clock.tick(hours=3)
    await drain()
    assert await night.told("submission.unreceipted") == ["submission.unreceipted"]


async def test_grading_again_without_lowering_drops_nothing(night: Night) -> None:
    await night.open(night.owed(), night.owed(CITY))
    done = await reconcile(night, night.owed())
    assert (len(done.kept), done.superseded) == (1, ())
    assert [duty.status for duty in await night.duties()] == ["open", "open"]


async def test_lowering_supersedes_what_is_unreported_and_keeps_lateness(night: Night) -> None:
    province, city = await night.open(night.owed(), night.owed(CITY))
    await night.hand_over(province.id)
    night.clock.tick(hours=2)
    done = await reconcile(night, lowering=LOWERED)
    assert done.superseded == (city.id,)
    duty = await night.duty(city.id)
    assert (duty.status, duty.overdue_at, duty.reason) == ("superseded", duty.due_at, "false figures")
    assert (await night.duty(province.id)).status == "submitted"


async def test_the_closing_report_of_what_was_reported_stays_owed(night: Night) -> None:
    closing = night.owed(CLOSING, form="closing", satisfied_by=("closing",), start_event="handled_at")
    first, last = await night.open(night.owed(), closing)
    await night.receipt(await night.hand_over(first.id))
    done = await reconcile(night, lowering=LOWERED)
    assert done.kept == (last.id,)
    assert (await night.duty(last.id)).status == "open"


async def test_an_earlier_start_opens_the_next_generation(night: Night) -> None:
    (one,) = await night.open(night.owed())
    night.known_at -= timedelta(hours=1)
    done = await reconcile(night, night.owed())
    assert done.superseded == (one.id,)
    (opened,) = done.opened
    fresh = await night.duty(opened.id)
    assert (fresh.generation, fresh.started_at) == (2, night.known_at)
    assert (await night.duty(one.id)).superseded_by == opened.id


async def test_a_later_start_needs_a_lowering(night: Night) -> None:
    (one,) = await night.open(night.owed())
    night.known_at += timedelta(hours=1)
    night.clock.tick(hours=1)
    assert (await reconcile(night, night.owed())).opened == ()
    assert (await night.duty(one.id)).status == "open"
    assert len((await reconcile(night, night.owed(), lowering=LOWERED)).opened) == 1


async def test_a_duty_superseded_and_owed_again_is_a_new_generation(night: Night) -> None:
    await night.open(night.owed())
    await reconcile(night, lowering=LOWERED)
    (again,) = (await reconcile(night, night.owed())).opened
    assert (await night.duty(again.id)).generation == 2


async def test_a_reopened_incident_is_closed_anew(night: Night) -> None:
    closing = night.owed(CLOSING, form="closing", satisfied_by=("closing",), start_event="handled_at")
    (one,) = await night.open(closing)
    draft = await night.draft(one.id, {"cause": "a", "handling": "b", "harm": "c"})
    await night.submit(draft)
    await night.receipt(draft)
    night.clock.tick(days=2)
    later = night.owed(
        CLOSING, form="closing", satisfied_by=("closing",), start_event="handled_at", started_at=night.clock.now()
    )
    (again,) = (await reconcile(night, later)).opened
    assert (await night.duty(again.id)).status == "open"


async def test_only_a_rule_with_a_waiver_clause_can_be_waived(night: Night) -> None:
    plain, waivable = await night.open(night.owed(), night.owed(CITY, waiver={"en": "may be waived"}))
    async with night.db.transaction() as tx:
        how = {"reason": "agreed", "actor": night.actor, "now": night.clock.now()}
        with pytest.raises(Invalid):
            await opening.waive(tx, plain.id, **how)
        await opening.waive(tx, waivable.id, **how)
        with pytest.raises(Conflict):
            await opening.waive(tx, waivable.id, **how)
    assert (await night.duty(waivable.id)).status == "waived"
