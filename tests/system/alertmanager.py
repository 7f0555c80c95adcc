"""A real Prometheus Alertmanager, with the configuration that a city would write (docs/alerts.md)."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from irm.embedded import free_port

NAMES: Final = ("prometheus-alertmanager", "alertmanager")
ABSENT: Final = (
    "Prometheus Alertmanager is not installed: the intake is NOT tried with a real sender "
    "(Debian: apt-get install prometheus-alertmanager, or sh scripts/alertmanager)"
)
CONFIGURATION: Final = """
route:
  receiver: irm
  group_by: [alertname]
  group_wait: 500ms
  group_interval: 1s
  repeat_interval: 2s
receivers:
  - name: irm
    webhook_configs:
      - url: {url}
        send_resolved: true
        max_alerts: 500
        http_config:
          authorization: {{type: Bearer, credentials_file: {secret}}}
"""


def program() -> str | None:
    """Where it is installed, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Alertmanager:
    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    async def send(self, http: httpx.AsyncClient, alerts: list[dict[str, Any]]) -> None:
        """By its own API, as Prometheus does."""
        answer = await http.post(f"http://127.0.0.1:{self.port}/api/v2/alerts", json=alerts)
        assert answer.status_code == 200, answer.text

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def start(self) -> None:
        """With what it had kept on disk."""
        self.process = _started(self.folder, self.port)


def alert(name: str, instance: str, *, starts: datetime, ends: datetime | None = None) -> dict[str, Any]:
    given: dict[str, Any] = {
        "labels": {"alertname": name, "instance": instance, "severity": "critical", "system": "fund"},
        "annotations": {"summary": f"{name} at {instance}"},
        "startsAt": starts.isoformat(),
        "generatorURL": "http://127.0.0.1/graph",
    }
    return given | ({"endsAt": ends.isoformat()} if ends is not None else {})


@contextmanager
def alertmanager(folder: Path, url: str, secret: str) -> Iterator[Alertmanager]:
    folder.mkdir()
    (folder / "secret").write_text(secret)
    (folder / "alertmanager.yml").write_text(CONFIGURATION.format(url=url, secret=folder / "secret"))
    port = free_port()
    running = Alertmanager(folder, port, _started(folder, port))
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            running.kill()


def _started(folder: Path, port: int) -> subprocess.Popen[bytes]:
    found = program()
    assert found is not None, ABSENT
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [
                found,
                f"--config.file={folder / 'alertmanager.yml'}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
