"""Runs on a real database: playbooks.advance, its inbox, its timers, its effects."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from irm import jobs
from irm.clock import FixedClock
from irm.db import Database
from irm.errors import Conflict, NotFound
from irm.jobs import JobRow
from irm.notify.models import DeliveryRow
from irm.obligations.forms import FILING
from irm.playbooks import inbox, runner, signals, starting
from irm.playbooks.inbox import ADVANCE
from irm.playbooks.models import RunInboxRow, RunRow, TaskRow
from irm.playbooks.tasks import Done, complete_task
from irm.wiring import WIRING
from tests.conftest import Drain
from tests.feature.playbooks.conftest import CLIMB, Night, night_in


async def test_the_desk_is_paged_then_the_leader_and_an_answer_ends_it(night: Night, drain: Drain) -> None:
    run = await night.begin()
    await drain()
    officer, leader = night.officer.person_id, night.leader.person_id
    assert await night.paged() == [("alarm", 1, 1, officer)]
    night.clock.tick(minutes=5)
    await drain()
    night.clock.tick(minutes=10)
    await drain()
    assert await night.paged() == [("alarm", 1, 1, officer), ("alarm", 1, 2, officer), ("alarm", 2, 1, leader)]
    await night.acknowledge(leader)
    await drain()
    night.clock.tick(hours=2)
    await drain()
    assert len(await night.paged()) == 3
    assert await night.steps(run) == {"alarm": "acknowledged", "end": "active"}
    assert await night.ledger("run.") == ["run.started", "run.step_opened", "run.step_done", "run.step_opened"]


async def test_an_answer_given_before_the_timeout_was_processed_wins(night: Night, drain: Drain) -> None:
    run = await night.begin()
    await drain()
    night.clock.tick(minutes=20)  # everything was down
    await night.acknowledge(night.officer.person_id)
    await drain()
    assert len(await night.paged()) == 1
    assert (await night.steps(run))["alarm"] == "acknowledged"


async def test_silence_is_loud(night: Night, drain: Drain) -> None:
    run = await night.begin()
    for _ in range(4):
        await drain()
        night.clock.tick(minutes=15)
    await drain()
    assert (await night.steps(run))["alarm"] == "exhausted"
    assert "run.exhausted" in await night.ledger("run.")


async def test_after_an_outage_every_rung_still_gets_its_time(night: Night, drain: Drain) -> None:
    await night.begin()
    await drain()
    night.clock.tick(hours=6)
    await drain()
    assert [page[1:3] for page in await night.paged()] == [(1, 1), (2, 1)]


async def test_nobody_on_duty_goes_to_the_leader_at_once(night: Night, drain: Drain) -> None:
    night.clock.tick(hours=30)
    await night.begin()
    await drain()
    assert await night.paged() == [("alarm", 2, 1, night.leader.person_id)]
    async with night.db.transaction() as tx:
        gap = await tx.scalar(select(DeliveryRow).where(DeliveryRow.channel == "none"))
    assert gap is not None
    assert gap.reason == "nobody_on_duty"


async def test_a_running_run_keeps_the_version_it_started_with(night: Night, drain: Drain) -> None:
    run = await night.begin()
    await drain()
    newer = await night.publish("  - {id: quite-other, wait: 5m}\n")
    assert (newer.version, newer.is_new) == (2, True)
    night.clock.tick(minutes=15)
    await drain()
    assert [page[:2] for page in await night.paged()] == [("alarm", 1), ("alarm", 2)]
    assert set(await night.steps(run)) == {"alarm", "end"}


async def test_one_run_for_a_playbook_and_a_subject(night: Night, drain: Drain) -> None:
    await night.begin()
    assert await night.start() == []
    assert await night.start("incident.reported") == []
    await drain()
    assert len(await night.paged()) == 1


async def test_a_fallback_starts_only_what_no_other_answers(night: Night) -> None:
    await night.publish("  - {id: a, wait: 5m}\n", id_="last", start="{on: incident.graded, fallback: true}")
    await night.publish(
        "  - {id: a, wait: 5m}\n", id_="first", start="{on: incident.graded, when: 'incident.at_least(\"重大\")'}"
    )
    (only,) = await night.start()
    assert (await night.run(only)).playbook_id == "last"
    night.subject_id = uuid4()
    (only,) = await night.start(reached=1)
    assert (await night.run(only)).playbook_id == "first"


async def test_what_happened_replays_to_what_is_stored(night: Night, drain: Drain) -> None:
    run = await night.begin(
        CLIMB + "  - {id: closing, report: {form: closing, by: on_duty(obligation.bearer), "
        "obligation: pack/closing, within: 1h}}\n"
    )
    await drain()
    night.clock.tick(minutes=15)
    await drain()
    await night.acknowledge(night.leader.person_id)
    known = await night.owe("pack/closing", night.unit)
    await drain()
    async with night.db.transaction() as tx:
        await starting.change_facts(tx, subject=night.subject, facts=night.facts(cii="yes"), now=night.clock.now())
        await starting.subject_handled(tx, subject=night.subject, now=night.clock.now())
    await drain()
    await night.owe("pack/closing", night.unit, "obligation.met", known)
    night.clock.tick(minutes=1)
    await drain()
    async with night.db.transaction() as tx:
        stored = await tx.get_one(RunRow, run)
        assert stored.status == "finished"
        replayed = await runner.replay(tx, run)
    assert replayed is not None
    assert replayed.to_json() == stored.state
    assert replayed.facts == stored.facts


async def test_an_effect_that_fails_does_not_end_the_night(
    night: Night, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    from irm.playbooks import tasks

    async def broken(*_args: Any, **_more: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(tasks, "open_task", broken)
    run = await night.begin(
        "  - {id: contain, task: {title: {zh-CN: 隔离}, to: on_duty(incident.using_units), within: 30m}}\n"
        "  - {id: alarm, after: [], page: [{to: on_duty(cloud_authority), via: [sms], within: 15m}]}\n"
    )
    await drain()
    assert [page[0] for page in await night.paged()] == ["alarm"]
    assert "run.effect_failed" in await night.ledger("run.")
    assert (await night.run(run)).status == "running"


async def test_duties_that_were_open_before_the_run_are_known_to_it(night: Night, drain: Drain) -> None:
    steps = "  - {id: report, report: {form: initial, by: on_duty(obligation.bearer), obligation: pack/first, within: 1h}}\n"
    known = await night.owe("pack/first", night.unit)
    run = await night.begin(steps)
    await drain()
    assert (await night.steps(run))["report"] == "active"
    await night.tell("submission.submitted", f"submission/{uuid4()}", {"form": FILING, "obligations": [str(known)]})
    await drain()
    assert (await night.steps(run))["report"] == "reported"
    await night.owe("pack/first", night.unit, "obligation.reopened", known)
    await drain()
    assert (await night.steps(run))["report"] == "active"


async def test_a_limit_that_runs_out_pages_who_owes_it(night: Night, drain: Drain) -> None:
    from irm.db import SYSTEM
    from irm.playbooks.publishing import publish_library

    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())
    known = await night.owe("pack/first", night.unit, "obligation.due_soon")
    await drain()
    assert await night.paged() == [("soon", 1, 1, night.unit_duty.person_id)]
    await night.acknowledge(night.unit_duty.person_id, "soon")
    night.clock.tick(minutes=30)
    await night.owe("pack/first", night.unit, "obligation.overdue", known)
    await drain()
    assert [page[0] for page in await night.paged()] == ["soon", "overdue-report"]
    await night.owe("pack/first", night.unit, "obligation.met", known)
    await drain()
    night.clock.tick(hours=3)
    await drain()
    assert len(await night.paged()) == 2


TASK = "  - {id: contain, task: {title: {zh-CN: 隔离}, to: on_duty(incident.using_units), within: 30m, checklist: [取证, 保全]}}\n"


async def principal_of(night: Night, account: Any) -> Any:
    from irm.access.principals import principal_of as make_principal

    async with night.db.transaction() as tx:
        return await make_principal(tx, account.id, now=night.clock.now())


async def test_a_task_is_done_by_its_own_organization_once(night: Night, drain: Drain) -> None:
    run = await night.begin(TASK)
    await drain()
    async with night.db.transaction() as tx:
        task = await tx.scalar(select(TaskRow))
    assert task is not None
    assert (task.organization_id, task.status, len(task.checklist)) == (night.unit, "open", 2)
    stranger, own = await _stranger(night), await principal_of(night, night.unit_duty)
    with pytest.raises(NotFound):
        await _complete(night, task.id, stranger, Done())
    await _complete(night, task.id, own, Done(frozenset({0}), note="hosts cut off"))
    await _complete(night, task.id, own, Done())
    await drain()
    assert await night.steps(run) == {"contain": "done"}
    assert await night.ledger("task.") == ["task.opened", "task.done"]


async def test_a_task_of_a_run_that_is_over_is_not_needed(night: Night, drain: Drain) -> None:
    await night.begin(TASK)
    await drain()
    async with night.db.transaction() as tx:
        await starting.cancel_runs(tx, subject=night.subject, reason="dismissed", now=night.clock.now())
    await drain()
    async with night.db.transaction() as tx:
        task = await tx.scalar(select(TaskRow))
    assert task is not None
    assert task.status == "cancelled"
    with pytest.raises(Conflict):
        await _complete(night, task.id, await principal_of(night, night.unit_duty), Done())


async def _stranger(night: Night) -> Any:
    from irm.access.policy import Role
    from tests import make

    async with night.db.transaction() as tx:
        other = await make.organization(tx, "using_unit")
        account = await make.account(tx, other, Role.DUTY_OFFICER)
    return await principal_of(night, account)


async def _complete(night: Night, task_id: UUID, principal: Any, done: Done) -> None:
    async with night.db.transaction(principal.actor) as tx:
        await complete_task(tx, task_id, done, principal=principal, actor=principal.actor, now=night.clock.now())


async def test_a_pause_stops_the_timers_and_what_has_passed_stays(night: Night, drain: Drain) -> None:
    run = await night.begin()
    await drain()
    night.clock.tick(minutes=10)
    await drain()
    async with night.db.transaction() as tx:
        await runner.set_rate(tx, run, 0.0, now=night.clock.now())
    night.clock.tick(hours=5)
    await drain()
    assert [page[1] for page in await night.paged()] == [1, 1]
    async with night.db.transaction() as tx:
        await runner.set_rate(tx, run, 2.0, now=night.clock.now())
    night.clock.tick(minutes=2, seconds=30)
    await drain()
    assert [page[1] for page in await night.paged()] == [1, 1, 2]


async def test_two_runners_at_once_take_every_turn_once(committed_db: Database, clock: FixedClock) -> None:
    night = await night_in(committed_db, clock)
    run = await night.begin()

    async def advance() -> bool:
        async with committed_db.transaction() as tx:
            return await runner.advance_run(tx, run)

    for minutes in (0, 5, 10):
        clock.tick(minutes=minutes)
        assert all(await asyncio.gather(*(advance() for _ in range(4))))
    assert [page[1:3] for page in await night.paged()] == [(1, 1), (1, 2), (2, 1)]
    async with committed_db.transaction() as tx:
        turns = list(await tx.scalars(select(RunInboxRow.turn).where(RunInboxRow.run_id == run)))
    assert sorted(turn for turn in turns if turn) == list(range(1, len(turns) + 1))


async def test_an_answer_and_a_timer_at_once_give_one_of_two_nights(committed_db: Database, clock: FixedClock) -> None:
    night = await night_in(committed_db, clock)
    run = await night.begin()

    async def advance() -> bool:
        async with committed_db.transaction() as tx:
            return await runner.advance_run(tx, run)

    await advance()
    clock.tick(minutes=15)
    await asyncio.gather(advance(), night.acknowledge(night.officer.person_id), advance())
    await advance()
    pages, steps = await night.paged(), await night.steps(run)
    assert steps["alarm"] == "acknowledged"
    assert len(pages) in (1, 2)
    clock.tick(hours=1)
    await advance()
    assert await night.paged() == pages, "nobody is paged after the answer was taken"


async def test_timers_do_not_pile_up(night: Night, drain: Drain, resources: jobs.Resources) -> None:
    run = await night.begin()
    for _ in range(6):
        night.clock.tick(seconds=10)
        async with night.db.transaction() as tx:
            await starting.change_facts(tx, subject=night.subject, facts=night.facts(), now=night.clock.now())
        await drain()
    async with night.db.transaction() as tx:
        waiting = await tx.scalar(
            select(func.count()).select_from(JobRow).where(JobRow.name == ADVANCE, JobRow.done_at.is_(None))
        )
    assert waiting == 1
    assert ADVANCE in WIRING.jobs
    assert (await night.run(run)).status == "running"


async def test_an_answer_never_waits_for_a_runner(committed_db: Database, clock: FixedClock) -> None:
    """Else the two could wait for each other: the runner holds the run and wants the messages, the answer the reverse."""
    night = await night_in(committed_db, clock)
    run = await night.begin()
    async with committed_db.transaction() as tx:
        await runner.advance_run(tx, run)
    clock.tick(minutes=15)
    async with committed_db.transaction() as tx:
        await runner.advance_run(tx, run)
        await asyncio.wait_for(night.acknowledge(night.officer.person_id), timeout=3)
    async with committed_db.transaction() as tx:
        await runner.advance_run(tx, run)
    assert (await night.steps(run))["alarm"] == "acknowledged"


async def test_a_playbook_that_cannot_be_read_makes_nothing_fail(night: Night) -> None:
    from irm.playbooks.models import PlaybookRow

    await night.publish("  - {id: a, wait: 5m}\n", id_="good")
    broken = await night.publish("  - {id: a, wait: 5m}\n", id_="broken")
    async with night.db.transaction() as tx:
        row = await tx.get_one(PlaybookRow, broken.id)
        row.source = row.source.replace("wait", "wiat")
    (only,) = await night.start()
    assert (await night.run(only)).playbook_id == "good"


async def test_everybody_named_has_to_answer_and_each_answer_counts(night: Night, drain: Drain) -> None:
    steps = f"""
  - id: alarm
    page: [{{to: ["person({night.officer.person_id})", "person({night.leader.person_id})"], via: [sms], within: 15m}}]
    until: acknowledged_by_all
  - {{id: end, wait: incident.handled}}
"""
    run = await night.begin(steps)
    await drain()
    assert len(await night.paged()) == 2
    await night.acknowledge(night.officer.person_id)
    await drain()
    assert (await night.steps(run))["alarm"] == "active"
    await night.acknowledge(night.leader.person_id)
    await drain()
    assert (await night.steps(run))["alarm"] == "acknowledged"


async def test_what_was_rolled_back_to_a_savepoint_wakes_nobody_but_what_follows_does(
    night: Night, drain: Drain, db: Database
) -> None:
    """An effect that fails takes its wake-up job along; the next thing told in the same transaction needs one."""
    run = await night.begin()
    await drain()
    async with db.transaction() as tx:
        row = await tx.get_one(RunRow, run)
        with suppress(RuntimeError):
            async with tx.begin_nested():
                await inbox.append(tx, row, signals.SubjectHandled(), now=night.clock.now(), key="first")
                raise RuntimeError
        await inbox.append(tx, row, signals.SubjectHandled(), now=night.clock.now(), key="second")
    assert await drain() > 0
    assert ((await night.run(run)).state or {})["handled"] is True
