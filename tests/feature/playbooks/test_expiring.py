"""An acknowledgement that led to nothing: the same people get new messages, and the ledger says why."""

from irm.playbooks import runner, starting
from tests.conftest import Drain
from tests.feature.playbooks.conftest import CLIMB, Night

HELD = CLIMB.replace("  - {id: end", "    expires: {after: 30m, unless: incident.assessed, times: 1}\n  - {id: end")


async def test_who_confirmed_and_let_it_lie_gets_a_new_message(night: Night, drain: Drain) -> None:
    run = await night.begin(HELD)
    await drain()
    officer = night.officer.person_id
    await night.acknowledge(officer)
    await drain()
    night.clock.tick(minutes=29)
    await drain()
    assert await night.paged() == [("alarm", 1, 1, officer)]
    night.clock.tick(minutes=1)
    await drain()
    assert await night.paged() == [("alarm", 1, 1, officer), ("alarm", 1, 5, officer)]
    assert "run.expired" in await night.ledger("run.")
    await night.acknowledge(officer)
    await drain()
    assert (await night.steps(run))["alarm"] == "acknowledged"
    night.clock.tick(minutes=30)
    await drain()
    assert (await night.steps(run))["alarm"] == "let_lie"
    assert "run.let_lie" in await night.ledger("run.")
    assert len(await night.paged()) == 2, "he was told often enough"
    async with night.db.transaction() as tx:
        assert await runner.replay(tx, run) == runner.state_of(await night.run(run))


async def test_who_assesses_in_time_is_left_alone(night: Night, drain: Drain) -> None:
    run = await night.begin(HELD)
    await drain()
    await night.acknowledge(night.officer.person_id)
    await drain()
    night.clock.tick(minutes=20)
    async with night.db.transaction() as tx:
        known = night.facts(assessed=3)
        await starting.change_facts(tx, subject=night.subject, facts=known, now=night.clock.now())
    await drain()
    night.clock.tick(hours=3)
    await drain()
    assert len(await night.paged()) == 1
    assert await night.steps(run) == {"alarm": "acknowledged", "end": "active"}


async def test_in_a_run_that_goes_faster_an_answer_is_given_in_its_own_time(night: Night, drain: Drain) -> None:
    """Ten times as fast: three minutes are half an hour, and an answer given after the page began again counts."""
    run = await night.begin(HELD)
    await drain()
    async with night.db.transaction() as tx:
        await runner.set_rate(tx, run, 10.0, now=night.clock.now())
    night.clock.tick(seconds=30)
    await night.acknowledge(night.officer.person_id)
    await drain()
    night.clock.tick(minutes=3)
    await drain()
    assert len(await night.paged()) == 2, "the page that began again"
    night.clock.tick(seconds=20)
    await night.acknowledge(night.officer.person_id)
    await drain()
    state = runner.state_of(await night.run(run))
    assert state is not None
    standing = state.steps["alarm"]
    assert (standing.outcome, standing.lapses) == ("acknowledged", 1)
    assert standing.opened_at is not None
    assert standing.done_at is not None
    assert standing.opened_at < standing.done_at
