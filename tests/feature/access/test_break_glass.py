"""应急启权: at 03:00 the duty leader is not to be had; the officer takes the role, loudly, and somebody judges it afterwards."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from irm.access import delegations, glass, glass_offers, tokens
from irm.access.actors import names_of_actors, standing_in
from irm.access.delegating import Handing
from irm.access.policy import AUTHORITY, Permission, Role
from irm.access.queries import members
from irm.access.security import security_policy
from irm.access.service import end_role
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.i18n import translator
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from tests import make
from tests.conftest import Drain, SignIn

API = "/api/v1/break-glass"
HTML = {"accept": "text/html"}
REASON = "三名值班领导电话均无人接听"
HOURS_TO_REVIEW = 72


@dataclass(frozen=True)
class Cloud:
    id: UUID
    code: str
    officer: make.Account
    leader: make.Account
    deputy: make.Account
    head: make.Account
    auditor: make.Account
    keeper: make.Account
    other: make.Account
    """Another officer of the cloud authority."""
    stranger: make.Account
    """Of a unit."""


@pytest.fixture
async def cloud(db: Database) -> Cloud:
    async with db.transaction(SYSTEM) as tx:
        authority = await make.organization(tx, AUTHORITY, code="cloud")
        unit = await make.organization(tx, code="bureau")
        return Cloud(
            authority,
            "cloud",
            await make.account(tx, authority, Role.DUTY_OFFICER),
            await make.account(tx, authority, Role.DUTY_LEADER),
            await make.account(tx, authority, Role.DEPUTY),
            await make.account(tx, authority, Role.UNIT_HEAD),
            await make.account(tx, authority, Role.AUDIT_ADMINISTRATOR),
            await make.account(tx, authority, Role.SECURITY_ADMINISTRATOR),
            await make.account(tx, authority, Role.DUTY_OFFICER),
            await make.account(tx, unit, Role.UNIT_HEAD),
        )


def asked(**more: Any) -> dict[str, Any]:
    return {"organization": "cloud", "role": "duty_leader", "reason": REASON} | more


async def taken(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(API, json=asked())
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def may_lead(client: httpx.AsyncClient) -> bool:
    answer = await client.get("/approvals", headers=HTML)
    assert answer.status_code in (200, 403), answer.text
    return answer.status_code == 200


async def actions(db: Database, glass_id: str) -> list[str]:
    async with db.transaction() as tx:
        found = await tx.scalars(
            select(LedgerEntryRow.action)
            .where(LedgerEntryRow.subject == f"break_glass/{glass_id}")
            .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
        )
        return list(found)


async def pages(db: Database, glass_id: str) -> list[DeliveryRow]:
    async with db.transaction() as tx:
        found = await tx.scalars(
            select(DeliveryRow).where(DeliveryRow.subject == f"break_glass/{glass_id}").order_by(DeliveryRow.id)
        )
        return list(found)


async def test_the_role_is_there_for_two_hours_and_not_a_moment_longer(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database, drain: Drain
) -> None:
    client = await sign_in(cloud.officer)
    assert not await may_lead(client)
    (offer,) = (await client.get(API)).json()["offers"]
    assert (offer["role"], offer["minutes"]) == ("duty_leader", 120)
    made = await taken(client)
    assert (made["state"], made["reason"]) == ("running", REASON)
    assert await may_lead(client)
    assert (await client.get(API)).json()["offers"] == [], "nothing further by what was taken"
    async with db.transaction() as tx:
        leads = await members(tx, [cloud.id], now=clock.now(), role=Role.DUTY_LEADER, own=True)
    assert {one.person_id for one in leads} == {cloud.leader.person_id}, "whose role it is, it stays"
    clock.tick(hours=2)
    await sign_in(cloud.officer)
    assert not await may_lead(client), "at its last moment it is over, whether or not a job has run"
    await drain()
    assert await actions(db, made["id"]) == ["break_glass.taken", "break_glass.ended"]
    assert (await client.get(API)).json()["taken"][0]["state"] == "to_review"


async def test_everybody_who_must_know_is_paged_at_once_and_was_named_before(
    sign_in: SignIn, cloud: Cloud, db: Database
) -> None:
    client = await sign_in(cloud.officer)
    async with db.transaction() as tx:
        named = await glass_offers.to_tell(tx, cloud.id, Role.DUTY_LEADER, cloud.officer.person_id, now=tx.clock.now())
    must = {cloud.leader.person_id, cloud.deputy.person_id, cloud.head.person_id, cloud.auditor.person_id}
    assert {one.id for one in named} == must
    (offer,) = (await client.get(API)).json()["offers"]
    assert sorted(offer["told"]) == sorted(one.name for one in named)
    page = (await client.get("/break-glass", headers=HTML)).text
    assert f'value="{cloud.id}/duty_leader" id="i-role" checked' in page, "the only one there is"
    assert all(one.name in page for one in named)
    made = await taken(client)
    sent = await pages(db, made["id"])
    assert {one.person_id for one in sent} == must
    assert {(one.purpose, one.urgency) for one in sent} == {("page", 1)}, "nothing that waits or shares a message"
    assert {"sms", "email", "in_app"} <= {one.channel for one in sent}
    outside = [one for one in sent if one.channel == "sms"]
    assert outside
    assert all(REASON not in one.body for one in outside), "what happened is not said outside"


@pytest.mark.parametrize("who", ["leader", "deputy", "auditor", "keeper", "stranger"])
async def test_to_whom_the_city_offers_nothing_takes_nothing(sign_in: SignIn, cloud: Cloud, who: str) -> None:
    client = await sign_in(getattr(cloud, who))
    for role in ("duty_leader", "audit_administrator", "system_administrator"):
        refused = await client.post(API, json=asked(role=role))
        assert refused.status_code == 422, refused.text
        assert [one["field"] for one in refused.json()["errors"]] == ["role"]


async def test_a_reason_is_asked_and_the_page_keeps_what_was_chosen(sign_in: SignIn, cloud: Cloud) -> None:
    client = await sign_in(cloud.officer)
    refused = await client.post(API, json=asked(reason=" "))
    assert [one["field"] for one in refused.json()["errors"]] == ["reason"]
    sent = {"role": f"{cloud.id}/duty_leader", "reason": ""}
    page = await client.post("/break-glass", data=sent, headers=HTML)
    assert page.status_code == 422
    assert f'value="{cloud.id}/duty_leader" id="i-role" checked' in page.text
    odd = await client.post("/break-glass", data=sent | {"role": "nonsense", "reason": REASON}, headers=HTML)
    assert odd.status_code == 422
    done = await client.post("/break-glass", data=sent | {"reason": REASON}, headers=HTML)
    assert done.status_code == 303, done.text


async def test_no_program_takes_a_role_nor_acts_by_one(
    sign_in: SignIn, cloud: Cloud, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(cloud.officer)
    await taken(client)
    secrets = {}
    async with db.transaction(SYSTEM) as tx:
        for who in (cloud.officer, cloud.other):
            _, secrets[who.id] = await tokens.create_token(
                tx,
                account_id=who.id,
                name="probe",
                scopes=frozenset(Permission),
                actor=SYSTEM,
                now=clock.now(),
                until=clock.now() + timedelta(days=1),
            )
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {secrets[cloud.officer.id]}"
    assert not await may_lead(client)
    client.headers["authorization"] = f"Bearer {secrets[cloud.other.id]}"
    assert (await client.get(API)).json()["offers"] == []
    refused = await client.post(API, json=asked())
    assert refused.status_code == 403, refused.text


async def test_red_on_every_page_of_his_and_on_the_board_of_all(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock
) -> None:
    client = await sign_in(cloud.officer)
    made = await taken(client)
    for path in ("/", "/me", "/incidents", "/break-glass"):
        page = (await client.get(path, headers=HTML)).text
        assert "notice-red" in page, path
        assert "值班领导" in page[page.index("notice-red") :], path
    for who in (cloud.other, cloud.leader, cloud.head, cloud.auditor):
        await sign_in(who)
        board = (await client.get("/", headers=HTML)).text
        assert "level-number" not in board, "it is no incident and has no level"
        assert "notice-red" not in board, "it is none of their own"
        assert f'data-key="glass-{made["id"]}"' in board
        assert "need-glass need-red" in board
    await sign_in(cloud.stranger)
    assert "need-glass" not in (await client.get("/", headers=HTML)).text
    clock.tick(hours=2)
    await sign_in(cloud.officer)
    assert "notice-red" not in (await client.get("/", headers=HTML)).text


async def test_what_is_done_by_it_is_marked_and_what_his_own_role_allows_is_not(
    sign_in: SignIn, cloud: Cloud, db: Database
) -> None:
    client = await sign_in(cloud.officer)
    made = await taken(client)
    roster = {"organization": "cloud", "name": "应急值班"}
    answer = await client.post("/api/v1/rosters", json=roster)
    assert answer.status_code == 201, answer.text
    async with db.transaction() as tx:
        entries = list(
            await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.actor == f"person/{cloud.officer.person_id}"))
        )
        one = await glass.glass(tx, UUID(made["id"]), now=tx.clock.now())
        assert await glass.marked(tx, one) == 1
        names = await names_of_actors(tx, {entry.actor for entry in entries})
        told = [(entry.actor, json.loads(entry.body)) for entry in entries]
        shown = await standing_in(tx, translator("zh-CN"), names, told)
    marked = {entry.action for entry in entries if f'"break_glass":"{made["id"]}"' in entry.body}
    assert any(action.startswith("roster.") for action in marked), marked
    assert "break_glass.taken" not in marked
    assert list(shown.values()) == [f"{made['person_name']}（应急启权）"]


async def test_ended_early_by_himself_or_by_whoever_answers_for_it(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database, drain: Drain
) -> None:
    client = await sign_in(cloud.officer)
    for who in (cloud.officer, cloud.auditor, cloud.head, cloud.keeper):
        await sign_in(cloud.officer)
        one = (await taken(client))["id"]
        clock.tick(minutes=1)
        await sign_in(cloud.other)
        assert (await client.post(f"{API}/{one}/end")).status_code == 404
        await sign_in(who)
        ended = await client.post(f"{API}/{one}/end")
        assert ended.status_code == 200, ended.text
        assert (await client.post(f"{API}/{one}/end")).status_code == 409
        await sign_in(cloud.officer)
        assert not await may_lead(client)
    clock.tick(hours=3)
    await drain()
    assert (await actions(db, one)).count("break_glass.ended") == 1, "its time comes to nothing any more"


async def test_with_the_role_it_rests_on_it_ends(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database
) -> None:
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    clock.tick(minutes=1)
    async with db.transaction(SYSTEM) as tx:
        await end_role(
            tx,
            person_id=cloud.officer.person_id,
            organization_id=cloud.id,
            role=Role.DUTY_OFFICER,
            actor=SYSTEM,
            now=clock.now(),
        )
    assert not await may_lead(client)
    assert await actions(db, one) == ["break_glass.taken", "break_glass.ended"]


async def test_afterwards_somebody_else_says_whether_it_was_justified(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database, drain: Drain
) -> None:
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    words = {"justified": True, "review": "值班领导确实失联"}
    await sign_in(cloud.auditor)
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 409, "not while it runs"
    clock.tick(hours=2)
    await drain()
    await sign_in(cloud.officer)
    own = await client.post(f"{API}/{one}/review", json=words)
    assert (own.status_code, own.json()["code"]) == (403, "second_person")
    assert "可由" in own.json()["detail"]
    await sign_in(cloud.leader)
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 404
    await sign_in(cloud.auditor)
    board = (await client.get("/", headers=HTML)).text
    assert "need-glass_review" in board
    for sent, field in (({"justified": "yes", "review": ""}, "review"), ({"review": "理由"}, "justified")):
        page = await client.post(f"/break-glass/{one}/review", data=sent, headers=HTML)
        assert page.status_code == 422
        assert f'href="#f-{field}"' in page.text
    sent = {"justified": "no", "review": "本可由另一名领导处理"}
    done = await client.post(f"/break-glass/{one}/review", data=sent, headers=HTML)
    assert done.status_code == 303, done.text
    found = (await client.get(API)).json()["taken"][0]
    assert (found["state"], found["review"]) == ("not_justified", "本可由另一名领导处理")
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 409, "once"
    clock.tick(days=30)
    await drain()
    assert await actions(db, one) == ["break_glass.taken", "break_glass.ended", "break_glass.reviewed"]
    notices = [row for row in await pages(db, one) if row.purpose == "notice"]
    told = {row.person_id for row in notices if "已复核" in f"{row.title} {row.titles}"}
    assert told == {cloud.officer.person_id}
    assert {row.person_id for row in notices} - told == {cloud.auditor.person_id, cloud.head.person_id}, (
        "asked to review"
    )


async def test_the_head_who_took_it_himself_does_not_review_it_and_the_auditor_does(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database
) -> None:
    """Lent the head's duties, the officer is still the one who took the role."""
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    clock.tick(hours=2)
    now = clock.now()
    of = Handing(
        cloud.head.person_id,
        cloud.officer.person_id,
        frozenset({Role.UNIT_HEAD}),
        now,
        now + timedelta(days=1),
        "出差",
    )
    async with db.transaction(SYSTEM) as tx:
        await delegations.hand_over(tx, of, cloud.id, policy=security_policy(), actor=SYSTEM, now=now)
    await sign_in(cloud.officer)
    words = {"justified": True, "review": "紧急"}
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 403
    await sign_in(cloud.head)
    assert (await client.post(f"{API}/{one}/review", json=words)).status_code == 200


