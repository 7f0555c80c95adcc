"""`irm up`: the servers, the migration, the demo city, then web, worker and dispatcher, watched until told to stop.

Children end with this process, however it ends. One that falls is started again, at growing intervals. What it says is
Said (irm/errors.py); whoever starts it turns that into the reader's words, so that it need not load the catalogs itself.
"""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn

from irm import children
from irm.binaries import EmbeddedError
from irm.embedded import OWNER, Embedded, free_port, make_home, write_private
from irm.errors import Said, said

Say = Callable[[str], None]

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
CALM: Final = 60.0
"""Seconds of life after which a fall counts as the first again."""
LARGEST_LOG: Final = 20 * 1024 * 1024
SECONDS_TO_STOP: Final = 2.5
OUT_OF_DATE: Final = 3
"""Exit code of irm.preparation: the database has another shape, and there is no address to change it with."""
WRONG_SETTINGS: Final = 4
"""The same where a setting is wrong: which, stands in what it prints, in words of the terminal's language."""


ACCOUNT_HEADS: Final[Mapping[str, Said]] = {
    "organization": said("Organization"),
    "post": said("Post"),
    "roles": said("Roles"),
    "login": said("Login name"),
    "password": said("Password"),
}


class Stopped(BaseException):
    """A signal asked us to stop; raised in the main thread wherever it is."""


class CannotStart(Exception):
    """Says (Said) what is wrong and what to do."""


