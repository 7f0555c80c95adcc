"""Subjects that packs may speak of although irm does not manage them (`vocabulary.yaml`, subjects). Pure.

Together with `subjects.py` they are what a rule may be about: its names, dates and relations are looked up here for both
kinds. Nobody fills a declared subject in, so that its rules are read, checked and tested but open nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from ruamel.yaml import YAML

from irm.conditions import Choice, FactType
from irm.rules.subjects import DATES, MANAGED, RELATIONS, SUBJECT_TYPES

Texts = Mapping[str, str]

_TYPES: Final[Mapping[str, FactType]] = {"whole": FactType.INT, "flag": FactType.BOOL}


@dataclass(frozen=True)
class DeclaredRelation:
    """`kind`: which kind of organization it is as a rule."""

    title: Texts
    kind: str


@dataclass(frozen=True)
class Declared:
    """`facts` by full name (`contract.kind`)."""

    name: str
    title: Texts
    facts: Mapping[str, FactType | Choice]
    fact_titles: Mapping[str, Texts]
    dates: Mapping[str, Texts]
    relations: Mapping[str, DeclaredRelation]


@cache
def vocabulary() -> dict[str, Any]:
    """`vocabulary.yaml`: forces, statuses, schemes, and the subjects that are declared."""
    found: dict[str, Any] = YAML(typ="safe").load((files("irm.rules") / "vocabulary.yaml").read_text("utf-8"))
    return found


@cache
def declared() -> Mapping[str, Declared]:
    """By name, in the order of the file."""
    return {name: _declared(name, row) for name, row in vocabulary()["subjects"].items()}


def subjects() -> tuple[str, ...]:
    """Everything that a rule may be about."""
    return (*MANAGED, *declared())


def types_of(subject: str) -> Mapping[str, FactType | Choice]:
    """What a condition about it may read; nothing of what there is not."""
    return declared()[subject].facts if subject in declared() else SUBJECT_TYPES.get(subject, {})


def dates_of(subject: str) -> tuple[str, ...]:
    """Events that its duties count from."""
    return tuple(declared()[subject].dates) if subject in declared() else DATES.get(subject, ())


def relations_of(subject: str) -> tuple[str, ...]:
    """What organizations are to it."""
    return tuple(declared()[subject].relations) if subject in declared() else RELATIONS.get(subject, ())


@cache
def relations() -> frozenset[str]:
    """What organizations are to anything."""
    return frozenset(name for subject in subjects() for name in relations_of(subject))


def _declared(name: str, row: Mapping[str, Any]) -> Declared:
    facts = row["facts"]
    return Declared(
        name,
        row["title"],
        facts={f"{name}.{each}": _type(given) for each, given in facts.items()},
        fact_titles={f"{name}.{each}": _texts(given) for each, given in facts.items()},
        dates=row["dates"],
        relations={each: DeclaredRelation(_texts(given), given["kind"]) for each, given in row["relations"].items()},
    )


def _type(row: Mapping[str, Any]) -> FactType | Choice:
    return Choice(*row["values"]) if "values" in row else _TYPES[row["type"]]


def _texts(row: Mapping[str, Any]) -> Texts:
    return {locale: row[locale] for locale in ("zh-CN", "en")}
