"""代行职责: a leader on leave hands duties over to a colleague, for a time and never with the account."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, update

from irm.access import service, tokens
from irm.access.leaving import left_at
from irm.access.models import SessionRow
from irm.access.policy import AUTHORITY, Permission, Role
from irm.access.queries import members
from irm.access.second import Verdict, may_be_second, reader
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests import make
from tests.conftest import SignIn

API = "/api/v1/delegations"


@dataclass(frozen=True)
class Unit:
    id: UUID
    code: str
    head: make.Account
    handler: make.Account
    other: make.Account
    keeper: make.Account
    """The city's security administrator."""


@pytest.fixture
async def unit(db: Database) -> Unit:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        mine = await make.organization(tx, code="bureau")
        return Unit(
            mine,
            "bureau",
            await make.account(tx, mine, Role.UNIT_HEAD),
            await make.account(tx, mine, Role.HANDLER),
            await make.account(tx, mine, Role.REPORTER),
            await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
        )


def asked(unit: Unit, now: datetime, *, to: make.Account | None = None, **more: Any) -> dict[str, Any]:
    """Five days of leave from now on."""
    given = {
        "organization": unit.code,
        "taker": str((to or unit.handler).person_id),
        "roles": ["unit_head"],
        "ends_at": (now + timedelta(days=5)).isoformat(),
        "reason": "休假",
    }
    return given | more


async def given(client: httpx.AsyncClient, unit: Unit, now: datetime, **more: Any) -> dict[str, Any]:
    answer = await client.post(API, json=asked(unit, now, **more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def may_approve(client: httpx.AsyncClient) -> bool:
    """Whether reports to approve are open to the reader: what a handler's own role does not give."""
    answer = await client.get("/approvals", headers={"accept": "text/html"})
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 200


async def test_in_force_within_its_span_and_not_before_nor_after(
    sign_in: SignIn, unit: Unit, clock: FixedClock
) -> None:
    client = await sign_in(unit.head)
    begins = clock.now() + timedelta(hours=1)
    made = await given(client, unit, clock.now(), begins_at=begins.isoformat())
    assert made["state"] == "ahead"
    await sign_in(unit.handler)
    assert not await may_approve(client)
    clock.tick(hours=1)
    await sign_in(unit.handler)
    assert await may_approve(client), "from its first moment"
    assert (await client.get(API)).json()["delegations"][0]["state"] == "in_force"
    await sign_in(unit.head)
    assert await may_approve(client), "the giver keeps what he handed over"
    clock.tick(days=5)
    await sign_in(unit.handler)
    assert not await may_approve(client), "at its last moment it is over"
    assert (await client.get(API)).json()["delegations"][0]["state"] == "over"


async def test_both_are_told_when_it_is_given_and_when_it_ends(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    async def told() -> set[UUID | None]:
        async with db.transaction() as tx:
            return set(await tx.scalars(select(DeliveryRow.person_id).where(DeliveryRow.subject == subject)))

    client = await sign_in(unit.head)
    subject = f"delegation/{(await given(client, unit, clock.now()))['id']}"
    assert await told() == {unit.head.person_id, unit.handler.person_id}
    async with db.transaction() as tx:
        before = len(list(await tx.scalars(select(DeliveryRow.id).where(DeliveryRow.subject == subject))))
    assert (await client.post(f"/api/v1/{subject.replace('delegation/', 'delegations/')}/end")).status_code == 200
    async with db.transaction() as tx:
        after = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.subject == subject)))
    assert len(after) == 2 * before
    assert await told() == {unit.head.person_id, unit.handler.person_id}


@pytest.mark.parametrize("who", ["head", "handler", "keeper"])
async def test_ended_early_by_either_or_by_the_security_administrator(
    sign_in: SignIn, unit: Unit, clock: FixedClock, who: str
) -> None:
    client = await sign_in(unit.head)
    one = (await given(client, unit, clock.now()))["id"]
    clock.tick(minutes=1)
    await sign_in(unit.other)
    assert (await client.post(f"{API}/{one}/end")).status_code == 404, "a colleague whom it does not concern"
    await sign_in(getattr(unit, who))
    ended = await client.post(f"{API}/{one}/end")
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert (await client.post(f"{API}/{one}/end")).status_code == 409
    await sign_in(unit.handler)
    assert not await may_approve(client)


async def test_what_was_handed_over_is_not_passed_on(sign_in: SignIn, unit: Unit, clock: FixedClock) -> None:
    client = await sign_in(unit.head)
    await given(client, unit, clock.now())
    await sign_in(unit.handler)
    refused = await client.post(API, json=asked(unit, clock.now(), to=unit.other))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "roles")


async def test_no_administrator_gives_or_takes_and_two_givers_of_one_role_are_one_too_many(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    async with db.transaction(SYSTEM) as tx:
        authority = unit.keeper.organization_id
        second_head = await make.account(tx, unit.id, Role.UNIT_HEAD)
        leader = await make.account(tx, authority, Role.DUTY_LEADER)
        code = (await members(tx, [authority], now=clock.now()))[0].organization_id
        assert code == authority
    client = await sign_in(leader)
    organizations = (await client.get("/api/v1/organizations")).json()["organizations"]
    place = next(one["code"] for one in organizations if one["id"] == str(authority))
    to_keeper = asked(unit, clock.now(), to=unit.keeper, organization=place, roles=["duty_leader"])
    refused = await client.post(API, json=to_keeper)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "taker")
    await sign_in(unit.keeper)
    own = asked(unit, clock.now(), to=leader, organization=place, roles=["security_administrator"])
    refused = await client.post(API, json=own)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "roles")
    await sign_in(unit.head)
    await given(client, unit, clock.now())
    await sign_in(second_head)
    twice = await client.post(API, json=asked(unit, clock.now()))
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "roles")


