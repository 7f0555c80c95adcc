"""What irm is told and may believe of the city's identity provider: settings, its discovery document, its addresses. Pure.

OpenID Connect Core 1.0, Discovery 1.0, RP-Initiated Logout 1.0 and Back-Channel Logout 1.0; RFC 6749, 7636 (PKCE), 9207 (`iss` in the answer).
"""

import ipaddress
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from irm.config import Settings
from irm.errors import Conflict, Said, said
from irm.i18n import N_

CALLBACK: Final = "/login/oidc/callback"
BACK_CHANNEL: Final = "/api/v1/oidc/backchannel-logout"
ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""Those with a public key. With `none` nothing is signed, and HS256 could be made by whoever knows the client's secret
or, where a verifier mixes up its keys, the public one (RFC 8725 §2.1)."""
USUAL: Final = "RS256"
"""What a provider signs with that names nothing (Discovery §3)."""
METHODS: Final = ("client_secret_basic", "client_secret_post")
"""By which irm can show its secret; the first where the provider names none (Discovery §3)."""

NO_PROVIDER: Final = N_("No identity provider is set up.")
WITHOUT_TLS: Final = said("IRM_OIDC_ISSUER must be an https:// address without user, query and fragment.")
NO_CLIENT: Final = said("IRM_OIDC_CLIENT_ID is not set.")


class Odd(Exception):
    """The discovery document is none that irm may follow; the text says which part."""


@dataclass(frozen=True)
class Client:
    """irm, as the provider knows it, and what the city said of the provider."""

    issuer: str
    name: str
    """As people call it; on the button."""
    client_id: str
    redirect: str
    """To be registered at the provider, letter by letter."""
    signed_out: str
    """Where the provider leads back to after signing out there; to be registered, too."""
    back_channel: str
    """Where the provider says itself who has signed out there; to be registered, too."""
    hosts: frozenset[str]
    """On which its addresses may lie: the issuer's own, and what the city named."""
    secret: str = field(default="", repr=False)
    ca: Path | None = None
    factor_acr: frozenset[str] = frozenset()
    factor_amr: frozenset[str] = frozenset()
    """What the provider says of a sign-in with two factors; both empty: it never counts as one."""


def client_of(settings: Settings) -> Client | Said | None:
    """None: not asked for. Said: what of the settings is wrong; then nobody signs in this way."""
    issuer = settings.oidc_issuer.strip()
    if not issuer:
        return None
    host = _host(issuer)
    if not is_safe(issuer, frozenset({host})) or "?" in issuer:
        return WITHOUT_TLS
    if not settings.oidc_client_id:
        return NO_CLIENT
    own = settings.public_url.rstrip("/")
    return Client(
        issuer=issuer,
        name=settings.oidc_name.strip() or host,
        client_id=settings.oidc_client_id,
        redirect=own + CALLBACK,
        signed_out=f"{own}/login?done=out",
        back_channel=own + BACK_CHANNEL,
        hosts=_words(settings.oidc_hosts) | {host},
        secret=settings.oidc_secret.get_secret_value(),
        ca=settings.oidc_ca,
        factor_acr=_words(settings.oidc_factor_acr),
        factor_amr=_words(settings.oidc_factor_amr),
    )


def issuer_of(settings: Settings) -> str:
    """For whoever links an identity by hand. Raises Conflict where no provider is set up."""
    client = client_of(settings)
    if not isinstance(client, Client):
        raise Conflict(NO_PROVIDER)
    return client.issuer


def is_safe(address: str, hosts: frozenset[str]) -> bool:
    """Over TLS, to one of `hosts`; without it only within the machine itself."""
    host = _host(address)
    if not host or host not in hosts or not address.isascii():
        return False
    parts = urlsplit(address)
    if parts.username or parts.password or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_own_machine(host))


