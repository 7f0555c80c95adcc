"""Parted again (issue 4, story 2): each incident gets back what it had, and no clock is lost on the way."""

from typing import Any

from sqlalchemy import select

from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.models import IncidentRow, MergeRow
from irm.ledger import LedgerEntryRow
from irm.obligations.models import ObligationRow
from irm.playbooks.models import RunRow
from tests.conftest import Drain
from tests.feature.incidents.conftest import City
from tests.feature.incidents.merged import PROVINCIAL, URL, filed, known_at, merged, parted, picture


async def test_what_was_merged_and_parted_is_as_it_was_and_can_be_merged_again(
    sign_in: Any, night: City, filing: Any, db: Database, clock: FixedClock, drain: Drain
) -> None:
    city = night
    client = await sign_in(city.vendor_duty)
    main = await filed(client, filing())
    clock.tick(minutes=2)
    await sign_in(city.unit_duty)
    second = await filed(client, filing(known_at="2026-11-21T03:42:00+08:00"))
    await drain()
    before = await picture(db)
    await sign_in(city.officer)
    await merged(client, second, main)
    await drain()
    assert (await picture(db))["incidents"][second][0] == "merged"
    undone = await parted(client, second)
    assert undone["effective"] is True, undone
    after = await picture(db)
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
    await merged(client, second, main)
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
    main = await filed(client, filing(known_at="2026-11-21T03:40:00+08:00"))
    assert (
        await client.patch(f"{URL}/{main}/facts", json={"facts": {"personal_records_leaked": 1_000_000}})
    ).is_success
    await sign_in(city.unit_duty)
    clock.tick(minutes=1)
    second = await filed(client, filing(known_at="2026-11-21T02:00:00+08:00"))
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
    await merged(client, second, main)
    earlier_start, earlier_due = await limit()
    assert earlier_start < started
    assert earlier_due < due
    asked = await parted(client, second)
    assert asked["effective"] is False
    assert await limit() == (earlier_start, earlier_due)
    alone = await client.post(f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation", json={"confirmed": True})
    assert alone.status_code == 403
    await sign_in(city.leader)
    done = await client.post(f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation", json={"confirmed": True})
    assert done.status_code == 200, done.text
    assert await limit() == (started, due)


async def test_what_was_reported_for_one_counts_for_the_other_and_goes_back_with_it(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """The authority has reported the second one to the city's cyberspace office; merged, the main one's duty is met too."""
    client = await sign_in(city.officer)
    main = await filed(client, filing())
    clock.tick(minutes=1)
    second = await filed(client, filing())
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
    await merged(client, second, main)
    assert not await duty(main, "open")
    (counted,) = await duty(main, "submitted")
    assert counted.submitted_at is not None
    shown = (await client.get(f"{URL}/{main}/submissions")).json()["submissions"]
    assert draft.json()["id"] in {one["id"] for one in shown}
    await parted(client, second)
    assert await duty(main, "open"), "the main one was not reported"
    assert await duty(second, "submitted"), "the report stays with what it was sent for"


async def test_what_was_filed_since_stays_and_no_duty_is_owed_twice_after_parting(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    """The second one knew earlier, and a third filing to the main one earlier still; then the two are parted."""
    client = await sign_in(city.unit_duty)
    main = await filed(client, filing(known_at="2026-11-21T03:40:00+08:00"))
    second = await filed(client, filing(known_at="2026-11-21T03:10:00+08:00"))
    await sign_in(city.officer)
    await merged(client, second, main)
    await sign_in(city.unit_duty)
    clock.tick(minutes=3)
    third = await client.post(URL, json=filing(known_at="2026-11-21T03:00:00+08:00", joins=second))
    assert (third.json()["number"], third.json()["joined"]) == (main, True), "the number leads on"
    await sign_in(city.officer)
    asked = await parted(client, second)
    if not asked["effective"]:
        await sign_in(city.leader)
        where = f"{URL}/{second}/unmerge/{asked['waiting']}/confirmation"
        assert (await client.post(where, json={"confirmed": True})).is_success
    known = {number: (await known_at(client, number))[str(city.unit)] for number in (main, second)}
    assert known[main].startswith("2026-11-20T19:00")
    assert known[second].startswith("2026-11-20T19:10")
    async with db.transaction() as tx:
        rows = await tx.scalars(
            select(ObligationRow).where(ObligationRow.rule_id == PROVINCIAL, ObligationRow.status == "open")
        )
        open_ = sorted((row.number, row.started_at.minute) for row in rows)
    assert open_ == sorted([(main, 0), (second, 10)])


async def test_into_a_merged_one_means_into_its_main_one_and_the_last_merge_is_undone_first(
    sign_in: Any, city: City, filing: Any
) -> None:
    client = await sign_in(city.officer)
    first, second, third = [await filed(client, filing()) for _ in range(3)]
    await merged(client, second, first)
    circle = await client.post(f"{URL}/{first}/merge", json={"into": second, "reason": "x"})
    assert (circle.status_code, circle.json()["errors"][0]["field"]) == (422, "into")
    again = await client.post(f"{URL}/{second}/merge", json={"into": third, "reason": "x"})
    assert again.status_code == 409
    assert (await merged(client, third, second))["merged_into"] == first
    early = await client.post(f"{URL}/{second}/unmerge", json={"reason": "x"})
    assert early.status_code == 409
    assert (await parted(client, third))["effective"] is True
    assert (await parted(client, second))["effective"] is True
    for number in (first, second, third):
        assert (await client.get(f"{URL}/{number}")).json()["number"] == number
