"""应急启权, at its bounds: what it rests on, whom it does not serve, and what is not done by a program or again and again."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from irm.access import delegations, glass, tokens
from irm.access.delegating import Handing
from irm.access.everybody import everybody
from irm.access.models import MembershipRow
from irm.access.policy import AUTHORITY, Permission, Role
from irm.access.principals import principal_of
from irm.access.roles import roles_held
from irm.access.security import security_policy
from irm.access.service import end_role, grant_role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.access.test_break_glass import API, REASON, Cloud, actions, asked, cloud, may_lead, pages, taken

__all__ = ["cloud"]  # a fixture of the neighbour


async def test_a_role_held_for_one_system_opens_none_for_all_of_the_unit(
    sign_in: SignIn, cloud: Cloud, db: Database, clock: FixedClock
) -> None:
    async with db.transaction(SYSTEM) as tx:
        unit = await make.organization(tx, code="health")
        portal = await make.system(tx, unit)
        keeper = await make.account(tx, unit, Role.HANDLER, systems=[portal])
    client = await sign_in(keeper)
    assert (await client.get(API)).json()["offers"] == []
    refused = await client.post(API, json=asked(organization="health", role="security_lead"))
    assert refused.status_code == 422, refused.text
    async with db.transaction(SYSTEM) as tx:
        await grant_role(
            tx, person_id=keeper.person_id, organization_id=unit, role=Role.REPORTER, actor=SYSTEM, now=clock.now()
        )
    assert (await client.get(API)).json()["offers"] == [], "what he holds for one system is not offered for all"


async def test_what_was_taken_is_neither_handed_over_nor_counted_as_one_s_own(
    sign_in: SignIn, cloud: Cloud, db: Database, clock: FixedClock
) -> None:
    """A role that somebody took for all of a unit, and then was given for one system, is handed over for that one."""
    async with db.transaction(SYSTEM) as tx:
        unit = await make.organization(tx, code="health")
        portal = await make.system(tx, unit)
        reporter = await make.account(tx, unit, Role.REPORTER)
        colleague = await make.account(tx, unit, Role.REPORTER)
    client = await sign_in(reporter)
    made = await client.post(API, json=asked(organization="health", role="handler"))
    assert made.status_code == 201, made.text
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        assert (await everybody(tx, now=now))[reporter.person_id].roles == {unit: {Role.REPORTER}}
        (held,) = [
            one for one in (await roles_held(tx, [reporter.person_id], now=now))[reporter.person_id] if one.until
        ]
        assert (held.role, held.is_taken, held.is_lent) == (Role.HANDLER, True, False)
        await grant_role(
            tx,
            person_id=reporter.person_id,
            organization_id=unit,
            role=Role.HANDLER,
            systems=[portal],
            actor=SYSTEM,
            now=now,
        )
        of = Handing(
            reporter.person_id, colleague.person_id, frozenset({Role.HANDLER}), now, now + timedelta(days=1), "出差"
        )
        lent = await delegations.hand_over(tx, of, unit, policy=security_policy(), actor=SYSTEM, now=now)
        within = await tx.scalar(select(MembershipRow.system_ids).where(MembershipRow.delegation_id == lent))
    assert within == [portal]


async def test_what_it_does_not_rest_on_may_end_and_an_administrator_s_role_ends_it(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        person = {"person_id": cloud.officer.person_id, "organization_id": cloud.id, "actor": SYSTEM}
        await grant_role(tx, **person, role=Role.EVALUATOR, now=clock.now())
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    clock.tick(minutes=1)
    async with db.transaction(SYSTEM) as tx:
        await end_role(tx, **person, role=Role.EVALUATOR, now=clock.now())
    assert await actions(db, one) == ["break_glass.taken"]
    assert await may_lead(client)
    async with db.transaction(SYSTEM) as tx:
        await grant_role(tx, **person, role=Role.SYSTEM_ADMINISTRATOR, now=clock.now())
    assert await actions(db, one) == ["break_glass.taken", "break_glass.ended"]
    assert not await may_lead(client)


async def test_it_waits_for_what_it_rests_on_to_be_decided(committed_db: Database, clock: FixedClock) -> None:
    """Its own role is taken back in one process while the officer takes the leader's in another."""
    async with committed_db.transaction() as tx:
        authority = await make.organization(tx, AUTHORITY)
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)

    async def take() -> None:
        async with committed_db.transaction() as tx:
            who = await principal_of(tx, officer.id, now=clock.now())
            assert who is not None
            await glass.take(tx, who, authority, Role.DUTY_LEADER, reason=REASON, now=clock.now())

    async with committed_db.transaction() as tx:
        person = {"person_id": officer.person_id, "organization_id": authority, "role": Role.DUTY_OFFICER}
        await end_role(tx, **person, actor=SYSTEM, now=clock.now())
        taking = asyncio.create_task(take())
        await asyncio.wait([taking], timeout=0.5)
    with pytest.raises(Invalid):
        await taking


async def test_no_token_ends_or_judges_it_that_may_only_read_the_ledger(
    sign_in: SignIn, cloud: Cloud, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    secrets = []
    async with db.transaction(SYSTEM) as tx:
        for who in (cloud.officer, cloud.auditor):
            _, secret = await tokens.create_token(
                tx,
                account_id=who.id,
                name="probe",
                scopes=frozenset({Permission.OWN_ACCOUNT, Permission.READ_LEDGER}),
                actor=SYSTEM,
                now=clock.now(),
                until=clock.now() + timedelta(days=1),
            )
            secrets.append(secret)
    client.cookies.clear()
    for secret in secrets:
        client.headers["authorization"] = f"Bearer {secret}"
        assert (await client.post(f"{API}/{one}/end")).status_code == 404
    clock.tick(hours=2)
    words = {"justified": True, "review": "批量处理"}
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 404
    assert [each["state"] for each in (await client.get(API)).json()["taken"]] == ["to_review"], "it reads, as before"


async def test_whoever_judged_it_before_the_record_of_its_end_is_not_asked_again(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database, drain: Drain
) -> None:
    """After an outage the job that writes the end comes late."""
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    clock.tick(hours=3)
    await sign_in(cloud.auditor)
    words = {"justified": True, "review": "值班领导确实失联"}
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 200
    await drain()
    assert sorted(await actions(db, one)) == ["break_glass.ended", "break_glass.reviewed", "break_glass.taken"]
    assert {row.person_id for row in await pages(db, one) if row.purpose == "notice"} == {cloud.officer.person_id}
