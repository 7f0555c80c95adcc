"""The night told by its API: facts, levels, second persons, the end of handling."""

from typing import Any

import httpx
from sqlalchemy import select

from irm.access.policy import Role
from irm.clock import FixedClock
from irm.db import Database
from irm.incidents.models import GradingRow, IncidentRow
from irm.obligations.models import ObligationRow
from tests import make
from tests.feature.incidents.conftest import City

URL = "/api/v1/incidents"
PROVINCIAL = "cac-2025-reporting/other-operator"


async def _filed(client: httpx.AsyncClient, body: dict[str, Any]) -> str:
    answer = await client.post(URL, json=body)
    assert answer.status_code == 201, answer.text
    return f"{URL}/{answer.json()['number']}"


async def _duties(db: Database, rule: str = PROVINCIAL) -> list[str]:
    async with db.transaction() as tx:
        rows = await tx.scalars(select(ObligationRow).where(ObligationRow.rule_id == rule).order_by(ObligationRow.id))
        return [row.status for row in rows]


async def test_facts_grade_again_and_say_why(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    answer = await client.patch(f"{where}/facts", json={"facts": {"personal_records_leaked": 1_000_000}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["common"] == {"personal_records_leaked": 1_000_000}
    shown = (await client.get(where)).json()
    assert shown["levels"]["reached"] == 3
    reasons = [line for line in shown["why"] if line["counts"] == "reached"]
    assert reasons
    assert all(line["citation"]["instrument"] for line in reasons)
    below = await client.patch(f"{where}/facts", json={"facts": {"personal_records_leaked": 999_999}})
    assert below.status_code == 200
    assert (await client.get(where)).json()["levels"]["reached"] == 4
    async with db.transaction() as tx:
        reached = list(
            await tx.scalars(select(GradingRow.reached).where(GradingRow.part_id.is_(None)).order_by(GradingRow.id))
        )
        assert reached == [4, 3, 4]


async def test_a_unit_states_facts_of_its_own_part_only(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.unit_duty)
    where = await _filed(client, filing())
    assert (await client.patch(f"{where}/facts", json={"facts": {"direct_loss": 5_000_000}})).status_code == 200
    foreign = {"facts": {"direct_loss": 1}, "organization": str(city.vendor)}
    assert (await client.patch(f"{where}/facts", json=foreign)).status_code == 422
    own = (await client.get(f"{where}/facts")).json()
    assert own["common"] == {}
    assert own["own"] == {str(city.unit): {"direct_loss": 5_000_000}}
    await sign_in(city.vendor_duty)
    seen = await client.get(f"{where}/facts")
    assert "direct_loss" not in seen.text
    assert (await client.get(where)).json()["levels"]["reached"] == 3


async def test_bad_facts_name_their_field(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    for facts, field in (
        ({"weather": 1}, "facts.weather"),
        ({"weather": None}, "facts.weather"),
        ({"views": -1}, "facts.views"),
        ({"views": 10**18}, "facts.views"),
        ({"data_harm": "terrible"}, "facts.data_harm"),
        ({"crime_suspected": "maybe"}, "facts.crime_suspected"),
    ):
        answer = await client.patch(f"{where}/facts", json={"facts": facts})
        assert answer.status_code == 422, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await client.get(f"{where}/facts")).json()["common"] == {}


async def test_ordinary_may_be_assessed_alone_and_stops_what_only_was_possible(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    assert await _duties(db) == ["open"]
    missing = await client.post(f"{where}/assessments", json={"level": 4, "reason": " "})
    assert [error["field"] for error in missing.json()["errors"]] == ["reason"]
    done = await client.post(f"{where}/assessments", json={"level": 4, "reason": "test page, nothing lost"})
    assert done.status_code == 201, done.text
    assert done.json()["effective"] is True
    assert await _duties(db) == ["superseded"]


async def test_a_later_lowering_waits_for_somebody_else(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    assert (await client.post(f"{where}/assessments", json={"level": 3, "reason": "outage"})).json()["effective"]
    lower = await client.post(f"{where}/assessments", json={"level": 4, "reason": "restored"})
    assert lower.json()["effective"] is False
    waiting = lower.json()["waiting"]
    assert await _duties(db) == ["open"]
    again = await client.post(f"{where}/assessments", json={"level": 4, "reason": "restored"})
    assert again.status_code == 409
    confirm = f"{where}/assessments/{waiting}/confirmation"
    assert (await client.post(confirm, json={"confirmed": True})).status_code == 403
    await sign_in(city.other_duty)
    assert (await client.post(confirm, json={"confirmed": True})).status_code == 404
    await sign_in(city.leader)
    done = await client.post(confirm, json={"confirmed": True})
    assert done.status_code == 200, done.text
    assert done.json()["levels"]["assessed"] == 4
    assert await _duties(db) == ["superseded"]
    assert (await client.post(confirm, json={"confirmed": True})).status_code == 409


async def test_only_the_cloud_authority_ends_everybodys_clocks_alone(
    sign_in: Any, city: City, filing: Any, db: Database
) -> None:
    """A vendor's duty officer has a part in the incident; the units' legal clocks are not the vendor's to stop."""
    client = await sign_in(city.vendor_duty)
    where = await _filed(client, filing())
    asked = await client.post(f"{where}/assessments", json={"level": 4, "reason": "nothing much"})
    assert (asked.status_code, asked.json()["effective"]) == (201, False), asked.text
    assert await _duties(db) == ["open"]
    confirm = f"{where}/assessments/{asked.json()['waiting']}/confirmation"
    async with db.transaction() as tx:
        colleague = await make.account(tx, city.vendor, Role.DUTY_OFFICER)
    await sign_in(colleague)
    refused = await client.post(confirm, json={"confirmed": True})
    assert refused.status_code == 403
    assert await _duties(db) == ["open"]
    await sign_in(city.unit_duty)
    done = await client.post(confirm, json={"confirmed": True})
    assert done.status_code == 200, done.text
    assert await _duties(db) == ["superseded"]


async def test_a_waiting_lowering_holds_up_no_raise(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    await client.post(f"{where}/assessments", json={"level": 3, "reason": "outage"})
    lower = await client.post(f"{where}/assessments", json={"level": 4, "reason": "restored"})
    assert lower.json()["effective"] is False
    raised = await client.post(f"{where}/assessments", json={"level": 1, "reason": "the data are gone"})
    assert (raised.status_code, raised.json()["effective"]) == (201, True), raised.text
    assert raised.json()["levels"]["assessed"] == 1
    assert (await client.get(where)).json()["waiting"] == []
    await sign_in(city.leader)
    confirm = f"{where}/assessments/{lower.json()['waiting']}/confirmation"
    assert (await client.post(confirm, json={"confirmed": True})).status_code == 409
    assert await _duties(db) == ["open"]


async def test_raising_the_level_drops_nothing(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    """What one person's change of facts may not drop, the same person may not drop by raising a level."""
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    police = "cac-2025-reporting/crime"
    for suspected in (True, False):
        answer = await client.patch(f"{where}/facts", json={"facts": {"crime_suspected": suspected}})
        assert answer.status_code == 200, answer.text
    before = await _duties(db, police)
    assert "open" in before
    raised = await client.post(f"{where}/assessments", json={"level": 1, "reason": "it spreads", "stage": "review"})
    assert raised.json()["effective"] is True, raised.text
    assert await _duties(db, police) == before


async def test_a_false_alarm_after_a_clock_ran_needs_two(sign_in: Any, city: City, filing: Any, db: Database) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    no_reason = await client.post(f"{where}/status", json={"status": "dismissed"})
    assert [error["field"] for error in no_reason.json()["errors"]] == ["reason"]
    asked = await client.post(f"{where}/status", json={"status": "dismissed", "reason": "a test of ours"})
    assert asked.json()["effective"] is False
    await sign_in(city.leader)
    confirm = f"{where}/status/{asked.json()['waiting']}/confirmation"
    done = await client.post(confirm, json={"confirmed": True})
    assert done.json()["status"] == "dismissed"
    assert await _duties(db) == ["superseded"]


async def test_handling_ends_part_by_part_and_owes_the_closing_report(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock
) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    await client.post(f"{where}/assessments", json={"level": 3, "reason": "outage"})
    await sign_in(city.unit_duty)
    refused = await client.post(f"{where}/status", json={"status": "contained"})
    assert refused.status_code == 422
    clock.tick(minutes=20)
    ended = await client.post(f"{where}/status", json={"status": "handled", "reason": "restored from backup"})
    assert ended.status_code == 200, ended.text
    assert ended.json()["status"] == "open"
    again = await client.post(f"{where}/status", json={"status": "handled", "reason": "once more"})
    assert again.status_code == 409
    await sign_in(city.officer)
    rest = await client.post(f"{where}/status", json={"status": "handled", "reason": "all quiet"})
    assert rest.json()["status"] == "handled"
    async with db.transaction() as tx:
        incident = (await tx.scalars(select(IncidentRow))).one()
        assert incident.handled_at == clock.now()
    reopened = await client.post(f"{where}/status", json={"status": "open", "reason": "it is back"})
    assert reopened.json()["status"] == "open"
    nonsense = await client.post(f"{where}/status", json={"status": "closed", "reason": "too early"})
    assert nonsense.status_code == 409
    unknown = await client.post(f"{where}/status", json={"status": "gone"})
    assert unknown.status_code == 422


async def test_the_timeline_tells_what_happened_in_order(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    await client.post(f"{where}/assessments", json={"level": 3, "reason": "outage of the portal"})
    first = (await client.get(f"{where}/timeline?limit=2")).json()
    assert len(first["entries"]) == 2
    rest = (await client.get(f"{where}/timeline?cursor={first['next_cursor']}")).json()
    actions = [one["action"] for one in (*first["entries"], *rest["entries"])]
    assert {"incident.filed", "incident.graded", "incident.assessed", "obligation.opened"} <= set(actions)
    assert actions.index("incident.assessed") < actions.index("incident.filed")
    assert all(len(one["leaf_hash"]) == 64 for one in rest["entries"])


async def test_every_section_answers_by_api(sign_in: Any, city: City, filing: Any) -> None:
    client = await sign_in(city.officer)
    where = await _filed(client, filing())
    for name in (
        "obligations",
        "plan",
        "timeline",
        "deliveries",
        "tasks",
        "submissions",
        "contacts",
        "attachments",
        "facts",
    ):
        answer = await client.get(f"{where}/{name}")
        assert answer.status_code == 200, (name, answer.text)


async def test_what_the_first_report_left_out_is_to_be_supplied(
    sign_in: Any, city: City, filing: Any, db: Database, clock: FixedClock, drain: Any
) -> None:
    """Art. 7, paragraph 2: items 1 and 2 may go first, the rest is owed promptly (`incidents.look_again`)."""
    client = await sign_in(city.unit_duty)
    where = await _filed(client, filing())
    assert (await client.patch(f"{where}/facts", json={"facts": {"personal_records_leaked": 1_000_000}})).is_success
    await drain()
    supplement = "cac-2025-reporting/supplement"
    assert await _duties(db, supplement) == []
    owed = (await client.get(f"{where}/obligations")).json()["obligations"]
    duty = next(one for one in owed if one["rule"] == PROVINCIAL)
    draft = (await client.post(f"/api/v1/obligations/{duty['id']}/report")).json()
    clock.tick(minutes=20)
    sent = await client.post(
        f"/api/v1/submissions/{draft['id']}/submit",
        json={"means": "telephone", "items": {"unit": "某单位门户", "course": "3时41分发现，已断网"}},
    )
    assert sent.is_success, sent.text
    await drain()
    assert await _duties(db, supplement) == ["open"]
