"""The city's own bounds for planned changes (`policy.yaml`), read once."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class OversightPolicy:
    longest_line: int
    longest_text: int
    furthest_days: int
    contract_before_days: tuple[int, ...]
    """With `vetting_before_days`: the farthest first; 0 and fewer would come too late."""
    vetting_before_days: tuple[int, ...]


@cache
def oversight_policy() -> OversightPolicy:
    given = YAML(typ="safe").load((files("irm.oversight") / "policy.yaml").read_text("utf-8"))
    before = ("contract_before_days", "vetting_before_days")
    values: dict[str, Any] = {name: tuple(value) if name in before else value for name, value in given.items()}
    return OversightPolicy(**values)
