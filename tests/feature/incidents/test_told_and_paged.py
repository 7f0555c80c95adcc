"""Two questions anybody can ask of an incident: who was told when and how do we know; why was nobody paged?"""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from irm import absence
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, uuid7
from irm.heartbeat import HeartbeatRow
from irm.notify.models import DeliveryRow
from irm.playbooks.publishing import publish_library
from tests import make
from tests.conftest import Drain
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
HTML = {"accept": "text/html"}


@pytest.fixture
async def incident(sign_in: Any, city: City, filing: Any, db: Database, drain: Drain) -> str:
    """The authority's desk is manned, the unit has no roster; the reporting chain has begun."""
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
        await make.duty(tx, city.authority, city.officer.person_id)
    client = await sign_in(city.officer)
    answer = await client.post(URL, json=filing())
    assert answer.status_code == 201, answer.text
    await drain()
    return str(answer.json()["number"])


async def _lines(client: Any, number: str) -> dict[str, Any]:
    """By organization, what the page of the told says."""
    view = (await client.get(f"{URL}/{number}/told")).json()
    return {one["organization"]: one for one in view["recipients"]}


async def _names(db: Database, *ids: Any) -> list[str]:
    from irm.access.queries import organizations

    async with db.transaction() as tx:
        found = {one.id: one.name for one in await organizations(tx)}
    return [found[one] for one in ids]


