"""Which fonts a document is set in, and the folder where the child process finds them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal

import pylopdf_fonts_zh_cn
from ruamel.yaml import YAML

FONT_DIR: Final = "IRM_FONT_DIR"
Face = Literal["title", "body", "black", "kai", "sans"]


@dataclass(frozen=True)
class Fonts:
    """`folders`: where typst looks, nowhere else. `named`: what stands in the folder of the house's own fonts."""

    folders: tuple[str, ...]
    digest: str
    """Of names and sizes: the same edition set in other fonts is another file."""


def fonts_of(own: Path | None) -> Fonts:
    """Noto Sans and Serif SC, and before them the house's own fonts where `own` names a folder."""
    shipped = pylopdf_fonts_zh_cn.serif_path().parent
    folders = [own, shipped] if own and own.is_dir() else [shipped]
    found = sorted(
        f"{path.name} {path.stat().st_size}"
        for folder in folders
        for path in folder.iterdir()
        if path.suffix.lower() in {".otf", ".ttf", ".ttc"}
    )
    return Fonts(tuple(str(folder) for folder in folders), sha256("\n".join(found).encode()).hexdigest()[:16])


def own_folder() -> Path | None:
    """The folder that IRM_FONT_DIR names."""
    named = os.environ.get(FONT_DIR)
    return Path(named) if named else None


@cache
def page_measures() -> dict[str, Any]:
    """`page.yaml`: measures of GB/T 9704-2012 and the names of its faces."""
    text = (files("irm.documents") / "page.yaml").read_text(encoding="utf-8")
    measures: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    return measures


def families(face: Face) -> Sequence[str]:
    named: Sequence[str] = page_measures()["faces"][face]
    return named
