"""All that the checker looks at in the database, as it stood at one moment."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

Row = dict[str, Any]

QUESTIONS: Final[dict[str, str]] = {
    "incidents": "SELECT id, number FROM incident",
    "filings": "SELECT id, incident_id, text FROM filing",
    "parts": "SELECT id, incident_id FROM part",
    "gradings": "SELECT id, incident_id FROM grading",
    "obligations": "SELECT id, subject, incident_id, rule_id, status, kind, force, started_at, arose_at, due_at, "
    "internal_due_at, reminded, overdue_at, period FROM obligation",
    "runs": "SELECT id, subject, status, next_at, started_at, state IS NULL AS unbegun, (SELECT count(*) FROM run_inbox AS i "
    "WHERE i.run_id = run.id AND i.consumed_at IS NULL) AS unread FROM run",
    "deliveries": "SELECT id, key, subject, channel, status, reason, purpose, due_at, sent_at, acknowledged_at, "
    "possibly_duplicate, bundle_id FROM delivery",
    "attempts": "SELECT delivery_id, attempt, outcome, late, started_at FROM delivery_attempt",
    "submissions": "SELECT id, subject, status FROM submission",
    "jobs": "SELECT id, name, key, queue, run_at, first_run_at, done_at, outcome, lease_until, last_error FROM job",
    "entries": "SELECT id, at, action, subject FROM ledger_entry",
    "leaves": "SELECT entry_id FROM ledger_leaf",
    "pending": "SELECT entry_id FROM ledger_pending",
    "findings": "SELECT kind, what, due_at, found_at FROM audit_finding WHERE caught_up_at IS NULL",
}


@dataclass
class Snapshot:
    now: datetime
    incidents: list[Row] = field(default_factory=list)
    filings: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    gradings: list[Row] = field(default_factory=list)
    obligations: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    attempts: list[Row] = field(default_factory=list)
    submissions: list[Row] = field(default_factory=list)
    jobs: list[Row] = field(default_factory=list)
    entries: list[Row] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    pending: list[Row] = field(default_factory=list)
    findings: list[Row] = field(default_factory=list)


async def taken(engine: AsyncEngine) -> Snapshot:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        now = await connection.scalar(text("SELECT clock_timestamp()"))
        rows = {
            name: [dict(row) for row in (await connection.execute(text(question))).mappings()]
            for name, question in QUESTIONS.items()
        }
    return Snapshot(now, **rows)
