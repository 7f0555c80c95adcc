"""The figures of passwords, lock-out and sessions: a profile in `policies/`, because standards disagree.

`mlps3` (等保三级, the default) asks for composition and regular change; `asvs` (OWASP ASVS 5.0) forbids both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

from ruamel.yaml import YAML

from irm.access.policy import Role

Profile = Literal["mlps3", "asvs"]
DEFAULT_PROFILE: Final[Profile] = "mlps3"


@dataclass(frozen=True)
class SecurityPolicy:
    name: str
    password_least: int
    password_most: int
    password_classes: int
    """How many of lower case, upper case, digits and other characters a password must mix; 1: no rule."""
    password_age: timedelta | None
    """None: a password is never asked to be changed for its age."""
    lockout_failures: int
    lockout: timedelta
    session_idle: timedelta
    session_longest: timedelta
    sessions_at_once: int
    link_life: timedelta
    unused_after: timedelta
    """An account that nobody used for so long is suspended."""
    token_life: timedelta
    """An API token lasts at most."""
    delegation_longest: timedelta
    """Duties are handed over for at most so long."""
    factor_roles: frozenset[Role]
    """Whoever holds one of them needs a second factor."""
    factor_grace: timedelta
    code_wait: timedelta
    rates: Mapping[str, str]
    """How often one may try what (`irm/access/rates.py`), in the notation of the `limits` library: 120/minute."""


@cache
def security_policy(profile: str = DEFAULT_PROFILE) -> SecurityPolicy:
    """Raises FileNotFoundError for an unknown profile, KeyError for an incomplete one."""
    text = (files("irm.access") / "policies" / f"{profile}.yaml").read_text("utf-8")
    data = YAML(typ="safe").load(text)
    factor = data["second_factor"]
    password, lockout, session = data["password"], data["lockout"], data["session"]
    return SecurityPolicy(
        name=data["name"],
        password_least=password["least"],
        password_most=password["most"],
        password_classes=password["classes"],
        password_age=None if password["days"] is None else timedelta(days=password["days"]),
        lockout_failures=lockout["failures"],
        lockout=timedelta(minutes=lockout["minutes"]),
        session_idle=timedelta(minutes=session["idle_minutes"]),
        session_longest=timedelta(hours=session["hours"]),
        sessions_at_once=session["at_once"],
        link_life=timedelta(hours=data["link_hours"]),
        unused_after=timedelta(days=data["account"]["unused_days"]),
        token_life=timedelta(days=data["token_days"]),
        delegation_longest=timedelta(days=data["delegation_days"]),
        factor_roles=frozenset(Role(role) for role in factor["roles"]),
        factor_grace=timedelta(days=factor["grace_days"]),
        code_wait=timedelta(minutes=factor["code_minutes"]),
        rates=MappingProxyType(dict(data["rates"])),
    )
