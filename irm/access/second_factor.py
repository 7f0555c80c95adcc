"""One-time codes (RFC 6238) and recovery codes, and who must have a second factor from when. Pure."""

import re
import secrets
from base64 import b32encode
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

import pyotp

from irm.access.opaque import equal
from irm.access.policy import Role

STEP: Final = 30
"""Seconds; RFC 6238 §4.1, and the only figure that all authenticator apps know."""
DIGITS: Final = 6
DRIFT: Final = 1
"""Steps before and after the present one that are taken, for clocks that are off and fingers that are slow (§5.2)."""
SECRET_BYTES: Final = 20
"""As long as the SHA-1 behind it (RFC 4226 §4 R6)."""
RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is misread on paper."""
_GROUPS, _GROUP = 6, 4
_LENGTHS: Final = (_GROUPS * _GROUP, 16)
"""The second: codes that were written down before they grew longer."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def readable(secret: bytes) -> str:
    """As it is typed into an app that cannot look at the QR code: base32 in groups of four."""
    text = b32encode(secret).decode()
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, *, login: str, issuer: str) -> str:
    """otpauth://…, which the QR code holds."""
    return pyotp.TOTP(b32encode(secret).decode()).provisioning_uri(name=login, issuer_name=issuer)


def code_at(secret: bytes, step: int) -> str:
    return pyotp.TOTP(b32encode(secret).decode(), digits=DIGITS, interval=STEP).generate_otp(step)


def step_of(secret: bytes, code: str, *, now: datetime, last: int | None) -> int | None:
    """Which step's code this is, within the drift and after `last`, the step whose code was taken last; None: no code.

    A code is taken once: neither it nor an earlier one is a code any more.
    """
    digits = "".join(code.split())
    if not re.fullmatch(rf"[0-9]{{{DIGITS}}}", digits):
        return None
    present = int(now.timestamp()) // STEP
    for step in range(present - DRIFT, present + DRIFT + 1):
        if equal(code_at(secret, step), digits) and (last is None or step > last):
            return step
    return None


def recovery_codes() -> list[str]:
    """To be written down. 118 random bits each: from 112 on a plain hash keeps them (ASVS V6.5.2), fewer need a slow one."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def recovery_hash(account_id: UUID, code: str) -> str | None:
    """How a recovery code is stored; None for what cannot be one. Case and what stands between the groups do not count."""
    plain = re.sub(r"[\s-]", "", code.lower())
    if len(plain) not in _LENGTHS or not set(plain) <= set(_ALPHABET):
        return None
    return sha256(f"{account_id}/{plain}".encode()).hexdigest()


@dataclass(frozen=True)
class Requirement:
    """Whether somebody needs a second factor, and what happens while there is none."""

    needed: bool
    due_at: datetime | None = None
    """From when on nothing can be done without; None: there is one, or none is needed."""
    overdue: bool = False
    """This session may set one up and nothing else."""


def requirement(
    roles: Collection[Role],
    needing: Collection[Role],
    *,
    has_one: bool,
    due_at: datetime | None,
    signed_in_at: datetime,
) -> Requirement:
    """A session that began in time goes on to its end: nobody is stopped in the middle of a night's work."""
    needed = not set(needing).isdisjoint(roles)
    if not needed or has_one:
        return Requirement(needed)
    return Requirement(needed, due_at, overdue=due_at is not None and signed_in_at >= due_at)


def first_due(due_at: datetime | None, *, grace: timedelta, now: datetime) -> datetime:
    """The grace begins with the first sign-in of somebody who needs one, once."""
    return due_at if due_at is not None else now + grace
