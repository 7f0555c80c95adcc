"""The auditor, job `overview.audit`: every minute it looks for what should have fired and did not (`auditing.py` judges).

What it finds is an entry each, once, a red line on the board, and one page to the cloud authority's duty officer
(`notify/missed_work.py`). That it looks at all is watched from outside of it: by the board and by `irm doctor`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import SYSTEM, Tx, uuid7
from irm.ledger import Event, record_all
from irm.overview.auditing import Expected, Kind, Series, missed, went_on
from irm.overview.expecting import gather
from irm.overview.models import AuditFindingRow, AuditLookRow
from irm.overview.policy import tolerances

AUDIT: Final = "overview.audit"
AUDITOR: Final = "auditor"


async def look(tx: Tx, args: dict[str, Any], now: datetime) -> None:  # noqa: ARG001 - `now` is taken after the lock
    """Job. One at a time; running it again finds nothing new."""
    await tx.execute(
        insert(AuditLookRow)
        .values(id=uuid7(), auditor=AUDITOR, since=now, at=now)
        .on_conflict_do_nothing(index_elements=["auditor"])
    )
    row = await tx.scalar(
        select(AuditLookRow)
        .where(AuditLookRow.auditor == AUDITOR)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert row is not None  # written above, never deleted
    now = tx.clock.now()
    series = went_on(Series(row.since, row.at), now, tolerances().silent)
    row.since, row.at = series.since, series.at
    gathered = await gather(tx, now)
    await _keep(tx, missed(gathered.expected, tolerances(), series), gathered.full, now)


async def _keep(tx: Tx, found: Sequence[Expected], full: Collection[Kind], now: datetime) -> None:
    """What is found for the first time is an entry, what has been caught up with is another."""
    known = {row.key: row for row in await open_findings(tx)}
    keys = {one.key for one in found}
    new = [
        AuditFindingRow(
            id=uuid7(),
            key=one.key,
            kind=one.kind,
            what=one.what,
            place=dict(one.place),
            due_at=one.due_at,
            found_at=now,
            caught_up_at=None,
            exercise=one.exercise,
        )
        for one in found
        if one.key not in known
    ]
    done = [row for key, row in known.items() if key not in keys and row.kind not in full]
    for row in done:
        row.caught_up_at = now
    tx.add_all(new)
    await tx.flush()
    await record_all(tx, [_event("audit.missed", row, now) for row in new])
    await record_all(tx, [_event("audit.caught_up", row, now) for row in done])


def _event(action: str, row: AuditFindingRow, now: datetime) -> Event:
    body = {
        "kind": row.kind,
        "what": row.what,
        "place": row.place,
        "due_at": row.due_at.isoformat(),
        "exercise": row.exercise,
    }
    return Event(action, f"audit/{row.id}", now, SYSTEM, body)


async def open_findings(tx: Tx) -> list[AuditFindingRow]:
    return list(
        await tx.scalars(
            select(AuditFindingRow)
            .where(AuditFindingRow.caught_up_at.is_(None))
            .order_by(AuditFindingRow.due_at, AuditFindingRow.id)
        )
    )


async def last_look(tx: Tx) -> datetime | None:
    at: datetime | None = await tx.scalar(select(AuditLookRow.at).where(AuditLookRow.auditor == AUDITOR))
    return at
