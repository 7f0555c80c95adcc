"""The nightly look through the whole log, and what it found, kept for the ledger's page and `irm doctor`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from irm.db import SYSTEM, Tx, uuid7
from irm.evidence.keys import public_key_of
from irm.evidence.models import LedgerVerificationRow
from irm.evidence.sequencer import last_checkpoint
from irm.evidence.verification import Fault, Verification, verify_log
from irm.evidence.witnesses import witnessed_size
from irm.jobs import CallFailed, Outside, Resources
from irm.ledger import Event, record as record_event


@dataclass(frozen=True)
class Work:
    found: Verification
    key: str | None
    """Of the newest checkpoint."""
    witnessed: int | None


async def claim(tx: Tx, _args: dict[str, Any], _now: datetime, _attempt: int) -> Work:
    newest = await last_checkpoint(tx)
    return Work(await verify_log(tx, key=None), newest.key if newest else None, await witnessed_size(tx))


async def call(work: Work, resources: Resources) -> bool:
    """Whether the checkpoints are signed by the key of this home; true before there is one."""
    own = public_key_of(resources.settings.home)
    return work.key is None or (own is not None and str(own) == work.key)


async def record(
    tx: Tx,
    _args: dict[str, Any],
    work: Work,
    outcome: bool | CallFailed,
    now: datetime,
    _attempt: int,
    is_current: bool,
) -> timedelta | None:
    if outcome is False:
        work.found.faults.append(Fault("key"))
    if is_current:
        await keep(tx, work.found, witnessed=work.witnessed, now=now)
    return None


async def keep(tx: Tx, found: Verification, *, witnessed: int | None, now: datetime) -> None:
    """`witnessed`: the newest checkpoint that is with a witness. Faults are an entry too, the first of them by name."""
    tx.add(
        LedgerVerificationRow(
            id=uuid7(),
            at=now,
            size=found.size,
            checkpoint_size=found.checkpoint,
            witnessed_size=witnessed,
            faults=[one.as_dict() for one in found.faults],
            took_ms=found.took_ms,
        )
    )
    await tx.flush()
    if found.faults:
        body = {"faults": len(found.faults), "size": found.size, "first": found.faults[0].code}
        await record_event(tx, Event("ledger.altered", "ledger", now, SYSTEM, body))


async def last_verification(tx: Tx) -> LedgerVerificationRow | None:
    row: LedgerVerificationRow | None = await tx.scalar(
        select(LedgerVerificationRow).order_by(LedgerVerificationRow.at.desc()).limit(1)
    )
    return row


VERIFY: Final = Outside(claim=claim, call=call, record=record, timeout=10.0)
