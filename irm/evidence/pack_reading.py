"""How the check of a pack speaks, and how it reads the pack. Standard library only, Python 3.8: see verify.py."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

CHINESE: dict[str, str] = {}
"""Filled in when a pack is made (irm/evidence/bag.py): the repository keeps no Chinese in code."""


def speak(words: dict[str, str]) -> None:
    """English → what `t` says instead; English knows itself."""
    t.words = words  # type: ignore[attr-defined]  # read by its callers


def t(msgid: str, **params: Any) -> str:
    text: str = getattr(t, "words", {}).get(msgid, msgid)
    return text % params if params else text


class Broken(Exception):
    """Nothing further can be said: what everything else hangs on is not there or not readable."""


class Pack:
    """A pack in a folder or a ZIP file."""

    def __init__(self, path: str) -> None:
        self.zip: zipfile.ZipFile | None = None
        self.root = path
        if Path(path).is_file():
            try:
                self.zip = zipfile.ZipFile(path)
            except (OSError, zipfile.BadZipFile) as error:
                raise Broken(t("%(path)s is no ZIP file, or not a whole one.", path=path)) from error
            tops = {name.split("/", 1)[0] for name in self.zip.namelist()}
            if len(tops) != 1:
                raise Broken(t("The pack must hold exactly one folder."))
            self.root = tops.pop()
        elif not Path(path).is_dir():
            raise Broken(t("%(path)s is not there.", path=path))

    def names(self) -> set[str]:
        if self.zip is not None:
            cut = len(self.root) + 1
            return {name[cut:] for name in self.zip.namelist() if not name.endswith("/")}
        found = set()
        for folder, folders, files in os.walk(self.root):
            folders[:] = [one for one in folders if one != "__pycache__"]
            inside = os.path.relpath(folder, self.root).replace(os.sep, "/")
            found |= {one if inside == "." else f"{inside}/{one}" for one in files}
        return found

    def open(self, name: str) -> Any:
        if self.zip is not None:
            return self.zip.open(f"{self.root}/{name}")
        return Path(self.root, *name.split("/")).open("rb")

    def text(self, name: str) -> str:
        try:
            with self.open(name) as file:
                return str(file.read().decode("utf-8"))
        except (OSError, KeyError, UnicodeDecodeError, zipfile.BadZipFile) as error:
            raise Broken(t("%(name)s cannot be read: %(reason)s", name=name, reason=error)) from error

    def sha256(self, name: str) -> str:
        made = hashlib.sha256()
        try:
            with self.open(name) as file:
                for piece in iter(lambda: file.read(1 << 18), b""):
                    made.update(piece)
        except (OSError, zipfile.BadZipFile):  # a ZIP's own check sum fails before ours
            return "-"
        return made.hexdigest()
