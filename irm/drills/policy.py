"""The city's rules for drills (`policy.yaml`), read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from ruamel.yaml import YAML


@dataclass(frozen=True)
class DrillPolicy:
    live_incident_pauses: Literal["city", "organization"]
    standing_approval: bool
    makeup_until_month: int
    """Until the end of this month a drill may make up for the year before."""
    longest_title: int
    longest_text: int
    page_size: int
    needs_content: Mapping[str, str]
    """Rule → the content that a drill must have to meet it."""


@cache
def drill_policy() -> DrillPolicy:
    given = YAML(typ="safe").load((files("irm.drills") / "policy.yaml").read_text("utf-8"))
    return DrillPolicy(
        live_incident_pauses=given["live_incident_pauses"],
        standing_approval=given["standing_approval"],
        makeup_until_month=given["makeup_until_month"],
        longest_title=given["longest_title"],
        longest_text=given["longest_text"],
        page_size=given["page_size"],
        needs_content=given["needs_content"],
    )
