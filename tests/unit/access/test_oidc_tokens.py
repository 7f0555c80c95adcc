"""Which ID tokens are believed, on the specifications' own samples and on ours; and that no other is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, strategies as st
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from irm.access.oidc_tokens import (
    LEEWAY,
    OLDEST,
    Expected,
    PublicKey,
    TokenRefused,
    UnknownKey,
    identity_of,
    keys_of,
    opened,
)
from tests.fakes.identity_provider import KEY, NEXT_KEY, b64, sign, unsigned

NOW = datetime(2026, 11, 20, 19, 41, tzinfo=UTC)
ISSUER, CLIENT = "https://id.pds.example", "irm@pds"
EXPECTED = Expected(ISSUER, CLIENT, "n-0S6_WzA2Mj")
EC = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
ED = OKPKey.generate_key("Ed25519", {"kid": "ed"}, private=True)


def published(*keys: Any, **more: Any) -> tuple[PublicKey, ...]:
    return keys_of({"keys": [key.as_dict(private=False) | more for key in keys]})


KEYS = published(KEY, EC, ED)


def claims(**changed: Any) -> dict[str, Any]:
    """Core §2's sample, at irm's moment; None leaves one out."""
    at = int(NOW.timestamp())
    own = {"iss": ISSUER, "sub": "24400320", "aud": CLIENT, "nonce": "n-0S6_WzA2Mj", "exp": at + 300, "iat": at}
    return {name: value for name, value in (own | changed).items() if value is not None}


def token(key: Any = KEY, algorithm: str = "RS256", header: dict[str, Any] | None = None, **changed: Any) -> str:
    return sign({"alg": algorithm, "kid": key.kid} | (header or {}), claims(**changed), key)


def refusal(text: str, keys: tuple[PublicKey, ...] = KEYS, expected: Expected = EXPECTED) -> str:
    with pytest.raises(TokenRefused) as caught:
        identity_of(text, keys, expected, now=NOW)
    return caught.value.reason


@pytest.mark.parametrize(("key", "algorithm"), [(KEY, "RS256"), (KEY, "PS512"), (EC, "ES256"), (ED, "Ed25519")])
def test_who_is_vouched_for(key: Any, algorithm: str) -> None:
    found = identity_of(token(key, algorithm, acr="urn:city:loa:3", amr=["pwd", "otp", 7]), KEYS, EXPECTED, now=NOW)
    assert (found.issuer, found.subject, found.acr) == (ISSUER, "24400320", "urn:city:loa:3")
    assert found.amr == {"pwd", "otp"}


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_ed25519_is_understood() -> None:
    assert identity_of(token(ED, "EdDSA"), KEYS, EXPECTED, now=NOW).subject == "24400320"
    forged = token(OKPKey.generate_key("Ed25519", private=True), "EdDSA", {"kid": "ed"})
    assert refusal(forged) == "signature"


RSA_OF_RFC_7515 = {
    "kty": "RSA",
    "e": "AQAB",
    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZ"
    "S-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg6"
    "65xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp"
    "oQ",
}
SIGNED_BY_RFC_7515 = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)


def test_the_sample_of_rfc_7515_a_2_is_signed_and_nothing_of_irms() -> None:
    keys = keys_of({"keys": [RSA_OF_RFC_7515]})
    _header, read = opened(SIGNED_BY_RFC_7515, keys, EXPECTED.algorithms)
    assert read == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert refusal(SIGNED_BY_RFC_7515, keys) == "issuer"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://id.elsewhere.example"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "another"}, "audience"),
        ({"aud": [CLIENT, "another"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"azp": "another"}, "audience"),
        ({"exp": int((NOW - LEEWAY).timestamp())}, "expired"),
        ({"exp": None}, "form"),
        ({"exp": True}, "form"),
        ({"exp": "9999999999"}, "form"),
        ({"exp": 10**400}, "form"),
        ({"iat": None}, "form"),
        ({"iat": int((NOW + LEEWAY).timestamp()) + 1}, "future"),
        ({"nbf": int((NOW + LEEWAY).timestamp()) + 1}, "future"),
        ({"iat": int((NOW - OLDEST - LEEWAY).timestamp()) - 1}, "old"),
        ({"nonce": "another"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"sub": ""}, "subject"),
        ({"sub": None}, "subject"),
        ({"sub": 24400320}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"sub": "two\nlines"}, "subject"),
    ],
)
def test_every_refusal_of_what_is_signed(changed: dict[str, Any], reason: str) -> None:
    assert refusal(token(**changed)) == reason


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": int((NOW - LEEWAY).timestamp()) + 1},
        {"iat": int((NOW + LEEWAY).timestamp())},
        {"iat": int((NOW - OLDEST - LEEWAY).timestamp())},
        {"aud": [CLIENT]},
        {"azp": CLIENT},
        {"exp": NOW.timestamp() + 0.5},
    ],
)
def test_what_is_just_within(changed: dict[str, Any]) -> None:
    assert identity_of(token(**changed), KEYS, EXPECTED, now=NOW).subject == "24400320"


SINCE = Expected(ISSUER, CLIENT, EXPECTED.nonce, since=NOW - timedelta(minutes=2))


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (None, "stale"),
        (int((NOW - timedelta(minutes=2) - LEEWAY).timestamp()) - 1, "stale"),
        (int((NOW + LEEWAY).timestamp()) + 1, "future"),
        (str(int(NOW.timestamp())), "form"),
        (True, "form"),
        (-1, "form"),
    ],
)
def test_whoever_must_show_it_anew_has_shown_it_then(at: Any, reason: str) -> None:
    """`auth_time` is required where `max_age` was asked (Core §2)."""
    assert refusal(token(auth_time=at), expected=SINCE) == reason


@pytest.mark.parametrize("at", [NOW, NOW + LEEWAY, NOW - timedelta(minutes=2) - LEEWAY])
def test_shown_anew_within_what_the_clocks_may_differ(at: datetime) -> None:
    assert identity_of(token(auth_time=int(at.timestamp())), KEYS, SINCE, now=NOW).subject == "24400320"


def test_the_session_there_is_known_by_its_name_if_it_is_one() -> None:
    for sid, known in (("08a5019c-17e1", "08a5019c-17e1"), (None, None), (7, None), ("", None), ("x" * 256, None)):
        assert identity_of(token(sid=sid), KEYS, EXPECTED, now=NOW).sid == known


def test_nothing_unsigned_and_nothing_signed_with_a_secret() -> None:
    assert refusal(unsigned(claims())) == "form"
    assert refusal(f"{b64(b'{}')}.{b64(json.dumps(claims()).encode())}.{b64(b'x')}") == "algorithm"
    pem = KEY.as_pem(private=False)
    for material in (pem, json.dumps(KEY.as_dict(private=False)).encode(), b"s3cret" * 8):
        secret = OctKey.import_key(b64(material).encode(), {"kid": KEY.kid})
        assert refusal(token(secret, "HS256")) == "algorithm", "whoever has read the public key could have made this"
    for name in ("none", "None", "nOnE"):
        header = b64(json.dumps({"alg": name, "kid": KEY.kid}).encode())
        assert refusal(f"{header}.{b64(json.dumps(claims()).encode())}.{b64(b'x')}") == "algorithm"


def test_an_algorithm_that_the_provider_does_not_name_is_none_of_its() -> None:
    only_rs = Expected(ISSUER, CLIENT, EXPECTED.nonce, frozenset({"RS256"}))
    assert refusal(token(EC, "ES256"), expected=only_rs) == "algorithm"
    even_hs = Expected(ISSUER, CLIENT, EXPECTED.nonce, frozenset({"RS256", "HS256", "none"}))
    secret = OctKey.import_key(b64(b"s3cret" * 8).encode(), {"kid": KEY.kid})
    assert refusal(token(secret, "HS256"), expected=even_hs) == "algorithm"


def test_the_key_is_the_providers_whatever_the_token_says() -> None:
    forger = RSAKey.generate_key(2048, {"kid": KEY.kid}, private=True)
    own = {"jwk": forger.as_dict(private=False), "jku": "https://forger.example/keys", "x5u": "https://forger.example"}
    assert refusal(token(forger, header=own)) == "signature"
    with pytest.raises(UnknownKey):
        identity_of(token(NEXT_KEY), KEYS, EXPECTED, now=NOW)
    critical = b64(json.dumps({"alg": "RS256", "kid": KEY.kid, "crit": ["exp"], "exp": 1}).encode())
    assert refusal(".".join([critical, *GOOD.split(".")[1:]])) == "form"
    twice = published(KEY, NEXT_KEY, kid="same")
    assert refusal(token(header={"kid": "same"}), twice) == "key", "a name for two keys leaves a choice"
    assert identity_of(token(header={"kid": None}), published(KEY), EXPECTED, now=NOW), "one key leaves none"
    assert refusal(token(header={"kid": None}), published(KEY, NEXT_KEY)) == "key"
    meant = published(KEY, alg="PS256")
    assert refusal(token(), meant) == "key", "a key that is meant for another algorithm"


def test_only_keys_that_can_prove_are_kept() -> None:
    short = {"kty": "RSA", "e": "AQAB", "n": b64(b"\x01" + b"\0" * 127), "kid": "short"}
    own = KEY.as_dict(private=False)
    off_curve = EC.as_dict(private=False) | {"x": b64(b"\x01" * 32)}
    for odd in (
        short,
        own | {"use": "enc"},
        own | {"key_ops": ["encrypt"]},
        own | {"n": None},
        off_curve,
        {"kty": "oct", "k": b64(b"secret" * 8)},
        {"kty": "SM2", "x": "x"},
        "text",
        None,
    ):
        assert keys_of({"keys": [odd]}) == (), odd
    assert len(keys_of({"keys": [short, own, None]})) == 1
    assert keys_of({"keys": "none"}) == keys_of({}) == ()
    private = keys_of({"keys": [KEY.as_dict(private=True)]})
    assert not private[0].key.is_private, "what a provider publishes by mistake is not kept"


GOOD = token()


@given(st.data())
def test_no_token_that_was_tampered_with_is_believed(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda one: one != GOOD[at]))
    how = data.draw(st.sampled_from(("replaced", "left out", "put in", "cut off")))
    changed = {
        "replaced": GOOD[:at] + other + GOOD[at + 1 :],
        "left out": GOOD[:at] + GOOD[at + 1 :],
        "put in": GOOD[:at] + other + GOOD[at:],
        "cut off": GOOD[:at],
    }[how]
    assert refusal(changed) in {"form", "algorithm", "key", "signature"}


def test_a_signature_is_written_in_one_way_only() -> None:
    """The last sign of 256 bytes in base64 has four bits that say nothing."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = GOOD[:-1] + signs[signs.index(GOOD[-1]) + 1]
    assert refusal(twin) == "form"
    assert refusal(GOOD + "=") == "form"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip"]), JSON), JSON)
