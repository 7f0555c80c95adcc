"""Drills of the made-up year: some entered afterwards, one held in the house, one planned for next month, one called off."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from irm.db import Tx
from irm.demo.holding import begun
from irm.demo.nights import Nights
from irm.demo.past import Act, Past
from irm.demo.reporting import receipt
from irm.drills import evaluating, planning, recording, reporting
from irm.drills.access import locked
from irm.drills.schemas import Improvement, Participant, PlanDrill, RecordDrill, Score, WriteReport
from irm.drills.scoring import ITEMS

LEADERS = {"cloud-authority": "deputy", "vendor-cloud": "leader", "unit-office": "leader", "unit-health": "leader"}
"""Who approves a report that somebody of this organization wrote."""


def add_drills(past: Past, story: Mapping[str, Any], nights: Nights) -> None:
    for one in story["drills"]:
        if one.get("held"):
            past.add(
                past.moment(one["days"] + 16, "10:30"), f"drill {one['title']}", _planned(past, one, story, nights)
            )
        elif one.get("recorded"):
            past.add(past.moment(one["days"] - 1, "16:00"), f"drill {one['title']}", _recorded(past, one))
        elif "cancelled" in one:
            past.add(
                past.moment(one["cancelled"] + 20, "10:30"), f"drill {one['title']}", _planned(past, one, story, nights)
            )
        else:
            past.add(past.moment(6, "10:30"), f"drill {one['title']}", _planned(past, one, story, nights))


def _people(past: Past, one: Mapping[str, Any], extra: tuple[str, ...] = ()) -> list[Participant]:
    """Directed by whoever writes it up; played by those on duty; judged by somebody else of the holder."""
    takes_part = {one["organization"], *one["organizations"]}
    at_home = [login for login, code in past.city.homes.items() if code == one["organization"] and login != one["by"]]
    parts = {one["by"]: "director"}
    if one["by"] not in past.city.homes or past.city.homes[one["by"]] not in takes_part:
        parts.pop(one["by"])
    for login, code in past.city.homes.items():
        if code in takes_part and login not in parts and (login.endswith(("1", "2")) or login in extra):
            parts[login] = "player"
    spare = [login for login in at_home if login not in parts]
    judges = spare[:1] or (at_home[-1:] if one.get("recorded") or one.get("held") else [])
    parts |= dict.fromkeys(judges, "evaluator")
    return [
        Participant(past.city.people[login], part, past.city.organizations[past.city.homes[login]])  # type: ignore[arg-type]  # a word of the story
        for login, part in parts.items()
    ]


def _recorded(past: Past, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        by = await past.principal(tx, one["by"])
        held = past.working(one["days"], "09:30")
        people = _people(past, one)
        drill_id = await recording.record_drill(
            tx,
            RecordDrill(
                title=one["title"],
                kind=one["kind"],
                content=one["content"],
                started_at=held,
                ended_at=held + timedelta(hours=one["hours"]),
                participants=people,
                objectives=one["objectives"],
                place=one["place"],
                organization=past.city.organizations[one["organization"]],
                organizations=[past.city.organizations[code] for code in one["organizations"]],
                system=one["system"],
            ),
            by=by,
            now=now,
        )
        _look_back(past, drill_id, one, people, now)

    return act


def _look_back(past: Past, drill_id: Any, one: Mapping[str, Any], people: list[Participant], over: datetime) -> None:
    """After it is over: what the evaluators say, the report, its approval."""
    judges = [each.person for each in people if each.part == "evaluator"]
    logins = [login for login, person in past.city.people.items() if person in judges]
    past.add(over + timedelta(days=1), f"scores {one['title']}", _scored(past, drill_id, one, logins))
    past.add(over + timedelta(days=3), f"report {one['title']}", _written(past, drill_id, one))
    past.add(over + timedelta(days=5), f"approval {one['title']}", _approved(past, drill_id, one))


def _scored(past: Past, drill_id: Any, one: Mapping[str, Any], logins: list[str]) -> Act:
    async def act(tx: Tx) -> None:
        row = await locked(tx, drill_id)
        for login in logins:
            by = await past.principal(tx, login)
            scores = {item: one["scores"] if place % 3 else 3 for place, item in enumerate(ITEMS)}
            given = Score(scores=scores, overall=one["report"]["summary"], hand_in=True)
            await evaluating.write_sheet(tx, row, given, by=by, now=past.clock.now())

    return act


def _written(past: Past, drill_id: Any, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        given = WriteReport(
            items=dict(one["report"]),
            improvements=[
                Improvement(title, due_at=past.clock.now() + timedelta(days=60)) for title in one["improvements"]
            ],
            submit=True,
        )
        await reporting.write_report(tx, await locked(tx, drill_id), given, by=by, now=past.clock.now())

    return act


def _approved(past: Past, drill_id: Any, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, LEADERS[one["organization"]])
        now = past.clock.now()
        for submitted in await reporting.approve_report(tx, await locked(tx, drill_id), by=by, now=now):
            past.add(now + timedelta(days=2), f"receipt {one['title']}", receipt(past, submitted, inside=True))

    return act


def _planned(past: Past, one: Mapping[str, Any], story: Mapping[str, Any], nights: Nights) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        by = await past.principal(tx, one["by"])
        begins = past.working(one["days"], "09:30")
        people = _people(past, one, tuple(story["players"]))
        row = await planning.plan_drill(
            tx,
            PlanDrill(
                title=one["title"],
                kind=one["kind"],
                content=one["content"],
                planned_from=begins,
                planned_until=begins + timedelta(hours=one["hours"]),
                participants=people,
                objectives=one["objectives"],
                place=one["place"],
                organization=past.city.organizations[one["organization"]],
                organizations=[past.city.organizations[code] for code in one["organizations"]],
                system=one["system"],
                scenario=one["scenario"],
            ),
            by=by,
            now=now,
        )
        if "approve_by" in one:
            past.add(now + timedelta(days=1), f"plan {one['title']}", _plan_approved(past, row.id, one))
        if one.get("held"):
            past.add(begins, f"beginning {one['title']}", begun(past, row.id, one, story, nights))
            _look_back(past, row.id, one, people, begins + timedelta(hours=one["hours"]))
        if "cancelled" in one:
            past.add(past.moment(one["cancelled"]), f"called off {one['title']}", _called_off(past, row.id, one))

    return act


def _plan_approved(past: Past, drill_id: Any, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["approve_by"])
        await planning.approve_plan(tx, await locked(tx, drill_id), by=by, now=past.clock.now())

    return act


def _called_off(past: Past, drill_id: Any, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await planning.cancel_drill(tx, await locked(tx, drill_id), reason=one["reason"], by=by, now=past.clock.now())

    return act
