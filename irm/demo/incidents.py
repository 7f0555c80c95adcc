"""Incidents of the made-up year: filed, judged, reported in time or late, contained, handled, archived; one a false alarm.

What was filed goes on to its end, also where time is short: a night that stopped in the middle would call people today.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from irm.db import Tx
from irm.demo.nights import Nights
from irm.demo.past import Act, Past
from irm.demo.reporting import report_all
from irm.incidents.assessing import assess_level, confirm_assessment
from irm.incidents.handling import change_status, confirm_change
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident

OFFICER, LEADER = "duty1", "leader"
CLOSING = "closing"


def add_incidents(past: Past, story: Mapping[str, Any], nights: Nights) -> None:
    for one in story["incidents"]:
        act = _filed(past, one, _worded(story["reports"], one["category"]), nights)
        past.add(past.moment(one["days"], one["at"]), f"incident {one['title']}", act, lived="answer" in one)


def _worded(reports: Mapping[str, Any], category: str) -> Mapping[str, Any]:
    """With the notice that fits the incident."""
    items = reports["items"]
    return {**reports, "items": {**items, "text": reports["notices"].get(category, items["text"])}}


def _filed(past: Past, one: Mapping[str, Any], reports: Mapping[str, Any], nights: Nights) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        by = await past.principal(tx, one["by"])
        nights.begin(one)
        filed = await file_incident(
            tx,
            FileIncident(
                classified="no",
                text=one["text"],
                target=Target("system", one["system"]),
                known_at=now - timedelta(minutes=12),
                occurred_at=now - timedelta(minutes=45),
                contact=f"{by.name} 000-00000001",
                category=one["category"],
                subcategory=one["subcategory"],
                title=one["title"],
                facts=dict(one["facts"]),
            ),
            by=by,
            now=now,
        )
        nights.keep(f"incident/{filed.incident_id}")
        steps = [("dismissed", _dismissed), ("contained", _contained), ("handled", _handled), ("closed", _closed)]
        if "level" in one:
            past.add(
                now + timedelta(minutes=35),
                f"judging {one['title']}",
                _judged(past, filed.incident_id, one),
                needed=True,
            )
            at = now + timedelta(hours=one["first"])
            past.add(at, f"first report {one['title']}", _reported(past, filed.incident_id, reports, one), needed=True)
        for name, made in steps:
            if name in one:
                at = now + timedelta(hours=one[name])
                past.add(at, f"{name} {one['title']}", made(past, filed.incident_id, one, reports), needed=True)

    return act


def _judged(past: Past, incident_id: UUID, one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        found = await assess_level(
            tx,
            incident_id,
            level=one["level"],
            reason=one["reason"],
            stage="preliminary",
            response_level=None,
            by=await past.principal(tx, OFFICER),
            now=now,
        )
        if found.waiting is not None:
            second = await past.principal(tx, LEADER)
            await confirm_assessment(tx, found.waiting, confirmed=True, by=second, now=now)

    return act


def _reported(past: Past, incident_id: UUID, reports: Mapping[str, Any], one: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        await report_all(
            tx,
            past,
            f"incident/{incident_id}",
            reports["items"],
            wanted=lambda duty: duty.form != CLOSING,
            receiver=reports["receiver"],
            by_mail=one.get("mail", False),
        )

    return act


def _contained(past: Past, incident_id: UUID, one: Mapping[str, Any], _reports: Mapping[str, Any]) -> Act:
    return _moved(past, incident_id, "contained", one["reason"])


def _handled(past: Past, incident_id: UUID, one: Mapping[str, Any], _reports: Mapping[str, Any]) -> Act:
    return _moved(past, incident_id, "handled", one["reason"])


def _moved(past: Past, incident_id: UUID, status: str, reason: str) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, OFFICER)
        await change_status(
            tx, incident_id, status=status, reason=reason, organization=None, by=by, now=past.clock.now()
        )

    return act


def _dismissed(past: Past, incident_id: UUID, one: Mapping[str, Any], _reports: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        now = past.clock.now()
        by = await past.principal(tx, OFFICER)
        found = await change_status(
            tx, incident_id, status="dismissed", reason=one["reason"], organization=None, by=by, now=now
        )
        if found.waiting is not None:
            second = await past.principal(tx, LEADER)
            await confirm_change(tx, found.waiting, confirmed=True, by=second, now=now)

    return act


def _closed(past: Past, incident_id: UUID, one: Mapping[str, Any], reports: Mapping[str, Any]) -> Act:
    async def act(tx: Tx) -> None:
        subject = f"incident/{incident_id}"
        await report_all(tx, past, subject, reports["items"], receiver=reports["receiver"])
        at = past.clock.now() + timedelta(hours=3)
        past.add(at, f"archiving {one['title']}", _moved_by_leader(past, incident_id), needed=True)

    return act


def _moved_by_leader(past: Past, incident_id: UUID) -> Act:
    async def act(tx: Tx) -> None:
        by = await past.principal(tx, LEADER)
        await change_status(tx, incident_id, status="closed", reason="", organization=None, by=by, now=past.clock.now())

    return act
