"""irm_app owns nothing and cannot change the past (DESIGN §7)."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from irm.clock import FixedClock
from irm.db import SYSTEM, Database
from irm.ledger import Event, record


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET action = 'x'",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "UPDATE ledger_private SET value = 'x'",
        "UPDATE ledger_pending SET entry_id = entry_id",
        "DROP TABLE ledger_entry",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
    ],
)
async def test_the_application_cannot_rewrite_the_ledger(db: Database, clock: FixedClock, statement: str) -> None:
    async with db.transaction() as tx:
        await record(tx, Event("incident.filed", "incident/1", clock.now(), SYSTEM, {"n": 1}, {"text": "x"}))
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        async with db.transaction() as tx:
            await tx.execute(text(statement))


async def test_it_may_erase_private_values_and_empty_the_pending_list(db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        await record(tx, Event("incident.filed", "incident/1", clock.now(), SYSTEM, {}, {"text": "x"}))
        assert (await tx.execute(text("DELETE FROM ledger_private RETURNING 1"))).all() == [(1,)]
        assert (await tx.execute(text("DELETE FROM ledger_pending RETURNING 1"))).all() == [(1,)]
        assert await tx.scalar(text("SELECT count(*) FROM ledger_entry")) == 1
