"""An incident that is 一般: its desk is called once, and where it grows the chain calls and nothing rings beside it."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from irm.db import SYSTEM
from irm.playbooks import starting
from irm.playbooks.models import RunRow, TaskRow
from irm.playbooks.publishing import publish_library
from tests.conftest import Drain
from tests.feature.playbooks.conftest import Night

KIND = {"category": "malware", "subcategory": "worm"}
"""No playbook of the library is about it."""


@pytest.fixture
async def library(night: Night) -> None:
    async with night.db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=night.clock.now())


async def grows(night: Night, **incident: Any) -> None:
    """The incident turns out otherwise: what runs is told, and what answers it now begins."""
    async with night.db.transaction() as tx:
        known = night.facts(**KIND | incident)
        await starting.change_facts(tx, subject=night.subject, facts=known, now=night.clock.now())
    await night.start(**KIND | incident)


async def runs(night: Night) -> dict[str, UUID]:
    async with night.db.transaction() as tx:
        return {run.playbook_id: run.id for run in await tx.scalars(select(RunRow))}


async def rung(night: Night) -> list[tuple[str, int, UUID | None]]:
    """(step, rung, whom), each message once whatever its channels."""
    return list(dict.fromkeys((step, rung, who) for step, rung, _, who in await night.paged()))


@pytest.mark.usefixtures("library")
async def test_no_incident_is_filed_into_silence(night: Night, drain: Drain) -> None:
    await night.start(**KIND, reached=4, possible=4)
    await drain()
    assert set(await runs(night)) == {"ordinary"}
    assert await rung(night) == [("desk", 1, night.officer.person_id)]
    async with night.db.transaction() as tx:
        (task,) = await tx.scalars(select(TaskRow))
    assert (task.step_id, task.organization_id) == ("units", night.unit)
    night.clock.tick(hours=6)
    await drain()
    assert await rung(night) == [("desk", 1, night.officer.person_id)], "nobody's night is climbed into"
    assert (await night.steps((await runs(night))["ordinary"]))["desk"] == "exhausted", "but the silence is said"


@pytest.mark.usefixtures("library")
async def test_whoever_confirmed_and_never_said_that_it_is_no_graver_is_asked_by_the_next_shift(
    night: Night, drain: Drain
) -> None:
    await night.start(**KIND, reached=4, possible=4)
    await drain()
    await night.acknowledge(night.officer.person_id, "desk")
    await drain()
    night.clock.tick(hours=7)
    await drain()
    assert len(await night.paged()) == 1
    night.clock.tick(hours=1, minutes=1)
    await drain()
    assert len(await night.paged()) == 2


@pytest.mark.usefixtures("library")
async def test_where_it_grows_the_chain_calls_and_the_first_playbook_rings_no_more(night: Night, drain: Drain) -> None:
    await night.start(**KIND, reached=4, possible=4)
    await drain()
    await night.acknowledge(night.officer.person_id, "desk")
    night.clock.tick(minutes=20)
    await grows(night, reached=3, possible=3)
    await drain()
    assert set(await runs(night)) == {"ordinary", "report-chain"}
    called = [one for one in await rung(night) if one[2] == night.officer.person_id]
    assert called == [("desk", 1, night.officer.person_id), ("alarm", 1, night.officer.person_id)]
    await night.acknowledge(night.officer.person_id, "alarm")
    for _ in range(20):
        night.clock.tick(hours=1)
        await drain()
    assert [step for step, *_ in await night.paged()].count("desk") == 1, "also not once its answer has expired"
    assert {step for step, *_ in await rung(night)} == {"desk", "alarm", "units"}


@pytest.mark.usefixtures("library")
async def test_an_incident_that_is_grave_from_the_beginning_is_the_chains_alone(night: Night, drain: Drain) -> None:
    await night.start(**KIND, reached=4, possible=3)
    await drain()
    assert set(await runs(night)) == {"report-chain"}
