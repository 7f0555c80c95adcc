"""Passwords: what is refused (pure), argon2id, and passwords that irm makes itself."""

import asyncio
import re
import secrets
from collections.abc import Iterable
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from irm.access.security import SecurityPolicy, common_words
from irm.errors import FieldError
from irm.i18n import N_

_LOOKS_LIKE: Final = str.maketrans("@4031!$57", "aaoeiisst")
_ROWS: Final = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "01234567890", "1qaz2wsx3edc4rfv")
_WALK: Final = 5
_LEAST_VARIETY: Final = 5
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without the characters that are misread on paper (0 O, 1 l I)."""

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


def is_common(password: str, words: Iterable[str] = ()) -> bool:
    """One of the common words behind digits, signs and look-alikes; a walk over the keyboard; or hardly any variety."""
    plain = password.lower()
    if len(set(plain)) < _LEAST_VARIETY:
        return True
    refused = common_words() | {word.lower() for word in words}
    kernel = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    bare = {re.sub(r"[^a-z]", "", plain), re.sub(r"[^a-z]", "", kernel.translate(_LOOKS_LIKE))}
    bare |= {word[: len(word) // 2] for word in bare if len(word) % 2 == 0 and word[: len(word) // 2] * 2 == word}
    if bare & refused:
        return True
    return len(_without_walks(plain)) < len(plain) // 3


def _without_walks(plain: str) -> str:
    """What is left when runs along the alphabet, the digits and the keyboard's rows are taken out."""
    rest = plain
    for row in _ROWS:
        for line in (row, row[::-1]):
            for length in range(len(line), _WALK - 1, -1):
                for start in range(len(line) - length + 1):
                    rest = rest.replace(line[start : start + length], "")
    return rest


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
    return await asyncio.to_thread(_hasher().hash, password)


async def verify(password_hash: str | None, password: str) -> bool:
    """Takes as long for an account without password (or none at all: pass None) as for a wrong password."""
    return await asyncio.to_thread(_verify, password_hash, password)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher().verify(password_hash or _nobodys_hash(), password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    return _hasher().check_needs_rehash(password_hash)
