"""Packs of a duty, a system, a year: what is in them, and for whom."""

import json
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from irm.access.policy import Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.errors import Invalid, NotFound
from irm.evidence import packs, verify
from tests import make
from tests.conftest import SignIn
from tests.feature.evidence.conftest import City

Made = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
async def number(city: City, client: httpx.AsyncClient, sign_in: SignIn, filing: Callable[..., Any]) -> str:
    await sign_in(city.unit_duty)
    answer = await client.post("/api/v1/incidents", json=filing(), headers={"idempotency-key": "a"})
    made: str = answer.json()["number"]
    return made


@pytest.fixture
def entries_of(db: Database, clock: FixedClock, settings: Settings, number: str) -> Made:
    """The entries of the pack that `account` gets; it must verify."""

    async def run(
        account: make.Account, kind: str, name: str, organization: UUID | None = None
    ) -> list[dict[str, Any]]:
        async with db.transaction() as tx:
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            pack_id = await packs.request_pack(
                tx, kind, name, by, locale="zh-CN", organization=organization, now=clock.now()
            )
        await packs.make_now(db, pack_id, settings)
        path = packs.pack_path(settings.home, pack_id)
        checked = verify.check(str(path))
        assert not isinstance(checked, str), checked
        assert checked.faults == []
        with zipfile.ZipFile(path) as there:
            name = next(one for one in there.namelist() if one.endswith("data/entries.jsonl"))
            return [json.loads(line) for line in there.read(name).decode().splitlines()]

    return run


async def lead(db: Database, organization: UUID) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, organization, Role.UNIT_HEAD)


async def test_a_duty(entries_of: Made, db: Database, city: City) -> None:
    async with db.transaction() as tx:
        duty = await tx.scalar(
            text("SELECT id FROM obligation WHERE bearer_id = :unit LIMIT 1").bindparams(unit=city.unit)
        )
    for account in (city.leader, await lead(db, city.unit)):
        entries = await entries_of(account, "obligation", str(duty))
        assert "obligation.opened" in [one["action"] for one in entries]
        assert all(str(duty) in one["subject"] or "/submission/" in one["subject"] for one in entries)
    for name in (str(duty), "nonsense"):
        with pytest.raises(NotFound):
            await entries_of(await lead(db, city.vendor if name == str(duty) else city.unit), "obligation", name)


async def test_a_system_with_its_incidents(entries_of: Made, db: Database, city: City) -> None:
    whole = await entries_of(city.leader, "system", "portal")
    actions = {one["action"] for one in whole}
    assert {"system.registered", "incident.filed", "obligation.opened"} <= actions
    share = await entries_of(await lead(db, city.vendor), "system", "portal")
    assert {one["action"] for one in share} >= {"system.registered", "incident.graded"}
    assert len(share) < len(whole)
    with pytest.raises(NotFound):
        await entries_of(await lead(db, city.other), "system", "portal")


async def test_a_year_of_the_city_of_a_unit_and_of_another(entries_of: Made, db: Database, city: City) -> None:
    city_wide = await entries_of(city.leader, "year", "2026")
    assert "incident.filed" in {one["action"] for one in city_wide}
    units = await entries_of(city.leader, "year", "2026", city.unit)
    assert 0 < len(units) < len(city_wide)
    own = await entries_of(await lead(db, city.unit), "year", "2026")
    assert {one["action"] for one in own if one["action"].startswith("incident")} >= {"incident.filed"}
    others = await entries_of(await lead(db, city.other), "year", "2026")
    assert not [one for one in others if one["action"].startswith("incident")]
    with pytest.raises(NotFound):
        await entries_of(await lead(db, city.other), "year", "2026", city.unit)
    assert await entries_of(city.leader, "year", "2025") == []


@pytest.mark.parametrize("year", ["20x6", "2027", "", "１９"])
async def test_a_year_that_is_none(entries_of: Made, city: City, year: str) -> None:
    with pytest.raises(Invalid):
        await entries_of(city.leader, "year", year)
