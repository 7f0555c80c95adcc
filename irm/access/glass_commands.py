"""`irm break-glass …`: which roles were taken at night. Taking one is a signed-in person's; no command does it."""

import click

from irm.access import glass
from irm.access.glass import STATE_NAMES, Glass
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database


@click.group("break-glass")
def break_glass() -> None:
    """Roles that somebody took for a short time when nobody who holds them could be reached."""


@break_glass.command("list")
@click.option("--open", "is_open", is_flag=True, help="Only those that run or have not been reviewed.")
@json_option
@click.pass_obj
def show(console: Console, is_open: bool, as_json: bool) -> None:
    """The newest first."""

    async def work(db: Database) -> list[Glass]:
        async with db.transaction(SYSTEM) as tx:
            return await glass.glasses(tx, now=db.clock.now(), is_open=is_open)

    found, t = console.run(work), console.t
    if as_json:
        plain = ("id", "organization", "person", "role", "reason", "taken_at", "ends_at", "review_by", "state")
        console.show([{name: getattr(one, name) for name in plain} for one in found], as_json=True)
        return
    console.show(
        [
            {
                t("Who took it"): one.person,
                t("Role"): t(ROLE_NAMES[one.role]),
                t("Organization"): one.organization,
                t("Taken at"): one.taken_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                t("Ends at"): one.ends_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                t("State"): t(STATE_NAMES[one.state]),
                t("Reason"): one.reason,
            }
            for one in found
        ],
        as_json=False,
    )
