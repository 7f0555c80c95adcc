"""Who may take a level down, and what goes with it (DESIGN §2, §4)."""

from typing import Any

import httpx
from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.obligations.models import ObligationRow
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
PROVINCIAL = "cac-2025-reporting/other-operator"
POLICE = "cac-2025-reporting/crime"


async def _filed(client: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    return f"{URL}/{answer.json()['number']}"


async def _states(client: httpx.AsyncClient, where: str, **facts: Any) -> dict[str, Any]:
    answer = await client.patch(f"{where}/facts", json={"facts": facts})
    assert answer.status_code == 200, answer.text
    levels: dict[str, Any] = (await client.get(where)).json()["levels"]
    return levels


async def _assesses(client: httpx.AsyncClient, where: str, level: int) -> dict[str, Any]:
    answer = await client.post(f"{where}/assessments", json={"level": level, "reason": "nothing was lost after all"})
    assert answer.status_code == 201, answer.text
    outcome: dict[str, Any] = answer.json()
    return outcome


async def _duties(db: Database, rule: str) -> set[str]:
    async with db.transaction() as tx:
        return set(await tx.scalars(select(ObligationRow.status).where(ObligationRow.rule_id == rule)))


async def test_what_the_facts_once_reached_nobody_takes_down_alone_in_two_steps(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    """A million records; an hour later "none"; then 一般. The first step is a fact, the second a lowering of 较大."""
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    assert (await _states(client, where, personal_records_leaked=1_000_000))["reached"] == 3
    assert (await _states(client, where, personal_records_leaked="none"))["reached"] == 4
    asked = await _assesses(client, where, 4)
    assert asked["effective"] is False
    assert await _duties(db, PROVINCIAL) == {"open"}
    await sign_in(city.leader)
    done = await client.post(f"{where}/assessments/{asked['waiting']}/confirmation", json={"confirmed": True})
    assert done.status_code == 200, done.text
    assert await _duties(db, PROVINCIAL) == {"superseded"}


async def test_what_one_part_reached_counts_too(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.unit_duty)
    where = await _filed(client, filing())
    await _states(client, where, personal_records_leaked=1_000_000)
    await _states(client, where, personal_records_leaked="none")
    await sign_in(city.officer)
    assert (await _assesses(client, where, 4))["effective"] is False
    assert await _duties(db, PROVINCIAL) == {"open"}


async def test_facts_that_fell_hold_up_no_raise(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    await _states(client, where, personal_records_leaked=1_000_000)
    await _states(client, where, personal_records_leaked="none")
    assert (await _assesses(client, where, 3))["effective"] is True
    assert (await _assesses(client, where, 1))["effective"] is True


async def test_a_lowering_by_one_person_drops_only_what_hung_on_the_level(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """Suspected crime was stated and taken back: the police's duty is no matter of the level, so it stays."""
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    for suspected in (True, False):
        clock.tick(minutes=5)
        await _states(client, where, crime_suspected=suspected)
    assert await _duties(db, POLICE) == {"open"}
    assert (await _assesses(client, where, 4))["effective"] is True
    assert await _duties(db, PROVINCIAL) == {"superseded"}
    assert await _duties(db, POLICE) == {"open"}


async def test_two_persons_may_drop_what_a_fact_taken_back_left_standing(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    assert (await _assesses(client, where, 3))["effective"] is True
    for suspected in (True, False):
        await _states(client, where, crime_suspected=suspected)
    asked = await _assesses(client, where, 4)
    assert asked["effective"] is False
    await sign_in(city.leader)
    assert (
        await client.post(f"{where}/assessments/{asked['waiting']}/confirmation", json={"confirmed": True})
    ).is_success
    assert await _duties(db, PROVINCIAL) == {"superseded"}
    assert await _duties(db, POLICE) == {"superseded"}


async def test_while_it_is_suspected_two_persons_lower_the_level_and_the_police_still_hear_of_it(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    await _states(client, where, crime_suspected=True)
    assert (await _assesses(client, where, 4))["effective"] is True
    assert await _duties(db, PROVINCIAL) == {"superseded"}
    assert await _duties(db, POLICE) == {"open"}
