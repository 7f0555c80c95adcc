"""Schemathesis over the whole document: values that its schemas allow and values that they forbid, and walks from what one
answer tells to what the next request needs. The same requests every time (one seed, nothing remembered)."""

from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events

from tests.feature.api.served import Served

SEED: Final = 6
CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@dataclass
class Walked:
    """What came back, and what of it irm may not answer."""

    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    """Operation as `GET /api/v1/…` → how often each status came."""
    faults: dict[tuple[str, str, int], str] = field(default_factory=dict)
    """(operation, check, status) → what was wrong, with the request to repeat it."""
    stopped: list[str] = field(default_factory=list)
    """What the tool itself could not do."""


def walked(city: Served, phase: str, *, examples: int) -> Walked:
    """`phase`: "fuzzing" (each operation by itself, `examples` requests) or "stateful" (`examples` walks)."""
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": city.url,
            "continue-on-failure": True,
            "workers": 1,
            "generation": {"max-examples": examples, "deterministic": True, "no-shrink": True, "database": "none"},
            "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
            "phases": {name: {"enabled": name == phase} for name in ("examples", "coverage", "fuzzing", "stateful")},
            "operations": [
                {"include-name": f"{method} {path}", "headers": headers}
                for (method, path), headers in city.headers.items()
            ],
        }
    )
    made = Walked()
    for event in engine.from_schema(schemathesis.openapi.from_dict(_at_home(city), config=config)).execute():
        if isinstance(event, events.NonFatalError):
            made.stopped.append(f"{event.label}: {event.info.message}")
        elif isinstance(event, events.FatalError):
            made.stopped.append(repr(event.exception))
        elif isinstance(event, events.ScenarioFinished):
            _count(made, event.recorder)
    return made


def _count(made: Walked, recorder: Any) -> None:
    for case_id, interaction in recorder.interactions.items():
        name = recorder.cases[case_id].value.operation.label
        status = interaction.response.status_code if interaction.response is not None else 0
        made.statuses[name][status] += 1
        for check in recorder.checks.get(case_id, ()):
            if check.status is Status.FAILURE:
                failure = check.failure_info.failure
                told = f"{failure.title}: {failure.message[:300]}\n{check.failure_info.code_sample[:600]}"
                made.faults.setdefault((name, check.name, status), told)


def _at_home(city: Served) -> dict[str, Any]:
    """The document with the city's own numbers as choices where a number is asked: what is asked for by chance is only
    refused, and never gets to where it could break something."""
    document = deepcopy(city.document)
    places: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, rows in city.rows.items():
        for row in rows:
            for name, value in row.places.items():
                places[kind[0], name].add(value)
    for path, operations in document["paths"].items():
        room = path.removeprefix("/api/v1/").split("/")[0]
        for operation in operations.values():
            for one in operation.get("parameters", ()):
                known = sorted(places[room, one["name"]]) if one["in"] == "path" else city.words.get(one["name"], [])
                if known and one["schema"].get("type") == "string":
                    one["schema"] = _or_known(one["schema"], known)
    for component in document["components"]["schemas"].values():
        for name, schema in component.get("properties", {}).items():
            if name in city.words and schema.get("type") == "string" and "enum" not in schema:
                component["properties"][name] = _or_known(schema, city.words[name])
    return document


def _or_known(schema: dict[str, Any], known: list[str]) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "enum": known}, schema]}
