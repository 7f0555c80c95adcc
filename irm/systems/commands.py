"""`irm system …`: the register from the command line."""

from datetime import datetime
from typing import Any, Final

import click

from irm.access.queries import organization_by_code
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.systems.entry import Entry
from irm.systems.queries import register, system_by_code
from irm.systems.service import register_system
from irm.systems.vocabulary import KINDS, LIFE_CYCLES, YES_NO_UNKNOWN

DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.group()
def system() -> None:
    """The register of systems and platforms."""


@system.command("register")
@click.argument("code")
@click.argument("name")
@click.option("--owner", required=True, help="Code of the unit that answers for it.")
@click.option("--operator", help="Code of the unit that reports; without it the owner.")
@click.option("--user", "users", multiple=True, help="Code of a using unit; may be given several times.")
@click.option("--maintainer", "maintainers", multiple=True, help="Code of a vendor; may be given several times.")
@click.option("--platform", help="Code of the platform that carries it.")
@click.option("--kind", type=click.Choice(KINDS), default="system", show_default=True)
@click.option("--level", type=click.IntRange(1, 5), help="Protection level.")
@click.option("--level-fixed-on", type=DAY, help="Day on which the level was fixed.")
@click.option("--live-on", type=DAY, help="Day on which it went live.")
@click.option("--filing-number", help="Number of its filing with the police.")
@click.option("--filing-authority", help="Authority that filed it.")
@click.option("--filed-on", type=DAY, help="Day of the filing; a stated filing meets the duty to file.")
@click.option("--certificate-until", type=DAY, help="Last day of its certificate, as the certificate says.")
@click.option("--in-use-from", type=DAY, help="Day from which irm counts; what ended earlier is history.")
@click.option("--cii", type=click.Choice(YES_NO_UNKNOWN), default="unknown", show_default=True)
@click.option("--life-cycle", type=click.Choice(LIFE_CYCLES), default="live", show_default=True)
@json_option
@click.pass_obj
def enter(
    console: Console,
    /,
    *,
    owner: str,
    operator: str | None,
    users: tuple[str, ...],
    maintainers: tuple[str, ...],
    platform: str | None,
    as_json: bool,
    **stated: Any,
) -> None:
    """Enter one system; many at once come with `irm import systems`."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            days = {name: value.date() for name, value in stated.items() if isinstance(value, datetime)}
            entry = Entry(
                owner_id=(await organization_by_code(tx, owner)).id,
                operator_id=(await organization_by_code(tx, operator)).id if operator else None,
                user_ids=frozenset([(await organization_by_code(tx, one)).id for one in users]),
                maintainer_ids=frozenset([(await organization_by_code(tx, one)).id for one in maintainers]),
                platform_id=(await system_by_code(tx, platform)).id if platform else None,
                **{**stated, **days},
            )
            made = await register_system(tx, entry, actor=SYSTEM, now=db.clock.now())
        return {"id": str(made), "code": entry.code, "name": entry.name}

    console.show(console.run(work), as_json=as_json)


@system.command("list")
@json_option
@click.pass_obj
def show(console: Console, *, as_json: bool) -> None:
    """The register, without what is out of use."""

    async def work(db: Database) -> list[dict[str, Any]]:
        async with db.transaction(SYSTEM) as tx:
            return [
                {"code": one.code, "name": one.name, "kind": one.kind, "level": one.level, "life_cycle": one.life_cycle}
                for one in await register(tx)
            ]

    console.show(console.run(work), as_json=as_json)
