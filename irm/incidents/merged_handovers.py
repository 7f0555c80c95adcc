"""交接班 and 并案: a hand-over that waits goes with its incident, and comes back when the two are parted (ADR 10).

Where an organization has one waiting at both, the one that calls somebody sooner goes on and says what both said; whoever
takes it takes over from both who gave.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from irm.db import Tx
from irm.incidents.desk_models import IncidentHandoverRow
from irm.incidents.desk_policy import desk_policy
from irm.incidents.handover_timers import schedule_call, stop_calling
from irm.incidents.models import MergeRow

BOTH: Final = "{text}\n\n{number}：{more}"
"""What was written at the main incident, and below it by its incident's number what was written at the other."""


async def bring(tx: Tx, absorbed_id: UUID, number: str, main_id: UUID, now: datetime) -> dict[str, Any]:
    """What waits at the absorbed incident (`number`) waits at the main one. Both incidents are locked.

    Gives what `give_back` needs."""
    rows = await tx.scalars(
        select(IncidentHandoverRow)
        .where(
            IncidentHandoverRow.incident_id.in_((absorbed_id, main_id)),
            IncidentHandoverRow.taken_at.is_(None),
            IncidentHandoverRow.ended_at.is_(None),
        )
        .order_by(IncidentHandoverRow.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    waiting = list(rows)
    here = {row.organization_id: row for row in waiting if row.incident_id == main_id}
    kept: dict[str, Any] = {"moved": [], "joined": []}
    for row in (one for one in waiting if one.incident_id == absorbed_id):
        kept["moved"].append(str(row.id))
        own = here.get(row.organization_id)
        if own is None:
            row.incident_id = main_id
            continue
        goes_on, ends = (own, row) if own.call_at <= row.call_at else (row, own)
        kept["joined"].append(
            {"handover": str(ends.id), "into": str(goes_on.id), "text": goes_on.text, "open": dict(goes_on.open)}
        )
        ends.ended_at = now
        await tx.flush()  # of one organization only one at a time waits
        goes_on.text = BOTH.format(text=own.text, number=number, more=row.text)
        goes_on.open = {name: [*own.open.get(name, ()), *row.open.get(name, ())] for name in {**own.open, **row.open}}
        row.incident_id = main_id
        await stop_calling(tx, ends.id, now)
    await tx.flush()
    return kept


async def spoken_for(tx: Tx, handover_id: UUID) -> Sequence[IncidentHandoverRow]:
    """Those that ended because this one speaks for them too, locked."""
    into = {"handovers": {"joined": [{"into": str(handover_id)}]}}
    kept = await tx.scalars(select(MergeRow.kept).where(MergeRow.kept.contains(into), MergeRow.undone_at.is_(None)))
    joined = [one for each in kept for one in each["handovers"]["joined"]]
    ids = {UUID(one["handover"]) for one in joined if one["into"] == str(handover_id)}
    rows = await tx.scalars(
        select(IncidentHandoverRow)
        .where(IncidentHandoverRow.id.in_(ids))
        .order_by(IncidentHandoverRow.id)
        .with_for_update()
    )
    return rows.all()


async def wait_again(tx: Tx, rows: Sequence[IncidentHandoverRow], now: datetime) -> None:
    """The one that spoke for these was taken back: the first of them goes on, and says what the others said."""
    if not rows:
        return
    first, *others = rows
    first.text = "\n\n".join([first.text, *(one.text for one in others)])
    await _goes_on(tx, first, now)


async def give_back(tx: Tx, kept: Mapping[str, Any], absorbed_id: UUID, now: datetime) -> None:
    """Undo `bring`: each waits at its own incident again. Where the one that spoke for both was taken, both are."""
    ended: list[tuple[IncidentHandoverRow, IncidentHandoverRow]] = []
    for one in kept.get("joined", ()):
        spoke = await _locked(tx, one["into"])
        spoke.text, spoke.open = one["text"], one["open"]
        ended.append((await _locked(tx, one["handover"]), spoke))
    for known in kept.get("moved", ()):
        (await _locked(tx, known)).incident_id = absorbed_id
    await tx.flush()
    for row, spoke in ended:
        if row.ended_at is None:
            continue  # it has gone on by itself meanwhile
        if spoke.taken_at is None:
            await _goes_on(tx, row, now)
        elif spoke.taken_by != row.given_by:
            row.ended_at, row.taken_by, row.taken_at = None, spoke.taken_by, spoke.taken_at
    await tx.flush()


async def _goes_on(tx: Tx, row: IncidentHandoverRow, now: datetime) -> None:
    """Calls whose moment has passed since it ended are made now."""
    since = row.ended_at or now
    row.ended_at = None
    await tx.flush()
    await schedule_call(tx, row, sum(row.given_at + each.after <= since for each in desk_policy().calls), now)


async def _locked(tx: Tx, known: str) -> IncidentHandoverRow:
    return await tx.get_one(IncidentHandoverRow, UUID(known), with_for_update=True, populate_existing=True)
