"""Where a unit has one person, the second person is its head or the cloud authority (DESIGN §7)."""

from uuid import UUID

import pytest

from irm.access.policy import Permission, Role
from irm.access.queries import organization
from irm.access.seconds import seconds_of
from irm.db import SYSTEM, Actor
from irm.obligations import approval_rules, asking, drafting
from irm.obligations.approval_models import ReportApprovalRow
from tests import make
from tests.conftest import SignIn
from tests.feature.obligations.chain import RULES
from tests.feature.obligations.conftest import CITY, ITEMS, Night

HTML = {"accept": "text/html"}


@pytest.fixture
async def lone(night: Night) -> make.Account:
    """The only one of a unit whose reports need approval: its security lead, who writes them himself."""
    async with night.db.transaction() as tx:
        place = await make.organization(tx, name="市档案馆")
        code = (await organization(tx, place)).code
        await approval_rules.publish(
            tx, RULES.format(code=code), file="approvals.yaml", actor=SYSTEM, now=night.clock.now()
        )
        return await make.account(tx, place, Role.SECURITY_LEAD)


async def asked(night: Night, lone: make.Account) -> tuple[UUID, set[UUID]]:
    """The request about what he has written, and everybody whom it names."""
    actor, now = Actor("person", lone.person_id, lone.organization_id), night.clock.now()
    (owed,) = await night.open(night.owed(CITY, bearer=lone.organization_id))
    async with night.db.transaction(actor) as tx:
        (draft,) = await drafting.open_draft(tx, obligations=[owed.id], items=ITEMS, actor=actor, now=now)
        request = await asking.ask(tx, draft, person_id=lone.person_id, actor=actor, now=now)
        row = await tx.get_one(ReportApprovalRow, request)
        return request, {UUID(one) for rung in row.chain for one in rung["people"]}


async def test_what_he_wrote_the_cloud_authority_approves(night: Night, lone: make.Account, sign_in: SignIn) -> None:
    request, people = await asked(night, lone)
    assert lone.person_id not in people
    assert night.second.person_id in people, "the cloud authority's duty leader"
    client = await sign_in(lone)
    refused = await client.post(f"/api/v1/approvals/{request}/approve", json={})
    assert refused.status_code == 403, refused.text
    client = await sign_in(night.second)
    assert (await client.get(f"/approvals/{request}", headers=HTML)).status_code == 200
    assert str(request) in (await client.get("/approvals", headers=HTML)).text, "it stands among what waits for him"
    assert (await client.post(f"/api/v1/approvals/{request}/approve", json={})).status_code == 200


async def test_where_it_has_a_head_the_head_does_and_the_authority_is_not_asked(
    night: Night, lone: make.Account, sign_in: SignIn
) -> None:
    async with night.db.transaction() as tx:
        head = await make.account(tx, lone.organization_id, Role.UNIT_HEAD)
    request, people = await asked(night, lone)
    assert people == {head.person_id}
    client = await sign_in(night.second)
    stranger = await client.post(f"/api/v1/approvals/{request}/approve", json={})
    assert stranger.status_code == 404, "a unit's signature is its own while it has somebody to sign"
    client = await sign_in(head)
    assert (await client.post(f"/api/v1/approvals/{request}/approve", json={})).status_code == 200


@pytest.mark.parametrize("permission", [Permission.APPROVE_DRILLS, Permission.APPROVE_ANNUAL_REPORTS])
async def test_for_every_such_act_somebody_is_left(night: Night, lone: make.Account, permission: Permission) -> None:
    now = night.clock.now()
    async with night.db.transaction() as tx:
        await make.account(tx, night.authority, Role.DEPUTY)
        alone = await seconds_of(tx, [lone.id], permission, lone.organization_id, now=now)
        assert {one.organization_id for one in alone} == {night.authority}
        head = await make.account(tx, lone.organization_id, Role.UNIT_HEAD)
        found = await seconds_of(tx, [lone.id], permission, lone.organization_id, now=now)
    assert {one.person_id for one in found} == {head.person_id}
