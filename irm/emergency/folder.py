"""The folder outside that keeps the sheets: each file appears whole or not at all, closed to others, the newest few stay."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from irm.clock import SHANGHAI

PREFIX: Final = "emergency-sheet-"
"""ASCII: the folder may be a share or a stick that knows no other names."""
NAMED: Final = "%Y%m%d-%H%M%S"
PART: Final = ".part"
FORMATS: Final = ("html", "pdf")
OWN: Final = 0o600

Fault = Literal["missing", "inside_home", "not_writable"]


@dataclass(frozen=True)
class Kept:
    """A file that lies in the folder, with its SHA-256."""

    name: str
    sha256: str
    size: int


class CannotKeep(Exception):
    """The folder does not take the sheet; `fault` says why."""

    def __init__(self, fault: Fault, detail: str = "") -> None:
        super().__init__(f"{fault} {detail}".strip())
        self.fault = fault


def fault_of(folder: Path, home: Path) -> Fault | None:
    """Why nothing can be kept there. A folder is never made: a share that is not mounted must not look like one."""
    if not folder.is_dir():
        return "missing"
    if folder.resolve().is_relative_to(home.resolve()):
        return "inside_home"
    return None if os.access(folder, os.W_OK | os.X_OK) else "not_writable"


def name_of(at: datetime) -> str:
    """Sorts by time; Shanghai time, to the second."""
    return PREFIX + at.astimezone(SHANGHAI).strftime(NAMED)


def keep(folder: Path, home: Path, at: datetime, files: Mapping[str, bytes], *, most: int) -> list[Kept]:
    """Write each format's file, then let the oldest sheets beyond `most` go. Raises CannotKeep, OSError.

    A crash leaves whole sheets and at most a `.part` file, which the next one clears away; the same moment again writes
    the same names.
    """
    if (fault := fault_of(folder, home)) is not None:
        raise CannotKeep(fault, str(folder))
    for part in folder.glob(f".{PREFIX}*{PART}"):
        part.unlink(missing_ok=True)
    kept = []
    for suffix, content in files.items():
        name = f"{name_of(at)}.{suffix}"
        _write(folder, name, content)
        kept.append(Kept(name, sha256(content).hexdigest(), len(content)))
    _sync(folder)
    for stem in sheets_in(folder)[most:]:
        for suffix in FORMATS:
            (folder / f"{stem}.{suffix}").unlink(missing_ok=True)
    return kept


def sheets_in(folder: Path) -> list[str]:
    """Names without suffix, the newest first; those of which at least one format is whole."""
    found = {each.stem for suffix in FORMATS for each in folder.glob(f"{PREFIX}*.{suffix}")}
    return sorted(found, reverse=True)


def age_of_newest(folder: Path, now: datetime) -> timedelta | None:
    """By the moment in its name: a share's own clock is not asked."""
    for stem in sheets_in(folder):
        try:
            written = datetime.strptime(stem.removeprefix(PREFIX), NAMED).replace(tzinfo=SHANGHAI)
        except ValueError:
            continue  # somebody's own file
        return max(now - written, timedelta(0))
    return None


def open_to_others(folder: Path) -> bool:
    return bool(stat.S_IMODE(folder.stat().st_mode) & 0o007)


def _write(folder: Path, name: str, content: bytes) -> None:
    part = folder / f".{name}{PART}"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)


def _sync(folder: Path) -> None:
    """The names themselves: a rename is not on disk before its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
