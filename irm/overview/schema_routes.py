"""The JSON Schemas of files and messages, for editors and receivers, at `/schemas/`. Open to everybody: they hold no data."""

import json
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.status_codes import HTTP_304_NOT_MODIFIED
from ruamel.yaml import YAML

from irm.access.policy import PUBLIC
from irm.drills import schema as scenarios
from irm.errors import NotFound
from irm.json_schema import Schema
from irm.playbooks import schema as playbooks
from irm.rules import schema as packs

MEDIA_TYPE: Final = "application/schema+json"
FRESH: Final = "public, max-age=3600"
MESSAGES: Final = {
    "webhook.v1": ("irm.notify", "webhook_schema.yaml"),
    "call.v1": ("irm.playbooks", "call_schema.yaml"),
}


@dataclass(frozen=True)
class PublishedSchema:
    name: str
    schema: Schema
    body: bytes

    @property
    def path(self) -> str:
        return f"/schemas/{self.name}.json"

    @property
    def tag(self) -> str:
        return f'"{sha256(self.body).hexdigest()[:16]}"'


@cache
def schemas() -> dict[str, PublishedSchema]:
    """By name, such as `playbook.v1`, in the order in which they are listed."""
    found: dict[str, Schema] = {
        playbooks.NAME: playbooks.playbook_schema(),
        packs.NAME: packs.pack_schema(),
        scenarios.NAME: scenarios.scenario_schema(),
        **{name: _written(*place) for name, place in MESSAGES.items()},
    }
    return {name: PublishedSchema(name, one, _body(one)) for name, one in found.items()}


def _written(package: str, name: str) -> Schema:
    found: Schema = YAML(typ="safe").load((files(package) / name).read_text("utf-8"))
    return found


def _body(schema: object) -> bytes:
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


@get("/schemas", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def schema_index(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Each with its address, title and what it is for."""
    rows = [
        {"path": one.path, "title": one.schema["title"], "description": one.schema["description"]}
        for one in schemas().values()
    ]
    return _answer(request, _body({"schemas": rows}), "application/json")


@get("/schemas/{name:str}", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
def schema_file(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    """`playbook.v1.json` and its like; 304 where the reader has it already."""
    found = schemas().get(name.removesuffix(".json")) if name.endswith(".json") else None
    if found is None:
        raise NotFound("There is no such schema.")
    return _answer(request, found.body, MEDIA_TYPE, found.tag)


def _answer(request: Request[Any, Any, Any], body: bytes, media_type: str, tag: str = "") -> Response[bytes]:
    tag = tag or f'"{sha256(body).hexdigest()[:16]}"'
    headers = {"Cache-Control": FRESH, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


ROUTES: Final = [schema_index, schema_file]