async def test_a_review_that_nobody_gives_is_loud(
    sign_in: SignIn, cloud: Cloud, clock: FixedClock, db: Database, drain: Drain
) -> None:
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    clock.tick(hours=2)
    await drain()
    before = {row.id for row in await pages(db, one)}
    clock.tick(hours=HOURS_TO_REVIEW)
    await drain()
    late = [row for row in await pages(db, one) if row.id not in before]
    assert {(row.purpose, row.urgency) for row in late} == {("page", 1)}
    assert {row.person_id for row in late} == {cloud.auditor.person_id, cloud.head.person_id}
    assert (await actions(db, one))[-1] == "break_glass.unreviewed"
    for who in (cloud.other, cloud.auditor):
        await sign_in(who)
        assert "need-glass_late need-red" in (await client.get("/", headers=HTML)).text
    await sign_in(cloud.auditor)
    answer = await client.post(f"{API}/{one}/review", json={"justified": True, "review": "已核实"})
    assert answer.status_code == 200, "late, but it is reviewed"
    assert "need-glass_late" not in (await client.get("/", headers=HTML)).text
    assert all(row.closed_at is not None for row in await pages(db, one) if row.purpose == "page"), (
        "nobody is asked still"
    )


async def test_two_takings_at_once_are_one(cloud: Cloud, db: Database, sign_in: SignIn, clock: FixedClock) -> None:
    from irm.access.principals import principal_of

    async with db.transaction() as tx:
        who = await principal_of(tx, cloud.officer.id, now=clock.now())
        assert who is not None
        await glass.take(tx, who, cloud.id, Role.DUTY_LEADER, reason=REASON, now=clock.now())
        with pytest.raises(Invalid):  # `who` was read before
            await glass.take(tx, who, cloud.id, Role.DUTY_LEADER, reason=REASON, now=clock.now())


async def test_to_a_stranger_there_is_none(sign_in: SignIn, cloud: Cloud) -> None:
    client = await sign_in(cloud.officer)
    one = (await taken(client))["id"]
    await sign_in(cloud.stranger)
    assert (await client.get(API)).json() == {"offers": [], "taken": []}
    for act, words in (("end", None), ("review", {"justified": True, "review": "x"})):
        assert (await client.post(f"{API}/{one}/{act}", json=words)).status_code == 404, act
        data = {"justified": "yes", "review": "x"}
        assert (await client.post(f"/break-glass/{one}/{act}", data=data, headers=HTML)).status_code == 404, act


def test_its_jobs_have_names() -> None:
    assert (glass.END, glass.ASK_FOR_REVIEW) == ("access.end_break_glass", "access.ask_for_glass_review")
