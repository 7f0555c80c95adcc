"""What is wrong with a filing, before anything is stored. Pure: all faults at once, each naming its field."""

from datetime import UTC, datetime
from typing import Any, Final

from irm.errors import FieldError
from irm.i18n import N_
from irm.incidents.policy import IntakePolicy
from irm.incidents.schemas import FileIncident

REQUIRED: Final = N_("This is needed.")
TOO_LONG: Final = N_("Too long: %(length)s characters; at most %(limit)s. Put the rest in an attachment.")
CONTROL: Final = N_("Contains characters that cannot be stored (control characters).")
NAIVE: Final = N_("The moment needs its time zone, for example 2026-11-21T03:41:00+08:00.")
FUTURE: Final = N_("The moment lies in the future.")
TOO_EARLY: Final = N_("The moment lies before the year %(year)s.")
OUT_OF_ORDER: Final = N_("It cannot have happened after it was discovered.")
MARKED: Final = N_(
    "The text carries a secrecy mark (%(marker)s). If it concerns state secrets, do not go on; if it does not, confirm it."
)


def has_control_characters(value: str) -> bool:
    """NUL and its like: PostgreSQL refuses the first, no reader needs the others. Line ends and tabs are text."""
    return any(
        (ord(char) < ord(" ") and char not in "\r\n\t")
        or ord(char) in range(0x7F, 0xA0)
        or 0xD800 <= ord(char) <= 0xDFFF  # noqa: PLR2004 - surrogates, no characters
        for char in value
    )


def text_faults(field: str, value: str | None, limit: int, *, required: bool = False) -> list[FieldError]:
    if value is None or not value.strip():
        return [FieldError(field, REQUIRED)] if required else []
    if len(value) > limit:
        return [FieldError(field, TOO_LONG, {"length": len(value), "limit": limit})]
    if has_control_characters(value):
        return [FieldError(field, CONTROL)]
    return []


def moment_faults(field: str, value: datetime | None, now: datetime, policy: IntakePolicy) -> list[FieldError]:
    if value is None:
        return []
    if value.tzinfo is None or value.utcoffset() is None:
        return [FieldError(field, NAIVE)]
    try:
        at = value.astimezone(UTC)
    except OverflowError:
        return [FieldError(field, TOO_EARLY, {"year": policy.earliest_year})]
    if at > now + policy.clock_tolerance:
        return [FieldError(field, FUTURE)]
    if at.year < policy.earliest_year:
        return [FieldError(field, TOO_EARLY, {"year": policy.earliest_year})]
    return []


def settled(value: datetime, now: datetime) -> datetime:
    """A moment within the tolerance of a telephone's clock counts as now, never as later."""
    return min(value.astimezone(UTC), now)


def marker_in(text: str, policy: IntakePolicy) -> str | None:
    """The first secrecy mark in the text, blanks left aside; None when there is none."""
    squeezed = "".join(text.split())
    return next((marker for marker in policy.secrecy_markers if marker in squeezed), None)


def _target_faults(given: FileIncident, policy: IntakePolicy) -> list[FieldError]:
    target = given.target
    if target.kind == "system":
        return text_faults("target.system", target.system, policy.longest_line, required=True)
    if target.kind == "resource":
        return text_faults("target.resource", target.resource, policy.longest_line, required=True)
    return []


def faults(given: FileIncident, now: datetime, policy: IntakePolicy) -> tuple[FieldError, ...]:
    """Everything that can be said without looking anything up."""
    found = [
        *text_faults("text", given.text, policy.longest_text, required=True),
        *text_faults("title", given.title, policy.longest_line),
        *text_faults("contact", given.contact, policy.longest_line, required=True),
        *_target_faults(given, policy),
        *moment_faults("known_at", given.known_at, now, policy),
        *moment_faults("occurred_at", given.occurred_at, now, policy),
    ]
    if given.caller is not None:
        found += text_faults("caller.name", given.caller.name, policy.longest_line, required=True)
        found += text_faults("caller.telephone", given.caller.telephone, policy.longest_line, required=True)
    timed = {"known_at", "occurred_at"}.isdisjoint(fault.field for fault in found)
    if timed and given.occurred_at is not None and given.occurred_at > given.known_at:
        found.append(FieldError("occurred_at", OUT_OF_ORDER))
    if not given.markers_confirmed:
        for value in (given.text, given.title):
            if value and (marker := marker_in(value, policy)):
                context: dict[str, Any] = {"marker": marker}
                found.append(FieldError("markers_confirmed", MARKED, context))
                break
    return tuple(found)


def first_line(text: str, limit: int = 40) -> str:
    """A title for an incident whose filer gave none."""
    line = next((stripped for raw in text.splitlines() if (stripped := raw.strip())), "")
    return line if len(line) <= limit else line[: limit - 1] + "…"
