"""The PostgreSQL and Valkey of one test run, and one database for each worker of pytest-xdist."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from irm import migrations
from irm.embedded import APP, DATABASE, OWNER, Embedded

PREFIX: Final = "irm-tests-"


@dataclass(frozen=True)
class Server:
    """Addresses only, so that it can be sent to xdist's workers."""

    home: str
    postgres_port: int
    valkey_port: int
    passwords: dict[str, str]

    def url(self, database: str, role: str = APP) -> str:
        return f"postgresql+asyncpg://{role}:{self.passwords[role]}@127.0.0.1:{self.postgres_port}/{database}"

    def broker_url(self, number: int = 0) -> str:
        return f"redis://:{self.passwords['valkey']}@127.0.0.1:{self.valkey_port}/{number}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _handle(self) -> Embedded:
        return Embedded.attached(Path(self.home), {"postgres": self.postgres_port, "valkey": self.valkey_port})

    def create(self, database: str, *, template: str = DATABASE) -> None:
        """A copy of the run's template: the schema of today and no rows; or of another that nobody is connected to."""
        self._handle().create_database(database, template=template)

    def drop(self, database: str) -> None:
        self._handle().sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@contextmanager
def running() -> Iterator[Server]:
    """Start both servers in a directory of their own, migrate the template once, throw all away at the end."""
    clear_stale()
    home = Path(tempfile.mkdtemp(prefix=PREFIX))
    home.chmod(0o711)
    (home / "pid").write_text(str(os.getpid()))
    embedded = Embedded(home, durable=False)
    try:
        embedded.start()
        embedded.ensure_roles()
        migrations.upgrade(embedded.database_url(OWNER))
        ports = embedded.ports
        yield Server(str(home), ports["postgres"], ports["valkey"], embedded.identity.passwords)
    finally:
        embedded.stop()
        shutil.rmtree(home, ignore_errors=True)
        if embedded.has_place_outside:
            shutil.rmtree(embedded.data, ignore_errors=True)


def clear_stale() -> None:
    """Directories of runs that were killed; their servers end with them, but look, and end by pid what is left."""
    for home in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        with suppress(OSError, ValueError):
            if _is_alive(int((home / "pid").read_text())):
                continue
            postmaster = home / "postgres" / "postmaster.pid"
            if postmaster.exists():
                pid = int(postmaster.read_text().splitlines()[0])
                if str(home).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, signal.SIGQUIT)
                    time.sleep(0.2)
            shutil.rmtree(home, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
