"""Many processes at the same time, on committed data."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from irm import performing
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database, Tx
from irm.jobs import CallFailed, JobRow, Resources
from irm.ledger import LedgerEntryRow
from irm.notify import jobs as notify, queries, service
from irm.notify.bundles import WHILE_ANOTHER_GATHERS
from irm.notify.messages import About
from irm.notify.models import DeliveryRow
from irm.notify.planning import Planned
from irm.one_at_a_time import be_alone
from irm.wiring import WIRING
from tests import make
from tests.fakes.outside import Outside

ABOUT = About("SJ-2026-000001", 1, "/incidents/SJ-2026-000001")


async def city(db: Database) -> tuple[make.Account, make.Account]:
    async with db.transaction() as tx:
        authority = await make.organization(tx, "cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        await make.duty(tx, authority, officer.person_id)
        leader = await make.account(tx, authority, Role.DUTY_LEADER)
        await make.duty(tx, authority, leader.person_id)
    return officer, leader


async def page(
    db: Database, officer: make.Account, key: str = "run/alarm", via: Any = ("sms", "email"), **more: Any
) -> Planned:
    async with db.transaction() as tx:
        now = tx.clock.now()
        targets = await queries.resolve(tx, f"on_duty({officer.organization_id})", {}, now)
        return await service.page(
            tx, key=key, targets=targets, via=via, about=ABOUT, subject=f"incident/{uuid4()}", now=now, **more
        )


async def deliveries_to_send(tx: Tx) -> list[UUID]:
    return list(await tx.scalars(select(JobRow.id).where(JobRow.name == "notify.deliver")))


async def count(db: Database, what: Any) -> int:
    async with db.transaction() as tx:
        return int(await tx.scalar(select(func.count()).select_from(what)) or 0)


async def test_the_same_page_planned_by_five_at_once_exists_once(committed_db: Database) -> None:
    officer, _ = await city(committed_db)
    planned = await asyncio.gather(*(page(committed_db, officer) for _ in range(5)))
    assert sum(len(each.waiting) for each in planned) == 4
    assert await count(committed_db, DeliveryRow) == 4
    async with committed_db.transaction() as tx:
        assert len(await deliveries_to_send(tx)) == 4


async def test_pages_planned_at_once_to_one_number_have_different_codes(
    committed_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though chance would give all of them the same."""
    monkeypatch.setattr("irm.notify.codes.secrets.randbelow", lambda _: 7)
    officer, _ = await city(committed_db)
    await asyncio.gather(*(page(committed_db, officer, f"run-{n}/alarm", ["sms"]) for n in range(8)))
    async with committed_db.transaction() as tx:
        codes = list(await tx.scalars(select(DeliveryRow.reply_code).where(DeliveryRow.person_id == officer.person_id)))
    assert len(set(codes)) == 8


async def test_confirmed_by_all_means_at_once_counts_once(committed_db: Database, clock: FixedClock) -> None:
    officer, _ = await city(committed_db)
    planned = await page(committed_db, officer)

    async def confirm(means: str) -> bool:
        async with committed_db.transaction() as tx:
            now = clock.now()
            done = await service.acknowledge(
                tx, planned.waiting[0], by_person=officer.person_id, means=means, at=now, now=now
            )
            return done.already

    found = await asyncio.gather(*(confirm(means) for means in ("page", "link", "api", "sms_reply", "contact_record")))
    assert sorted(found) == [False, True, True, True, True]
    async with committed_db.transaction() as tx:
        told = list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "delivery.acknowledged")))
    assert len(told) == 1


async def test_two_workers_send_each_message_once(
    committed_db: Database, outside: Outside, resources: Resources
) -> None:
    officer, leader = await city(committed_db)
    await page(committed_db, officer)

    async def work() -> int:
        async with committed_db.transaction() as tx:
            ids = await deliveries_to_send(tx)
        done = [await performing.perform(committed_db, WIRING.jobs, resources, each) for each in ids]
        return sum(done)

    assert sum(await asyncio.gather(work(), work(), work())) == 4
    assert sorted(each.path for each in outside.gateway.taken) == ["/sms", "/sms"]
    assert len(outside.mail.taken) == 2
    for person in (officer, leader):
        outside.expect.sms(person.telephone)
        outside.expect.mail(person.email)


