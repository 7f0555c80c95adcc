"""The city's figures for notes and hand-overs (`desk.yaml`), read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.access.policy import Role

ON_DUTY = "on_duty"


@dataclass(frozen=True)
class Call:
    """`to`: `on_duty`, or the role that is called."""

    to: str
    after: timedelta

    def target(self, organization: object) -> str:
        return f"on_duty({organization})" if self.to == ON_DUTY else f"role({organization}, {self.to})"


@dataclass(frozen=True)
class DeskPolicy:
    longest_note: int
    longest_handover: int
    calls: tuple[Call, ...]


@cache
def desk_policy() -> DeskPolicy:
    """Raises ValueError for a role that irm does not know, or calls that don't follow one another."""
    given = YAML(typ="safe").load((files("irm.incidents") / "desk.yaml").read_text("utf-8"))
    calls = tuple(Call(one["to"], timedelta(minutes=one["after_minutes"])) for one in given["handover"]["call"])
    for one in calls:
        if one.to != ON_DUTY:
            Role(one.to)
    if not calls or [one.after for one in calls] != sorted(one.after for one in calls):
        message = "desk.yaml: the calls of a hand-over stand in the order of their minutes"
        raise ValueError(message)
    return DeskPolicy(given["longest_note"], given["handover"]["longest_text"], calls)
