"""The demo city run by real processes, with a real mail server and SMS gateway outside, as people and machines reach it."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from tests.fakes.gateway import HttpServer
from tests.fakes.mail import MailServer
from tests.system.processes import PATIENCE, Up, up

SECRET: Final = "shared-with-the-gateway"
OFFICERS: Final = {"duty1": "10000000101", "duty2": "10000000102"}
LEADER: Final = "10000000103"
DEPUTY: Final = "10000000104"
CITY_OFFICE: Final = "duty@cac-city.example.invalid"
READS: Final = (
    "read_systems", "read_incidents", "read_obligations", "read_submissions", "read_deliveries", "read_roster", "read_organizations",
)  # fmt: skip
ACTS: Final = ("file_incident", "submit_report", "record_receipt")


@dataclass
class World:
    irm: Up
    mail: MailServer
    gateway: HttpServer
    http: httpx.AsyncClient

    async def cli(self, *argv: str) -> Any:
        """A command of irm in the folder of `irm up`; its JSON."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "irm.cli", *argv, "--json"],
            env=env | {"IRM_HOME": str(self.irm.home)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"irm {' '.join(argv)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    async def person(self, login: str) -> "Person":
        scopes = [word for scope in (*READS, *ACTS) for word in ("--scope", scope)]
        made = await self.cli("token", "create", login, "--name", "the night", *scopes)
        return Person(self.http, made["token"])

    def texts_to(self, phone: str) -> list[str]:
        return [taken.json["content"] for taken in self.gateway.taken if taken.json["phone"] == phone]


@dataclass
class Person:
    http: httpx.AsyncClient
    token: str

    async def get(self, path: str) -> Any:
        return self._read(await self.http.get(path, headers=self._headers()))

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._read(await self.http.post(path, json=body, headers=self._headers() | headers))

    async def patch(self, path: str, body: Any) -> Any:
        return self._read(await self.http.patch(path, json=body, headers=self._headers()))

    async def owed(self, number: str, rule: str) -> Any:
        """The one duty of this rule in this incident."""
        found = (await self.get(f"/api/v1/incidents/{number}/obligations"))["obligations"]
        matching = [one for one in found if one["rule"].endswith(rule)]
        assert len(matching) == 1, [(one["rule"], one["bearer"]["name"], one["recipient"]["name"]) for one in found]
        return matching[0]

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @staticmethod
    def _read(answer: httpx.Response) -> Any:
        assert answer.status_code < 300, (
            f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:1500]}"
        )
        return answer.json() if answer.content else None


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    mail, gateway = MailServer(), HttpServer()
    servers = [await mail.start(), await gateway.start()]
    outside = {"IRM_SMTP_URL": mail.url, "IRM_SMS_URL": gateway.url("/sms"), "IRM_SMS_SECRET": SECRET}
    try:
        with up(folder / "home", IRM_DEMO="true", **outside) as irm:
            await asyncio.to_thread(irm.ready)
            async with httpx.AsyncClient(base_url=irm.url, timeout=30) as http:
                yield World(irm, mail, gateway, http)
    finally:
        for server in servers:
            server.close()


async def eventually(look: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first truthy answer of `look`, which may be a coroutine function."""
    limit = time.monotonic() + seconds
    while True:
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert time.monotonic() < limit, f"waited {seconds} s for {what}"
        await asyncio.sleep(0.1)


def a_filing() -> dict[str, Any]:
    """What a using unit says of its own system (level 3, 310,000 users): may be 较大."""
    return {
        "classified": "no",
        "text": "service is down since the night, several pages show foreign content",
        "target": {"kind": "system", "system": "fund"},
        "known_at": datetime.now(UTC).isoformat(),
        "contact": "000-00000024",
    }
