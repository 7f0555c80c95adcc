"""What machines post, as alerts: CloudEvents 1.0, Alertmanager's webhook version 4, letters. Pure.

    heard = read("alertmanager", headers, body, policy)

Sources: CloudEvents 1.0.2 §3 with its HTTP binding (structured, binary, batch) and JSON format; the webhook message of
Prometheus Alertmanager ("version": "4"); RFC 5322. Raises Invalid naming the place (`alerts.3.labels`), for whatever is
too large, too deep, too many, of a wrong type, or holds what no text may hold.
"""

import email
import email.policy
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from irm.alerts.policy import AlertPolicy
from irm.alerts.vocabulary import SourceKind
from irm.errors import FieldError, Invalid, IrmError
from irm.i18n import N_

NO_JSON: Final = N_("The content cannot be read as JSON.")
NO_OBJECT: Final = N_("An object is expected here.")
NO_LIST: Final = N_("A list is expected here.")
NO_TEXT: Final = N_("Text is expected here.")
NEEDED: Final = N_("This is needed.")
NOT_TAKEN: Final = N_("The message was not taken; nothing of it was stored.")
TOO_MANY: Final = N_("%(n)s alerts in one message; at most %(most)s are taken. Send several messages.")
NONE_AT_ALL: Final = N_("There is no alert in this message.")
TOO_LARGE: Final = N_("Too large: %(size)s bytes; at most %(most)s are taken for one alert.")
TOO_DEEP: Final = N_("Nested too deep: at most %(most)s levels are taken.")
NO_CHARACTER: Final = N_("Contains a character that cannot be stored (NUL or half a character).")
OTHER_VERSION: Final = N_("Only version %(version)s is understood here.")
NO_STATUS: Final = N_("The status is firing or resolved.")
NO_MOMENT: Final = N_("Not a moment: write 2026-11-21T03:41:00+08:00.")
NOT_LISTED: Final = N_("This sender is not on the source's list.")
NO_LETTER: Final = N_("The letter cannot be read.")

BATCH: Final = "application/cloudevents-batch+json"
STRUCTURED: Final = "application/cloudevents+json"
LETTER: Final = "message/rfc822"
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_PREFIXES: Final = re.compile(
    r"^(?:\s*(?:re|fwd?|aw)\s*[:\uff1a]|\s*[\[\u3010][^\]\u3011]{1,40}[\]\u3011])+", re.IGNORECASE
)
"""Re: and what stands in brackets before a subject, of either writing."""


@dataclass(frozen=True)
class Heard:
    """One alert as it was said. `key`: the same for the same firing or resolving, however often it is sent."""

    key: str
    document: Mapping[str, Any]
    """What the source's mapping reads."""
    state: str | None = None
    """firing or resolved where the format itself says so."""
    at: datetime | None = None
    """When it began, as the machine says."""


class WrongSender(IrmError):
    """A letter of somebody whom the source does not know."""

    kind = "forbidden"


