"""`irm delegation …`: duties handed over for a time, on the command line."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import click

from irm.access import delegations
from irm.access.delegating import Handing
from irm.access.delegations import STATE_NAMES, Delegation
from irm.access.policy import ADMINISTRATORS, Role
from irm.access.queries import account_by_login, organization_by_code
from irm.access.security import security_policy
from irm.access.vocabulary import ROLE_NAMES
from irm.clock import SHANGHAI
from irm.console import Console, json_option
from irm.db import SYSTEM, Database

ROLES: Final = tuple(role.value for role in Role if role not in ADMINISTRATORS)
MOMENT: Final = click.DateTime(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


@click.group()
def delegation() -> None:
    """Duties that somebody handed over to a colleague for a time."""


@delegation.command("give")
@click.argument("giver")
@click.argument("taker")
@click.option("--organization", "code", required=True, help="In which organization (its code).")
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, required=True, help="May be given several times."
)
@click.option("--from", "begins_at", type=MOMENT, help="Local time, 2026-12-01T09:00; absent: at once.")
@click.option("--until", "ends_at", type=MOMENT, required=True, help="Local time, 2026-12-05T18:00.")
@click.option("--reason", required=True, help="Why; it stands in the ledger.")
@json_option
@click.pass_obj
def give(
    console: Console,
    giver: str,
    taker: str,
    code: str,
    roles: tuple[str, ...],
    begins_at: datetime | None,
    ends_at: datetime,
    reason: str,
    as_json: bool,
) -> None:
    """Hand roles of the account GIVER to the account TAKER for a time."""
    policy = security_policy(console.settings.security_profile)

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            place = await organization_by_code(tx, code)
            of = Handing(
                giver=(await account_by_login(tx, giver, now=now)).person_id,
                taker=(await account_by_login(tx, taker, now=now)).person_id,
                roles=frozenset(Role(role) for role in roles),
                begins_at=begins_at.replace(tzinfo=SHANGHAI) if begins_at else now,
                ends_at=ends_at.replace(tzinfo=SHANGHAI),
                reason=reason,
            )
            made = await delegations.hand_over(tx, of, place.id, policy=policy, actor=SYSTEM, now=now)
        return {"id": made, "giver": giver, "taker": taker, "roles": sorted(roles)}

    console.show(console.run(work), as_json=as_json)


@delegation.command("list")
@json_option
@click.pass_obj
def show(console: Console, as_json: bool) -> None:
    """All that are in force or still to begin."""

    async def work(db: Database) -> list[Delegation]:
        async with db.transaction(SYSTEM) as tx:
            return await delegations.delegations(tx, now=db.clock.now(), is_open=True)

    found, t = console.run(work), console.t
    if as_json:
        plain = ("id", "organization", "giver", "taker", "roles", "begins_at", "ends_at", "state")
        console.show([{name: getattr(one, name) for name in plain} for one in found], as_json=True)
        return
    console.show(
        [
            {
                t("Who for whom"): t("%(name)s for %(giver)s", name=one.taker, giver=one.giver),
                t("Organization"): one.organization,
                t("Roles"): t(", ").join(t(ROLE_NAMES[role]) for role in one.roles),
                t("Until"): one.ends_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                t("State"): t(STATE_NAMES[one.state]),
                "id": one.id,
            }
            for one in found
        ],
        as_json=False,
    )


@delegation.command("end")
@click.argument("delegation_id", type=click.UUID)
@json_option
@click.pass_obj
def end(console: Console, delegation_id: UUID, as_json: bool) -> None:
    """End one before its time."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            await delegations.end(tx, delegation_id, by=None, any_of=True, actor=SYSTEM, now=db.clock.now())
        return {"id": delegation_id, "ended": True}

    console.show(console.run(work), as_json=as_json)
