"""The register: what is refused, who sees what, and what runs where."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from irm.access.policy import AUTHORITY, Principal, Role
from irm.access.principals import principal_of
from irm.clock import FixedClock
from irm.db import Database, uuid7
from irm.errors import Conflict, Invalid
from irm.systems import queries
from tests import make


async def test_every_fault_is_named_and_nothing_is_stored(db: Database) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        with pytest.raises(Invalid) as refused:
            await make.system(
                tx,
                unit,
                code="bad code",
                name="",
                kind="thing",
                level=6,
                cii="maybe",
                portal_rank="world",
                life_cycle="x",
                users=-1,
                platform_id=unit,
                user_ids=[unit, uuid4()],
                resources=[("address", "10.1.2"), ("host", "ok")],
            )
        assert {one.field for one in refused.value.errors} == {
            "code",
            "name",
            "kind",
            "level",
            "cii",
            "portal_rank",
            "life_cycle",
            "user_count",
            "platform",
            "users",
            "resources.0",
        }
        assert await queries.systems_of(tx, [unit]) == []


async def test_a_code_is_taken_once(db: Database) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        await make.system(tx, unit, code="OA")
        with pytest.raises(Conflict):
            await make.system(tx, unit, code="OA")


async def test_bounds_of_facts_are_unknown_until_stated(db: Database) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        silent = await queries.system(tx, await make.system(tx, unit, cii="unknown"))
        stated = await queries.system(
            tx, await make.system(tx, unit, users=0, personal_records=1_200_000, portal_rank="prefecture", cii="yes")
        )
    assert (silent.register.users, silent.register.personal_records, silent.register.cii) == (None, None, "unknown")
    assert (stated.register.users, stated.register.personal_records) == (0, 1_200_000)
    assert (stated.register.portal_rank, stated.register.cii) == ("prefecture", "yes")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("10.8.0.77", {"platform", "oa", "portal"}),
        ("http://10.8.0.77:8080/login", {"platform", "oa", "portal"}),
        ("10.9.0.1", set()),
        ("2001:db8:8::5", {"oa"}),
        ("www.portal.city.gov.cn", {"portal"}),
        ("PORTAL.city.gov.cn", {"portal"}),
        ("city.gov.cn", set()),
        ("esx-04", {"platform", "oa", "portal"}),
        ("esx-04.dc.local", {"platform", "oa", "portal"}),
        ("", set()),
        ("'; DROP TABLE system --", set()),
    ],
)
async def test_a_resource_leads_to_what_runs_on_it(db: Database, asked: str, found: set[str]) -> None:
    async with db.transaction() as tx:
        unit = await make.organization(tx)
        platform = await make.system(
            tx,
            unit,
            code="platform",
            kind="platform",
            resources=[("address", "10.8.0.0/16"), ("host", "ESX-04")],
        )
        await make.system(tx, unit, code="oa", platform_id=platform, resources=[("address", "2001:db8:8::/48")])
        await make.system(tx, unit, code="portal", platform_id=platform, resources=[("domain", "portal.city.gov.cn")])
        assert {one.code for one in await queries.systems_at(tx, asked)} == found


async def test_who_may_name_which_system(client: httpx.AsyncClient, db: Database, sign_in: Any) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        ours, theirs, vendor = [await make.organization(tx, kind) for kind in ("using_unit", "using_unit", "vendor")]
        platform = await make.system(tx, authority, code="cloud", name="政务云平台", kind="platform")
        await make.system(tx, authority, code="empty", name="空平台", kind="platform")
        await make.system(tx, ours, code="oa", name="协同办公", platform_id=platform, cii="yes")
        await make.system(tx, theirs, code="pay", name="缴费系统", maintainer_ids=[vendor])
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
        reporter = await make.account(tx, ours, Role.REPORTER)
        lead = await make.account(tx, ours, Role.SECURITY_LEAD)
        handler = await make.account(tx, vendor, Role.HANDLER)

    async def named(account: make.Account, **asked: str) -> set[str]:
        await sign_in(account)
        return {one["code"] for one in (await client.get("/api/v1/systems", params=asked)).json()["systems"]}

    assert await named(officer) == {"cloud", "empty", "oa", "pay"}
    assert await named(reporter) == {"cloud", "oa"}
    assert await named(handler) == {"pay"}
    assert await named(officer, text="xtbg") == {"oa"}
    assert await named(officer, text="zhengwuyun") == {"cloud"}
    assert await named(officer, kind="platform") == {"cloud", "empty"}
    assert await named(reporter, text="jiaofei") == set()

    await sign_in(reporter)
    assert (await client.get("/api/v1/systems/pay")).status_code == 404
    assert (await client.get("/api/v1/systems/nothing")).status_code == 404
    assert (await client.get("/api/v1/systems/oa")).json()["cii"] is None  # need to know
    await sign_in(lead)
    assert (await client.get("/api/v1/systems/oa")).json()["cii"] == "yes"


async def test_naming_a_foreign_system_reads_like_an_unknown_one(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        ours, theirs = await make.organization(tx), await make.organization(tx)
        account = await make.account(tx, ours, Role.REPORTER)
        foreign = await make.system(tx, theirs)
        own = await make.system(tx, theirs, user_ids=[ours])
        reader = await principal_of(tx, account.id, now=clock.now())
        assert isinstance(reader, Principal)
        assert not await queries.may_name(tx, reader, foreign)
        assert not await queries.may_name(tx, reader, account.id)
        assert await queries.may_name(tx, reader, own)


async def test_a_unit_registers_and_changes_its_own_systems(
    client: httpx.AsyncClient, db: Database, sign_in: Any
) -> None:
    async with db.transaction() as tx:
        ours, theirs = await make.organization(tx), await make.organization(tx)
        lead = await make.account(tx, ours, Role.SECURITY_LEAD)
        foreign = await make.account(tx, theirs, Role.SECURITY_LEAD)
    await sign_in(lead)
    given = {"code": "oa", "name": "协同办公", "owner": str(ours), "level": 3, "level_fixed_on": "2026-03-02"}
    made = await client.post("/api/v1/systems", json=given)
    assert made.status_code == 201, made.text
    assert (made.json()["level_fixed_on"], made.json()["operator"], made.json()["version"]) == (
        "2026-03-02",
        str(ours),
        1,
    )
    assert (await client.post("/api/v1/systems", json=given)).status_code == 409
    for_others = await client.post("/api/v1/systems", json=given | {"code": "pay", "owner": str(theirs)})
    assert (for_others.status_code, for_others.json()["errors"][0]["field"]) == (403, "owner")

    filed = {"version": 1, "filing_number": "41040012345-00001", "filed_on": "2026-03-20", "user_count": 1200}
    changed = await client.patch("/api/v1/systems/oa", json=filed)
    assert changed.status_code == 200, changed.text
    assert changed.json()["changed"] == ["filed_on", "filing_number", "users"]
    assert (changed.json()["system"]["version"], changed.json()["system"]["user_count"]) == (2, 1200)
    stale = await client.patch("/api/v1/systems/oa", json=filed | {"user_count": 7})
    assert stale.status_code == 409
    again = await client.patch("/api/v1/systems/oa", json=filed | {"version": 2})
    assert (again.json()["changed"], again.json()["system"]["version"]) == ([], 2), "nothing changed, nothing written"
    odd = await client.patch("/api/v1/systems/oa", json={"version": 2, "filed_on": "2026-01-05", "level": 9})
    assert odd.status_code == 422
    assert {one["field"] for one in odd.json()["errors"]} == {"filed_on", "level"}
    given_away = await client.patch("/api/v1/systems/oa", json={"version": 2, "owner": str(theirs)})
    assert given_away.status_code == 403
    await sign_in(foreign)
    assert (await client.patch("/api/v1/systems/oa", json={"version": 2})).status_code == 404


async def test_a_platform_that_carries_systems_is_not_retired(
    client: httpx.AsyncClient, db: Database, sign_in: Any
) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        lead = await make.account(tx, authority, Role.SECURITY_LEAD)
        platform = await make.system(tx, authority, code="cloud", kind="platform")
        await make.system(tx, authority, code="oa", platform_id=platform)
    await sign_in(lead)
    refused = await client.patch("/api/v1/systems/cloud", json={"version": 1, "life_cycle": "retired"})
    assert refused.status_code == 409
    assert (await client.patch("/api/v1/systems/oa", json={"version": 1, "life_cycle": "retired"})).status_code == 200
    done = await client.patch("/api/v1/systems/cloud", json={"version": 1, "life_cycle": "retired"})
    assert done.json()["changed"] == ["life_cycle"]
    assert {one["code"] for one in (await client.get("/api/v1/systems")).json()["systems"]} == set()


async def test_more_systems_than_a_statement_takes_parameters_are_read_at_once(db: Database) -> None:
    """A city of 50,000 systems owes through the year like any other; PostgreSQL takes 32,767 parameters."""
    async with db.transaction() as tx:
        office = await make.organization(tx)
        known = await make.system(tx, office)
        found = await queries.systems(tx, [known, *(uuid7() for _ in range(33_000))])
    assert set(found) == {known}
