"""An ID token is believed or refused (OpenID Connect Core 1.0 §3.1.3.7; RFC 7515, 7517, 7519, 8725). Pure.

Whoever reads the token has it from the provider's own token endpoint, over TLS; it is judged as if it came from anywhere.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from irm.access.oidc_metadata import ALGORITHMS
from irm.access.opaque import equal

LEEWAY: Final = timedelta(seconds=60)
"""By which the provider's clock may differ from irm's."""
OLDEST: Final = timedelta(minutes=10)
"""A token that was made longer ago was not made for this sign-in."""
LATEST: Final = 253_402_300_800
"""The first second of the year 10000, as a NumericDate (RFC 7519 §2)."""
LONGEST: Final = 16 * 1024
"""Characters of a token."""
LONGEST_SUBJECT: Final = 255
"""Core §2: `sub` has at most so many ASCII characters."""
SHORTEST_RSA: Final = 2048
"""Bits (RFC 7518 §3.3)."""
FAMILIES: Final[Mapping[str, tuple[str, frozenset[str | None]]]] = {
    **{name: ("RSA", frozenset({None})) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
    "ES256": ("EC", frozenset({"P-256"})),
    "ES384": ("EC", frozenset({"P-384"})),
    "ES512": ("EC", frozenset({"P-521"})),
    "EdDSA": ("OKP", frozenset({"Ed25519"})),
    "Ed25519": ("OKP", frozenset({"Ed25519"})),
}
"""Algorithm → kind of key and its curves (RFC 7518 §3.1, 8037 §3.1, 9864)."""

Reason = Literal[
    "form",
    "algorithm",
    "key",
    "signature",
    "issuer",
    "audience",
    "expired",
    "future",
    "old",
    "nonce",
    "subject",
    "stale",
    "events",
    "token_id",
]


class TokenRefused(Exception):
    """`reason` says what of the token was not as it must be; nothing of the token stands in it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class UnknownKey(TokenRefused):
    """Signed with a key that the provider had not published when its keys were read last."""

    def __init__(self) -> None:
        super().__init__("key")


@dataclass(frozen=True)
class PublicKey:
    kid: str | None
    algorithm: str | None
    """The only one it is meant for; None: it does not say."""
    kind: str
    curve: str | None
    key: RSAKey | ECKey | OKPKey


@dataclass(frozen=True)
class Identity:
    """Whom the provider vouches for."""

    issuer: str
    subject: str
    acr: str | None
    amr: frozenset[str]
    """How they showed it who they are (Core §2); what is not as the specification writes it, is left out."""
    sid: str | None = None
    """Their session there (Back-Channel Logout 1.0 §2.1); None: the provider names none."""


@dataclass(frozen=True)
class Expected:
    issuer: str
    client_id: str
    nonce: str
    algorithms: frozenset[str] = ALGORITHMS
    since: datetime | None = None
    """They must have shown it who they are after this; None: it does not matter when."""


