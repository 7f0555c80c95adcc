"""Texts that people write into reports and records: plain, and no longer than the city allows."""

from collections.abc import Mapping

from irm.errors import FieldError, Invalid
from irm.obligations.forms import form_of
from irm.obligations.policy import entry_policy


def check_items(form: str, items: Mapping[str, str]) -> dict[str, str]:
    """Plain text of known items. Raises Invalid naming each field at fault."""
    longest = entry_policy().longest_item
    faults = [FieldError(f"items.{key}", "This form has no such item.") for key in form_of(form).unknown(items)]
    for key, text in items.items():
        if "\x00" in text:
            faults.append(FieldError(f"items.{key}", "The text holds a character that cannot be stored."))
        elif len(text) > longest:
            faults.append(FieldError(f"items.{key}", "At most %(most)s characters.", {"most": longest}))
    if faults:
        raise Invalid("Please correct what is marked.", errors=faults)
    return {key: text.replace("\r\n", "\n").strip() for key, text in items.items()}


def check_line(field: str, text: str | None, *, longest: int | None = None) -> str:
    """One line or short text. Raises Invalid naming the field."""
    most = longest or entry_policy().longest_line
    if text is None:
        return ""
    if "\x00" in text:
        raise Invalid("The text holds a character that cannot be stored.", field=field)
    if len(text) > most:
        raise Invalid("At most %(most)s characters.", field=field, most=most)
    return text.strip()
