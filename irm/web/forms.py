"""What a form page hands to the field macros: what was typed, and what was wrong with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from irm.errors import FieldError, IrmError, Translate

UNKNOWN: Final = "unknown"
NONE: Final = "none"


@dataclass(frozen=True)
class Form:
    """`values` by field name (a list for fields that repeat); `errors` by field name, already in the reader's language.

    `Form.from_draft(body)` restores a draft; `Form.refused(values, error, t)` shows what came back from a service.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    restored: bool = False
    """True when the values come from a draft: the page says so and offers to start afresh."""

    def value(self, name: str, default: Any = "") -> Any:
        found = self.values.get(name)
        return default if found is None else found

    def values_of(self, name: str) -> list[str]:
        found = self.values.get(name)
        if found is None or found == "":
            return []
        return [str(one) for one in found] if isinstance(found, (list, tuple, set)) else [str(found)]

    def error(self, name: str) -> str:
        return self.errors.get(name, "")

    @classmethod
    def from_draft(cls, body: Mapping[str, Any] | None) -> "Form":
        return cls(values=dict(body or {}), restored=bool(body))

    @classmethod
    def refused(cls, values: Mapping[str, Any], error: IrmError, t: Translate) -> "Form":
        return cls(
            values=values,
            errors=by_field(error.errors, t),
            message="" if error.errors else error.text(t),
        )


def by_field(errors: Iterable[FieldError], t: Translate) -> dict[str, str]:
    """The first fault of each field; the rest would repeat it."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(error.field, error.text(t))
    return found


SECRET: Final = frozenset(
    {"csrf_token", "_csrf", "_draft", "_proof", "_passkey", "password", "present", "again", "new_password", "confirm"}
)


def without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of a form may be kept as a draft."""
    return {name: value for name, value in values.items() if name not in SECRET}


def flatten(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Form pairs as a mapping; a name that repeats becomes a list, and the CSRF field is left out."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in {"csrf_token", "_csrf", "_draft", "_proof", "_passkey"}:
            continue
        if name in found:
            kept = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*kept, value]
        else:
            found[name] = value
    return found
