"""Whether a message is its source's own: a signature (Standard Webhooks), or a password where a sender cannot sign.

    secret = secret_of(key, secret_id)        # whsec_…, shown once; it is in no table
    prove("cloudevents", headers, body, [secret, old_secret], now=now, tolerance=timedelta(minutes=5))

Alertmanager signs nothing, and a mail server's hook hardly: they send the same secret as a bearer token or as the
password of basic authentication, as their own configuration can. Pure but for `key_of`.
"""

import binascii
import hmac
import os
import secrets
import stat
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from irm.alerts.vocabulary import SourceKind
from irm.errors import Unauthenticated, Unavailable
from irm.i18n import N_

PREFIX: Final = "whsec_"
FILE: Final = "alert-sources.key"
LENGTH: Final = 32
MAY_SEND_A_PASSWORD: Final[frozenset[SourceKind]] = frozenset({"alertmanager", "email"})

UNSIGNED: Final = N_("The message is not signed. This source signs every message; see its page for how.")
NO_PASSWORD: Final = N_("The message carries no password. This source sends its secret as a bearer token.")
WRONG: Final = N_("The signature or password is not this source's.")
STALE: Final = N_("The message was signed too long ago, or ahead of time: compare the sender's clock with irm's.")
KEY_FAULT: Final = N_("The key of the alert sources cannot be read or made, or others can read it: %(path)s.")


def key_of(home: Path) -> bytes:
    """The key of this home that every source's secret follows from; made at first use, readable by irm alone.

    Any number of processes may ask at once and all get the same. Raises Unavailable.
    """
    path = home / "keys" / FILE
    try:
        if not path.exists():
            _make(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Unavailable(KEY_FAULT, code="key", path=str(path))
        return b64decode(path.read_text("ascii"), validate=True)
    except (OSError, ValueError) as fault:
        raise Unavailable(KEY_FAULT, code="key", path=str(path)) from fault


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = path.with_name(f".{secrets.token_hex(8)}")
    descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, b64encode(secrets.token_bytes(LENGTH)))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):  # another process was first; its key counts
        os.link(own, path)
    own.unlink()


def secret_of(key: bytes, secret_id: UUID) -> str:
    """The same for the same key and id, for ever."""
    return PREFIX + b64encode(hmac.new(key, b"irm alert source " + secret_id.bytes, sha256).digest()).decode()


def prove(
    kind: SourceKind,
    headers: Mapping[str, str],
    body: bytes,
    held: Sequence[str],
    *,
    now: datetime,
    tolerance: timedelta,
) -> str | None:
    """The sender's own name of the message where it was signed, else None. `headers` in lower case.

    Raises Unauthenticated with code unsigned, bad_signature or stale.
    """
    if "webhook-signature" in headers:
        return _signed(headers, body, held, now=now, tolerance=tolerance)
    if kind not in MAY_SEND_A_PASSWORD:
        raise Unauthenticated(UNSIGNED, code="unsigned")
    given = _password(headers.get("authorization", ""))
    if not given:
        raise Unauthenticated(NO_PASSWORD, code="unsigned")
    if not any(hmac.compare_digest(given.encode(), one.encode()) for one in held):
        raise Unauthenticated(WRONG, code="bad_signature")
    return None


def name_in(headers: Mapping[str, str]) -> str | None:
    """The name that a signed message claims to have; nothing is proven yet."""
    return headers.get("webhook-id") if "webhook-signature" in headers else None


def _signed(
    headers: Mapping[str, str], body: bytes, held: Sequence[str], *, now: datetime, tolerance: timedelta
) -> str:
    name, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or len(name) > 200 or not (moment.isascii() and moment.isdigit() and len(moment) < 12):  # noqa: PLR2004 - an identifier; seconds
        raise Unauthenticated(UNSIGNED, code="unsigned")
    content = f"{name}.{moment}.".encode() + body
    wanted = [
        b64encode(hmac.new(b64decode(one.removeprefix(PREFIX)), content, sha256).digest()).decode() for one in held
    ]
    given = [one.removeprefix("v1,") for one in headers["webhook-signature"].split() if one.startswith("v1,")]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in wanted for other in given[:8]):
        raise Unauthenticated(WRONG, code="bad_signature")
    if abs(now - datetime.fromtimestamp(int(moment), UTC)) > tolerance:
        raise Unauthenticated(STALE, code="stale")
    return name


def _password(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        with suppress(binascii.Error, UnicodeDecodeError):
            return b64decode(value.strip(), validate=True).decode().partition(":")[2]
    return ""
