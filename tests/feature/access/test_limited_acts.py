"""What a request names beside the matter of its address is asked for anew: one's own incident is no way to another system."""

from uuid import UUID

import httpx
import pytest

from irm.access.policy import AUTHORITY, Role
from irm.clock import FixedClock
from irm.db import Database
from tests import make
from tests.conftest import SignIn
from tests.feature.access.test_limited_to_systems import Desk, desk, filed, numbers

__all__ = ["desk"]


@pytest.fixture
async def officer(db: Database, desk: Desk) -> make.Account:
    """On duty for the portal alone."""
    async with db.transaction() as tx:
        return await make.account(tx, desk.unit, Role.DUTY_OFFICER, systems=[desk.portal])


async def both(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database, clock: FixedClock
) -> tuple[str, str]:
    """An incident of the portal and one of the mail system, filed by somebody without limit, who stays signed in."""
    async with db.transaction() as tx:
        await sign_in(await make.account(tx, desk.unit, Role.DUTY_OFFICER))
    return await filed(client, "portal", clock.now()), await filed(client, "mail", clock.now())


async def test_findings_are_entered_about_ones_own_system_and_nothing_beside_it(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk
) -> None:
    await sign_in(desk.handler)
    given = {"title": "弱口令", "organization": str(desk.unit), "due_on": "2026-12-20", "origin": "self_check"}
    answers = [
        (await client.post("/api/v1/findings", json=given | {"systems": systems})).status_code
        for systems in (["portal"], ["portal", "mail"], ["mail"], [])
    ]
    assert answers == [201, 403, 403, 403]


async def test_changes_are_planned_of_ones_own_system(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, officer: make.Account
) -> None:
    await sign_in(officer)
    given = {
        "title": "升级",
        "planned_start": "2026-12-20T22:00:00+08:00",
        "planned_until": "2026-12-21T02:00:00+08:00",
        "risk": "low",
        "kind": "upgrade",
        "contact": "0375-1",
    }
    own = await client.post("/api/v1/changes", json=given | {"system": "portal"})
    other = await client.post("/api/v1/changes", json=given | {"system": "mail"})
    assert (own.status_code, other.status_code) == (201, 403), own.text
    listed = (await client.get("/api/v1/changes")).json()["changes"]
    assert [one["number"] for one in listed] == [own.json()["number"]]


async def test_a_call_about_ones_own_incident_hands_over_no_report_of_another(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, officer: make.Account, db: Database, clock: FixedClock
) -> None:
    about_portal, about_mail = await both(client, sign_in, desk, db, clock)
    reports = {}
    for number in (about_portal, about_mail):
        owed = (await client.get(f"/api/v1/incidents/{number}/obligations")).json()["obligations"]
        first = next(one for one in owed if one["status"] == "open")
        begun = await client.post(f"/api/v1/obligations/{first['id']}/report")
        assert begun.status_code in (200, 201), begun.text
        reports[number] = begun.json()["id"]
    await sign_in(officer)
    assert (await client.get(f"/api/v1/submissions/{reports[about_mail]}")).status_code == 404
    assert (await client.get(f"/api/v1/submissions/{reports[about_portal]}")).status_code == 200
    call = {"direction": "out", "means": "telephone", "said": "已报", "counterpart_name": "值班室"}
    foreign = {"serves": [{"purpose": "submission", "submission": reports[about_mail]}]}
    refused = await client.post(f"/api/v1/incidents/{about_portal}/contacts", json=call | foreign)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "serves.0.submission", refused.text


async def test_nothing_is_merged_into_what_is_not_there_for_them(
    client: httpx.AsyncClient, sign_in: SignIn, desk: Desk, db: Database, clock: FixedClock
) -> None:
    about_portal, about_mail = await both(client, sign_in, desk, db, clock)
    async with db.transaction() as tx:
        authority: UUID = await make.organization(tx, AUTHORITY)
        leader = await make.account(tx, authority, Role.DUTY_LEADER, systems=[desk.portal])
    await sign_in(leader)
    assert await numbers(client) == {about_portal}
    body = {"into": about_mail, "reason": "同一原因"}
    refused = await client.post(f"/api/v1/incidents/{about_portal}/merge", json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "into"
    assert (await client.post(f"/api/v1/incidents/{about_mail}/merge", json=body)).status_code == 404
