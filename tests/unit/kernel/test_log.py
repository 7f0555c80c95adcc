"""A log is about the work; it is never a reason not to do it."""

import subprocess
import sys
from pathlib import Path

WARNS = "import irm.log, structlog; irm.log.configure(); structlog.get_logger().warning('away'); print('goes on')"


def test_a_log_on_a_full_disk_costs_lines_and_not_the_work() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", WARNS],
            stdout=subprocess.PIPE,
            stderr=full,
            cwd=Path(__file__).parents[3],
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, b"goes on\n")


def test_a_log_with_room_holds_the_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WARNS], capture_output=True, cwd=Path(__file__).parents[3], check=False
    )
    assert b'"event": "away"' in done.stderr


def test_whom_irm_calls_is_not_in_the_log_however_much_the_rest_tells() -> None:
    """The HTTP client writes addresses whole, and an address may hold a key."""
    chatty = "import logging; logging.basicConfig(level=logging.INFO)"
    calls = (
        "import httpx2; httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200)))"
        ".get('http://x/?key=in-it')"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{chatty}; import irm.log; irm.log.configure(); {calls}"],
        capture_output=True,
        cwd=Path(__file__).parents[3],
        text=True,
        check=True,
    )
    assert "in-it" not in done.stdout + done.stderr
