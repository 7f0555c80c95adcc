"""Injects: an incident is filed, facts become known, somebody is told. By the drill's clock, or by the director's hand."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, tuple_

from irm.access import queries as access
from irm.access.policy import AUTHORITY, Principal, Role
from irm.db import SYSTEM, Tx
from irm.drills.access import locked
from irm.drills.models import DrillInjectRow, DrillRow
from irm.drills.planning import tell
from irm.drills.running import clock_of_drill, say, scenario_of
from irm.drills.scenario import Filing, Inject, Statement
from irm.drills.vocabulary import Status
from irm.errors import Conflict, IrmError, NotFound
from irm.i18n import DEFAULT_LOCALE, LOCALES, N_, localized, translator
from irm.incidents.queries import incident_of
from irm.incidents.schemas import FileIncident, Target
from irm.incidents.service import file_incident
from irm.incidents.stating import state_facts
from irm.jobs import RetryLater
from irm.systems import queries as register
from irm.systems.queries import System

log = structlog.get_logger(__name__)

ALMOST = timedelta(seconds=1)
"""The wall's timer is rounded; what is due within it is due."""
NEXT_TURN = timedelta(seconds=1)
CONTACT = N_("Drill directors")


async def inject(tx: Tx, args: dict[str, Any], now: datetime) -> None:
    """Job `drills.inject`. The row decides: done twice, or while the drill stands, it does nothing. Raises RetryLater while
    one that comes before it is still to be done: after an outage, or where a worker died, both are due at once."""
    row = await locked(tx, UUID(args["drill"]))
    one = await _row(tx, row, args["inject"])
    if one is None or one.status != "waiting" or one.due is None or row.status != Status.RUNNING:
        return
    clock = await clock_of_drill(tx, row)
    if clock.is_paused or clock.elapsed(now) + ALMOST * max(clock.rate, 1) < timedelta(seconds=one.due):
        return
    if await _is_another_first(tx, one):
        raise RetryLater(NEXT_TURN)
    await _perform(tx, row, one, by=None, now=now)


async def inject_by_hand(tx: Tx, row: DrillRow, inject_id: str, *, by: Principal, now: datetime) -> DrillInjectRow:
    """The director does it now, also one that waits for the clock, and one that failed once more. Locks the drill."""
    row = await locked(tx, row.id)
    if row.status != Status.RUNNING:
        raise Conflict(N_("The drill is not under way."))
    if (await clock_of_drill(tx, row)).is_paused:
        raise Conflict(N_("The drill stands; let it go on first."))
    one = await _row(tx, row, inject_id)
    if one is None:
        raise NotFound(N_("There is no such inject."))
    if one.status not in ("waiting", "failed"):
        raise Conflict(N_("This inject was done already."))
    await _perform(tx, row, one, by=by, now=now)
    return one


async def skip_inject(tx: Tx, row: DrillRow, inject_id: str, *, by: Principal, now: datetime) -> None:
    """The director leaves it out."""
    row = await locked(tx, row.id)
    one = await _row(tx, row, inject_id)
    if one is None:
        raise NotFound(N_("There is no such inject."))
    if one.status != "waiting":
        raise Conflict(N_("This inject was done already."))
    one.status, one.done_at, one.done_by = "skipped", now, by.account_id
    await tx.flush()
    await tell(tx, "drill.inject_skipped", row, by=by, now=now, inject=inject_id)


async def _perform(tx: Tx, row: DrillRow, one: DrillInjectRow, *, by: Principal | None, now: datetime) -> None:
    """In one savepoint: what it does is whole, or it failed and says why."""
    scenario = scenario_of(row)
    found = scenario.inject(one.inject_id) if scenario else None
    if found is None:
        raise NotFound(N_("There is no such inject."))
    one.status, one.done_at, one.done_by, one.error = "done", now, by.account_id if by else None, None
    try:
        async with tx.begin_nested():
            one.incident_id = await _act(tx, row, found, by=by, now=now)
            await tx.flush()
    except IrmError as refused:
        fault = next(iter(refused.errors), None)
        await tx.refresh(one)
        one.status, one.done_at, one.done_by = "failed", now, by.account_id if by else None
        one.error = str(fault.message if fault else refused.detail)
        log.warning("an inject failed", drill=row.number, inject=found.id, exc_info=refused)
    await tx.flush()
    incident = str(one.incident_id) if one.incident_id else None
    action = "drill.injected" if one.status == "done" else "drill.inject_failed"
    await tell(tx, action, row, by=by, now=now, inject=found.id, incident=incident)


