"""`irm screen`: duty screens."""

from typing import Any
from uuid import UUID

import click

from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.duty_screen import devices


@click.group()
def screen() -> None:
    """Duty screens: walls that count and sound, without an account."""


@screen.command("make")
@click.option("--name", required=True, help="Where it hangs.")
@click.option(
    "--organization", default="", help="Code of the organization whose duty it shows (default: the cloud authority)."
)
@json_option
@click.pass_obj
def make(console: Console, name: str, organization: str, *, as_json: bool) -> None:
    """Make a screen; its token is printed this once and typed in at /screen on the device."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            made, token = await devices.make_screen(
                tx, name=name, organization=organization, by=None, actor=SYSTEM, now=db.clock.now()
            )
        return {"id": made, "token": token, "address": f"{console.settings.public_url.rstrip('/')}/screen"}

    console.show(console.run(work), as_json=as_json)


@screen.command("list")
@json_option
@click.pass_obj
def list_screens(console: Console, *, as_json: bool) -> None:
    """All screens, those in use first, with the moment at which each last looked."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return [
                {
                    "id": one.id,
                    "name": one.name,
                    "organization": one.organization,
                    "last_seen_at": one.last_seen_at,
                    "revoked_at": one.revoked_at,
                }
                for one in await devices.screens(tx)
            ]

    console.show(console.run(work), as_json=as_json)


@screen.command("revoke")
@click.argument("screen_id", type=click.UUID)
@json_option
@click.pass_obj
def revoke(console: Console, screen_id: UUID, *, as_json: bool) -> None:
    """Stop a screen at once."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            await devices.revoke_screen(tx, screen_id, by=None, actor=SYSTEM, now=db.clock.now())
        return {"id": screen_id, "revoked": True}

    console.show(console.run(work), as_json=as_json)