@pytest.mark.parametrize("timed_out", [True, False])
async def test_a_call_that_broke_off_may_have_gone_out(db: Database, clock: FixedClock, timed_out: bool) -> None:
    officer, _ = await city(db)
    planned = await page(db, officer, via=["sms"])
    args = {"delivery": str(planned.waiting[0])}
    async with db.transaction() as tx:
        work = await notify.claim(tx, args, clock.now(), 1)
        assert work is not None
        again = await notify.record(
            tx, args, work, CallFailed("broke off", timed_out=timed_out), clock.now(), 1, is_current=True
        )
        assert again == timedelta(seconds=5)
        assert await notify.claim(tx, args, clock.now(), 2) is not None
        row = await tx.get_one(DeliveryRow, planned.waiting[0])
        assert (row.status, row.possibly_duplicate) == ("sending", True)


async def test_a_confirmation_does_not_wait_for_a_runner_that_holds_the_run(
    committed_db: Database, clock: FixedClock
) -> None:
    from irm.playbooks.models import RunInboxRow, RunRow
    from irm.playbooks.runner import advance_run
    from tests.feature.playbooks.conftest import night_in

    night = await night_in(committed_db, clock)
    run = await night.begin()
    async with committed_db.transaction() as tx:
        await advance_run(tx, run)
    async with committed_db.transaction() as runner:
        await advance_run(runner, run)
        await runner.execute(select(RunRow.id).where(RunRow.id == run).with_for_update(key_share=True))
        await asyncio.wait_for(night.acknowledge(night.officer.person_id), timeout=3)
        await service.close_page(runner, f"{run}/alarm", now=clock.now())
    assert await count(committed_db, RunInboxRow) >= 2


async def test_a_page_waits_for_no_other_that_is_being_planned(committed_db: Database) -> None:
    """Codes were chosen under one lock: in a storm a grave page stood behind every reminder that was being planned."""
    officer, leader = await city(committed_db)
    async with committed_db.transaction() as tx:
        for whom in (officer, leader):
            targets = await queries.resolve(tx, f"person({whom.login})", {}, tx.clock.now())
            await service.page(
                tx,
                key=f"reminder/{whom.login}",
                targets=targets,
                via=["sms"],
                about=ABOUT,
                subject=f"incident/{uuid4()}",
                now=tx.clock.now(),
            )
        async with asyncio.timeout(5):
            grave = await page(committed_db, officer, "grave/alarm", ["sms"])
    assert len(grave.waiting) == 2


async def test_a_message_to_where_another_gathers_comes_again_and_waits_with_no_connection(
    committed_db: Database, clock: FixedClock, resources: Resources, outside: Outside
) -> None:
    """Six that waited for one another filled the lane, and a grave page stood before it."""
    officer, leader = await city(committed_db)
    await page(committed_db, officer, "feared/alarm", ["sms"], urgency=3)
    async with committed_db.transaction() as tx:
        jobs = await deliveries_to_send(tx)
    async with committed_db.transaction() as gathering:
        for whom in (officer, leader):
            await be_alone(gathering, f"sms {whom.telephone}")
        async with asyncio.timeout(5):
            for job in jobs:
                assert not await performing.perform(committed_db, WIRING.jobs, resources, job)
    async with committed_db.transaction() as tx:
        again = set(await tx.scalars(select(JobRow.run_at).where(JobRow.id.in_(jobs))))
    assert again == {clock.now() + WHILE_ANOTHER_GATHERS}
    clock.tick(seconds=1)
    for job in jobs:
        assert await performing.perform(committed_db, WIRING.jobs, resources, job)
    for whom in (officer, leader):
        outside.expect.sms(whom.telephone)
