"""What of a provider's discovery document is followed, and what irm sends."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st
from pydantic import SecretStr

from irm.access.oidc_metadata import (
    NO_CLIENT,
    WITHOUT_TLS,
    Asking,
    Client,
    Odd,
    authorization_address,
    challenge_of,
    client_of,
    counts_as_two,
    discovery_address,
    end_session_address,
    exchange,
    is_safe,
    metadata_of,
)
from irm.config import Settings

SETTINGS = Settings(
    oidc_issuer="https://server.example.com",
    oidc_client_id="s6BhdRkqt3",
    oidc_secret=SecretStr("gX1fBat3bV"),
    public_url="https://irm.pds.example/",
)
# OpenID Connect Discovery 1.0 §4.2, the sample answer; its JavaScript and claims left out.
SAMPLE: dict[str, Any] = {
    "issuer": "https://server.example.com",
    "authorization_endpoint": "https://server.example.com/connect/authorize",
    "token_endpoint": "https://server.example.com/connect/token",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
    "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES256"],
    "userinfo_endpoint": "https://server.example.com/connect/userinfo",
    "check_session_iframe": "https://server.example.com/connect/check_session",
    "end_session_endpoint": "https://server.example.com/connect/end_session",
    "jwks_uri": "https://server.example.com/jwks.json",
    "registration_endpoint": "https://server.example.com/connect/register",
    "scopes_supported": ["openid", "profile", "email", "address", "phone", "offline_access"],
    "response_types_supported": ["code", "code id_token", "id_token", "id_token token"],
    "acr_values_supported": ["urn:mace:incommon:iap:silver", "urn:mace:incommon:iap:bronze"],
    "subject_types_supported": ["public", "pairwise"],
    "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256"],
}


def client(**changed: Any) -> Client:
    made = client_of(SETTINGS.model_copy(update=changed))
    assert isinstance(made, Client)
    return made


def test_the_sample_of_the_specification() -> None:
    found = metadata_of(SAMPLE, client())
    assert found.token == "https://server.example.com/connect/token"
    assert found.keys == "https://server.example.com/jwks.json"
    assert found.algorithms == {"RS256", "ES256"}, "HS256 is never taken"
    assert found.method == "client_secret_basic"
    assert not found.tells_issuer
    assert discovery_address(client()) == "https://server.example.com/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "https://server.example.com/"),
        ("issuer", None),
        ("authorization_endpoint", "https://elsewhere.example/authorize"),
        ("authorization_endpoint", "javascript:alert(1)"),
        ("token_endpoint", "http://server.example.com/connect/token"),
        ("token_endpoint", "https://169.254.169.254/latest/meta-data"),
        ("token_endpoint", "https://irm@server.example.com/"),
        ("token_endpoint", None),
        ("jwks_uri", ["https://server.example.com/jwks.json"]),
        ("jwks_uri", "file:///etc/passwd"),
        ("end_session_endpoint", "https://elsewhere.example/out"),
        ("response_types_supported", ["id_token"]),
        ("id_token_signing_alg_values_supported", ["HS256", "none"]),
        ("id_token_signing_alg_values_supported", "RS256"),
        ("token_endpoint_auth_methods_supported", ["private_key_jwt"]),
    ],
)
def test_what_is_not_followed(name: str, value: Any) -> None:
    with pytest.raises(Odd, match=name):
        metadata_of(SAMPLE | {name: value}, client())


def test_a_host_that_the_city_named_is_followed() -> None:
    own = SAMPLE | {"jwks_uri": "https://keys.example.com:8443/jwks.json"}
    assert metadata_of(own, client(oidc_hosts="keys.example.com, other.example")).keys.endswith(":8443/jwks.json")
    with pytest.raises(Odd, match="jwks_uri"):
        metadata_of(own, client())


def test_settings_that_cannot_be_followed_are_said() -> None:
    assert client_of(Settings()) is None
    for issuer in (
        "http://id.pds.example",
        "https://a:b@id.example",
        "https://id.example?x=1",
        "id.example",
        "https://[x",
    ):
        assert client_of(SETTINGS.model_copy(update={"oidc_issuer": issuer})) == WITHOUT_TLS, issuer
    assert client_of(SETTINGS.model_copy(update={"oidc_client_id": ""})) == NO_CLIENT
    named = client(oidc_name="统一身份认证", oidc_ca=Path("/etc/ca.pem"))
    assert (named.name, named.ca) == ("统一身份认证", Path("/etc/ca.pem"))
    assert client().name == "server.example.com"
    assert "gX1fBat3bV" not in repr(named)


def test_without_tls_only_within_the_machine() -> None:
    for address in ("http://127.0.0.1:8080/x", "http://localhost/x", "http://[::1]/x"):
        assert is_safe(address, frozenset({"127.0.0.1", "localhost", "::1"}))
    assert not is_safe("http://10.0.0.1/x", frozenset({"10.0.0.1"}))
    assert not is_safe("https://server.example.com:99999/", frozenset({"server.example.com"}))


def test_pkce_is_that_of_rfc_7636_appendix_b() -> None:
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_address_to_which_a_browser_is_led() -> None:
    found = metadata_of(SAMPLE | {"authorization_endpoint": "https://server.example.com/a?tenant=pds"}, client())
    asking = Asking("token of the browser")
    address = authorization_address(found, client(oidc_factor_acr="loa3,loa4"), asking)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked == {
        "tenant": "pds",
        "response_type": "code",
        "scope": "openid",
        "client_id": "s6BhdRkqt3",
        "redirect_uri": "https://irm.pds.example/login/oidc/callback",
        "state": asking.state,
        "nonce": asking.nonce,
        "code_challenge": challenge_of(asking.verifier),
        "code_challenge_method": "S256",
        "acr_values": "loa3 loa4",
    }
    anew = parse_qs(
        urlsplit(authorization_address(found, client(oidc_factor_acr="loa3,loa4"), asking, anew=True)).query
    )
    assert {name: values[0] for name, values in anew.items()} == asked | {"prompt": "login", "max_age": "0"}
    assert asking.token not in address
    assert asking.verifier not in address


@given(st.text(max_size=40), st.text(max_size=40))
def test_what_holds_a_sign_in_together_differs_for_every_browser(one: str, other: str) -> None:
    parts = [Asking(one).state, Asking(one).nonce, Asking(one).verifier]
    assert len(set(parts)) == 3
    assert all(43 <= len(each) <= 128 for each in parts), "RFC 7636 §4.1"
    if one != other:
        assert set(parts).isdisjoint({Asking(other).state, Asking(other).nonce, Asking(other).verifier})


def test_the_secret_is_shown_as_the_provider_takes_it() -> None:
    basic = metadata_of(SAMPLE, client())
    headers, body = exchange(basic, client(), code="SplxlOBeZQQYbYS6WxSbIA", verifier="v")
    assert headers["authorization"] == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW", "RFC 6749 §2.3.1's own sample"
    assert b"client_secret" not in body
    assert b"code=SplxlOBeZQQYbYS6WxSbIA" in body
    posting = metadata_of(SAMPLE | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}, client())
    headers, body = exchange(posting, client(), code="c", verifier="v")
    assert "authorization" not in headers
    assert b"client_secret=gX1fBat3bV" in body
    public = client(oidc_secret=SecretStr(""))
    headers, body = exchange(metadata_of(SAMPLE, public), public, code="c", verifier="v")
    assert "authorization" not in headers
    assert b"client_id=s6BhdRkqt3" in body
    assert b"client_secret" not in body


def test_signing_out_there() -> None:
    found = metadata_of(SAMPLE, client())
    address = end_session_address(found, client())
    assert address is not None
    asked = parse_qs(urlsplit(address).query)
    assert asked["post_logout_redirect_uri"] == ["https://irm.pds.example/login?done=out"]
    without = {name: value for name, value in SAMPLE.items() if name != "end_session_endpoint"}
    assert end_session_address(metadata_of(without, client()), client()) is None


def test_two_factors_are_what_the_city_named() -> None:
    strict, open_ = client(oidc_factor_acr="loa3", oidc_factor_amr="otp,hwk"), client()
    assert counts_as_two(strict, acr="loa3", amr=frozenset())
    assert counts_as_two(strict, acr=None, amr=frozenset({"pwd", "hwk"}))
    assert not counts_as_two(strict, acr="loa2", amr=frozenset({"pwd"}))
    assert not counts_as_two(strict, acr=None, amr=frozenset())
    assert not counts_as_two(open_, acr="loa3", amr=frozenset({"mfa"})), "nothing counts that nobody named"
