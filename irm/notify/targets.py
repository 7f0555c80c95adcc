"""Whom a playbook step or a reminder means: `on_duty(incident.using_units)`, `role(cloud_authority, duty_leader)`. Pure.

A reference is a word of the run's facts copy (`incident.using_units`, `obligation.bearer`, `cloud_authority`), or an
organization's, person's or post's id.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

Kind = Literal["on_duty", "role", "person", "post", "organization"]
KINDS: Final = ("on_duty", "role", "person", "post", "organization")
SHAPE: Final = re.compile(r"\s*(?P<kind>[a-z_]+)\s*\(\s*(?P<of>[\w.:@-]+)\s*(?:,\s*(?P<role>[\w-]+)\s*)?\)\s*")


class TargetError(ValueError):
    """The text is no target; the message says what is expected."""


@dataclass(frozen=True)
class Target:
    kind: Kind
    of: str
    role: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}({self.of}, {self.role})" if self.role else f"{self.kind}({self.of})"


def parse(text: str) -> Target:
    match = SHAPE.fullmatch(text)
    if match is None:
        message = f"{text!r} is no target; write on_duty(organization) or role(organization, role)"
        raise TargetError(message)
    kind, of, role = match["kind"], match["of"], match["role"]
    if kind not in KINDS:
        message = f"unknown kind of target {kind!r}; known: {', '.join(KINDS)}"
        raise TargetError(message)
    if (kind == "role") != (role is not None):
        message = "role(organization, role) takes two words" if kind == "role" else f"{kind}(…) takes one word"
        raise TargetError(message)
    return Target(kind, of, role)  # type: ignore[arg-type]  # membership in KINDS is checked above


def as_id(text: object) -> UUID | None:
    if isinstance(text, UUID):
        return text
    try:
        return UUID(str(text))
    except ValueError:
        return None


def referred(of: str, context: Mapping[str, Any]) -> tuple[UUID, ...] | None:
    """The ids that `of` stands for in a facts copy; None when the context does not speak of it at all.

    `incident.X` and plain `X` read `context["organizations"][X]`; `obligation.X` reads `context["obligation"][X]`.
    """
    if (own := as_id(of)) is not None:
        return (own,)
    scope, dot, word = of.rpartition(".")
    if dot and scope != "incident":
        holder = context.get(scope)
        value = holder.get(word) if isinstance(holder, Mapping) else None
    else:
        value = (context.get("organizations") or {}).get(word)
    if value is None:
        return None
    values: Iterable[object] = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    ids = (as_id(each) for each in values)
    return tuple(dict.fromkeys(each for each in ids if each is not None))
