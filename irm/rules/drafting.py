"""A text of a rule pack on its way to the next version: its number, a beginning for a pack of the city's own, and what the
text does: its faults, its tests one by one, what it says otherwise than the version in use. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Final

from irm.errors import said
from irm.positions import Fault
from irm.rules.comparing import Comparison, compare
from irm.rules.pack import Pack
from irm.rules.pack_tests import Outcome, check_pack

FILE: Final = "pack.yaml"
_VERSION: Final = re.compile(r"^version:[^\n#]*?(?=[ \t]*(?:#|\r?\n|\Z))", re.MULTILINE)
_FROM: Final = "2026-01-01"
"""The day from which the skeleton's order is in force; it becomes the day on which somebody begins with it."""


@dataclass(frozen=True)
class Looked:
    """What a text is and does. `pack` None: it cannot be read. `taken`: its version is published with another text."""

    pack: Pack | None
    faults: tuple[Fault, ...]
    """Of the file itself; those of its tests stand with the tests."""
    tests: tuple[Outcome, ...]
    passed: int
    comparison: Comparison | None
    taken: bool
    next_version: str

    @property
    def red(self) -> tuple[Outcome, ...]:
        return tuple(test for test in self.tests if not test.is_green)

    @property
    def may_be_proposed(self) -> bool:
        return self.pack is not None and not self.faults and not self.red and not self.taken


def look(
    text: str,
    *,
    against: Pack | None,
    taken: Collection[str],
    today: date,
    file: str = FILE,
    must_be: str | None = None,
) -> Looked:
    """`against`: the version in use, if there is one; `taken`: versions of this pack that exist; `must_be`: the identifier
    that the text has to keep."""
    pack, check = check_pack(text, file=file)
    faults = check.beside_tests
    if pack is not None and must_be is not None and pack.id != must_be:
        faults = (renamed(text, must_be, file), *faults)
    return Looked(
        pack,
        faults,
        check.tests,
        check.passed,
        compare(against, pack) if pack is not None and against is not None else None,
        pack is not None and pack.version in taken,
        next_version(taken, today),
    )


def renamed(text: str, must_be: str, file: str) -> Fault:
    line = next((at for at, one in enumerate(text.splitlines(), 1) if one.startswith("id:")), 1)
    return Fault(file, line, 1, said("This is a version of %(pack)s: its identifier stays.", pack=must_be), must_be)


def next_version(taken: Collection[str], today: date) -> str:
    """Named after the day, with a number behind it from the second of that day on."""
    name = f"{today.year}.{today.month}.{today.day}"
    if name not in taken:
        return name
    return next(one for n in range(2, len(taken) + 3) if (one := f"{name}.{n}") not in taken)


def with_version(text: str, version: str) -> str:
    """The same text with that version; a text without one stays as it is."""
    return _VERSION.sub(f'version: "{version}"', text, count=1)


def skeleton(today: date) -> str:
    """A pack of the city's own to begin with: one duty, its tests green."""
    text = (files("irm.rules") / "skeleton.yaml").read_text("utf-8")
    return with_version(text.replace(_FROM, today.isoformat()), next_version((), today))
