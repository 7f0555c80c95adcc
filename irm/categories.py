"""Categories of incidents after GB/T 20986-2023 (`categories.yaml`), read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from irm.i18n import localized

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Category:
    id: str
    name: Texts
    subs: Mapping[str, Texts]


@cache
def categories() -> Mapping[str, Category]:
    given = YAML(typ="safe").load((files("irm") / "categories.yaml").read_text("utf-8"))
    return {
        one["id"]: Category(one["id"], one["name"], {sub["id"]: sub["name"] for sub in one["subs"]})
        for one in given["categories"]
    }


def is_category(category: str, subcategory: str | None) -> bool:
    known = categories().get(category)
    return known is not None and (subcategory is None or subcategory in known.subs)


def category_name(category: str | None, subcategory: str | None, locale: str) -> str:
    """The sub-category where there is one; empty for what is not known."""
    known = categories().get(category or "")
    if known is None:
        return ""
    return localized(known.subs.get(subcategory or "", known.name), locale)


def choices(locale: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """For a select: (category, [("category/sub", name), …]); the category itself stands first in its group."""
    return [
        (
            localized(one.name, locale),
            [
                (one.id, localized(one.name, locale)),
                *((f"{one.id}/{sub}", localized(name, locale)) for sub, name in one.subs.items()),
            ],
        )
        for one in categories().values()
    ]
