from functools import cache

import pytest
from argon2 import PasswordHasher

from irm.access import passwords


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same algorithm with a fiftieth of the work; the real parameters have a test of their own."""
    monkeypatch.setattr(
        passwords, "_hasher", cache(lambda: PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1))
    )