def _host(address: str) -> str:
    """Empty: it has none, or is no address at all."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # read here, because an odd one is found out only then
    except ValueError:
        return ""
    return parts.hostname or ""


def is_own_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def discovery_address(client: Client) -> str:
    """Discovery §4: appended to the issuer, behind its path."""
    return client.issuer.rstrip("/") + "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Metadata:
    """What of the discovery document irm uses."""

    authorization: str
    token: str
    keys: str
    end_session: str | None
    algorithms: frozenset[str]
    method: str
    """How irm shows its secret."""
    tells_issuer: bool
    """Its answers carry `iss` (RFC 9207), so that one without is none of its."""
    tells_logout: bool
    """It says by the back channel who has signed out there (Back-Channel Logout 1.0 §2.1)."""


def metadata_of(raw: Mapping[str, Any], client: Client) -> Metadata:
    """Raises Odd. An address on a host that the city did not name is not followed: irm would call, or lead people, there."""
    if raw.get("issuer") != client.issuer:
        raise Odd("issuer")
    addresses = {}
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "end_session_endpoint"):
        address = raw.get(name)
        if address is None and name == "end_session_endpoint":
            continue
        if not isinstance(address, str) or not is_safe(address, client.hosts):
            raise Odd(name)
        addresses[name] = address
    if "code" not in _list(raw, "response_types_supported", ["code"]):
        raise Odd("response_types_supported")
    algorithms = ALGORITHMS & set(_list(raw, "id_token_signing_alg_values_supported", [USUAL]))
    if not algorithms:
        raise Odd("id_token_signing_alg_values_supported")
    offered = _list(raw, "token_endpoint_auth_methods_supported", [METHODS[0]])
    method = next((one for one in METHODS if one in offered), "") if client.secret else "none"
    if not method:
        raise Odd("token_endpoint_auth_methods_supported")
    return Metadata(
        authorization=addresses["authorization_endpoint"],
        token=addresses["token_endpoint"],
        keys=addresses["jwks_uri"],
        end_session=addresses.get("end_session_endpoint"),
        algorithms=algorithms,
        method=method,
        tells_issuer=raw.get("authorization_response_iss_parameter_supported") is True,
        tells_logout=raw.get("backchannel_logout_supported") is True,
    )


@dataclass(frozen=True)
class Asking:
    """What one sign-in at the provider is held together by; all of it follows from `token`, which only the browser keeps.
    One way: who reads the state in an address knows neither the nonce nor the verifier (RFC 7636 §7.1: 256 bits)."""

    token: str = field(repr=False)

    @property
    def state(self) -> str:
        return self._part("state")

    @property
    def nonce(self) -> str:
        return self._part("nonce")

    @property
    def verifier(self) -> str:
        return self._part("verifier")

    def _part(self, name: str) -> str:
        return _plain(sha256(f"{name}/{self.token}".encode()).digest())


def authorization_address(metadata: Metadata, client: Client, asking: Asking, *, anew: bool = False) -> str:
    """Where the browser is led to (Core §3.1.2.1). Only `openid` is asked for: who it is, and nothing about them. `anew`:
    they show it there now, whatever session there is."""
    asked = {
        "response_type": "code",
        "scope": "openid",
        "client_id": client.client_id,
        "redirect_uri": client.redirect,
        "state": asking.state,
        "nonce": asking.nonce,
        "code_challenge": challenge_of(asking.verifier),
        "code_challenge_method": "S256",
    }
    if anew:
        asked |= {"prompt": "login", "max_age": "0"}
    if client.factor_acr:
        asked["acr_values"] = " ".join(sorted(client.factor_acr))
    return _with(metadata.authorization, asked)


def end_session_address(metadata: Metadata, client: Client) -> str | None:
    """Where the browser is led to for signing out there, too; None: the provider has no such place. irm keeps no token of
    the provider, so it names itself instead of showing one (RP-Initiated Logout §2)."""
    if metadata.end_session is None:
        return None
    return _with(metadata.end_session, {"client_id": client.client_id, "post_logout_redirect_uri": client.signed_out})


def exchange(metadata: Metadata, client: Client, *, code: str, verifier: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of the request that gives the code for an ID token (RFC 6749 §4.1.3, §2.3.1)."""
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect,
        "code_verifier": verifier,
    }
    if metadata.method == METHODS[0]:
        from_both = f"{quote(client.client_id, safe='')}:{quote(client.secret, safe='')}".encode()
        headers["authorization"] = "Basic " + b64encode(from_both).decode()
    else:
        fields["client_id"] = client.client_id
        if client.secret:
            fields["client_secret"] = client.secret
    return headers, urlencode(fields).encode()


def challenge_of(verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    return _plain(sha256(verifier.encode()).digest())


def counts_as_two(client: Client, *, acr: str | None, amr: frozenset[str]) -> bool:
    """Was the second factor shown at the provider, by the city's own word of what says so?"""
    return acr in client.factor_acr or not amr.isdisjoint(client.factor_amr)


def _plain(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def _with(address: str, query: Mapping[str, str]) -> str:
    """A query that the address has already stays (RFC 6749 §3.1)."""
    return address + ("&" if "?" in address else "?") + urlencode(query, quote_via=quote)


def _list(raw: Mapping[str, Any], name: str, otherwise: list[str]) -> list[str]:
    found = raw.get(name, otherwise)
    if not isinstance(found, list):
        raise Odd(name)
    return [one for one in found if isinstance(one, str)]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
