"""What is known of the effects: kept with the moment it was stated, read by the grading as plain values. Pure.

A fact is stored as `{"value": …, "at": ISO moment, "by": account id}`. A value is a figure, true/false, a word of the
catalogue, "none" (未发现) or "unknown" (不清楚); a fact that nobody stated is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

NONE: Final = "none"
UNKNOWN: Final = "unknown"

Stated = Mapping[str, Mapping[str, Any]]
Plain = dict[str, Any]


def plain(stated: Stated) -> Plain:
    """Without the unknown ones: what is missing is unknown."""
    return {name: one["value"] for name, one in stated.items() if one["value"] != UNKNOWN}


def said(stated: Stated) -> Plain:
    """As stated, the word "unknown" included."""
    return {name: one["value"] for name, one in stated.items()}


def stated_at(stated: Stated, name: str) -> datetime | None:
    one = stated.get(name)
    return datetime.fromisoformat(one["at"]) if one else None


def change(stated: Stated, changes: Mapping[str, Any], *, at: datetime, by: str | None) -> dict[str, dict[str, Any]]:
    """None takes a statement back. What is stated again unchanged keeps its first moment."""
    found = {name: dict(one) for name, one in stated.items()}
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        elif name not in found or found[name]["value"] != value:
            found[name] = {"value": value, "at": at.isoformat(), "by": by}
    return found


def _gravest(values: Iterable[Any], scale: Sequence[str]) -> Any:
    """One reading of what several parts say: a figure or a yes over "unknown", that over "none"."""
    given = list(values)
    figures = [value for value in given if isinstance(value, int) and not isinstance(value, bool)]
    if figures:
        return max(figures)
    if any(value is True for value in given):
        return True
    words = [value for value in given if isinstance(value, str) and value not in (NONE, UNKNOWN)]
    if words:
        return max(words, key=lambda word: scale.index(word) if word in scale else -1)
    if UNKNOWN in given:
        return UNKNOWN
    return False if any(value is False for value in given) else NONE


def graver_of(one: Any, other: Any, scale: Sequence[str]) -> Any:
    """Of two statements of one fact that which weighs more, as `common` weighs what several parts say."""
    return _gravest((one, other), scale)


def common(incident: Stated, parts: Iterable[Stated], scales: Mapping[str, Sequence[str]]) -> Plain:
    """What holds for the incident: what was said for it, else the gravest of what its parts say.

    `scales`: by fact, its words, mildest first.
    """
    own = {name: value for name, value in said(incident).items() if value != UNKNOWN}  # one who knows goes before
    told: dict[str, list[Any]] = {}
    for part in parts:
        for name, value in said(part).items():
            told.setdefault(name, []).append(value)
    merged = {name: _gravest(values, scales.get(name, ())) for name, values in told.items() if name not in own}
    return {name: value for name, value in {**merged, **own}.items() if value != UNKNOWN}


def of_part(shared: Mapping[str, Any], part: Stated) -> Plain:
    """What holds for one part: its own word, else what holds for the incident."""
    own = said(part)
    return {name: value for name, value in {**shared, **own}.items() if value != UNKNOWN}
