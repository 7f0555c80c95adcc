"""Somebody tells irm of an incident: filing, incident, parts, grading, obligations and ledger in one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from irm.access import narrowing
from irm.access.addressed import systems_of
from irm.access.policy import Permission, Principal, reach
from irm.access.queries import Organization
from irm.categories import is_category
from irm.clock import SHANGHAI
from irm.db import Tx, uuid7
from irm.errors import FieldError, Invalid
from irm.exercise import add_subject
from irm.i18n import N_
from irm.incidents import facts, intake
from irm.incidents.directory import concerned, directory, is_city_authority, nameable_system, systems_at
from irm.incidents.grading import Cause, regrade, subject_of
from irm.incidents.lifecycle import LIVE, Status
from irm.incidents.models import INCIDENT_NUMBERS, FilingRow, IncidentRow, PartRow, PartSystemRow
from irm.incidents.policy import IntakePolicy, intake_policy
from irm.incidents.schemas import FileIncident
from irm.incidents.shares import Concerned, Involved, involve
from irm.ledger import Event, record
from irm.obligations.handing import accept_filing
from irm.rules.load import check_facts

Means = Literal["web", "api", "telephone", "machine"]

NO_ORGANIZATION = N_("Your account belongs to no organization; it cannot file.")
NAME_A_SYSTEM = N_("Your role is limited to certain systems: name the one that it is about.")
NOT_YOURS = N_("This is not one of your organizations.")
WHICH = N_("You belong to several organizations: say for which one you file.")
NOT_FOR_CALLERS = N_("Only the duty desk files for a caller.")
NO_SYSTEM = N_("There is no such system, or it is not yours to name.")
NO_INCIDENT = N_("There is no such incident, or it is not yours to add to.")
NO_CATEGORY = N_("There is no such category.")
UNKNOWN_ORGANIZATION = N_("There is no such organization.")


@dataclass(frozen=True)
class Filed:
    incident_id: UUID
    number: str
    filing_id: UUID
    joined: bool
    """Added to an incident that was there before."""
    reached: int
    possible: int
    assessed: int | None
    gb_level: int | None
    system_id: UUID | None = None
    """The one that was named."""


@dataclass(frozen=True)
class _Resolved:
    """The filing with everything looked up."""

    given: FileIncident
    organization: UUID
    known_at: datetime
    occurred_at: datetime | None
    systems: tuple[Concerned, ...]
    system_id: UUID | None
    joins: IncidentRow | None


async def file_incident(
    tx: Tx,
    given: FileIncident,
    *,
    by: Principal,
    now: datetime,
    means: Means = "web",
    exercise: UUID | None = None,
) -> Filed:
    """File for one of the filer's organizations, or for a caller's. `exercise`: the drill that it is part of, for ever.

    The secrecy question is asked before this (`irm.incidents.secrecy`). Raises Invalid with all faults, each naming its
    field as in `FileIncident`; nothing is written then. A machine's filing waits as `reported`; a person's is `open`.
    A machine that files by a city rule has no account: its actor is of the kind `machine`.
    """
    resolved = await _resolve(tx, given, by=by, now=now, policy=intake_policy(), exercise=exercise)
    known = await directory(tx)
    incident = resolved.joins or await _open_incident(tx, resolved, now=now, means=means, exercise=exercise)
    filing = FilingRow(
        id=uuid7(),
        incident_id=incident.id,
        organization_id=resolved.organization,
        account_id=by.account_id if by.actor.kind != "machine" else None,
        caller=_caller(given),
        means="telephone" if given.caller else means,
        text=given.text,
        occurred_at=resolved.occurred_at,
        known_at=resolved.known_at,
        target_kind=given.target.kind,
        system_id=resolved.system_id,
        resource=given.target.resource if given.target.kind == "resource" else None,
        category=given.category,
        subcategory=given.subcategory,
        contact=given.contact,
        received_at=now,
        recorded_at=now,
    )
    tx.add(filing)
    parts = await _involve(tx, incident, resolved, known, now=now)
    await tx.flush()
    await _tell(tx, incident, filing, parts, by=by, now=now)
    if given.facts:
        incident_part = next((part for part in parts if part.organization_id == resolved.organization), None)
        holder = incident_part if incident_part is not None else incident
        before = {name: one["value"] for name, one in holder.facts.items()}
        holder.facts = facts.change(holder.facts, given.facts, at=now, by=str(by.account_id))
        body = {
            "organization": str(resolved.organization) if incident_part is not None else None,
            "changes": {
                name: {"before": before.get(name), "after": holder.facts[name]["value"]}
                for name in sorted(given.facts)
                if name in holder.facts
            },
        }
        await record(tx, Event("incident.facts_changed", f"incident/{incident.id}", now, by.actor, body))
    cause = Cause.FILED if resolved.joins is None else Cause.FACTS
    picture = await regrade(tx, incident, actor=by.actor, now=now, cause=cause)
    # For some rules filing here is the report itself (vendor or unit to the cloud authority).
    await accept_filing(
        tx,
        subject=subject_of(picture),
        organization_id=resolved.organization,
        filed_at=now,
        filing_id=filing.id,
        actor=by.actor,
        now=now,
    )
    return Filed(
        incident.id,
        incident.number,
        filing.id,
        resolved.joins is not None,
        incident.reached,
        incident.possible,
        incident.assessed,
        incident.gb_level,
        resolved.system_id,
    )


async def _resolve(
    tx: Tx, given: FileIncident, *, by: Principal, now: datetime, policy: IntakePolicy, exercise: UUID | None
) -> _Resolved:
    found: list[FieldError] = [*intake.faults(given, now, policy)]
    try:
        check_facts(given.facts)
    except Invalid as refused:
        found += refused.errors
    of_target: list[FieldError] = []
    systems, system_id = await _target(tx, given, by, of_target)
    filer = narrowing.before(by, {system.id for system in systems})
    organization = await _organization(tx, given, filer, found)
    found += of_target
    if given.category is not None and not is_category(given.category, given.subcategory):
        found.append(FieldError("category", NO_CATEGORY))
    elif given.category is None and given.subcategory is not None:
        found.append(FieldError("subcategory", NO_CATEGORY))
    joins = await _joined(tx, given, by, found, exercise=exercise)
    if found or organization is None:
        raise Invalid(N_("The filing was not accepted; nothing was stored."), errors=found)
    return _Resolved(
        given,
        organization,
        intake.settled(given.known_at, now),
        intake.settled(given.occurred_at, now) if given.occurred_at else None,
        tuple(systems),
        system_id,
        joins,
    )


async def _organization(tx: Tx, given: FileIncident, by: Principal, found: list[FieldError]) -> UUID | None:
    """For whom it is filed: the caller's organization, the one named, or the only one there is."""
    own = reach(by, Permission.FILE_INCIDENT).organizations & by.organizations
    if given.caller is not None and reach(by, Permission.FILE_FOR_CALLER).is_empty:
        found.append(FieldError("caller", NOT_FOR_CALLERS))
        return None
    if given.caller is not None and given.caller.organization is not None:
        if given.caller.organization not in await directory(tx):
            found.append(FieldError("caller.organization", UNKNOWN_ORGANIZATION))
            return None
        return given.caller.organization
    if given.organization is not None:
        if given.organization in own:
            return given.organization
        found.append(FieldError("organization", NOT_YOURS))
        return None
    if not own and not reach(by, Permission.FILE_INCIDENT).is_empty:
        found.append(FieldError("target.system", NAME_A_SYSTEM))
        return None
    if not own:
        found.append(FieldError("organization", NO_ORGANIZATION))
        return None
    if len(own) > 1 and by.home not in own:
        found.append(FieldError("organization", WHICH))
        return None
    return by.home if by.home in own else next(iter(own))


