"""What both directions of CACAO 2.0 (OASIS Security Playbooks) share: names, identifiers, and what could not be carried. Pure.

`export.py` writes a playbook as a CACAO document, `reading.py` reads one from anybody, `importing.py` makes
a draft of it. CACAO knows agents, commands and time-outs; it knows no rungs, rosters, receipts or duties of the law. What
it cannot say stands in irm's extension of the document, and is told to whoever exports or imports, as `Loss`es.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from irm.errors import Said
from irm.playbooks.steps import Texts

SPEC: Final = "cacao-2.0"
NAMES: Final = UUID("6d1f3b52-8a0c-4f7e-9b61-2c5ad0e4f317")
"""Namespace of every identifier that irm makes: the same playbook has the same identifiers wherever it is exported."""
EXTENSION: Final = f"extension-definition--{uuid5(NAMES, 'irm/v1 playbook')}"
EXTENSION_VERSION: Final = "1"
CONTAINERS: Final[Mapping[str, str]] = {
    "parallel": "next_steps",
    "if-condition": "on_true",
    "while-condition": "on_true",
    "switch-condition": "cases",
}
STEP_TYPES: Final = ("start", "end", "action", "playbook-action", *CONTAINERS)


@dataclass(frozen=True)
class Loss:
    """One thing that the other side cannot carry, or that was guessed. `step`: the step's id, "" for the whole playbook."""

    step: str
    title: Texts
    what: Said
    why: Said


def identifier(kind: str, *names: str) -> str:
    """`<kind>--<uuid>`, the same for the same names."""
    return f"{kind}--{uuid5(NAMES, '/'.join((kind, *names)))}"


def playbook_identifier(producer: str, playbook_id: str) -> str:
    """The same for all its versions: in CACAO a newer version is told by `modified`."""
    return identifier("playbook", producer, playbook_id)
