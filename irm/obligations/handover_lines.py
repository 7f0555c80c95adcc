"""The lines of a list of evidence as a form takes them: files by a tick, things one a line. Pure."""

import re
from collections.abc import Mapping
from typing import Any, Final

from irm.errors import Invalid
from irm.obligations.handovers import Thing
from irm.web import typed

APART: Final = re.compile("[;；\t]")
PARTS: Final = (3, 4)
DIGITS: Final = 6


def things_in(values: Mapping[str, Any]) -> list[Thing]:
    """Raises Invalid naming the line: name; quantity; condition; and, for data, its SHA-256."""
    condition = typed.text(values, "file_condition")
    found = [Thing(condition, attachment_id=one) for one in typed.several(values, "files")]
    if found and not condition.strip():
        raise Invalid("This is needed.", field="file_condition")
    for number, line in enumerate(typed.text(values, "things").splitlines(), 1):
        if not line.strip():
            continue
        parts = [part.strip() for part in APART.split(line)]
        if len(parts) in PARTS and all(parts[:3]) and not (parts[1].isdecimal() and len(parts[1]) <= DIGITS):
            raise Invalid(
                "Line %(line)s: the quantity is a whole number; its measure belongs to the name, for example disk (piece); 1.",
                field="things",
                line=number,
            )
        if len(parts) not in PARTS or not all(parts[:3]):
            raise Invalid(
                "Line %(line)s: write name; quantity; condition, and for data its SHA-256 as the fourth.",
                field="things",
                line=number,
            )
        found.append(Thing(parts[2], int(parts[1]), name=parts[0], sha256=parts[3] or None if len(parts) > 3 else None))  # noqa: PLR2004 - the fourth part is the hash
    return found
