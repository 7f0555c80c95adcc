"""The items of a report as a form carries them: `items.<key>`, and what they said when it was shown. Pure."""

from collections.abc import Mapping
from typing import Any

from irm.obligations.following import print_of

ITEM = "items."
WAS = "was."


def untouched(values: Mapping[str, Any]) -> frozenset[str]:
    """Items that still say what they said when the form was shown (`was.<key>`)."""
    return frozenset(key for key, text in items_in(values).items() if values.get(f"{WAS}{key}") == print_of(text))


def items_in(values: Mapping[str, Any]) -> dict[str, str]:
    """The fields `items.<key>`."""
    return {name.removeprefix(ITEM): str(text) for name, text in values.items() if name.startswith(ITEM)}


def as_items(items: Mapping[str, str]) -> dict[str, str]:
    return {f"{ITEM}{key}": text for key, text in items.items()}
