"""A drill runs: begun, stopped, gone on with, made faster, ended. Its clock moves runs, duties and injects together."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import select

from irm import exercise, jobs
from irm.access.policy import Principal
from irm.access.queries import organizations
from irm.db import SYSTEM, Actor, Tx, uuid7
from irm.drills.access import locked
from irm.drills.models import DrillInjectRow, DrillOrganizationRow, DrillRow
from irm.drills.planning import FILE, people_of, refuse_unreachable, tell
from irm.drills.policy import drill_policy
from irm.drills.scenario import Scenario, read_scenario
from irm.drills.vocabulary import REACHED, Part, Status
from irm.errors import Conflict, Invalid
from irm.exercise_clock import FASTEST, SLOWEST, ExerciseClock, clock_of
from irm.i18n import LOCALES, N_, translator
from irm.incidents.exercising import close_exercises, organizations_of
from irm.ledger import Event
from irm.notify import contacts, service as messages
from irm.notify.messages import About
from irm.notify.plan import Resolution
from irm.obligations import pacing as duties
from irm.playbooks import pacing as runs
from irm.playbooks.starting import start_matching

INJECT: Final = "drills.inject"
DIRECTOR: Final = "director"
LIVE_INCIDENT: Final = "live_incident"
REAL: Final = "real"
PAUSE_WORDS: Final[Mapping[str, str]] = {
    DIRECTOR: N_("stopped by the director"),
    LIVE_INCIDENT: N_("a real incident was filed"),
    REAL: N_("somebody said that this is real"),
}
BEGINS = N_("The drill begins.")
STOPPED = N_("The drill stands: %(reason)s.")
GOES_ON = N_("The drill goes on.")
IS_OVER = N_("The drill is over.")
NOT_RUNNING = N_("The drill is not under way.")
STANDS = N_("The drill stands; let it go on first.")


async def start_drill(tx: Tx, row: DrillRow, *, by: Principal, now: datetime, rate: float = 1.0) -> None:
    """Begin an approved drill. Raises Invalid with everybody who cannot be reached. Locks it."""
    row = await locked(tx, row.id)
    if row.status != Status.APPROVED:
        raise Conflict(N_("Only a drill whose plan is approved can begin."))
    check_rate(rate)
    people = await people_of(tx, row.id)
    await refuse_unreachable(tx, people)
    clock = ExerciseClock.begun(now, rate)
    await exercise.open_exercise(tx, row.id, clock, subject=subject_of(row))
    await exercise.set_members(tx, row.id, frozenset(one.person_id for one in people if Part(one.part) in REACHED))
    row.status, row.started_at, row.started_by = Status.RUNNING.value, now, by.account_id
    scenario = scenario_of(row)
    if scenario is not None:
        tx.add_all(
            DrillInjectRow(
                id=uuid7(),
                drill_id=row.id,
                ordinal=ordinal,
                inject_id=one.id,
                due=int(one.at.total_seconds()) if one.at is not None else None,
            )
            for ordinal, one in enumerate(scenario.injects, 1)
        )
    await tx.flush()
    await tell(tx, "drill.started", row, by=by, now=now, thousandths=round(rate * 1_000))
    await say(tx, row, BEGINS, now=now)
    await schedule_injects(tx, row, clock, now=now)
    await start_matching(
        tx,
        event="drill.started",
        subject=subject_of(row),
        subject_id=row.id,
        facts=await _facts(tx, row),
        actor=by.actor,
        now=now,
    )


async def pause_drill(
    tx: Tx, row: DrillRow, *, reason: str, by: Principal | None, now: datetime, actor: Actor = SYSTEM
) -> bool:
    """Stop its clock: runs, reminders and injects wait. False: it stands already. Locks it."""
    row = await locked(tx, row.id)
    if row.status != Status.RUNNING:
        raise Conflict(NOT_RUNNING)
    clock = await clock_of_drill(tx, row)
    if clock.is_paused:
        return False
    row.pause_reason = reason
    await _change(tx, row, clock, clock.paused(now), actor=by.actor if by else actor, now=now)
    await tell(tx, "drill.paused", row, by=by, now=now, reason=reason)
    await say(tx, row, STOPPED, now=now, reason=PAUSE_WORDS[reason], to=None if reason == DIRECTOR else {Part.DIRECTOR})
    return True


async def resume_drill(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    row = await locked(tx, row.id)
    clock = await _running(tx, row)
    if not clock.is_paused:
        return
    row.pause_reason = None
    await _change(tx, row, clock, clock.resumed(now), actor=by.actor, now=now)
    await tell(tx, "drill.resumed", row, by=by, now=now)
    await say(tx, row, GOES_ON, now=now)


async def pace_drill(tx: Tx, row: DrillRow, rate: float, *, by: Principal, now: datetime) -> None:
    """Another speed from this moment on."""
    row = await locked(tx, row.id)
    check_rate(rate)
    clock = await _running(tx, row)
    if clock.is_paused:
        raise Conflict(STANDS)
    if clock.rate == rate:
        return
    await _change(tx, row, clock, clock.changed(now, rate), actor=by.actor, now=now)
    await tell(tx, "drill.paced", row, by=by, now=now, thousandths=round(rate * 1_000))


async def end_drill(tx: Tx, row: DrillRow, *, by: Principal, now: datetime) -> None:
    """Nothing of it reaches anybody any more; its incidents are archived, its runs and duties end."""
    row = await locked(tx, row.id)
    clock = await _running(tx, row)
    subjects = await exercise.subjects_of(tx, row.id)
    await jobs.cancel_prefix(tx, _key(row, ""))
    await exercise.set_clock(tx, row.id, clock.paused(now))
    for one in await _waiting(tx, row):
        one.status, one.done_at = "skipped", now
    await tx.flush()
    # Incidents before duties and runs: the order of locks (docs/adr/0006).
    await close_exercises(tx, _incidents(subjects), actor=by.actor, now=now)
    await runs.end_runs(tx, subjects, now=now)
    for subject in subjects:
        await duties.end_duties(tx, subject, actor=by.actor, now=now)
    await say(tx, row, IS_OVER, now=now)
    row.status, row.ended_at, row.pause_reason = Status.ENDED.value, now, None
    await exercise.end_exercise(tx, row.id, now)
    await tell(tx, "drill.ended", row, by=by, now=now, elapsed=int(clock.elapsed(now).total_seconds()))


async def hear_incident(tx: Tx, event: Event, entry_id: UUID) -> None:  # noqa: ARG001 - a subscriber's shape
    """`incident.filed`: what is real outranks every drill; the drills concerned stop and their directors are told."""
    if event.body.get("exercise"):
        return
    rows = list(await tx.scalars(select(DrillRow).where(DrillRow.status == Status.RUNNING.value).order_by(DrillRow.id)))
    if not rows:
        return
    concerned = await organizations_of(tx, UUID(event.subject.split("/")[1]))
    for row in rows:
        if drill_policy().live_incident_pauses == "city" or concerned & await organizations_in(tx, row.id):
            await pause_drill(tx, row, reason=LIVE_INCIDENT, by=None, now=event.at)


async def schedule_injects(tx: Tx, row: DrillRow, clock: ExerciseClock, *, now: datetime) -> None:
    """One job for each that waits for the clock; the keys are new each time, the row decides what was done."""
    if clock.is_paused:
        return
    for one in await _waiting(tx, row):
        if one.due is not None:
            await jobs.schedule(
                tx,
                INJECT,
                {"drill": str(row.id), "inject": one.inject_id},
                run_at=max(clock.at(timedelta(seconds=one.due)), now),
                key=_key(row, f"{one.inject_id}/{uuid4()}"),
                queue="normal",
            )


async def organizations_in(tx: Tx, drill_id: UUID) -> frozenset[UUID]:
    rows = await tx.scalars(
        select(DrillOrganizationRow.organization_id).where(DrillOrganizationRow.drill_id == drill_id)
    )
    return frozenset(rows)


async def clock_of_drill(tx: Tx, row: DrillRow) -> ExerciseClock:
    """Of a drill that was begun."""
    found = await tx.get_one(exercise.ExerciseRow, row.id, populate_existing=True)
    return clock_of(found.clock)


async def say(
    tx: Tx,
    row: DrillRow,
    words: str,
    *,
    now: datetime,
    reason: str = "",
    to: set[Part] | None = None,
    body: Mapping[str, str] | None = None,
    key: str = "",
) -> None:
    """A notice to those who take part (default: everybody who is reached)."""
    people = [one for one in await people_of(tx, row.id) if Part(one.part) in (to or REACHED)]
    found = await contacts.people(tx, [one.person_id for one in people])
    targets = Resolution(
        tuple(
            found[one.person_id].recipient(one.organization_id, basis=one.part)
            for one in people
            if one.person_id in found
        )
    )
    text = body or {
        locale: (t := translator(locale))(words, **({"reason": t(reason)} if reason else {})) for locale in LOCALES
    }
    await messages.notice(
        tx,
        key=f"drill/{row.id}/{key or words[:40]}/{now.isoformat()}",
        targets=targets,
        about=About(
            row.number, None, f"/drills/{row.number}", row.title, text, matter="drill", short="" if body else text
        ),
        subject=subject_of(row),
        now=now,
        exercise=True,
    )


def subject_of(row: DrillRow) -> str:
    return f"drill/{row.id}"


def scenario_of(row: DrillRow) -> Scenario | None:
    return read_scenario(row.scenario, file=FILE) if row.scenario else None


def check_rate(rate: float) -> None:
    if not SLOWEST <= rate <= FASTEST:
        raise Invalid(
            N_("The clock runs from %(slowest)s to %(fastest)s times as fast."),
            field="rate",
            slowest=SLOWEST,
            fastest=FASTEST,
        )


async def _change(
    tx: Tx, row: DrillRow, before: ExerciseClock, after: ExerciseClock, *, actor: Actor, now: datetime
) -> None:
    """Everything that keeps the drill's clock, in one transaction."""
    await exercise.set_clock(tx, row.id, after)
    await jobs.cancel_prefix(tx, _key(row, ""))
    subjects = await exercise.subjects_of(tx, row.id)
    await runs.set_pace(tx, subjects, before, after, now=now)
    for subject in subjects:
        await duties.set_pace(tx, subject, before, after, actor=actor, now=now)
    await schedule_injects(tx, row, after, now=now)


