"""Rows, transactions, identifiers. One `Database` per process and event loop; dispose it on the same loop."""

import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from copy import copy
from datetime import UTC, datetime
from time import time_ns
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, MetaData, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from irm.actor import SYSTEM, Actor
from irm.clock import Clock
from irm.places import Places

__all__ = ["SYSTEM", "Actor", "Base", "Database", "Moment", "Tx", "uuid7"]

if TYPE_CHECKING:
    from irm.ledger import Wiring


def uuid7() -> UUID:
    """RFC 9562 version 7: 48 bits of milliseconds, 12 of what is left of the moment (§6.2, method 3), then 62 random ones.

    What one process makes one after the other has ids in that order. Order of ids is not order of commits.
    """
    milliseconds, rest = divmod(time_ns(), 1_000_000)
    within = (rest << 12) // 1_000_000
    random = int.from_bytes(os.urandom(8), "big") >> 2
    return UUID(int=milliseconds << 80 | 0x7 << 76 | within << 64 | 0x2 << 62 | random)


STATEMENTS_KEPT: Final = 500
"""Prepared statements that a connection keeps. A process has some hundreds of them; one that fell out is parsed and
planned again by PostgreSQL."""
COMPILED_KEPT: Final = 2000
"""Questions that a process keeps as SQL. To read every page takes five hundred, forms and jobs as many again; one that fell
out is put together anew, which takes longer than to ask it."""
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9999, 12, 31, tzinfo=UTC)


HOUSE: Final = {"irm.sees_all": "on"}
"""Of a connection: what irm does of itself sees every row. A connection that says nothing sees none of what stands behind
the wall (ADR 18)."""
_WALL: Final = text(
    "SELECT set_config('irm.sees_all', :all, true), set_config('irm.organizations', :organizations, true)"
)


