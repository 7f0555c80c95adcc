"""A city begins: its cloud authority and three administrators, no two roles in one hand (DESIGN §7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from irm.access.login import issue_link
from irm.access.policy import AUTHORITY, Role
from irm.access.queries import is_empty
from irm.access.security import SecurityPolicy
from irm.access.service import create_account, grant_role, register_organization, register_person
from irm.access.vocabulary import ROLE_NAMES
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict
from irm.i18n import N_, translator
from irm.ledger import Event, record

CODE: Final = "cloud-authority"
LOGINS: Final = (
    (Role.SYSTEM_ADMINISTRATOR, "sysadmin"),
    (Role.SECURITY_ADMINISTRATOR, "secadmin"),
    (Role.AUDIT_ADMINISTRATOR, "auditadmin"),
)
ALREADY: Final = N_("This database holds a city already.")
AUTHORITY_OF: Final = N_("%(city)s cloud authority")


@dataclass(frozen=True)
class Administrator:
    role: Role
    login: str
    token: str
    """Of the one-time link; shown once."""


@dataclass(frozen=True)
class City:
    organization_id: UUID
    code: str
    name: str
    until: datetime
    """When the links end."""
    administrators: tuple[Administrator, ...]


async def begin(
    tx: Tx,
    *,
    city: str,
    region: str,
    policy: SecurityPolicy,
    actor: Actor,
    now: datetime,
    authority: str | None = None,
    telephone: str | None = None,
    locale: str = "zh-CN",
) -> City:
    """Raises Conflict in a database that holds an organization, Invalid naming the field."""
    if not await is_empty(tx):
        raise Conflict(ALREADY)
    t = translator(locale)
    name = authority or t(AUTHORITY_OF, city=city.strip())
    organization_id = await register_organization(
        tx,
        code=CODE,
        name=name,
        kind=AUTHORITY,
        tier="city",
        region=region.strip(),
        telephone=telephone,
        actor=actor,
        now=now,
    )
    administrators = []
    for role, login in LOGINS:
        person_id = await register_person(tx, name=t(ROLE_NAMES[role]), actor=actor, now=now)
        await grant_role(tx, person_id=person_id, organization_id=organization_id, role=role, actor=actor, now=now)
        account_id = await create_account(tx, person_id=person_id, login=login, locale=locale, actor=actor, now=now)
        token = await issue_link(tx, account_id, policy=policy, actor=actor, now=now)
        administrators.append(Administrator(role, login, token))
    subject = f"organization/{organization_id}"
    await record(tx, Event("city.begun", subject, now, actor, {"code": CODE, "region": region.strip()}))
    return City(organization_id, CODE, name, now + policy.link_life, tuple(administrators))
