"""What irm keeps only for itself goes after the city's days (`housekeeping.yaml`); job `kernel.housekeeping`, every night.

The ledger and everything that a person entered as a record is none of it. Rows are named by table, for the rooms that own
them lie above; each goes by one moment in it, in batches, so that no lock is held for long.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import structlog
from pydantic import BaseModel, ConfigDict, PositiveInt
from sqlalchemy import CursorResult, text

from irm import jobs
from irm.db import Tx
from irm.positions import parse
from irm.schedule import PREFIX

log = structlog.get_logger(__name__)

JOB: Final = "kernel.housekeeping"
BATCH: Final = 5_000
BATCHES: Final = 4
"""Of one table in one transaction; what is left after that is taken by a further job at once."""
RECURRED: Final = timedelta(days=2)
"""Rows of what recurs every few seconds are worth nothing; the latest of each name stays (`schedule.PREFIX`)."""


class Days(BaseModel):
    """The file `housekeeping.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sessions: PositiveInt
    one_time_links: PositiveInt
    half_sign_ins: PositiveInt
    passkey_challenges: PositiveInt
    identity_requests: PositiveInt
    taken_logout_tokens: PositiveInt
    known_devices: PositiveInt
    idempotency_keys: PositiveInt
    finished_jobs: PositiveInt
    heartbeats: PositiveInt
    drafts: PositiveInt
    lists: PositiveInt
    audit_findings: PositiveInt
    rate_windows: PositiveInt
    call_answers: PositiveInt
    alert_payloads: PositiveInt
    alert_messages: PositiveInt
    alert_repeats: PositiveInt
    alerts: PositiveInt


@cache
def days() -> Days:
    file = "housekeeping.yaml"
    return parse((files("irm") / file).read_text("utf-8"), Days, file=file)[1]


_CONDITIONS: Final[Mapping[str, tuple[str, str]]] = {
    "sessions": ("session", "LEAST(until, idle_until, COALESCE(revoked_at, until)) < :before"),
    "one_time_links": ("one_time_link", "LEAST(until, COALESCE(used_at, until)) < :before"),
    "half_sign_ins": ("half_sign_in", "until < :before"),
    "passkey_challenges": ("passkey_challenge", "until < :before"),
    "identity_requests": ("identity_request", "until < :before"),
    "taken_logout_tokens": ("taken_logout_token", "until < :before"),
    "known_devices": ("known_device", "last_at < :before"),
    "idempotency_keys": ("idempotency", "created_at < :before"),
    "finished_jobs": (
        "job",
        "done_at < :before AND outcome <> 'dead' AND (key IS NULL OR NOT starts_with(key, :prefix))",
    ),
    "heartbeats": ("heartbeat", "seen_at < :before"),
    "drafts": ("draft", "updated_at < :before"),
    "audit_findings": ("audit_finding", "caught_up_at < :before"),
    "rate_windows": ("rate_window", "began < :before"),
    "lists": ("list_import", "brought_at < :before AND state <> 'writing'"),
    "alert_messages": ("alert_message", "received_at < :before AND grouped_at IS NOT NULL"),
    "alert_repeats": ("alert_seen", "at < :before"),
    "alerts": (
        "alert",
        "verdict = 'dismissed' AND GREATEST(last_seen_at, COALESCE(muted_until, last_seen_at)) < :before",
    ),
}
_RECURRED: Final = (
    "done_at < :before AND outcome <> 'dead' AND starts_with(key, :prefix) AND EXISTS (SELECT FROM job AS later "
    "WHERE later.name = job.name AND later.run_at > job.run_at AND starts_with(later.key, :prefix))"
)
_ERASED: Final[Mapping[str, tuple[str, str, str]]] = {
    "call_answers": (
        "placed_call",
        "answer = NULL, headers = NULL",
        (
            "(answer IS NOT NULL OR headers IS NOT NULL) AND COALESCE(answered_at, ended_at) < :before "
            "AND EXISTS (SELECT FROM run WHERE run.id = placed_call.run_id AND run.status <> 'running')"
        ),
    ),
    "alert_payloads": ("alert", "payload = NULL", "payload_at < :before AND payload IS NOT NULL"),
}
"""What goes out of a row that stays: table, what is set, which rows."""
_DEAD: Final = "done_at < :before AND outcome = 'dead'"


async def sweep(tx: Tx, args: Mapping[str, Any], now: datetime) -> None:  # noqa: ARG001 - the shape of a job
    """Running it again does nothing new."""
    kept = days()
    wanted = [
        (name, table, "", condition, now - timedelta(days=getattr(kept, name)))
        for name, (table, condition) in _CONDITIONS.items()
    ]
    wanted += [
        (name, table, changes, condition, now - timedelta(days=getattr(kept, name)))
        for name, (table, changes, condition) in _ERASED.items()
    ]
    wanted.append(("recurring_jobs", "job", "", _RECURRED, now - RECURRED))
    wanted.append(("dead_jobs", "job", "", _DEAD, now - 3 * timedelta(days=kept.finished_jobs)))
    gone: dict[str, int] = {}
    is_more = False
    for name, table, changes, condition, before in wanted:
        taken = await _take(tx, table, changes, condition, {"before": before, "prefix": PREFIX})
        is_more = is_more or taken == BATCH * BATCHES
        if taken:
            gone[name] = taken
    if gone:
        log.info("housekeeping", **gone)
    if is_more:
        await jobs.schedule(tx, JOB, {}, run_at=now, queue="bulk", priority=90)


async def _take(tx: Tx, table: str, changes: str, condition: str, values: Mapping[str, Any]) -> int:
    """Deletes, or with `changes` sets; how many. Leaves alone what another transaction holds: tomorrow is soon enough."""
    taken = 0
    wanted = {name: value for name, value in values.items() if f":{name}" in condition}
    act = f"UPDATE {table} SET {changes}" if changes else f"DELETE FROM {table}"  # noqa: S608 - our own names
    for _ in range(BATCHES):
        done: CursorResult[Any] = await tx.execute(  # type: ignore[assignment]  # what changes rows answers with a cursor
            text(
                f"{act} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {condition} "  # noqa: S608 - our own names
                f"LIMIT {BATCH} FOR UPDATE SKIP LOCKED))"
            ),
            wanted,
        )
        taken += done.rowcount
        if done.rowcount < BATCH:
            break
    return taken
