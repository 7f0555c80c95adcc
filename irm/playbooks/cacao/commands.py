"""`irm playbook export` and `irm playbook import`: CACAO 2.0 documents, and what they could not carry."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from irm.console import Console, Failed, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid, NotFound
from irm.i18n import Translator
from irm.playbooks.cacao.export import Exported
from irm.playbooks.cacao.files import export_version, known_playbooks
from irm.playbooks.cacao.importing import import_cacao
from irm.playbooks.cacao.vocabulary import Loss


@click.command("export")
@click.argument("name", metavar="ID[@VERSION]")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--losses", "only_losses", is_flag=True, help="Print only what cannot be carried.")
@json_option
@click.pass_obj
def export_cacao(console: Console, name: str, *, output: Path | None, only_losses: bool, as_json: bool) -> None:
    """Print a published playbook as a CACAO 2.0 document.

    What CACAO has no place for is told on standard error; irm's own extension of the document keeps it.
    """

    async def work(db: Database) -> Exported:
        playbook, _, version = name.partition("@")
        if version and not version.isdigit():
            raise NotFound("There is no such version of this playbook.")
        async with db.transaction(SYSTEM) as tx:
            made, _ = await export_version(tx, playbook, int(version) if version else None, console.t)
        return made

    made = console.run(work)
    if only_losses:
        console.show(loss_rows(made.losses, console.t), as_json=as_json)
        return
    _write(made.text, output, console.t)
    _tell(made.losses, console.t)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--city", "with_city", is_flag=True, help="Know the playbooks that this city has published.")
@json_option
@click.pass_obj
def import_document(console: Console, file: Path, *, output: Path | None, with_city: bool, as_json: bool) -> None:
    """Make a draft in irm's language of a CACAO 2.0 document. Publishes nothing.

    What was guessed or could not be carried is told on standard error. Exit code 1 where the document cannot be read; every
    fault is printed as file: pointer: what is wrong.
    """

    async def work(db: Database) -> Any:
        async with db.transaction(SYSTEM) as tx:
            return await known_playbooks(tx)

    try:
        content = file.read_bytes()
    except OSError as error:
        raise Failed(console.t("%(path)s cannot be read: %(told)s", path=file, told=error), console.t) from error
    try:
        made = import_cacao(content, known=console.run(work) if with_city else {}, t=console.t)
    except Invalid as error:
        for fault in error.errors:
            click.echo(f"{file}: {fault.field}: {fault.text(console.t)}", err=True)
        sys.exit(1)
    if as_json:
        losses = loss_rows(made.losses, console.t)
        console.show({"source": made.text, "whole": made.whole, "losses": losses}, as_json=True)
        return
    _write(made.text, output, console.t)
    _tell(made.losses, console.t)


def loss_rows(losses: Iterable[Loss], t: Translator) -> list[dict[str, Any]]:
    return [{"step": t.of(one.title) or one.step, "what": one.what.text(t), "why": one.why.text(t)} for one in losses]


def _write(text: str, output: Path | None, t: Translator) -> None:
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise Failed(t("%(path)s cannot be written: %(told)s", path=output, told=error), t) from error


def _tell(losses: Iterable[Loss], t: Translator) -> None:
    for one in loss_rows(losses, t):
        click.echo(t("Not carried: %(step)s: %(what)s. %(why)s", **one), err=True)
