"""`call`: another system is asked, and what it answers is kept (DESIGN §5).

An endpoint is named in the settings, so no text of a playbook can make irm talk to an address. A call is one row and one
job: claimed, placed with no transaction open, recorded by whichever attempt is still the current one; tried again until it is
answered or its step is over. Every attempt says the same bytes under the same name, so that the endpoint can tell a repetition.
What it is told is what any webhook is told of the incident: number and level, never content.
"""

import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, Literal
from uuid import UUID

import httpx2
import msgspec
from sqlalchemy import select, update

from irm import jobs
from irm.config import Endpoint
from irm.db import SYSTEM, Tx, uuid7
from irm.jobs import CallFailed, Outside, Resources, RetryLater
from irm.ledger import Event, record as record_event
from irm.notify.messages import About
from irm.playbooks import inbox, signals as s
from irm.playbooks.models import CallRow, PlaybookRow, RunRow
from irm.playbooks.ordering import priority_of
from irm.signing import signed

CALL: Final = "playbooks.call"
MOST_KEPT: Final = 64 * 1024
"""Bytes of an answer; what is longer is cut, and said to be."""
OF_INTEREST: Final = ("content-type", "location", "retry-after", "x-request-id")
LONGEST_HEADER: Final = 300
PERHAPS_LATER: Final = frozenset({408, 409, 423, 425, 429})
NEVER: Final = frozenset({501, 505})
SERVER_ERROR: Final = 500
TIMEOUT: Final = httpx2.Timeout(8, connect=4)
LONGEST_PAUSE: Final = timedelta(seconds=300)
WHILE_JOINED: Final = timedelta(seconds=300)

Kept = Literal["answered", "refused", "not_configured", "exercise_skipped"]


@dataclass(frozen=True)
class Work:
    call: UUID
    endpoint: str
    body: str
    exercise: bool
    at: datetime


@dataclass(frozen=True)
class Answer:
    """`outcome` None: try again; `error` says what kind of trouble it was."""

    outcome: Kept | None
    error: str = ""
    status: int | None = None
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    is_cut: bool = False


@dataclass(frozen=True)
class CallStanding:
    """`status`: waiting, or one of `steps.CALL_OUTCOMES`. The answer is whatever another system wrote: nothing of it is
    to be believed, only shown."""

    endpoint: str
    status: str
    placed_at: datetime
    tries: int
    last_error: str
    http_status: int | None
    headers: Mapping[str, str]
    answer: str
    sha256: str
    is_cut: bool
    answered_at: datetime | None
    is_erased: bool = False
    """Its time is over (`housekeeping.yaml`): the text is gone, the SHA-256 stays."""


async def place(tx: Tx, run: RunRow, step: str, endpoint: str, about: About, *, now: datetime) -> None:
    """Write the call and its job. A step calls once."""
    playbook = await tx.get_one(PlaybookRow, run.playbook_row_id)
    call = uuid7()
    body = {
        "type": "irm.call",
        "call": str(call),
        "run": str(run.id),
        "playbook": {"id": playbook.playbook_id, "version": playbook.version},
        "step": step,
        about.matter: {"number": about.number, "level": about.level, "basis": about.basis, "path": about.path},
        "exercise": run.exercise,
        "placed_at": now.isoformat(),
    }
    tx.add(
        CallRow(
            id=call,
            run_id=run.id,
            step_id=step,
            endpoint=endpoint,
            body=msgspec.json.encode(body).decode(),
            exercise=run.exercise,
            placed_at=now,
            status="waiting",
        )
    )
    await tx.flush()
    await jobs.schedule(
        tx,
        CALL,
        {"call": str(call)},
        run_at=now,
        key=f"call/{call}",
        queue="urgent",
        priority=priority_of(run),
        channel=f"call:{endpoint}",
    )


async def give_up(tx: Tx, run_id: UUID, *, now: datetime, step: str | None = None) -> None:
    """The step, or the whole run, is over: whoever has not answered need not be called any more."""
    waiting = update(CallRow).where(CallRow.run_id == run_id, CallRow.status == "waiting")
    if step is not None:
        waiting = waiting.where(CallRow.step_id == step)
    await tx.execute(waiting.values(status="no_answer", ended_at=now))


async def claim(tx: Tx, args: dict[str, Any], now: datetime, attempt: int) -> Work | None:  # noqa: ARG001 - a handler's shape
    row = await _locked(tx, UUID(args["call"]))
    if row is None or row.status != "waiting":
        return None
    run = await tx.get_one(RunRow, row.run_id)
    if run.status == "joined":  # it stands still, and may go on
        raise RetryLater(WHILE_JOINED)
    return Work(row.id, row.endpoint, row.body, row.exercise, now)


