"""Everybody files (issue 4, story 2): the same event by vendor, two units and a monitoring tool becomes one incident."""

from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
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
from irm.incidents.models import FilingRow, IncidentRow, MergeRow, PartRow
from irm.incidents.parting import part_incidents
from irm.incidents.schemas import FileIncident
from irm.incidents.service import file_incident
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow
from irm.notify.service import acknowledge
from irm.obligations.models import ObligationRow, SubmissionRow
from irm.playbooks.models import RunRow, TaskRow
from irm.playbooks.publishing import publish_library
from tests import make
from tests.conftest import Drain
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
PROVINCIAL = "cac-2025-reporting/other-operator"
FILED_TO_AUTHORITY = "city-chain/file-to-cloud-authority"


async def _filed(client: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


async def _merged(client: httpx.AsyncClient, number: str, into: str) -> dict[str, Any]:
    answer = await client.post(f"{URL}/{number}/merge", json={"into": into, "reason": "the same ransom note"})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def _parted(client: httpx.AsyncClient, number: str) -> dict[str, Any]:
    answer = await client.post(f"{URL}/{number}/unmerge", json={"reason": "two different machines after all"})
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def _known(client: httpx.AsyncClient, number: str) -> dict[str, str]:
    view = (await client.get(f"{URL}/{number}")).json()
    return {part["organization"]: part["known_at"] for part in view["parts"]}


async def _picture(db: Database) -> dict[str, Any]:
    """What an undone merge must give back: incidents, parts, filings, duties with their clocks."""
    async with db.transaction() as tx:
        numbers = {row.id: row.number for row in await tx.scalars(select(IncidentRow))}
        return {
            "incidents": {
                row.number: (row.status, row.discovered_at, row.reached, row.possible, row.assessed, row.facts)
                for row in await tx.scalars(select(IncidentRow).execution_options(populate_existing=True))
            },
            "parts": {
                (numbers[row.incident_id], row.organization_id): (row.known_at, row.known_basis, sorted(row.roles))
                for row in await tx.scalars(select(PartRow).execution_options(populate_existing=True))
            },
            "reports": {
                row.id: (row.subject, row.incident_id, row.number, row.page, row.status)
                for row in await tx.scalars(select(SubmissionRow).execution_options(populate_existing=True))
            },
            "runs": {
                row.id: (row.subject, row.subject_id, row.status, row.goes_on_in)
                for row in await tx.scalars(select(RunRow).execution_options(populate_existing=True))
            },
            "tasks": {
                row.id: (row.subject, row.incident_id, row.status)
                for row in await tx.scalars(select(TaskRow).execution_options(populate_existing=True))
            },
            "filings": {
                row.id: numbers[row.incident_id]
                for row in await tx.scalars(select(FilingRow).execution_options(populate_existing=True))
            },
            "duties": {
                row.id: (
                    row.subject, row.number, row.status, row.started_at, row.due_at, row.arose_at, row.submitted_at,
                    row.overdue_at, tuple(row.reminded), row.part_id,
                )
                for row in await tx.scalars(select(ObligationRow).execution_options(populate_existing=True))
            },
        }  # fmt: skip


@pytest.fixture
async def night(db: Database, city: City) -> City:
    """With the library's playbooks and everybody on duty."""
    async with db.transaction() as tx:
        await publish_library(tx, actor=SYSTEM, now=tx.clock.now())
        for account in (city.officer, city.vendor_duty, city.unit_duty, city.other_duty):
            await make.duty(tx, account.organization_id, account.person_id)
    return city


async def _pages(db: Database) -> list[tuple[str | None, Any]]:
    """Pages that went out or are going to, by step and person."""
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow).where(
                DeliveryRow.purpose == "page", DeliveryRow.channel == "sms", DeliveryRow.status.notin_(("cancelled",))
            )
        )
        return sorted((row.step_id or "", str(row.person_id)) for row in rows)


