"""What a change of a JSON Schema takes away from whoever has relied on it. A published schema may only grow.

Run as a program it renews the frozen copies, but only where nothing is taken away:

    python -m tests.unit.schemas.growing
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FROZEN = Path(__file__).parent / "frozen"
NARROWING = ("minLength", "minItems", "minimum")
WIDENING = ("maxLength", "maxItems", "maximum")


def taken_away(old: Any, new: Any, where: str = "") -> Iterator[str]:
    """One line for each thing that was valid, or said, and is no longer."""
    yield from _names(old, new, where)
    yield from _words(old, new, where)
    yield from _bounds(old, new, where)
    if isinstance(old.get("items"), dict):
        yield from taken_away(old["items"], new.get("items") or {}, f"{where}[]")
    ways = new.get("anyOf") or [new]
    for index, way in enumerate(old.get("anyOf", ())):
        if not any(not list(taken_away(way, one)) for one in ways):
            yield f"{where}: the way {index + 1} of writing it is gone"


def _names(old: Any, new: Any, where: str) -> Iterator[str]:
    for kind, called in (("$defs", "definition"), ("properties", "field")):
        for name, one in old.get(kind, {}).items():
            if name in new.get(kind, {}):
                yield from taken_away(one, new[kind][name], f"{where}/{name}")
            else:
                yield f"{where}: the {called} {name} is gone"
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{where}: the field {name} is required now"
    if old.get("additionalProperties", True) is not False and new.get("additionalProperties", True) is False:
        yield f"{where}: further fields are refused now"


def _words(old: Any, new: Any, where: str) -> Iterator[str]:
    for value in old.get("enum", ()):
        if "enum" in new and value not in new["enum"]:
            yield f"{where}: {value} is no longer possible"
    if "enum" not in old and "const" not in old and "enum" in new and "type" in old:
        yield f"{where}: only some words are possible now"
    for name in ("$id", "$ref", "const", "pattern", "format"):
        if old.get(name) != new.get(name) and (name in new or name in {"$id", "$ref"}):
            yield f"{where}: {name} was {old.get(name)}, is {new.get(name)}"
    if "type" in old and "type" in new and not _types(old) <= _types(new):
        yield f"{where}: the type was {old['type']}, is {new['type']}"


def _types(schema: Any) -> set[str]:
    return {schema["type"]} if isinstance(schema["type"], str) else set(schema["type"])


def _bounds(old: Any, new: Any, where: str) -> Iterator[str]:
    for name in NARROWING:
        if new.get(name, 0) > old.get(name, 0):
            yield f"{where}: {name} is {new[name]} now"
    for name in WIDENING:
        if name in new and new[name] < old.get(name, float("inf")):
            yield f"{where}: {name} is {new[name]} now"


def main() -> int:
    from irm.overview.schema_routes import schemas

    failed = 0
    for name, one in schemas().items():
        path = FROZEN / f"{name}.json"
        lost = list(taken_away(json.loads(path.read_text("utf-8")), one.schema)) if path.exists() else []
        for line in lost:
            print(f"{name}{line}", file=sys.stderr)
        if not lost:
            path.write_bytes(one.body)
        failed += bool(lost)
    return failed


if __name__ == "__main__":
    sys.exit(main())
