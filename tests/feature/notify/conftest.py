from collections.abc import AsyncIterator

import pytest

from irm.config import Settings
from irm.db import Database
from irm.notify import service
from irm.notify.channels import configured
from tests.fakes.outside import Outside, outside_world


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
