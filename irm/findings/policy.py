"""The city's own figures for rectification (`policy.yaml`), read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class FindingPolicy:
    steps: tuple[tuple[str, int], ...]
    """Kind of proposal, days after the day that passed."""
    default_days: Mapping[str, int]
    """By risk: the day that irm suggests when a finding is entered."""
    longest_line: int
    longest_text: int
    duty: Mapping[str, Any]


@cache
def finding_policy() -> FindingPolicy:
    given = YAML(typ="safe").load((files("irm.findings") / "policy.yaml").read_text("utf-8"))
    return FindingPolicy(
        tuple((one["kind"], one["days_over"]) for one in given["propose"]),
        given["default_days"],
        given["longest_line"],
        given["longest_text"],
        given["duty"],
    )
