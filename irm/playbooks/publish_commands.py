"""`irm playbook publish`, `activate`, `retire`: a terminal names no person, so it waits for one or says that it did not."""

from pathlib import Path
from typing import Any

import click

from irm.console import Console, json_option, source
from irm.db import SYSTEM, Database
from irm.playbooks.city import checked_in, city_of
from irm.playbooks.publishing import publish
from irm.playbooks.version_life import activate, retire


@click.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@click.option(
    "--now", "at_once", is_flag=True, help="Use it at once, without anybody's approval; that is recorded and told."
)
@click.option("--of", help="Whose next version it is, or “new”; a file that names another playbook is refused.")
@json_option
@click.pass_obj
def publish_file(console: Console, file: Path, *, reason: str, at_once: bool, of: str | None, as_json: bool) -> None:
    """Publish a playbook. It waits until a person who may publish approves it in irm.

    From then on runs that start use it; running ones keep their version. With --now nobody is asked: the version says so,
    and whoever could have approved it is told.
    """
    text = source(file, console.t)

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            _, city = await checked_in(tx, text, file=str(file), now=now, endpoints=console.settings.endpoints, of=of)
            made, checked = await publish(
                tx, text, file=str(file), city=city, actor=SYSTEM, now=now, reason=reason, waits=not at_once, of=of
            )
        return {
            "playbook": made.playbook_id,
            "version": made.version,
            "new": made.is_new,
            "waits": made.waits,
            "warnings": [one.text(console.t) for one in checked.warnings],
        }

    made = console.run(work)
    if not as_json:
        for warning in made.pop("warnings"):
            click.echo(console.t("%(fault)s (warning)", fault=warning), err=True)
    console.show(made, as_json=as_json)
    if made["version"] == 1 and made["new"] and not as_json:
        click.echo(console.t("A playbook “%(name)s” begins with it.", name=made["playbook"]), err=True)
    if made["waits"] and not as_json:
        click.echo(console.t("It is not used until a person who may publish playbooks approves it."), err=True)


@click.command("activate")
@click.argument("playbook")
@click.argument("version", type=int)
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@json_option
@click.pass_obj
def activate_version(console: Console, playbook: str, version: int, *, reason: str, as_json: bool) -> None:
    """Put a version back that was in use before. Whoever may approve playbooks is told."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            city = await city_of(tx, now=now)
            row = await activate(tx, playbook, version, reason=reason, city=city, actor=SYSTEM, now=now)
            return {"playbook": row.playbook_id, "version": row.version, "active": row.active}

    console.show(console.run(work), as_json=as_json)


@click.command("retire")
@click.argument("playbook")
@click.option("--reason", required=True, help="Why; it stands beside the version.")
@json_option
@click.pass_obj
def retire_playbook(console: Console, playbook: str, *, reason: str, as_json: bool) -> None:
    """Take a playbook out of use: nothing begins with it any more. Whoever may approve playbooks is told."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            row = await retire(tx, playbook, reason=reason, actor=SYSTEM, now=now)
            return {"playbook": row.playbook_id, "version": row.version, "active": row.active}

    console.show(console.run(work), as_json=as_json)
