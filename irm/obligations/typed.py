"""What people type into this room's forms, as the services take it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.clock import SHANGHAI
from irm.errors import Invalid
from irm.obligations.following import print_of

ITEM = "items."
WAS = "was."


def texts(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Without uploaded files."""
    return [(name, value) for name, value in pairs if isinstance(value, str)]


def untouched(values: Mapping[str, Any]) -> frozenset[str]:
    """Items that still say what they said when the form was shown (`was.<key>`)."""
    return frozenset(key for key, text in items_in(values).items() if values.get(f"{WAS}{key}") == print_of(text))


def items_in(values: Mapping[str, Any]) -> dict[str, str]:
    """The fields `items.<key>`."""
    return {name.removeprefix(ITEM): str(text) for name, text in values.items() if name.startswith(ITEM)}


def as_items(items: Mapping[str, str]) -> dict[str, str]:
    return {f"{ITEM}{key}": text for key, text in items.items()}


def line(values: Mapping[str, Any], name: str) -> str | None:
    """None for an empty field."""
    return str(values.get(name) or "").strip() or None


def moment(values: Mapping[str, Any], name: str) -> datetime | None:
    """Shanghai time of a `datetime-local` field. Raises Invalid naming the field."""
    text = line(values, name)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("This is no moment: write day and time.", field=name) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def chosen(values: Mapping[str, Any], name: str) -> UUID | None:
    """Raises Invalid naming the field."""
    text = line(values, name)
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid("Choose one of the list.", field=name) from error


def several(values: Mapping[str, Any], name: str) -> list[UUID]:
    given = values.get(name)
    texts = given if isinstance(given, list) else [given] if given else []
    try:
        return [UUID(str(text)) for text in texts]
    except ValueError as error:
        raise Invalid("Choose one of the list.", field=name) from error


def number(values: Mapping[str, Any], name: str) -> int | None:
    text = line(values, name)
    if text is None:
        return None
    if not text.isdigit():
        raise Invalid("Must be a whole number.", field=name)
    return int(text)
