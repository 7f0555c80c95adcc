"""撤销并案: what a merge brought together goes apart again, each with what it had (`uniting.separated_*`).

What was said, filed or reported since the merge stays with the main incident. Where a running clock would end or get
later by it, a second person has to confirm (DESIGN §2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.access.policy import Permission, Principal, reach
from irm.access.second import reader
from irm.access.seconds import refuse_no_second
from irm.db import Tx, uuid7
from irm.errors import Conflict, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.incidents import intake
from irm.incidents.assessing import NOTHING_WAITS, SAME_PERSON
from irm.incidents.directory import directory
from irm.incidents.grading import Cause, regrade
from irm.incidents.lifecycle import Status
from irm.incidents.merged_handovers import give_back as handovers_back
from irm.incidents.merging import (
    ONLY_AUTHORITY,
    SOMETHING_WAITS,
    Held,
    locked,
    parts_of,
    path,
    put_share,
    put_whole,
    subject,
    whole_of,
)
from irm.incidents.models import FilingRow, IncidentRow, MergeRow, PartRow
from irm.incidents.policy import intake_policy
from irm.incidents.uniting import Share, Whole, separated_share, separated_whole
from irm.incidents.waiting import waiting_of
from irm.ledger import Event, record
from irm.obligations.merging import duties_of, give_back, keys_since, loosened
from irm.obligations.opening import Lowering
from irm.playbooks.joining import answered_before, lock_runs, part

NOT_MERGED: Final = N_("This incident is not merged into another.")
LATEST_FIRST: Final = N_("Another incident was merged into the main one after this. Part that one first.")
MAIN_FIRST: Final = N_("The main incident has itself been merged into another. Part that one first.")
ONE_WAITS: Final = N_("Parting these two waits for a second person already.")


@dataclass(frozen=True)
class Parted:
    """`waiting`: the merge whose undoing a second person must confirm; None: it is done."""

    id: UUID
    absorbed: str
    main: str
    waiting: UUID | None = None


class _Loosens(Exception):
    """A clock would run later or not at all."""


async def part_incidents(tx: Tx, absorbed_id: UUID, *, reason: str, by: Principal, now: datetime) -> Parted:
    """Undo the merge of an incident. Raises Forbidden, Invalid (`reason`), Conflict; waits where two are needed."""
    if not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(ONLY_AUTHORITY)
    if faults := intake.text_faults("reason", reason, intake_policy().longest_reason, required=True):
        raise Invalid.of(faults)
    row, absorbed, main = await _merge_of(tx, absorbed_id)
    if row.undo_by is not None:
        raise Conflict(ONE_WAITS)
    if await waiting_of(tx, main.id):
        raise Conflict(SOMETHING_WAITS)
    row.undo_reason, row.undo_by, row.undo_at = reason, by.account_id, now
    await tx.flush()
    try:
        async with tx.begin_nested():
            await _part(tx, row, absorbed, main, by=by, now=now, alone=True)
    except _Loosens:
        for one in (row, absorbed, main):  # the savepoint took with it what was read in it
            await tx.refresh(one)
        row.undo_reason, row.undo_by, row.undo_at = reason, by.account_id, now
        await tx.flush()
        body = {"merge": str(row.id), "number": absorbed.number, "into": main.number}
        await record(tx, Event("incident.parting_requested", path(main), now, by.actor, body, {"reason": reason}))
        return Parted(row.id, absorbed.number, main.number, waiting=row.id)
    return Parted(row.id, absorbed.number, main.number)


async def confirm_parting(tx: Tx, merge_id: UUID, *, confirmed: bool, by: Principal, now: datetime) -> Parted:
    """The second person's word. Raises Forbidden for the first person, Conflict where nothing waits."""
    if not reach(by, Permission.CHANGE_STATUS).everything:
        raise Forbidden(ONLY_AUTHORITY)
    known = await tx.get(MergeRow, merge_id)
    if known is None:
        raise NotFound(NOTHING_WAITS)
    row, absorbed, main = await _merge_of(tx, known.absorbed_id)
    if row.id != merge_id or row.undo_by is None:
        raise Conflict(NOTHING_WAITS)
    await refuse_no_second(tx, [row.undo_by], reader(by), Permission.CHANGE_STATUS, why=SAME_PERSON, now=now)
    if confirmed:
        row.second_person = by.account_id
        await _part(tx, row, absorbed, main, by=by, now=now, alone=False)
        return Parted(row.id, absorbed.number, main.number)
    row.undo_reason = row.undo_by = row.undo_at = None
    body = {"merge": str(row.id), "number": absorbed.number, "into": main.number, "confirmed": False}
    await record(tx, Event("incident.parting_refused", path(main), now, by.actor, body))
    await tx.flush()
    return Parted(row.id, absorbed.number, main.number)


async def _merge_of(tx: Tx, absorbed_id: UUID) -> tuple[MergeRow, IncidentRow, IncidentRow]:
    """The merge that stands, with both incidents locked."""
    which = select(MergeRow).where(MergeRow.absorbed_id == absorbed_id, MergeRow.undone_at.is_(None))
    found = await tx.scalar(which)
    if found is None:
        raise Conflict(NOT_MERGED)
    incidents = await locked(tx, found.absorbed_id, found.main_id)
    row = await tx.scalar(which.with_for_update(key_share=True).execution_options(populate_existing=True))
    if row is None or row.id != found.id:
        raise Conflict(NOT_MERGED)
    absorbed, main = incidents[row.absorbed_id], incidents[row.main_id]
    if main.status == Status.MERGED:
        raise Conflict(MAIN_FIRST)
    newest = await tx.scalar(
        select(MergeRow.id)
        .where(MergeRow.main_id == main.id, MergeRow.undone_at.is_(None))
        .order_by(MergeRow.at.desc(), MergeRow.id.desc())
        .limit(1)
    )
    if newest != row.id:
        raise Conflict(LATEST_FIRST)
    return row, absorbed, main


