"""Playbooks that begin one another, as far as they may."""

from sqlalchemy import select

from irm.ledger import LedgerEntryRow
from irm.playbooks.models import RunRow
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

NEVER = "{on: incident.graded, when: incident.handled}"


async def _chain(night: Night, *names: str) -> None:
    for name, following in zip(names, (*names[1:], None), strict=True):
        steps = f"  - {{id: next, run: {following}}}\n" if following else "  - {id: rest, wait: incident.handled}\n"
        start = NEVER if name != names[0] else "{on: incident.graded}"
        await night.publish(steps, id_=name, start=start)


async def _runs(night: Night) -> dict[str, int]:
    async with night.db.transaction() as tx:
        return {row.playbook_id: row.depth for row in await tx.scalars(select(RunRow).order_by(RunRow.id))}


async def _bodies(night: Night, action: str) -> str:
    async with night.db.transaction() as tx:
        return "\n".join(await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == action)))


async def test_three_begin_one_after_the_other_and_the_fourth_is_said_aloud(night: Night, drain: Drain) -> None:
    await _chain(night, "a", "b", "c", "d", "e")
    await night.start()
    await drain()
    assert await _runs(night) == {"a": 0, "b": 1, "c": 2, "d": 3}
    said = await _bodies(night, "run.not_begun")
    assert "too_deep" in said
    assert '"e"' in said


async def test_a_playbook_that_is_not_in_use_is_said_aloud(night: Night, drain: Drain) -> None:
    await night.begin("  - {id: next, run: missing}\n")
    await drain()
    assert "no_playbook" in await _bodies(night, "run.not_begun")


async def test_in_a_circle_each_runs_once(night: Night, drain: Drain) -> None:
    """The linter refuses it; two versions published at one moment may still give one."""
    await night.publish("  - {id: next, run: b}\n", id_="a")
    await night.publish("  - {id: next, run: a}\n", id_="b", start=NEVER)
    await night.start()
    await drain()
    assert await _runs(night) == {"a": 0, "b": 1}
    assert "begun_before" in await _bodies(night, "run.noted")
