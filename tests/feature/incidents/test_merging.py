"""Everybody files (issue 4, story 2): the same event by vendor, two units and a monitoring tool becomes one incident."""

from typing import Any
from uuid import uuid4

import httpx
import msgspec
from sqlalchemy import select

from irm.access.policy import Permission
from irm.access.principals import principal_of
from irm.access.tokens import create_token
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.exercise import open_exercise
from irm.exercise_clock import ExerciseClock
from irm.incidents.merge_showing import absorbed_incident, both, merge_view, parting_view
from irm.incidents.merging import merge
from irm.incidents.models import IncidentRow
from irm.incidents.parting import part_incidents
from irm.incidents.schemas import FileIncident
from irm.incidents.service import file_incident
from irm.playbooks.models import RunRow
from tests.conftest import Drain
from tests.feature.incidents.conftest import City
from tests.feature.incidents.merged import URL, acknowledges, filed, known_at, merged, pages, parted


async def test_vendor_unit_and_monitoring_file_the_same_event_and_nobody_is_called_twice(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain, client: httpx.AsyncClient
) -> None:
    city = night
    vendor = await sign_in(city.vendor_duty)
    main = await filed(vendor, filing(text="Files on the portal's hosts are encrypted."))
    await drain()
    clock.tick(minutes=2)
    unit = await sign_in(city.unit_duty)
    shown = await unit.get(f"{URL}/duplicates", params={"system": "portal", "known_at": "2026-11-21T03:20:00+08:00"})
    assert [one["number"] for one in shown.json()["likely_duplicates"]] == [main]
    answer = await unit.post(URL, json=filing(known_at="2026-11-21T03:20:00+08:00"))
    assert answer.json()["likely_duplicates"] == [main]
    second = answer.json()["number"]
    await drain()
    # The unit's duty officer confirms the second one's page, the cloud authority's the first one's.
    async with db.transaction() as tx:
        ids = {row.number: row.id for row in await tx.scalars(select(IncidentRow))}
    await acknowledges(db, clock, city.unit_duty, f"incident/{ids[second]}")
    await acknowledges(db, clock, city.officer, f"incident/{ids[main]}")
    clock.tick(seconds=30)
    called = await pages(db)
    officer = await sign_in(city.officer)
    done = await merged(officer, second, main)
    assert done["merged_into"] == main
    await drain()
    for _ in range(6):
        clock.tick(minutes=10)
        await drain()
    again = await pages(db)
    for one in (city.unit_duty, city.officer):
        mine = [step for step, person in again if person == str(one.person_id)]
        before = [step for step, person in called if person == str(one.person_id)]
        assert mine.count("alarm") == before.count("alarm"), "confirmed once, called twice"
        assert mine.count("units") == before.count("units"), "confirmed once, called twice"
    await sign_in(city.officer)
    # Earliest knowledge: the unit knew at 03:20, the vendor at 03:35.
    known = await known_at(officer, main)
    assert known[str(city.unit)].startswith("2026-11-20T19:20")
    assert known[str(city.vendor)].startswith("2026-11-20T19:35")
    # The number leads on, in the interface and on the page.
    view = (await officer.get(f"{URL}/{second}")).json()
    assert (view["number"], view["merged_into"], [one["number"] for one in view["merged"]]) == (main, main, [second])
    page = await officer.get(f"/incidents/{second}")
    assert (page.status_code, page.headers["location"]) == (308, f"/incidents/{main}")
    assert "no-store" in page.headers["cache-control"]
    assert len(view["filings"]) == 2


async def test_a_machine_s_filing_waits_and_merging_it_is_its_verification(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, client: httpx.AsyncClient, drain: Drain
) -> None:
    city = night
    await sign_in(city.officer)
    refused = await client.post(URL, json=filing(noticed_by_machine=True))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "noticed_by_machine")
    main = await filed(client, filing())
    async with db.transaction() as tx:
        _, token = await create_token(
            tx, account_id=city.vendor_duty.id, name="monitoring", scopes=frozenset({Permission.FILE_INCIDENT, Permission.READ_SYSTEMS}),
            actor=SYSTEM, now=clock.now(),
        )  # fmt: skip
    tool = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=client._transport, base_url="http://irm.test", headers=tool) as monitoring:
        answer = await monitoring.post(URL, json=filing(noticed_by_machine=True, known_at="2026-11-21T03:30:00+08:00"))
    assert answer.status_code == 201, answer.text
    alert = answer.json()["number"]
    waits = (await client.get(f"{URL}/{alert}")).json()
    assert (waits["status"], waits["filings"][0]["means"]) == ("reported", "machine")
    assert (await client.get(f"{URL}/{alert}/obligations")).json()["obligations"] == []
    await merged(client, alert, main)
    view = (await client.get(f"{URL}/{alert}")).json()
    assert (view["number"], view["status"]) == (main, "open")
    assert {one["means"] for one in view["filings"]} == {"api", "machine"}
    assert (await known_at(client, main))[str(city.vendor)].startswith("2026-11-20T19:30")


