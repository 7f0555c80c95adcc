"""Factories: functions that make what a test is not about, through the services, with sensible defaults.

    async with db.transaction() as tx:
        authority = await make.organization(tx, kind="cloud_authority")
        officer = await make.account(tx, authority, Role.DUTY_OFFICER)
    await sign_in(officer)

Names count up (`vendor-1`, `vendor-2`), so that nothing collides and failures are readable. People are posts.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from irm.access import service as access
from irm.access.policy import Role
from irm.actor import Actor, Lent
from irm.db import SYSTEM, Tx

PASSWORD = "Kestrel-42-lantern"
_numbers = count(1)


@dataclass(frozen=True)
class Account:
    """A person with an account in one organization."""

    id: UUID
    person_id: UUID
    organization_id: UUID
    login: str
    telephone: str
    email: str


def _next() -> int:
    return next(_numbers)


async def organization(
    tx: Tx, kind: str = "using_unit", *, tier: str = "city", joined: bool = True, **more: Any
) -> UUID:
    number = _next()
    given: dict[str, Any] = {
        "code": f"{kind.replace('_', '-')}-{number}",
        "name": f"{kind} {number}",
        "region": "410400",
    }
    return await access.register_organization(
        tx, kind=kind, tier=tier, joined=joined, actor=SYSTEM, now=tx.clock.now(), **(given | more)
    )


async def person(
    tx: Tx, organization_id: UUID, *roles: Role, name: str = "", systems: Collection[UUID] = (), **addresses: str
) -> UUID:
    """With a mobile for SMS and a mail address, unless `addresses` names others (`sms="…"`, `email=""` for none).

    `systems`: the roles are held for these only.
    """
    number, now = _next(), tx.clock.now()
    person_id = await access.register_person(tx, name=name or f"officer {number}", actor=SYSTEM, now=now)
    reached = {"sms": f"1390000{number:04d}", "email": f"officer-{number}@unit.example.invalid"} | addresses
    for preference, (channel, address) in enumerate(reached.items(), 1):
        if address:
            await access.add_contact_address(
                tx, person_id=person_id, channel=channel, address=address, preference=preference, actor=SYSTEM, now=now
            )
    for role in roles:
        await access.grant_role(
            tx, person_id=person_id, organization_id=organization_id, role=role, actor=SYSTEM, now=now, systems=systems
        )
    return person_id


async def account(
    tx: Tx,
    organization_id: UUID,
    *roles: Role,
    locale: str = "zh-CN",
    password: bool = False,
    systems: Collection[UUID] = (),
    **addresses: str,
) -> Account:
    """`password=True` sets `make.PASSWORD` (argon2 takes its time); the fixture `sign_in` needs none."""
    number, now = _next(), tx.clock.now()
    sms, email = (
        addresses.get("sms", f"139{10_000_000 + number}"),
        addresses.get("email", f"p{number}@unit.example.invalid"),
    )
    reached = {"sms": sms, "email": email} | addresses
    person_id = await person(tx, organization_id, *roles, systems=systems, **reached)
    login = f"person-{number}"
    account_id = await access.create_account(tx, person_id=person_id, login=login, locale=locale, actor=SYSTEM, now=now)
    if password:
        from irm.access import login as signing
        from irm.access.security import security_policy

        await signing.set_password(tx, account_id, PASSWORD, policy=security_policy(), actor=SYSTEM, now=now)
    return Account(account_id, person_id, organization_id, login, sms, email)


async def system(tx: Tx, owner_id: UUID, *, operator_id: UUID | None = None, **more: Any) -> UUID:
    from irm.systems import service as systems
    from irm.systems.entry import Entry

    number = _next()
    given: dict[str, Any] = {"code": f"system-{number}", "name": f"system {number}", "level": 3, "cii": "no"} | more
    given |= {name: frozenset(given[name]) for name in ("user_ids", "maintainer_ids") if name in given}
    given["resources"] = tuple(given.get("resources", ()))
    entry = Entry(owner_id=owner_id, operator_id=operator_id, **given)
    return await systems.register_system(tx, entry, actor=SYSTEM, now=tx.clock.now())


async def duty(tx: Tx, organization_id: UUID, *people: UUID, hours: int = 24, since: datetime | None = None) -> UUID:
    """A roster with the first as primary and the others as backup, from an hour ago for `hours`."""
    from irm.notify.models import RosterRow, ShiftRow

    begins = since or tx.clock.now() - timedelta(hours=1)
    roster = RosterRow(organization_id=organization_id, name=f"roster {_next()}")
    tx.add(roster)
    await tx.flush()
    for index, one in enumerate(people):
        tx.add(
            ShiftRow(
                roster_id=roster.id,
                person_id=one,
                starts_at=begins,
                ends_at=begins + timedelta(hours=hours),
                role="backup" if index else "primary",
            )
        )
    await tx.flush()
    return roster.id


def standing_in(actor: Actor, *giver: UUID) -> Actor:
    """`actor`, as he stands in for somebody (a person's and an account's id) who handed duties over to him."""
    lent = Lent(
        UUID(int=1), actor.organization_id or UUID(int=2), frozenset({Role.DUTY_OFFICER.value}), frozenset(giver)
    )
    return replace(actor, lent=(lent,))
