"""irm is away for six hours over several deadlines and a hand-over (issue 4, story 8): everything due fires once, the gravest
first, marked; the emergency sheet had what was needed; paper is entered afterwards with both times."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update

from irm import absence, schedule
from irm.absence import AbsenceRow
from irm.access.policy import Role
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database, uuid7
from irm.emergency.queries import WRITE, WRITTEN, is_sheet_due
from irm.heartbeat import HeartbeatRow
from irm.jobs import JobRow
from irm.ledger import LedgerEntryRow
from irm.notify.models import DeliveryRow, ShiftRow
from irm.reports.figures import duties as figures
from irm.reports.span import Span
from irm.reports.tally import Pool
from irm.wiring import RECURRING
from tests import make
from tests.conftest import Drain
from tests.fakes.outside import Outside
from tests.feature.night.city import GRAVE, HTML, TO_CITY, City, Duty

HAND_OVER = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
"""08:30 in Shanghai, in the middle of the absence."""
HOURS = 6


class Away:
    """The machine room of the story: what the dispatcher would do, at the clock's moment."""

    def __init__(self, db: Database, clock: FixedClock, settings: Settings, drain: Drain) -> None:
        self.db, self.clock, self.settings, self.drain = db, clock, settings, drain

    async def minute(self) -> None:
        """The dispatcher's look at what recurs, for the sheet alone."""
        sheet = [each for each in RECURRING if each.name == WRITE]
        async with self.db.transaction(SYSTEM) as tx:
            await schedule.write(tx, sheet, self.clock.now())
        await self.drain()

    async def stops(self) -> datetime:
        now = self.clock.now()
        async with self.db.transaction(SYSTEM) as tx:
            tx.add(HeartbeatRow(id=uuid7(), process="d:1", kind="dispatcher", started_at=now, seen_at=now))
        return now

    async def comes_back(self) -> None:
        """What any dispatcher does first, and a second one beside it."""
        for _ in range(2):
            async with self.db.transaction(SYSTEM) as tx:
                await absence.notice(tx, self.clock.now())

    async def entries(self, action: str) -> list[tuple[str, dict[str, Any]]]:
        """(subject, body), in the order in which they were recorded."""
        async with self.db.transaction() as tx:
            rows = await tx.execute(
                select(LedgerEntryRow.subject, LedgerEntryRow.body)
                .where(LedgerEntryRow.action == action)
                .order_by(LedgerEntryRow.id)
            )
            return [(subject, json.loads(body)) for subject, body in rows.all()]


async def hands_over(city: City) -> make.Account:
    """The officer's shift ends at 08:30; a colleague's begins."""
    async with city.db.transaction() as tx:
        second = await make.account(tx, city.authority, Role.DUTY_OFFICER, locale="en")
        await make.duty(tx, city.authority, second.person_id, since=HAND_OVER)
        await tx.execute(update(ShiftRow).where(ShiftRow.person_id == city.officer.person_id).values(ends_at=HAND_OVER))
    return second


async def passed(city: City, since: datetime, until: datetime) -> list[Duty]:
    """Limits that nobody had met when irm stopped."""
    return [one for one in await city.duties() if one.status == "open" and one.due_at and since <= one.due_at < until]


async def the_sheet_had_it(city: City, second: make.Account, number: str, missed: list[Duty], page: str) -> None:
    async with city.db.transaction() as tx:
        names = {
            one.person_id: name
            for one, name in [(second, await _name(tx, second)), (city.officer, await _name(tx, city.officer))]
        }
    for wanted in (number, names[city.officer.person_id], names[second.person_id], second.telephone, "11月21日 08:30"):
        assert wanted in page, wanted
    for one in missed:
        here = one.due_at.astimezone(schedule.SHANGHAI)
        assert f"{here.month}月{here.day}日 {here:%H:%M}" in page, one.rule
    assert "补录时间" in page
    assert "（空白）" in page


async def all_fires_once(city: City, away: Away, number: str, missed: list[Duty]) -> None:
    until = away.clock.now()
    await away.drain()
    over = await away.entries("obligation.overdue")
    fired = {subject.rpartition("/")[2] for subject, _ in over}
    assert len(fired) == len(over), "each once"
    silent = [one.rule for one in missed if str(one.id) not in fired]
    assert not silent, silent
    assert all(body["away_since"] and body["away_until"] for _, body in over)
    cases = [subject.split("/")[1] for subject, _ in over]
    first_mild = next((at for at, case in enumerate(cases) if case != cases[0]), len(cases))
    assert all(case == cases[0] for case in cases[:first_mild])
    assert cases[0] == await _id(city, number), "the grave incident's limits came before the mild one's"
    assert cases == sorted(cases, key=lambda case: case != cases[0]), "and all of them did"
    async with city.db.transaction() as tx:
        again = await tx.scalar(
            select(func.count()).select_from(JobRow).where(JobRow.done_at.is_(None), JobRow.run_at <= until)
        )
        assert again == 0
        pages = (
            await tx.execute(
                select(
                    DeliveryRow.page_key,
                    DeliveryRow.rung,
                    DeliveryRow.round,
                    DeliveryRow.person_id,
                    DeliveryRow.channel,
                ).where(DeliveryRow.purpose == "page", DeliveryRow.created_at == until)
            )
        ).all()
    assert len(set(pages)) == len(pages), "one page for each step, rung, round, person and channel"
    await away.drain()
    assert await away.entries("obligation.overdue") == over, "and never again"


