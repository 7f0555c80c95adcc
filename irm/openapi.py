"""The OpenAPI document at /api/v1/openapi/openapi.json: what the framework cannot know is completed here.

Errors are problem+json whatever the route (irm/problems.py), and who may come in stands in each route's `opt`
(irm/access/policy.py), so both are written into the finished document instead of into every handler.
"""

from collections.abc import Iterator
from typing import Any, Final

from litestar import Litestar, Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from irm.access.policy import PERMISSION_OPT, PUBLIC
from irm.access.sessions import COOKIE
from irm.documents.media import GIVES_OPT, JSON
from irm.problems import TITLES

OPERATIONS: Final = ("get", "post", "put", "patch", "delete")
SIGNED_IN: Final[list[dict[str, list[str]]]] = [{"token": []}, {"session": []}]
PROBLEM: Final = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `code` is stable; texts are in the reader's language. `errors` names each field.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "request_id": {"type": "string", "description": "Name it when you ask for help."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


class Document(JsonRenderPlugin):
    """The framework keeps one document per application and hands it over at every reading; it is completed once."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if "Problem" not in openapi_schema["components"].setdefault("schemas", {}):
            _complete(openapi_schema, request.app)
        return super().render(request, openapi_schema)


def configuration() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="irm",
        version="1",
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "token": SecurityScheme(type="http", scheme="bearer", description="An API token: `irm token create`."),
                "session": SecurityScheme(
                    type="apiKey",
                    security_scheme_in="cookie",
                    name=COOKIE,
                    description="The session of the pages; writing also needs the header x-csrf-token.",
                ),
            }
        ),
        openapi_router=Router("/api/v1/openapi", route_handlers=[], opt=PUBLIC, include_in_schema=False),
        render_plugins=[Document(path="/openapi.json")],
    )


def _complete(document: dict[str, Any], app: Litestar) -> None:
    document["components"]["schemas"]["Problem"] = PROBLEM
    for method, operation, handler in _operations(document, app):
        is_public = handler.opt.get(PERMISSION_OPT, frozenset()) is None
        operation["security"] = [] if is_public else SIGNED_IN
        statuses = {401}
        if not is_public:
            statuses.add(403)
        if any(one["in"] == "path" for one in operation.get("parameters", ())):
            statuses.add(404)
        if method != "get":
            statuses |= {409, 422}
        if operation.get("parameters"):
            statuses.add(422)
        if operation.get("requestBody"):
            statuses |= {400, 413}
        answers = {status: one for status, one in operation["responses"].items() if status < "4"}
        if GIVES_OPT in handler.opt:
            for one in answers.values():
                one["content"] = {media: {"schema": _file(media)} for media in handler.opt[GIVES_OPT]}
        answers |= {str(status): _answer(TITLES[status]) for status in sorted(statuses)}
        answers["default"] = _answer("Any other error, 500 and 503 among them.")
        operation["responses"] = answers


def _operations(document: dict[str, Any], app: Litestar) -> Iterator[tuple[str, dict[str, Any], HTTPRouteHandler]]:
    handlers = {
        (route.path_format, method.lower()): handler
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
    }
    for path, operations in document["paths"].items():
        for method in OPERATIONS:
            if method in operations:
                yield method, operations[method], handlers[path, method]


def _file(media_type: str) -> dict[str, Any]:
    return {} if media_type == JSON else {"type": "string", "format": "binary"}


def _answer(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
