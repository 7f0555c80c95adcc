"""How often somebody may try: windows in Valkey that all web processes share; in PostgreSQL while Valkey is away.

What was counted on one side is not counted on the other: who changes over starts afresh, once, and nothing is forgotten
for longer than one window. Names are hashed before they leave the process.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import floor
from typing import Any, Final, Literal, cast

import structlog
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from litestar import Litestar
from litestar.connection import ASGIConnection
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from irm.access.callers import Caller
from irm.access.cookies import DEVICE_COOKIE
from irm.access.models import RateWindowRow
from irm.access.security import SecurityPolicy, security_policy
from irm.config import Settings
from irm.db import SYSTEM, Database, Tx
from irm.errors import TooOften
from irm.i18n import N_
from irm.web.cookies import cookie_of

log = structlog.get_logger(__name__)

Attempt = Literal["sign_in_address", "sign_in_login", "code", "link", "wrong_token", "wrong_logout", "proof", "refusal"]
"""As the security profile names them (`rates`)."""

STATE: Final = "rates"
PREFIX: Final = "irm-rate"
PATIENCE: Final = 0.5
"""Seconds for Valkey to answer: whoever signs in waits for it."""
LEFT_ALONE: Final = timedelta(seconds=5)
"""Valkey, after it did not answer."""
AWAY: Final = (RedisError, OSError)

TOO_OFTEN: Final = N_("Too many attempts. Wait a minute, then try again.")


class Rates:
    """One per web process."""

    def __init__(self, policy: SecurityPolicy, broker_url: str = "") -> None:
        self._windows: dict[str, RateLimitItem] = {name: parse(rate) for name, rate in policy.rates.items()}
        self._pool: ConnectionPool | None = None
        self._valkey: MovingWindowRateLimiter | None = None
        self._not_before = datetime.min.replace(tzinfo=UTC)
        if broker_url:
            self._pool = ConnectionPool.from_url(
                broker_url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, max_connections=16
            )
            pool = cast("str", self._pool)  # `limits` hands its options on to redis as they are, but types them as text
            storage = RedisStorage(
                f"async+{broker_url}", implementation="redispy", key_prefix=PREFIX, connection_pool=pool
            )
            self._valkey = MovingWindowRateLimiter(storage)

    async def count(self, db: Database, attempt: Attempt, *who: str) -> None:
        """Counts one attempt of `who`. Raises TooOften, without counting, when the window is full."""
        window = self._windows[attempt]
        name = sha256("\0".join(who).encode()).hexdigest()
        now = db.clock.now()
        admitted = await self._in_valkey(window, attempt, name, now=now)
        if admitted is None:
            async with db.transaction(SYSTEM) as tx:
                admitted = await _in_database(tx, window, f"{attempt}/{name}", now=now)
        if not admitted:
            raise TooOften(TOO_OFTEN, retry_after=window.get_expiry())

    async def aclose(self) -> None:
        if self._pool is not None:
            await self._pool.disconnect()

    async def _in_valkey(self, window: RateLimitItem, attempt: str, name: str, *, now: datetime) -> bool | None:
        """None: it is away."""
        if self._valkey is None or now < self._not_before:
            return None
        try:
            return await asyncio.wait_for(self._valkey.hit(window, attempt, name), 2 * PATIENCE)
        except AWAY as error:
            self._not_before = now + LEFT_ALONE
            log.warning("valkey away; attempts are counted in the database", error=type(error).__name__)
            return None


async def _in_database(tx: Tx, window: RateLimitItem, key: str, *, now: datetime) -> bool:
    """A sliding window of two halves: what is left of the last one's hits counts, by how much of it still reaches here."""
    seconds = window.get_expiry()
    began_at = floor(now.timestamp() / seconds) * seconds
    began, last = datetime.fromtimestamp(began_at, UTC), datetime.fromtimestamp(began_at - seconds, UTC)
    before = await tx.scalar(select(RateWindowRow.hits).where(RateWindowRow.key == key, RateWindowRow.began == last))
    room = window.amount - (before or 0) * (1 - (now.timestamp() - began_at) / seconds)
    if room < 1:
        return False
    hit = insert(RateWindowRow).values(key=key, began=began, hits=1)
    counted = await tx.scalar(
        hit.on_conflict_do_update(
            index_elements=["key", "began"],
            set_={"hits": RateWindowRow.hits + 1},
            where=RateWindowRow.hits + 1 <= floor(room),
        ).returning(RateWindowRow.hits)
    )
    return counted is not None


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Whom it came from. uvicorn takes a proxy's word for it where the proxy is trusted."""
    return connection.client.host if connection.client else ""


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    agent = connection.headers.get("user-agent", "")
    return Caller(address_of(connection), agent, cookie_of(connection, DEVICE_COOKIE))


def rates(app: Litestar) -> Rates:
    """One for each application, made at the first attempt."""
    if STATE not in app.state:
        settings: Settings = app.state.settings
        app.state[STATE] = Rates(security_policy(settings.security_profile), settings.broker_url)
    return cast("Rates", app.state[STATE])


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        if STATE in app.state:
            await rates(app).aclose()
