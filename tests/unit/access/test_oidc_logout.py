"""Which logout tokens are believed (OpenID Connect Back-Channel Logout 1.0 §2.6), and that no other is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from joserfc.jwk import OctKey, RSAKey

from irm.access.oidc_logout import EVENT, KEPT, ExpectedLogout, SignedOut, logout_of
from irm.access.oidc_tokens import LEEWAY, OLDEST, Expected, TokenRefused, UnknownKey, identity_of, keys_of
from tests.fakes.identity_provider import KEY, NEXT_KEY, b64, sign, unsigned

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
ISSUER, CLIENT = "https://server.example.com", "s6BhdRkqt3"
EXPECTED = ExpectedLogout(ISSUER, CLIENT)
KEYS = keys_of({"keys": [KEY.as_dict(private=False)]})
AT = int(NOW.timestamp())


def claims(**changed: Any) -> dict[str, Any]:
    """§2.4's sample, at irm's moment; None leaves one out."""
    own = {
        "iss": ISSUER,
        "sub": "248289761001",
        "aud": CLIENT,
        "iat": AT,
        "exp": AT + 120,
        "jti": "bWJq",
        "sid": "08a5019c-17e1-4977-8f42-65a12843ea02",
        "events": {EVENT: {}},
    }
    return {name: value for name, value in (own | changed).items() if value is not None}


def token(key: Any = KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    return sign({"alg": algorithm, "kid": key.kid} | (header or {}), claims(**changed), key)


def refusal(text: str, expected: ExpectedLogout = EXPECTED) -> str:
    with pytest.raises(TokenRefused) as caught:
        logout_of(text, KEYS, expected, now=NOW)
    return caught.value.reason


def test_the_sample_of_the_specification_is_believed() -> None:
    sid = "08a5019c-17e1-4977-8f42-65a12843ea02"
    assert logout_of(token(), KEYS, EXPECTED, now=NOW) == SignedOut(ISSUER, "248289761001", sid, "bWJq")
    assert logout_of(token(sub=None), KEYS, EXPECTED, now=NOW) == SignedOut(ISSUER, None, sid, "bWJq")
    assert logout_of(token(sid=None), KEYS, EXPECTED, now=NOW).sid is None


@pytest.mark.parametrize("kind", [None, "JWT", "logout+jwt", "LOGOUT+JWT", "application/logout+jwt"])
def test_the_kinds_that_providers_write(kind: str | None) -> None:
    assert logout_of(token(header={"typ": kind}), KEYS, EXPECTED, now=NOW).token_id == "bWJq"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://id.elsewhere.example"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": [CLIENT, "another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"iat": None}, "form"),
        ({"iat": AT + int(LEEWAY.total_seconds()) + 1}, "future"),
        ({"iat": AT - int((OLDEST + LEEWAY).total_seconds()) - 1}, "old"),
        ({"exp": None}, "form"),
        ({"exp": AT - int(LEEWAY.total_seconds())}, "expired"),
        ({"events": None}, "events"),
        ({"events": EVENT}, "events"),
        ({"events": [EVENT]}, "events"),
        ({"events": {}}, "events"),
        ({"events": {EVENT: None}}, "events"),
        ({"events": {EVENT: "yes"}}, "events"),
        ({"events": {"http://schemas.openid.net/event/another": {}}}, "events"),
        ({"nonce": "n-0S6_WzA2Mj"}, "nonce"),
        ({"nonce": ""}, "nonce"),
        ({"jti": None}, "token_id"),
        ({"jti": ""}, "form"),
        ({"jti": 7}, "form"),
        ({"jti": "x" * 256}, "form"),
        ({"sub": None, "sid": None}, "subject"),
        ({"sub": 248289761001}, "form"),
        ({"sid": {"id": "08a5"}}, "form"),
        ({"sid": ""}, "form"),
    ],
)
def test_every_refusal_of_what_is_signed(changed: dict[str, Any], reason: str) -> None:
    assert refusal(token(**changed)) == reason


def test_what_is_no_logout_token_by_its_kind() -> None:
    for kind in ("at+jwt", "secevent+jwt", ""):
        assert refusal(token(header={"typ": kind})) == "form"


def test_what_nobody_or_somebody_else_signed() -> None:
    assert refusal(unsigned(claims())) == "form"
    secret = OctKey.import_key(b64(KEY.as_pem(private=False)).encode(), {"kid": KEY.kid})
    assert refusal(token(secret, "HS256")) == "algorithm"
    assert refusal(token(RSAKey.generate_key(2048, {"kid": KEY.kid}, private=True))) == "signature"
    with pytest.raises(UnknownKey):
        logout_of(token(NEXT_KEY), KEYS, EXPECTED, now=NOW)
    assert refusal(token(algorithm="PS256"), ExpectedLogout(ISSUER, CLIENT, frozenset({"RS256"}))) == "algorithm"
    for odd in ("", "a.b", "not a token", "x" * 20_000):
        assert refusal(odd) == "form"


def test_an_id_token_ends_nothing_and_a_logout_token_lets_nobody_in() -> None:
    signed_in = {"nonce": "n-0S6_WzA2Mj", "events": None, "jti": None}
    assert refusal(token(**signed_in)) == "events"
    expected = Expected(ISSUER, CLIENT, "n-0S6_WzA2Mj")
    with pytest.raises(TokenRefused, match="nonce"):
        identity_of(token(), KEYS, expected, now=NOW)
    with pytest.raises(TokenRefused, match="form"):
        identity_of(token(header={"typ": "logout+jwt"}, nonce="n-0S6_WzA2Mj"), KEYS, expected, now=NOW)


@pytest.mark.parametrize("lead", [-1, 0, 1])
def test_no_token_outlives_what_is_remembered_of_it(lead: int) -> None:
    """Taken at the earliest moment at which it is believed, it is too old when it is forgotten."""
    signed = token(iat=AT + int(LEEWAY.total_seconds()), exp=AT + 10**6)
    assert logout_of(signed, KEYS, EXPECTED, now=NOW)
    later = NOW + KEPT
    if lead <= 0:
        assert logout_of(signed, KEYS, EXPECTED, now=later)
        return
    with pytest.raises(TokenRefused, match="old"):
        logout_of(signed, KEYS, EXPECTED, now=datetime.fromtimestamp(later.timestamp() + lead, UTC))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just(EVENT), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(st.sampled_from(["iss", "sub", "sid", "aud", "exp", "iat", "nbf", "nonce", "jti", "events"]), JSON)
)
def test_odd_claims_of_the_provider_itself_never_break_it(odd: dict[str, Any]) -> None:
    signed = sign({"alg": "RS256", "kid": KEY.kid}, claims() | odd, KEY)
    try:
        found = logout_of(signed, KEYS, EXPECTED, now=NOW)
    except TokenRefused:
        return
    assert found.subject or found.sid
    assert "nonce" not in odd
