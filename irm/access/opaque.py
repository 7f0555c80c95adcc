"""Tokens that are shown once and stored as SHA-256. Enough entropy (256 bits) to need no salt."""

import secrets
from hashlib import sha256
from typing import Final

API_TOKEN_PREFIX: Final = "irm_"  # noqa: S105 - a prefix, not a secret
"""So that secret scanners and people recognise one."""


def new_token() -> str:
    return secrets.token_urlsafe(32)


def new_api_token() -> str:
    return API_TOKEN_PREFIX + new_token()


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def equal(one: str, other: str) -> bool:
    """In constant time."""
    return secrets.compare_digest(one.encode(), other.encode())