def keys_of(raw: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """The keys of a JWK set that can prove a signature; others (for encryption, symmetric, too short, unknown) are left out."""
    listed = raw.get("keys")
    found = (_key(one) for one in listed) if isinstance(listed, list) else ()
    return tuple(one for one in found if one is not None)


def identity_of(token: str, keys: Sequence[PublicKey], expected: Expected, *, now: datetime) -> Identity:
    """Raises TokenRefused, UnknownKey where reading the provider's keys anew may help."""
    header, claims = opened(token, keys, expected.algorithms)
    if header.get("typ", "JWT") not in ("JWT", "jwt"):
        raise TokenRefused("form")
    if claims.get("iss") != expected.issuer:
        raise TokenRefused("issuer")
    audience = claims.get("aud")
    # Core §3.1.3.7, 3: a token for others, too, is for parties that irm knows nothing of.
    if audience not in (expected.client_id, [expected.client_id]):
        raise TokenRefused("audience")
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise TokenRefused("audience")
    judge_moments(claims, now.timestamp())
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not equal(nonce, expected.nonce):
        raise TokenRefused("nonce")
    subject, acr, amr = claims.get("sub"), claims.get("acr"), claims.get("amr")
    if not isinstance(subject, str) or not is_subject(subject):
        raise TokenRefused("subject")
    if expected.since is not None:
        _judge_freshness(claims, expected.since, now)
    ways = frozenset(one for one in amr if isinstance(one, str)) if isinstance(amr, list) else frozenset()
    return Identity(expected.issuer, subject, acr if isinstance(acr, str) else None, ways, sid_of(claims))


def sid_of(claims: Mapping[str, Any]) -> str | None:
    """What is no name of a session is none."""
    sid = claims.get("sid")
    return sid if isinstance(sid, str) and is_subject(sid) else None


def is_subject(text: str) -> bool:
    return 0 < len(text) <= LONGEST_SUBJECT and text.isascii() and text.isprintable()


def _judge_freshness(claims: Mapping[str, Any], since: datetime, now: datetime) -> None:
    """`auth_time` has to be there where `max_age` was asked (Core §2; §3.1.3.7, 13): else the provider's old session would
    vouch for whoever sits at the desk now."""
    leeway = LEEWAY.total_seconds()
    if "auth_time" not in claims or moment_of(claims, "auth_time") < since.timestamp() - leeway:
        raise TokenRefused("stale")
    if moment_of(claims, "auth_time") > now.timestamp() + leeway:
        raise TokenRefused("future")


def judge_moments(claims: Mapping[str, Any], now: float) -> None:
    """`exp`, `iat` and, where there is one, `nbf` (Core §3.1.3.7, 9 and 10). Raises TokenRefused."""
    leeway = LEEWAY.total_seconds()
    expires, made = moment_of(claims, "exp"), moment_of(claims, "iat")
    if now >= expires + leeway:
        raise TokenRefused("expired")
    if made > now + leeway or ("nbf" in claims and moment_of(claims, "nbf") > now + leeway):
        raise TokenRefused("future")
    if now - made > OLDEST.total_seconds() + leeway:
        raise TokenRefused("old")


def moment_of(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate, in seconds. Raises TokenRefused for what is none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LATEST:
        raise TokenRefused("form")
    return float(value)


def opened(
    token: str, keys: Sequence[PublicKey], algorithms: frozenset[str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of what one of `keys` signed. Raises TokenRefused, UnknownKey."""
    parts = token.split(".")
    if len(token) > LONGEST or len(parts) != 3:  # noqa: PLR2004 - header, claims, signature (RFC 7515 §7.1)
        raise TokenRefused("form")
    header, claims = _fields(parts[0]), _fields(parts[1])
    _bytes(parts[2])
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms & ALGORITHMS:
        raise TokenRefused("algorithm")
    if "crit" in header:
        raise TokenRefused("form")
    key = _chosen(keys, algorithm, header.get("kid"))
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    registry.max_header_length = LONGEST
    try:
        if algorithm == "EdDSA":
            # The library warns of this name since RFC 9864 gave its two curves names of their own; providers still use it.
            verified = jws.JWSRegistry.algorithms["Ed25519"].verify(
                f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2]), key.key
            )
        else:
            jws.deserialize_compact(token, key.key, registry=registry)
            verified = True
    except (JoseError, ValueError, TypeError, KeyError):
        verified = False
    if not verified:
        raise TokenRefused("signature")
    return header, claims


def _chosen(keys: Sequence[PublicKey], algorithm: str, kid: object) -> PublicKey:
    """By its name; a token that names none must leave no choice (Core §10.1). Whatever else the header says of keys
    (`jwk`, `jku`, `x5u`) is not looked at: it comes from whoever made the token."""
    kind, curves = FAMILIES[algorithm]
    fitting = [one for one in keys if one.kind == kind and one.curve in curves and one.algorithm in (None, algorithm)]
    named = [one for one in fitting if kid is None or one.kid == kid]
    if not named:
        raise UnknownKey
    if len(named) > 1:
        raise TokenRefused("key")
    return named[0]


def _key(raw: object) -> PublicKey | None:
    if not isinstance(raw, dict) or raw.get("use", "sig") != "sig":
        return None
    if "key_ops" in raw and raw["key_ops"] != ["verify"]:
        return None
    kind, kid, algorithm = raw.get("kty"), raw.get("kid"), raw.get("alg")
    public = {name: raw[name] for name in ("kty", "n", "e", "crv", "x", "y") if isinstance(raw.get(name), str)}
    try:
        key: RSAKey | ECKey | OKPKey
        if kind == "RSA":
            if len(_bytes(public.get("n", "")).lstrip(b"\0")) * 8 < SHORTEST_RSA:
                return None
            key = RSAKey.import_key(public)
        elif kind == "EC":
            key = ECKey.import_key(public)
        elif kind == "OKP":
            key = OKPKey.import_key(public)
        else:
            return None
        key.public_key  # noqa: B018 - made when it is first asked for; a point that is none of the curve is refused here
    except (JoseError, TokenRefused, ValueError, TypeError, KeyError):
        return None
    curve = public.get("crv") if kind != "RSA" else None
    return PublicKey(
        kid if isinstance(kid, str) else None, algorithm if isinstance(algorithm, str) else None, kind, curve, key
    )


def _fields(part: str) -> Mapping[str, Any]:
    try:
        decoded = msgspec.json.decode(_bytes(part))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise TokenRefused("form") from None
    if not isinstance(decoded, dict):
        raise TokenRefused("form")
    return decoded


def _bytes(part: str) -> bytes:
    """base64url as it is written in exactly one way (RFC 7515 §2): nothing may be changed without changing what it says."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", part):
        raise TokenRefused("form")
    try:
        read = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (BinasciiError, ValueError):
        raise TokenRefused("form") from None
    if urlsafe_b64encode(read).rstrip(b"=").decode() != part:
        raise TokenRefused("form")
    return read
