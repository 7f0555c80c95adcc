from collections.abc import AsyncIterator

import pytest

from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.notify import service
from irm.notify.channels import configured
from tests.conftest import SignIn
from tests.fakes.outside import Outside, outside_world
from tests.feature.night.city import City


@pytest.fixture
async def outside(db: Database) -> AsyncIterator[Outside]:
    """Real mail and SMS servers on loopback; an unexpected message fails the test."""
    async with outside_world() as world:
        yield world


@pytest.fixture
async def reachable(db: Database, settings: Settings, outside: Outside) -> Outside:
    """Messages really leave, and only those that the story names."""
    given = outside.settings(settings)
    settings.smtp_url, settings.sms_url, settings.sms_secret = given.smtp_url, given.sms_url, given.sms_secret
    async with db.transaction() as tx:
        await service.note_channels(tx, configured(settings), now=tx.clock.now())
    return outside


@pytest.fixture
async def city(db: Database, clock: FixedClock, sign_in: SignIn) -> City:
    return await City(db, clock, sign_in).begin()
