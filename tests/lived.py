"""The made-up city with its year behind it. It lives once in a run, whichever worker asks first; whoever needs it gets a copy
of its own, database and files."""

import fcntl
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from typing import Final
from uuid import uuid4

from irm import demo
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.wiring import WIRING
from tests.server import Server

NOW: Final = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
"""When it has just lived its year."""
ORIGINAL: Final = "irm_lived"


@asynccontextmanager
async def lived_city(server: Server, home: Path, clock: FixedClock) -> AsyncIterator[Database]:
    """A copy, with its files in `home`; gone afterwards. `clock` stands at NOW."""
    original = Path(server.home) / ORIGINAL
    name = f"{ORIGINAL}_{uuid4().hex[:8]}"
    with _alone(original):
        if not original.exists():
            await _live(server, original)
        server.create(name, template=ORIGINAL)
        shutil.copytree(original, home, dirs_exist_ok=True)
    db = Database.connect(server.url(name), clock=clock, wiring=WIRING, pool_size=3)
    try:
        yield db
    finally:
        await db.dispose()
        server.drop(name)


def seconds_of_living(home: Path) -> float:
    """Of a processor, for the whole year: those in which a shared machine did something else are not among them."""
    return float((home / "seconds").read_text())


@contextmanager
def _alone(original: Path) -> Iterator[None]:
    """Others wait: two that live at once take as long as one after the other, and one of them for nothing."""
    with original.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _live(server: Server, original: Path) -> None:
    """All or nothing: what a worker that failed has left is nobody's year."""
    growing = original.with_suffix(".growing")
    shutil.rmtree(growing, ignore_errors=True)
    server.drop(ORIGINAL)
    growing.mkdir(mode=0o700)
    server.create(ORIGINAL)
    clock = FixedClock(NOW)
    db = Database.connect(server.url(ORIGINAL), clock=clock, wiring=WIRING, pool_size=3)
    begun = process_time()
    try:
        await demo.load(db, clock, Settings(home=growing, demo=True), with_year=True, strict=True)
    finally:
        await db.dispose()
    (growing / "seconds").write_text(str(process_time() - begun))
    growing.rename(original)
