"""The form of one system: what was typed as an entry, with every fault at its field, and an entry as what is typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from irm.errors import FieldError, Invalid
from irm.i18n import N_
from irm.systems.entry import NOT_NEGATIVE, Entry
from irm.systems.resources import ResourceKind, normalised
from irm.systems.service import NO_ORGANIZATION, NO_PLATFORM, NOT_REGISTERED
from irm.systems.sheet import MANY, RESOURCES, SINGLE, Names

NOT_A_DAY: Final = N_("Not a day: write 2026-03-01.")
NOT_CLEAR: Final = N_("Several organizations are called “%(value)s”; write the code.")
UNREADABLE: Final = N_("“%(value)s” cannot be read here.")
NO_SUCH_NAME: Final = N_("There is no organization called “%(value)s”.")
DATES: Final = ("level_fixed_on", "filed_on", "certificate_until", "live_on", "in_use_from")
FIGURES: Final = {"user_count": "users", "personal_records": "personal_records"}
TEXTS: Final = ("filing_number", "filing_authority", "portal_rank")
WORDS: Final = ("kind", "life_cycle", "important_data")
BLANK: Final[dict[str, Any]] = {
    "kind": "system",
    "life_cycle": "live",
    "cii": "unknown",
    "important_data": "unknown",
}
_SEPARATORS: Final = re.compile(r"[,;\n" + chr(0x3001) + chr(0xFF0C) + chr(0xFF1B) + "]")


@dataclass(frozen=True)
class Choices:
    """What the form offers. `owner_ids`: units for which the reader may register."""

    names: Names
    owner_ids: frozenset[UUID]
    platforms: tuple[tuple[UUID, str, str], ...]

    @cached_property
    def owners(self) -> list[tuple[str, str]]:
        return [(str(one.id), one.name) for one in self.names.by_id.values() if one.id in self.owner_ids]

    @cached_property
    def everybody(self) -> list[tuple[str, str]]:
        return [(str(one.id), one.name) for one in self.names.by_id.values()]

    def of_kind(self, kind: str) -> list[tuple[str, str]]:
        return [(str(one.id), one.name) for one in self.names.by_id.values() if one.kind == kind]

    @cached_property
    def carriers(self) -> list[tuple[str, str]]:
        return [(str(one), name) for one, _, name in self.platforms]

    @cached_property
    def platform_codes(self) -> Mapping[UUID, str]:
        return {one: code for one, code, _ in self.platforms}


def entry_of_form(typed: Mapping[str, Any], before: Entry | None, names: Names) -> Entry:
    """Raises Invalid with every fault. What the form did not show (need to know) stays as it was."""
    faults: list[FieldError] = []
    stated: dict[str, Any] = {"code": _text(typed, "code") or "", "name": _text(typed, "name") or ""}
    for name, field in SINGLE.items():
        if name in typed:
            stated[field] = _id(typed, name, faults, NO_ORGANIZATION)
    if stated.get("owner_id") is None and not any(one.field == "owner" for one in faults):
        faults.append(FieldError("owner", N_("This is needed.")))
    for name, field in MANY.items():
        stated[field] = frozenset(_organizations(typed, name, names, faults))
    stated["platform_id"] = _id(typed, "platform", faults, NO_PLATFORM)
    for name in DATES:
        stated[name] = _day(typed, name, faults)
    for name, field in FIGURES.items():
        stated[field] = _figure(typed, name, faults)
    for name in TEXTS:
        stated[name] = _text(typed, name)
    for name in WORDS:
        stated[name] = _text(typed, name) or BLANK[name]
    if "cii" in typed:
        stated["cii"] = _text(typed, "cii") or "unknown"
    level = _text(typed, "level")
    stated["level"] = int(level) if level and level.isascii() and level.isdigit() and len(level) == 1 else None
    stated["internet_gov_app"] = _text(typed, "internet_gov_app") == "yes"
    stated["resources"] = tuple(sorted(_resources(typed, faults)))
    if faults:
        raise Invalid(NOT_REGISTERED, errors=faults)
    return replace(before, **stated) if before else Entry(**stated)


def values_of(entry: Entry, names: Names, sees_cii: bool) -> dict[str, Any]:
    """As the form shows it."""
    found: dict[str, Any] = {
        name: "" if (value := getattr(entry, field)) is None else str(value)
        for name, field in {
            **SINGLE,
            **FIGURES,
            **{name: name for name in ("code", "name", "level", *DATES, *TEXTS, *WORDS, "cii")},
            "platform": "platform_id",
        }.items()
    }
    for name, field in MANY.items():
        found[name] = "\n".join(sorted(names.name(one) or str(one) for one in getattr(entry, field)))
    for name, kind in RESOURCES.items():
        found[name] = "\n".join(value for own, value in entry.resources if own == kind)
    found["internet_gov_app"] = "yes" if entry.internet_gov_app else ""
    if not sees_cii:
        del found["cii"], found["protection_department"]
    return found


def version_of(typed: Mapping[str, Any]) -> int | None:
    text = _text(typed, "version") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - fits the column


def _text(typed: Mapping[str, Any], name: str) -> str | None:
    value = typed.get(name)
    if isinstance(value, list):
        value = value[-1]
    return str(value or "").replace("\0", "").strip() or None


def _parts(typed: Mapping[str, Any], name: str) -> list[str]:
    return [part.strip() for part in _SEPARATORS.split(_text(typed, name) or "") if part.strip()]


def _id(typed: Mapping[str, Any], name: str, faults: list[FieldError], message: str) -> UUID | None:
    text = _text(typed, name)
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        faults.append(FieldError(name, message))
        return None


def _organizations(typed: Mapping[str, Any], name: str, names: Names, faults: list[FieldError]) -> list[UUID]:
    found: list[UUID] = []
    for part in _parts(typed, name):
        ids = names.called(part)
        if len(ids) == 1:
            found += ids
        else:
            faults.append(FieldError(name, NOT_CLEAR if ids else NO_SUCH_NAME, {"value": part}))
    return found


def _resources(typed: Mapping[str, Any], faults: list[FieldError]) -> set[tuple[ResourceKind, str]]:
    found: set[tuple[ResourceKind, str]] = set()
    for name, kind in RESOURCES.items():
        for value in _parts(typed, name):
            try:
                found.add((kind, normalised(kind, value)))
            except ValueError:
                faults.append(FieldError(name, UNREADABLE, {"value": value}))
    return found


def _day(typed: Mapping[str, Any], name: str, faults: list[FieldError]) -> date | None:
    text = _text(typed, name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.append(FieldError(name, NOT_A_DAY))
        return None


def _figure(typed: Mapping[str, Any], name: str, faults: list[FieldError]) -> int | None:
    text = (_text(typed, name) or "").replace(",", "").replace(chr(0xFF0C), "").replace(" ", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 13:  # noqa: PLR2004 - of any figure that a register holds
        faults.append(FieldError(name, NOT_NEGATIVE))
        return None
    return int(text)
