"""Whom a step may name, and how it is written: `on_duty(incident.using_units)`, `role(cloud_authority, duty_leader)`. Pure."""

import re
from difflib import get_close_matches
from typing import Final, NoReturn
from uuid import UUID

from irm.access.policy import Role
from irm.playbooks.steps import Target

SELECTORS: Final = (
    "cloud_authority",
    "city_cyberspace_office",
    "provincial_cyberspace_office",
    "public_security",
    "duty_general",
    "incident.operators",
    "incident.using_units",
    "incident.maintainers",
    "incident.vendors",
    "incident.protection_departments",
    "obligation.bearer",
)
"""Parts that organizations have in an incident; `code:<organization code>` names one for ever."""

ROLES: Final = tuple(role.value for role in Role)

_SHAPE = re.compile(r"(?P<kind>[a-z_]+)\((?P<who>[^(),]+)(?:,(?P<role>[^(),]+))?\)")
_CODE = re.compile(r"code:[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def parse_target(text: str, *, only: tuple[str, ...] = ("on_duty", "role", "person", "organization")) -> Target:
    """Raises ValueError: what is wrong – what was meant."""
    match = _SHAPE.fullmatch("".join(text.split()))
    if match is None:
        _refuse(f"“{text}” names nobody", "on_duty(cloud_authority) or role(cloud_authority, duty_leader)")
    kind, who, role = match["kind"], match["who"], match["role"]
    if kind not in only:
        _refuse(f"There is no “{kind}(…)” here", _meant(kind, only))
    if (kind == "role") != (role is not None):
        _refuse(f"“{kind}” takes {'an organization and a role' if kind == 'role' else 'one name'}", _example(kind, who))
    if role is not None and role not in ROLES:
        _refuse(f"Nobody can hold the role “{role}”", _meant(role, ROLES))
    if kind == "person":
        try:
            who = str(UUID(who))
        except ValueError:
            _refuse(f"“{who}” is no person", "person(<id of the person>); a role outlives whoever holds it")
    elif not _CODE.fullmatch(who) and who not in SELECTORS:
        _refuse(f"“{who}” is no organization", _meant(who, SELECTORS))
    return Target(kind, who, role)  # type: ignore[arg-type]  # `only` holds nothing else


def _example(kind: str, who: str) -> str:
    return f"role({who}, duty_leader)" if kind == "role" else f"{kind}({who})"


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, 1) or [one for one in known if one.rpartition(".")[2] == word][:1]
    return f"{close[0]}?" if close else "one of " + ", ".join(known)


def _refuse(message: str, hint: str) -> NoReturn:
    text = f"{message} – {hint}"
    raise ValueError(text)
