"""Walking the route table: every address that names a subject, filled in and asked as somebody."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from irm.access.policy import PERMISSION_OPT
from tests.feature.access.bodies import request_of
from tests.feature.access.living import Living
from tests.feature.access.subjects import OWNED, PLACE, READ_BY_ALL, Kind, Subject, kind_of

NOT_THERE: Final = (403, 404)
SAME_FOR_ALL: Final = {
    "/assessments/{number:str}/findings/template.xlsx": "an empty form; nothing of the assessment stands in it",
    "/api/v1/directives/{directive_id:uuid}/handovers": "a list: empty for whoever sees none of it",
    "/api/v1/editions/{edition_id:uuid}/records": "refuses a request that names no list, before it looks for the edition",
    "/reports/{edition_id:uuid}/records": "refuses a request that names no list, before it looks for the edition",
    "/api/v1/incidents/{number:str}/merge-preview": "refuses a request that names no second incident, before it looks",
}
NAMED: Final = frozenset({("incidents", "number", "name"), ("drills", "number", "kind")})
"""Kinds whose last place is a word of irm's own, the same for every subject."""
SHORTEST: Final = 7
"""Characters of a number or id, with a digit in it, that cannot stand in a text by chance."""
REQUEST: Final = re.compile(
    r'[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|nonce="[^"]*"|value="[^"]{40,}"'
)
"""What every answer has anew: the request's own id, the page's secrets."""


def routes(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """(method, path with its places, handler) of all that asks who one is."""
    return [
        (method, route.path, handler)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get(PERMISSION_OPT) is not None
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
    ]


def owned(app: Litestar, *, reading: bool) -> list[tuple[str, str]]:
    """(method, path) of all that names a subject which belongs to somebody."""
    return [
        (method, path)
        for method, path, _ in routes(app)
        if kind_of(path) in OWNED and (method == "GET") == reading and not (reading and kind_of(path) in READ_BY_ALL)
    ]


def names_in(rows: Mapping[Kind, list[Subject]]) -> set[str]:
    """Numbers and ids of all these subjects that cannot stand in a text by chance, and that not everybody may know."""
    everybodys = {value for kind in READ_BY_ALL for one in rows.get(kind, ()) for value in one.places.values()}
    every = [one for each in rows.values() for one in each]
    names = {value for one in every for value in one.places.values() if len(value) >= SHORTEST}
    return {value for value in names - everybodys if any(sign.isdigit() for sign in value)}


def body_of(schema: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    if method == "GET":
        return {}
    if not path.startswith("/api/"):
        return {"data": {"reason": "words"}}
    named = re.sub(r"{(\w+):\w+}", r"{\1}", path)
    return request_of(schema["paths"][named][method.lower()], schema["components"]["schemas"])


async def answer(
    living: Living, method: str, path: str, one: Subject | None, headers: dict[str, str], body: dict[str, Any]
) -> tuple[int, str]:
    """Status and text, without what names this one request and this one subject."""
    places = one.places if one else _nobodys(living, path)
    filled = PLACE.sub(lambda found: places[found[1]], path)
    got = await living.client.request(method, filled, headers=headers, **body)
    said = got.text
    for value in sorted(places.values(), key=len, reverse=True):
        said = said.replace(value, "…")
    return got.status_code, REQUEST.sub("…", said)


def _nobodys(living: Living, path: str) -> dict[str, str]:
    """Values as long and as well formed as real ones, which nobody was ever given."""
    if kind_of(path) in NAMED:
        known = living.rows[kind_of(path)][0].places
        return {**known, kind_of(path)[1]: "NONE-2026-000987"}
    sample = {"uuid": str(uuid4()), "int": "987654", "str": "NONE-2026-000987"}
    return {name: sample[kind] for name, kind in PLACE.findall(path)}