async def _act(tx: Tx, row: DrillRow, found: Inject, *, by: Principal | None, now: datetime) -> UUID | None:
    incident_id: UUID | None = None
    if found.file is not None:
        incident_id = await _file(tx, row, found.file, by=by, now=now)
    if found.state is not None:
        incident_id = await _state(tx, row, found.state, by=by, now=now)
    if found.message is not None:
        text = {locale: found.message.text.get(locale) or found.message.text[DEFAULT_LOCALE] for locale in LOCALES}
        await say(tx, row, "", now=now, to=set(found.message.to), body=text, key=f"inject/{found.id}")
    return incident_id


async def _file(tx: Tx, row: DrillRow, filing: Filing, *, by: Principal | None, now: datetime) -> UUID:
    system = await register.system(tx, row.system_id) if row.system_id else None
    place = await _in_place_of(tx, row, filing.by, system, by=by)
    joins = await _incident(tx, row, filing.joins) if filing.joins else None
    given = FileIncident(
        classified="no",
        text=localized(filing.text, DEFAULT_LOCALE),
        title=localized(filing.title, DEFAULT_LOCALE) if filing.title else None,
        target=Target("system", str(system.id)) if system else Target("unknown"),
        known_at=now,
        contact=translator(DEFAULT_LOCALE)(CONTACT),
        category=filing.category,
        subcategory=filing.subcategory,
        organization=place.home,
        joins=(await incident_of(tx, joins)).number if joins else None,
        facts=dict(filing.facts),
    )
    return (await file_incident(tx, given, by=place, now=now, exercise=row.id)).incident_id


async def _state(tx: Tx, row: DrillRow, statement: Statement, *, by: Principal | None, now: datetime) -> UUID:
    incident_id = await _incident(tx, row, statement.of)
    scenario = scenario_of(row)
    filed = scenario.inject(statement.of) if scenario else None
    system = await register.system(tx, row.system_id) if row.system_id else None
    place = await _in_place_of(tx, row, filed.file.by if filed and filed.file else "operator", system, by=by)
    await state_facts(
        tx, incident_id, changes=dict(statement.facts), organization=place.home, reason="", by=place, now=now
    )
    return incident_id


async def _incident(tx: Tx, row: DrillRow, inject_id: str) -> UUID:
    one = await _row(tx, row, inject_id)
    if one is None or one.incident_id is None:
        raise Conflict(N_("The inject that files the incident has not been done."))
    return one.incident_id


async def _in_place_of(tx: Tx, row: DrillRow, role: str, system: System | None, *, by: Principal | None) -> Principal:
    """The director plays whoever files: with that organization's rights, and on record as what it is."""
    organization_id = await _organization(tx, row, role, system)
    organization = await access.organization(tx, organization_id)
    account_id = by.account_id if by else row.started_by or row.created_by
    actor = replace(by.actor, organization_id=organization_id) if by else SYSTEM
    return Principal(
        account_id=account_id,
        person_id=by.person_id if by else account_id,
        actor=replace(actor, organization_id=organization_id),
        memberships={organization_id: frozenset({Role.DUTY_OFFICER})},
        kinds={organization_id: organization.kind},
    )


async def _organization(tx: Tx, row: DrillRow, role: str, system: System | None) -> UUID:
    if role == "cloud_authority":
        found = await access.organizations(tx, kinds=[AUTHORITY])
        return found[0].id if found else row.organization_id
    if system is None:
        return row.organization_id
    several = {"user": system.user_ids, "maintainer": system.maintainer_ids}.get(role)
    if several:
        return min(several)
    return system.owner_id if role == "owner" else system.operator_id


async def _is_another_first(tx: Tx, one: DrillInjectRow) -> bool:
    first = await tx.scalar(
        select(DrillInjectRow.id)
        .where(
            DrillInjectRow.drill_id == one.drill_id,
            DrillInjectRow.status == "waiting",
            tuple_(DrillInjectRow.due, DrillInjectRow.ordinal) < (one.due, one.ordinal),
        )
        .limit(1)
    )
    return first is not None


async def _row(tx: Tx, row: DrillRow, inject_id: str) -> DrillInjectRow | None:
    found: DrillInjectRow | None = await tx.scalar(
        select(DrillInjectRow)
        .where(DrillInjectRow.drill_id == row.id, DrillInjectRow.inject_id == inject_id)
        .execution_options(populate_existing=True)
    )
    return found