class Moment(TypeDecorator[datetime]):
    """timestamptz that refuses naive values (SQLAlchemy takes them silently)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's shape
        if value is not None and value.tzinfo is None:
            message = f"naive moment {value!r}"
            raise ValueError(message)
        if value is not None and not EARLIEST <= value <= LATEST:
            # PostgreSQL would take it, and no list with it could ever be read again.
            message = f"not a moment of this world: {value!r}"
            raise ValueError(message)
        return value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's shape
        return value.astimezone(UTC) if value is not None else None


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment(),
        str: Text(),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
    }


class Tx(AsyncSession):
    """One transaction. Services get it, add to it, and never end it."""

    actor: Actor
    clock: Clock
    wiring: "Wiring"
    sees: frozenset[UUID] | None = None
    """The wall it stands behind: parties whose rows it sees. None: all rows. Set by `Database.transaction` and `as_house`."""
    database: "Database"
    """For what others are to see before this ends, and however it ends: how far a long work is. Nothing else."""


class Database:
    """A pool for one event loop."""

    def __init__(self, engine: AsyncEngine, *, clock: Clock, wiring: "Wiring") -> None:
        self.engine = engine
        self.clock = clock
        self.wiring = wiring
        self.announce: Callable[[frozenset[str]], None] | None = None
        """Told after each commit which subjects changed; must not block or raise (live pages)."""
        self._sessions = async_sessionmaker(engine, class_=Tx, expire_on_commit=False)
        self._is_one_connection = False
        self._whole = self
        self._places: Places | None = None
        self._priority = 0

    @classmethod
    def connect(cls, url: str, *, clock: Clock, wiring: "Wiring", pool_size: int = 10) -> "Database":
        engine = create_async_engine(
            url,
            pool_size=pool_size,
            query_cache_size=COMPILED_KEPT,
            max_overflow=0,
            pool_pre_ping=True,
            pool_timeout=10,
            # What people wrote must not reach a log or a job's last error by way of an exception's text.
            hide_parameters=True,
            connect_args={
                "timeout": 10,
                "prepared_statement_cache_size": STATEMENTS_KEPT,
                "server_settings": {
                    "application_name": "irm",
                    "timezone": "UTC",
                    "idle_in_transaction_session_timeout": "60s",
                    "lock_timeout": "10s",
                    # What policies are thought to cost alone would make a server compile questions of milliseconds.
                    "jit": "off",
                    **HOUSE,
                },
            },
        )
        return cls(engine, clock=clock, wiring=wiring)

    @classmethod
    def on_connection(cls, connection: AsyncConnection, *, clock: Clock, wiring: "Wiring") -> "Database":
        """For tests: every transaction is a savepoint of the connection's own, which the caller rolls back."""
        database = cls(connection.engine, clock=clock, wiring=wiring)
        database._is_one_connection = True
        database._sessions = async_sessionmaker(
            connection, class_=Tx, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        return database

    def lane(self, width: int) -> "Database":
        """The same pool, of which at most `width` transactions at a time are taken: what comes by the thousand leaves
        connections, and its share of the event loop, to what is urgent. See `at`."""
        lane = copy(self)
        lane._places = Places(width)  # noqa: SLF001 - a copy of itself
        return lane

    def at(self, priority: int) -> "Database":
        """The same lane, where transactions wait for a place in the order of their priority (1 most urgent)."""
        one = copy(self)
        one._priority = priority  # noqa: SLF001 - a copy of itself
        return one

    def _place(self) -> AbstractAsyncContextManager[None]:
        return self._places.taken(self._priority) if self._places else nullcontext()

    @asynccontextmanager
    async def transaction(self, actor: Actor = SYSTEM, *, snapshot: bool = False) -> AsyncGenerator[Tx]:
        """Commits at the end of the block, or leaves nothing; behind the actor's wall. `snapshot`: all statements see one moment (REPEATABLE
        READ); a row that somebody else changed since cannot be changed."""
        async with self._place(), self._sessions() as session, session.begin():
            session.actor, session.clock, session.wiring = actor, self.clock, self.wiring
            session.database = self._whole  # from within a transaction of a lane, the lane may be full
            if snapshot and not self._is_one_connection:
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            if actor.sees is not None:
                await _stand_behind(session, actor.sees)
            yield session
            if actor.sees is not None and self._is_one_connection:
                # The setting would outlive the savepoint that stands for a transaction.
                await _stand_behind(session, None)
        if self.announce is not None and (changed := session.info.get("subjects")):
            self.announce(frozenset(changed))

    @asynccontextmanager
    async def in_a_row(self) -> AsyncGenerator["Database"]:
        """For who has transactions one after the other: they take one connection of the pool, which is asked only at the
        beginning whether it still lives. After an error begin a row anew; two at a time are not possible."""
        if self._is_one_connection:
            yield self
            return
        async with self.engine.connect() as connection:
            row = copy(self)
            row._sessions = async_sessionmaker(connection, class_=Tx, expire_on_commit=False)  # noqa: SLF001 - a copy of itself
            yield row

    async def dispose(self) -> None:
        await self.engine.dispose()


async def _stand_behind(tx: Tx, wall: frozenset[UUID] | None) -> None:
    organizations = "{" + ",".join(sorted(map(str, wall or ()))) + "}"
    await tx.execute(_WALL, {"all": "on" if wall is None else "off", "organizations": organizations})
    tx.sees = wall


@asynccontextmanager
async def as_house(tx: Tx) -> AsyncGenerator[None]:
    """Within a person's transaction, what irm does of itself and must see every row for: it tells the person nothing of
    what it saw. Every use stands with its reason in tests/architecture/test_the_wall.py."""
    wall = tx.sees
    if wall is None:
        yield
        return
    await tx.flush()
    await _stand_behind(tx, None)
    try:
        yield
        await tx.flush()
    except BaseException:
        with suppress(SQLAlchemyError):  # a failed transaction takes no statement; its savepoint brings the wall back
            await _stand_behind(tx, wall)
        tx.sees = wall
        raise
    await _stand_behind(tx, wall)