def test_whatever_is_put_around_claims_that_somebody_else_made(header: dict[str, Any], claimed: Any) -> None:
    """The signature is the true token's."""
    signature = GOOD.rpartition(".")[2]
    body = claims() | claimed if isinstance(claimed, dict) else claimed
    made = [b64(json.dumps({"alg": "RS256", "kid": KEY.kid} | header).encode()), b64(json.dumps(body).encode())]
    if ".".join(made) != GOOD.rpartition(".")[0]:
        assert refusal(".".join([*made, signature])) in {"form", "algorithm", "key", "signature"}


@given(st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce", "acr", "amr"]), JSON))
def test_odd_claims_of_the_provider_itself_never_break_it(odd: dict[str, Any]) -> None:
    signed = sign({"alg": "ES256", "kid": "ec"}, claims() | odd, EC)
    try:
        found = identity_of(signed, KEYS, EXPECTED, now=NOW)
    except TokenRefused:
        return
    assert found.issuer == ISSUER
    assert odd.get("aud", CLIENT) in (CLIENT, [CLIENT])
    assert odd.get("nonce", EXPECTED.nonce) == EXPECTED.nonce


def test_a_token_too_long_is_not_read() -> None:
    assert refusal(token(filler="x" * 20_000)) == "form"


def test_the_moment_is_the_one_given() -> None:
    late = NOW + timedelta(hours=1)
    with pytest.raises(TokenRefused, match="expired"):
        identity_of(GOOD, KEYS, EXPECTED, now=late)
