"""`irm organization …`: who belongs to the city, and which desks outside are listed."""

from typing import Any

import click

from irm.access.queries import Organization, account_by_login, organization_by_code, organizations, posts
from irm.access.service import add_contact_address, register_organization, register_post
from irm.access.vocabulary import CHANNELS, KIND_NAMES, KINDS, TIER_NAMES, TIERS
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.errors import Invalid
from irm.i18n import N_

WHOSE = N_("Name an account (--login), or an organization (--organization), with --post for one of its posts.")
NO_POST = N_("This organization has no such post.")


@click.group()
def organization() -> None:
    """Organizations and listed desks."""


@organization.command("register")
@click.argument("code")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--tier", type=click.Choice(TIERS), required=True)
@click.option("--region", required=True, help="Administrative division code, for example 410400.")
@click.option("--short-name", default="", help="As it stands in messages.")
@click.option("--listed", is_flag=True, help="A desk outside: only listed, it does not work in this irm.")
@click.option("--telephone")
@click.option("--fax")
@click.option("--email")
@click.option("--address", "postal_address")
@json_option
@click.pass_obj
def register(console: Console, /, *, listed: bool, as_json: bool, **stated: Any) -> None:
    """Enter an organization. Its posts, people and rosters follow."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            made = await register_organization(tx, **stated, joined=not listed, actor=SYSTEM, now=db.clock.now())
        return {"id": str(made), "code": stated["code"], "name": stated["name"]}

    console.show(console.run(work), as_json=as_json)


@organization.command("list")
@json_option
@click.pass_obj
def show(console: Console, *, as_json: bool) -> None:
    """Every organization, joined or listed."""

    async def work(db: Database) -> list[Organization]:
        async with db.transaction(SYSTEM) as tx:
            return await organizations(tx)

    found, t = console.run(work), console.t
    if as_json:
        plain = ("code", "name", "kind", "tier", "joined")
        console.show([{name: getattr(one, name) for name in plain} for one in found], as_json=True)
        return
    console.show(
        [
            {
                t("Code"): one.code,
                t("Organization"): one.name,
                t("Kind"): t(KIND_NAMES[one.kind]),
                t("Tier"): t(TIER_NAMES[one.tier]),
                t("Works in irm"): t("yes") if one.joined else t("no"),
            }
            for one in found
        ],
        as_json=False,
    )


@organization.command("post")
@click.argument("code")
@click.argument("name")
@json_option
@click.pass_obj
def post(console: Console, code: str, name: str, *, as_json: bool) -> None:
    """Give an organization a post (a duty room, a duty telephone)."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            found = await organization_by_code(tx, code)
            made = await register_post(tx, organization_id=found.id, name=name, actor=SYSTEM, now=db.clock.now())
        return {"id": str(made), "organization": code, "name": name}

    console.show(console.run(work), as_json=as_json)


@organization.command("address")
@click.argument("channel", type=click.Choice(CHANNELS))
@click.argument("address")
@click.option("--login", help="Whose: a person's account.")
@click.option("--organization", "code", help="Whose: an organization's.")
@click.option("--post", "post_name", help="Whose: a post of that organization.")
@click.option("--preference", default=1, show_default=True, help="The smallest is tried first.")
@json_option
@click.pass_obj
def add_address(
    console: Console,
    *,
    channel: str,
    address: str,
    login: str | None,
    code: str | None,
    post_name: str | None,
    preference: int,
    as_json: bool,
) -> None:
    """Say where a person, a post or an organization is reached."""

    async def work(db: Database) -> dict[str, Any]:
        if (login is None) == (code is None) or (post_name and not code):
            raise Invalid(WHOSE)
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            holder: dict[str, Any] = {}
            if login:
                holder["person_id"] = (await account_by_login(tx, login, now=now)).person_id
            else:
                found = await organization_by_code(tx, code or "")
                holder["organization_id"] = found.id
                if post_name:
                    there = {one.name: one.id for one in await posts(tx, organization_ids=[found.id])}
                    if post_name not in there:
                        raise Invalid(NO_POST, field="post")
                    holder = {"post_id": there[post_name]}
            await add_contact_address(
                tx, channel=channel, address=address, preference=preference, actor=SYSTEM, now=now, **holder
            )
        return {"channel": channel, "address": address, "of": login or post_name or code}

    console.show(console.run(work), as_json=as_json)
