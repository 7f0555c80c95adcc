"""Whom an article names and no contact list holds (`outside.yaml`): the persons affected, stakeholders, authorities without
a desk here. A duty towards them is handed over by hand and names nobody of the register."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

Texts = Mapping[str, str]


@cache
def outside() -> Mapping[str, Texts]:
    """By the word that a pack writes (`outside: affected_persons`), which is also the recipient's kind: the name."""
    found: dict[str, Texts] = YAML(typ="safe").load((files("irm.rules") / "outside.yaml").read_text("utf-8"))
    return found
