"""All routes × all roles: who lacks the permission is refused before anything runs; who holds it never gets a 5xx.

Rows of other organizations are each room's own test; here the guard is walked, whatever routes there will be.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from irm.access import tokens
from irm.access.guard import PASSIVE_OPT
from irm.access.policy import ADMINISTRATORS, AUTHORITY, CITY, PERMISSION_OPT, Permission, Role, granted
from irm.clock import FixedClock
from irm.config import Settings
from irm.db import SYSTEM, Database
from tests import make
from tests.feature.access import access_table

SAMPLES: Final = {"uuid": "01939a3e-0000-7000-8000-000000000000", "int": "1", "str": "nothing-here", "path": "nothing"}
KIND_OF: Final = {Role.REGULATOR: "cyberspace_office", Role.ASSESSOR: "assessor", Role.REPORTER: "using_unit"}


def routes(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """(method, a path that leads there, handler)."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        path = re.sub(r"{\w+:(\w+)}", lambda found: SAMPLES[found[1]], route.path)
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"}):
                if not handler.opt.get(PASSIVE_OPT):  # a stream does not end
                    yield method, path, handler


@pytest.fixture
def app(client: httpx.AsyncClient) -> Litestar:
    transport: Any = client._transport
    found: Litestar = transport.app
    return found


async def bearer(db: Database, clock: FixedClock, kind: str, *roles: Role) -> dict[str, str]:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx, kind), *roles)
        _, token = await tokens.create_token(
            tx, account_id=account.id, name="walk", scopes=frozenset(Permission), actor=SYSTEM, now=clock.now()
        )
    return {"authorization": f"Bearer {token}", "accept": "application/json"}


async def call(client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    body = {"json": {}} if method in {"POST", "PUT", "PATCH"} and path.startswith("/api/") else {}
    return await client.request(method, path, headers=headers, **body)


def test_every_route_says_who_may_call_it(app: Litestar) -> None:
    silent = [path for _, path, handler in routes(app) if PERMISSION_OPT not in handler.opt]
    assert silent == []


async def test_strangers_reach_public_routes_only(app: Litestar, client: httpx.AsyncClient) -> None:
    for method, path, handler in routes(app):
        answer = await call(client, method, path, {"accept": "application/json"})
        is_public = handler.opt[PERMISSION_OPT] is None
        guarded = answer.status_code in {401, 303} and (
            answer.status_code == 401 or answer.headers["location"].startswith("/login?next=")
        )
        assert guarded != is_public or (is_public and answer.status_code < 500), (method, path, answer.status_code)


@pytest.mark.parametrize("role", sorted(Role))
async def test_each_role(
    app: Litestar, client: httpx.AsyncClient, db: Database, clock: FixedClock, settings: Settings, role: Role
) -> None:
    kind = KIND_OF.get(role, AUTHORITY)
    headers = await bearer(db, clock, kind, role)
    held = granted(frozenset({role}), kind)
    wrong = []
    for method, path, handler in routes(app):
        wanted = handler.opt[PERMISSION_OPT]
        if wanted is None:
            continue
        answer = await call(client, method, path, headers)
        status = answer.status_code
        if wanted & held:
            if status == 401 or status >= 500:
                wrong.append((method, path, status, answer.text[:200]))
        elif status != 403:
            wrong.append((method, path, status, "not refused"))
    assert wrong == []


async def test_an_account_without_any_role(
    app: Litestar, client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    headers = await bearer(db, clock, AUTHORITY)
    wrong = []
    for method, path, handler in routes(app):
        wanted = handler.opt[PERMISSION_OPT]
        if wanted is None:
            continue
        status = (await call(client, method, path, headers)).status_code
        if status >= 500 or (Permission.OWN_ACCOUNT not in wanted and status != 403):
            wrong.append((method, path, status))
    assert wrong == []


async def test_a_token_without_the_scope_is_refused(client: httpx.AsyncClient, db: Database, clock: FixedClock) -> None:
    async with db.transaction() as tx:
        account = await make.account(tx, await make.organization(tx, AUTHORITY), Role.DUTY_OFFICER)
        _, token = await tokens.create_token(
            tx,
            account_id=account.id,
            name="narrow",
            scopes=frozenset({Permission.READ_RULES}),
            actor=SYSTEM,
            now=clock.now(),
        )
    answer = await client.get("/api/v1/systems", headers={"authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_a_silent_route_stops_the_start(db: Database, clock: FixedClock, settings: Settings) -> None:
    from litestar import get
    from litestar.exceptions import ImproperlyConfiguredException

    from irm.access.guard import refuse_unguarded

    @get("/open-by-omission", sync_to_thread=False)
    def open_by_omission() -> str:
        return ""

    with pytest.raises(ImproperlyConfiguredException, match="open-by-omission"):
        refuse_unguarded(Litestar([open_by_omission], openapi_config=None))


def test_the_table_of_access_is_true(application: Litestar) -> None:
    written = access_table.TARGET.read_text(encoding="utf-8")
    assert written == access_table.table(application), "python -m tests.feature.access.access_table"


async def test_what_touches_the_whole_city_is_the_cloud_authoritys_alone(
    app: Litestar, client: httpx.AsyncClient, db: Database, clock: FixedClock
) -> None:
    """Every business role at once in a unit opens no route of the city's."""
    headers = await bearer(db, clock, "using_unit", *sorted(set(Role) - ADMINISTRATORS))
    for method, path, handler in routes(app):
        wanted = handler.opt[PERMISSION_OPT]
        if wanted is not None and wanted <= CITY:
            assert (await call(client, method, path, headers)).status_code == 403, (method, path)
