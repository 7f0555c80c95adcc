"""What can befall irm, done to real processes at points that are reached for certain, never by sleeping.

`House` runs web, worker and dispatcher without a supervisor, so that what was killed stays dead. `let_pass` lets leases and
hand-overs run out. What stops a transaction at its COMMIT is in `gate.py`.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final, Literal

import httpx
from sqlalchemy import Interval, func, literal, select, update

from irm import children
from irm.clock import DatabaseClock
from irm.db import SYSTEM, Database
from irm.embedded import free_port
from irm.heartbeat import HeartbeatRow
from irm.jobs import JobRow
from irm.wiring import WIRING
from tests.system.gate import Gate
from tests.system.world import eventually

REPOSITORY: Final = Path(__file__).parents[2]
COMMANDS: Final = {
    "web": ("-m", "irm.cli", "web"),
    "worker": ("-m", "irm.worker"),
    "dispatcher": ("-m", "irm.dispatcher"),
}
Kind = Literal["web", "worker", "dispatcher"]


# -- processes


@dataclass
class Running:
    """One process of irm."""

    kind: str
    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL, and it is gone when this returns."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP, and no thread of it moves any more when this returns."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    async def ended(self, seconds: float = 30) -> int:
        """The exit code, once it has ended by itself."""
        return await asyncio.to_thread(self.process.wait, seconds)


@dataclass
class House:
    """Processes on servers of the test's own; `environment` is what all of them are given."""

    folder: Path
    database_url: str
    broker_url: str
    environment: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(
        self,
        kind: Kind,
        *,
        gate: Gate | None = None,
        under: tuple[str, ...] = (),
        cwd: Path = REPOSITORY,
        output: Path | None = None,
        **environment: str,
    ) -> Running:
        """`gate`: reaches the database through it. `under`: Python's arguments instead of the usual ones. `cwd`: where
        its code lies. `output`: a file for its words other than its log. Does not wait for it: see `ready`."""
        port = free_port()
        (self.folder / "log").mkdir(exist_ok=True)
        self.home.mkdir(exist_ok=True, mode=0o711)
        env = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")}
        env |= {
            "IRM_HOME": str(self.home),
            "IRM_DATABASE_URL": gate.through(self.database_url) if gate else self.database_url,
            "IRM_BROKER_URL": self.broker_url,
            "IRM_PORT": str(port),
            "IRM_LOCALE": "en",
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(cwd),
            "TZ": "UTC",
        }
        log = self.folder / "log" / f"{len(self.running)}-{kind}.log"
        with (output or log).open("ab") as words:
            process = children.spawn(
                [sys.executable, *(under or COMMANDS[kind])],
                env=env | self.environment | environment,
                stdout=words,
                cwd=cwd,
            )
        self.running.append(Running(kind, process, port, log))
        return self.running[-1]

    def end(self) -> None:
        for one in self.running:
            if one.is_alive:
                one.thaw()
                one.kill()

    def logs(self) -> str:
        return "\n".join(
            f"--- {one.log.name}\n{one.log.read_text(errors='replace')[-3000:]}"
            for one in self.running
            if one.log.exists()
        )


@asynccontextmanager
async def house(folder: Path, database_url: str, broker_url: str, **environment: str) -> AsyncIterator[House]:
    """Ends every process that was started in it, and shows their words when the test fails."""
    made = House(folder, database_url, broker_url, environment)
    try:
        yield made
    except BaseException:
        print(made.logs())
        raise
    finally:
        made.end()


@asynccontextmanager
async def database(url: str) -> AsyncIterator[Database]:
    """The test's own look at what the processes work on."""
    clock = DatabaseClock()
    db = Database.connect(url, clock=clock, wiring=WIRING, pool_size=5)
    try:
        await clock.anchor(db.engine)
        yield db
    finally:
        await db.dispose()


async def ready(db: Database, *processes: Running) -> None:
    """Web answers; workers and dispatchers have said that they are there."""
    async with httpx.AsyncClient(timeout=5) as http:
        for one in processes:
            await eventually(partial(_is_ready, db, http, one), f"{one.kind} to be ready")


async def _is_ready(db: Database, http: httpx.AsyncClient, one: Running) -> bool:
    assert one.is_alive, f"{one.kind} has ended: {one.log.read_text(errors='replace')[-2000:]}"
    if one.kind == "web":
        with suppress(httpx.HTTPError):
            return (await http.get(one.url + "/healthz")).is_success
        return False
    async with db.transaction(SYSTEM) as tx:
        names = await tx.scalars(select(HeartbeatRow.process))
    return any(name.startswith(one.kind) and name.endswith(f":{one.process.pid}") for name in names)


# -- time


async def let_pass(db: Database, **time: float) -> None:
    """As if this much time had gone by for all work that waits and that nobody holds: leases and hand-overs run out,
    pauses before another attempt end. The keywords are those of timedelta.

    What is due already stays due where it is: dispatchers go on from where they have looked (`handing_over.earliest`)."""
    by = literal(timedelta(**time), Interval())
    waiting = select(JobRow.id).where(JobRow.done_at.is_(None)).with_for_update(skip_locked=True)
    async with db.transaction(SYSTEM) as tx:
        await tx.execute(
            update(JobRow)
            .where(JobRow.id.in_(waiting.scalar_subquery()))
            .values(
                run_at=func.greatest(JobRow.run_at - by, func.least(JobRow.run_at, db.clock.now())),
                handed_at=JobRow.handed_at - by,
                handed_until=JobRow.handed_until - by,
                lease_until=JobRow.lease_until - by,
            )
            .execution_options(synchronize_session=False)
        )


# -- disks


@contextmanager
def small_disk(place: Path, megabytes: int) -> Iterator[bool]:
    """`place` as a disk of its own of this size. False where this machine lets nobody mount: then it is a folder."""
    place.mkdir(exist_ok=True)
    size = f"size={megabytes}m,mode=0755"
    mount = shutil.which("mount")
    mounted = (
        mount is not None
        and not subprocess.run(
            [mount, "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=False, capture_output=True
        ).returncode
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(place: Path) -> Path:
    """Leaves not a byte. The file to delete when there shall be room again."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)
    return ballast