async def it_is_said(city: City, late: Duty, since: datetime, until: datetime) -> None:
    """On the board, on the duty's page and on the wire."""
    desk = await city.as_(city.officer)
    board = (await desk.get("/api/v1/board")).json()
    [trouble] = [one for one in board["troubles"] if one["kind"] == "was_away"]
    assert datetime.fromisoformat(trouble["until"]) == until
    html = (await desk.get("/", headers=HTML)).text
    assert "irm was away from" in html
    shown = (await desk.get(f"/api/v1/obligations/{late.id}")).json()
    assert datetime.fromisoformat(shown["away_since"]) == since
    assert "limit passed while irm was away" in (await desk.get(f"/obligations/{late.id}", headers=HTML)).text


async def the_calls_say_it(city: City, number: str, since: datetime, until: datetime) -> None:
    """Rungs whose moment passed in these hours were called afterwards, and the page about the paging says why."""
    desk = await city.as_(city.officer)
    view = (await desk.get(f"/api/v1/incidents/{number}/paging")).json()
    rungs = [rung for run in view["runs"] for step in run["steps"] for rung in step["rungs"] if rung["called_at"]]
    late = [rung for rung in rungs if rung["away"]]
    assert late, "somebody was to be called in these hours"
    assert all(since <= datetime.fromisoformat(rung["due_at"]) < until for rung in late)
    assert not [rung for rung in rungs if rung["late"] and not rung["away"]]
    assert "late: irm was away" in (await desk.get(f"/incidents/{number}/paging", headers=HTML)).text


async def paper_is_entered(city: City, late: Duty, *, said: datetime, entered: datetime) -> None:
    # 04:20 The city's office took the report by telephone, on paper. Now it is entered, with both times.
    desk = await city.as_(city.officer)
    sent = await city.reports(city.officer, late, stated_at=said.isoformat())
    handed = (await desk.get(f"/api/v1/submissions/{sent}")).json()
    assert datetime.fromisoformat(handed["submitted_at"]) == said
    assert datetime.fromisoformat(handed["recorded_at"]) == entered
    assert handed["entered_afterwards"] is True
    settled = (await desk.get(f"/api/v1/obligations/{late.id}")).json()
    assert settled["status"] == "submitted"
    assert settled["early_seconds"] > 0, "in time, by the paper"
    assert settled["away_since"] is None


async def test_six_hours_away(
    city: City, clock: FixedClock, reachable: Outside, drain: Drain, settings: Settings, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o700)
    settings.sheet_dir = outside
    away = Away(city.db, clock, settings, drain)
    second = await hands_over(city)

    # 03:41 A mild one, and a minute later a grave one. The officer has both in hand.
    mild = await city.files(city.officer, title="mild", target={"kind": "unknown"})
    await city.assesses(city.officer, mild, 3)
    clock.tick(minutes=1)
    grave = await city.files(city.unit_duty[0], title="grave", facts={"personal_records_leaked": GRAVE})
    await drain()
    number = grave.rpartition("/")[2]

    # The sheet is written: within a minute of the last hand-over, once.
    await away.minute()
    async with city.db.transaction() as tx:
        assert not await is_sheet_due(tx)
    [(_, kept)] = await away.entries(WRITTEN)
    assert sorted(each.name for each in outside.iterdir()) == sorted(one["name"] for one in kept["files"])
    [page] = [each.read_text("utf-8") for each in outside.glob("*.html")]

    # irm stops. Six hours, several limits and a hand-over pass.
    since = await away.stops()
    reachable.expect.forget()
    clock.tick(hours=HOURS)
    until = clock.now()
    missed = await passed(city, since, until)
    assert len({one.due_at for one in missed}) >= 3, "three deadlines lie in these hours"
    assert since < HAND_OVER < until

    # What was needed stood on the sheet: the case, each limit with its moment, and who takes over at 08:30.
    await the_sheet_had_it(city, second, number, missed, page)

    # It comes back: the absence is on record once, before anything else is done.
    await away.comes_back()
    async with city.db.transaction() as tx:
        assert await tx.scalar(select(func.count()).select_from(AbsenceRow)) == 1
    [(_, told)] = await away.entries("irm.was_away")
    assert told["seconds"] == HOURS * 3600

    # Everything that was due fires once, the gravest first, each saying why it is late; pages go to whoever is there now.
    await all_fires_once(city, away, number, missed)
    late = await city.duty(TO_CITY)
    await it_is_said(city, late, since, until)
    await the_calls_say_it(city, number, since, until)

    # And so do the figures, until what was done on paper is entered.
    assert await _counted(city, until) == len(missed)
    await paper_is_entered(city, late, said=since + timedelta(minutes=20), entered=until)
    assert await _counted(city, until) == len(missed) - 1

    # A sheet for the new shift is written at once, with the next officer on it.
    clock.tick(minutes=1)
    async with city.db.transaction() as tx:
        assert await is_sheet_due(tx), "somebody came on duty meanwhile"
    await away.minute()
    assert len(await away.entries(WRITTEN)) == 2
    assert second.telephone in next(
        each for each in outside.glob("*.html") if each.name != kept["files"][0]["name"]
    ).read_text("utf-8")
    reachable.expect.forget()


async def _name(tx: Any, one: make.Account) -> str:
    from irm.access.queries import person_names

    return (await person_names(tx, [one.person_id]))[one.person_id]


async def _id(city: City, number: str) -> str:
    from irm.incidents.models import IncidentRow

    async with city.db.transaction() as tx:
        return str(await tx.scalar(select(IncidentRow.id).where(IncidentRow.number == number)))


async def _counted(city: City, as_of: datetime) -> int:
    """Limits that passed while irm was away, as the annual report counts them."""
    pool = Pool()
    async with city.db.transaction() as tx:
        found = await figures.duties_of(tx, Span(2026, as_of), pool, figures.Organizations({}))
    grid = figures.by_rule(found.all, found.titles, pool, "Timeliness")
    return grid.sum(figures.AWAY).value
