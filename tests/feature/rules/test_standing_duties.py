"""What the rules ask for regularly is a line of a checklist with what was done last."""

import json
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from irm.access.models import OrganizationRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.obligations.standing_models import StandingRecordRow
from irm.rules.policies import adopt
from irm.rules.service import publish_builtin
from irm.systems.models import SystemRow
from irm.systems.service import change_system, entry
from tests import make
from tests.feature.incidents.test_cost import statements

PAGE = {"accept": "text/html"}


@dataclass(frozen=True)
class Unit:
    code: str
    officer: Any
    reporter: Any


@pytest.fixture
async def unit(db: Database, clock: FixedClock) -> Unit:
    """A unit with two systems of level 3 in operation; the rules of irm."""
    async with db.transaction() as tx:
        await publish_builtin(tx, actor=SYSTEM, now=clock.now())
        organization = await make.organization(tx, "using_unit")
        await make.system(tx, organization, life_cycle="live", level=3, name="人社业务系统")
        await make.system(tx, organization, life_cycle="live", level=3, name="门户网站")
        officer = await make.account(tx, organization, Role.COMPLIANCE_OFFICER)
        reporter = await make.account(tx, organization, Role.REPORTER)
        code = (await tx.get_one(OrganizationRow, organization)).code
    return Unit(code, officer, reporter)


async def lines(client: httpx.AsyncClient, unit: Unit) -> dict[str, Any]:
    answer = await client.get("/api/v1/standing-duties", params={"organization": unit.code})
    assert answer.status_code == 200, answer.text
    return {one["rule"]: one for one in answer.json()["lines"]}


async def test_the_checklist_names_duty_article_systems_and_that_nothing_is_recorded(unit: Unit, sign_in: Any) -> None:
    client = await sign_in(unit.officer)
    found = await lines(client, unit)
    of_systems = {name: one for name, one in found.items() if len(one["stands_for"]) == 2}
    assert of_systems
    assert all(one["last"] is None and len(one["without"]) == len(one["stands_for"]) for one in found.values())
    page = (await client.get("/obligations/standing", headers=PAGE)).text
    for one in found.values():
        assert f"/obligations/standing/{one['rule']}?" in page
        assert one["citation"]["article"]["zh-CN"] in page
    assert page.count("尚无记录") >= len(found)


async def test_a_record_is_kept_with_who_when_for_what_and_file(
    unit: Unit, sign_in: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(unit.officer)
    rule, one = next((name, one) for name, one in (await lines(client, unit)).items() if len(one["stands_for"]) == 2)
    first, second = one["stands_for"]
    sent = await client.post(
        f"/obligations/standing/{rule}",
        data={
            "organization": unit.code,
            "done_on": "2026-11-19",
            "what": "完成账号权限核查",
            "note": "附清单",
            "about": [first["path"]],
        },
        files={"file": ("清单.txt", b"a list", "text/plain")},
        headers=PAGE,
    )
    assert sent.status_code == 303, sent.text
    after = (await lines(client, unit))[rule]
    assert after["last"]["done_on"] == "2026-11-19"
    assert after["last"]["what"] == "完成账号权限核查"
    assert after["last"]["by"]
    assert after["without"] == [second["path"]]
    shown = (await client.get(sent.headers["location"], headers=PAGE)).text
    assert "完成账号权限核查" in shown
    assert f"/attachments/{after['last']['attachment']}" in shown
    assert second["name"] in shown
    async with db.transaction() as tx:
        entry = (await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "standing.recorded"))).one()
        row = (await tx.scalars(select(StandingRecordRow))).one()
    body = json.loads(entry.body)
    assert body["rule"] == rule
    assert "完成账号权限核查" not in entry.body
    assert row.citation == one["citation"]
    listed = (await client.get("/obligations/standing", headers=PAGE)).text
    assert "2026-11-19" in listed
    left = (await client.get("/obligations/standing?show=none", headers=PAGE)).text
    assert f"/obligations/standing/{rule}?" not in left


