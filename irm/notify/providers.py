"""The circuits of providers in PostgreSQL, so that every process leaves the same ones alone. `circuit.py` decides."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.db import SYSTEM, Tx
from irm.ledger import Event, record
from irm.notify import circuit
from irm.notify.channels.protocol import Outcome
from irm.notify.circuit import Circuit, Standing
from irm.notify.policy import channel_policy
from irm.notify.provider_models import ProviderRow

FRESH: Final = timedelta(seconds=10)
"""A success is not written oftener than this: thousands of messages would wait for each other at one row."""


async def may_go(tx: Tx, provider: str | None, now: datetime) -> Standing:
    """Whether a message may go through this provider. `PROBING` is given to one caller at a time."""
    if provider is None:
        return Standing.CLOSED
    row = await tx.get(ProviderRow, provider, populate_existing=True)
    if row is None or circuit.standing(_circuit(row), now, channel_policy().circuit) is not Standing.PROBING:
        return Standing.CLOSED if row is None else circuit.standing(_circuit(row), now, channel_policy().circuit)
    locked = await _locked(tx, provider, skip_locked=True)
    if locked is None or circuit.standing(_circuit(locked), now, channel_policy().circuit) is not Standing.PROBING:
        return Standing.OPEN
    locked.probing_until = circuit.probing(_circuit(locked), now, channel_policy().circuit).probing_until
    await tx.flush()
    return Standing.PROBING


async def opens_again(tx: Tx, provider: str, now: datetime) -> timedelta:
    """After how long somebody may try again; never nothing."""
    row = await tx.get(ProviderRow, provider)
    policy = channel_policy().circuit
    moments = [now + timedelta(seconds=1)]
    if row is not None and row.opened_at is not None:
        moments += [row.opened_at + policy.open_for, row.probing_until or now]
    return max(moments) - now


async def left_alone(tx: Tx, names: Collection[str], now: datetime) -> frozenset[str]:
    """Those of the providers through which nothing goes now."""
    rows = await tx.scalars(select(ProviderRow).where(ProviderRow.name.in_(names), ProviderRow.opened_at.is_not(None)))
    policy = channel_policy().circuit
    return frozenset(row.name for row in rows if circuit.standing(_circuit(row), now, policy) is Standing.OPEN)


async def note(tx: Tx, provider: str | None, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Attempts have ended, several at one moment; one that was answered says that the provider is there, whatever became
    of the others. That a circuit opens or closes is an entry of the ledger."""
    told = [each for each in outcomes if each.kind != "not_configured"]
    if provider is None or not told:
        return
    failed = [each for each in told if each.kind != "sent"]
    known = await tx.get(ProviderRow, provider, populate_existing=True)
    if known is not None and not failed and _is_calm(known, now):
        return
    if known is None:
        await tx.execute(insert(ProviderRow).values(name=provider, failed=[]).on_conflict_do_nothing())
    row = await _locked(tx, provider)
    if row is None:
        return
    before = then = _circuit(row)
    # What one number is refused says as much for the provider as a refusal.
    kinds = ["refused" if each.of_receiver else each.kind for each in told]
    for kind in sorted(kinds, key=lambda kind: kind not in circuit.TROUBLE):
        then = circuit.after(then, kind, now, channel_policy().circuit)
    row.failed = [at.isoformat() for at in then.failed]
    row.opened_at, row.probing_until = then.opened_at, then.probing_until
    if len(failed) < len(told):
        row.last_success_at = now
    if failed:
        row.last_failure_at, row.last_failure = now, f"{failed[-1].kind}: {failed[-1].detail}"[:300]
    await tx.flush()
    if before.is_open != then.is_open:
        action = "provider.left_alone" if then.is_open else "provider.back"
        body = {"provider": provider, "failures": len(then.failed or before.failed)}
        await record(tx, Event(action, f"provider/{provider}", now, SYSTEM, body))


def _is_calm(row: ProviderRow, now: datetime) -> bool:
    """Nothing to be forgotten, and a success was written a moment ago."""
    known = row.last_success_at
    return not row.failed and row.opened_at is None and known is not None and now - known < FRESH


async def _locked(tx: Tx, provider: str, *, skip_locked: bool = False) -> ProviderRow | None:
    row: ProviderRow | None = await tx.scalar(
        select(ProviderRow)
        .where(ProviderRow.name == provider)
        .with_for_update(skip_locked=skip_locked)
        .execution_options(populate_existing=True)
    )
    return row


def _circuit(row: ProviderRow) -> Circuit:
    return Circuit(tuple(datetime.fromisoformat(at) for at in row.failed), row.opened_at, row.probing_until)
