"""`irm posts …`: which posts organizations have, who holds them, and what is amiss."""

from datetime import datetime
from typing import Any
from uuid import UUID

import click
import msgspec

from irm.access import staff_posts
from irm.access.staff_posts import Stated
from irm.access.staffing import staffing
from irm.console import Console, json_option
from irm.db import SYSTEM, Database
from irm.systems.post_schemas import finding_view, post_view, unit_view
from irm.systems.posts import Unit, conflicts_with, kept_post, kept_unit, seen_post, unit_of, units, words

DAY = click.DateTime(formats=["%Y-%m-%d"])
KINDS = tuple(one.key for one in staffing().kinds)


@click.group()
def posts() -> None:
    """Posts of organizations and who holds them."""


@posts.command("list")
@click.option("--organization", "code", default="", help="Of one organization, by its code; else of all.")
@click.option("--lacking", is_flag=True, help="Only organizations with a post lacking, vacant or in the wrong hands.")
@json_option
@click.pass_obj
def list_posts(console: Console, code: str, lacking: bool, as_json: bool) -> None:
    """List posts with their holders, and what is amiss."""

    async def work(db: Database) -> list[Unit]:
        async with db.transaction(SYSTEM) as tx:
            now = db.clock.now()
            return [await unit_of(tx, None, code, now=now)] if code else await units(tx, None, now=now, lacking=lacking)

    found, t = console.run(work), console.t
    if as_json:
        console.show(msgspec.to_builtins([unit_view(one, t) for one in found]), as_json=True)
        return
    rows: list[dict[str, Any]] = []
    for unit in found:
        rows += [{"organization": unit.organization.code, "post": "!", "who": words(one, t)} for one in unit.found]
        rows += [
            {
                "organization": unit.organization.code,
                "post": one.stated.name,
                "who": t(", ").join(each.name for each in one.now),
                "number": one.id,
            }
            for one in unit.posts
        ]
    console.show(rows, as_json=False)


@posts.command("show")
@click.argument("post", type=click.UUID)
@json_option
@click.pass_obj
def show(console: Console, post: UUID, as_json: bool) -> None:
    """Show one post (its number in irm) with everybody who held it."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            found, whose = await seen_post(tx, None, post, now=db.clock.now())
        shown: dict[str, Any] = msgspec.to_builtins(post_view(found, whose, console.t))
        return shown

    found, t = console.run(work), console.t
    if not as_json:
        for name in ("holders", "before"):
            found[name] = t(", ").join(
                " ".join(filter(None, (one["name"], one["since"], one["until"]))) for one in found[name]
            )
    console.show(found, as_json=as_json)


@posts.command("enter")
@click.argument("code")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--key", "is_key", is_flag=True, help="A key post.")
@click.option("--duties", default="", help="What whoever holds it has to do.")
@json_option
@click.pass_obj
def enter(console: Console, code: str, name: str, kind: str, is_key: bool, duties: str, as_json: bool) -> None:
    """Enter the post NAME of the organization CODE."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            whose = await kept_unit(tx, None, code)
            stated = Stated(name, kind, is_key, duties)
            made = await staff_posts.enter(tx, whose.id, stated, actor=SYSTEM, now=db.clock.now())
        return {"post": made, "organization": code}

    console.show(console.run(work), as_json=as_json)


@posts.command("take")
@click.argument("post", type=click.UUID)
@click.option("--person", type=click.UUID, help="Somebody of the organization, by their number in irm.")
@click.option("--name", default="", help="Somebody new, by name.")
@click.option("--since", type=DAY, help="First day; today unless stated.")
@json_option
@click.pass_obj
def take(console: Console, post: UUID, person: UUID | None, name: str, since: datetime | None, as_json: bool) -> None:
    """Enter who holds the post; a conflict is named, not refused."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            found = await kept_post(tx, None, post, now=now)
            since_day = since.date() if since else None
            who = await staff_posts.hold(tx, post, person_id=person, name=name, since=since_day, actor=SYSTEM, now=now)
            conflicts = await conflicts_with(tx, found, who, now=now)
        views = [finding_view(one, console.t) for one in conflicts]
        return {"person": who, "conflicts": [one.text for one in views]}

    console.show(console.run(work), as_json=as_json)


@posts.command("end")
@click.argument("post", type=click.UUID)
@click.argument("person", type=click.UUID)
@click.option("--until", type=DAY, help="Last day; today unless stated.")
@json_option
@click.pass_obj
def end(console: Console, post: UUID, person: UUID, until: datetime | None, as_json: bool) -> None:
    """Say that PERSON (their number in irm) holds the post no longer."""

    async def work(db: Database) -> dict[str, Any]:
        now = db.clock.now()
        async with db.transaction(SYSTEM) as tx:
            found = await kept_post(tx, None, post, now=now)
            held = next((one.id for one in found.now if one.person_id == person), person)
            last = until.date() if until else None
            await staff_posts.end(tx, post, held, until=last, actor=SYSTEM, now=now)
        return {"post": post, "person": person}

    console.show(console.run(work), as_json=as_json)


@posts.command("abolish")
@click.argument("post", type=click.UUID)
@json_option
@click.pass_obj
def abolish(console: Console, post: UUID, as_json: bool) -> None:
    """Say that there is no such post any more; its history stays."""

    async def work(db: Database) -> dict[str, Any]:
        async with db.transaction(SYSTEM) as tx:
            await staff_posts.abolish(tx, post, actor=SYSTEM, now=db.clock.now())
        return {"post": post}

    console.show(console.run(work), as_json=as_json)
