"""Packs by button and API, and the log as the audit administrator reads it."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.evidence import sequencer
from irm.evidence.keys import signer_of
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from tests import make
from tests.conftest import Drain, SignIn
from tests.feature.evidence.conftest import City


@pytest.fixture
async def number(city: City, client: httpx.AsyncClient, sign_in: SignIn, filing: Callable[..., Any]) -> str:
    await sign_in(city.unit_duty)
    answer = await client.post("/api/v1/incidents", json=filing(), headers={"idempotency-key": "a"})
    made: str = answer.json()["number"]
    return made


@pytest.fixture
async def auditor(db: Database, city: City) -> make.Account:
    async with db.transaction() as tx:
        return await make.account(tx, city.authority, Role.AUDIT_ADMINISTRATOR)


async def actions(db: Database, prefix: str) -> list[str]:
    async with db.transaction() as tx:
        found = await tx.scalars(
            select(LedgerEntryRow.action)
            .where(LedgerEntryRow.action.startswith(prefix))
            .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
        )
        return list(found)


async def test_a_pack_by_its_button(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, number: str, db: Database, drain: Drain
) -> None:
    await sign_in(city.leader)
    page = (await client.get(f"/incidents/{number}")).text
    assert 'action="/evidence/packs"' in page
    sent = await client.post("/evidence/packs", data={"kind": "incident", "name": number})
    assert sent.status_code == 303
    where = sent.headers["location"]
    async with db.transaction() as tx:
        assert await tx.scalar(select(JobRow.queue).where(JobRow.name == "evidence.make_pack")) == "bulk"
    waiting = (await client.get(where)).text
    assert "<progress" in waiting
    assert (await client.get(f"{where}/file")).status_code == 404
    await drain()
    ready = (await client.get(f"{where}/progress", headers={"hx-request": "true"})).text
    assert f"{where}/file" in ready
    taken = await client.get(f"{where}/file")
    assert taken.status_code == 200
    assert taken.headers["content-type"] == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(taken.content)).namelist()
    assert any(name.endswith("/verify.py") for name in names)
    assert number in (await client.get("/evidence/packs")).text
    assert await actions(db, "evidence.") == [
        "evidence.export_requested",
        "evidence.exported",
        "evidence.pack_taken",
    ]
    await sign_in(city.officer)
    assert 'action="/evidence/packs"' not in (await client.get(f"/incidents/{number}")).text
    assert (await client.get(where)).status_code == 403


async def test_a_pack_by_api_is_its_askers_alone(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, number: str, db: Database, drain: Drain
) -> None:
    async with db.transaction() as tx:
        head = await make.account(tx, city.unit, Role.UNIT_HEAD)
    await sign_in(head)
    made = await client.post("/api/v1/evidence-packs", json={"kind": "incident", "name": number})
    assert made.status_code == 202, made.text
    await drain()
    path = f"/api/v1/evidence-packs/{made.json()['id']}"
    told = (await client.get(path)).json()
    assert (told["state"], told["name"], told["reason"]) == ("ready", number, None)
    assert told["sha256"]
    assert (await client.get(f"{path}/file")).content[:2] == b"PK"
    await sign_in(city.leader)
    assert (await client.get(path)).status_code == 404
    for given, status in (
        ({"kind": "incident", "name": "SJ-0000"}, 404),
        ({"kind": "nonsense", "name": "x"}, 404),
        ({"kind": "incident"}, 400),
    ):
        answer = await client.post("/api/v1/evidence-packs", json=given)
        assert answer.status_code in {status, 422}, answer.text


async def test_what_is_asked_for_wrongly_is_said_beside_the_field(
    client: httpx.AsyncClient, sign_in: SignIn, city: City
) -> None:
    await sign_in(city.leader)
    nothing = await client.post("/evidence/packs", data={"kind": "incident", "name": " "})
    assert nothing.status_code == 422
    assert "此项必填" in nothing.text
    unknown = await client.post("/evidence/packs", data={"kind": "incident", "name": "SJ-2026-999999"})
    assert unknown.status_code == 404
    assert 'value="SJ-2026-999999"' in unknown.text, "nothing typed is lost"


async def test_a_pack_whose_asker_lost_the_right_is_not_made(
    client: httpx.AsyncClient, sign_in: SignIn, city: City, number: str, db: Database, drain: Drain, clock: FixedClock
) -> None:
    from sqlalchemy import update

    from irm.access.models import MembershipRow

    await sign_in(city.leader)
    sent = await client.post("/evidence/packs", data={"kind": "incident", "name": number})
    async with db.transaction() as tx:
        await tx.execute(
            update(MembershipRow)
            .where(MembershipRow.person_id == city.leader.person_id)
            .values(role=Role.DUTY_OFFICER.value)
        )
    await drain()
    async with db.transaction() as tx:
        await tx.execute(
            update(MembershipRow)
            .where(MembershipRow.person_id == city.leader.person_id)
            .values(role=Role.DUTY_LEADER.value)
        )
    assert (
        "未能制作" in (await client.get(sent.headers["location"])).text
        or "生成失败" in (await client.get(sent.headers["location"])).text
    )


async def test_the_audit_administrator_reads_the_log_and_that_is_an_entry(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    auditor: make.Account,
    number: str,
    db: Database,
    settings: Settings,
    clock: FixedClock,
    drain: Drain,
) -> None:
    await sign_in(auditor)
    assert "尚" in (await client.get("/ledger")).text  # nothing signed, nothing witnessed yet
    async with db.transaction() as tx:
        newest = await sequencer.bring_up_to_date(tx, signer_of(settings.home), clock.now())
        assert newest is not None
    told = (await client.get("/api/v1/ledger")).json()
    assert (told["size"], told["pending"], told["checkpoint"]["size"]) == (newest.size, 0, newest.size)
    assert told["key"] == newest.key
    page = (await client.get("/ledger")).text
    assert newest.root.hex() in page
    listed = (await client.get("/api/v1/ledger/entries?action=incident")).json()["entries"]
    assert {one["action"].split(".")[0] for one in listed} == {"incident"}
    index = listed[-1]["index"]
    entry = (await client.get(f"/api/v1/ledger/entries/{index}")).json()
    from irm.evidence import merkle

    path = [bytes.fromhex(one) for one in entry["proof"]["path"]]
    root = merkle.root_by_inclusion(bytes.fromhex(entry["entry"]["leaf_hash"]), index, newest.size, path)
    assert root.hex() == entry["proof"]["root"] == newest.root.hex()
    assert "incident.filed" in (await client.get("/ledger/entries")).text
    assert (await client.get(f"/ledger/entries/{index}")).status_code == 200
    note = await client.get(f"/api/v1/ledger/checkpoints/{newest.size}/note")
    assert note.text == newest.note
    assert (await client.get("/api/v1/ledger/checkpoints")).json()["checkpoints"][0]["size"] == newest.size
    assert await actions(db, "ledger.") == ["ledger.read"] * 4
    for missing in ("/ledger/entries/99999", "/api/v1/ledger/entries/99999999999999999999999"):
        assert (await client.get(missing)).status_code == 404
    assert (await client.post("/ledger/verifications")).status_code == 303
    await drain()
    looked = (await client.get("/api/v1/ledger")).json()["verification"]
    assert (looked["fine"], looked["faults"], looked["checkpoint"]) == (True, [], newest.size)
    assert "未发现改动" in (await client.get("/ledger")).text


async def test_a_changed_past_is_loud_on_the_page(
    client: httpx.AsyncClient, sign_in: SignIn, auditor: make.Account, db: Database, clock: FixedClock
) -> None:
    from irm.evidence.standing_watch import keep
    from irm.evidence.verification import Verification

    found = Verification(9, 0)
    found.say("altered", place=3, entry="01939a3e")
    async with db.transaction() as tx:
        await keep(tx, found, witnessed=None, now=clock.now())
    await sign_in(auditor)
    page = (await client.get("/ledger")).text
    assert "台账被改动" in page
    assert "第 3 条记录（01939a3e）被改动" in page
    assert await actions(db, "ledger.altered") == ["ledger.altered"]


async def test_a_changed_past_calls_people_once(
    db: Database, city: City, auditor: make.Account, drain: Drain, clock: FixedClock
) -> None:
    from irm.evidence.standing_watch import keep
    from irm.evidence.verification import Verification
    from irm.notify.models import DeliveryRow

    for _ in range(2):
        found = Verification(9, 0)
        found.say("altered", place=3, entry="01939a3e")
        async with db.transaction() as tx:
            await keep(tx, found, witnessed=None, now=clock.now())
            names = list(await tx.scalars(select(JobRow.name).where(JobRow.done_at.is_(None))))
        assert "notify.call_about_altered_ledger" in names
        await drain()
        clock.tick(minutes=1)
    async with db.transaction() as tx:
        rows = list(await tx.scalars(select(DeliveryRow).where(DeliveryRow.person_id == auditor.person_id)))
    assert {row.channel for row in rows} >= {"in_app"}
    assert len({row.page_key for row in rows}) == 1


async def test_what_recurs_is_an_ordinary_job(db: Database, drain: Drain, clock: FixedClock, city: City) -> None:
    from irm import jobs
    from irm.evidence.models import LedgerVerificationRow
    from irm.wiring import RECURRING

    recurring = {one.name for one in RECURRING}
    assert recurring >= {"evidence.sequence", "evidence.call_witnesses", "evidence.verify"}
    async with db.transaction() as tx:
        for name in ("evidence.sequence", "evidence.verify"):
            await jobs.schedule(tx, name, {"at": clock.now().isoformat()}, run_at=clock.now())
    await drain()
    async with db.transaction() as tx:
        assert await sequencer.pending_count(tx) == 0
        assert (await tx.scalars(select(LedgerVerificationRow))).one().faults == []


async def test_nobody_else_reads_the_log(client: httpx.AsyncClient, sign_in: SignIn, city: City) -> None:
    for account in (city.leader, city.unit_duty, city.regulator):
        await sign_in(account)
        for path in ("/ledger", "/ledger/entries", "/api/v1/ledger", "/api/v1/ledger/entries/0"):
            assert (await client.get(path)).status_code == 403
