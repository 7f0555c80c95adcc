"""A drill on the engine: the same filing, grading, playbooks and deliveries, on a clock of its own."""

import json
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from irm.access.policy import Role
from irm.config import Settings
from irm.drills import injecting, planning, running
from irm.drills.vocabulary import Status
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.evidence import packs, verify
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident
from irm.jobs import RetryLater
from irm.ledger import LedgerEntryRow
from irm.obligations.models import ObligationRow
from irm.playbooks.models import RunRow, TaskRow
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.drills.conftest import City

pytestmark = pytest.mark.usefixtures("channels")


async def test_the_night_of_a_drill(city: City, outside: Outside, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    (incident,) = await city.incidents()
    assert incident.exercise
    assert await city.injects(row) == {"first": "done", "worse": "waiting", "call": "waiting"}
    async with city.db.transaction() as tx:
        runs = list(await tx.scalars(select(RunRow).where(RunRow.subject == f"incident/{incident.id}")))
        duties = list(await tx.scalars(select(ObligationRow).where(ObligationRow.exercise)))
    assert {run.playbook_id: run.exercise for run in runs} == {"report-chain": True, "ransomware": True}
    assert duties
    assert all(one.exercise for one in duties)
    sent = await city.deliveries(status="sent")
    reached = {one.person_id for one in sent}
    players = {one.person for one in city.participants()}
    assert reached
    assert reached <= players
    held_back = {one.person_id for one in await city.deliveries(status="would_have")}
    assert city.unit_duty.person_id in held_back
    assert {one.title[:3] for one in sent} == {"演练："}
    seen = [outside.expect.sms(one.address or "").content for one in sent if one.channel == "sms"]
    assert seen
    assert all(text.startswith("【IRM】演练：") for text in seen)

    city.clock.tick(minutes=10)
    await drain()
    assert (await city.injects(row))["worse"] == "done"
    (graver,) = await city.incidents()
    assert graver.reached < incident.reached


async def test_a_pause_stops_runs_injects_and_duties_and_nothing_is_lost(city: City, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    director = await city.principal(city.director)

    async def duties() -> dict[str, object]:
        async with city.db.transaction() as tx:
            rows = await tx.scalars(select(ObligationRow).where(ObligationRow.status == "open", ObligationRow.exercise))
            return {one.key: one.due_at for one in rows}

    before = await duties()
    city.clock.tick(minutes=4)
    async with city.db.transaction() as tx:
        await running.pause_drill(tx, row, reason="director", by=director, now=city.clock.now())
    planned = len(await city.deliveries(purpose="page"))
    tasks = await _tasks(city)
    assert tasks
    city.clock.tick(hours=5)
    await drain()
    assert len(await city.deliveries(purpose="page")) == planned, "nobody is paged while it stands"
    assert (await city.injects(row))["worse"] == "waiting"
    async with city.db.transaction() as tx:
        await running.resume_drill(tx, row, by=director, now=city.clock.now())
    after = await duties()
    assert after.keys() == before.keys()
    for key, due in before.items():
        if due is not None:
            assert abs(after[key] - due - timedelta(hours=5)) < timedelta(seconds=1), key  # type: ignore[operator]  # never None here
    moved = await _tasks(city)
    for task, limit in tasks.items():
        assert abs(moved[task] - limit - timedelta(hours=5)) < timedelta(seconds=1), "tasks move too"
    city.clock.tick(minutes=5)
    await drain()
    assert (await city.injects(row))["worse"] == "waiting", "nine minutes of drill time"
    city.clock.tick(minutes=1, seconds=1)
    await drain()
    assert (await city.injects(row))["worse"] == "done"
    assert len((await duties()).keys() & before.keys()) == len(before), "grading again opens no duty a second time"


async def _tasks(city: City) -> dict[UUID, datetime]:
    async with city.db.transaction() as tx:
        rows = await tx.scalars(select(TaskRow).where(TaskRow.status == "open", TaskRow.exercise))
        return {one.id: one.due_at for one in rows if one.due_at}


async def test_clocks_on_the_board_and_on_the_incident_stand_with_the_drill(city: City, drain: Drain) -> None:
    """What readers are shown while it stands: not overdue, however long; the drill's clock comes along."""
    from irm.obligations.queries import obligations_of

    row = await city.begun()
    await drain()
    director = await city.principal(city.director)
    (incident,) = await city.incidents()

    async def shown() -> set[tuple[str, bool]]:
        async with city.db.transaction() as tx:
            found = await obligations_of(tx, f"incident/{incident.id}", now=city.clock.now())
        return {
            (one.clock.state, one.pace is not None and one.pace.is_paused)
            for one in found
            if one.limit_at and one.status == "open"
        }

    assert shown_states(await shown()) == {"running"}
    async with city.db.transaction() as tx:
        await running.pause_drill(tx, row, reason="director", by=director, now=city.clock.now())
    city.clock.tick(days=3)
    assert await shown() == {("running", True)}
    async with city.db.transaction() as tx:
        await running.resume_drill(tx, row, by=director, now=city.clock.now())
    assert await shown() == {("running", False)}
    city.clock.tick(days=3)
    assert "running" not in shown_states(await shown())


def shown_states(found: set[tuple[str, bool]]) -> set[str]:
    return {state for state, _ in found}


async def test_a_faster_clock_brings_everything_nearer(city: City, drain: Drain) -> None:
    row = await city.begun(rate=10)
    await drain()
    async with city.db.transaction() as tx:
        duties = [one for one in await tx.scalars(select(ObligationRow).where(ObligationRow.exercise)) if one.due_at]
    assert duties
    limits = [one.due_at - one.started_at for one in duties if one.due_at and one.form == "initial"]
    assert max(limits) < timedelta(minutes=30)
    city.clock.tick(minutes=1, seconds=1)
    await drain()
    assert (await city.injects(row))["worse"] == "done"
    director = await city.principal(city.director)
    async with city.db.transaction() as tx:
        await running.pace_drill(tx, row, 1, by=director, now=city.clock.now())
        clock = await running.clock_of_drill(tx, row)
    assert clock.elapsed(city.clock.now() + timedelta(minutes=1)) == timedelta(minutes=11, seconds=10)


async def test_by_hand_and_only_once(city: City, outside: Outside, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    director = await city.principal(city.director)
    async with city.db.transaction() as tx:
        await injecting.inject_by_hand(tx, row, "call", by=director, now=city.clock.now())
        await injecting.inject_by_hand(tx, row, "worse", by=director, now=city.clock.now())
    with pytest.raises(Conflict):
        async with city.db.transaction() as tx:
            await injecting.inject_by_hand(tx, row, "call", by=director, now=city.clock.now())
    city.clock.tick(minutes=11)
    await drain()
    async with city.db.transaction() as tx:
        done = await tx.scalars(select(LedgerEntryRow).where(LedgerEntryRow.action == "drill.injected"))
        assert len(list(done)) == 3


async def test_what_is_real_outranks(city: City, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    unit = await city.principal(city.unit_duty)
    real = FileIncident(
        classified="no", text="Real.", target=Target("unknown"), known_at=city.clock.now(), contact="desk"
    )
    async with city.db.transaction() as tx:
        await file_incident(tx, real, by=unit, now=city.clock.now())
    assert (await city.drill(row)).pause_reason == "live_incident"
    await drain()
    told = await city.deliveries(about=row.number, person_id=city.director.person_id)
    assert "真实事件" in told[-1].bodies["zh-CN"]
    city.clock.tick(minutes=30)
    await drain()
    assert (await city.injects(row))["worse"] == "waiting"


async def test_the_end_ends_everything(city: City, drain: Drain) -> None:
    row = await city.begun()
    await drain()
    director = await city.principal(city.director)
    async with city.db.transaction() as tx:
        await running.end_drill(tx, row, by=director, now=city.clock.now())
    await drain()
    async with city.db.transaction() as tx:
        runs = {run.status for run in await tx.scalars(select(RunRow))}
        duties = {one.status for one in await tx.scalars(select(ObligationRow).where(ObligationRow.exercise))}
    assert runs == {"cancelled"}
    assert "open" not in duties
    assert {one.status for one in await city.incidents()} == {"closed"}
    assert (await city.drill(row)).status == Status.ENDED
    before = len(await city.deliveries(status="sent"))
    city.clock.tick(days=2)
    await drain()
    assert len(await city.deliveries(status="sent")) == before


async def test_its_evidence_is_packed_when_it_is_over(city: City, drain: Drain, settings: Settings) -> None:
    row = await city.begun()
    await drain()
    leader = await city.principal(city.leader)
    async with city.db.transaction() as tx:
        with pytest.raises(Conflict):
            await packs.request_pack(tx, "drill", row.number, leader, locale="zh-CN", now=city.clock.now())
        await running.end_drill(tx, row, by=await city.principal(city.director), now=city.clock.now())
        vendor_lead = await make.account(tx, city.vendor, Role.UNIT_HEAD)
        stranger = await make.account(tx, city.unit, Role.UNIT_HEAD)
    actions = {}
    for account in (city.leader, vendor_lead):
        by = await city.principal(account)
        async with city.db.transaction() as tx:
            pack_id = await packs.request_pack(tx, "drill", row.number, by, locale="zh-CN", now=city.clock.now())
        await packs.make_now(city.db, pack_id, settings)
        path = packs.pack_path(settings.home, pack_id)
        checked = verify.check(str(path))
        assert not isinstance(checked, str), checked
        assert checked.faults == []
        with zipfile.ZipFile(path) as there:
            (name,) = [one for one in there.namelist() if one.endswith("data/entries.jsonl")]
            lines = [json.loads(line) for line in there.read(name).decode().splitlines()]
        actions[account] = [one["action"] for one in lines if "body" in one]
    assert {"drill.planned", "drill.started", "incident.filed", "drill.ended"} <= set(actions[city.leader])
    assert 0 < len(actions[vendor_lead]) < len(actions[city.leader]), "who took part reads what names it"
    other = await city.principal(stranger)
    async with city.db.transaction() as tx:
        with pytest.raises(NotFound):
            await packs.request_pack(tx, "drill", row.number, other, locale="zh-CN", now=city.clock.now())


async def test_a_report_in_a_drill_leaves_to_nobody_and_counts_as_handed_over(city: City, drain: Drain) -> None:
    from irm.obligations.handing import submit_report
    from irm.obligations.models import SubmissionRow

    await city.begun()
    await drain()
    async with city.db.transaction() as tx:
        draft = await tx.scalar(
            select(SubmissionRow).where(SubmissionRow.status == "draft", SubmissionRow.recipient_id == city.province)
        )
        assert draft is not None
        officer = await city.principal(city.officer)
        await submit_report(
            tx, draft.id, means="mail", actor=officer.actor, now=city.clock.now(), items={"unit": "x", "course": "y"}
        )
    await drain()
    async with city.db.transaction() as tx:
        row = await tx.get_one(SubmissionRow, draft.id, populate_existing=True)
        assert row.status == "submitted"
    (mail,) = await city.deliveries(purpose="report")
    assert (mail.status, mail.reason) == ("would_have", "not_participant")


async def test_a_plan_is_refused_with_everybody_who_cannot_be_reached(city: City) -> None:
    from irm.access.policy import Role
    from irm.drills.schemas import Participant
    from tests import make

    async with city.db.transaction() as tx:
        silent = [await make.account(tx, city.vendor, Role.HANDLER, sms="", email="") for _ in range(2)]
    people = [*city.participants(), *(Participant(one.person_id, "player") for one in silent)]
    with pytest.raises(Invalid) as refused:
        await city.planned(participants=people)
    assert [one.field for one in refused.value.errors] == ["participants.6", "participants.7"]
    await city.planned(participants=[*city.participants(), Participant(silent[0].person_id, "observer")])


async def test_faults_of_a_scenario_name_line_and_column(city: City) -> None:
    source = "apiVersion: irm/v1\nkind: Scenario\nid: x\n"
    with pytest.raises(Invalid) as refused:
        await city.planned(scenario_source=source)
    assert refused.value.errors[0].field == "scenario_source"
    assert refused.value.errors[1].field.startswith("scenario.yaml:1:")


async def test_a_plan_needs_a_second_person(city: City) -> None:
    leader = await city.principal(city.leader)
    async with city.db.transaction() as tx:
        row = await planning.plan_drill(tx, city.plan(), by=leader, now=city.clock.now())
    with pytest.raises(Forbidden):
        async with city.db.transaction() as tx:
            await planning.approve_plan(tx, row, by=leader, now=city.clock.now())
    deputy = replace(leader, account_id=uuid4(), actor=make.standing_in(leader.actor, leader.account_id))
    with pytest.raises(Forbidden, match="other than the planner"):
        async with city.db.transaction() as tx:
            await planning.approve_plan(tx, row, by=deputy, now=city.clock.now())
    with pytest.raises(Conflict):
        async with city.db.transaction() as tx:
            await running.start_drill(tx, row, by=await city.principal(city.director), now=city.clock.now())


async def test_the_job_of_an_inject_may_come_any_number_of_times(city: City, drain: Drain) -> None:
    """`drills.inject`: the row decides, not the job; too early, twice, or while the drill stands it does nothing."""
    row = await city.begun()
    await drain()
    director = await city.principal(city.director)

    async def job(name: str) -> None:
        async with city.db.transaction() as tx:
            await injecting.inject(tx, {"drill": str(row.id), "inject": name}, city.clock.now())

    await job("first")
    await job("worse")
    await job("call")
    assert await city.injects(row) == {"first": "done", "worse": "waiting", "call": "waiting"}
    assert len(await city.incidents()) == 1
    city.clock.tick(minutes=11)
    async with city.db.transaction() as tx:
        await running.pause_drill(tx, row, reason="director", by=director, now=city.clock.now())
    await job("worse")
    assert (await city.injects(row))["worse"] == "waiting"


async def test_injects_come_in_their_order_however_late_they_are(city: City) -> None:
    """After an outage both are due at once: what becomes worse is told after what it is about was filed, not refused."""
    row = await city.begun()
    city.clock.tick(minutes=11)

    async def job(name: str) -> None:
        async with city.db.transaction() as tx:
            await injecting.inject(tx, {"drill": str(row.id), "inject": name}, city.clock.now())

    with pytest.raises(RetryLater):
        await job("worse")
    assert (await city.injects(row))["worse"] == "waiting"
    await job("first")
    await job("worse")
    assert await city.injects(row) == {"first": "done", "worse": "done", "call": "waiting"}
