"""What obligations, submissions and contact records are about. Pure: the subject's own room fills it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Subject:
    """`path` is the ledger's (`incident/<id>`), `number` what people say, `page` where it is read (`/incidents/SJ-…`).

    `level` is the one by which clocks run (1 the gravest), `urgency` the order in which people are called about it where
    that is another (`notify/bundling.py`). `parts`: part of the incident by organization.
    """

    path: str
    number: str
    page: str
    incident_id: UUID | None = None
    level: int | None = None
    exercise: bool = False
    parts: Mapping[UUID, UUID] = field(default_factory=dict)
    system_id: UUID | None = None
    """The system that it is, or whose change it is."""
    name: str = ""
    """What people call it, where its number says little: a system's name."""
    urgency: int | None = None


@dataclass(frozen=True)
class SystemName:
    """A system as people speak of it, and the code beside the name."""

    code: str
    name: str


def about_words(number: str, system: SystemName | None) -> str:
    """What a duty is about: a system by its name, a change of it by its own number with that name, else the number."""
    if system is None:
        return number
    return system.name if number == system.code else f"{number} · {system.name}"
