"""The city's own bounds for planned changes (`policy.yaml`), read once."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML


@dataclass(frozen=True)
class OversightPolicy:
    longest_line: int
    longest_text: int
    furthest_days: int


@cache
def oversight_policy() -> OversightPolicy:
    given = YAML(typ="safe").load((files("irm.oversight") / "policy.yaml").read_text("utf-8"))
    return OversightPolicy(**given)
