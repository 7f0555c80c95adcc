"""Systems and platforms enter the register here."""

import re
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from irm.access.names import search_key, sort_key
from irm.access.queries import organizations
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, FieldError, Invalid
from irm.i18n import N_
from irm.ledger import Event, record
from irm.rules.facts import PORTAL_RANKS
from irm.systems.models import SystemPartyRow, SystemResourceRow, SystemRow
from irm.systems.resources import ResourceKind, normalised
from irm.systems.vocabulary import KINDS, LEVELS, LIFE_CYCLES, YES_NO_UNKNOWN, YesNoUnknown

CODE: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
LONGEST_NAME: Final = 200

NOT_REGISTERED: Final = N_("The system cannot be registered like this.")
ODD_CODE: Final = N_("A code has up to 64 of: letters, digits, dot, hyphen, underscore.")
ODD_NAME: Final = N_("A name of up to %(most)s characters is needed.")
ONE_OF: Final = N_("One of: %(values)s.")
NOT_NEGATIVE: Final = N_("A number from 0 up, or nothing when it is not known.")
NO_ORGANIZATION: Final = N_("There is no such organization.")
NO_PLATFORM: Final = N_("There is no such platform.")
CODE_TAKEN: Final = N_("Another system has the code %(value)s.")
ODD_RESOURCE: Final = N_("“%(value)s” cannot be read as a %(kind)s.")


async def register_system(
    tx: Tx,
    *,
    code: str,
    name: str,
    owner_id: UUID,
    actor: Actor,
    now: datetime,
    operator_id: UUID | None = None,
    kind: str = "system",
    level: int | None = None,
    filing_number: str | None = None,
    filing_authority: str | None = None,
    filed_on: date | None = None,
    cii: YesNoUnknown = "unknown",
    protection_department_id: UUID | None = None,
    users: int | None = None,
    personal_records: int | None = None,
    portal_rank: str | None = None,
    important_data: YesNoUnknown = "unknown",
    internet_gov_app: bool = False,
    platform_id: UUID | None = None,
    life_cycle: str = "live",
    in_use_from: date | None = None,
    user_ids: Collection[UUID] = (),
    maintainer_ids: Collection[UUID] = (),
    resources: Iterable[tuple[ResourceKind, str]] = (),
) -> UUID:
    """With its users, maintainers and resources. Without `operator_id` the owner operates it.

    Raises Invalid with every fault, Conflict for a code that is taken; nothing is written then.
    """
    operator_id = operator_id or owner_id
    name = name.strip()
    known, faults = _resources(resources)
    faults += _faults(
        code,
        name,
        kind,
        level,
        cii,
        important_data,
        portal_rank,
        life_cycle,
        {"users": users, "personal_records": personal_records},
    )
    named = {
        "owner_id": [owner_id],
        "operator_id": [operator_id],
        "protection_department_id": [protection_department_id] if protection_department_id else [],
        "user_ids": list(user_ids),
        "maintainer_ids": list(maintainer_ids),
    }
    there = {one.id for one in await organizations(tx, ids={one for ids in named.values() for one in ids})}
    faults += [FieldError(field, NO_ORGANIZATION) for field, ids in named.items() if not there.issuperset(ids)]
    if platform_id is not None:
        platform = await tx.get(SystemRow, platform_id)
        if platform is None or platform.kind != "platform":
            faults.append(FieldError("platform_id", NO_PLATFORM))
    if faults:
        raise Invalid(NOT_REGISTERED, errors=faults)
    row = SystemRow(
        code=code,
        name=name,
        kind=kind,
        owner_id=owner_id,
        operator_id=operator_id,
        level=level,
        filing_number=filing_number,
        filing_authority=filing_authority,
        filed_on=filed_on,
        cii=cii,
        protection_department_id=protection_department_id,
        users=users,
        personal_records=personal_records,
        portal_rank=portal_rank,
        important_data=important_data,
        internet_gov_app=internet_gov_app,
        platform_id=platform_id,
        life_cycle=life_cycle,
        in_use_from=in_use_from,
        sort_key=sort_key(name),
        search_key=search_key(name, code),
        created_at=now,
    )
    try:
        async with tx.begin_nested():
            tx.add(row)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) == "uq_system_code":
            raise Conflict(CODE_TAKEN, field="code", value=code) from error
        raise
    tx.add_all(SystemPartyRow(system_id=row.id, organization_id=one, role="user") for one in set(user_ids))
    tx.add_all(SystemPartyRow(system_id=row.id, organization_id=one, role="maintainer") for one in set(maintainer_ids))
    tx.add_all(SystemResourceRow(system_id=row.id, kind=kind_, value=value) for kind_, value in known)
    await tx.flush()
    await record(
        tx,
        Event(
            "system.registered",
            f"system/{row.id}",
            now,
            actor,
            {
                "code": code,
                "kind": kind,
                "level": level,
                "cii": cii,
                "owner": str(owner_id),
                "operator": str(operator_id),
            },
        ),
    )
    return row.id


def _faults(
    code: str,
    name: str,
    kind: str,
    level: int | None,
    cii: str,
    important_data: str,
    portal_rank: str | None,
    life_cycle: str,
    figures: dict[str, int | None],
) -> list[FieldError]:
    found = []
    if not CODE.fullmatch(code):
        found.append(FieldError("code", ODD_CODE))
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        found.append(FieldError("name", ODD_NAME, {"most": LONGEST_NAME}))
    choices: list[tuple[str, object, tuple[object, ...]]] = [
        ("kind", kind, KINDS),
        ("level", level, (None, *LEVELS)),
        ("cii", cii, YES_NO_UNKNOWN),
        ("important_data", important_data, YES_NO_UNKNOWN),
        ("portal_rank", portal_rank, (None, *PORTAL_RANKS)),
        ("life_cycle", life_cycle, LIFE_CYCLES),
    ]
    for field, value, allowed in choices:
        if value not in allowed:
            values = ", ".join(str(one) for one in allowed if one is not None)
            found.append(FieldError(field, ONE_OF, {"values": values}))
    found += [FieldError(field, NOT_NEGATIVE) for field, value in figures.items() if value is not None and value < 0]
    return found


def _resources(
    given: Iterable[tuple[ResourceKind, str]],
) -> tuple[list[tuple[ResourceKind, str]], list[FieldError]]:
    known: dict[tuple[ResourceKind, str], None] = {}
    faults: list[FieldError] = []
    for number, (kind, value) in enumerate(given):
        try:
            known[kind, normalised(kind, value)] = None
        except ValueError:
            faults.append(FieldError(f"resources.{number}", ODD_RESOURCE, {"value": value, "kind": kind}))
    return list(known), faults
