"""The command `irm`. Groups of a feature live in its `commands.py` and are imported only when they are used."""

import importlib
import importlib.metadata
import io
import json
import os
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from irm.click_words import speak, word
from irm.errors import in_words as spoken, said
from irm.i18n import N_
from irm.lazy_commands import Lazy

GROUPS: Final = {
    "account": "irm.access.account_commands:account",
    "break-glass": "irm.access.glass_commands:break_glass",
    "delegation": "irm.access.delegation_commands:delegation",
    "token": "irm.access.commands:token",
    "init": "irm.access.commands:init",
    "organization": "irm.access.organization_commands:organization",
    "system": "irm.systems.commands:system",
    "import": "irm.systems.import_commands:imports",
    "export": "irm.systems.import_commands:export",
    "assessment": "irm.systems.assessment_commands:assessment",
    "incident": "irm.incidents.commands:incident",
    "duty": "irm.obligations.commands:duty",
    "approval": "irm.obligations.approval_commands:approval",
    "directive": "irm.obligations.directive_commands:directive",
    "media": "irm.obligations.media_commands:media",
    "finding": "irm.findings.commands:finding",
    "rules": "irm.rules.commands:rules",
    "change": "irm.oversight.commands:change",
    "paper": "irm.oversight.commands:paper",
    "posts": "irm.systems.post_commands:posts",
    "vetting": "irm.oversight.vetting_commands:vetting",
    "drill": "irm.drills.commands:drill",
    "playbook": "irm.playbooks.commands:playbook",
    "roster": "irm.notify.commands:roster",
    "shift": "irm.shifts.commands:shift",
    "channel": "irm.notify.channel_commands:channel",
    "evidence": "irm.evidence.commands:evidence",
    "report": "irm.reports.commands:report",
    "sheet": "irm.emergency.commands:sheet",
    "screen": "irm.duty_screen.commands:screen",
    "source": "irm.alerts.commands:source",
}
"""Command → module:attribute. Add your own line here (see irm/console.py)."""


speak()


def _wiring() -> Any:
    from irm.wiring import WIRING  # noqa: PLC0415 - the whole house; most commands need little of it

    return WIRING


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - as click calls it
    """Click's own option asks for its words, and so for every catalog, whatever the command."""
    if value and not ctx.resilient_parsing:
        shown = {"prog": "irm", "version": importlib.metadata.version("irm")}
        click.echo(word("%(prog)s, version %(version)s") % shown)
        ctx.exit()


@click.group(
    cls=Lazy, lazily=GROUPS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help=N_("Show the version and exit."),
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Incident desk and duty book of a municipal government cloud.

    Settings come from the environment (IRM_DATABASE_URL, IRM_BROKER_URL, IRM_SMTP_URL, IRM_SMS_URL, IRM_PUBLIC_URL,
    IRM_PORT, IRM_HOME …; docs/operations.md). Without them, commands talk to the irm that `irm up` runs in this folder.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and "utf" not in stream.encoding.lower():
            stream.reconfigure(errors="backslashreplace")  # a sign that a terminal lacks must not end a command
    if ctx.invoked_subcommand not in {None, "up"}:
        join_running()
        from irm.console import Console  # noqa: PLC0415 - `irm up` stays light

        ctx.obj = Console(_wiring)


def join_running() -> None:
    """Without IRM_DATABASE_URL: take the addresses from the `irm up` of this home, if one is running."""
    if os.environ.get("IRM_DATABASE_URL"):
        return
    path = Path(os.environ.get("IRM_HOME") or ".irm") / "running.json"
    try:
        environment: dict[str, str] = json.loads(path.read_text())["environment"]
    except FileNotFoundError:
        return
    except PermissionError as error:
        _fail(said("%(path)s belongs to another user: run this command as the user of `irm up`.", path=path), error)
    for key, value in environment.items():
        os.environ.setdefault(key, value)


@main.command()
def up() -> None:
    """Start everything on this machine: PostgreSQL, Valkey, demo city, web, worker, dispatcher.

    Servers named by IRM_DATABASE_URL and IRM_BROKER_URL are used instead of own ones.
    """
    from irm.binaries import EmbeddedError  # noqa: PLC0415 - only `irm up` needs it
    from irm.supervisor import CannotStart, Supervisor  # noqa: PLC0415 - only `irm up` needs it

    try:
        Supervisor(os.environ, say=click.echo, words=_in_words).run()
    except (CannotStart, EmbeddedError) as error:
        _fail(error.args[0], error)


def _fail(text: str, cause: Exception | None = None) -> NoReturn:
    click.echo(_in_words(said("Error: %(text)s", text=text)), err=True)
    raise SystemExit(1) from cause


def _in_words(text: str) -> str:
    from irm.i18n import locale_of_terminal, translator  # noqa: PLC0415 - not before there is something to say

    return spoken(text, translator(locale_of_terminal(os.environ, sys.stdout.encoding)))


@main.command()
@click.pass_obj
def web(console: Any) -> None:
    """One web process (IRM_HOST, IRM_PORT)."""
    import uvicorn  # noqa: PLC0415 - only `irm web` needs it

    uvicorn.run(
        "irm.app:create",
        factory=True,
        host=console.settings.host,
        port=console.settings.port,
        timeout_graceful_shutdown=2,  # an open event stream would block the end for ever
        server_header=False,
        access_log=False,
        log_level="warning",
    )


@main.command()
@click.pass_obj
def worker(console: Any) -> None:
    """One worker process; any number may run."""
    importlib.import_module("irm.worker").main(console.settings)


@main.command()
@click.pass_obj
def dispatcher(console: Any) -> None:
    """One dispatcher process; any number may run."""
    importlib.import_module("irm.dispatcher").main(console.settings)


@main.command()
@click.pass_obj
def migrate(console: Any) -> None:
    """Bring the database to this release's shape, as irm_owner (IRM_MIGRATION_DATABASE_URL)."""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - slow to import, not for help

    from irm import grants, migrations  # noqa: PLC0415 - slow to import, not for help
    from irm.config import with_driver  # noqa: PLC0415 - read when a command runs

    url = console.settings.migration_database_url
    if not url:
        _fail(said("IRM_MIGRATION_DATABASE_URL is not set: the database's address as irm_owner."))
    try:
        migrations.upgrade(with_driver(url))
    except (SQLAlchemyError, OSError, grants.RoleMissing) as error:
        _fail(said("The database could not be migrated: %(told)s", told=str(error).splitlines()[0]), error)
    click.echo(_in_words(said("migrated to %(revision)s", revision=migrations.head())))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(console: Any, as_json: bool) -> None:
    """Look at everything irm needs; exit code 1 if something is broken."""
    from irm import doctor as examination  # noqa: PLC0415 - slow to import, not for help

    findings = examination.examine(console.settings)
    if as_json:
        click.echo(json.dumps([finding.as_dict(console.t) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.mark}  {finding.line(console.t)}")
    if any(finding.state == "broken" for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    main()
