from collections.abc import AsyncIterator

import pytest

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify import service
from irm.notify.channels import configured
from tests.fakes.outside import Outside, outside_world
from tests.feature.notify.desk import Desk
from tests.feature.notify.night import Night


@pytest.fixture
async def outside(db: Database) -> AsyncIterator[Outside]:
    """Real mail and SMS servers on loopback; an unexpected message fails the test."""
    async with outside_world() as world:
        yield world


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    return outside.settings(settings)


@pytest.fixture
async def channels(db: Database, settings: Settings) -> None:
    """What the worker does when it starts."""
    async with db.transaction() as tx:
        await service.note_channels(tx, configured(settings), now=tx.clock.now())


@pytest.fixture
async def night(db: Database, clock: FixedClock) -> Night:
    return await Night(db, clock).begin()


@pytest.fixture
async def desk(db: Database) -> Desk:
    return await Desk().begin(db)
