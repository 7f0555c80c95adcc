"""The worker's part of an import: read the file, see what it would do, and write it, all or nothing.

Reading, comparing and writing are one transaction, of about a minute for 50,000 rows on a small machine. It is one because
nobody may ever see half a list; it may be that long because it holds nothing that the night needs: it locks only the
systems that the list itself names, and against edits, not against readers or incidents that name them. A worker that dies
in it leaves nothing behind; its job is handed out again when its lease has run out, and finds the register as it was, or
the import as written.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from irm.db import SYSTEM, Tx
from irm.errors import Conflict
from irm.evidence.blobs import BlobStore
from irm.evidence.service import adopt
from irm.jobs import CallFailed, Outside, Resources
from irm.one_at_a_time import be_alone
from irm.systems import bringing
from irm.systems.bringing import (
    GIVEN_UP,
    WITHOUT_RIGHTS,
    bringer,
    draft_place,
    give_up,
    looked,
    place,
    seen_of,
    written,
)
from irm.systems.importing import CHANGED_SINCE, Tell
from irm.systems.list_headings import remembered
from irm.systems.lists import KINDS, writing
from irm.systems.models import ListImportRow

ATTEMPTS: Final = 5
PAUSE: Final = timedelta(seconds=5)
AWAKE: Final = 15.0
"""Seconds. The database ends a transaction that says nothing for a minute; a large file takes longer to read somewhere."""
READ: Final = 0.65
"""Share of reading in what comes before the writing."""
T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    sha256: str


async def _call(work: Work, resources: Resources) -> bytes:
    pieces = [piece async for piece in BlobStore(resources.settings.home / "blobs").read(work.sha256)]
    return b"".join(pieces)


async def _claim(tx: Tx, args: dict[str, Any], state: str, attempt: int) -> Work | None:
    row = await _row(tx, args, locked=True)
    if row is None or row.state != state:
        return None
    row.done = 0
    if attempt > ATTEMPTS:
        give_up(row, GIVEN_UP)
        return None
    return Work(row.sha256)


async def _row(tx: Tx, args: dict[str, Any], *, locked: bool = False) -> ListImportRow | None:
    which = select(ListImportRow).where(ListImportRow.id == UUID(args["list"]))
    found: ListImportRow | None = await tx.scalar(which.with_for_update() if locked else which)
    return found


async def _at_the_end(tx: Tx, row: ListImportRow, state: str) -> None:
    """Locked only now: until then it also says how far the work is, from beside this transaction (`_teller`)."""
    await tx.refresh(row, with_for_update=True)
    if row.state != state:
        raise Conflict(CHANGED_SINCE)  # all of this attempt is taken back


def _teller(tx: Tx, import_id: UUID, first: int, last: int) -> Tell:
    """Says a share of this part of the work as percent of the whole. What cannot be said stops nothing."""

    async def tell(share: float) -> None:
        percent = first + round((last - first) * share)
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            async with tx.database.transaction(SYSTEM) as aside:
                await aside.execute(
                    update(ListImportRow)
                    .where(ListImportRow.id == import_id)
                    .values(done=percent)
                    .execution_options(synchronize_session=False)
                )

    return tell


async def _claim_look(tx: Tx, args: dict[str, Any], _now: datetime, attempt: int) -> Work | None:
    return await _claim(tx, args, "looking", attempt)


async def _claim_write(tx: Tx, args: dict[str, Any], _now: datetime, attempt: int) -> Work | None:
    return await _claim(tx, args, "writing", attempt)


async def _look(
    tx: Tx, args: dict[str, Any], _work: Work, outcome: Any, now: datetime, attempt: int, is_current: bool
) -> timedelta | None:
    row = await _row(tx, args) if is_current else None
    if row is None or row.state != "looking":
        return None
    if isinstance(outcome, CallFailed):
        return _later(row, attempt)
    by = await bringer(tx, row, now)
    if by is None:
        give_up(row, WITHOUT_RIGHTS)
        return None
    kind, tell = KINDS[row.kind], _teller(tx, row.id, 5, 95)
    await tell(0.0)
    called = {**await remembered(tx, by.home, kind.name, kind.columns), **row.called}
    read = replace(await _awake(tx, kind.read(outcome, called)), home=by.home)
    await tell(READ)
    made = await kind.plan(tx, read, by, now)
    await _at_the_end(tx, row, "looking")
    looked(row, made, read, called)
    return None


async def _write(
    tx: Tx, args: dict[str, Any], _work: Work, outcome: Any, now: datetime, attempt: int, is_current: bool
) -> timedelta | None:
    row = await _row(tx, args) if is_current else None
    if row is None or row.state != "writing":
        return None
    if isinstance(outcome, CallFailed):
        return _later(row, attempt)
    by = await bringer(tx, row, now)
    if by is None:
        give_up(row, WITHOUT_RIGHTS)
        return None
    # What is new, nothing in the database forbids to stand there twice: the next list is judged by what this one wrote.
    await be_alone(tx, writing(row.kind))
    kind, tell = KINDS[row.kind], _teller(tx, row.id, 5, 30)
    await tell(0.0)
    called = dict(row.called)
    read = replace(await _awake(tx, kind.read(outcome, called)), home=by.home)
    await tell(READ)
    made = await kind.plan(tx, read, by, now)
    if made.faults or seen_of(made, called) != row.seen or not (made.new or made.changed):
        await _at_the_end(tx, row, "writing")
        looked(row, made, read, called)
        row.is_stale = True
        return None
    await kind.carry_out(tx, made, made.digest, by.actor, now, row.id, _teller(tx, row.id, 30, 100))
    await _at_the_end(tx, row, "writing")
    await adopt(tx, draft_place(row), place(row), actor=by.actor, now=now)
    written(row, now)
    return None


def _later(row: ListImportRow, attempt: int) -> timedelta | None:
    if attempt < ATTEMPTS:
        return PAUSE
    give_up(row, GIVEN_UP)
    return None


async def _awake(tx: Tx, work: Awaitable[T]) -> T:
    """Wait for what asks the database nothing, without losing the transaction to its silence."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=AWAKE)
            if not task.done():
                await tx.execute(select(1))
    finally:
        task.cancel()
    return task.result()


LOOK: Final = Outside(claim=_claim_look, call=_call, record=_look)
WRITE: Final = Outside(claim=_claim_write, call=_call, record=_write)
HANDLERS: Final = {bringing.LOOK: LOOK, bringing.WRITE: WRITE}
