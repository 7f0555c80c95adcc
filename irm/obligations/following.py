"""How the items of a draft follow newer facts, item by item. Pure.

An item is a person's as soon as it says something else than what irm wrote there last. Nothing of a person's is ever
changed by itself; what is newer is offered, and taking it adds lines beneath.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

Items = Mapping[str, str]


@dataclass(frozen=True)
class Followed:
    items: dict[str, str]
    filled: dict[str, str]
    newer: dict[str, str]


def followed(items: Items, filled: Items, now: Items) -> Followed:
    """`items` as they stand, `filled` as irm wrote them last, `now` as irm would write them."""
    after, base, newer = dict(items), dict(filled), {}
    for key, text in now.items():
        if items.get(key, "").strip() == filled.get(key, "").strip():
            if text or key in base:
                after[key] = base[key] = text
        elif added(filled.get(key, ""), text):
            newer[key] = text
    return Followed({key: text for key, text in after.items() if text or key in items}, base, newer)


def added(before: str, text: str) -> tuple[str, ...]:
    """The lines of `text` that `before` does not have: what is newer."""
    known = {line.strip() for line in before.splitlines()}
    return tuple(line for line in text.splitlines() if line.strip() and line.strip() not in known)


def taken(written: str, filled: str, text: str) -> str:
    """What a person wrote, with the newer lines beneath it."""
    new = [line for line in added(filled, text) if line not in added("", written)]
    return "\n".join([written.rstrip(), *new]).strip("\n") if new else written


def print_of(text: str) -> str:
    """Tells whether a field of a form still says what it said when the form was shown."""
    return sha256(text.replace("\r\n", "\n").strip().encode()).hexdigest()[:16]
