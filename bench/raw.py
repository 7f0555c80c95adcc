"""The floors: a Litestar route that writes one incident, four timers, one event and one outbox row, and nothing else (filing), and
one that writes one row (an alert).

Run by uvicorn in one process, as irm's web is: `IRM_BENCH_DATABASE=postgresql://… uvicorn bench.raw:app`.
"""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from litestar import Litestar, Request, post

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS bench_incident (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body jsonb)",
    "CREATE TABLE IF NOT EXISTS bench_timer (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), incident uuid, run_at timestamptz)",
    "CREATE TABLE IF NOT EXISTS bench_event (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), incident uuid, body jsonb)",
    "CREATE TABLE IF NOT EXISTS bench_alert (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body jsonb)",
)
WRITE: Final = """
WITH made AS (INSERT INTO bench_incident (body) VALUES ($1::jsonb) RETURNING id),
timers AS (INSERT INTO bench_timer (incident, run_at) SELECT made.id, now() + n * interval '1 hour' FROM made, generate_series(1, 4) n),
told AS (INSERT INTO bench_event (incident, body) SELECT made.id, $1::jsonb FROM made),
sent AS (INSERT INTO bench_event (incident, body) SELECT made.id, '{}'::jsonb FROM made)
SELECT id FROM made
"""


@asynccontextmanager
async def owning(app: Litestar) -> AsyncGenerator[None]:
    async with asyncpg.create_pool(os.environ["IRM_BENCH_DATABASE"], min_size=10, max_size=10) as pool:
        for table in TABLES:
            await pool.execute(table)
        app.state.pool = pool
        yield


@post("/raw")
async def raw(request: Request[Any, Any, Any]) -> dict[str, str]:
    made = await request.app.state.pool.fetchval(WRITE, json.dumps(await request.json()))
    return {"id": str(made)}


@post("/raw/alert")
async def raw_alert(request: Request[Any, Any, Any]) -> dict[str, str]:
    sent = json.dumps(await request.json())
    made = await request.app.state.pool.fetchval("INSERT INTO bench_alert (body) VALUES ($1::jsonb) RETURNING id", sent)
    return {"id": str(made)}


app = Litestar([raw, raw_alert], lifespan=[owning], logging_config=None)