async def _acknowledges(db: Database, clock: FixedClock, who: make.Account, subject: str = "") -> None:
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(DeliveryRow).where(
                DeliveryRow.person_id == who.person_id,
                DeliveryRow.purpose == "page",
                DeliveryRow.channel == "sms",
                DeliveryRow.acknowledged_at.is_(None),
                DeliveryRow.subject.startswith(subject),
            )
        )
        for row in list(rows):
            await acknowledge(tx, row.id, by_person=who.person_id, means="page", at=clock.now(), now=clock.now())


async def test_vendor_unit_and_monitoring_file_the_same_event_and_nobody_is_called_twice(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain, client: httpx.AsyncClient
) -> None:
    city = night
    vendor = await sign_in(city.vendor_duty)
    main = await _filed(vendor, filing(text="Files on the portal's hosts are encrypted."))
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
    await _acknowledges(db, clock, city.unit_duty, f"incident/{ids[second]}")
    await _acknowledges(db, clock, city.officer, f"incident/{ids[main]}")
    clock.tick(seconds=30)
    called = await _pages(db)
    officer = await sign_in(city.officer)
    done = await _merged(officer, second, main)
    assert done["merged_into"] == main
    await drain()
    for _ in range(6):
        clock.tick(minutes=10)
        await drain()
    again = await _pages(db)
    for one in (city.unit_duty, city.officer):
        mine = [step for step, person in again if person == str(one.person_id)]
        before = [step for step, person in called if person == str(one.person_id)]
        assert mine.count("alarm") == before.count("alarm"), "confirmed once, called twice"
        assert mine.count("units") == before.count("units"), "confirmed once, called twice"
    await sign_in(city.officer)
    # Earliest knowledge: the unit knew at 03:20, the vendor at 03:35.
    known = await _known(officer, main)
    assert known[str(city.unit)].startswith("2026-11-20T19:20")
    assert known[str(city.vendor)].startswith("2026-11-20T19:35")
    # The number leads on, in the interface and on the page.
    view = (await officer.get(f"{URL}/{second}")).json()
    assert (view["number"], view["merged_into"], [one["number"] for one in view["merged"]]) == (main, main, [second])
    page = await officer.get(f"/incidents/{second}")
    assert (page.status_code, page.headers["location"]) == (308, f"/incidents/{main}")
    assert "no-store" in page.headers["cache-control"]
    assert len(view["filings"]) == 2


async def test_what_was_merged_and_parted_is_as_it_was_and_can_be_merged_again(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain
) -> None:
    city = night
    client = await sign_in(city.vendor_duty)
    main = await _filed(client, filing())
    clock.tick(minutes=2)
    await sign_in(city.unit_duty)
    second = await _filed(client, filing(known_at="2026-11-21T03:42:00+08:00"))
    await drain()
    before = await _picture(db)
    await sign_in(city.officer)
    await _merged(client, second, main)
    await drain()
    assert (await _picture(db))["incidents"][second][0] == "merged"
    undone = await _parted(client, second)
    assert undone["effective"] is True, undone
    after = await _picture(db)
    assert after["incidents"] == before["incidents"]
    assert after["parts"] == before["parts"]
    for what in ("filings", "reports", "runs", "tasks"):
        assert {known: one for known, one in after[what].items() if known in before[what]} == before[what], what
    assert {known: one for known, one in after["duties"].items() if known in before["duties"]} == before["duties"]
    # What the merge itself opened has ended with it.
    assert {one[2] for known, one in after["duties"].items() if known not in before["duties"]} <= {"superseded"}
    await drain()
    async with db.transaction() as tx:
        assert {run.status for run in await tx.scalars(select(RunRow))} == {"running"}
    await _merged(client, second, main)
    await drain()
    assert (await client.get(f"{URL}/{second}")).json()["merged_into"] == main
    async with db.transaction() as tx:
        assert len(list(await tx.scalars(select(MergeRow)))) == 2
        actions = set(
            await tx.scalars(select(LedgerEntryRow.action).where(LedgerEntryRow.action.startswith("incident.")))
        )
    assert {"incident.merged", "incident.merged_into", "incident.parted"} <= actions


