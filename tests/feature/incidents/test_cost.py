"""What a filing, and its first call, cost in statements: numbers that may only fall."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from irm import release
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.jobs import JobRow
from irm.notify.models import DeliveryRow
from irm.obligations.models import SubmissionRow
from irm.playbooks.inbox import ADVANCE
from irm.playbooks.models import RunRow
from irm.playbooks.runner import advance_run
from tests.feature.incidents.conftest import City
from tests.statements import statements

URL: Final = "/api/v1/incidents"
MOST: Final = 57
MOST_UNTIL_THE_CALL: Final = 39


async def test_a_filing_costs_few_statements(
    engine: AsyncEngine, db: Database, clock: FixedClock, sign_in: Any, city: City, filing: Any
) -> None:
    """Two parts, five duties with four reminders each, two of them met by the filing itself, the library's playbooks."""
    async with db.transaction(SYSTEM) as tx:
        await release.publish(tx, actor=SYSTEM, now=clock.now())
    client = await sign_in(city.vendor_duty)
    await client.post(URL, json=filing())
    with statements(engine) as sent:
        answer = await client.post(URL, json=filing())
    assert answer.status_code == 201, answer.text
    assert len(sent) <= MOST, "\n".join([f"{len(sent)} statements", *(one.text for one in sent)])
    # What differs by the number of its rows is put together anew each time: twenty such took half of a filing's time.
    assert [one.text for one in sent if not one.is_known] == []


async def test_who_is_called_first_does_not_wait_until_the_drafts_are_written(
    engine: AsyncEngine, db: Database, clock: FixedClock, sign_in: Any, city: City, filing: Any
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await release.publish(tx, actor=SYSTEM, now=clock.now())
    client = await sign_in(city.vendor_duty)
    for _ in range(2):
        assert (await client.post(URL, json=filing(facts={"personal_records_leaked": 200_000_000}))).status_code == 201
    async with db.transaction(SYSTEM) as tx:
        woken = list(await tx.scalars(select(JobRow).where(JobRow.name == ADVANCE).order_by(JobRow.priority)))
        begun = {row.id: row.playbook_id for row in await tx.scalars(select(RunRow))}
    runs = [UUID(job.args["run"]) for job in woken]
    assert [begun[run] for run in runs] == ["report-chain"] * 2 + ["ransomware"] * 2  # whoever is called comes first
    first, second, *_ = runs

    async def advance(run: UUID) -> tuple[int, int]:
        async with db.transaction(SYSTEM) as tx:
            await advance_run(tx, run)
            calls = select(func.count()).where(DeliveryRow.run_id == run, DeliveryRow.purpose == "page")
            drafts = select(func.count()).where(SubmissionRow.run_id == run)
            return await tx.scalar(calls) or 0, await tx.scalar(drafts) or 0

    await advance(first)
    with statements(engine) as sent:
        calls, drafts = await advance(second)
    assert (calls > 0, drafts) == (True, 0)
    assert len(sent) - 2 <= MOST_UNTIL_THE_CALL, "\n".join([f"{len(sent)} statements", *(one.text for one in sent)])
    async with db.transaction(SYSTEM) as tx:
        again = await tx.scalars(select(JobRow).where(JobRow.name == ADVANCE, JobRow.args["run"].astext == str(second)))
        assert len(list(again)) > 1  # what is left has its job
    assert (await advance(second))[1] > 0
