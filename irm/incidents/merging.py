"""并案: one incident is absorbed by another, in one transaction (DESIGN §3; `uniting` decides, `parting` undoes).

Filings, parts, duties, reports and runs come under the main incident; no limit gets later by it, nobody is asked again
what was answered on either. The absorbed number leads to the main one for ever, or until the two are parted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.exercise import exercise_of
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.grading import Cause, regrade
from irm.incidents.lifecycle import Status
from irm.incidents.merged_handovers import bring
from irm.incidents.models import FilingRow, IncidentRow, MergeRow, PartRow, PartSystemRow
from irm.incidents.policy import intake_policy
from irm.incidents.queries import NO_INCIDENT
from irm.incidents.uniting import MERGEABLE, Share, Whole, united_share, united_whole
from irm.incidents.waiting import waiting_of
from irm.ledger import Event, record
from irm.notify.bundling import urgency_of
from irm.notify.policy import bundling
from irm.obligations.merging import Plan, close_union, plan_union, take_over
from irm.obligations.subjects import Subject
from irm.playbooks.joining import join, lock_runs
from irm.rules.levels import clock_level
from irm.rules.load import catalogue

ONLY_AUTHORITY: Final = N_("Only the cloud authority merges incidents and parts them again.")
ITSELF: Final = N_("An incident cannot be merged into itself.")
MERGED_ALREADY: Final = N_("This incident has been merged already.")
NOT_NOW: Final = N_("What is archived, dismissed or withdrawn cannot be merged; reopen it first.")
DRILL: Final = N_("What is real and what belongs to a drill are never merged.")
OTHER_DRILL: Final = N_("These two belong to different drills.")
SOMETHING_WAITS: Final = N_("Something waits for a second person on one of the two; decide that first.")


@dataclass(frozen=True)
class Merged:
    id: UUID
    absorbed: str
    main: str
    duties_moved: tuple[UUID, ...]
    duties_united: Mapping[UUID, UUID]
    """By the duty that ended, the one that goes on for it."""


async def merge(tx: Tx, absorbed_id: UUID, main_id: UUID, *, reason: str, by: Principal, now: datetime) -> Merged:
    """Merge one into the other. Raises Forbidden, Invalid naming `into` or `reason`, Conflict where one cannot be merged."""
    if not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(ONLY_AUTHORITY)
    if faults := intake.text_faults("reason", reason, intake_policy().longest_reason, required=True):
        raise Invalid.of(faults)
    if absorbed_id == main_id:
        raise Invalid(ITSELF, field="into")
    rows = await locked(tx, absorbed_id, main_id)
    absorbed, main = rows[absorbed_id], rows[main_id]
    await _refuse(tx, absorbed, main)
    parts = await parts_of(tx, absorbed_id, main_id)
    runs = await lock_runs(tx, (path(absorbed), path(main)))
    plan = await plan_union(tx, subject(absorbed, parts), subject(main, parts))
    row = MergeRow(
        id=uuid7(),
        absorbed_id=absorbed.id,
        main_id=main.id,
        reason=reason,
        merged_by=by.account_id,
        at=now,
        absorbed_organizations=sorted(one.row.organization_id for one in parts if one.row.incident_id == absorbed.id),
        main_organizations=sorted(one.row.organization_id for one in parts if one.row.incident_id == main.id),
        kept={},
    )
    tx.add(row)
    kept = await _unite(tx, absorbed, main, parts)
    kept["handovers"] = await bring(tx, absorbed.id, absorbed.number, main.id, now)
    moves = {path(absorbed): path(main), **plan.moves}
    kept["runs"] = await join(tx, runs, moves=moves, ends=plan.ends, subject_id=main.id, actor=by.actor, now=now)
    target = subject(main, await parts_of(tx, main.id))
    plan = replace(plan, target=target)
    kept["duties"] = await take_over(tx, plan, reason=reason, actor=by.actor, now=now)
    await _tell(tx, row, absorbed, main, kept, plan, by=by, now=now)
    await regrade(tx, main, actor=by.actor, now=now, cause=Cause.MERGED)
    kept["duties"] = await close_union(tx, plan, kept["duties"])
    row.kept = kept
    await tx.flush()
    return Merged(
        row.id, absorbed.number, main.number, tuple(sorted(plan.union.moves)), dict(sorted(plan.union.ends.items()))
    )


@dataclass(frozen=True)
class Held:
    """A part's row with the systems through which it is concerned."""

    row: PartRow
    systems: frozenset[UUID]

    @property
    def share(self) -> Share:
        row = self.row
        return Share(
            row.organization_id,
            tuple(row.roles),
            row.known_at,
            row.known_basis,
            row.facts,
            row.handled_at,
            row.handled_reason,
            self.systems,
        )


