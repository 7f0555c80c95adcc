"""`irm up`: everything comes up, comes up again, and goes away together."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

from tests.system.processes import until, up

FIVE_SECONDS = 5.0


def test_it_starts_heals_and_stops_together(open_folder: Path) -> None:
    home = open_folder / "home"
    with up(home) as irm:
        irm.ready()
        assert irm.status("/healthz") == 200
        assert irm.url in irm.said
        until(lambda: irm.pids("irm.worker") and irm.pids("irm.dispatcher"), "worker and dispatcher")

        # Nobody else may read what opens the database.
        for name in ("embedded.json", "running.json", "callback.json"):
            assert stat.S_IMODE((home / name).stat().st_mode) == 0o600, name

        # Each process that is killed comes back, and so do the servers, on the same addresses.
        (web,) = irm.pids("irm.cli web")
        os.kill(web, signal.SIGKILL)
        until(lambda: irm.pids("irm.cli web") not in ([], [web]) and irm.status() == 200, "web to come back")
        postgres = int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postgres, signal.SIGKILL)
        until(lambda: "postgres has ended" in irm.said, "the fall to be seen")
        until(lambda: doctor(home)["Database"] == "good", "postgres to come back")
        assert doctor(home)["Rights"] == "good"

        assert irm.interrupt() < FIVE_SECONDS
        assert irm.process.returncode == 0
        assert "Traceback" not in irm.said
        assert not (home / "running.json").exists()

    # A second start finds its data again.
    with up(home) as irm:
        irm.ready()
        assert doctor(home)["Schema"] == "good"
        # A start beside it is refused with a reason and harms nothing.
        with up(home) as second:
            second.process.wait(60)
            assert second.process.returncode == 1
            assert "Another irm runs in" in second.said
        with up(open_folder / "other", IRM_PORT=str(irm.port)) as third:
            third.process.wait(60)
            assert f"Port {irm.port} is in use" in third.said
        assert irm.status() == 200
        assert (home / "running.json").exists()


def test_children_die_with_a_killed_parent(open_folder: Path) -> None:
    with up(open_folder / "home") as irm:
        irm.ready()
        irm.process.kill()
        irm.process.wait()
        until(lambda: not irm.family(), "every child to be gone", seconds=10)


def doctor(home: Path) -> dict[str, str]:
    import json

    env = {key: value for key, value in os.environ.items() if not key.startswith("IRM_")} | {"IRM_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "irm.cli", "doctor", "--json"], env=env, capture_output=True, text=True, check=False
    )
    return {finding["check"]: finding["state"] for finding in json.loads(done.stdout)}
