"""Passwords: what is refused (pure), argon2id, and passwords that irm makes itself."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from irm.access.common_passwords import is_common
from irm.access.security import SecurityPolicy
from irm.errors import FieldError, Unavailable
from irm.i18n import N_

_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without the characters that are misread on paper (0 O, 1 l I)."""

AT_ONCE: Final = 2
"""Hashes that a process computes at a time; each takes 64 MiB and a core for a while."""
MOST_WAITING: Final = 16
"""Those that wait for a place are so few that all get one within a few seconds; whoever comes then is sent away."""
WAIT_SECONDS: Final = 5

T = TypeVar("T")

BUSY: Final = N_("Too many people are signing in at this moment. Try again in a few seconds.")
TOO_SHORT: Final = N_("The password needs at least %(least)s characters.")
TOO_LONG: Final = N_("The password may have at most %(most)s characters.")
TOO_PLAIN: Final = N_("Mix at least %(classes)s of: lower case, upper case, digits, other signs.")
TOO_COMMON: Final = N_("This password is one that many people choose. Please take another.")
TELLS_THE_LOGIN: Final = N_("The password must not contain the login name.")
UNREADABLE: Final = N_("The password contains characters that cannot be typed everywhere.")


def faults(
    password: str, policy: SecurityPolicy, *, login: str = "", words: Iterable[str] = (), field: str = "password"
) -> list[FieldError]:
    """What is wrong with a new password; empty when it may be taken. `words`: further words that it must not be."""
    found: list[FieldError] = []
    if any(ord(sign) < ord(" ") or ord(sign) == 0x7F for sign in password):  # noqa: PLR2004 - DEL
        found.append(FieldError(field, UNREADABLE))
    if len(password) < policy.password_least:
        found.append(FieldError(field, TOO_SHORT, {"least": policy.password_least}))
    if len(password) > policy.password_most:
        found.append(FieldError(field, TOO_LONG, {"most": policy.password_most}))
    if _classes(password) < policy.password_classes:
        found.append(FieldError(field, TOO_PLAIN, {"classes": policy.password_classes}))
    if login and login.lower() in password.lower():
        found.append(FieldError(field, TELLS_THE_LOGIN))
    elif is_common(password, words):
        found.append(FieldError(field, TOO_COMMON))
    return found


def _classes(password: str) -> int:
    return sum(
        (
            any(sign.islower() for sign in password),
            any(sign.isupper() for sign in password),
            any(sign.isdigit() for sign in password),
            any(not sign.isalnum() for sign in password),
        )
    )


def generate() -> str:
    """Twenty signs in groups of five, to be read out or typed from paper; fits every profile."""
    while True:
        groups = ["".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4)]
        password = "-".join(groups)
        if _classes(password) == len(("lower", "upper", "digit", "other")) and not is_common(password):
            return password


@cache
def _hasher() -> PasswordHasher:
    """argon2id with RFC 9106's second recommended option (64 MiB), the library's default."""
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_urlsafe())


async def hash_password(password: str) -> str:
    """Raises Unavailable when too many are waiting."""
    return await _places.run(lambda: _hasher().hash(password))


async def verify(password_hash: str | None, password: str) -> bool:
    """Takes as long for an account without password (or none at all: pass None) as for a wrong password.

    Call it with no transaction open: it may wait for others. Raises Unavailable when too many are waiting.
    """
    return await _places.run(lambda: _verify(password_hash, password))


class _Places:
    """At most `AT_ONCE` hashes in this process, whatever event loop asks; a flood waits in a short queue or not at all."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
        self._taken = 0

    async def run(self, work: Callable[[], T]) -> T:
        if self._taken >= AT_ONCE + MOST_WAITING:
            raise Unavailable(BUSY, code="busy", retry_after=WAIT_SECONDS)
        self._taken += 1
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except BaseException:
            self._taken -= 1
            raise
        running.add_done_callback(self._leave)
        return await asyncio.shield(running)

    def _leave(self, _done: object) -> None:
        """When the hash has ended, not when its reader went away: its memory is taken until then."""
        self._taken -= 1


_places: Final = _Places()


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher().verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    return _hasher().check_needs_rehash(password_hash)