async def test_a_later_record_stands_before_an_earlier_one_whenever_they_were_written(
    unit: Unit, sign_in: Any, clock: FixedClock
) -> None:
    client = await sign_in(unit.officer)
    rule = next(iter(await lines(client, unit)))
    for day, what in (("2026-11-10", "新的"), ("2026-10-10", "旧的，后补录")):
        answer = await client.post(
            f"/api/v1/standing-duties/{rule}", json={"organization": unit.code, "done_on": day, "what": what}
        )
        assert answer.status_code == 201, answer.text
        clock.tick(minutes=1)
    history = (await client.get(f"/api/v1/standing-duties/{rule}", params={"organization": unit.code})).json()
    assert [one["what"] for one in history["records"]] == ["新的", "旧的，后补录"]
    assert history["line"]["last"]["what"] == "新的"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"done_on": "2027-01-01"}, "done_on"),
        ({"what": "  "}, "what"),
        ({"what": "长" * 2001}, "what"),
        ({"about": ["system/00000000-0000-0000-0000-000000000001"]}, "about"),
        ({"attachment": "00000000-0000-0000-0000-000000000001"}, "attachment"),
    ],
)
async def test_what_cannot_be_recorded_names_its_field(
    unit: Unit, sign_in: Any, given: dict[str, Any], field: str
) -> None:
    client = await sign_in(unit.officer)
    rule = next(iter(await lines(client, unit)))
    body = {"organization": unit.code, "done_on": "2026-11-19", "what": "检查", **given}
    answer = await client.post(f"/api/v1/standing-duties/{rule}", json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_nobody_sees_or_records_for_another_organization(unit: Unit, sign_in: Any, db: Database) -> None:
    async with db.transaction() as tx:
        other = await make.organization(tx, "using_unit")
        stranger = await make.account(tx, other, Role.COMPLIANCE_OFFICER)
        authority = await make.organization(tx, "cloud_authority")
        oversight = await make.account(tx, authority, Role.COMPLIANCE_OFFICER)
    client = await sign_in(unit.officer)
    rule = next(iter(await lines(client, unit)))
    body = {"organization": unit.code, "done_on": "2026-11-19", "what": "检查"}
    client = await sign_in(stranger)
    assert (await client.get("/api/v1/standing-duties", params={"organization": unit.code})).status_code == 404
    assert (await client.post(f"/api/v1/standing-duties/{rule}", json=body)).status_code == 404
    client = await sign_in(unit.reporter)
    assert rule in await lines(client, unit)
    assert (await client.post(f"/api/v1/standing-duties/{rule}", json=body)).status_code == 403
    client = await sign_in(oversight)
    assert rule in await lines(client, unit)


async def test_who_may_not_know_of_critical_infrastructure_sees_no_line_that_tells_of_it(
    unit: Unit, sign_in: Any, db: Database
) -> None:
    async with db.transaction() as tx:
        organization = await make.organization(tx, "using_unit")
        await make.system(tx, organization, life_cycle="live", level=3, cii="yes")
        officer = await make.account(tx, organization, Role.COMPLIANCE_OFFICER)
        reporter = await make.account(tx, organization, Role.REPORTER)
        code = (await tx.get_one(OrganizationRow, organization)).code
    here = Unit(code, officer, reporter)
    seen = await lines(await sign_in(officer), here)
    hidden = await lines(await sign_in(reporter), here)
    assert any(name.startswith("cii-2021/") for name in seen)
    assert not any(name.startswith("cii-2021/") for name in hidden)


async def test_adopting_a_citys_measures_adds_their_lines(
    unit: Unit, sign_in: Any, db: Database, clock: FixedClock
) -> None:
    before = await lines(await sign_in(unit.officer), unit)
    async with db.transaction() as tx:
        await adopt(tx, "tongren-data-2019", adopted=True, reason="参照执行", actor=SYSTEM, now=clock.now())
    after = await lines(await sign_in(unit.officer), unit)
    assert {name.partition("/")[0] for name in set(after) - set(before)} == {"tongren-data-2019"}


async def test_what_the_register_says_anew_stands_at_once(
    unit: Unit, sign_in: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(unit.officer)
    assert {each["name"] for each in await of_both(client, unit)} == {"人社业务系统", "门户网站"}
    async with db.transaction() as tx:
        portal = (await tx.scalars(select(SystemRow).where(SystemRow.name == "门户网站"))).one()
        given, version = await entry(tx, portal.id)
        renamed = replace(given, name="政府门户网站")
        await change_system(tx, portal.id, renamed, version=version, actor=SYSTEM, now=clock.now())
        await make.system(tx, portal.operator_id, life_cycle="live", level=3, name="政务服务平台")
    assert {each["name"] for each in await of_both(client, unit)} == {"人社业务系统", "政府门户网站", "政务服务平台"}


async def of_both(client: httpx.AsyncClient, unit: Unit) -> list[dict[str, str]]:
    """What the longest line stands for."""
    return max((one["stands_for"] for one in (await lines(client, unit)).values()), key=len)


async def test_a_checklist_costs_as_many_statements_however_many_systems_there_are(
    unit: Unit, sign_in: Any, db: Database, engine: AsyncEngine
) -> None:
    client = await sign_in(unit.officer)
    few = await statements_of_a_second_look(client, engine)
    async with db.transaction() as tx:
        operator = (await tx.scalars(select(SystemRow.operator_id))).first()
        for _ in range(12):
            await make.system(tx, operator, life_cycle="live", level=3)
    many = await statements_of_a_second_look(client, engine)
    assert many == few
    assert not [text for text in many if "FROM system_party" in text]


async def statements_of_a_second_look(client: httpx.AsyncClient, engine: AsyncEngine) -> list[str]:
    path = "/obligations/standing"
    assert (await client.get(path, headers=PAGE)).status_code == 200
    with statements(engine) as sent:
        assert (await client.get(path, headers=PAGE)).status_code == 200
    return [one.text for one in sent]