async def _running(tx: Tx, row: DrillRow) -> ExerciseClock:
    if row.status != Status.RUNNING:
        raise Conflict(NOT_RUNNING)
    return await clock_of_drill(tx, row)


async def _waiting(tx: Tx, row: DrillRow) -> list[DrillInjectRow]:
    rows = await tx.scalars(
        select(DrillInjectRow)
        .where(DrillInjectRow.drill_id == row.id, DrillInjectRow.status == "waiting")
        .order_by(DrillInjectRow.ordinal)
    )
    return list(rows)


def _key(row: DrillRow, tail: str) -> str:
    return f"drill/{row.id}/inject/{tail}"


def _incidents(subjects: list[str]) -> list[UUID]:
    return [UUID(one.partition("/")[2]) for one in subjects if one.startswith("incident/")]


async def _facts(tx: Tx, row: DrillRow) -> dict[str, Any]:
    """The facts copy of runs about the drill as such; names of incidents answer as of one that nobody has graded."""
    authorities = await organizations(tx, kinds=["cloud_authority"])
    about = {"number": row.number, "title": row.title, "exercise": True}
    return {
        "drill": about,
        "incident": {
            **about,
            "status": "open",
            "told_by": "person",
            "verified": True,
            "cii": "unknown",
            "category": "",
            "handled": False,
            "crime_suspected": False,
        },
        "organizations": {"cloud_authority": [str(one.id) for one in authorities]},
    }
