"""One row is timeline, audit trail and event bus; `irm_app` can add to it and nothing else."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from irm import ledger
from irm.clock import FixedClock
from irm.db import SYSTEM, Database, Tx
from irm.jobs import Inside, JobRow
from irm.ledger import Event, LedgerEntryRow, LedgerPendingRow, LedgerPrivateRow, Subscription, Wiring

NOW = datetime.fromisoformat("2026-11-20T19:41:00+00:00")
FILED = Event("incident.filed", "incident/1", NOW, SYSTEM, {"number": "SJ-1"}, {"text": "<b>主机被加密</b>"})


async def test_free_text_stays_outside_and_its_commitment_inside(db: Database) -> None:
    async with db.transaction(SYSTEM) as tx:
        entry_id = await ledger.record(tx, FILED)
    async with db.transaction(SYSTEM) as tx:
        entry = (await tx.scalars(select(LedgerEntryRow))).one()
        kept = (await tx.scalars(select(LedgerPrivateRow))).one()
        assert (await tx.scalars(select(LedgerPendingRow.entry_id))).all() == [entry_id]
    assert "主机" not in entry.body
    assert ledger.commitment(kept.salt, kept.value) in entry.body
    assert entry.leaf_hash == ledger.leaf_hash(entry.id, entry.at, entry.actor, entry.action, entry.subject, entry.body)


async def test_who_listens_is_told_in_the_same_transaction_and_others_by_a_job(db: Database) -> None:
    heard: list[tuple[str, UUID]] = []

    async def listen(_tx: Tx, event: Event, entry_id: UUID) -> None:
        heard.append((event.action, entry_id))

    async def later(_tx: Tx, _args: dict[str, object], _now: datetime) -> None:
        return

    db.wiring = Wiring(
        {"mail": Inside(later)},
        (
            Subscription("incident.*", in_transaction=listen),
            Subscription("incident.filed", job="mail"),
            Subscription("obligation.*", in_transaction=listen),
        ),
    )
    async with db.transaction(SYSTEM) as tx:
        entry_id = await ledger.record(tx, FILED)
        await ledger.record(tx, replace(FILED, action="incidental"))
    assert heard == [("incident.filed", entry_id)]
    async with db.transaction(SYSTEM) as tx:
        job = (await tx.scalars(select(JobRow))).one()
    assert (job.name, job.args["body"]) == ("mail", {"number": "SJ-1"})


async def test_a_listener_that_fails_takes_the_entry_with_it(db: Database) -> None:
    async def refuse(_tx: Tx, _event: Event, _entry_id: UUID) -> None:
        message = "no"
        raise LookupError(message)

    db.wiring = Wiring({}, (Subscription("incident.filed", in_transaction=refuse),))
    with pytest.raises(LookupError):
        async with db.transaction(SYSTEM) as tx:
            await ledger.record(tx, FILED)
    async with db.transaction(SYSTEM) as tx:
        assert (await tx.scalars(select(LedgerEntryRow))).all() == []


@pytest.mark.parametrize(
    "change",
    [
        update(LedgerEntryRow).values(body="{}"),
        delete(LedgerEntryRow),
        text("TRUNCATE ledger_entry CASCADE"),
        text("ALTER TABLE ledger_entry ADD COLUMN x int"),
        text("DROP TABLE ledger_pending"),
        update(LedgerPrivateRow).values(value="other"),
    ],
    ids=["update", "delete", "truncate", "alter", "drop", "rewrite a private value"],
)
async def test_the_application_cannot_change_the_past(db: Database, change: object) -> None:
    async with db.transaction(SYSTEM) as tx:
        await ledger.record(tx, FILED)
    with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
        async with db.transaction(SYSTEM) as tx:
            await tx.execute(change)  # type: ignore[call-overload]  # a tuple of statements


async def test_pages_hear_of_a_change_only_when_it_is_committed(db: Database, clock: FixedClock) -> None:
    heard: list[frozenset[str]] = []
    db.announce = heard.append

    async def record_then_fail() -> None:
        async with db.transaction(SYSTEM) as tx:
            await ledger.record(tx, FILED)
            raise LookupError

    with pytest.raises(LookupError):
        await record_then_fail()
    async with db.transaction(SYSTEM) as tx:
        await ledger.record(tx, replace(FILED, subject="incident/1/delivery/2", at=clock.now()))
    assert heard == [frozenset({"incident/1"})]
