"""Real processes of a test: started in a home of their own, stopped at the end, their words kept for the failure."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from irm.embedded import free_port

PATIENCE = 180.0
"""Seconds; the machine may be busy with other things."""


class Up:
    """An `irm up` in its own session."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.port = free_port()
        env = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")}
        env |= {
            "IRM_HOME": str(home),
            "IRM_PORT": str(self.port),
            "IRM_DEMO": "false",
            "IRM_DEMO_YEAR": "false",
            "IRM_LOCALE": "en",
        } | environment
        self.process = subprocess.Popen(
            [sys.executable, "-m", "irm.cli", "up"],
            cwd=Path(__file__).parents[2],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.lines.extend(output)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        return "".join(self.lines)

    @property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.home / "running.json").read_text())
        return found

    def ready(self) -> "Up":
        until(
            lambda: "Stop: Ctrl-C" in self.said, "irm up to be ready", give_up=lambda: self.process.poll() is not None
        )
        return self

    def status(self, path: str = "/healthz") -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                code: int = answer.status
                return code
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def pids(self, word: str) -> list[int]:
        """Children whose command line holds `word`."""
        return [pid for pid, (_, line) in self.family().items() if word in line]

    def family(self) -> dict[int, tuple[int, str]]:
        """pid → (parent, command line) of everything in our session or with our home in its command line."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if fields[0] != "Z" and (int(fields[3]) == self.process.pid or str(self.home) in line):
                    found[int(entry.name)] = (int(fields[1]), line)
        return found

    def interrupt(self) -> float:
        """Ctrl-C, as a terminal sends it to the whole group. Returns the seconds until nobody was left."""
        begun = time.monotonic()
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        until(lambda: not self.family(), "everything to be gone", seconds=30)
        return time.monotonic() - begun

    def end(self) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)

    def logs(self) -> str:
        found = [
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in (self.home / "log").glob("*.log")
        ]
        return self.said + "\n".join(found)


@contextmanager
def up(home: Path, **environment: str) -> Iterator[Up]:
    """`home`'s parents must be open to others: under root the database server is another user."""
    started = Up(home, **environment)
    try:
        yield started
    except BaseException:
        print(started.logs())
        raise
    finally:
        started.end()


def until(
    holds: Callable[[], object], what: str, *, seconds: float = PATIENCE, give_up: Callable[[], bool] = lambda: False
) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert not give_up(), f"waited for {what}, which can no longer happen"
        assert time.monotonic() < limit, f"waited {seconds} s for {what}"
        time.sleep(0.05)
