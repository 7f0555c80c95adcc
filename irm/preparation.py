"""What must be done before the first process starts: migrate, and load the demo city into an empty database.

A process of its own (`python -m irm.preparation`), so that the supervisor stays small and light. Prints one JSON object.
"""

import asyncio
import dataclasses
import importlib
import json
import sys
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from irm import log, migrations
from irm.clock import DatabaseClock
from irm.config import Settings, with_driver
from irm.db import Database
from irm.supervisor import OUT_OF_DATE


async def prepare(settings: Settings) -> dict[str, Any]:
    """Whether the schema fits, and the accounts of a demo city that was loaded just now (else an empty list)."""
    from irm.wiring import WIRING  # noqa: PLC0415 - the whole house; the migration above needs none of it

    clock = DatabaseClock()
    db = Database.connect(settings.async_database_url, clock=clock, wiring=WIRING, pool_size=2)
    try:
        await clock.anchor(db.engine)
        accounts: list[Any] = []
        if settings.demo and await _is_empty(db.engine):
            demo = importlib.import_module("irm.demo")
            accounts = [dataclasses.asdict(account) for account in await demo.load(db, clock, settings)]
        return {"accounts": accounts}
    finally:
        await db.dispose()


async def fits(settings: Settings) -> bool:
    db = Database.connect(settings.async_database_url, clock=DatabaseClock(), wiring=None, pool_size=2)  # type: ignore[arg-type]
    try:
        async with db.engine.connect() as connection:
            return await migrations.current(connection) == migrations.head()
    finally:
        await db.dispose()


async def _is_empty(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return not await connection.scalar(text("SELECT EXISTS (SELECT 1 FROM organization)"))


def main() -> None:
    log.configure()
    settings = Settings()
    if settings.migration_database_url:
        migrations.upgrade(with_driver(settings.migration_database_url))
    elif not asyncio.run(fits(settings)):
        sys.exit(OUT_OF_DATE)
    json.dump(asyncio.run(prepare(settings)), sys.stdout, default=str, ensure_ascii=False)


if __name__ == "__main__":
    main()
