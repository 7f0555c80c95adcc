"""Whoever works for one system finds no way to another beside it: in lists of findings, packs, forms, and at night."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access import glass
from irm.access.delegating import Handing
from irm.access.delegations import hand_over
from irm.access.models import MembershipRow
from irm.access.policy import AUTHORITY, Role
from irm.access.principals import principal_of
from irm.access.security import security_policy
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.documents.tables import Page as Sheet, write_pages
from irm.errors import Forbidden
from irm.evidence import packs
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_limited_acts import both
from tests.feature.access.test_limited_to_systems import Desk, desk, filed
from tests.feature.access.test_signing_in import PAGE

__all__ = ["desk"]


@pytest.fixture
async def keeper(db: Database, desk: Desk) -> make.Account:
    """Answers for the portal's tests and findings, and for its alone."""
    async with db.transaction() as tx:
        return await make.account(tx, desk.unit, Role.COMPLIANCE_OFFICER, systems=[desk.portal])


async def planned_test(client: httpx.AsyncClient) -> str:
    made = await client.post("/api/v1/assessments", json={"system": "portal", "planned_on": "2026-12-20"})
    assert made.status_code == 201, made.text
    return str(made.json()["number"])


def listed(*rows: tuple[str, ...]) -> dict[str, Any]:
    head = ("问题项编号", "发现的问题", "涉及系统")
    return {"file": ("list.xlsx", write_pages([Sheet("问题项", head, rows)]))}


async def test_a_list_of_ones_own_test_changes_no_finding_of_another_system(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, keeper: make.Account, db: Database
) -> None:
    async with db.transaction() as tx:
        await sign_in(await make.account(tx, desk.unit, Role.COMPLIANCE_OFFICER))
    given = {"title": "弱口令", "organization": str(desk.unit), "due_on": "2026-12-20", "origin": "self_check"}
    of_mail = (await client.post("/api/v1/findings", json=given | {"systems": ["mail"]})).json()["number"]
    of_portal = (await client.post("/api/v1/findings", json=given | {"systems": ["portal"]})).json()["number"]
    await sign_in(keeper)
    path = f"/api/v1/assessments/{await planned_test(client)}/findings"
    foreign = await client.post(f"{path}/import", files=listed((of_mail, "已改写", "")))
    moved = await client.post(f"{path}/import", files=listed((of_portal, "弱口令", "mail")))
    for refused in (foreign, moved):
        assert refused.status_code == 422, refused.text
        assert [one["field"] for one in refused.json()["errors"]] == ["B2"]
    own = await client.post(f"{path}/import", files=listed((of_portal, "口令强度不足", ""), ("", "缺少审计", "")))
    assert own.status_code == 200, own.text
    assert (own.json()["changed"], own.json()["new"]) == (1, 1)
    async with db.transaction() as tx:
        await sign_in(await make.account(tx, desk.unit, Role.COMPLIANCE_OFFICER))
    assert (await client.get(f"/api/v1/findings/{of_mail}")).json()["title"] == "弱口令"


async def test_a_finding_of_ones_own_test_names_no_other_system(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, keeper: make.Account
) -> None:
    await sign_in(keeper)
    number = await planned_test(client)
    path = f"/api/v1/assessments/{number}/findings"
    answers = [
        (await client.post(path, json={"title": "弱口令", "due_on": "2026-12-20", "systems": systems})).status_code
        for systems in (["mail"], ["portal", "mail"], ["portal"], [])
    ]
    assert answers == [403, 403, 201, 201]
    for form in (f"/assessments/{number}/findings/new", "/findings/new"):
        offered = (await client.get(form, headers=PAGE)).text
        assert "门户网站" in offered, form
        assert "邮件系统" not in offered, form


