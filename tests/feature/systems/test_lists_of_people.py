"""People as a list: who may change what in it, how somebody is known again, and that what goes out comes back unchanged."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import engagements, service, staff_posts
from irm.access.engaging import Engagement
from irm.access.everybody import change_person, everybody
from irm.access.models import ContactAddressRow, PersonRow
from irm.access.policy import AUTHORITY, Role
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Database
from irm.documents.tables import write_sheet
from irm.i18n import translator
from irm.ledger import LedgerEntryRow
from irm.systems import people_list
from irm.systems.importing import ListRead
from irm.systems.people_written import carry_out, workbook
from tests import make
from tests.feature.systems.test_bringing_lists import count
from tests.feature.systems.test_lists_of_the_directory import looked_at, written

ZH = translator("zh-CN")
API = "/api/v1/people/imports"
LI = {"organization": "edu", "name": "李敏", "title": "信息中心主任", "sms": ["10000000001"], "login": "limin"}


@pytest.fixture
async def town(db: Database) -> dict[str, Any]:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY, code="data", name="市数据局")
        edu = await make.organization(tx, code="edu", name="市教育局")
        return {
            "authority": authority,
            "edu": edu,
            "health": await make.organization(tx, code="health", name="市卫健委"),
            "vendor": await make.organization(tx, "vendor", code="cloud", name="云川公司"),
            "system": await make.account(tx, authority, Role.SYSTEM_ADMINISTRATOR),
            "security": await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
            "unit": await make.account(tx, edu, Role.SECURITY_LEAD),
            "officer": await make.account(tx, authority, Role.DUTY_OFFICER),
        }


def people(*rows: dict[str, Any]) -> bytes:
    return write_sheet(people_list.COLUMNS, rows, title="人员", t=ZH)


def wide(digits: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) for one in digits)


async def at_fault(client: httpx.AsyncClient, drain: Any, *rows: dict[str, Any]) -> list[str]:
    _, looked = await looked_at(client, drain, people(*rows), API)
    return [one["field"] for one in looked["faults"]]


async def person_called(db: Database, name: str) -> Any:
    async with db.transaction() as tx:
        return next((one for one in (await everybody(tx, now=db.clock.now())).values() if one.name == name), None)


async def test_one_opens_accounts_and_another_gives_roles(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["system"])
    assert await at_fault(client, drain, LI | {"roles": ["reporter"]}) == ["D2"], "roles are not the account keeper's"
    assert (await written(client, drain, people(LI), API))["new"] == 1
    await sign_in(town["security"])
    assert await at_fault(client, drain, LI | {"login": "nobody-yet", "name": "王芳"}) == ["B2", "I2"]
    given = await written(client, drain, people(LI | {"roles": ["reporter", "handler"]}), API)
    assert (given["new"], given["changed"]) == (0, 1)
    li = await person_called(db, "李敏")
    assert (li.login, li.title, li.roles) == ("limin", "信息中心主任", {town["edu"]: {Role.REPORTER, Role.HANDLER}})
    less = {"organization": "edu", "name": "李敏", "roles": ["reporter"]}
    _, looked = await looked_at(client, drain, people(less), API)
    (line,) = looked["rows"]
    assert [(one["field"], one["after"]) for one in line["changes"]] == [("roles", ZH("Reporter"))]
    await written(client, drain, people(less), API)
    assert (await person_called(db, "李敏")).roles == {town["edu"]: {Role.REPORTER}}, (
        "known by name where they hold a role"
    )
    assert await count(db, LedgerEntryRow.action == "people.imported") == 3


async def test_numbers_are_replaced_and_an_empty_cell_leaves_them(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    await sign_in(town["system"])
    await written(client, drain, people(LI | {"email": ["li@edu.invalid"]}), API)
    done = await written(client, drain, people(LI | {"sms": [wide("10000000002")], "title": None}), API)
    assert done["changed"] == 1
    li = await person_called(db, "李敏")
    assert (li.addresses, li.title) == ({"sms": ["10000000002"], "email": ["li@edu.invalid"]}, "信息中心主任")
    async with db.transaction() as tx:
        rows = list(await tx.scalars(select(ContactAddressRow).where(ContactAddressRow.person_id == li.id)))
    assert {row.address: (row.preference, row.disabled_at is None) for row in rows} == {
        "10000000001": (1, False),
        "10000000002": (1, True),
        "li@edu.invalid": (2, True),
    }
    odd = [
        LI | {"sms": ["12"]},
        LI | {"name": "甲", "login": "jia", "email": ["nobody"]},
        LI | {"login": "BAD LOGIN", "name": "乙"},
    ]
    assert await at_fault(client, drain, odd[0]) == ["E2"]
    assert await at_fault(client, drain, odd[1]) == ["H2"]
    assert await at_fault(client, drain, odd[2]) == ["I2"]


async def test_a_unit_keeps_the_numbers_of_its_own_people_and_learns_of_no_others(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        own = await make.person(tx, town["edu"], Role.REPORTER, name="李敏", sms="10000000001", email="")
        foreign = await make.person(tx, town["health"], Role.REPORTER, name="王芳", sms="10000000009")
        both = await make.person(tx, town["edu"], Role.REPORTER, name="赵磊", sms="10000000005", email="")
        await make.access.grant_role(
            tx, person_id=both, organization_id=town["health"], role=Role.REPORTER, actor=SYSTEM, now=db.clock.now()
        )
    await sign_in(town["unit"])
    mine = {"organization": "edu", "name": "李敏", "person": str(own)}
    assert (await written(client, drain, people(mine | {"sms": ["10000000003"]}), API))["changed"] == 1
    assert await at_fault(client, drain, mine | {"name": "李敏敏"}) == ["B2"]
    assert await at_fault(client, drain, mine | {"roles": ["unit_head"]}) == ["D2"]
    assert await at_fault(client, drain, {"organization": "edu", "name": "赵磊", "sms": ["10000000006"]}) == ["E2"]
    where, looked = await looked_at(
        client,
        drain,
        people({"organization": "edu", "name": "王芳", "person": str(foreign), "sms": ["10000000008"]}),
        API,
    )
    assert [one["field"] for one in looked["faults"]] == ["J2"]
    assert "10000000009" not in (await client.get(where)).text
    exported = await client.get("/api/v1/people/export")
    assert exported.status_code == 200
    sheet = (await people_list.read_list(exported.content)).sheet
    names = {row["name"] for row in sheet.rows}
    assert ("李敏" in names, "王芳" in names, "login" in sheet.columns) == (True, False, False)


async def test_what_roles_cannot_be_given_so(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        person = str(await make.person(tx, town["edu"], Role.REPORTER, name="李敏"))
        engineer = await make.person(tx, town["vendor"], Role.HANDLER, name="工程师丙")
        refused = Engagement("1", date(2026, 1, 1), None, "refused", date(2026, 1, 1), "保密办")
        await engagements.state(tx, town["vendor"], engineer, refused, actor=SYSTEM, now=db.clock.now())
    await sign_in(town["security"])
    li = {"organization": "edu", "name": "李敏", "person": person}
    assert await at_fault(client, drain, li | {"roles": ["audit_administrator"]}) == ["D2"]
    both = {"organization": "data", "name": "李敏", "person": person}
    two = ["audit_administrator", "security_administrator"]
    assert await at_fault(client, drain, both | {"roles": two}) == ["D2"], "nobody holds two of the three"
    me = {"organization": "data", "name": "x", "person": str(town["security"].person_id)}
    async with db.transaction() as tx:
        me["name"] = (await everybody(tx, now=db.clock.now()))[town["security"].person_id].name
    assert await at_fault(client, drain, me | {"roles": ["duty_leader"]}) == ["D2"], "nobody gives themselves a role"
    third = {"organization": "cloud", "name": "工程师丙", "roles": ["handler", "duty_officer"]}
    assert await at_fault(client, drain, third) == ["D2"], "who was vetted and refused is given none"


async def test_nobody_gets_a_second_administrators_role_by_two_rows_or_by_two_authorities(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        await make.organization(tx, AUTHORITY, code="county", name="示例县数据局")
        free = str(await make.person(tx, town["edu"], name="李敏"))
        bound = str(await make.person(tx, town["authority"], Role.AUDIT_ADMINISTRATOR, name="王芳"))
    await sign_in(town["security"])
    rows = [{"organization": each, "name": "李敏", "person": free} for each in ("data", "county")]
    twice = [
        each | {"roles": [role]}
        for each, role in zip(rows, ("audit_administrator", "system_administrator"), strict=True)
    ]
    assert await at_fault(client, drain, *twice) == ["D3"]
    again = {"organization": "county", "name": "王芳", "person": bound, "roles": ["audit_administrator"]}
    assert await at_fault(client, drain, again) == ["D2"]


async def test_a_login_name_that_is_taken_is_said_in_its_cell(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    now = db.clock.now()
    async with db.transaction(SYSTEM) as tx:
        gone = await make.access.register_person(tx, name="已离任者", actor=SYSTEM, now=now)
        await make.access.create_account(tx, person_id=gone, login="gone", actor=SYSTEM, now=now)
        (await tx.get_one(PersonRow, gone)).retired_at = now
        there = str(await make.access.register_person(tx, name="无账号者", actor=SYSTEM, now=now))
    await sign_in(town["system"])
    assert await at_fault(client, drain, LI | {"login": "gone"}) == ["I2"]
    known = {"organization": "edu", "name": "无账号者", "person": there, "login": "limin"}
    assert await at_fault(client, drain, known, LI) == ["I3"], "one row's new login name is another row's"


async def test_a_role_that_was_taken_at_night_stands_in_no_list(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    officer = town["officer"]
    signed = await sign_in(officer)
    asked = {"organization": "data", "role": "duty_leader", "reason": "带班领导电话无人接听，需立即批准下线"}
    assert (await signed.post("/api/v1/break-glass", json=asked)).status_code == 201
    async with db.transaction() as tx:
        now = db.clock.now()
        sheet = (await people_list.read_list(await workbook(tx, None, "data", ZH, now))).sheet
    (row,) = [row for row in sheet.rows if row["person"] == str(officer.person_id)]
    assert row["roles"] == ("duty_officer",), "brought back next week it would be given for good"
    me = {"organization": "data", "name": row["name"], "person": row["person"]}
    await sign_in(town["security"])
    done = await written(client, drain, people(me | {"roles": ["duty_officer", "reporter"]}), API)
    assert done["changed"] == 1, "and a list does not stumble over it"


async def test_a_role_for_named_systems_is_neither_widened_nor_ended_by_a_list(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        portal = await make.system(tx, town["edu"], code="portal", name="门户")
        person = await make.person(tx, town["edu"], Role.HANDLER, name="李敏", systems=[portal])
        content = await workbook(tx, None, "edu", ZH, db.clock.now())
    (row,) = [row for row in (await people_list.read_list(content)).sheet.rows if row["name"] == "李敏"]
    assert row["roles"] in (None, ()), "what a list cannot say, it does not say"
    await sign_in(town["security"])
    li = {"organization": "edu", "name": "李敏", "person": str(person)}
    assert await at_fault(client, drain, li | {"roles": ["handler"]}) == ["D2"]
    await written(client, drain, people(li | {"roles": ["reporter"]}), API)
    after = await person_called(db, "李敏")
    assert (after.roles, after.limited) == ({town["edu"]: {Role.REPORTER}}, {town["edu"]: {Role.HANDLER}})


async def test_who_holds_no_role_is_nobodys_whose_numbers_a_keeper_changes(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        free = str(await make.access.register_person(tx, name="无角色者", actor=SYSTEM, now=db.clock.now()))
    await sign_in(town["security"])
    row = {"organization": "edu", "name": "无角色者", "person": free, "sms": ["10000000007"]}
    assert await at_fault(client, drain, row) == ["E2"]


async def test_what_goes_out_comes_back_unchanged(town: dict[str, Any], db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        for name, title in (("张伟", ""), ("张伟", "=HYPERLINK(1)"), ("+甲", "主任")):
            person = await make.person(tx, town["edu"], Role.REPORTER, Role.HANDLER, name=name)
            await make.access.grant_role(
                tx,
                person_id=person,
                organization_id=town["health"],
                role=Role.HANDLER,
                actor=SYSTEM,
                now=db.clock.now(),
            )
            await change_person(tx, person, name=name, title=title, actor=SYSTEM, now=db.clock.now())
        await make.access.register_person(tx, name="无角色者", actor=SYSTEM, now=db.clock.now())
        now = db.clock.now()
        content = await workbook(tx, None, "", ZH, now)
        made = await people_list.plan(tx, await people_list.read_list(content), by=None, now=now)
    assert not made.faults, [one.text(ZH) for one in made.faults]
    assert (len(made.new), len(made.changed), made.unchanged, list(made.missing)) == (0, 0, 11, [])


async def test_one_person_in_two_organizations_is_registered_once(town: dict[str, Any], db: Database) -> None:
    rows = [LI | {"roles": ["reporter"]}, LI | {"organization": "health", "roles": ["handler"]}]
    async with db.transaction(SYSTEM) as tx:
        now = db.clock.now()
        read: ListRead = await people_list.read_list(people(*rows))
        await carry_out(tx, await people_list.plan(tx, read, by=None, now=now), seen=None, actor=SYSTEM, now=now)
        again = await people_list.plan(tx, read, by=None, now=now)
        odd = await people_list.read_list(people(LI, LI, LI | {"organization": "health", "title": "别的职务"}))
        wrong = await people_list.plan(tx, odd, by=None, now=now)
    li = await person_called(db, "李敏")
    assert li.roles == {town["edu"]: {Role.REPORTER}, town["health"]: {Role.HANDLER}}
    assert again.unchanged == 2
    assert [one.field for one in wrong.faults] == ["B3", "B4"]


async def test_who_stands_on_record_without_a_role_is_known_by_name(
    client: httpx.AsyncClient, town: dict[str, Any], sign_in: Any, drain: Any, db: Database
) -> None:
    """Else the vetting of a vendor's engineer, and the post of an official, were somebody else's than their account."""
    async with db.transaction(SYSTEM) as tx:
        now = db.clock.now()
        engineer = await service.register_person(tx, name="丁一", actor=SYSTEM, now=now)
        today = now.astimezone(SHANGHAI).date()
        vetted = Engagement("合同 1", today, None, "passed", today, "保密办")
        await engagements.state(tx, town["vendor"], engineer, vetted, actor=SYSTEM, now=now)
        office = await staff_posts.enter(
            tx, town["edu"], staff_posts.Stated("安全管理员", "security_administrator"), actor=SYSTEM, now=now
        )
        official = await staff_posts.hold(tx, office, name="李敏", actor=SYSTEM, now=now)
    await sign_in(town["system"])
    rows = (LI, {"organization": "cloud", "name": "丁一", "login": "dingyi"})
    counted = await written(client, drain, people(*rows), API)
    assert (counted["new"], counted["changed"]) == (0, 2)
    assert (await person_called(db, "李敏")).id == official
    assert (await person_called(db, "丁一")).id == engineer
