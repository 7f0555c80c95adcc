"""Somebody outside is told that irm works, as long as it does."""

import pytest
from pydantic import SecretStr

from irm import schedule
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import Database
from irm.jobs import Resources
from irm.notify import alive
from irm.overview import auditor
from irm.wiring import RECURRING
from tests.conftest import Drain
from tests.fakes.outside import WEBHOOK_SECRET, Outside

KEY = "hidden-in-the-address"
NUMBER = "13800000000"
MAILBOX = "watch@elsewhere.example.invalid"


@pytest.fixture
def settings(settings: Settings, outside: Outside) -> Settings:
    told = {
        "alive_url": SecretStr(outside.gateway.url(f"/alive?key={KEY}")),
        "alive_secret": SecretStr(WEBHOOK_SECRET),
        "alive_mail": MAILBOX,
        "alive_sms": NUMBER,
    }
    return outside.settings(settings).model_copy(update=told)


class Minutes:
    """What the dispatcher writes each minute: the auditor's look (unless it has died) and the sign of life."""

    def __init__(self, db: Database, drain: Drain, clock: FixedClock) -> None:
        self.db, self.drain, self.clock = db, drain, clock

    async def go_by(self, count: int, *, audited: bool = True) -> None:
        names = {alive.SIGN, *({auditor.AUDIT} if audited else ())}
        for _ in range(count):
            self.clock.tick(seconds=60)
            async with self.db.transaction() as tx:
                await schedule.write(tx, [each for each in RECURRING if each.name in names], self.clock.now())
            await self.drain()


@pytest.fixture
def minutes(db: Database, drain: Drain, clock: FixedClock) -> Minutes:
    return Minutes(db, drain, clock)


async def test_the_watch_outside_hears_every_minute_the_mailbox_every_hour_the_number_every_day(
    minutes: Minutes, outside: Outside
) -> None:
    await minutes.go_by(3)
    signs = [outside.expect.webhook() for _ in range(3)]
    assert all(each.json["type"] == "irm.alive" and each.headers["webhook-signature"] for each in signs)
    assert len({each.headers["webhook-id"] for each in signs}) == 3
    assert alive.SIGN == "notify.sign_of_life", "the auditor and the board know the job by its name"
    assert outside.expect.mail(MAILBOX).subject == "系统运行正常"
    assert "系统运行正常" in outside.expect.sms(NUMBER).content
    outside.expect.nothing()


async def test_when_the_auditor_has_died_there_is_silence(minutes: Minutes, outside: Outside) -> None:
    await minutes.go_by(1)
    outside.expect.webhook()
    outside.expect.forget()
    await minutes.go_by(3, audited=False)
    heard = len([each for each in outside.gateway.taken if each.path.startswith("/alive")])
    await minutes.go_by(5, audited=False)
    assert len([each for each in outside.gateway.taken if each.path.startswith("/alive")]) == heard
    outside.expect.forget()


async def test_a_watch_that_does_not_take_it_is_on_record_without_its_key(
    minutes: Minutes, outside: Outside, db: Database
) -> None:
    outside.gateway.will(status=500, body="out of order")
    await minutes.go_by(1)
    outside.expect.forget()
    async with db.transaction() as tx:
        found = {each.target: each for each in await alive.signs(tx)}
    assert found["url"].ok_at is None
    assert found["url"].failure == "failed: HTTP 500 out of order"
    assert found["mail"].ok_at is not None
    await minutes.go_by(1)
    outside.expect.webhook()
    async with db.transaction() as tx:
        [url] = [each for each in await alive.signs(tx) if each.target == "url"]
    assert (url.failure, url.ok_at is not None) == (None, True)


async def test_who_names_nobody_outside_tells_nobody(
    minutes: Minutes, outside: Outside, settings: Settings, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, nothing in (("alive_url", SecretStr("")), ("alive_mail", ""), ("alive_sms", "")):
        monkeypatch.setattr(settings, name, nothing)
    assert alive.targets_of(resources.settings) == {}
    await minutes.go_by(2)
    outside.expect.nothing()