async def test_who_was_told_and_how_we_know(
    sign_in: Any, city: City, incident: str, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    authority, unit = await _names(db, city.authority, city.unit)
    before = (await _lines(client, incident))[authority]
    assert before["proof"] in {"taken", "proven"}
    assert "answer" in {one["kind"] for one in before["owed"]}, "the desk has not confirmed the page yet"
    async with db.transaction() as tx:
        page = await tx.scalar(
            select(DeliveryRow.id).where(DeliveryRow.person_id == city.officer.person_id, DeliveryRow.purpose == "page")
        )
    clock.tick(minutes=3)
    assert (await client.post(f"/api/v1/deliveries/{page}/acknowledgement")).status_code in {200, 201, 204}
    after = (await _lines(client, incident))[authority]
    confirmed = [one for one in after["told"] if one["kind"] == "message" and one["proof"] == "proven"]
    assert confirmed
    assert confirmed[0]["proof_at"].startswith("2026-11-20T19:44")
    assert "answer" not in {one["kind"] for one in after["owed"]}
    lines = await _lines(client, incident)
    offices = [one for one in lines.values() if one["first_at"] is None and one["owed"]]
    assert offices, "who has not been told stands there with what is owed to him"
    assert all(owed["due_at"] and owed["article"] for one in offices for owed in one["owed"])
    assert unit in lines, "a unit with a part stands there, told or not"


async def test_a_call_is_told_by_our_own_word(sign_in: Any, city: City, incident: str, db: Database) -> None:
    client = await sign_in(city.officer)
    (unit,) = await _names(db, city.unit)
    call = {
        "direction": "out",
        "means": "telephone",
        "counterpart": str(city.unit),
        "counterpart_name": "值班员",
        "said": "已电话告知门户被篡改",
    }
    recorded = await client.post(f"{URL}/{incident}/contacts", json=call)
    assert recorded.status_code == 201, recorded.text
    line = (await _lines(client, incident))[unit]
    (told,) = [one for one in line["told"] if one["kind"] == "contact"]
    assert (told["proof"], told["what"]) == ("stated", "已电话告知门户被篡改")
    assert line["first_at"] is not None


async def test_each_sees_what_is_his(sign_in: Any, city: City, incident: str) -> None:
    unit = await sign_in(city.unit_duty)
    lines = (await unit.get(f"{URL}/{incident}/told")).json()["recipients"]
    assert not any(each["to"] == "officer" for one in lines for each in one["told"])
    paging = (await unit.get(f"{URL}/{incident}/paging")).json()
    assert paging["not_started"] == []
    steps = {one["id"] for run in paging["runs"] for one in run["steps"]}
    assert "alarm" not in steps, "whom the authority calls is not the unit's to know"
    stranger = await sign_in(city.other_duty)
    for question in ("told", "paging", "paper"):
        assert (await stranger.get(f"{URL}/{incident}/{question}")).status_code == 404


async def test_why_was_nobody_paged(sign_in: Any, city: City, incident: str, clock: FixedClock, drain: Drain) -> None:
    client = await sign_in(city.officer)

    async def step(name: str) -> dict[str, Any]:
        runs = (await client.get(f"{URL}/{incident}/paging")).json()["runs"]
        (run,) = (one for one in runs if one["playbook"] == "report-chain")
        found: dict[str, Any] = next(one for one in run["steps"] if one["id"] == name)
        return found

    alarm = await step("alarm")
    first, second, _ = alarm["rungs"]
    assert first["due_at"] == alarm["opened_at"]
    (went,) = [one for one in first["messages"] if one["status"] == "sent"]
    assert went["attempts"][0]["claimed_by"], "which process took it"
    assert went["attempts"][0]["outcome"] == "sent"
    skipped = {one["reason"] for one in first["messages"] if one["status"] == "skipped"}
    assert skipped <= {"not_configured", "not_built", "no_address"}
    assert skipped
    assert (second["called_at"], second["messages"]) == (None, [])
    assert second["why"], "not due yet"
    units = await step("units")
    assert {one["reason"] for one in units["rungs"][0]["messages"]} == {"no_roster"}
    assert units["rungs"][0]["messages"][0]["reason_words"]
    police = await step("police")
    assert (police["stage"], bool(police["why"])) == ("dormant", True)
    clock.tick(minutes=15)
    await drain()
    assert (await step("alarm"))["rungs"][1]["called_at"] is not None


async def test_the_playbook_that_did_not_start_says_its_condition(
    sign_in: Any, city: City, filing: Any, db: Database, drain: Drain
) -> None:
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
    client = await sign_in(city.officer)
    body = filing(target={"kind": "system", "system": city.archive_code}, category=None, subcategory=None)
    number = (await client.post(URL, json=body)).json()["number"]
    await drain()
    paging = (await client.get(f"{URL}/{number}/paging")).json()
    started = {run["playbook"] for run in paging["runs"]}
    missing = {one["playbook"]: one for one in paging["not_started"]}
    assert ("report-chain" in started) != ("report-chain" in missing), "it runs, or it is said why not"
    if "report-chain" in missing:
        assert missing["report-chain"]["reason"] == "condition"
        assert missing["report-chain"]["condition"]


async def test_both_pages_and_the_paper(sign_in: Any, city: City, incident: str) -> None:
    client = await sign_in(city.officer)
    for page, words in (("told", "尚欠事项"), ("paging", "第 1 级")):
        shown = await client.get(f"/incidents/{incident}/{page}", headers=HTML)
        assert shown.status_code == 200, shown.text
        assert words in shown.text
    assert f"/incidents/{incident}/told" in (await client.get(f"/incidents/{incident}", headers=HTML)).text
    paper = await client.get(f"/incidents/{incident}/paper.pdf?lang=en")
    assert (paper.status_code, paper.content[:5]) == (200, b"%PDF-")
    word = await client.get(f"{URL}/{incident}/paper?format=docx")
    assert word.content[:2] == b"PK"
    assert (await client.get(f"{URL}/{incident}/paper?format=odt")).status_code == 404


async def test_a_repetition_that_irm_missed_says_so_and_the_board_counts_from_the_first_call(
    sign_in: Any, city: City, incident: str, db: Database, clock: FixedClock, drain: Drain
) -> None:
    """The desk is called every five minutes; irm stops after one minute and is back after nine."""
    called = clock.now()
    async with db.transaction(SYSTEM) as tx:
        seen = clock.tick(minutes=1)
        tx.add(HeartbeatRow(id=uuid7(), process="d:1", kind="dispatcher", started_at=called, seen_at=seen))
    clock.tick(minutes=8)
    async with db.transaction(SYSTEM) as tx:
        await absence.notice(tx, clock.now())
    await drain()
    client = await sign_in(city.officer)
    view = (await client.get(f"{URL}/{incident}/paging")).json()
    assert view["reached"] is True
    messages = [
        one
        for run in view["runs"]
        for step in run["steps"]
        for rung in step["rungs"]
        for one in rung["messages"]
        if one["status"] == "sent"
    ]
    assert {one["round"]: one["away"] for one in messages} == {1: False, 2: True}
    assert "因系统停用迟发" in (await client.get(f"/incidents/{incident}/paging", headers=HTML)).text
    needs = (await client.get("/api/v1/board")).json()["needs"]
    (page,) = [one for one in needs if one["kind"] == "page"]
    assert datetime.fromisoformat(page["since"]) == called
