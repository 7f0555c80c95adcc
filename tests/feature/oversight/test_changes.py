"""A major change of the platform: its plan 3 working days ahead, agreed or returned, moved, carried out, cancelled."""

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from irm.access.policy import Role
from irm.db import SYSTEM
from irm.errors import Conflict, Invalid
from irm.oversight import queries, service
from irm.oversight.lifecycle import State
from irm.oversight.queries import Change
from irm.oversight.service import NewChange
from tests import make
from tests.feature.oversight.conftest import PDF, City


def body(**more: Any) -> dict[str, Any]:
    return {
        "title": "Upgrade of the virtualization layer",
        "system": "cloud",
        "planned_start": "2026-12-03T22:00:00+08:00",
        "planned_until": "2026-12-04T04:00:00+08:00",
        "contact": "engineer on duty, 000-00000011",
        "detail": "Rolling upgrade, back within 15 minutes per host",
        "risk": "high",
    } | more


async def planned(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/v1/changes", json=body(**more))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def attached(client: httpx.AsyncClient, number: str) -> str:
    answer = await client.post(f"/api/v1/changes/{number}/files", files={"file": ("plan.pdf", PDF)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def handed_in(client: httpx.AsyncClient, **more: Any) -> str:
    number = str((await planned(client, **more))["number"])
    await attached(client, number)
    answer = await client.post(f"/api/v1/changes/{number}/plan", json={"text": "plan, fallback, contacts"})
    assert answer.status_code == 200, answer.text
    return number


async def duties(city: City, number: str) -> list[tuple[str, str, bool]]:
    asked = (
        "SELECT o.form, o.status, o.overdue_at IS NOT NULL FROM obligation o"
        " JOIN planned_change c ON o.subject = 'change/' || c.id WHERE c.number = :number ORDER BY o.id"
    )
    async with city.db.transaction() as tx:
        return [tuple(row) for row in await tx.execute(text(asked), {"number": number})]  # type: ignore[misc]  # rows as tuples


async def change(city: City, number: str) -> Change:
    async with city.db.transaction() as tx:
        return await queries.change_by_number(tx, await city.principal(city.officer), number)


async def test_in_time_it_says_by_when_and_by_which_article(city: City, lead: httpx.AsyncClient) -> None:
    found = await planned(lead)
    assert found["limit"]["is_late"] is False
    assert found["limit"]["due_at"] == "2026-11-30T16:00:00Z", "the third working day before Thursday is Monday"
    assert "第十五条" in found["limit"]["article"]
    assert found["state"] == "planned"
    number = found["number"]
    refused = await lead.post(f"/api/v1/changes/{number}/plan", json={"text": "plan"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "file", "without a plan nothing is handed over"
    await attached(lead, number)
    answer = await lead.post(f"/api/v1/changes/{number}/plan", json={"text": "plan, fallback, contacts"})
    assert answer.json()["state"] == "submitted"
    assert ("change_plan", "submitted", False) in await duties(city, number)


async def test_too_late_is_said_at_once(city: City, lead: httpx.AsyncClient) -> None:
    found = await planned(lead, planned_start="2026-11-24T22:00:00+08:00", planned_until=None)
    assert found["limit"]["is_late"] is True
    assert found["limit"]["due_at"] == "2026-11-19T16:00:00Z"
    number = found["number"]
    await attached(lead, number)
    await lead.post(f"/api/v1/changes/{number}/plan", json={"text": "plan"})
    assert ("change_plan", "submitted", True) in await duties(city, number), "late stays late"


async def test_a_change_that_is_not_major_owes_nothing(city: City, lead: httpx.AsyncClient) -> None:
    found = await planned(lead, is_major=False)
    assert found["limit"] is None
    assert await duties(city, found["number"]) == []


async def test_taken_on_file_by_the_cloud_authority_and_by_nobody_else(
    city: City, lead: httpx.AsyncClient, sign_in: Any
) -> None:
    number = await handed_in(lead)
    own = await lead.post(f"/api/v1/changes/{number}/answer", json={"outcome": "received"})
    assert own.status_code == 403
    officer = await sign_in(city.officer)
    answer = await officer.post(f"/api/v1/changes/{number}/answer", json={"outcome": "received"})
    assert answer.json()["state"] == "agreed", answer.text
    assert ("change_plan", "met", False) in await duties(city, number)
    again = await officer.post(f"/api/v1/changes/{number}/answer", json={"outcome": "returned", "note": "no"})
    assert again.status_code in {403, 409}


async def test_returned_it_is_completed_before_the_start_and_was_in_time(
    city: City, lead: httpx.AsyncClient, sign_in: Any
) -> None:
    number = await handed_in(lead)
    officer = await sign_in(city.officer)
    silent = await officer.post(f"/api/v1/changes/{number}/answer", json={"outcome": "returned"})
    assert silent.status_code == 422
    answer = await officer.post(
        f"/api/v1/changes/{number}/answer", json={"outcome": "returned", "note": "fallback is missing"}
    )
    assert answer.json()["state"] == "returned", answer.text
    assert ("completion", "open", False) in await duties(city, number)
    client = await sign_in(city.lead)
    answer = await client.post(f"/api/v1/changes/{number}/plan", json={"text": "plan with fallback"})
    assert answer.json()["state"] == "submitted", answer.text
    client = await sign_in(city.officer)
    await client.post(f"/api/v1/changes/{number}/answer", json={"outcome": "received"})
    found = {form: (status, late) for form, status, late in await duties(city, number)}
    assert found["change_plan"] == ("returned", False), "the first moment stays"
    assert found["completion"] == ("met", False)
    assert (await change(city, number)).state is State.AGREED


async def test_the_using_units_are_told(city: City, lead: httpx.AsyncClient) -> None:
    number = (await planned(lead))["number"]
    answer = await lead.post(f"/api/v1/changes/{number}/notices", json={"text": "Thursday night, 15 minutes"})
    assert answer.json() == {"units": 1}, answer.text
    assert ("change_notice", "submitted", False) in await duties(city, number)
    again = await lead.post(f"/api/v1/changes/{number}/notices", json={"text": "once more"})
    assert again.json() == {"units": 0}


async def test_a_moved_start_owes_the_plan_anew(city: City, lead: httpx.AsyncClient) -> None:
    number = await handed_in(lead)
    answer = await lead.post(
        f"/api/v1/changes/{number}/start",
        json={"planned_start": "2026-12-10T22:00:00+08:00", "reason": "key meeting that week"},
    )
    assert answer.json()["state"] == "planned", "the plan was for the other start"
    assert answer.json()["limit"]["due_at"] == "2026-12-07T16:00:00Z"
    again = await lead.post(f"/api/v1/changes/{number}/plan", json={"text": "plan for the tenth"})
    assert again.json()["state"] == "submitted", again.text
    statuses = [(form, status) for form, status, _ in await duties(city, number) if form == "change_plan"]
    assert ("change_plan", "submitted") in statuses


async def test_cancelled_it_owes_nothing_any_more(city: City, lead: httpx.AsyncClient) -> None:
    number = (await planned(lead))["number"]
    silent = await lead.post(f"/api/v1/changes/{number}/cancel", json={})
    assert silent.status_code == 422
    answer = await lead.post(f"/api/v1/changes/{number}/cancel", json={"remark": "put together with the next one"})
    assert answer.json()["state"] == "cancelled"
    assert {status for _, status, _ in await duties(city, number)} == {"superseded"}
    over = await lead.post(f"/api/v1/changes/{number}/plan", json={"text": "plan"})
    assert over.status_code == 409


async def test_carried_out_without_a_plan_it_stays_overdue(
    city: City, lead: httpx.AsyncClient, drain: Any, sign_in: Any
) -> None:
    number = (await planned(lead))["number"]
    early = await lead.post(f"/api/v1/changes/{number}/done", json={})
    assert early.status_code == 409
    city.clock.tick(days=12)
    await drain()
    lead = await sign_in(city.lead)
    answer = await lead.post(f"/api/v1/changes/{number}/done", json={"remark": "went well"})
    assert answer.json()["state"] == "done", answer.text
    assert ("change_plan", "open", True) in await duties(city, number)
    async with city.db.transaction() as tx:
        entry = await tx.scalar(text("SELECT body FROM ledger_entry WHERE action = 'change.done'"))
    assert '"plan":"planned"' in str(entry), "that it took place without a plan on file is on record"


async def test_a_stranger_s_change_is_like_none(city: City, lead: httpx.AsyncClient, sign_in: Any) -> None:
    number = await handed_in(lead)
    client = await sign_in(city.stranger)
    foreign = await client.get(f"/api/v1/changes/{number}")
    unknown = await client.get("/api/v1/changes/BG-2026-99999")
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json()["code"] == unknown.json()["code"]
    assert (await client.get("/api/v1/changes")).json()["changes"] == []
    for act in ("plan", "notices", "cancel", "done", "start", "answer"):
        answer = await client.post(
            f"/api/v1/changes/{number}/{act}",
            json={"plan": {"text": "x"}, "notices": {"text": "x"}, "answer": {"outcome": "received"}}.get(
                act, {"planned_start": "2026-12-10T22:00:00+08:00", "reason": "x"} if act == "start" else {}
            ),
        )
        assert answer.status_code == 404, act
    client = await sign_in(city.unit_duty)
    assert (await client.get(f"/api/v1/changes/{number}")).status_code == 200, "it runs on that platform"
    assert (await client.post(f"/api/v1/changes/{number}/cancel", json={"remark": "x"})).status_code == 403


async def test_every_fault_is_named(city: City, lead: httpx.AsyncClient) -> None:
    answer = await lead.post(
        "/api/v1/changes",
        json=body(
            title=" ",
            contact="",
            kind="magic",
            risk="x",
            planned_start="2026-11-01T00:00:00+08:00",
            planned_until="2026-10-01T00:00:00+08:00",
        ),
    )
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {
        "title",
        "contact",
        "kind",
        "risk",
        "planned_start",
        "planned_until",
    }
    naive = await lead.post("/api/v1/changes", json=body(planned_start="2026-12-03T22:00:00"))
    assert naive.status_code == 422
    unknown = await lead.post("/api/v1/changes", json=body(system="nowhere"))
    assert unknown.status_code == 404
    async with city.db.transaction() as tx:
        assert await tx.scalar(text("SELECT count(*) FROM planned_change")) == 0


async def test_the_nightly_round_sees_changes_and_opens_nothing_twice(
    city: City, lead: httpx.AsyncClient, drain: Any
) -> None:
    number = (await planned(lead))["number"]
    before = await duties(city, number)
    async with city.db.transaction() as tx:
        from irm import jobs

        await jobs.schedule(tx, "obligations.look_ahead", {"at": "x"}, run_at=city.clock.now())
    await drain()
    assert await duties(city, number) == before


async def test_the_cloud_authority_files_no_plan_with_itself(city: City) -> None:
    async with city.db.transaction() as tx:
        officer = await make.account(tx, city.authority, Role.DUTY_OFFICER)
        change_id = await service.plan_change(
            tx,
            NewChange("Own work", city.platform, city.authority, city.at(2026, 12, 3, 22), contact="desk"),
            actor=SYSTEM,
            now=city.clock.now(),
        )
        with pytest.raises(Invalid):
            await service.hand_in_plan(tx, change_id, text="plan", actor=SYSTEM, now=city.clock.now())
        with pytest.raises(Conflict):
            await service.answer_plan(
                tx,
                change_id,
                accepted=True,
                reason="",
                account_id=officer.id,
                actor=SYSTEM,
                now=city.clock.now(),
            )


async def test_the_pages(city: City, lead: httpx.AsyncClient, sign_in: Any) -> None:
    assert (await lead.get("/changes")).status_code == 200
    assert (await lead.get("/changes/new")).status_code == 200
    form = body(is_major="yes", by=str(city.vendor), planned_start="2026-12-03T22:00", planned_until="", kind="upgrade")
    refused = await lead.post("/changes", data=form | {"planned_start": "", "title": ""})
    assert refused.status_code == 422
    assert "field-error" in refused.text
    made = await lead.post("/changes", data=form | {"hand_over": "yes"}, files={"file": ("plan.pdf", PDF)})
    assert made.status_code == 303, made.text
    at = made.headers["location"]
    shown = await lead.get(at)
    assert shown.status_code == 200
    assert "plan.pdf" in shown.text
    number = at.rpartition("/")[2]
    assert (await change(city, number)).state is State.SUBMITTED
    file = shown.text.partition(f'href="{at}/files/')[2].partition('"')[0]
    assert (await lead.get(f"{at}/files/{file}")).content == PDF
    told = await lead.post(f"{at}/notices", data={"notice": "Thursday night"})
    assert told.status_code == 303, told.text
    moved = await lead.post(f"{at}/start", data={"planned_start": "2026-12-10T22:00", "why": "", "version": ""})
    assert moved.status_code == 422
    officer = await sign_in(city.officer)
    answered = await officer.post(f"{at}/answer", data={"outcome": "received", "reason": ""})
    assert answered.status_code == 303, answered.text
    lead = await sign_in(city.lead)
    ended = await lead.post(f"{at}/end", data={"outcome": "cancelled", "remark": "not needed"})
    assert ended.status_code == 303, ended.text
    assert (await lead.get("/changes?when=over")).text.count(number) == 2


async def test_too_late_stands_on_the_page_with_figure_and_article(city: City, lead: httpx.AsyncClient) -> None:
    number = (await planned(lead, planned_start="2026-11-24T22:00:00+08:00", planned_until=None))["number"]
    shown = (await lead.get(f"/changes/{number}")).text
    assert "第十五条" in shown
    assert 'role="alert"' in shown