async def _target(
    tx: Tx, given: FileIncident, by: Principal, found: list[FieldError]
) -> tuple[Sequence[Concerned], UUID | None]:
    """The systems concerned. A system of strangers is answered like one that does not exist."""
    target = given.target
    if target.kind == "system" and target.system and not intake.has_control_characters(target.system):
        system = await nameable_system(tx, target.system, by)
        if system is None:
            found.append(FieldError("target.system", NO_SYSTEM))
            return (), None
        return (concerned(system),), system.id
    if target.kind == "resource" and target.resource and not intake.has_control_characters(target.resource):
        return [concerned(system) for system in await systems_at(tx, target.resource)], None
    return (), None


async def _joined(
    tx: Tx, given: FileIncident, by: Principal, found: list[FieldError], *, exercise: UUID | None
) -> IncidentRow | None:
    """What is real never joins a drill, and the other way round."""
    if not given.joins:
        return None
    if intake.has_control_characters(given.joins):
        found.append(FieldError("joins", NO_INCIDENT))
        return None
    row = await tx.scalar(select(IncidentRow).where(IncidentRow.number == given.joins).with_for_update(key_share=True))
    while row is not None and row.merged_into_id is not None:  # the number of a merged incident means the main one
        main = select(IncidentRow).where(IncidentRow.id == row.merged_into_id).with_for_update(key_share=True)
        row = await tx.scalar(main.execution_options(populate_existing=True))
    if row is not None and row.status in LIVE and row.exercise == (exercise is not None):
        parts = set(await tx.scalars(select(PartRow.organization_id).where(PartRow.incident_id == row.id)))
        far = reach(narrowing.before(by, await systems_of(tx, f"incident/{row.id}")), Permission.READ_INCIDENTS)
        if far.everything or not far.organizations.isdisjoint(parts):
            return row
    found.append(FieldError("joins", NO_INCIDENT))
    return None


