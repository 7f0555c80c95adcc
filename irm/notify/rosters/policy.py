"""The city's figures for rosters (`policy.yaml`), read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.notify.rosters.quality import Limits


@dataclass(frozen=True)
class RosterPolicy:
    """`planned`: how far ahead a rotation is written out as shifts."""

    limits: Limits
    planned: timedelta


@cache
def roster_policy() -> RosterPolicy:
    given = YAML(typ="safe").load((files("irm.notify.rosters") / "policy.yaml").read_text("utf-8"))
    limits = Limits(
        given["hours_a_week"],
        given["nights_in_a_row"],
        given["night_begins"],
        given["night_ends"],
        timedelta(days=given["days_checked"]),
    )
    return RosterPolicy(limits, timedelta(days=given["days_planned"]))
