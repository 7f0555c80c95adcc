"""A logout token is believed or refused (OpenID Connect Back-Channel Logout 1.0 §2.4 and §2.6). Pure.

Anybody can send one: what it does follows from the provider's signature alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from irm.access.oidc_metadata import ALGORITHMS
from irm.access.oidc_tokens import LEEWAY, OLDEST, PublicKey, TokenRefused, is_subject, judge_moments, opened

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
"""The member of `events` that makes a token a logout token (§2.4)."""
TYPES: Final = ("jwt", "logout+jwt", "application/logout+jwt")
"""Of its header; in any case of letters (RFC 7515 §4.1.9), and a token may name none (§2.4)."""
KEPT: Final = OLDEST + 2 * LEEWAY
"""For so long after it was taken a token could be brought again; then `iat` is too old."""


@dataclass(frozen=True)
class SignedOut:
    """Who has signed out at the provider: of its session `sid`, or of all of `subject`'s where it names none."""

    issuer: str
    subject: str | None
    sid: str | None
    token_id: str
    """`jti`: of each token another."""


@dataclass(frozen=True)
class ExpectedLogout:
    issuer: str
    client_id: str
    algorithms: frozenset[str] = ALGORITHMS


def logout_of(token: str, keys: Sequence[PublicKey], expected: ExpectedLogout, *, now: datetime) -> SignedOut:
    """Raises TokenRefused, UnknownKey where reading the provider's keys anew may help. Whether `jti` was there before is
    not judged here."""
    header, claims = opened(token, keys, expected.algorithms)
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise TokenRefused("form")
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("issuer")
    # As for an ID token: one for others, too, is for parties that irm knows nothing of.
    if claims.get("aud") not in (expected.client_id, [expected.client_id]):
        raise TokenRefused("audience")
    judge_moments(claims, now.timestamp())
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenRefused("events")
    if "nonce" in claims:  # so that no ID token can stand in for it (§2.4)
        raise TokenRefused("nonce")
    token_id, subject, sid = (_name(claims, name) for name in ("jti", "sub", "sid"))
    if token_id is None:
        raise TokenRefused("token_id")
    if subject is None and sid is None:
        raise TokenRefused("subject")
    return SignedOut(expected.issuer, subject, sid, token_id)


def _name(claims: Mapping[str, Any], claim: str) -> str | None:
    """None: it is not there. What is there and no name is no reason to end more than was meant."""
    found = claims.get(claim)
    if found is not None and not (isinstance(found, str) and is_subject(found)):
        raise TokenRefused("form")
    return found
