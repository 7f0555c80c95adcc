"""The least that an operation of the interface takes, made from its own OpenAPI schema: what is well formed gets past
the reading of the body, to where it is asked whose the subject is."""

from typing import Any, Final

NO_ID: Final = "01939a3e-0000-7000-8000-000000000000"
FORMATS: Final = {"uuid": NO_ID, "date-time": "2026-11-22T03:00:00+00:00", "date": "2026-11-22", "time": "03:00:00"}


def least(schema: dict[str, Any], components: dict[str, Any]) -> Any:
    """The smallest value that `schema` allows: needed fields only, the first of a choice, an empty list."""
    if "$ref" in schema:
        return least(components[schema["$ref"].rpartition("/")[2]], components)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for several in ("oneOf", "anyOf", "allOf"):
        if schema.get(several):
            return least(schema[several][0], components)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object" or "properties" in schema:
        return {name: least(schema["properties"][name], components) for name in schema.get("required", ())}
    plain: dict[Any, Any] = {"array": [], "integer": 1, "number": 1, "boolean": True, "null": None}
    return plain[kind] if kind in plain else FORMATS.get(schema.get("format", ""), "words")


def request_of(operation: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """Keyword arguments for the client's request: a JSON body, a file, or nothing."""
    content = (operation.get("requestBody") or {}).get("content", {})
    if "application/json" in content:
        return {"json": least(content["application/json"]["schema"], components)}
    if "multipart/form-data" in content:
        return {"files": {"file": ("note.txt", b"words", "text/plain")}, "data": {"kind": "words"}}
    return {}
