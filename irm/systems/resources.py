"""What an alert or a caller names (`https://oa.city.gov.cn:8443/x`, `10.1.2.3`, `web-07`) and what the register holds. Pure."""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final, Literal

ResourceKind = Literal["host", "address", "domain"]

KINDS: Final[tuple[ResourceKind, ...]] = ("host", "address", "domain")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LEAST_LABELS: Final = 2
LONGEST: Final = 253


@dataclass(frozen=True)
class Named:
    """`address` for an IP, else the names under which the register may know it, the whole one first."""

    address: str | None = None
    names: tuple[str, ...] = ()


def normalised(kind: ResourceKind, value: str) -> str:
    """As the register stores it: lower case; an address as a network (10.1.2.0/24, 10.1.2.3/32). ValueError else."""
    value = value.strip().lower().rstrip(".")
    if kind == "address":
        return str(ip_network(value, strict=False))
    if not 0 < len(value) <= LONGEST or not all(_LABEL.fullmatch(label) for label in _ascii(value).split(".")):
        message = f"not a {kind}: {value!r}"
        raise ValueError(message)
    return value


def named(text: str) -> Named:
    """Reads an address, a URL, `host:port` or a name; what cannot be read names nothing."""
    text = text.strip().lower()
    text = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text)
    text = re.split(r"[/?#\s]", text, maxsplit=1)[0].rpartition("@")[2]
    bare = text[1:].partition("]")[0] if text.startswith("[") else re.sub(r":\d+$", "", text)
    for candidate in (bare, text):
        try:
            return Named(address=str(ip_address(candidate)))
        except ValueError:
            continue
    bare = bare.rstrip(".")
    if not bare or len(bare) > LONGEST:
        return Named()
    labels = bare.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels) - _LEAST_LABELS + 1)] or [bare]
    return Named(names=tuple(dict.fromkeys([bare, *parents, labels[0]])))


def _ascii(name: str) -> str:
    """International names (政务.中国) by their ASCII form; ValueError when there is none."""
    try:
        return name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError as error:
        message = f"not a name: {name!r}"
        raise ValueError(message) from error