async def test_who_may_not_merge_and_what_cannot_be_merged(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    one, other = await filed(client, filing()), await filed(client, filing())
    itself = await client.post(f"{URL}/{one}/merge", json={"into": one, "reason": "x"})
    assert (itself.status_code, itself.json()["errors"][0]["field"]) == (422, "into")
    nothing = await client.post(f"{URL}/{one}/merge", json={"into": other, "reason": " "})
    assert (nothing.status_code, nothing.json()["errors"][0]["field"]) == (422, "reason")
    unknown = await client.post(f"{URL}/{one}/merge", json={"into": "SJ-2026-999999", "reason": "x"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "into")
    await sign_in(city.unit_duty)
    unit = await client.post(f"{URL}/{one}/merge", json={"into": other, "reason": "x"})
    assert unit.status_code == 403
    await sign_in(city.other_duty)
    stranger = await client.post(f"{URL}/{one}/merge", json={"into": other, "reason": "x"})
    assert stranger.status_code == 404
    await sign_in(city.officer)
    await client.post(f"{URL}/{other}/status", json={"status": "dismissed", "reason": "a test"})
    dismissed = await client.post(f"{URL}/{one}/merge", json={"into": other, "reason": "x"})
    assert dismissed.status_code == 409
    not_merged = await client.post(f"{URL}/{one}/unmerge", json={"reason": "x"})
    assert not_merged.status_code == 409


async def test_nobody_learns_by_a_merge_of_what_was_before(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """The archive's unit files; the portal's unit and vendor come to the same incident by a merge."""
    client = await sign_in(city.other_duty)
    main = await filed(client, filing(target={"kind": "system", "system": "archive"}, text="the archive is encrypted"))
    clock.tick(minutes=5)
    await sign_in(city.unit_duty)
    second = await filed(client, filing(text="the portal is encrypted"))
    clock.tick(minutes=5)
    await sign_in(city.officer)
    await merged(client, second, main)
    await sign_in(city.unit_duty)
    view = (await client.get(f"{URL}/{second}")).json()
    assert (view["number"], view["merged_into"]) == (main, main)
    assert [one["text"] for one in view["filings"]] == ["the portal is encrypted"]
    assert {one["organization"] for one in view["parts"]} == {str(city.unit)}
    entries = (await client.get(f"{URL}/{main}/timeline")).json()["entries"]
    entered = [one for one in entries if one["action"] == "incident.filed"]
    assert [one["body"]["number"] for one in entered] == [second], "what was filed before is not theirs to know"
    # The archive's unit learns that something was added, but neither number nor whose it was.
    await sign_in(city.other_duty)
    entries = (await client.get(f"{URL}/{main}/timeline")).json()["entries"]
    assert [one["body"] for one in entries if one["action"] == "incident.merged"] == [{"into": main}]
    assert all(second not in str(one["body"]) for one in entries)
    assert (await client.get(f"{URL}/{main}")).json()["merged"] == []
    assert (await client.get(f"{URL}/{second}")).status_code == 404
    # Parted again, the main incident is a stranger's to those who came by the merge.
    await sign_in(city.officer)
    asked = await parted(client, second)
    # Together they owed something that neither owed alone: that it ends again, two persons say.
    await sign_in(city.leader)
    shown = await client.get(f"/incidents/{main}")
    assert f"/incidents/{main}/waiting/{asked['waiting']}" in shown.text
    done = await client.post(f"/incidents/{main}/waiting/{asked['waiting']}", data={"confirmed": "yes"})
    assert done.status_code == 303, done.text
    await sign_in(city.unit_duty)
    assert (await client.get(f"{URL}/{main}")).status_code == 404
    assert (await client.get(f"{URL}/{second}")).json()["number"] == second


async def test_on_the_page_in_one_step_with_the_clocks_before_the_eyes(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    main = await filed(client, filing(text="the home page is encrypted"))
    clock.tick(minutes=2)
    second = await filed(client, filing())
    page = await client.get(f"/incidents/{second}")
    assert f"/incidents/{second}/merge" in page.text
    offered = await client.get(f"/incidents/{second}/merge")
    assert f"/incidents/{second}/merge?into={main}" in offered.text
    seen = await client.get(f"/incidents/{second}/merge", params={"into": main})
    assert seen.status_code == 200
    assert "two become one" in seen.text or "两项合为一项" in seen.text
    wrong = await client.get(f"/incidents/{second}/merge", params={"into": "SJ-1999-000001"})
    assert wrong.status_code == 422
    no_reason = await client.post(f"/incidents/{second}/merge", data={"into": main, "reason": ""})
    assert no_reason.status_code == 422
    done = await client.post(f"/incidents/{second}/merge", data={"into": main, "reason": "the same note"})
    assert (done.status_code, done.headers["location"]) == (303, f"/incidents/{main}#head")
    shown = await client.get(f"/incidents/{main}")
    assert second in shown.text
    assert f"/incidents/{second}/unmerge" in shown.text
    assert (await client.get(f"/incidents/{second}/unmerge")).status_code == 200
    assert (await client.post(f"/incidents/{second}/unmerge", data={"reason": ""})).status_code == 422
    undone = await client.post(f"/incidents/{second}/unmerge", data={"reason": "two after all"})
    assert undone.status_code == 303
    assert (await client.get(f"/incidents/{second}")).status_code == 200
    # A unit is offered nothing of it.
    await sign_in(city.unit_duty)
    assert f"/incidents/{second}/merge" not in (await client.get(f"/incidents/{second}")).text
    assert (await client.get(f"/incidents/{second}/merge", params={"into": main})).status_code == 403


async def test_the_commands_do_the_same(sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock) -> None:
    """`irm incident merge|unmerge` call these; what they print is what the interface answers."""
    client = await sign_in(city.officer)
    main = await filed(client, filing())
    second = await filed(client, filing())
    async with db.transaction() as tx:
        by = await principal_of(tx, city.officer.id, now=clock.now())
        assert by is not None
        one, other = await both(tx, second, main, by)
        done = merge_view(await merge(tx, one.id, other.id, reason="the same", by=by, now=clock.now()))
    assert (done.number, done.merged_into) == (second, main)
    async with db.transaction() as tx:
        one = await absorbed_incident(tx, second, by)
        apart = parting_view(await part_incidents(tx, one.id, reason="not the same", by=by, now=clock.now()))
    assert (apart.number, apart.main, apart.effective) == (second, main, True)


async def test_an_answer_to_the_absorbed_one_s_page_after_the_merge_counts_at_the_main_one(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain
) -> None:
    """The message is on the telephone already; its reply comes when the incident has another number."""
    city = night
    client = await sign_in(city.vendor_duty)
    main = await filed(client, filing())
    clock.tick(minutes=1)
    second = await filed(client, filing())
    await drain()
    await sign_in(city.officer)
    await merged(client, second, main)
    async with db.transaction() as tx:
        ids = {row.number: row.id for row in await tx.scalars(select(IncidentRow))}
    await acknowledges(db, clock, city.officer, f"incident/{ids[second]}")
    await drain()
    async with db.transaction() as tx:
        runs = await tx.scalars(
            select(RunRow).where(RunRow.playbook_id == "report-chain").execution_options(populate_existing=True)
        )
        chains = {run.subject: run for run in runs}
    going_on, still = chains[f"incident/{ids[main]}"], chains[f"incident/{ids[second]}"]
    assert (still.status, still.goes_on_in) == ("joined", going_on.id)
    assert (going_on.state or {})["steps"]["alarm"]["outcome"] == "acknowledged"
    assert (still.state or {})["steps"]["alarm"]["stage"] == "active", "it stands still exactly as it was"
    await parted(client, second)
    await drain()
    async with db.transaction() as tx:
        run = await tx.get_one(RunRow, still.id, populate_existing=True)
    assert run.status == "running"
    assert (run.state or {})["steps"]["alarm"]["outcome"] == "acknowledged"


async def test_what_is_real_is_never_merged_with_a_drill(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    real = await filed(client, filing())
    async with db.transaction() as tx:
        drill = uuid4()
        await open_exercise(tx, drill, ExerciseClock.begun(clock.now()), subject=f"drill/{drill}")
        by = await principal_of(tx, city.officer.id, now=clock.now())
        assert by is not None
        given = msgspec.convert(filing(), FileIncident)
        made = await file_incident(tx, given, by=by, now=clock.now(), exercise=drill)
    refused = await client.post(f"{URL}/{made.number}/merge", json={"into": real, "reason": "x"})
    assert refused.status_code == 409
    assert made.number not in (await client.get(f"/incidents/{real}/merge")).text
