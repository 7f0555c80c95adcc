"""The made-up city behind a real HTTP server on the loopback, in a thread with a loop of its own: what writes requests by
itself (schemathesis, a browser's form) speaks to it over the wire, where a header can be split and a body cut."""

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import uvicorn
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from pydantic import SecretStr
from sqlalchemy import text

from irm.access import tokens
from irm.access.policy import PERMISSION_OPT, Permission, Role, granted
from irm.db import SYSTEM
from tests import make
from tests.feature.access.living import Living, living_city
from tests.feature.access.subjects import OWNED, Kind, Subject, found_in
from tests.server import Server

PATIENCE: Final = 900.0
"""Seconds that the city may take to live its year; a test that waits longer says so."""
CALLBACKS: Final = {name: SecretStr("of-the-gateway") for name in ("sms_secret", "voice_secret", "mail_secret")}
"""Set, so that the callbacks are open and refuse a wrong secret instead of everything."""


@dataclass
class Served:
    """Where the city is, what it says it can do, and by whose token each operation may be called."""

    url: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    living: Living | None = None
    rows: dict[Kind, list[Subject]] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    """Name of a field → what the city calls such a thing: codes of organizations, numbers of incidents."""
    headers: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """(method, path as in the document) → headers of somebody whose roles include it."""
    doors: list[tuple[frozenset[Permission], dict[str, str]]] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    def headers_for(self, wanted: frozenset[Permission]) -> dict[str, str]:
        """Of somebody who holds one of these; of the first where nobody does."""
        return next((headers for held, headers in self.doors if wanted & held), self.doors[0][1])

    def ask(self, query: str) -> list[Any]:
        """Rows of the city's database, from the test's own thread."""

        async def run() -> list[Any]:
            async with self.living.db.transaction() as tx:
                return list((await tx.execute(text(query))).all())

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE)

    def look_again(self) -> None:
        """`rows` as they are now: the newest of each kind, what was just entered among them."""

        async def run() -> None:
            async with self.living.db.transaction() as tx:
                self.rows = {kind: await found_in(tx, kind) for kind in OWNED}

        asyncio.run_coroutine_threadsafe(run(), self.loop).result(PATIENCE)

    def filled(self, path: str, turn: int = 0) -> str | None:
        """`/api/v1/incidents/{number}` with a number of the city's; None: the city has no such thing."""
        names = re.findall(r"{(\w+)(?::\w+)?}", path)
        if not names:
            return path
        kind = (path.removeprefix("/api/v1").split("/")[1], *names)
        places = [row.places for row in self.rows.get(kind, ())] or COMMONS.get(kind, [])
        return re.sub(r"{(\w+)(?::\w+)?}", lambda found: places[turn % len(places)][found[1]], path) if places else None


@contextmanager
def served_city(server: Server, home: Path) -> Iterator[Served]:
    """Raises what the thread raised while the city was made."""
    made, ready, failed = Served(), threading.Event(), []
    # The protocol is named, as asyncio does for a door of its own: only then does it send at once, and not when the client
    # has confirmed what was sent before, 40 ms later.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.bind(("127.0.0.1", 0))
    door.listen(128)
    made.url = f"http://127.0.0.1:{door.getsockname()[1]}"
    config = uvicorn.Config(lambda: None, factory=True, log_level="critical", ws="none", lifespan="off")
    web = uvicorn.Server(config)

    async def live() -> None:
        async with living_city(server, home, **CALLBACKS) as living:
            made.loop = asyncio.get_running_loop()
            await _describe(made, living)
            config.load()
            config.loaded_app = living.app
            ready.set()  # whoever knocks before the server has begun waits at the open door
            await web.serve(sockets=[door])

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as error:  # noqa: BLE001 - told to the test, which waits in another thread
            failed.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="city", daemon=True)
    thread.start()
    try:
        assert ready.wait(PATIENCE), "the city is not ready"
        if failed:
            raise failed[0]
        yield made
    finally:
        web.should_exit = True
        thread.join(PATIENCE)
        door.close()


async def _describe(made: Served, living: Living) -> None:
    answer = await living.client.get("/api/v1/openapi/openapi.json")
    made.document, made.living, made.rows = answer.json(), living, living.rows
    async with living.db.transaction() as tx:
        authority = (await tx.execute(text("SELECT id FROM organization WHERE code = 'cloud-authority'"))).scalar_one()
        for name, query in WORDS.items():
            made.words[name] = [str(one) for one in (await tx.execute(text(query))).scalars()]
    made.doors = [(granted(roles, "cloud_authority"), headers) for roles, headers in await _doors(living, authority)]
    for method, path, handler in operations(living):
        made.headers[method, path] = made.headers_for(handler.opt[PERMISSION_OPT] or frozenset())


COMMONS: Final[dict[Kind, list[dict[str, str]]]] = {
    ("playbooks", "playbook"): [{"playbook": "report-chain"}],
    ("playbooks", "playbook", "version"): [{"playbook": "report-chain", "version": "1"}],
    ("rules", "pack"): [{"pack": "cac-2025-reporting"}],
    ("rules", "pack", "switch"): [{"pack": "cac-2025-reporting", "switch": "enabled"}],
    ("workdays", "year"): [{"year": "2026"}],
    ("ledger", "index"): [{"index": "1"}],
    ("ledger", "size"): [{"size": "1"}],
}
"""What belongs to nobody, and how the city calls it."""
WORDS: Final = {
    "organization": "SELECT code FROM organization WHERE joined ORDER BY code",
    "incident": "SELECT number FROM incident ORDER BY number LIMIT 6",
    "system": "SELECT code FROM system ORDER BY code LIMIT 6",
    "person": "SELECT id FROM person ORDER BY id LIMIT 6",
}


async def _doors(living: Living, authority: UUID) -> list[tuple[frozenset[Role], dict[str, str]]]:
    """Everybody at the cloud authority together: all business roles with the system administrator, and the other two
    administrators, whom no account may be besides."""
    business = set(Role) - {Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR}
    found = [(frozenset(business), living.members[authority])]
    for role in (Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR):
        async with living.db.transaction() as tx:
            account = await make.account(tx, authority, role)
            _, token = await tokens.create_token(
                tx,
                account_id=account.id,
                name="walk",
                scopes=frozenset(Permission),
                actor=SYSTEM,
                now=living.db.clock.now(),
            )
        found.append((frozenset({role}), {"authorization": f"Bearer {token}"}))
    return found


def operations(living: Living) -> list[tuple[str, str, HTTPRouteHandler]]:
    """(method, path as in the document, handler) of all that the document describes."""
    described = living.schema["paths"]
    return [
        (method, route.path_format, handler)
        for route in living.app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in sorted(handler.http_methods - {"OPTIONS", "HEAD"})
        if method.lower() in described.get(route.path_format, {})
    ]