async def _open_incident(
    tx: Tx, resolved: _Resolved, *, now: datetime, means: Means, exercise: UUID | None
) -> IncidentRow:
    given = resolved.given
    serial: int = (await tx.execute(INCIDENT_NUMBERS.next_value().select())).scalar_one()
    incident = IncidentRow(
        id=uuid7(),
        number=f"SJ-{now.astimezone(SHANGHAI).year}-{serial:06d}",
        title=(given.title or "").strip() or intake.first_line(given.text),
        status=(Status.REPORTED if means == "machine" else Status.OPEN).value,
        exercise=exercise is not None,
        occurred_at=resolved.occurred_at,
        discovered_at=resolved.known_at,
        category=given.category,
        subcategory=given.subcategory,
        # Until the rules have spoken, a few lines below in the same transaction.
        reached=4,
        possible=4,
        packs={},
        facts={},
        created_at=now,
    )
    tx.add(incident)
    await tx.flush()
    if exercise is not None:
        await add_subject(tx, exercise, f"incident/{incident.id}")  # before anybody is told of it
    return incident


async def _involve(
    tx: Tx, incident: IncidentRow, resolved: _Resolved, known: Mapping[UUID, Organization], *, now: datetime
) -> list[PartRow]:
    """The parts of everybody concerned; a part that is there keeps its earliest moment of knowledge."""
    wanted = involve(
        resolved.systems,
        filer=resolved.organization,
        known_at=resolved.known_at,
        received_at=now,
        authorities=frozenset(one.id for one in known.values() if is_city_authority(one)),
        joined=frozenset(one.id for one in known.values() if one.joined),
        kinds={one.id: one.kind for one in known.values()},
    )
    present = {
        part.organization_id: part
        for part in await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id == incident.id)
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
        )
    }
    fresh: set[UUID] = set()
    for one in wanted:
        part = present.get(one.organization)
        if part is None:
            part = present[one.organization] = _part(incident, one)
            tx.add(part)
            fresh.add(part.id)
        else:
            part.roles = sorted({*part.roles, *one.roles})
            if one.basis == "stated" and one.known_at < part.known_at:
                part.known_at, part.known_basis = one.known_at, "stated"
    await tx.flush()
    await _add_systems(tx, {present[one.organization].id: one.systems for one in wanted}, fresh)
    # Listed desks that call keep their knowledge in the filing; the incident is as old as its oldest knowledge.
    incident.discovered_at = min(incident.discovered_at, resolved.known_at)
    if incident.occurred_at is None:
        incident.occurred_at = resolved.occurred_at
    return list(present.values())


def _part(incident: IncidentRow, one: Involved) -> PartRow:
    return PartRow(
        id=uuid7(),
        incident_id=incident.id,
        organization_id=one.organization,
        roles=list(one.roles),
        known_at=one.known_at,
        known_basis=one.basis,
        facts={},
        reached=4,
        possible=4,
    )


async def _add_systems(tx: Tx, concerned: Mapping[UUID, Iterable[UUID]], fresh: Collection[UUID]) -> None:
    """The systems through which each part is concerned; those that are there stay. `fresh` parts have none yet."""
    there = set()
    if older := [part for part in concerned if part not in fresh]:
        rows = await tx.scalars(select(PartSystemRow).where(PartSystemRow.part_id.in_(older)))
        there = {(row.part_id, row.system_id) for row in rows}
    wanted = {(part_id, system) for part_id, systems in concerned.items() for system in systems}
    tx.add_all(PartSystemRow(part_id=part, system_id=system) for part, system in sorted(wanted - there, key=str))
    await tx.flush()


def _caller(given: FileIncident) -> dict[str, Any] | None:
    if given.caller is None:
        return None
    caller = given.caller
    return {
        "name": caller.name,
        "telephone": caller.telephone,
        "organization": str(caller.organization) if caller.organization else None,
    }


async def _tell(
    tx: Tx, incident: IncidentRow, filing: FilingRow, parts: Sequence[PartRow], *, by: Principal, now: datetime
) -> None:
    body = {
        "number": incident.number,
        "filing": str(filing.id),
        "organization": str(filing.organization_id),
        "means": filing.means,
        "status": incident.status,
        "target": filing.target_kind,
        "system": str(filing.system_id) if filing.system_id else None,
        "known_at": filing.known_at.isoformat(),
        "occurred_at": filing.occurred_at.isoformat() if filing.occurred_at else None,
        "category": filing.category,
        "parts": [str(part.organization_id) for part in parts],
        "exercise": incident.exercise,
    }
    private = {"text": filing.text, "contact": filing.contact, "title": incident.title}
    if filing.caller:
        private |= {"caller.name": filing.caller["name"], "caller.telephone": filing.caller["telephone"]}
    if filing.resource:
        private["resource"] = filing.resource
    await record(tx, Event("incident.filed", f"incident/{incident.id}", now, by.actor, body, private))
