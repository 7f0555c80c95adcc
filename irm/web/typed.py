"""Single fields of a form as services take them: what was typed is text; here it becomes a moment, a day, a choice. Pure.

Each raises Invalid naming the field; an empty field is None.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from irm.clock import SHANGHAI
from irm.errors import Invalid
from irm.i18n import N_

NO_MOMENT: Final = N_("This is no moment: write day and time.")
NO_DAY: Final = N_("A day: 2026-03-01.")
NOT_OFFERED: Final = N_("Choose one of the list.")
NO_NUMBER: Final = N_("Must be a whole number.")
NEEDED: Final = N_("This is needed.")

Read = TypeVar("Read")


def needed(found: Read | None, name: str) -> Read:
    """What cannot stay empty."""
    if found is None:
        raise Invalid(NEEDED, field=name)
    return found


def texts(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Without uploaded files."""
    return [(name, value) for name, value in pairs if isinstance(value, str)]


def text(values: Mapping[str, Any], name: str) -> str:
    """As typed, without what no database can store; empty where nothing was sent, or a list."""
    found = values.get(name)
    return found.replace("\0", "") if isinstance(found, str) else ""


def line(values: Mapping[str, Any], name: str) -> str | None:
    return text(values, name).strip() or None


def moment(values: Mapping[str, Any], name: str) -> datetime | None:
    """Shanghai time of a `datetime-local` field."""
    given = line(values, name)
    if given is None:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(NO_MOMENT, field=name) from error
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def day(values: Mapping[str, Any], name: str) -> date | None:
    given = line(values, name)
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError as error:
        raise Invalid(NO_DAY, field=name) from error


def chosen(values: Mapping[str, Any], name: str) -> UUID | None:
    given = line(values, name)
    if given is None:
        return None
    try:
        return UUID(given)
    except ValueError as error:
        raise Invalid(NOT_OFFERED, field=name) from error


def several(values: Mapping[str, Any], name: str) -> list[UUID]:
    given = values.get(name)
    many = given if isinstance(given, list) else [given] if given else []
    try:
        return [UUID(str(one)) for one in many]
    except ValueError as error:
        raise Invalid(NOT_OFFERED, field=name) from error


def number(values: Mapping[str, Any], name: str) -> int | None:
    given = line(values, name)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()):
        raise Invalid(NO_NUMBER, field=name)
    return int(given)
