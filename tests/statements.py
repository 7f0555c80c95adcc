"""What is asked of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine.interfaces import CacheStats
from sqlalchemy.ext.asyncio import AsyncEngine

KEPT: Final = (CacheStats.CACHE_HIT, CacheStats.CACHING_DISABLED)


@dataclass(frozen=True)
class Sent:
    text: str
    is_known: bool
    """SQLAlchemy had put it together before."""


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[Sent]]:
    """What is sent to the database inside the block, one for each round trip."""
    sent: list[Sent] = []

    def hear(_connection: Any, _cursor: Any, text: str, _parameters: Any, context: Any, _many: Any) -> None:
        if "SAVEPOINT" not in text:  # the harness's own
            sent.append(Sent(" ".join(text.split())[:500], context.cache_hit in KEPT))

    event.listen(engine.sync_engine, "before_cursor_execute", hear)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", hear)
