"""Incidents for which no playbook pages or reports: the active playbooks together with the one that is checked. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any, Final

from irm.categories import categories
from irm.conditions import level_rows
from irm.errors import InBothLanguages, Said, said
from irm.playbooks.known import City
from irm.playbooks.nesting import MOST_DEEP
from irm.playbooks.steps import Page, Playbook, Report, RunPlaybook
from irm.positions import Document, Fault

MOST_NAMED: Final = 3
CII: Final = ("yes", "no", "unknown")


def uncovered(document: Document, playbook: Playbook, city: City) -> Iterator[Fault]:
    """Warnings at the start condition: of a playbook for incidents of any kind, all that is left without; of one for some
    kinds, what its version in use answers and this one does not."""
    if city.active is None:
        return
    every = {one.id: one for one in city.active} | {playbook.id: playbook}
    before = next((one for one in city.active if one.id == playbook.id), None)
    begin = [one for one in every.values() if _reaches(one, every)]
    if _is_general(playbook) and playbook in begin:
        yield from _told(document, _left(begin))
    elif before is not None and _reaches(before, every) and before.start.when_source != playbook.start.when_source:
        yield from _told(document, [one for one in _left(begin) if _begins(before, one.facts)])


def _is_general(playbook: Playbook) -> bool:
    return not any(name in (playbook.start.when_source or "") for name in ("incident.category", "incident.subcategory"))


@dataclass(frozen=True)
class Incident:
    """One of those that the start conditions could tell from another. `kind` is written as conditions write it."""

    level: int
    kind: str
    facts: Mapping[str, Any]


def _left(begin: list[Playbook]) -> list[Incident]:
    return [one for one in _incidents(begin) if not any(_begins(playbook, one.facts) for playbook in begin)]


def _told(document: Document, left: list[Incident]) -> Iterator[Fault]:
    hint = said("widen “start.when”, or leave it to the playbook that answers duties that fall due")
    kinds = {
        level: tuple(dict.fromkeys(one.kind for one in left if one.level == level))
        for level in {one.level for one in left}
    }
    for some in sorted(set(kinds.values()), key=len):
        levels = _levels(sorted(level for level, found in kinds.items() if found == some))
        message = said(
            "No playbook pages or reports for incidents of the level %(levels)s: %(kinds)s.",
            levels=levels,
            kinds=_kinds(some),
        )
        yield document.fault(("start", "when"), message, hint)


def _reaches(playbook: Playbook, every: Mapping[str, Playbook], depth: int = 0) -> bool:
    """Begins with an incident and pages or reports, itself or by a playbook that it runs."""
    if not depth and not playbook.start.on[0].startswith("incident."):
        return False
    return any(
        isinstance(step.action, Page | Report)
        or (
            isinstance(step.action, RunPlaybook)
            and depth < MOST_DEEP
            and step.action.playbook in every
            and _reaches(every[step.action.playbook], every, depth + 1)
        )
        for step in playbook.steps
    )


def _begins(playbook: Playbook, facts: Mapping[str, Any]) -> bool:
    if playbook.start.when is None:
        return True
    try:
        return playbook.start.when(facts)
    except Exception:  # noqa: BLE001 - what cannot be judged begins (starting.py)
        return True


def _incidents(playbooks: list[Playbook]) -> Iterator[Incident]:
    asked = " ".join(one.start.when_source or "" for one in playbooks)
    kinds = [("", "")]
    if "incident.category" in asked or "incident.subcategory" in asked:
        kinds += [(one.id, sub) for one in categories().values() for sub in ("", *one.subs)]
    cii = CII if "incident.cii" in asked else CII[2:]
    crime = (False, True) if "incident.crime_suspected" in asked else (False,)
    for row, (category, sub), infrastructure, suspected in product(level_rows(), kinds, cii, crime):
        level = row["level"]
        incident = {
            "reached": level,
            "possible": level,
            "cii": infrastructure,
            "crime_suspected": suspected,
            "category": category,
            "subcategory": sub,
            "status": "open",
            "told_by": "person",
            "verified": True,
            "handled": False,
            "exercise": False,
        }
        yield Incident(level, f"{category}/{sub}" if sub else category, {"incident": incident})


def _levels(levels: list[int]) -> Said:
    rows = {row["level"]: row for row in level_rows()}
    zh = "、".join(rows[one]["word"] for one in levels)
    return InBothLanguages({"zh-CN": zh, "en": ", ".join(rows[one]["en"] for one in levels)})


def _kinds(kinds: tuple[str, ...]) -> Said:
    """By their names; a category stands for itself where all of it is meant."""
    if kinds == ("",):
        return said("of any kind")
    whole = {
        one.id for one in categories().values() if {one.id, *(f"{one.id}/{sub}" for sub in one.subs)} <= set(kinds)
    }
    short = [one for one in kinds if one in whole or one.partition("/")[0] not in whole]
    named = [_named(one, is_whole=one in whole) for one in short[:MOST_NAMED]]
    names = reduce(lambda first, then: said("%(first)s; %(then)s", first=first, then=then), named)
    if len(short) <= MOST_NAMED:
        return names
    return said("%(names)s and %(count)s more", names=names, count=len(short) - MOST_NAMED)


def _named(kind: str, *, is_whole: bool) -> Said:
    category, _, sub = kind.partition("/")
    if not category:
        return said("kind not said")
    name = InBothLanguages(categories()[category].name)
    if sub:
        return InBothLanguages(categories()[category].subs[sub])
    return name if is_whole else said("%(kind)s of which no more is said", kind=name)
