"""One transaction at a time where no row stands for what two may not do at once: locks by name, held until its end.

Who waits holds a connection and a place of his lane. Work that comes by the thousand asks `is_alone` and comes again
later (`jobs.RetryLater`); it does not wait.
"""

from collections.abc import Collection

from sqlalchemy import ARRAY, ColumnElement, Text, func, literal, select

from irm.db import Tx


async def be_alone(tx: Tx, what: str) -> None:
    """Waits until nobody else holds it."""
    await tx.execute(select(func.pg_advisory_xact_lock(_key(what))))


async def is_alone(tx: Tx, what: str) -> bool:
    """Holds it from now on, or says that somebody else does."""
    return bool(await alone_with(tx, [what]))


async def alone_with(tx: Tx, whats: Collection[str]) -> frozenset[str]:
    """Those that it holds from now on; somebody else holds the others."""
    if not whats:
        return frozenset()
    what = func.unnest(literal(sorted(set(whats)), ARRAY(Text))).column_valued("what")
    held = await tx.execute(select(what, func.pg_try_advisory_xact_lock(_key(what))))
    return frozenset(name for name, is_held in held.all() if is_held)


def _key(what: str | ColumnElement[str]) -> ColumnElement[int]:
    key: ColumnElement[int] = func.hashtextextended(what, 0)
    return key
