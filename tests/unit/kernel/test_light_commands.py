"""Whoever writes a rule pack waits for no database and no catalog: `irm rules check` imports what it needs and no more."""

import subprocess
import sys
from importlib.metadata import version

from click.testing import CliRunner

from irm.cli import main

HEAVY = ("sqlalchemy", "litestar", "pydantic_settings", "dramatiq")


def imported(*modules: str) -> set[str]:
    asked = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_a_pack_is_checked_without_what_speaks_to_a_database() -> None:
    found = imported("irm.cli", "irm.rules.commands", "irm.rules.check_commands")
    assert "cel_expr_python" in found
    assert found.isdisjoint(HEAVY), found & set(HEAVY)


def test_the_version_is_said_and_no_command_is_asked_for() -> None:
    done = CliRunner().invoke(main, ["--version"])
    assert (done.exit_code, done.output) == (0, f"irm, version {version('irm')}\n")
