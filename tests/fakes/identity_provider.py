"""An identity provider over HTTP: discovery, keys, authorization with PKCE, tokens, as OpenID Connect Core 1.0 has them.

It checks what irm sends as a strict provider does, and lies where a test says so: `claims` and `header` go over the token's
own, `token` stands in its place, `document` over the discovery document.
"""

import json
from base64 import b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from irm.clock import Clock
from tests.fakes.gateway import Answer, HttpServer, Request

SECRET = "s3cret / with + odd % signs"
KEY = RSAKey.generate_key(2048, {"kid": "2026-11"}, private=True)
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "2026-12"}, private=True)


@dataclass
class Person:
    """Whoever sits before the browser, as the provider knows them."""

    sub: str = "410400-0042"
    acr: str | None = None
    amr: tuple[str, ...] = ()


@dataclass
class IdentityProvider:
    http: HttpServer
    clock: Clock
    client_id: str = "irm@pingdingshan"
    redirect: str = "http://irm.test/login/oidc/callback"
    person: Person = field(default_factory=Person)
    key: RSAKey | ECKey | OKPKey = field(default_factory=lambda: KEY)
    algorithm: str = "RS256"
    published: list[Any] = field(default_factory=lambda: [KEY])
    document: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    """To the coming requests, whatever they are."""
    secret: str = SECRET
    _logouts: Iterator[int] = field(default_factory=count)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http.provider = self.answer

    @property
    def issuer(self) -> str:
        return self.http.url("/realms/city")

    def asked(self, path: str) -> int:
        """How often."""
        return sum(one.path.partition("?")[0].endswith(path) for one in self.http.taken)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        } | self.document

    def answer(self, request: Request) -> Answer | None:
        if self.answers:
            return self.answers.popleft()
        path = request.path.partition("?")[0].removeprefix("/realms/city")
        if path == "/.well-known/openid-configuration":
            return said(self.metadata())
        if path == "/keys":
            return said({"keys": [key.as_dict(private=False) | {"use": "sig"} for key in self.published]})
        if path == "/token":
            return self._token(request)
        if path == "/authorize":
            return Answer(302, "", headers={"location": self.authorize(self.http.url(request.path))})
        if path == "/logout":
            asked = parse_qs(urlsplit(request.path).query)
            assert asked["client_id"] == [self.client_id]
            return Answer(302, "", headers={"location": asked["post_logout_redirect_uri"][0]})
        return said({"error": "not_found"}, 404)

    def authorize(self, address: str, **lies: str) -> str:
        """The person signs in there; the address to which the browser is led back. `lies`: over the answer's own query."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/authorize?"), address
        assert asked["response_type"] == "code"
        assert asked["scope"].split() == ["openid"], "nothing is asked for that is not needed"
        assert asked["client_id"] == self.client_id
        assert asked["redirect_uri"] == self.redirect
        assert asked["code_challenge_method"] == "S256"
        assert min(len(asked["state"]), len(asked["nonce"])) >= 43, "256 bits each"
        code = f"code-{len(self._codes)}"
        self._codes[code] = asked
        answer = {"code": code, "state": asked["state"], "iss": self.issuer} | lies
        return f"{self.redirect}?{urlencode({name: value for name, value in answer.items() if value})}"

    def signed(self, nonce: str) -> str:
        """The ID token."""
        if self.token:
            return self.token
        now = int(self.clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.person.sub,
            "aud": self.client_id,
            "nonce": nonce,
            "iat": now,
            "auth_time": now,
            "exp": now + 300,
            "name": "值班员",
            "email": "duty@pds.example.invalid",
        }
        if self.person.acr:
            claims["acr"] = self.person.acr
        if self.person.amr:
            claims["amr"] = list(self.person.amr)
        header = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT"} | self.header
        lied = {name: value for name, value in (claims | self.claims).items() if value is not None}
        return sign(header, lied, self.key)

    def logout_token(self, header: dict[str, Any] | None = None, key: Any = None, **changed: Any) -> str:
        """As in Back-Channel Logout 1.0 §2.4; None leaves a claim out."""
        now = int(self.clock.now().timestamp())
        own = {
            "iss": self.issuer,
            "sub": self.person.sub,
            "aud": self.client_id,
            "iat": now,
            "exp": now + 120,
            "jti": f"bWJq-{next(self._logouts)}",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }
        claims = {name: value for name, value in (own | changed).items() if value is not None}
        return sign({"alg": "RS256", "kid": KEY.kid, "typ": "logout+jwt"} | (header or {}), claims, key or KEY)

    def _token(self, request: Request) -> Answer:
        sent = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        scheme, _, both = request.headers.get("authorization", "").partition(" ")
        name, _, secret = b64decode(both).decode().partition(":")
        if scheme != "Basic" or (unquote(name), unquote(secret)) != (self.client_id, self.secret):
            return said({"error": "invalid_client"}, 401)
        asked = self._codes.pop(sent["code"], None)
        if asked is None or sent["grant_type"] != "authorization_code" or sent["redirect_uri"] != asked["redirect_uri"]:
            return said({"error": "invalid_grant"}, 400)
        if b64(sha256(sent["code_verifier"].encode()).digest()) != asked["code_challenge"]:
            return said({"error": "invalid_grant", "error_description": "PKCE"}, 400)
        # Core §3.1.3.3: the sample answer's fields.
        given = {
            "access_token": "SlAV32hkKG",
            "token_type": "Bearer",
            "refresh_token": "8xLOxBtZp8",
            "expires_in": 3600,
        }
        return said(given | {"id_token": self.signed(asked["nonce"])})


def sign(header: Mapping[str, Any], claims: Mapping[str, Any], key: Any) -> str:
    registry = jws.JWSRegistry(algorithms=[header["alg"]], strict_check_header=False)
    given = {name: value for name, value in header.items() if value is not None}
    return jws.serialize_compact(given, json.dumps(claims), key, registry=registry)


def unsigned(claims: Mapping[str, Any]) -> str:
    """`alg: none` (RFC 7519 §6.1)."""
    return f"{b64(json.dumps({'alg': 'none'}).encode())}.{b64(json.dumps(claims).encode())}."


def said(fields: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(status, json.dumps(fields), headers={"date": "Fri, 20 Nov 2026 19:41:00 GMT"})


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