async def test_nobody_takes_out_the_year_of_the_city_who_works_for_one_system(
    client: httpx.AsyncClient, sign_in: SignIn, keeper: make.Account, db: Database, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        by = await principal_of(tx, keeper.id, now=clock.now())
        assert by is not None
        with pytest.raises(Forbidden):
            await packs.request_pack(tx, "year", "2026", by, locale="zh-CN", organization=None, now=clock.now())
        assert await packs.request_pack(tx, "system", "portal", by, locale="zh-CN", organization=None, now=clock.now())
    await sign_in(keeper)
    asked = {"kind": "year", "name": "2026"}
    assert (await client.post("/api/v1/evidence-packs", json=asked)).status_code == 403


async def test_what_could_be_merged_is_offered_as_far_as_it_is_theirs_to_see(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database, clock: FixedClock
) -> None:
    about_portal, about_mail = await both(client, sign_in, desk, db, clock)
    again = await filed(client, "portal", clock.now())
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        leader = await make.account(tx, authority, Role.DUTY_LEADER, systems=[desk.portal])
    await sign_in(leader)
    offered = (await client.get(f"/incidents/{about_portal}/merge", headers=PAGE)).text
    assert again in offered
    assert about_mail not in offered


async def test_the_form_of_ones_own_system_names_its_platform_and_no_other(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database
) -> None:
    async with db.transaction() as tx:
        cloud = await make.system(tx, desk.unit, code="cloud-1", name="政务云平台", kind="platform")
        await make.system(tx, desk.unit, code="cloud-2", name="备份平台", kind="platform")
        forum = await make.system(tx, desk.unit, code="forum", name="论坛", platform_id=cloud)
        await make.system(tx, desk.unit, code="hidden", name="财务系统", platform_id=cloud)
        of_forum = await make.account(tx, desk.unit, Role.COMPLIANCE_OFFICER, systems=[forum])
        of_cloud = await make.account(tx, desk.unit, Role.COMPLIANCE_OFFICER, systems=[cloud])
    await sign_in(of_forum)
    form = (await client.get("/systems/forum/edit", headers=PAGE)).text
    assert f'value="{cloud}" selected' in form
    assert "备份平台" not in form
    await sign_in(of_cloud)
    life = await client.get("/systems/cloud-1", headers=PAGE)
    assert life.status_code == 200
    assert "财务系统" not in life.text


async def test_a_role_for_one_system_opens_none_for_all_of_them_at_night(
    db: Database, desk: Desk, clock: FixedClock
) -> None:
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        whole = await make.account(tx, authority, Role.DUTY_OFFICER)
        limited = await make.account(tx, authority, Role.DUTY_OFFICER, systems=[desk.portal])
        offers = []
        for account in (whole, limited):
            by = await principal_of(tx, account.id, now=clock.now())
            assert by is not None
            offers.append({one.role for one in await glass.offered(tx, by, now=clock.now())})
    assert Role.DUTY_LEADER in offers[0]
    assert offers[1] == set()


async def test_what_somebody_took_at_night_is_not_handed_over_as_their_own(
    db: Database, desk: Desk, clock: FixedClock
) -> None:
    """The role for the portal is; the same role that was taken for the whole unit stays where it is."""
    now = clock.now()
    async with db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        giver = await make.account(tx, authority, Role.DUTY_OFFICER)
        taker = await make.account(tx, authority, Role.REPORTER)
        by = await principal_of(tx, giver.id, now=now)
        assert by is not None
        await glass.take(tx, by, authority, Role.DUTY_LEADER, reason="三名值班领导电话均无人接听", now=now)
        tx.add(
            MembershipRow(
                person_id=giver.person_id,
                organization_id=authority,
                role=Role.DUTY_LEADER.value,
                since=now,
                system_ids=[desk.portal],
            )
        )
        await tx.flush()
        of = Handing(
            giver.person_id, taker.person_id, frozenset({Role.DUTY_LEADER}), now, now + timedelta(days=1), "休假"
        )
        given = await hand_over(tx, of, authority, policy=security_policy(), actor=SYSTEM, now=now)
        lent = await tx.scalar(select(MembershipRow.system_ids).where(MembershipRow.delegation_id == given))
    assert lent == [desk.portal]