def read(
    kind: SourceKind, headers: Mapping[str, str], body: bytes, policy: AlertPolicy, *, senders: tuple[str, ...] = ()
) -> list[Heard]:
    """The alerts of one request, in its order. `headers` in lower case."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    match kind:
        case "alertmanager":
            heard = _alertmanager(_object(_json(body), ""), policy)
        case "cloudevents":
            heard = _cloudevents(content_type, headers, body, policy)
        case "email":
            heard = [_letter(content_type, body, senders)]
    for index, one in enumerate(heard):
        _bounded(one.document, f"alerts.{index}" if len(heard) > 1 else "", policy)
    return heard


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(NO_JSON, code="unreadable") from error


def _fault(field: str, message: str, **context: Any) -> Invalid:
    return Invalid(NOT_TAKEN, errors=[FieldError(field, message, context)])


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _fault(field, NO_OBJECT)
    return value


def _texts(value: Any, field: str) -> dict[str, str]:
    """Labels and annotations: text by name."""
    for name, one in _object(value, field).items():
        if not isinstance(one, str):
            raise _fault(f"{field}.{name}", NO_TEXT)
    return dict(value)


def _text(holder: Mapping[str, Any], name: str, field: str, *, required: bool = True) -> str:
    value = holder.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise _fault(field, NO_TEXT if value is not None else NEEDED)
    if required and not value.strip():
        raise _fault(field, NEEDED)
    return value


def _moment(value: str, field: str) -> datetime | None:
    """None for the moment that machines write where there is none (the year 1)."""
    if not value:
        return None
    try:
        found = msgspec.convert(value, datetime)
    except msgspec.ValidationError as error:
        raise _fault(field, NO_MOMENT) from error
    if found.tzinfo is None:
        raise _fault(field, NO_MOMENT)
    return found if found.year > 1 else None


def _listed(value: Any, field: str, policy: AlertPolicy) -> list[Any]:
    if not isinstance(value, list):
        raise _fault(field, NO_LIST)
    if len(value) > policy.most_alerts:
        raise _fault(field, TOO_MANY, n=len(value), most=policy.most_alerts)
    if not value:
        raise _fault(field, NONE_AT_ALL)
    return value


def _bounded(document: Mapping[str, Any], field: str, policy: AlertPolicy) -> None:
    size = len(msgspec.json.encode(document))
    if size > policy.longest_alert:
        raise _fault(field, TOO_LARGE, size=size, most=policy.longest_alert)
    _looked_through(document, field, policy.deepest, policy)


def _looked_through(value: Any, field: str, left: int, policy: AlertPolicy) -> None:
    if isinstance(value, str):
        if _UNSTORABLE.search(value):
            raise _fault(field, NO_CHARACTER)
        return
    if not isinstance(value, dict | list):
        return
    if not left:
        raise _fault(field, TOO_DEEP, most=policy.deepest)
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in pairs:
        where = f"{field}.{name}" if field else str(name)
        if isinstance(name, str) and _UNSTORABLE.search(name):
            raise _fault(field, NO_CHARACTER)
        _looked_through(one, where, left - 1, policy)


def key(*parts: str) -> str:
    """A short name for what is told apart by these."""
    return sha256("\x1f".join(parts).encode(errors="replace")).hexdigest()


# -- Alertmanager


def _alertmanager(message: dict[str, Any], policy: AlertPolicy) -> list[Heard]:
    if message.get("version") != "4":
        raise _fault("version", OTHER_VERSION, version="4")
    shared = {
        "receiver": _text(message, "receiver", "receiver", required=False),
        "groupKey": _text(message, "groupKey", "groupKey", required=False),
        "groupLabels": _texts(message.get("groupLabels") or {}, "groupLabels"),
    }
    heard = []
    for index, given in enumerate(_listed(message.get("alerts"), "alerts", policy)):
        field = f"alerts.{index}"
        one = _object(given, field)
        status = _text(one, "status", f"{field}.status")
        if status not in {"firing", "resolved"}:
            raise _fault(f"{field}.status", NO_STATUS)
        labels = _texts(one.get("labels") or {}, f"{field}.labels")
        starts = _text(one, "startsAt", f"{field}.startsAt", required=False)
        # Older than 0.20 it sends none; labels are what it is made of.
        fingerprint = _text(one, "fingerprint", f"{field}.fingerprint", required=False) or key(
            *(f"{name}={labels[name]}" for name in sorted(labels))
        )
        document = {
            **shared,
            "status": status,
            "labels": labels,
            "annotations": _texts(one.get("annotations") or {}, f"{field}.annotations"),
            "startsAt": starts,
            "endsAt": _text(one, "endsAt", f"{field}.endsAt", required=False),
            "generatorURL": _text(one, "generatorURL", f"{field}.generatorURL", required=False),
            "fingerprint": fingerprint,
        }
        at = _moment(starts, f"{field}.startsAt")
        heard.append(Heard(key(fingerprint, status, starts), document, status, at))
    return heard


# -- CloudEvents


def _cloudevents(content_type: str, headers: Mapping[str, str], body: bytes, policy: AlertPolicy) -> list[Heard]:
    if content_type == BATCH:
        listed = _listed(_json(body), "", policy)
        return [_event(_object(one, f"alerts.{index}"), f"alerts.{index}.") for index, one in enumerate(listed)]
    if "ce-specversion" in headers and content_type != STRUCTURED:
        given: dict[str, Any] = {
            name.removeprefix("ce-"): unquote(value) for name, value in headers.items() if name.startswith("ce-")
        }
        given["datacontenttype"] = content_type
        if "json" in content_type:
            given["data"] = _json(body)
        elif body:
            given["data"] = body.decode(errors="replace")
        return [_event(given, "")]
    return [_event(_object(_json(body), ""), "")]


def _event(given: dict[str, Any], field: str) -> Heard:
    if given.get("specversion") != "1.0":
        raise _fault(f"{field}specversion", OTHER_VERSION, version="1.0")
    names = [_text(given, name, f"{field}{name}") for name in ("id", "source", "type")]
    at = _moment(_text(given, "time", f"{field}time", required=False), f"{field}time")
    event = dict(given)
    if isinstance(packed := event.pop("data_base64", None), str):
        try:
            event["data"] = b64decode(packed, validate=True).decode(errors="replace")
        except ValueError as error:
            raise _fault(f"{field}data_base64", NO_JSON) from error
    return Heard(key(names[1], names[0]), event, None, at)  # source and id tell one event from another (§3.1.1)


# -- letters


def _letter(content_type: str, body: bytes, senders: tuple[str, ...]) -> Heard:
    """A letter as it came (message/rfc822), or what a mail server's hook took from it: from, subject, text, message_id."""
    at = None
    if content_type == LETTER:
        try:
            letter = email.message_from_bytes(body, policy=email.policy.default)
            text, at = _body_of(letter), _date_of(letter)
            sender, subject, name = (str(letter.get(each, "")) for each in ("from", "subject", "message-id"))
        except (ValueError, LookupError, AttributeError, TypeError, IndexError) as error:  # what the library lets slip
            raise Invalid(NO_LETTER, code="unreadable") from error
    else:
        given = _object(_json(body), "")
        sender, subject = _text(given, "from", "from"), _text(given, "subject", "subject", required=False)
        text = _text(given, "text", "text", required=False)
        name = _text(given, "message_id", "message_id", required=False)
    address = next((one.lower() for _, one in getaddresses([sender]) if "@" in one), "")
    if not any(address == one or (one.startswith("@") and address.endswith(one)) for one in senders):
        raise WrongSender(NOT_LISTED, code="sender")
    before = _PREFIXES.match(subject)
    document = {
        "sender": address,
        "subject": subject,
        "topic": _PREFIXES.sub("", subject).strip(),
        "mark": before[0] if before else "",
        "text": text,
        "message_id": name,
    }
    return Heard(key(name or f"{address}\x1f{subject}\x1f{text}"), document, None, at)


def _body_of(letter: EmailMessage) -> str:
    part = letter.get_body(("plain", "html"))
    if part is None:
        return ""
    text = part.get_content()
    text = text if isinstance(text, str) else ""
    return re.sub(r"<[^>]{0,500}>", " ", text) if part.get_content_type() == "text/html" else text


def _date_of(letter: EmailMessage) -> datetime | None:
    try:
        at = parsedate_to_datetime(str(letter.get("date", "")))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None
