"""Wire views of incidents, put together from what the reader may see."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access import queries as access
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.second import is_second
from irm.db import Tx
from irm.evidence.service import Attachment, attachments_under
from irm.incidents import queries
from irm.incidents.directory import nameable_system
from irm.incidents.policy import intake_policy
from irm.incidents.queries import Incident, Sight
from irm.incidents.schemas import (
    AttachmentView,
    Caller,
    FiledView,
    FileIncident,
    FilingView,
    IncidentLine,
    IncidentView,
    LevelsView,
    MergedNumber,
    PartView,
    Target,
    WaitingView,
)
from irm.incidents.service import Filed
from irm.incidents.waiting import waiting_of
from irm.obligations.history import next_limits
from irm.systems import queries as register

CII: Final = "register.cii"


def levels(one: Incident) -> LevelsView:
    return LevelsView(one.reached, one.possible, one.assessed, one.gb_level, one.response_level)


async def lines(tx: Tx, rows: Sequence[Incident], by: Principal) -> list[IncidentLine]:
    """For lists: with the systems' names and the limit that comes first among the reader's own."""
    ids = [row.id for row in rows]
    concerned = await queries.system_ids_of(tx, ids, by)
    systems = await register.systems(tx, {one for some in concerned.values() for one in some})
    limits = await next_limits(tx, ids, None if by.is_authority else by.organizations)
    return [
        IncidentLine(
            row.number,
            row.title,
            row.status,
            row.exercise,
            levels(row),
            row.discovered_at,
            row.created_at,
            [systems[one].name for one in concerned.get(row.id, ()) if one in systems],
            limits[row.id][1] if row.id in limits else None,
        )
        for row in rows
    ]


async def attachments(tx: Tx, sight: Sight) -> list[Attachment]:
    """Files of the incident that the reader may open: those of their own organizations, for the cloud authority all."""
    found = [
        each
        for subject in sight.subjects
        for each in await attachments_under(tx, subject)
        # What lies with a task is the incident's evidence; a report's or directive's files stand with those.
        if each.subject == subject or each.subject.startswith(f"{subject}/task/")
    ]
    return [one for one in found if sight.sees(one.organization_id)]


def attachment_view(one: Attachment) -> AttachmentView:
    return AttachmentView(
        one.id, one.filename, one.sha256, one.size, one.media_type, one.uploaded_at, f"/attachments/{one.id}"
    )


async def waiting(tx: Tx, sight: Sight, by: Principal) -> list[WaitingView]:
    return [
        WaitingView(
            one.id,
            one.kind,
            one.target,
            one.reason,
            one.at,
            not is_second([one.by], by),
            one.organization,
        )
        for one in await waiting_of(tx, sight.incident.id)
        # Which other incident it was, only the cloud authority knows of everybody.
        if sight.everything or (one.kind != "parting" and (one.organization is None or sight.sees(one.organization)))
    ]


async def incident_view(tx: Tx, sight: Sight, by: Principal, *, asked: str | None = None) -> IncidentView:
    """`asked`: the number that it was asked for by, where that may be a merged one."""
    one = sight.incident
    parts = await queries.parts_of(tx, sight)
    filings = await queries.filings_of(tx, sight)
    names = await access.organization_names(
        tx, {part.organization_id for part in parts} | {filing.organization_id for filing in filings}
    )
    systems = await register.systems(tx, _systems(parts, filings))
    return IncidentView(
        number=one.number,
        title=one.title,
        status=one.status,
        exercise=one.exercise,
        levels=levels(one),
        occurred_at=one.occurred_at,
        discovered_at=one.discovered_at,
        category=one.category,
        subcategory=one.subcategory,
        packs=dict(one.packs),
        parts=[
            PartView(
                part.organization_id,
                names.get(part.organization_id, ""),
                list(part.roles),
                part.known_at,
                part.known_basis,
                part.reached,
                part.possible,
                [systems[system].name for system in part.system_ids if system in systems],
                part.handled_at,
            )
            for part in parts
        ],
        filings=[
            FilingView(
                filing.id,
                filing.organization_id,
                names.get(filing.organization_id, ""),
                filing.means,
                filing.text,
                filing.occurred_at,
                filing.known_at,
                _target(filing, systems),
                filing.contact,
                _caller(filing),
                filing.received_at,
                filing.recorded_at,
            )
            for filing in filings
        ],
        why=_known_to(by, parts, await queries.latest_trace(tx, sight)),
        attachments=[attachment_view(each) for each in await attachments(tx, sight)],
        created_at=one.created_at,
        handled_at=one.handled_at,
        closed_at=one.closed_at,
        waiting=await waiting(tx, sight, by),
        merged=[MergedNumber(each.number, each.at) for each in sight.absorbed],
        merged_into=one.number if asked is not None and asked != one.number else None,
    )


def _known_to(by: Principal, parts: Sequence[queries.Part], trace: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The trace without what only those who need to know may read: whether a system is critical infrastructure."""
    if may(by, Permission.SEE_CII, Resource(frozenset(part.organization_id for part in parts))):
        return trace
    return [{**line, "given": {name: value for name, value in line["given"].items() if name != CII}} for line in trace]


def _systems(parts: Iterable[queries.Part], filings: Iterable[queries.Filing]) -> set[UUID]:
    return {system for part in parts for system in part.system_ids} | {
        filing.system_id for filing in filings if filing.system_id
    }


def _target(filing: queries.Filing, systems: dict[UUID, register.System]) -> Target:
    system = systems.get(filing.system_id) if filing.system_id else None
    return Target(
        "system" if filing.target_kind == "system" else "resource" if filing.target_kind == "resource" else "unknown",
        system.code if system else None,
        filing.resource,
    )


def _caller(filing: queries.Filing) -> Caller | None:
    given = filing.caller
    if not given:
        return None
    return Caller(given["name"], given["telephone"], UUID(given["organization"]) if given.get("organization") else None)


async def likely_duplicates(tx: Tx, data: FileIncident, principal: Principal) -> list[str]:
    """Numbers of incidents that this filing may belong to."""
    if data.target.kind != "system" or not data.target.system or data.known_at.tzinfo is None:
        return []
    system = await nameable_system(tx, data.target.system.replace("\0", ""), principal)
    return await _about_the_same(tx, system.id if system else None, data.known_at, principal)


async def duplicates_of(tx: Tx, filed: Filed, data: FileIncident, principal: Principal) -> list[str]:
    """Numbers of other incidents that what was just filed may belong to."""
    found = await _about_the_same(tx, filed.system_id, data.known_at, principal)
    return [one for one in found if one != filed.number]


async def _about_the_same(tx: Tx, system_id: UUID | None, known_at: datetime, principal: Principal) -> list[str]:
    if system_id is None:
        return []
    found = await queries.likely_duplicates(
        tx, principal, system_id=system_id, known_at=known_at, within=intake_policy().duplicate_window
    )
    return [one.number for one in found]


def filed_view(filed: Filed, duplicates: list[str]) -> FiledView:
    return FiledView(
        filed.number,
        f"/api/v1/incidents/{filed.number}",
        LevelsView(filed.reached, filed.possible, filed.assessed, filed.gb_level, None),
        filed.joined,
        duplicates,
    )