async def locked(tx: Tx, *ids: UUID) -> dict[UUID, IncidentRow]:
    """In the order of ids, so that two merges the other way round wait for each other. Raises NotFound."""
    rows = await tx.scalars(
        select(IncidentRow)
        .where(IncidentRow.id.in_(ids))
        .order_by(IncidentRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in rows}
    if set(found) != set(ids):
        raise NotFound(NO_INCIDENT)
    return found


async def parts_of(tx: Tx, *incidents: UUID) -> list[Held]:
    """Locked, in the order of their ids like everywhere."""
    rows = list(
        await tx.scalars(
            select(PartRow)
            .where(PartRow.incident_id.in_(incidents))
            .order_by(PartRow.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    )
    links = await tx.execute(
        select(PartSystemRow.part_id, PartSystemRow.system_id).where(
            PartSystemRow.part_id.in_([row.id for row in rows])
        )
    )
    systems: dict[UUID, set[UUID]] = {}
    for part_id, system_id in links.all():
        systems.setdefault(part_id, set()).add(system_id)
    return [Held(row, frozenset(systems.get(row.id, ()))) for row in rows]


def path(incident: IncidentRow) -> str:
    return f"incident/{incident.id}"


def subject(incident: IncidentRow, parts: Iterable[Held]) -> Subject:
    """The incident as the obligations room speaks of it."""
    return Subject(
        path=path(incident),
        number=incident.number,
        page=f"/incidents/{incident.number}",
        incident_id=incident.id,
        level=clock_level(incident.reached, incident.possible, incident.assessed),
        urgency=urgency_of(incident.reached, incident.possible, incident.assessed, bundling()),
        exercise=incident.exercise,
        parts={one.row.organization_id: one.row.id for one in parts if one.row.incident_id == incident.id},
    )


def whole_of(incident: IncidentRow) -> Whole:
    return Whole(
        incident.status,
        incident.discovered_at,
        incident.occurred_at,
        incident.category,
        incident.subcategory,
        incident.reached,
        incident.possible,
        incident.assessed,
        incident.facts,
        incident.handled_at,
    )


def put_whole(incident: IncidentRow, whole: Whole) -> None:
    """Levels that the rules say are left to the grading."""
    incident.status, incident.handled_at = whole.status, whole.handled_at
    incident.discovered_at, incident.occurred_at = whole.discovered_at, whole.occurred_at
    incident.category, incident.subcategory = whole.category, whole.subcategory
    incident.assessed = whole.assessed
    incident.facts = {name: dict(one) for name, one in whole.facts.items()}


async def put_share(tx: Tx, part: Held, share: Share) -> None:
    row = part.row
    row.roles, row.known_at, row.known_basis = list(share.roles), share.known_at, share.known_basis
    row.facts = {name: dict(one) for name, one in share.facts.items()}
    row.handled_at, row.handled_reason = share.handled_at, share.handled_reason
    tx.add_all(PartSystemRow(part_id=row.id, system_id=one) for one in sorted(share.systems - part.systems))
    for gone in sorted(part.systems - share.systems):
        link = await tx.get(PartSystemRow, (row.id, gone))
        if link is not None:
            await tx.delete(link)
    await tx.flush()


def as_json(one: Whole | Share) -> dict[str, Any]:
    """For `MergeRow.kept`."""
    return {
        name: value.isoformat()
        if isinstance(value, datetime)
        else sorted(str(each) for each in value)
        if isinstance(value, frozenset)
        else list(value)
        if isinstance(value, tuple)
        else str(value)
        if isinstance(value, UUID)
        else value
        for name, value in asdict(one).items()
    }


async def _refuse(tx: Tx, absorbed: IncidentRow, main: IncidentRow) -> None:
    if absorbed.status == Status.MERGED:
        raise Conflict(MERGED_ALREADY, field="into")
    if main.status == Status.MERGED:
        # Found unmerged, merged since by somebody else: that one has won.
        raise Conflict(MERGED_ALREADY, field="into")
    if Status(absorbed.status) not in MERGEABLE or Status(main.status) not in MERGEABLE:
        raise Conflict(NOT_NOW, field="into")
    if absorbed.exercise != main.exercise:
        raise Conflict(DRILL, field="into")
    if absorbed.exercise:
        drills = [await exercise_of(tx, path(one)) for one in (absorbed, main)]
        if len({drill.id if drill else None for drill in drills}) > 1:
            raise Conflict(OTHER_DRILL, field="into")
    if await waiting_of(tx, absorbed.id) or await waiting_of(tx, main.id):
        raise Conflict(SOMETHING_WAITS, field="into")


async def _unite(tx: Tx, absorbed: IncidentRow, main: IncidentRow, parts: list[Held]) -> dict[str, Any]:
    """Filings and parts. What each was before, and what it has become, is kept."""
    scales = {name: tuple(step.value for step in fact.scale) for name, fact in catalogue().items() if fact.scale}
    here = {one.row.organization_id: one for one in parts if one.row.incident_id == main.id}
    kept: dict[str, Any] = {"status": absorbed.status, "filings": [], "parts": [], "shares": []}
    filings = await tx.scalars(select(FilingRow).where(FilingRow.incident_id == absorbed.id).order_by(FilingRow.id))
    for filing in filings:
        filing.incident_id = main.id
        kept["filings"].append(str(filing.id))
    for one in parts:
        if one.row.incident_id != absorbed.id:
            continue
        own = here.get(one.row.organization_id)
        if own is None:
            one.row.incident_id = main.id
            kept["parts"].append(str(one.row.id))
            continue
        before = own.share
        after = united_share(before, one.share, scales)
        await put_share(tx, own, after)
        kept["shares"].append({"part": str(own.row.id), "before": as_json(before), "after": as_json(after)})
    before_it = whole_of(main)
    united = united_whole(before_it, whole_of(absorbed), scales)
    put_whole(main, united)
    kept["whole"] = {"before": as_json(before_it), "after": as_json(united)}
    absorbed.status, absorbed.merged_into_id = Status.MERGED.value, main.id
    await tx.flush()
    return kept


async def _tell(
    tx: Tx,
    row: MergeRow,
    absorbed: IncidentRow,
    main: IncidentRow,
    kept: Mapping[str, Any],
    plan: Plan,
    *,
    by: Principal,
    now: datetime,
) -> None:
    body = {
        "merge": str(row.id),
        "number": absorbed.number,
        "into": main.number,
        "filings": kept["filings"],
        "handovers_moved": kept["handovers"]["moved"],
        "duties_moved": sorted(str(one) for one in plan.union.moves),
        "duties_united": sorted(str(one) for one in plan.union.ends),
        "runs_moved": [one["run"] for one in kept["runs"]["moved"]],
        "runs_joined": [one["run"] for one in kept["runs"]["joined"]],
        "from": kept["status"],
    }
    private = {"reason": row.reason}
    await record(tx, Event("incident.merged_into", path(absorbed), now, by.actor, body, private))
    await record(tx, Event("incident.merged", path(main), now, by.actor, body, private))
