"""What must be done before the first process starts: migrate, and load the demo city into an empty database.

A process of its own (`python -m irm.preparation`), so that the supervisor stays small and light. Prints one JSON object.
"""

import asyncio
import dataclasses
import importlib
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any, Final

from ruamel.yaml import YAML
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from irm import log, migrations
from irm.clock import DatabaseClock
from irm.config import Settings, with_driver
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import locale_of_terminal, translator
from irm.supervisor import OUT_OF_DATE, WRONG_SETTINGS

LONGEST_YEAR: Final = 90.0
"""Seconds. The demo's year takes a third of it on two idle cores; a slower machine starts with less of a past."""
OF_THE_CITY: Final = {
    "sms_signature": "IRM_SMS_SIGNATURE",
    "duty_telephone": "IRM_DUTY_TELEPHONE",
    "secrecy_telephone": "IRM_SECRECY_OFFICE_TELEPHONE",
    "witness_mail": "IRM_WITNESS_MAIL",
}


async def prepare(settings: Settings) -> dict[str, Any]:
    """The accounts of a demo city that was loaded just now (else none), and the settings that come with such a city."""
    accounts = await _load_demo(settings) if settings.demo and await _is_empty(settings) else []
    return {"accounts": accounts, "environment": demo_environment() if settings.demo else {}}


async def _load_demo(settings: Settings) -> list[dict[str, Any]]:
    # Imported here: it is the whole house, and a second start needs none of it.
    demo = importlib.import_module("irm.demo")
    wiring = importlib.import_module("irm.wiring").WIRING
    clock = DatabaseClock()
    db = Database.connect(settings.async_database_url, clock=clock, wiring=wiring, pool_size=2)
    try:
        await clock.anchor(db.engine)
        accounts = await demo.load(db, clock, settings, with_year=settings.demo_year, budget=LONGEST_YEAR)
        return [dataclasses.asdict(account) for account in accounts]
    finally:
        await db.dispose()


def demo_environment() -> dict[str, str]:
    """What a real city sets by hand: its registered SMS signature and the telephones on the refusal page."""
    with (files("irm.demo") / "city.yaml").open("rb") as source:
        city: dict[str, Any] = YAML(typ="safe").load(source)
    return {variable: str(city[key]) for key, variable in OF_THE_CITY.items() if city.get(key)}


async def fits(settings: Settings) -> bool:
    """Whether the database has this release's shape."""
    async with _connection(settings) as connection:
        return await migrations.current(connection) == migrations.head()


async def _is_empty(settings: Settings) -> bool:
    async with _connection(settings) as connection:
        return not await connection.scalar(text("SELECT EXISTS (SELECT 1 FROM organization)"))


@asynccontextmanager
async def _connection(settings: Settings) -> AsyncGenerator[AsyncConnection]:
    engine = create_async_engine(settings.async_database_url, poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def main() -> None:
    log.configure()
    try:
        settings = Settings.read()
    except Invalid as error:
        t = translator(locale_of_terminal(os.environ, sys.stderr.encoding))
        sys.stdout.buffer.write("\n".join(one.text(t) for one in error.errors).encode())
        sys.exit(WRONG_SETTINGS)
    if not asyncio.run(fits(settings)):
        if not settings.migration_database_url:
            sys.exit(OUT_OF_DATE)
        migrations.upgrade(with_driver(settings.migration_database_url))
    json.dump(asyncio.run(prepare(settings)), sys.stdout, default=str, ensure_ascii=False)


if __name__ == "__main__":
    main()
