"""Whether passkeys can be used at irm's public address, and to what they are bound there. Pure.

Browsers give them only to pages that came over https or from the machine itself, and only under a name: an address in
digits is no relying party (W3C Web Authentication Level 2, §5.1.3 and §13.4.9).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from irm.i18n import N_

WhyNot = Literal["plain", "number"]
WHY_NOT: Final[Mapping[WhyNot, str]] = {
    "plain": N_("irm is reached here over plain http, and browsers give passkeys only to pages that come over https."),
    "number": N_("irm is reached here by a number instead of a name, and passkeys are bound to a name."),
}
OWN_MACHINE: Final = "localhost"
PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True)
class RelyingParty:
    id: str
    """The name that passkeys are bound to: the host without port."""
    origin: str
    """As browsers write it: lower case, no port where it is the usual one."""


def relying_party(public_url: str) -> RelyingParty | WhyNot:
    """Of `Settings.public_url`; otherwise the key of `WHY_NOT`."""
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if _is_number(host):
        return "number"
    if parts.scheme != "https" and host != OWN_MACHINE and not host.endswith(f".{OWN_MACHINE}"):
        return "plain"
    port = "" if parts.port in (None, PORTS.get(parts.scheme)) else f":{parts.port}"
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
