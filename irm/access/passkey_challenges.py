"""Challenges that passkeys sign: random, each for one purpose, of one browser or session, for a short time, once."""

import secrets
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import delete

from irm.access.models import PasskeyChallengeRow
from irm.access.opaque import hashed
from irm.access.security import SecurityPolicy
from irm.db import Tx

Purpose = Literal["add", "sign_in", "second_step", "prove"]

CHALLENGE_BYTES: Final = 32
"""Twice what W3C Web Authentication Level 2, §13.4.3, asks for at least."""


async def new_challenge(tx: Tx, purpose: Purpose, *, bound_to: str, policy: SecurityPolicy, now: datetime) -> bytes:
    """To be signed by a device of whoever holds `bound_to`: the cookie of a browser, or the name of a session."""
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    tx.add(
        PasskeyChallengeRow(
            challenge_hash=hashed(challenge.hex()),
            purpose=purpose,
            bound_to=hashed(bound_to),
            created_at=now,
            until=now + policy.code_wait,
        )
    )
    await tx.flush()
    return challenge


async def take_challenge(tx: Tx, challenge: bytes, purpose: Purpose, *, bound_to: str, now: datetime) -> bool:
    """Taken out, rightly answered or not: of two processes that bring it at the same moment, one finds it."""
    taken = await tx.scalar(
        delete(PasskeyChallengeRow)
        .where(
            PasskeyChallengeRow.challenge_hash == hashed(challenge.hex()),
            PasskeyChallengeRow.purpose == purpose,
            PasskeyChallengeRow.bound_to == hashed(bound_to),
            PasskeyChallengeRow.until > now,
        )
        .returning(PasskeyChallengeRow.challenge_hash)
    )
    return taken is not None
