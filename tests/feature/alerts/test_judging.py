"""An alert becomes an incident by a person's word or a city rule's, and by nothing else; a storm is one line."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from irm.alerts.models import AlertFilingRow, AlertRow, AlertSourceRow
from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.incidents import policy as intake
from irm.incidents.discovery_models import DiscoveryChangeRow
from irm.incidents.models import FilingRow, IncidentRow, PartRow
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.obligations.models import ObligationRow
from tests.feature.alerts.conftest import HTML, Desk, Machine, Register, firing, webhook
from tests.feature.alerts.test_intake import sort

SOURCE, GROUPING = "alertmanager-one", "DiskFull"
WHOLE = {"source": SOURCE, "grouping": GROUPING}
RULES = """
rules:
  - id: critical
    title: {zh-CN: 严重告警, en: Critical alerts}
    when: 'alert.severity == "critical"'
    group_minutes: 60
    at_most_per_hour: 2
"""


@pytest.fixture
def heard(register: Register, db: Database, drain: Any) -> Any:
    """`await heard(firing(), …)`: taken in and sorted; the machine."""
    known: list[Machine] = []

    async def run(*alerts: Any) -> Machine:
        if not known:
            known.append(await register("alertmanager"))
        answer = await known[0].post(webhook(*alerts))
        assert answer.status_code == 202, answer.text
        await sort(db, drain)
        return known[0]

    return run


async def alerts(db: Database) -> list[AlertRow]:
    async with db.transaction(SYSTEM) as tx:
        return list(await tx.scalars(select(AlertRow).order_by(AlertRow.resource, AlertRow.id)))


async def incidents(db: Database) -> list[IncidentRow]:
    async with db.transaction(SYSTEM) as tx:
        return list(await tx.scalars(select(IncidentRow).order_by(IncidentRow.number)))


async def owed(db: Database) -> int:
    async with db.transaction(SYSTEM) as tx:
        return await tx.scalar(select(func.count()).where(ObligationRow.subject.startswith("incident/"))) or 0


async def entries(db: Database, action: str) -> list[LedgerEntryRow]:
    async with db.transaction(SYSTEM) as tx:
        return list(await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == action)))


def at(minutes: int) -> str:
    moment = datetime.fromisoformat("2026-11-20T19:00:00+00:00") + timedelta(minutes=minutes)
    return moment.isoformat().replace("+00:00", "Z")


async def test_the_same_firing_sent_again_counts_once_and_resolving_closes_nothing(heard: Any, db: Database) -> None:
    await heard(firing(starts=at(0)))
    await heard(firing(starts=at(0)), firing(starts=at(0)))
    (row,) = await alerts(db)
    assert (row.count, row.state, row.verdict) == (1, "firing", "open")
    await heard(firing(starts=at(0), status="resolved"))
    (row,) = await alerts(db)
    assert (row.count, row.state, row.verdict) == (1, "resolved", "open"), "noted, and still to be judged"
    await heard(firing(starts=at(9)))
    (row,) = await alerts(db)
    assert (row.count, row.state, row.resolved_at) == (2, "firing", None)
    assert len(await entries(db, "alert.received")) == 4, "one entry for what was sorted together"
    assert not await incidents(db)


async def test_what_is_over_before_irm_heard_of_it_asks_for_nobody(heard: Any, db: Database) -> None:
    await heard(firing(status="resolved"))
    assert await alerts(db) == []


async def test_a_storm_is_one_line(heard: Any, db: Database, sign_in: Any, desk: Desk) -> None:
    await heard(*(firing(instance=f"10.2.{n // 200}.{n % 200}:9100") for n in range(450)))
    client: httpx.AsyncClient = await sign_in(desk.officer)
    listed = (await client.get("/api/v1/alerts")).json()
    assert [(one["grouping"], one["alerts"], one["waiting"]) for one in listed["groups"]] == [(GROUPING, 450, 450)]
    page = (await client.get("/alerts", headers=HTML)).text
    assert page.count("<tr data-row>") == 1
    assert "450 条告警待研判" in page
    assert "政务云监控" in page, "who sent it, by its name"
    board = (await client.get("/", headers=HTML)).text
    assert board.count("need-alerts") == 1
    assert "450" in board


async def test_a_person_makes_it_an_incident_that_waits_and_owes_nothing(
    heard: Any, db: Database, sign_in: Any, desk: Desk
) -> None:
    await heard(firing(system="portal"), firing(instance="10.2.3.5:9100", system="portal"))
    client = await sign_in(desk.officer)
    answer = await client.post("/api/v1/alerts/incident", json=WHOLE | {"classified": "no", "contact": "555-0100"})
    assert answer.status_code == 201, answer.text
    (incident,) = await incidents(db)
    assert (incident.status, incident.number) == ("reported", answer.json()["number"])
    assert await owed(db) == 0
    async with db.transaction(SYSTEM) as tx:
        filing = (await tx.scalars(select(FilingRow))).one()
    assert (filing.means, filing.target_kind) == ("machine", "system")
    assert "2 条告警" in filing.text
    assert {(row.verdict, row.incident_id) for row in await alerts(db)} == {("filed", incident.id)}
    again = await client.post("/api/v1/alerts/incident", json=WHOLE | {"classified": "no", "contact": "555-0100"})
    assert again.status_code == 409, "one was first"


@pytest.mark.parametrize("clock_from", ["alerted", "confirmed"])
async def test_clocks_run_from_the_moment_that_the_city_names_and_both_are_kept(
    heard: Any,
    db: Database,
    sign_in: Any,
    desk: Desk,
    clock: FixedClock,
    clock_from: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from irm.incidents import verifying

    given = replace(intake.intake_policy(), machine_clock_from=clock_from)
    monkeypatch.setattr(verifying, "intake_policy", lambda: given)
    alerted = clock.now()
    await heard(firing(system="portal", starts="2026-11-20T19:30:00Z"))
    client = await sign_in(desk.officer)
    number = (
        await client.post("/api/v1/alerts/incident", json=WHOLE | {"classified": "no", "contact": "555-0100"})
    ).json()["number"]
    clock.tick(minutes=20)
    confirmed = clock.now()
    assert (await client.post(f"/api/v1/incidents/{number}/status", json={"status": "open"})).status_code == 200
    async with db.transaction(SYSTEM) as tx:
        parts = set(await tx.scalars(select(PartRow.known_at)))
        filing = (await tx.scalars(select(FilingRow))).one()
        changes = list(await tx.scalars(select(DiscoveryChangeRow)))
    assert parts == {alerted if clock_from == "alerted" else confirmed}
    assert filing.known_at == alerted, "what the machine said stays"
    assert filing.occurred_at == datetime.fromisoformat("2026-11-20T19:30:00+00:00")
    assert {(one.previous, one.moved_to) for one in changes} == (
        set() if clock_from == "alerted" else {(alerted, confirmed)}
    )
    (incident,) = await incidents(db)
    assert incident.discovered_at == min(parts)


async def test_whoever_has_verified_it_says_so_and_it_is_open(
    heard: Any, db: Database, sign_in: Any, desk: Desk
) -> None:
    await heard(firing(system="portal"))
    client = await sign_in(desk.officer)
    given = WHOLE | {"classified": "no", "contact": "555-0100", "verified": True}
    assert (await client.post("/api/v1/alerts/incident", json=given)).status_code == 201
    (incident,) = await incidents(db)
    assert incident.status == "open"


async def test_state_secrets_are_asked_for_first_and_nothing_is_kept(
    heard: Any, db: Database, sign_in: Any, desk: Desk
) -> None:
    await heard(firing())
    client = await sign_in(desk.officer)
    for answer in ("yes", "unsure"):
        refused = await client.post("/api/v1/alerts/incident", json=WHOLE | {"classified": answer, "contact": "x"})
        assert (refused.status_code, refused.json()["code"]) == (403, "secrecy_gate")
        page = await client.post("/alerts/group/incident", data=WHOLE | {"classified": answer}, headers=HTML)
        assert page.status_code == 403
    silent = await client.post("/alerts/group/incident", data=WHOLE | {"contact": "x"}, headers=HTML)
    assert silent.status_code == 422
    assert "请先回答是否涉及国家秘密" in silent.text
    assert not await incidents(db)
    assert len(await entries(db, "incident.refused")) == 4


async def test_it_is_added_to_an_incident_that_is_there(heard: Any, db: Database, sign_in: Any, desk: Desk) -> None:
    await heard(firing(system="portal"))
    client = await sign_in(desk.officer)
    given = WHOLE | {"classified": "no", "contact": "555-0100"}
    number = (await client.post("/api/v1/alerts/incident", json=given)).json()["number"]
    await heard(firing("Latency", system="portal"))
    form = {
        "source": SOURCE,
        "grouping": "Latency",
        "classified": "no",
        "how": "join",
        "contact": "555",
        "joins": number,
    }
    answer = await client.post("/alerts/group/incident", data=form, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/incidents/{number}")
    assert len(await incidents(db)) == 1
    assert {row.verdict for row in await alerts(db)} == {"filed", "joined"}


async def test_a_false_alarm_is_muted_loudly_and_asks_again_afterwards(
    heard: Any, db: Database, sign_in: Any, desk: Desk, clock: FixedClock
) -> None:
    await heard(firing(starts=at(0)))
    client = await sign_in(desk.officer)
    for given, field in (({"reason": " "}, "reason"), ({"reason": "test", "mute_hours": 721}, "mute_hours")):
        refused = await client.post("/api/v1/alerts/dismissal", json=WHOLE | given)
        assert [one["field"] for one in refused.json()["errors"]] == [field]
    done = await client.post("/api/v1/alerts/dismissal", json=WHOLE | {"reason": "maintenance", "mute_hours": 4})
    assert done.json() == {"alerts": 1}
    await heard(firing(starts=at(1)))
    (row,) = await alerts(db)
    assert (row.verdict, row.count) == ("dismissed", 2), "counted, and nobody is asked"
    assert "静默至" in (await client.get("/alerts", headers=HTML)).text
    assert "静默至" in (await client.get("/alerts/group", params=WHOLE, headers=HTML)).text
    clock.tick(hours=4)
    await heard(firing(starts=at(2)))
    (row,) = await alerts(db)
    assert (row.verdict, row.since, row.reason) == ("open", clock.now(), None)
    assert "maintenance" not in (await entries(db, "alert.judged"))[0].body, "a reason is free text: a commitment"


async def test_a_mute_can_be_ended(heard: Any, db: Database, sign_in: Any, desk: Desk) -> None:
    await heard(firing(starts=at(0)))
    client = await sign_in(desk.officer)
    await client.post("/api/v1/alerts/dismissal", json=WHOLE | {"reason": "test", "mute_hours": 24})
    assert (await client.post("/api/v1/alerts/unmuting", json=WHOLE)).json() == {"alerts": 1}
    await heard(firing(starts=at(1)))
    assert (await alerts(db))[0].verdict == "open"


async def test_it_waits_again_once_its_incident_is_over(heard: Any, db: Database, sign_in: Any, desk: Desk) -> None:
    await heard(firing(system="portal", starts=at(0)))
    client = await sign_in(desk.officer)
    given = WHOLE | {"classified": "no", "contact": "555-0100"}
    number = (await client.post("/api/v1/alerts/incident", json=given)).json()["number"]
    await heard(firing(system="portal", starts=at(1)))
    assert (await alerts(db))[0].verdict == "filed", "somebody works on it"
    done = await client.post(f"/api/v1/incidents/{number}/status", json={"status": "dismissed", "reason": "a test"})
    assert done.status_code == 200, done.text
    await heard(firing(system="portal", starts=at(2)))
    assert (await alerts(db))[0].verdict == "open"


# -- what carries a secrecy mark


async def test_a_secrecy_mark_holds_it_back_for_a_person(
    heard: Any, db: Database, sign_in: Any, desk: Desk, city_rules: Any
) -> None:
    await city_rules(RULES)
    await heard(firing(note="秘密★一年"))
    client = await sign_in(desk.officer)
    (row,) = await alerts(db)
    assert row.marker == "秘密★"
    assert not await incidents(db), "no rule files it"
    shown = (await client.get(f"/api/v1/alerts/{row.id}")).json()
    assert (shown["title"], shown["payload"], shown["held_back"]) == ("", None, "秘密★")
    own = {"source": SOURCE, "grouping": row.grouping}
    page = (await client.get("/alerts/group", params=own, headers=HTML)).text
    assert "已隔离" in page
    assert "一年" not in page
    assert GROUPING not in (await client.get("/alerts", headers=HTML)).text, "not even by the name of a group"
    held = await client.post("/api/v1/alerts/incident", json=own | {"classified": "no", "contact": "555"})
    assert (held.status_code, held.json()["code"]) == (409, "held_back")
    released = await client.post(f"/api/v1/alerts/{row.id}/mark", json={"classified": "no"})
    assert released.json() == {"released": True}
    assert "一年" in (await client.get(f"/api/v1/alerts/{row.id}")).json()["payload"]


@pytest.mark.parametrize("answer", ["yes", "unsure"])
async def test_what_may_be_secret_is_erased_and_its_source_switched_off(
    heard: Any, db: Database, sign_in: Any, desk: Desk, answer: str
) -> None:
    machine = await heard(firing("Plan", note="机密★"))
    await machine.post(webhook(firing("Next", note="机密★")))  # taken in, sorted by nobody yet
    client = await sign_in(desk.officer)
    (row,) = await alerts(db)
    page = await client.post(f"/alerts/{row.id}/mark", data={"classified": answer}, headers=HTML)
    assert page.status_code == 403
    (row,) = await alerts(db)
    assert (row.text, row.payload, row.resource, row.title) == ("", None, "", str(row.id))
    assert row.verdict == "dismissed"
    assert (await machine.post(webhook(firing()))).json()["code"] == "disabled"
    async with db.transaction(SYSTEM) as tx:
        assert not (await tx.scalars(select(AlertSourceRow.is_enabled))).one()
    assert await entries(db, "alert.erased")
    assert await entries(db, "incident.refused")


# -- by a city rule


async def test_a_city_rule_files_to_be_verified_once_for_what_belongs_together(
    heard: Any, db: Database, city_rules: Any, desk: Desk, drain: Any
) -> None:
    await city_rules(RULES)
    await heard(
        firing(system="portal"), firing(instance="10.2.3.5:9100", system="portal"), firing("Quiet", severity="info")
    )
    (incident,) = await incidents(db)
    assert incident.status == "reported"
    assert await owed(db) == 0
    async with db.transaction(SYSTEM) as tx:
        filing = (await tx.scalars(select(FilingRow))).one()
    assert (filing.means, filing.account_id, filing.contact) == ("machine", None, "政务云监控")
    await heard(firing(instance="10.2.3.6:9100", system="portal"))
    assert len(await incidents(db)) == 1, "what follows joins it"
    verdicts = sorted((row.grouping, row.verdict) for row in await alerts(db))
    assert verdicts == [(GROUPING, "filed"), (GROUPING, "filed"), (GROUPING, "joined"), ("Quiet", "open")]
    (entry,) = await entries(db, "incident.filed")
    assert entry.actor.startswith("machine/")
    async with db.transaction(SYSTEM) as tx:
        assert set(await tx.scalars(select(JobRow.outcome).where(JobRow.name == "alerts.file"))) == {"done"}


async def test_a_rule_files_no_more_than_its_number_an_hour(
    heard: Any, db: Database, city_rules: Any, clock: FixedClock, sign_in: Any, desk: Desk
) -> None:
    await city_rules(RULES)
    await heard(*(firing(f"Alert{n}") for n in range(5)))
    assert len(await incidents(db)) == 2
    assert sum(row.verdict == "open" for row in await alerts(db)) == 3, "the rest waits for a person"
    client = await sign_in(desk.security)
    assert "其余待人工研判" in (await client.get("/alert-rules", headers=HTML)).text
    clock.tick(minutes=61)
    await heard(*(firing(f"Alert{n}", starts=at(5)) for n in range(5)))
    assert len(await incidents(db)) == 4
    async with db.transaction(SYSTEM) as tx:
        assert set(await tx.scalars(select(AlertFilingRow.version))) == {1}


async def test_rules_are_checked_before_they_are_in_force_and_every_version_stays(
    sign_in: Any, desk: Desk, db: Database
) -> None:
    client = await sign_in(desk.security)
    wrong = RULES.replace("alert.severity", "alert.gravity")
    refused = await client.post("/api/v1/alert-rules", json={"text": wrong, "reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (422, "language")
    assert refused.json()["errors"][0]["field"].startswith("alert-rules.yaml:5:")
    assert (
        "alert-rules.yaml:5:"
        in (await client.post("/alert-rules", data={"text": wrong, "reason": "x", "after": "0"}, headers=HTML)).text
    )
    assert (await client.post("/api/v1/alert-rules", json={"text": RULES, "reason": " "})).status_code == 422
    first = await client.post("/api/v1/alert-rules", json={"text": RULES, "reason": "nights", "after": 0})
    assert (first.status_code, first.json()["version"]) == (201, 1)
    late = await client.post("/api/v1/alert-rules", json={"text": RULES + "\n", "reason": "x", "after": 0})
    assert late.status_code == 409
    assert (await client.post("/api/v1/alert-rules", json={"text": RULES, "reason": "x"})).json()["version"] == 1
    listed = (await client.get("/api/v1/alert-rules")).json()
    assert [one["version"] for one in listed] == [1]
    officer = await sign_in(desk.officer)
    assert (await officer.post("/api/v1/alert-rules", json={"text": RULES, "reason": "x"})).status_code == 403


# -- whose alerts


async def test_a_unit_sees_its_own_machines_and_nobody_elses(
    register: Register, db: Database, drain: Any, sign_in: Any, desk: Desk
) -> None:
    async with db.transaction(SYSTEM) as tx:
        from irm.access.queries import organization

        unit = (await organization(tx, desk.unit)).code
    own = await register("alertmanager", "unit-one", organization=unit)
    city = await register("alertmanager", "city-one")
    await own.post(webhook(firing("Own", system="portal")))
    await city.post(webhook(firing("City")))
    await sort(db, drain)
    client = await sign_in(desk.unit_officer)
    assert [one["grouping"] for one in (await client.get("/api/v1/alerts")).json()["groups"]] == ["Own"]
    assert (
        await client.get("/api/v1/alerts/group", params={"source": "city-one", "grouping": "City"})
    ).status_code == 404
    foreign = {"source": "city-one", "grouping": "City", "reason": "x"}
    assert (await client.post("/api/v1/alerts/dismissal", json=foreign)).status_code == 404
    own_given = {"source": "unit-one", "grouping": "Own", "classified": "no", "contact": "555"}
    early = await client.post("/api/v1/alerts/incident", json=own_given | {"verified": True})
    assert early.status_code == 403, "the cloud authority confirms"
    assert (await client.post("/api/v1/alerts/incident", json=own_given)).status_code == 201
    city_desk = await sign_in(desk.officer)
    assert len((await city_desk.get("/api/v1/alerts")).json()["groups"]) == 2
    administrator = await sign_in(desk.administrator)
    assert (await administrator.get("/api/v1/alerts")).status_code == 403, "who registers machines reads no alerts"
