"""`irm source`: machines that may send alerts, and the city's rules for what they send."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from irm.access.acting import principal_as
from irm.access.policy import Principal
from irm.alerts import sources
from irm.alerts.city_rules import read_rules
from irm.alerts.rule_versions import publish_rules, rules_in_force, versions
from irm.alerts.schemas import source_view
from irm.alerts.vocabulary import KINDS
from irm.console import Console, json_option, source as text_of
from irm.db import SYSTEM, Database, Tx
from irm.positions import LanguageError

as_option = click.option("--as", "login", default="", help="Login name of whoever does it; left out: irm itself.")


async def _by(tx: Tx, login: str, now: datetime) -> Principal | None:
    return await principal_as(tx, login, now) if login else None


@click.group()
def source() -> None:
    """Machines that may send alerts: sources, their secrets, the city's rules."""


@source.command("register")
@click.argument("code")
@click.option("--name", required=True, help="What it is, as people say it.")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="In which form it sends.")
@click.option(
    "--organization", default="", help="Code of the organization it belongs to (default: the cloud authority)."
)
@click.option(
    "--system", "systems", multiple=True, help="Code of a system it may speak of; may be given several times."
)
@click.option("--sender", "senders", multiple=True, help="Address or @domain whose letters are taken (e-mail).")
@click.option("--mapping", type=click.Path(path_type=Path), help="YAML file that says which field means what.")
@click.option("--rate", type=int, help="Alerts a minute that it may send.")
@click.option("--unclassified", is_flag=True, help="Declare that it sends nothing classified. Needed.")
@as_option
@json_option
@click.pass_obj
def register(
    console: Console,
    code: str,
    name: str,
    kind: str,
    organization: str,
    systems: tuple[str, ...],
    senders: tuple[str, ...],
    mapping: Path | None,
    rate: int | None,
    *,
    unclassified: bool,
    login: str,
    as_json: bool,
) -> None:
    """Register a source; its secret is printed this once."""
    text = text_of(mapping, console.t) if mapping else ""
    given = sources.Given(code, name, kind, organization, systems, senders, text, rate, unclassified)

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await _by(tx, login, now)
            actor = by.actor if by else SYSTEM
            _, secret = await sources.register_source(
                tx, given, by=by, actor=actor, home=console.settings.home, now=now
            )
        return {"code": code, "secret": secret, "address": sources.address_of(console.settings.public_url, code)}

    console.show(console.run(work), as_json=as_json)


@source.command("list")
@json_option
@click.pass_obj
def list_sources(console: Console, *, as_json: bool) -> None:
    """All sources, with what each has sent and what was refused."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return [
                {
                    "code": one.code,
                    "name": one.name,
                    "kind": one.kind,
                    "enabled": one.is_enabled,
                    "last_seen_at": one.last_seen_at,
                    "taken": one.taken,
                    "refused": one.refused,
                    "faults": one.faults,
                    "last_fault": one.last_fault,
                }
                for one in await sources.sources(tx, None)
            ]

    console.show(console.run(work), as_json=as_json)


@source.command("show")
@click.argument("code")
@json_option
@click.pass_obj
def show(console: Console, code: str, *, as_json: bool) -> None:
    """One source whole."""

    async def work(db: Database) -> Any:
        async with db.transaction(SYSTEM) as tx:
            return msgspec.to_builtins(source_view(await sources.source_of(tx, code, None)))

    console.show(console.run(work), as_json=as_json)


@source.command("rotate")
@click.argument("code")
@click.option("--at-once", is_flag=True, help="Refuse the one before from now on; else it is taken for a day more.")
@as_option
@json_option
@click.pass_obj
def rotate(console: Console, code: str, *, at_once: bool, login: str, as_json: bool) -> None:
    """Give a source a new secret, printed this once."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await _by(tx, login, now)
            secret = await sources.rotate_secret(
                tx,
                code,
                at_once=at_once,
                by=by,
                actor=by.actor if by else SYSTEM,
                home=console.settings.home,
                now=now,
            )
        return {"code": code, "secret": secret, "address": sources.address_of(console.settings.public_url, code)}

    console.show(console.run(work), as_json=as_json)


def _switch(name: str, *, is_enabled: bool, text: str) -> click.Command:
    @click.command(name, help=text)
    @click.argument("code")
    @as_option
    @json_option
    @click.pass_obj
    def switch(console: Console, code: str, *, login: str, as_json: bool) -> None:
        async def work(db: Database) -> dict[str, Any]:
            now = db.clock.now()
            async with db.transaction(SYSTEM) as tx:
                by = await _by(tx, login, now)
                await sources.switch_source(
                    tx, code, is_enabled=is_enabled, by=by, actor=by.actor if by else SYSTEM, now=now
                )
            return {"code": code, "enabled": is_enabled}

        console.show(console.run(work), as_json=as_json)

    switch.callback.__doc__ = text
    return switch


source.add_command(_switch("enable", is_enabled=True, text="Take what the source sends."))
source.add_command(_switch("disable", is_enabled=False, text="Refuse what the source sends."))


@source.group("rules")
def rules() -> None:
    """Rules of the city by which alerts become incidents to be verified."""


@rules.command("show")
@json_option
@click.pass_obj
def show_rules(console: Console, *, as_json: bool) -> None:
    """The rules in force."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            one = (await versions(tx) or [await rules_in_force(tx)])[0]
        return {
            "version": one.version,
            "reason": one.reason,
            "published_by": one.published_by,
            "published_at": one.published_at,
            "text": one.text,
        }

    console.show(console.run(work), as_json=as_json)


@rules.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@click.pass_obj
def check(console: Console, file: Path, *, as_json: bool) -> None:
    """Check a file of rules; every fault with its place."""
    try:
        found = read_rules(text_of(file, console.t))
    except LanguageError as error:
        console.faulty(error, as_json=as_json)
    console.show({"rules": len(found)}, as_json=as_json)


@rules.command("publish")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why the rules change; it stays in the record.")
@as_option
@json_option
@click.pass_obj
def publish(console: Console, file: Path, *, reason: str, login: str, as_json: bool) -> None:
    """Put a file of rules in force."""
    text = text_of(file, console.t)
    try:
        read_rules(text)
    except LanguageError as error:
        console.faulty(error, as_json=as_json)

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            by = await _by(tx, login, now)
            version = await publish_rules(
                tx, text, reason=reason, after=None, by=by, actor=by.actor if by else SYSTEM, now=now
            )
        return {"version": version}

    console.show(console.run(work), as_json=as_json)