@dataclass
class Child:
    name: str
    argv: list[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    again_at: float = 0.0
    falls: int = field(default=0)


def has_own_sms(given: Mapping[str, str]) -> bool:
    """SMS go to a gateway or a provider of the city's own, not to the catcher."""
    return bool(given.get("IRM_SMS_URL")) or (given.get("IRM_SMS_PROVIDER") or "gateway") != "gateway"


class Supervisor:
    """`environment` is what the caller was given (`os.environ`); `say` prints a line for people, `words` puts a text into
    their language (`in_words`)."""

    def __init__(self, environment: Mapping[str, str], *, say: Say, words: Callable[[str], str]) -> None:
        self.given = dict(environment)
        self.print = say
        self.words = words
        self.home = Path(self.given.get("IRM_HOME") or ".irm").absolute()
        self.port = int(self.given.get("IRM_PORT") or 8000)
        self.host = self.given.get("IRM_HOST") or "127.0.0.1"
        self.embedded: Embedded | None = None
        self.children: list[Child] = []
        self.env: dict[str, str] = {}
        self.published = False

    def say(self, text: str) -> None:
        self.print(self.words(text))

    @property
    def url(self) -> str:
        return self.given.get("IRM_PUBLIC_URL") or f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Returns after a signal, with everything stopped. Raises CannotStart or EmbeddedError."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _raise_stopped)
        try:
            self._start()
            self._watch()
        except Stopped:
            self.say(said("stopping …"))
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stop()

    # -- start

    def _start(self) -> None:
        begun = time.monotonic()
        if not _is_free(self.host, self.port):
            message = said(
                "Port %(port)s is in use. Stop what uses it, or choose another: IRM_PORT=8001 make up", port=self.port
            )
            raise CannotStart(message)
        make_home(self.home)
        self.env = self._environment()
        self._start_servers()
        demo = self.env["IRM_DEMO"] == "true"
        if demo:
            self._start_catcher()
        accounts = self._prepare()
        self._publish()
        # Web first, alone: the first page is what somebody waits for; what is due waits in the database.
        self._launch(Child("web", ["-m", "irm.cli", "web"]))
        self._wait_for_first_page()
        self._launch(Child("worker", ["-m", "irm.worker"]))
        self._launch(Child("dispatcher", ["-m", "irm.dispatcher"]))
        seconds = f"{time.monotonic() - begun:.1f}"
        self.say(said("irm is ready after %(seconds)s s:  %(url)s", seconds=seconds, url=self.url))
        self._say_accounts(accounts)
        if self.embedded is not None and self.embedded.has_place_outside:
            self.say(
                said(
                    "The database server cannot enter %(home)s; its data are in %(data)s",
                    home=self.home,
                    data=self.embedded.data,
                )
            )
        self.say(said("Data and logs: %(home)s    Stop: Ctrl-C", home=self.home))

    def _environment(self) -> dict[str, str]:
        own_database = not self.given.get("IRM_DATABASE_URL")
        asked = self.given.get("IRM_DEMO", "").strip().lower()
        demo = asked in {"1", "true", "yes", "on"} if asked else own_database
        secret = _kept_secret(self.home / "callback.json", "sms_secret")
        return self.given | {
            "IRM_HOME": str(self.home),
            "IRM_PORT": str(self.port),
            "IRM_HOST": self.host,
            "IRM_PUBLIC_URL": self.url,
            "IRM_DEMO": "true" if demo else "false",
            "IRM_SMS_SECRET": self.given.get("IRM_SMS_SECRET") or secret,
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }

    def _start_servers(self) -> None:
        postgres = not self.given.get("IRM_DATABASE_URL")
        valkey = not self.given.get("IRM_BROKER_URL")
        if not postgres and not valkey:
            return
        self.embedded = Embedded(self.home, postgres=postgres, valkey=valkey)
        self.embedded.start()
        if postgres:
            self.embedded.ensure_roles()
            self.env["IRM_DATABASE_URL"] = self.embedded.database_url()
            self.env["IRM_MIGRATION_DATABASE_URL"] = self.embedded.database_url(OWNER)
        if valkey:
            self.env["IRM_BROKER_URL"] = self.embedded.broker_url

    def _start_catcher(self) -> None:
        """The demo never sends outside: whatever has no address of its own goes to the catcher on this machine."""
        smtp, http_port = free_port(), free_port()
        store = self.home / "catcher"
        store.mkdir(mode=0o700, exist_ok=True)
        argv = [
            "-m",
            "irm.notify.catcher",
            "--smtp-port",
            str(smtp),
            "--http-port",
            str(http_port),
            "--store",
            str(store),
        ]
        if not self.given.get("IRM_SMTP_URL"):
            self.env["IRM_SMTP_URL"] = f"smtp://127.0.0.1:{smtp}"
        if not has_own_sms(self.given):
            self.env["IRM_SMS_URL"] = f"http://127.0.0.1:{http_port}/sms"
        self.env["IRM_CATCHER_URL"] = f"http://127.0.0.1:{http_port}"
        self._launch(Child("catcher", argv))

    def _prepare(self) -> list[dict[str, Any]]:
        log = self._log("prepare")
        with log.open("ab") as errors:
            process = children.spawn(
                [sys.executable, "-m", "irm.preparation"], env=self.env, stdout=subprocess.PIPE, stderr=errors
            )
            try:
                output, _ = process.communicate()
            except BaseException:
                children.stop(process, by=[(signal.SIGTERM, 1)])
                raise
        if process.returncode == OUT_OF_DATE:
            message = said(
                "The database has another shape than this release. Set IRM_MIGRATION_DATABASE_URL and run: irm migrate"
            )
            raise CannotStart(message)
        if process.returncode == WRONG_SETTINGS:
            raise CannotStart(output.decode().strip())
        if process.returncode:
            message = said("The database could not be prepared. From %(log)s:\n%(tail)s", log=log, tail=_tail(log))
            raise CannotStart(message)
        accounts = self.home / "demo-accounts.json"
        answer = json.loads(output)
        self.env = answer["environment"] | self.env
        if made := answer["accounts"]:
            write_private(accounts, {"accounts": made})
        if self.env["IRM_DEMO"] == "true" and accounts.exists():
            found: list[dict[str, Any]] = json.loads(accounts.read_text())["accounts"]
            return found
        return []

    def _publish(self) -> None:
        """Where other commands of this home find the servers while they run."""
        shown = {key: value for key, value in self.env.items() if key.startswith("IRM_") and key != "IRM_LOCALE"}
        write_private(self.home / "running.json", {"pid": os.getpid(), "environment": shown})
        self.published = True

    def _launch(self, child: Child) -> None:
        with self._log(child.name).open("ab") as log:
            child.process = children.spawn([sys.executable, *child.argv], env=self.env, stdout=log)
        child.started = time.monotonic()
        if child not in self.children:
            self.children.append(child)

    def _wait_for_first_page(self) -> None:
        while not self._answers():
            self._look_after_children()
            time.sleep(0.05)

    def _answers(self) -> bool:
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        link = http.client.HTTPConnection(host, self.port, timeout=5)
        try:
            link.request("GET", "/healthz")
            return link.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            link.close()

    # -- life

    def _watch(self) -> NoReturn:
        while True:
            self._look_after_servers()
            self._look_after_children()
            time.sleep(0.2)

    def _look_after_servers(self) -> None:
        if self.embedded is None:
            return
        for name in self.embedded.dead():
            folder = self.home / "log"
            self.say(said("%(name)s has ended; starting it again. Its log is in %(folder)s", name=name, folder=folder))
            try:
                self.embedded.restart(name)
            except EmbeddedError as error:
                self.say(error.args[0])
                time.sleep(1)

    def _look_after_children(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._fell(child, child.process.returncode, now)
            elif child.process is None and now >= child.again_at:
                self._launch(child)

    def _fell(self, child: Child, code: int, now: float) -> None:
        child.pause = FIRST_PAUSE if now - child.started > CALM else min(child.pause * 2, LONGEST_PAUSE)
        child.falls += 1
        child.process, child.again_at = None, now + child.pause
        log = self._log(child.name)
        self.say(
            said(
                "%(name)s ended with code %(code)s; again in %(seconds)s s. From %(log)s:\n%(tail)s",
                name=child.name,
                code=code,
                seconds=f"{child.pause:.0f}",
                log=log,
                tail=_tail(log),
            )
        )

    # -- stop

    def _stop(self) -> None:
        if self.published:
            (self.home / "running.json").unlink(missing_ok=True)
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + SECONDS_TO_STOP
        for process in running:
            children.stop(process, by=[(signal.SIGTERM, max(0.05, until - time.monotonic()))])
        if self.embedded is not None:
            self.embedded.stop()

    def _log(self, name: str) -> Path:
        path = self.home / "log" / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_suffix(".log.1"))
        return path

    def _say_accounts(self, accounts: list[dict[str, Any]]) -> None:
        if not accounts:
            return
        # Imported here: it brings the catalogs along, and by now the first page has been answered.
        from irm.access.vocabulary import ROLE_NAMES  # noqa: PLC0415 - after the servers are up

        roles = {role.value: self.words(Said(name)) for role, name in ROLE_NAMES.items()}
        rows = [[self.words(head) for head in ACCOUNT_HEADS.values()]]
        for account in accounts:
            held = ", ".join(roles.get(role, role) for role in str(account.get("roles") or "").split(", "))
            shown = account | {"roles": held}
            rows.append([str(shown.get(column) or "") for column in ACCOUNT_HEADS])
        widths = [max(_width(row[index]) for row in rows) for index in range(len(ACCOUNT_HEADS))]
        self.say(said("Demo accounts (passwords were made for this installation):"))
        for row in rows:
            self.print(
                "  "
                + "  ".join(
                    cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
                ).rstrip()
            )


def _raise_stopped(_number: int, _frame: FrameType | None) -> NoReturn:
    # Once is enough: a second Ctrl-C must not cut the orderly stop short.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _kept_secret(path: Path, name: str) -> str:
    if not path.exists():
        write_private(path, {name: secrets.token_urlsafe(24)})
    found: str = json.loads(path.read_text())[name]
    return found


def _tail(path: Path, lines: int = 8) -> str:
    with suppress(OSError):
        return "\n".join(f"    {line[:300]}" for line in path.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
