"""How often somebody may try to sign in at one web process. The lock-out of an account stands in the database."""

from typing import Final, cast

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from litestar import Litestar

from irm.access.security import SecurityPolicy

STATE: Final = "login_rate"


class LoginRate:
    """Two windows: a whole government may sit behind one address (wide), one login from one address (narrow)."""

    def __init__(self, policy: SecurityPolicy) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._address: RateLimitItem = parse(policy.rate_per_address)
        self._login: RateLimitItem = parse(policy.rate_per_address_and_login)

    async def admits(self, address: str, login: str) -> bool:
        """Counts the attempt."""
        if not await self._limiter.hit(self._address, address):
            return False
        return await self._limiter.hit(self._login, address, login)


def login_rate(app: Litestar, policy: SecurityPolicy) -> LoginRate:
    """One for each application, made at the first attempt."""
    if STATE not in app.state:
        app.state[STATE] = LoginRate(policy)
    return cast("LoginRate", app.state[STATE])
