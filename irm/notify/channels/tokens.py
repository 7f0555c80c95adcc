"""Access tokens of chat providers: one per process and application, until the provider says that it has expired.

A token is never stored; who restarts asks again. Providers hand out the same token to whoever asks, so processes don't
invalidate each other's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from irm.notify.channels.protocol import Outcome

EARLY: Final = timedelta(seconds=120)
"""So long before its end a token is not used any more."""


@dataclass(frozen=True)
class Token:
    value: str
    lasts: timedelta


Fetch = Callable[[], Awaitable[Token | Outcome]]


@dataclass
class Tokens:
    """Keyed by whatever makes an application: its address, name and secret."""

    _kept: dict[tuple[str, ...], tuple[str, datetime]] = field(default_factory=dict)
    _asking: dict[tuple[str, ...], asyncio.Lock] = field(default_factory=dict)

    async def of(self, key: tuple[str, ...], now: datetime, fetch: Fetch) -> str | Outcome:
        """The kept token or a new one; many who need one at a moment ask once. An outcome where the provider gave none."""
        async with self._asking.setdefault(key, asyncio.Lock()):
            if (known := self._kept.get(key)) and now < known[1]:
                return known[0]
            got = await fetch()
            if isinstance(got, Outcome):
                return got
            self._kept[key] = (got.value, now + got.lasts - EARLY)
            return got.value

    def forget(self, key: tuple[str, ...], value: str) -> None:
        """This one is no good any more; a newer one, which somebody else has got meanwhile, stays."""
        if (known := self._kept.get(key)) and known[0] == value:
            del self._kept[key]