async def test_it_lapses_with_the_role_that_it_rests_on_and_with_the_last_own_role_of_the_taker(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    async def lose(who: make.Account, role: Role) -> None:
        clock.tick(minutes=1)
        async with db.transaction(SYSTEM) as tx:
            await service.end_role(
                tx, person_id=who.person_id, organization_id=unit.id, role=role, actor=SYSTEM, now=clock.now()
            )

    client = await sign_in(unit.head)
    await given(client, unit, clock.now())
    await given(client, unit, clock.now(), to=unit.other)
    await lose(unit.other, Role.REPORTER)
    states = {one["taker"]: one["state"] for one in (await client.get(API)).json()["delegations"]}
    assert states == {str(unit.handler.person_id): "in_force", str(unit.other.person_id): "ended"}
    async with db.transaction() as tx:
        gone = await left_at(tx, unit.id, [unit.other.person_id, unit.handler.person_id])
    assert set(gone) == {unit.other.person_id}, "who only stood in has left"
    await lose(unit.head, Role.UNIT_HEAD)
    await sign_in(unit.handler)
    assert not await may_approve(client)
    async with db.transaction() as tx:
        bodies = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "delegation.ended"))
        assert all('"why":"lapsed"' in one for one in bodies)


async def test_a_token_acts_by_no_hand_over_and_still_is_no_second_person(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    from irm.access.principals import principal_of_token

    client = await sign_in(unit.head)
    await given(client, unit, clock.now())
    async with db.transaction(SYSTEM) as tx:
        _, secret = await tokens.create_token(
            tx,
            account_id=unit.handler.id,
            name="probe",
            scopes=frozenset(Permission),
            actor=SYSTEM,
            now=clock.now(),
            until=clock.now() + timedelta(days=1),
        )
        found = await principal_of_token(tx, secret, now=clock.now())
    assert found is not None
    assert found.memberships == {unit.id: frozenset({Role.HANDLER})}
    for began in (unit.head.person_id, unit.head.id):
        assert may_be_second([began], reader(found)) is Verdict.STANDS_IN


async def test_who_answers_for_the_unit_stays_the_one_who_holds_the_role(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    client = await sign_in(unit.head)
    await given(client, unit, clock.now())
    async with db.transaction() as tx:
        reached = await members(tx, [unit.id], now=clock.now(), role=Role.UNIT_HEAD)
        named = await members(tx, [unit.id], now=clock.now(), role=Role.UNIT_HEAD, own=True)
    assert {one.person.id for one in reached} == {unit.head.person_id, unit.handler.person_id}, "both are paged"
    assert {one.person.id for one in named} == {unit.head.person_id}


async def test_on_the_page_with_the_password_asked_again_and_faults_beside_their_fields(
    sign_in: SignIn, unit: Unit, clock: FixedClock, db: Database
) -> None:
    client = await sign_in(unit.head)
    form = {
        "taker": f"{unit.id}/{unit.handler.person_id}",
        "roles": "unit_head",
        "begins_at": "",
        "ends_at": "2020-01-01T09:00",
        "reason": "<b>赴省培训</b>",
    }
    wrong = await client.post("/delegations", data=form)
    assert wrong.status_code == 422
    assert "&lt;b&gt;赴省培训" in wrong.text, "what was typed stays"
    assert "结束时间应晚于开始时间" in wrong.text
    ends = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    right = await client.post("/delegations", data=form | {"ends_at": ends})
    assert right.status_code == 303, right.text
    shown = (await client.get("/delegations?done=given")).text
    async with db.transaction() as tx:
        names = {one.person.id: one.person.name for one in await members(tx, [unit.id], now=clock.now())}
    assert f"{names[unit.handler.person_id]}（代{names[unit.head.person_id]}）" in shown
    assert "双方均已收到通知" in shown
    other = await sign_in(unit.other)
    assert "赴省培训" not in (await other.get("/delegations")).text
    keeper = await sign_in(unit.keeper)
    listed = (await keeper.get("/delegations")).text
    assert "赴省培训" in listed
    one = listed.partition('action="/delegations/')[2].partition("/end")[0]
    assert (await keeper.post(f"/delegations/{one}/end")).status_code == 303
    async with db.transaction() as tx:
        await tx.execute(update(SessionRow).values(proven_at=None))
    again = await keeper.post("/delegations", data=form, headers={"accept": "text/html"})
    assert (again.status_code, 'name="_proof"' in again.text) == (403, True), "first asked who it is"


async def test_a_vendors_staff_must_be_vetted_to_stand_in(sign_in: SignIn, clock: FixedClock, db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY)
        vendor = await make.organization(tx, "vendor", code="cloud")
        keeper = await make.account(tx, authority, Role.SECURITY_LEAD)
        leader = await make.account(tx, vendor, Role.DUTY_LEADER)
        engineer = await make.account(tx, vendor, Role.HANDLER)
    client = await sign_in(keeper)
    fired = {
        "person": str(engineer.person_id),
        "contract": "HT-7",
        "begins_on": "2026-01-01",
        "vetting": "refused",
        "vetted_on": "2026-01-01",
        "vetted_by": "保密办",
    }
    assert (await client.put("/api/v1/organizations/cloud/staff", json=fired)).status_code == 200
    await sign_in(leader)
    body = {
        "organization": "cloud",
        "taker": str(engineer.person_id),
        "roles": ["duty_leader"],
        "ends_at": (clock.now() + timedelta(days=1)).isoformat(),
        "reason": "出差",
    }
    assert (await client.post(API, json=body)).status_code == 409
