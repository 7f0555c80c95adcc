"""The demo city under `irm up`, and beside it a second web, worker and dispatcher, as on a second machine.

What `irm up` started, it starts again itself when it falls; the second ones are started again here, as systemd would.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from irm.db import HOUSE
from irm.embedded import free_port
from tests.faults.history import History
from tests.faults.receivers import Gateway, Post
from tests.system.processes import Up, until, up
from tests.system.world import SECRET, World

COMMANDS: Final = {
    "worker": ("-m", "irm.worker"),
    "dispatcher": ("-m", "irm.dispatcher"),
    "web": ("-m", "irm.cli", "web"),
}
WORDS: Final = {"worker": "irm.worker", "dispatcher": "irm.dispatcher", "web": "irm.cli web"}
START: Final = 1200.0
"""Seconds for the demo city to be there and for everything to be back: the machine may be busy with other things."""
REST: Final = 0.5
"""Seconds between a fall of a second process and its next start."""


@dataclass
class Second:
    kind: str
    environment: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    falls: int = 0

    def start(self) -> None:
        with self.log.open("ab") as words:
            self.process = subprocess.Popen(
                [sys.executable, *COMMANDS[self.kind]],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                cwd=Path(__file__).parents[2],
            )

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


@dataclass
class Town:
    irm: Up
    history: History
    mail: Post
    gateway: Gateway
    engine: AsyncEngine
    http: httpx.AsyncClient
    seconds: list[Second] = field(default_factory=list)
    posting: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while a filing is on its way."""
    disk: Path | None = None
    """The folder that lies on a small disk of its own, where this machine lets us mount one."""

    @property
    def urls(self) -> list[str]:
        return [
            self.irm.url,
            *(f"http://127.0.0.1:{one.environment['IRM_PORT']}" for one in self.seconds if one.kind == "web"),
        ]

    def pids(self, kind: str) -> list[int]:
        own = [
            one.process.pid for one in self.seconds if one.kind == kind and one.process and one.process.poll() is None
        ]
        return [*self.irm.pids(WORDS[kind]), *own]

    def signal(self, pid: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    def postmaster(self) -> int | None:
        """None while there is none."""
        for place in (self.irm.home / "postgres", Path(self._identity().get("place", "")) / "postgres"):
            with suppress(OSError, ValueError, IndexError):
                return int((place / "postmaster.pid").read_text().splitlines()[0])
        return None

    def _identity(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.irm.home / "embedded.json").read_text())
        return found

    def postgres_family(self) -> list[int]:
        master = self.postmaster()
        if master is None:
            return []
        children = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError, ValueError):
                if int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == master:
                    children.append(int(entry.name))
        return [master, *children]

    async def keep(self) -> None:
        """Starts again what has fallen; until it is cancelled."""
        while True:
            for one in self.seconds:
                if one.process is not None and one.process.poll() is not None:
                    one.falls += 1
                    one.process = None
                    self.history.write("fell", kind=one.kind)
                elif one.process is None:
                    one.start()
            await asyncio.sleep(REST)

    async def all_up(self, seconds: float = START) -> None:
        """Every web answers, every process is there."""
        limit = time.monotonic() + seconds
        for url in self.urls:
            while not await self._answers(url):
                assert time.monotonic() < limit, f"{url} does not come back\n{self.irm.logs()}"
                await asyncio.sleep(0.2)
        wanted = 2 if self.seconds else 1
        while not all(len(self.pids(kind)) >= wanted for kind in COMMANDS):
            assert time.monotonic() < limit, "not every process came back"
            await asyncio.sleep(0.2)

    async def back(self, what: str, *, seconds: float) -> float:
        """Waits until at least one of them works again; the seconds it took. Of what has no process of irm: at once."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            try:
                if await self._is_back(what):
                    break
            except (SQLAlchemyError, OSError):
                pass
            await asyncio.sleep(0.2)
        return time.monotonic() - begun

    async def _is_back(self, what: str) -> bool:
        if what == "web":
            return any([await self._answers(url) for url in self.urls])
        async with self.engine.connect() as connection:
            if what not in WORDS:
                return bool(await connection.scalar(text("SELECT true")))
            beating = await connection.scalars(
                text(
                    "SELECT process FROM heartbeat WHERE kind = :kind AND seen_at > clock_timestamp() - interval '15 s'"
                ),
                {"kind": what},
            )
            pids = {str(pid) for pid in self.pids(what)}
            return any(one.rpartition(":")[2] in pids for one in beating)

    async def _answers(self, url: str) -> bool:
        with suppress(httpx.HTTPError):
            return (await self.http.get(f"{url}/healthz", timeout=5)).is_success
        return False

    @property
    def world(self) -> World:
        """As the tests of tests/system see it."""
        return World(self.irm, self.mail, self.gateway, self.http)


@asynccontextmanager
async def town(
    folder: Path, history: History, *, disk: Path | None = None, doubled: bool = True
) -> AsyncIterator[Town]:
    """`doubled`: with the second processes. `folder` must be open to others."""
    mail, gateway = Post(history), Gateway(history)
    servers = [await mail.start(), await gateway.start()]
    outside = {"IRM_SMTP_URL": mail.url, "IRM_SMS_URL": gateway.url("/sms"), "IRM_SMS_SECRET": SECRET}
    made: Town | None = None
    try:
        with up(folder / "home", IRM_DEMO="true", **outside) as irm:
            await asyncio.to_thread(_ready, irm)
            given = irm.running["environment"]
            engine = create_async_engine(
                given["IRM_DATABASE_URL"],
                poolclass=NullPool,
                hide_parameters=True,
                connect_args={
                    "timeout": 10,
                    "server_settings": {"application_name": "faults", "timezone": "UTC", **HOUSE},
                },
            )
            async with httpx.AsyncClient(base_url=irm.url, timeout=30) as http:
                made = Town(irm, history, mail, gateway, engine, http, disk=disk)
                if doubled:
                    made.seconds = [_second(kind, given, folder) for kind in COMMANDS]
                keeping = asyncio.create_task(made.keep())
                try:
                    await made.all_up()
                    yield made
                finally:
                    keeping.cancel()
                    for one in made.seconds:
                        one.end()
                    await engine.dispose()
    finally:
        gateway.be("well")
        mail.be("well")
        for server in servers:
            server.close()
        await asyncio.sleep(0)


def _ready(irm: Up) -> None:
    has_ended = lambda: irm.process.poll() is not None  # noqa: E731 - one of two questions
    until(lambda: "Stop: Ctrl-C" in irm.said, "irm up to be ready", seconds=START, give_up=has_ended)


def _second(kind: str, given: dict[str, str], folder: Path) -> Second:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")}
    own = {"IRM_PORT": str(free_port()), "PYTHONUNBUFFERED": "1", "TZ": "UTC"}
    return Second(kind, inherited | given | own, folder / f"second-{kind}.log")
