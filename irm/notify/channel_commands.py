"""`irm channel`: what is configured and how it does; a test message straight to an address."""

import asyncio
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import click
import httpx2

from irm.clock import SHANGHAI, DatabaseClock
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.i18n import translator
from irm.jobs import Resources
from irm.notify.channels import CHANNELS
from irm.notify.channels.protocol import TEST, Message, Outcome
from irm.notify.health import health
from irm.notify.messages import About, compose, locale_for
from irm.notify.plan import GROUP, GROUPS
from irm.notify.reach_report import lines_of, reach_report

ABOUT: Final = About(TEST, None, "/channels", matter="test")


@click.group()
def channel() -> None:
    """Channels: which are configured, how they do, a test message."""


@channel.command("list")
@json_option
@click.pass_obj
def list_channels(console: Console, *, as_json: bool) -> None:
    """Every channel with the figures of the last day and the state of its provider."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return [
                {
                    "channel": each.name,
                    "configured": each.configured,
                    "interface": each.interface,
                    "sent": each.sent,
                    "failed": each.failed,
                    "median_ms": each.median_ms,
                    "down": [one.name for one in each.providers if one.opened_at is not None],
                    "tried": each.tried.how if each.tried else None,
                    "heard_at": each.tried.at if each.tried else None,
                    "silent_since": each.tried.silent_since if each.tried else None,
                }
                for each in await health(tx, db.clock.now())
            ]

    console.show(console.run(work), as_json=as_json)


@channel.command("reach")
@json_option
@click.pass_obj
def reach(console: Console, *, as_json: bool) -> None:
    """Who of the rosters was reached by what, from the weekly tests; whoever was silent longest comes first."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return lines_of(await reach_report(tx, db.clock.now()))

    console.show(console.run(work), as_json=as_json)


@channel.command("test")
@click.argument("name", type=click.Choice(list(CHANNELS)))
@click.option("--to", "address", default="", help="The number, mailbox or user id (none for a group's bot).")
@json_option
@click.pass_obj
def test(console: Console, name: str, address: str, *, as_json: bool) -> None:
    """Send a test message with the settings of this process and print what the provider answered.

    Goes straight to the provider: no database is needed and nothing is kept of it.
    """
    if not address and name not in GROUPS:
        raise click.UsageError(console.t("Say to whom: --to ADDRESS"))
    outcome = asyncio.run(_send(console, name, address or GROUP))
    console.show(
        {"outcome": outcome.kind, "detail": outcome.detail, "provider_id": outcome.provider_id}, as_json=as_json
    )
    if outcome.kind != "sent":
        raise SystemExit(1)


async def _send(console: Console, name: str, address: str) -> Outcome:
    locale = locale_for(name, console.t.locale)
    text = compose("notice", name, ABOUT, translator(locale), code=None, exercise=False)
    now: datetime = DatabaseClock().now().astimezone(SHANGHAI)
    message = Message(
        delivery_id=uuid4(),
        purpose="notice",
        address=address,
        title=text.title,
        body=text.body,
        locale=locale,
        path=ABOUT.path,
        exercise=False,
        severity=4,
        at=now,
        number=TEST,
    )
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await CHANNELS[name].send(message, Resources(console.settings, http))
