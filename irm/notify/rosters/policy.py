"""The city's figures for rosters (`policy.yaml`), read once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.notify.rosters.quality import Limits


@dataclass(frozen=True)
class HandoverPolicy:
    """交接班. `early`: so long before its end a shift may be handed over for its end; `after`: so long after it still.
    `red_after`: what nobody has taken so long after the change of shift stands red. `ahead`: duties with a limit within
    it are told."""

    early: timedelta
    after: timedelta
    red_after: timedelta
    ahead: timedelta


@dataclass(frozen=True)
class RosterPolicy:
    """`planned`: how far ahead a rotation is written out as shifts."""

    limits: Limits
    planned: timedelta
    handover: HandoverPolicy


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
    handover = HandoverPolicy(
        timedelta(minutes=given["handover_early_minutes"]),
        timedelta(hours=given["handover_after_hours"]),
        timedelta(minutes=given["handover_red_minutes"]),
        timedelta(days=given["handover_days_ahead"]),
    )
    return RosterPolicy(limits, timedelta(days=given["days_planned"]), handover)
