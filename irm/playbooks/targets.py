"""Whom a step may name, and how it is written: `on_duty(incident.using_units)`, `role(cloud_authority, duty_leader)`. Pure."""

import re
from typing import Final
from uuid import UUID

from irm.access.policy import Role
from irm.conditions import meant, one_of
from irm.errors import Wrong, quoted, said
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
    """Raises Wrong: what is wrong, and what was meant."""
    match = _SHAPE.fullmatch("".join(text.split()))
    if match is None:
        hint = said("on_duty(cloud_authority) or role(cloud_authority, duty_leader)")
        raise Wrong(said("“%(value)s” names nobody.", value=quoted(text)), hint)
    kind, who, role = match["kind"], match["who"], match["role"]
    if kind not in only:
        raise Wrong(said("There is no “%(name)s” here.", name=f"{quoted(kind)}(…)"), _meant(kind, only))
    if kind == "role" and role is None:
        raise Wrong(said("“%(kind)s” takes an organization and a role.", kind=kind), f"role({who}, duty_leader)")
    if kind != "role" and role is not None:
        raise Wrong(said("“%(kind)s” takes one name.", kind=kind), f"{kind}({who})")
    if role is not None and role not in ROLES:
        raise Wrong(said("Nobody can hold the role “%(role)s”.", role=role), _meant(role, ROLES))
    if kind == "person":
        try:
            who = str(UUID(who))
        except ValueError as error:
            hint = said("person(<id of the person>); a role outlives whoever holds it")
            raise Wrong(said("“%(value)s” is no person.", value=quoted(who)), hint) from error
    elif not _CODE.fullmatch(who) and who not in SELECTORS:
        raise Wrong(said("“%(value)s” is no organization.", value=quoted(who)), _meant(who, SELECTORS))
    return Target(kind, who, role)  # type: ignore[arg-type]  # `only` holds nothing else


def _meant(word: str, known: tuple[str, ...]) -> str:
    last = [one for one in known if one.rpartition(".")[2] == word][:1]
    return meant(word, known, said("%(name)s?", name=last[0]) if last else one_of(known))
