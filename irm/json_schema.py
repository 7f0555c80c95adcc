"""JSON Schemas that irm publishes: for editors of its files, and for whoever receives its messages.

A schema is made of a pydantic model and of words: a YAML file beside the model with one description for each field, and
what the model checks by code (a list of words, a pattern). A published schema may only grow: see docs/schemas.md.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from pydantic import BaseModel
from ruamel.yaml import YAML

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SUFFIXES: Final = ("Model", "Part")

Schema = dict[str, Any]


def words_of(package: str, name: str = "schema_words.yaml") -> Mapping[str, Any]:
    """`fields`: `Step.within` (of the file itself `.id`) → description; `types`: definition → description."""
    found: Mapping[str, Any] = YAML(typ="safe").load((files(package) / name).read_text("utf-8"))
    return found


def published(
    model: type[BaseModel], name: str, words: Mapping[str, Any], more: Mapping[str, Schema] | None = None
) -> Schema:
    """`name`: `playbook.v1`. `more`: what a field allows besides its type, by the same names as `fields`."""
    made = model.model_json_schema(by_alias=True, mode="validation")
    definitions = {_short(key): one for key, one in made.pop("$defs", {}).items()}
    made = _plain({**made, "$defs": definitions}, words, more or {})
    title, description = words["title"], words["description"]
    return {"$schema": DIALECT, "$id": f"urn:irm:schemas:{name}", "title": title, "description": description, **made}


def _short(key: str) -> str:
    for suffix in SUFFIXES:
        key = key.removesuffix(suffix)
    return key


def _plain(made: Schema, words: Mapping[str, Any], more: Mapping[str, Schema]) -> Schema:
    for name, one in (("", made), *made["$defs"].items()):
        one.pop("title", None)
        one.pop("description", None)
        if name:
            one["description"] = words["types"][name]
        for field, allowed in one.get("properties", {}).items():
            place = f"{name}.{field}"
            kept = _clean(more.get(place, allowed))
            one["properties"][field] = {"description": words["fields"][place], **kept}
    made["$defs"] = {name: _clean(one) for name, one in sorted(made["$defs"].items())}
    whole: Schema = _clean(made)
    return whole


def _clean(value: Any) -> Any:
    """Without the titles and defaults that pydantic writes, and with the short names of definitions."""
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if not isinstance(value, dict):
        return value
    made: Schema = {}
    for key, one in value.items():
        if key in {"properties", "$defs"}:
            made[key] = {name: _clean(inner) for name, inner in one.items()}
        elif key == "$ref":
            made[key] = _reference(one)
        elif key not in {"title", "default"}:
            made[key] = _clean(one)
    return made


def _reference(path: str) -> str:
    return "#/$defs/" + _short(path.rpartition("/")[2])


def one_of(words: Mapping[str, Any] | tuple[str, ...] | list[str]) -> Schema:
    return {"enum": list(words)}


def one_or_several(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


def optional(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "null"}]}
