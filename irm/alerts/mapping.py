"""Which field of what a machine sends means what: a small declared mapping of dotted paths. Pure.

    title: annotations.summary | labels.alertname     # the first that is there
    system: "=portal"                                 # a constant
    fingerprint: [source, subject]                    # all together
    facts: {affected_users: data.users}               # names of the fact catalogue

A path goes through objects and (by number) lists. What is not there is empty; nothing is ever guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from irm.alerts.formats import Heard, key
from irm.alerts.policy import AlertPolicy
from irm.alerts.vocabulary import SourceKind
from irm.errors import Wrong, said
from irm.rules.load import catalogue

_PATH: Final = re.compile(r"[A-Za-z_][\w-]*(\.[\w-]+)*")
MOST_ALTERNATIVES: Final = 8


def _expression(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 500:  # noqa: PLR2004 - a line
        raise Wrong(said("A path such as labels.severity is expected."), "labels.severity | =warning")
    parts = [one.strip() for one in value.split("|")]
    for one in parts:
        if not one.startswith("=") and not _PATH.fullmatch(one):
            raise Wrong(said("“%(path)s” is no path.", path=one[:80]), said("names with dots between them: data.host"))
    if len(parts) > MOST_ALTERNATIVES:
        raise Wrong(said("At most %(most)s alternatives.", most=MOST_ALTERNATIVES))
    return value


Expression = Annotated[str, BeforeValidator(_expression)]


class Mapped(BaseModel):
    """The mapping as it is written; what is left out is the format's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Expression | None = None
    text: Expression | None = None
    severity: Expression | None = None
    state: Expression | None = None
    system: Expression | None = None
    resource: Expression | None = None
    category: Expression | None = None
    subcategory: Expression | None = None
    grouping: Expression | None = None
    fingerprint: list[Expression] | None = Field(default=None, min_length=1, max_length=MOST_ALTERNATIVES)
    facts: dict[str, Expression] = {}


DEFAULTS: Final[Mapping[SourceKind, Mapped]] = {
    "alertmanager": Mapped(
        title="annotations.summary | labels.alertname",
        text="annotations.description | annotations.message",
        severity="labels.severity",
        system="labels.irm_system | labels.system",
        resource="labels.instance",
        category="labels.irm_category",
        grouping="labels.alertname",
        fingerprint=["fingerprint"],
    ),
    "cloudevents": Mapped(
        title="data.title | data.summary | subject | type",
        text="data.description | data.message",
        severity="data.severity",
        state="data.status | data.state",
        system="data.system",
        resource="data.resource | data.host",
        category="data.category",
        grouping="type",
        fingerprint=["source", "type", "subject", "data.fingerprint"],
    ),
    "email": Mapped(
        title="topic | subject",
        text="text",
        # What stands in brackets before the subject; other words of a subject say nothing for certain.
        severity="mark",
        state="mark",
        grouping="topic",
        fingerprint=["sender", "topic"],
    ),
}


@dataclass(frozen=True)
class Alert:
    """One alert in irm's words. Texts are bounded and free of control characters."""

    key: str
    fingerprint: str
    grouping: str
    title: str
    text: str
    severity: str
    state: str
    system: str
    """Code, as the machine says it."""
    resource: str
    category: str
    subcategory: str
    facts: Mapping[str, int | bool | str] = field(default_factory=dict)


def alert_of(heard: Heard, kind: SourceKind, mapping: Mapped, policy: AlertPolicy) -> Alert:
    """Raises nothing: what does not fit is left out, and the payload is there to be read."""
    own = DEFAULTS[kind]
    line, document = policy.longest_line, heard.document

    def word(name: str, limit: int = line) -> str:
        found = _first(getattr(mapping, name) or getattr(own, name), document)
        return _clean(_as_text(found), limit)

    prints = [_as_text(_first(one, document)) for one in mapping.fingerprint or own.fingerprint or ()]
    title = word("title") or _clean(heard.key, line)
    return Alert(
        key=heard.key,
        fingerprint=key(*prints) if any(prints) else heard.key,
        grouping=word("grouping") or title,
        title=title,
        text=word("text", policy.longest_text),
        severity=severity_of(word("severity"), policy),
        state=heard.state or ("resolved" if _is_resolved(word("state"), policy) else "firing"),
        system=word("system"),
        resource=word("resource"),
        category=word("category"),
        subcategory=word("subcategory"),
        facts=_facts(mapping, document),
    )


def severity_of(word: str, policy: AlertPolicy) -> str:
    """The gravest whose word it is; else the gravest of whose words one stands in it (a letter's subject)."""
    low = word.casefold()
    for name, words in policy.severities.items():
        if low in {one.casefold() for one in words}:
            return name
    parts = set(re.findall(r"[a-z0-9]+", low))
    for name, words in policy.severities.items():
        if any(_stands_in(one.casefold(), low, parts) for one in words):
            return name
    return "unknown"


def _is_resolved(word: str, policy: AlertPolicy) -> bool:
    low = word.casefold()
    parts = set(re.findall(r"[a-z0-9]+", low))
    return any(_stands_in(one.casefold(), low, parts) for one in policy.resolved_words)


def _stands_in(word: str, text: str, parts: set[str]) -> bool:
    """Whole words of letters; Chinese has no blanks, so anywhere, but for words of one sign."""
    return word in parts if word.isascii() else len(word) > 1 and word in text


def _facts(mapping: Mapped, document: Mapping[str, Any]) -> dict[str, int | bool | str]:
    """Only values that the catalogue takes: a machine's slip must not refuse the alert."""
    found: dict[str, int | bool | str] = {}
    for name, path in mapping.facts.items():
        value = _first(path, document)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        fact = catalogue().get(name)
        if fact is None or not isinstance(value, int | bool | str):
            continue
        try:
            fact.figure(value)
        except ValueError:
            continue
        found[name] = value
    return found


def _first(expression: str | None, document: Mapping[str, Any]) -> Any:
    for one in (expression or "").split("|"):
        part = one.strip()
        found = part[1:].strip() if part.startswith("=") else _at(part, document)
        if found not in (None, "", [], {}):
            return found
    return None


def _at(path: str, document: Any) -> Any:
    for name in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(name)
        elif isinstance(document, Sequence) and not isinstance(document, str) and name.isdigit():
            document = document[int(name)] if int(name) < len(document) else None
        else:
            return None
    return document


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def _clean(text: str, limit: int) -> str:
    """Line ends and tabs stay in long texts; other control characters become blanks."""
    kept = "".join(
        " " if (ord(one) < 32 and one not in "\n\t") or 127 <= ord(one) < 160 or one in "\u2028\u2029" else one  # noqa: PLR2004 - control characters
        for one in text.replace("\r\n", "\n").strip()
    )
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"
