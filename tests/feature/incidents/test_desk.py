"""Notes, roles and the hand-over of an open incident from shift to shift."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.desk_policy import desk_policy
from irm.ledger import LedgerEntryRow, LedgerPrivateRow
from irm.notify.models import DeliveryRow
from irm.playbooks.models import TaskRow
from tests import make
from tests.conftest import Drain
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"


@pytest.fixture
async def incident(sign_in: Any, city: City, filing: Any) -> str:
    client = await sign_in(city.officer)
    answer = await client.post(URL, json=filing())
    assert answer.status_code == 201, answer.text
    return str(answer.json()["number"])


async def test_a_note_stays_and_is_corrected_by_another(sign_in: Any, city: City, incident: str, db: Database) -> None:
    client = await sign_in(city.officer)
    first = await client.post(f"{URL}/{incident}/notes", json={"text": "门户 03:30 下线", "sight": "all"})
    assert first.status_code == 201, first.text
    again = {"text": "门户 03:20 下线", "corrects": first.json()["id"]}
    second = await client.post(f"{URL}/{incident}/notes", json=again)
    assert second.json()["sight"] == "all", "who read the mistake reads the correction"
    notes = (await client.get(f"{URL}/{incident}/notes")).json()["notes"]
    assert [(one["text"], one["corrected_by"]) for one in notes] == [
        ("门户 03:20 下线", None),
        ("门户 03:30 下线", second.json()["id"]),
    ]
    async with db.transaction() as tx:
        kept = await tx.scalars(
            select(LedgerPrivateRow.value)
            .join(LedgerEntryRow, LedgerEntryRow.id == LedgerPrivateRow.entry_id)
            .where(LedgerEntryRow.action == "incident.note_shared")
        )
        bodies = await tx.scalars(select(LedgerEntryRow.body).where(LedgerEntryRow.action == "incident.note_shared"))
        assert sorted(kept) == ["门户 03:20 下线", "门户 03:30 下线"]
        assert not any("下线" in body for body in bodies), "the ledger holds a commitment, not the words"


async def test_who_reads_a_note(sign_in: Any, city: City, incident: str) -> None:
    client = await sign_in(city.unit_duty)
    own = {"text": "本单位已断网"}
    assert (await client.post(f"{URL}/{incident}/notes", json=own)).status_code == 201
    assert (await client.post(f"{URL}/{incident}/notes", json={"text": "恢复中", "sight": "all"})).status_code == 201

    async def seen(account: make.Account) -> list[str]:
        reader = await sign_in(account)
        return [one["text"] for one in (await reader.get(f"{URL}/{incident}/notes")).json()["notes"]]

    assert await seen(city.officer) == ["恢复中", "本单位已断网"]
    assert await seen(city.vendor_duty) == ["恢复中"]
    stranger = await sign_in(city.other_duty)
    assert (await stranger.get(f"{URL}/{incident}/notes")).status_code == 404


async def test_bad_notes_name_their_field(sign_in: Any, city: City, incident: str) -> None:
    client = await sign_in(city.officer)
    for body, field in (
        ({"text": "  "}, "text"),
        ({"text": "x" * (desk_policy().longest_note + 1)}, "text"),
        ({"text": "x", "corrects": str(city.portal)}, "corrects"),
        ({"text": "x", "organization": str(city.other)}, "organization"),
    ):
        answer = await client.post(f"{URL}/{incident}/notes", json=body)
        assert answer.status_code == 422, answer.text
        assert [one["field"] for one in answer.json()["errors"]] == [field]
    await sign_in(city.unit_duty)
    mine = (await client.post(f"{URL}/{incident}/notes", json={"text": "x", "sight": "all"})).json()["id"]
    await sign_in(city.vendor_duty)
    foreign = await client.post(f"{URL}/{incident}/notes", json={"text": "y", "corrects": mine})
    assert [one["field"] for one in foreign.json()["errors"]] == ["corrects"]


async def test_roles_with_their_history(sign_in: Any, city: City, incident: str, clock: FixedClock) -> None:
    client = await sign_in(city.officer)
    where = f"{URL}/{incident}/roles"
    assert (await client.post(where, json={"role": "lead", "person": str(city.officer.person_id)})).status_code == 200
    again = await client.post(where, json={"role": "lead", "person": str(city.officer.person_id)})
    assert again.status_code == 409
    clock.tick(minutes=10)
    given = await client.post(where, json={"role": "lead", "person": str(city.leader.person_id)})
    now, before = given.json()["roles"]
    assert (now["person"], now["until"]) == (str(city.leader.person_id), None)
    assert before["until"] == now["since"]
    assert (await client.post(where, json={"role": "lead"})).status_code == 200
    assert (await client.post(where, json={"role": "lead"})).status_code == 409
    for body, field in (
        ({"role": "king", "person": str(city.officer.person_id)}, "role"),
        ({"role": "lead", "person": str(city.other_duty.person_id)}, "person"),
    ):
        answer = await client.post(where, json=body)
        assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_an_open_incident_goes_to_the_next_shift(
    sign_in: Any, city: City, incident: str, clock: FixedClock, db: Database
) -> None:
    client = await sign_in(city.officer)
    await client.post(f"{URL}/{incident}/roles", json={"role": "lead", "person": str(city.officer.person_id)})
    given = await client.post(f"{URL}/{incident}/handovers", json={"text": "初报已拟，待签发"})
    assert given.status_code == 201, given.text
    handover = given.json()
    assert handover["duties"], "open clocks go with it"
    assert handover["duties"][0]["due_at"]
    second = await client.post(f"{URL}/{incident}/handovers", json={"text": "再交一次"})
    assert (second.status_code, second.json()["code"]) == (409, "handover_waits")
    taking = f"{URL}/{incident}/handovers/{handover['id']}/taken"
    assert (await client.post(taking)).status_code == 403, "nobody hands over to himself"
    clock.tick(minutes=5)
    taker = await sign_in(city.leader)
    assert "待接班" in (await taker.get("/", headers={"accept": "text/html"})).text
    taken = await taker.post(taking)
    assert taken.status_code == 200, taken.text
    assert taken.json()["taken_by"]
    roles = (await taker.get(f"{URL}/{incident}/roles")).json()["roles"]
    assert [one["person"] for one in roles if one["until"] is None] == [str(city.leader.person_id)]
    assert (await taker.post(taking)).status_code == 409
    async with db.transaction() as tx:
        actions = list(
            await tx.scalars(
                select(LedgerEntryRow.action)
                .where(LedgerEntryRow.action.in_(["incident.handed_over", "incident.taken_over"]))
                .order_by(LedgerEntryRow.at, LedgerEntryRow.id)
            )
        )
    assert actions == ["incident.handed_over", "incident.taken_over"]


async def test_what_nobody_takes_calls_the_next_shift_and_then_its_leader(
    sign_in: Any, city: City, incident: str, clock: FixedClock, db: Database, drain: Drain
) -> None:
    """Job incidents.call_next_shift."""
    async with db.transaction() as tx:
        relief = await make.account(tx, city.authority, Role.DUTY_OFFICER)
        await make.duty(tx, city.authority, relief.person_id)
    client = await sign_in(city.officer)
    given = (await client.post(f"{URL}/{incident}/handovers", json={"text": "交班"})).json()
    first, second = (one.after for one in desk_policy().calls)

    async def called() -> set[Any]:
        await drain()
        async with db.transaction() as tx:
            rows = await tx.scalars(
                select(DeliveryRow.person_id).where(DeliveryRow.page_key == f"handover/{given['id']}")
            )
            return set(rows)

    clock.tick(seconds=int((first - timedelta(seconds=1)).total_seconds()))
    assert await called() == set()
    clock.tick(seconds=1)
    assert await called() == {relief.person_id}
    clock.tick(seconds=int((second - first).total_seconds()))
    assert await called() == {relief.person_id, city.leader.person_id}
    await sign_in(relief)
    assert (await client.post(f"{URL}/{incident}/handovers/{given['id']}/taken")).status_code == 200
    async with db.transaction() as tx:
        waiting = await tx.scalar(
            select(func.count()).where(DeliveryRow.page_key.startswith("handover/"), DeliveryRow.closed_at.is_(None))
        )
    assert waiting == 0, "a page that is taken wants no answer any more"


async def test_where_only_the_giver_is_on_duty_whoever_comes_next_is_called(
    sign_in: Any, city: City, incident: str, clock: FixedClock, db: Database, drain: Drain
) -> None:
    async with db.transaction() as tx:
        relief = await make.account(tx, city.authority, Role.DUTY_OFFICER)
        await make.duty(tx, city.authority, city.officer.person_id, hours=6)
        await make.duty(tx, city.authority, relief.person_id, since=clock.now() + timedelta(hours=5))
    client = await sign_in(city.officer)
    await client.post(f"{URL}/{incident}/handovers", json={"text": "交班"})
    clock.tick(seconds=int(desk_policy().calls[0].after.total_seconds()))
    await drain()
    async with db.transaction() as tx:
        rows = await tx.scalars(select(DeliveryRow.person_id).where(DeliveryRow.page_key.startswith("handover/")))
        assert set(rows) == {relief.person_id}


async def test_taken_in_time_calls_nobody(
    sign_in: Any, city: City, incident: str, clock: FixedClock, db: Database, drain: Drain
) -> None:
    client = await sign_in(city.officer)
    given = (await client.post(f"{URL}/{incident}/handovers", json={"text": "交班"})).json()
    back = await client.post(f"{URL}/{incident}/handovers/{given['id']}/taken-back")
    assert back.status_code == 200
    clock.tick(hours=1)
    await drain()
    async with db.transaction() as tx:
        assert not await tx.scalar(select(func.count()).where(DeliveryRow.page_key.startswith("handover/")))


async def test_tasks_of_the_giver_go_with_it(sign_in: Any, city: City, incident: str, db: Database) -> None:
    client = await sign_in(city.officer)
    async with db.transaction() as tx:
        found = (await tx.execute(text("SELECT id FROM incident WHERE number = :n"), {"n": incident})).scalar_one()
        playbook = await _run_of(tx, found, city)
        tx.add(
            TaskRow(
                run_id=playbook,
                step_id="x",
                audience="x",
                kind="task",
                subject=f"incident/{found}",
                incident_id=found,
                title={"zh-CN": "核对日志"},
                checklist=[],
                options={},
                organization_id=city.authority,
                person_id=city.officer.person_id,
                created_at=tx.clock.now(),
                due_at=None,
                status="open",
                exercise=False,
            )
        )
    given = (await client.post(f"{URL}/{incident}/handovers", json={"text": "交班"})).json()
    assert [one["title"] for one in given["tasks"]] == ["核对日志"]
    await sign_in(city.leader)
    await client.post(f"{URL}/{incident}/handovers/{given['id']}/taken")
    async with db.transaction() as tx:
        assert await tx.scalar(select(TaskRow.person_id)) == city.leader.person_id


async def _run_of(tx: Any, incident: Any, city: City) -> Any:
    from irm.db import SYSTEM
    from irm.playbooks import publishing, starting
    from irm.playbooks.check import City as Known

    source = (
        "apiVersion: irm/v1\nkind: Playbook\nid: own\ntitle: {zh-CN: 例}\nstart: {on: incident.graded}\nsteps:\n"
        "  - {id: end, wait: incident.handled}\n"
    )
    await publishing.publish(tx, source, file="own.yaml", city=Known(), actor=SYSTEM, now=tx.clock.now())
    (run,) = await starting.start_matching(
        tx,
        event="incident.graded",
        subject=f"incident/{incident}",
        subject_id=incident,
        facts={"incident": {"number": "x", "reached": 4, "possible": 4}, "organizations": {}},
        actor=SYSTEM,
        now=tx.clock.now(),
    )
    return run


async def test_the_desk_as_a_page(sign_in: Any, city: City, incident: str) -> None:
    client = await sign_in(city.officer)
    csrf = {"_csrf": client.headers["x-csrf-token"]}
    page = f"/incidents/{incident}/desk"
    assert (await client.get(page)).status_code == 200
    refused = await client.post(f"/incidents/{incident}/notes", data=csrf | {"text": "", "sight": "own"})
    assert refused.status_code == 422
    assert "e-text" in refused.text
    empty = await client.post(f"/incidents/{incident}/handovers", data=csrf | {"handover_text": " "})
    assert "e-handover_text" in empty.text
    for path, data in (
        ("notes", {"text": "现场已封存", "sight": "all"}),
        ("roles", {"role": "commander", "person": str(city.leader.person_id)}),
        ("handovers", {"handover_text": "请盯初报时限", "to": str(city.leader.person_id)}),
    ):
        done = await client.post(f"/incidents/{incident}/{path}", data=csrf | data)
        assert (done.status_code, done.headers["location"]) == (303, page), done.text
    shown = (await client.get(f"/incidents/{incident}")).text
    for words in ("现场已封存", "指挥", "请盯初报时限", "待接班"):
        assert words in shown
    reporter = await sign_in(city.vendor_duty)
    assert "请盯初报时限" not in (await reporter.get(f"/incidents/{incident}/desk")).text


async def test_nothing_is_written_once_it_is_over(sign_in: Any, city: City, incident: str) -> None:
    client = await sign_in(city.officer)
    done = await client.post(f"{URL}/{incident}/status", json={"status": "withdrawn", "reason": "重复报告"})
    assert done.status_code in {200, 201}, done.text
    if done.json().get("waiting"):
        await sign_in(city.leader)
        confirm = f"{URL}/{incident}/status/{done.json()['waiting']}/confirmation"
        assert (await client.post(confirm, json={"confirmed": True})).status_code == 200
    late = await client.post(f"{URL}/{incident}/notes", json={"text": "x"})
    assert (late.status_code, late.json()["code"]) == (409, "incident_over")
