"""A flood of sign-ins: two hashes at once, a short queue, and the rest sent away with a word when to come back."""

import asyncio
import threading
from collections.abc import Iterator

import httpx
import pytest

from irm.access import passwords
from irm.access.policy import Role
from irm.db import Database
from irm.errors import Unavailable
from tests import make
from tests.feature.access.test_signing_in import send


class SlowHasher:
    """Counts who is inside; nobody leaves before the gate opens."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.counting = threading.Lock()
        self.full = threading.Event()
        self.inside = self.most = self.done = 0

    def verify(self, _stored: str, _password: str) -> bool:
        with self.counting:
            self.inside += 1
            self.most = max(self.most, self.inside)
            if self.inside >= passwords.AT_ONCE:
                self.full.set()
        self.gate.wait(30)
        with self.counting:
            self.inside -= 1
            self.done += 1
        return True

    def hash(self, _password: str) -> str:
        return "hash"

    def check_needs_rehash(self, _stored: str) -> bool:
        return False


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowHasher]:
    hasher = SlowHasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    yield hasher
    hasher.gate.set()


async def test_two_hashes_at_once_a_few_wait_the_rest_is_sent_away(slow: SlowHasher) -> None:
    asked = [asyncio.create_task(passwords.verify("stored", "guess")) for _ in range(500)]
    assert await asyncio.to_thread(slow.full.wait, 30)
    refused = [task for task in asked if task.done()]
    assert len(refused) == 500 - passwords.AT_ONCE - passwords.MOST_WAITING
    assert all(isinstance(task.exception(), Unavailable) for task in refused)
    slow.gate.set()
    await asyncio.gather(*asked, return_exceptions=True)
    assert (slow.most, slow.done) == (passwords.AT_ONCE, passwords.AT_ONCE + passwords.MOST_WAITING)
    assert await passwords.verify("stored", "guess"), "after the flood everybody gets in again"


async def test_who_goes_away_still_holds_the_place_until_the_hash_has_ended(slow: SlowHasher) -> None:
    asked = [asyncio.create_task(passwords.verify("stored", "guess")) for _ in range(passwords.AT_ONCE)]
    assert await asyncio.to_thread(slow.full.wait, 30)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    waiting = [asyncio.create_task(passwords.verify("stored", "guess")) for _ in range(passwords.MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await passwords.verify("stored", "guess")
    slow.gate.set()
    await asyncio.gather(*waiting)


async def test_the_page_says_when_to_come_back(
    client: httpx.AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with db.transaction() as tx:
        officer = await make.account(tx, await make.organization(tx), Role.HANDLER, password=True)
    monkeypatch.setattr(passwords, "MOST_WAITING", -passwords.AT_ONCE)
    answer = await send(client, officer.login)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, str(passwords.WAIT_SECONDS))
    assert "当前登录人数过多" in answer.text
    assert f'value="{officer.login}"' in answer.text, "what was typed stays"