async def test_an_earlier_knowledge_makes_the_limit_earlier_and_taking_it_back_needs_a_second_person(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain
) -> None:
    """The main incident is graver; the unit knew of the milder one first. Merged, the four hours count from then."""
    city = night
    client = await sign_in(city.officer)
    main = await _filed(client, filing(known_at="2026-11-21T03:40:00+08:00"))
    assert (
        await client.patch(f"{URL}/{main}/facts", json={"facts": {"personal_records_leaked": 1_000_000}})
    ).is_success
    await sign_in(city.unit_duty)
    clock.tick(minutes=1)
    second = await _filed(client, filing(known_at="2026-11-21T02:00:00+08:00"))
    await sign_in(city.officer)
    assessed = await client.post(f"{URL}/{second}/assessments", json={"level": 4, "reason": "only the test machine"})
    assert assessed.json()["effective"] is True
    await drain()

    async def limit() -> Any:
        async with db.transaction() as tx:
            incident = await tx.scalar(select(IncidentRow.id).where(IncidentRow.number == main))
            rows = await tx.scalars(
                select(ObligationRow).where(
                    ObligationRow.rule_id == PROVINCIAL,
                    ObligationRow.incident_id == incident,
                    ObligationRow.status == "open",
                )
            )
            (row,) = list(rows)
            return row.started_at, row.due_at

    started, due = await limit()
    preview = (await client.get(f"{URL}/{second}/merge-preview", params={"into": main})).json()
    assert "earlier" in {one["change"] for one in preview["duties"]}
    assert await limit() == (started, due), "looking changes nothing"
    await _merged(client, second, main)
    earlier_start, earlier_due = await limit()
    assert earlier_start < started
    assert earlier_due < due
    asked = await _parted(client, second)
    assert asked["effective"] is False
    assert await limit() == (earlier_start, earlier_due)
    alone = await client.post(f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation", json={"confirmed": True})
    assert alone.status_code == 403
    await sign_in(city.leader)
    done = await client.post(f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation", json={"confirmed": True})
    assert done.status_code == 200, done.text
    assert await limit() == (started, due)


async def test_a_machine_s_filing_waits_and_merging_it_is_its_verification(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, client: httpx.AsyncClient, drain: Drain
) -> None:
    city = night
    await sign_in(city.officer)
    refused = await client.post(URL, json=filing(noticed_by_machine=True))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "noticed_by_machine")
    main = await _filed(client, filing())
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
    await _merged(client, alert, main)
    view = (await client.get(f"{URL}/{alert}")).json()
    assert (view["number"], view["status"]) == (main, "open")
    assert {one["means"] for one in view["filings"]} == {"api", "machine"}
    assert (await _known(client, main))[str(city.vendor)].startswith("2026-11-20T19:30")


async def test_who_may_not_merge_and_what_cannot_be_merged(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    one, other = await _filed(client, filing()), await _filed(client, filing())
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
    main = await _filed(client, filing(target={"kind": "system", "system": "archive"}, text="the archive is encrypted"))
    clock.tick(minutes=5)
    await sign_in(city.unit_duty)
    second = await _filed(client, filing(text="the portal is encrypted"))
    clock.tick(minutes=5)
    await sign_in(city.officer)
    await _merged(client, second, main)
    await sign_in(city.unit_duty)
    view = (await client.get(f"{URL}/{second}")).json()
    assert (view["number"], view["merged_into"]) == (main, main)
    assert [one["text"] for one in view["filings"]] == ["the portal is encrypted"]
    assert {one["organization"] for one in view["parts"]} == {str(city.unit)}
    entries = (await client.get(f"{URL}/{main}/timeline")).json()["entries"]
    filed = [one for one in entries if one["action"] == "incident.filed"]
    assert [one["body"]["number"] for one in filed] == [second], "what was filed before is not theirs to know"
    # The archive's unit learns that something was added, but neither number nor whose it was.
    await sign_in(city.other_duty)
    entries = (await client.get(f"{URL}/{main}/timeline")).json()["entries"]
    assert [one["body"] for one in entries if one["action"] == "incident.merged"] == [{"into": main}]
    assert all(second not in str(one["body"]) for one in entries)
    assert (await client.get(f"{URL}/{main}")).json()["merged"] == []
    assert (await client.get(f"{URL}/{second}")).status_code == 404
    # Parted again, the main incident is a stranger's to those who came by the merge.
    await sign_in(city.officer)
    asked = await _parted(client, second)
    # Together they owed something that neither owed alone: that it ends again, two persons say.
    await sign_in(city.leader)
    shown = await client.get(f"/incidents/{main}")
    assert f"/incidents/{main}/waiting/{asked['waiting']}" in shown.text
    done = await client.post(f"/incidents/{main}/waiting/{asked['waiting']}", data={"confirmed": "yes"})
    assert done.status_code == 303, done.text
    await sign_in(city.unit_duty)
    assert (await client.get(f"{URL}/{main}")).status_code == 404
    assert (await client.get(f"{URL}/{second}")).json()["number"] == second


async def test_what_was_reported_for_one_counts_for_the_other_and_goes_back_with_it(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """The authority has reported the second one to the city's cyberspace office; merged, the main one's duty is met too."""
    client = await sign_in(city.officer)
    main = await _filed(client, filing())
    clock.tick(minutes=1)
    second = await _filed(client, filing())
    for number in (main, second):
        stated = await client.patch(f"{URL}/{number}/facts", json={"facts": {"personal_records_leaked": 1_000_000}})
        assert stated.is_success

    async def duty(number: str, *statuses: str) -> list[ObligationRow]:
        async with db.transaction() as tx:
            incident = await tx.scalar(select(IncidentRow.id).where(IncidentRow.number == number))
            rows = await tx.scalars(
                select(ObligationRow).where(
                    ObligationRow.rule_id == "city-chain/city-cyberspace-office",
                    ObligationRow.subject == f"incident/{incident}",
                    ObligationRow.bearer_id == city.authority,
                    ObligationRow.status.in_(statuses),
                )
            )
            return list(rows)

    (owed,) = await duty(second, "open")
    draft = await client.post(
        f"{URL}/{second}/submissions", json={"form": "initial", "recipient": str(owed.recipient_id)}
    )
    assert draft.status_code == 201, draft.text
    sent = await client.post(f"/api/v1/submissions/{draft.json()['id']}/submit", json={"means": "telephone"})
    assert sent.is_success, sent.text
    assert await duty(second, "submitted")
    assert await duty(main, "open")
    await _merged(client, second, main)
    assert not await duty(main, "open")
    (counted,) = await duty(main, "submitted")
    assert counted.submitted_at is not None
    shown = (await client.get(f"{URL}/{main}/submissions")).json()["submissions"]
    assert draft.json()["id"] in {one["id"] for one in shown}
    await _parted(client, second)
    assert await duty(main, "open"), "the main one was not reported"
    assert await duty(second, "submitted"), "the report stays with what it was sent for"


async def test_on_the_page_in_one_step_with_the_clocks_before_the_eyes(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    main = await _filed(client, filing(text="the home page is encrypted"))
    clock.tick(minutes=2)
    second = await _filed(client, filing())
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


async def test_what_was_filed_since_stays_and_no_duty_is_owed_twice_after_parting(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """The second one knew earlier, and a third filing to the main one earlier still; then the two are parted."""
    client = await sign_in(city.unit_duty)
    main = await _filed(client, filing(known_at="2026-11-21T03:40:00+08:00"))
    second = await _filed(client, filing(known_at="2026-11-21T03:10:00+08:00"))
    await sign_in(city.officer)
    await _merged(client, second, main)
    await sign_in(city.unit_duty)
    clock.tick(minutes=3)
    third = await client.post(URL, json=filing(known_at="2026-11-21T03:00:00+08:00", joins=second))
    assert (third.json()["number"], third.json()["joined"]) == (main, True), "the number leads on"
    await sign_in(city.officer)
    asked = await _parted(client, second)
    if not asked["effective"]:
        await sign_in(city.leader)
        where = f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation"
        assert (await client.post(where, json={"confirmed": True})).is_success
    known = {number: (await _known(client, number))[str(city.unit)] for number in (main, second)}
    assert known[main].startswith("2026-11-20T19:00")
    assert known[second].startswith("2026-11-20T19:10")
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(ObligationRow).where(ObligationRow.rule_id == PROVINCIAL, ObligationRow.status == "open")
        )
        open_ = sorted((row.number, row.started_at.minute) for row in rows)
    assert open_ == sorted([(main, 0), (second, 10)])


async def test_the_commands_do_the_same(sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock) -> None:
    """`irm incident merge|unmerge` call these; what they print is what the interface answers."""
    client = await sign_in(city.officer)
    main = await _filed(client, filing())
    second = await _filed(client, filing())
    async with db.transaction() as tx:
        by = await principal_of(tx, city.officer.id, now=clock.now())
        assert by is not None
        one, other = await both(tx, second, main, by)
        done = merge_view(await merge(tx, one.id, other.id, reason="the same", by=by, now=clock.now()))
    assert (done.number, done.merged_into) == (second, main)
    async with db.transaction() as tx:
        one = await absorbed_incident(tx, second, by)
        parted = parting_view(await part_incidents(tx, one.id, reason="not the same", by=by, now=clock.now()))
    assert (parted.number, parted.main, parted.effective) == (second, main, True)


async def test_an_answer_to_the_absorbed_one_s_page_after_the_merge_counts_at_the_main_one(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain
) -> None:
    """The message is on the telephone already; its reply comes when the incident has another number."""
    city = night
    client = await sign_in(city.vendor_duty)
    main = await _filed(client, filing())
    clock.tick(minutes=1)
    second = await _filed(client, filing())
    await drain()
    await sign_in(city.officer)
    await _merged(client, second, main)
    async with db.transaction() as tx:
        ids = {row.number: row.id for row in await tx.scalars(select(IncidentRow))}
    await _acknowledges(db, clock, city.officer, f"incident/{ids[second]}")
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
    await _parted(client, second)
    await drain()
    async with db.transaction() as tx:
        run = await tx.get_one(RunRow, still.id, populate_existing=True)
    assert run.status == "running"
    assert (run.state or {})["steps"]["alarm"]["outcome"] == "acknowledged"


async def test_into_a_merged_one_means_into_its_main_one_and_the_last_merge_is_undone_first(
    sign_in: Any, city: City, filing: Any
) -> None:
    client = await sign_in(city.officer)
    first, second, third = [await _filed(client, filing()) for _ in range(3)]
    await _merged(client, second, first)
    circle = await client.post(f"{URL}/{first}/merge", json={"into": second, "reason": "x"})
    assert (circle.status_code, circle.json()["errors"][0]["field"]) == (422, "into")
    again = await client.post(f"{URL}/{second}/merge", json={"into": third, "reason": "x"})
    assert again.status_code == 409
    assert (await _merged(client, third, second))["merged_into"] == first
    early = await client.post(f"{URL}/{second}/unmerge", json={"reason": "x"})
    assert early.status_code == 409
    assert (await _parted(client, third))["effective"] is True
    assert (await _parted(client, second))["effective"] is True
    for number in (first, second, third):
        assert (await client.get(f"{URL}/{number}")).json()["number"] == number


async def test_what_is_real_is_never_merged_with_a_drill(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    real = await _filed(client, filing())
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