async def _part(
    tx: Tx, row: MergeRow, absorbed: IncidentRow, main: IncidentRow, *, by: Principal, now: datetime, alone: bool
) -> None:
    kept: Mapping[str, Any] = row.kept
    parts = await parts_of(tx, absorbed.id, main.id)
    await lock_runs(tx, (path(absorbed), path(main)))
    before = await duties_of(tx, path(main))
    since = await keys_since(tx, path(main), kept["duties"]["known"])
    await _separate(tx, kept, absorbed, main, parts)
    await handovers_back(tx, kept.get("handovers", {}), absorbed.id, now)
    await part(tx, kept["runs"], since=row.at, actor=by.actor, now=now)
    parts = await parts_of(tx, absorbed.id, main.id)
    source, target = subject(absorbed, parts), subject(main, parts)
    await give_back(tx, kept["duties"], source, target, since=row.at, actor=by.actor, now=now)
    row.undone_at = now
    await _tell(tx, row, absorbed, main, by=by, now=now)
    await regrade(tx, absorbed, actor=by.actor, now=now, cause=Cause.PARTED)
    lowering = Lowering(row.undo_reason or "", by=row.undo_by, second=row.second_person, only=since)
    await regrade(tx, main, actor=by.actor, now=now, cause=Cause.PARTED, lowering=lowering)
    await answered_before(tx, kept["runs"], path(main), now=now)
    if alone and loosened(before, (await duties_of(tx, path(absorbed)), await duties_of(tx, path(main)))):
        raise _Loosens


async def _separate(
    tx: Tx, kept: Mapping[str, Any], absorbed: IncidentRow, main: IncidentRow, parts: list[Held]
) -> None:
    moved = {UUID(one) for one in kept["filings"]}
    for filing in await tx.scalars(select(FilingRow).where(FilingRow.id.in_(moved)).order_by(FilingRow.id)):
        filing.incident_id = absorbed.id
    by_id = {one.row.id: one for one in parts}
    gone = []
    for one in kept["parts"]:
        held = by_id[UUID(one)]
        held.row.incident_id = absorbed.id
        gone.append(held)
    for one in kept["shares"]:
        held = by_id[UUID(one["part"])]
        before, after = _share(one["before"]), _share(one["after"])
        await put_share(tx, held, separated_share(before, after, held.share))
    before_it, after_it = _whole(kept["whole"]["before"]), _whole(kept["whole"]["after"])
    put_whole(main, separated_whole(before_it, after_it, whole_of(main)))
    absorbed.status, absorbed.merged_into_id = kept["status"], None
    await tx.flush()
    await _keep_filers(tx, main, gone)


async def _keep_filers(tx: Tx, main: IncidentRow, gone: list[Held]) -> None:
    """Whoever has filed to the main incident since has a part in it of its own."""
    joined = {one.id for one in (await directory(tx)).values() if one.joined}
    for held in gone:
        organization = held.row.organization_id
        known = await tx.scalar(
            select(FilingRow.known_at)
            .where(FilingRow.incident_id == main.id, FilingRow.organization_id == organization)
            .order_by(FilingRow.known_at)
            .limit(1)
        )
        if known is None or organization not in joined:
            continue
        tx.add(
            PartRow(
                id=uuid7(),
                incident_id=main.id,
                organization_id=organization,
                roles=list(held.row.roles),
                known_at=known,
                known_basis="stated",
                facts={},
                reached=4,
                possible=4,
            )
        )
    await tx.flush()


async def _tell(
    tx: Tx, row: MergeRow, absorbed: IncidentRow, main: IncidentRow, *, by: Principal, now: datetime
) -> None:
    body = {
        "merge": str(row.id),
        "number": absorbed.number,
        "into": main.number,
        "to": absorbed.status,
        "runs_back": [one["run"] for one in row.kept["runs"]["moved"]],
        "runs_on": [one["run"] for one in row.kept["runs"]["joined"]],
        "second": str(row.second_person) if row.second_person else None,
    }
    private = {"reason": row.undo_reason or ""}
    await record(tx, Event("incident.parted", path(absorbed), now, by.actor, body, private))
    await record(tx, Event("incident.parted", path(main), now, by.actor, body, private))


def _share(kept: Mapping[str, Any]) -> Share:
    return Share(
        UUID(kept["organization"]),
        tuple(kept["roles"]),
        datetime.fromisoformat(kept["known_at"]),
        kept["known_basis"],
        kept["facts"],
        _moment(kept["handled_at"]),
        kept["handled_reason"],
        frozenset(UUID(one) for one in kept["systems"]),
    )


def _whole(kept: Mapping[str, Any]) -> Whole:
    return Whole(
        kept["status"],
        datetime.fromisoformat(kept["discovered_at"]),
        _moment(kept["occurred_at"]),
        kept["category"],
        kept["subcategory"],
        kept["reached"],
        kept["possible"],
        kept["assessed"],
        kept["facts"],
        _moment(kept["handled_at"]),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
