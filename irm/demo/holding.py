"""A drill of the made-up year that was really held: its injects came by its clock, its playbook paged, its players worked.

Minutes of the story (`course`) count from the beginning.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from irm.db import Tx
from irm.demo.nights import Nights
from irm.demo.past import Act, Past
from irm.demo.reporting import report_all
from irm.drills import injecting, running
from irm.drills.access import locked
from irm.exercise import subjects_of
from irm.incidents.assessing import assess_level, confirm_assessment
from irm.incidents.handling import change_status

FIRST: Final = "initial"


def begun(past: Past, drill_id: UUID, one: Mapping[str, Any], story: Mapping[str, Any], nights: Nights) -> Act:
    """The director begins it; what follows stands in the course of the story."""

    async def act(tx: Tx) -> None:
        now = past.clock.now()
        row = await locked(tx, drill_id)
        nights.hold(one)
        await running.start_drill(tx, row, by=await past.principal(tx, one["by"]), now=now)
        steps = {
            "press": _told(past, drill_id, one),
            "assessed": _assessed(past, drill_id, one),
            "reported": _reported(past, drill_id, story["reports"]),
            "contained": _moved(past, drill_id, one, "contained"),
            "handled": _moved(past, drill_id, one, "handled"),
            "ended": _ended(past, drill_id, one),
        }
        for name, minutes in one["course"].items():
            past.add(now + timedelta(minutes=minutes), f"{name} in {one['title']}", steps[name], needed=True)

    return act


async def _incident(tx: Tx, drill_id: UUID) -> UUID:
    """The one that the drill is about: the first that was injected."""
    found = sorted(one for one in await subjects_of(tx, drill_id) if one.startswith("incident/"))
    return UUID(found[0].partition("/")[2])


def _told(past: Past, drill_id: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await injecting.inject_by_hand(tx, await locked(tx, drill_id), "press", by=by, now=past.clock.now())

    return act


def _assessed(past: Past, drill_id: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        found = await assess_level(
            tx,
            await _incident(tx, drill_id),
            level=one["level"],
            reason=one["reason"],
            stage="preliminary",
            response_level=None,
            by=await past.principal(tx, one["officer"]),
            now=now,
        )
        if found.waiting is not None:
            second = await past.principal(tx, one["by"])
            await confirm_assessment(tx, found.waiting, confirmed=True, by=second, now=now)

    return act


def _reported(past: Past, drill_id: UUID, reports: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        await report_all(
            tx,
            past,
            f"incident/{await _incident(tx, drill_id)}",
            reports["items"],
            wanted=lambda duty: duty.form == FIRST,
            receiver=reports["receiver"],
        )

    return act


def _moved(past: Past, drill_id: UUID, one: Mapping[str, Any], status: str) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["officer"])
        incident = await _incident(tx, drill_id)
        await change_status(
            tx, incident, status=status, reason=one["reason"], organization=None, by=by, now=past.clock.now()
        )

    return act


def _ended(past: Past, drill_id: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, one["by"])
        await running.end_drill(tx, await locked(tx, drill_id), by=by, now=past.clock.now())

    return act