async def call(work: Work, resources: Resources) -> Answer:
    endpoint = resources.settings.endpoints.get(work.endpoint)
    if endpoint is None:
        return Answer("not_configured")
    if work.exercise and not endpoint.drills:
        return Answer("exercise_skipped")
    body = work.body.encode()
    try:
        headers = signed(str(work.call), work.at, body, endpoint.secret.get_secret_value())
    except ValueError:
        return Answer(None, "bad_secret")
    # What was compressed would be longer unpacked than anybody asked for.
    headers |= {"idempotency-key": str(work.call), "accept-encoding": "identity"}
    if endpoint.ca is None:
        return await _ask(resources.http, endpoint, body, headers)
    try:
        trusted = ssl.create_default_context(cafile=endpoint.ca)
    except OSError:
        return Answer(None, "bad_ca")
    async with httpx2.AsyncClient(verify=trusted, trust_env=False) as http:
        return await _ask(http, endpoint, body, headers)


async def _ask(http: httpx2.AsyncClient, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Answer:
    try:
        async with http.stream(
            "POST", endpoint.url, content=body, headers=headers, timeout=TIMEOUT, follow_redirects=False
        ) as response:
            kept = b""
            async for chunk in response.aiter_raw():
                kept += chunk
                if len(kept) > MOST_KEPT:
                    break
    except (httpx2.HTTPError, httpx2.InvalidURL) as trouble:
        return Answer(None, type(trouble).__name__)  # its text may name the address
    named = {name: response.headers[name][:LONGEST_HEADER] for name in OF_INTEREST if name in response.headers}
    status = response.status_code
    return Answer(_verdict(status), f"HTTP {status}", status, named, kept[:MOST_KEPT], len(kept) > MOST_KEPT)


def _verdict(status: int) -> Kept | None:
    """Redirects are not followed: whoever answers with one has refused."""
    if httpx2.codes.is_success(status):
        return "answered"
    if status in PERHAPS_LATER or (status >= SERVER_ERROR and status not in NEVER):
        return None
    return "refused"


async def record(
    tx: Tx,
    args: dict[str, Any],  # noqa: ARG001 - a handler's shape
    work: Work,
    outcome: Answer | CallFailed,
    now: datetime,
    attempt: int,
    is_current: bool,
) -> timedelta | None:
    row = await _locked(tx, work.call)
    if row is None or not is_current:
        return None
    answer = (
        Answer(None, "timed_out" if outcome.timed_out else "failed") if isinstance(outcome, CallFailed) else outcome
    )
    row.tries += 1
    row.last_error = answer.error if answer.outcome != "answered" else None
    if answer.status is not None:
        row.http_status, row.headers, row.answer_cut = answer.status, dict(answer.headers or {}), answer.is_cut
        row.answer = answer.body.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
        row.answer_sha256, row.answered_at = sha256(answer.body).hexdigest(), now
    if answer.outcome is None:
        return min(timedelta(seconds=2 ** min(attempt, 10)), LONGEST_PAUSE) if row.status == "waiting" else None
    is_late = row.status != "waiting"
    run = await tx.get_one(RunRow, row.run_id)
    if not is_late:
        row.status, row.ended_at = answer.outcome, now
        told = s.CallAnswered(row.step_id, answer.outcome, str(row.id))
        await inbox.append(tx, run, told, now=now, key=f"call:{row.id}")
    body = {
        "run": str(run.id),
        "step": row.step_id,
        "call": str(row.id),
        "endpoint": row.endpoint,
        "outcome": answer.outcome,
        "http": row.http_status,
        "sha256": row.answer_sha256,
        "cut": row.answer_cut,
        "tries": row.tries,
        "late": is_late,
    }
    await record_event(tx, Event("run.call_answered", f"{run.subject}/run/{run.id}", now, SYSTEM, body))
    return None


PLACE: Final = Outside(claim, call, record)


async def calls_of(tx: Tx, runs: Collection[UUID]) -> dict[tuple[UUID, str], CallStanding]:
    """(run, step) → its call."""
    rows = await tx.scalars(select(CallRow).where(CallRow.run_id.in_(runs)))
    return {
        (row.run_id, row.step_id): CallStanding(
            endpoint=row.endpoint,
            status=row.status,
            placed_at=row.placed_at,
            tries=row.tries,
            last_error=row.last_error or "",
            http_status=row.http_status,
            headers=dict(row.headers or {}),
            answer=row.answer or "",
            sha256=row.answer_sha256 or "",
            is_cut=row.answer_cut,
            answered_at=row.answered_at,
            is_erased=row.answer is None and row.answer_sha256 is not None,
        )
        for row in rows
    }


async def _locked(tx: Tx, call_id: UUID) -> CallRow | None:
    row: CallRow | None = await tx.scalar(
        select(CallRow).where(CallRow.id == call_id).with_for_update().execution_options(populate_existing=True)
    )
    return row
