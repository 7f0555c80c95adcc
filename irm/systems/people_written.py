"""A list of people that was confirmed is written; and what stands here as such a list (`people_list.py`)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from irm.access.everybody import CHANNELS, change_person, everybody, replace_addresses, set_roles
from irm.access.policy import Permission, Principal, Role
from irm.access.service import add_contact_address, create_account, register_person
from irm.access.vocabulary import ROLE_NAMES
from irm.db import Actor, Tx, uuid7
from irm.documents.tables import write_sheet, write_template
from irm.i18n import Translator
from irm.ledger import Event, record
from irm.systems.directory_rows import Judging, of_interest
from irm.systems.list_plan import Plan, Planned, may_be_written
from irm.systems.people_list import COLUMNS, TITLE, may_know


async def carry_out(
    tx: Tx, made: Plan, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None = None
) -> UUID:
    """As `importing.carry_out`. An account that it opens has no password: its owner gets a one-time link."""
    may_be_written(made, seen)
    import_id = import_id or uuid7()
    new: dict[Any, UUID] = {}
    for one in (*made.new, *made.changed):
        person = one.id or new.get(one.stated["key"])
        if person is None:
            person = await _registered(tx, one, actor=actor, now=now)
            new[one.stated["key"]] = person
        elif one.id is not None:
            await _changed(tx, person, one, actor=actor, now=now)
        organization, held, wanted = (one.stated[name] for name in ("organization", "held", "wanted"))
        if organization is not None:
            await set_roles(tx, person, organization, held, wanted, actor=actor, now=now)
    await record(tx, Event("people.imported", f"register/{import_id}", now, actor, made.counted))
    return import_id


async def _registered(tx: Tx, one: Planned, *, actor: Actor, now: datetime) -> UUID:
    stated = one.stated
    person = await register_person(tx, name=stated["name"], title=stated["title"], actor=actor, now=now)
    given = [(channel, address) for channel in CHANNELS for address in stated[channel]]
    for preference, (channel, address) in enumerate(given, 1):
        await add_contact_address(
            tx, person_id=person, channel=channel, address=address, preference=preference, actor=actor, now=now
        )
    if stated["login"]:
        await create_account(tx, person_id=person, login=stated["login"], actor=actor, now=now)
    return person


async def _changed(tx: Tx, person: UUID, one: Planned, *, actor: Actor, now: datetime) -> None:
    stated = one.stated
    if {"name", "title"} & set(one.changes):
        await change_person(tx, person, name=stated["name"], title=stated["title"], actor=actor, now=now)
    for channel in CHANNELS:
        if channel in one.changes:
            await replace_addresses(tx, person, channel, stated[channel], actor=actor, now=now)
    if "login" in one.changes:
        await create_account(tx, person_id=person, login=stated["login"], actor=actor, now=now)


async def workbook(tx: Tx, by: Principal | None, code: str, t: Translator, now: datetime) -> bytes:
    """Whom the reader may know of (`code`: of one organization), in the columns that an import reads; who holds no role
    stands in the list of who rules accounts or roles, where it is of all. Login names are read by these two alone."""
    judging = await Judging.begin(tx, by, None)
    everywhere = any(judging.everywhere(each) for each in (Permission.MANAGE_ACCOUNTS, Permission.MANAGE_ROLES))
    ids = set(of_interest(judging.names, code, lambda one: everywhere or judging.may(one, Permission.KEEP_CONTACTS)))
    rows: list[dict[str, Any]] = []
    for one in (await everybody(tx, now=now)).values():
        if not may_know(judging, one):
            continue
        about = {
            "name": one.name,
            "title": one.title or None,
            **{channel: tuple(one.addresses.get(channel, ())) for channel in CHANNELS},
            "login": one.login,
            "person": str(one.id),
        }
        rows += [
            {"organization": judging.written(each), "roles": _in_order(one.roles.get(each, ())), **about}
            for each in one.places
            if each in ids
        ]
        if not one.places and everywhere and not code:
            rows.append(about)
    rows.sort(key=lambda row: row.get("organization") or "")
    columns = [one for one in COLUMNS if everywhere or one.name != "login"]
    return write_sheet(columns, rows, title=t(TITLE), t=t)


def _in_order(roles: Collection[Role]) -> tuple[Role, ...]:
    return tuple(sorted(roles, key=list(ROLE_NAMES).index))


async def template(tx: Tx, t: Translator) -> bytes:
    names = (await Judging.begin(tx, None, None)).names
    lists = {"organization": [one.name for one in names.by_id.values() if one.joined]}
    return write_template(COLUMNS, title=t(TITLE), t=t, lists=lists)
