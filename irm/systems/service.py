"""Systems and platforms enter the register here, change, and leave it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, Row, Uuid, any_, delete, select
from sqlalchemy.exc import IntegrityError

from irm.access.names import search_key, sort_key
from irm.access.queries import organizations
from irm.actor import Actor
from irm.db import Tx
from irm.errors import Conflict, FieldError, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, record
from irm.systems.entry import NEED_TO_KNOW, OWN_COLUMNS, Entry, differences, faults_in, resources_of
from irm.systems.models import SystemPartyRow, SystemResourceRow, SystemRow
from irm.systems.resources import ResourceKind

NOT_REGISTERED: Final = N_("The system cannot be registered like this.")
NO_ORGANIZATION: Final = N_("There is no such organization.")
NO_PLATFORM: Final = N_("There is no such platform.")
CODE_TAKEN: Final = N_("Another system has the code %(value)s.")
CODE_STAYS: Final = N_("The code stays; it stands in reports that were sent.")
NO_SYSTEM: Final = N_("There is no such system.")
STALE: Final = N_("Somebody changed this system meanwhile; look at it again.")
CARRIES_OTHERS: Final = N_("Systems run on this platform; move them first.")


Changes = Mapping[str, tuple[Any, Any]]
"""Field → what stood there and what stands there now."""


async def register_system(tx: Tx, entry: Entry, *, actor: Actor, now: datetime) -> UUID:
    """With its users, maintainers and resources. Without `operator_id` the owner operates it.

    Raises Invalid with every fault, Conflict for a code that is taken; nothing is written then.
    """
    entry = await _sound(tx, entry, own_id=None)
    row = SystemRow(created_at=now, **columns_of(entry), retired_at=now if entry.life_cycle == "retired" else None)
    try:
        async with tx.begin_nested():
            tx.add(row)
    except IntegrityError as error:
        if getattr(getattr(error.orig, "__cause__", None), "constraint_name", None) == "uq_system_code":
            raise Conflict(CODE_TAKEN, field="code", value=entry.code) from error
        raise
    _add_parties(tx, row.id, entry)
    await tx.flush()
    await record(tx, registered(row.id, entry, actor=actor, now=now))
    return row.id


def registered(system_id: UUID, entry: Entry, *, actor: Actor, now: datetime) -> Event:
    body = {
        "code": entry.code,
        "kind": entry.kind,
        "level": entry.level,
        "cii": entry.cii,
        "owner": str(entry.owner_id),
        "operator": str(entry.operator_id),
    }
    return Event("system.registered", f"system/{system_id}", now, actor, body)


async def change_system(
    tx: Tx, system_id: UUID, entry: Entry, *, version: int | None, actor: Actor, now: datetime
) -> frozenset[str]:
    """The fields that changed; none: nothing is written. `version`: what the editor saw (None: do not ask).

    Raises NotFound, Invalid with every fault, Conflict for a stale version or a platform that still carries systems.
    """
    row = await tx.scalar(select(SystemRow).where(SystemRow.id == system_id).with_for_update(key_share=True))
    if row is None:
        raise NotFound(NO_SYSTEM)
    if version is not None and version != row.version:
        raise Conflict(STALE, field="version")
    before = await entry_of(tx, row)
    entry = await _sound(tx, entry, own_id=system_id)
    if entry.code != row.code:
        raise Invalid(CODE_STAYS, field="code")
    changed = differences(before, entry)
    if not changed:
        return frozenset()
    if row.kind == "platform" and (entry.kind != "platform" or entry.life_cycle == "retired"):
        await _refuse_with_tenants(tx, system_id)
    for name, value in columns_of(entry).items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = now
    row.retired_at = (row.retired_at or now) if entry.life_cycle == "retired" else None
    await tx.execute(delete(SystemPartyRow).where(SystemPartyRow.system_id == system_id))
    await tx.execute(delete(SystemResourceRow).where(SystemResourceRow.system_id == system_id))
    _add_parties(tx, system_id, entry)
    await tx.flush()
    await record(tx, altered(system_id, changed, actor=actor, now=now))
    return frozenset(changed)


def altered(system_id: UUID, changed: Changes, *, actor: Actor, now: datetime) -> Event:
    return Event("system.changed", f"system/{system_id}", now, actor, {"changed": _as_json(changed)})


async def entries_of(tx: Tx, rows: Sequence[SystemRow | Row[Any]]) -> dict[UUID, Entry]:
    """What the register says now, by system, in the form that `change_system` takes; two statements.

    `rows`: of the table, as objects or as their columns.
    """
    ids = [row.id for row in rows]
    parties: dict[tuple[UUID, str], set[UUID]] = defaultdict(set)
    for system_id, role, organization_id in await tx.execute(
        select(SystemPartyRow.system_id, SystemPartyRow.role, SystemPartyRow.organization_id).where(
            SystemPartyRow.system_id == any_(array_of(ids))
        )
    ):
        parties[system_id, role].add(organization_id)
    resources: dict[UUID, list[tuple[ResourceKind, str]]] = defaultdict(list)
    for system_id, kind, value in await tx.execute(
        select(SystemResourceRow.system_id, SystemResourceRow.kind, SystemResourceRow.value)
        .where(SystemResourceRow.system_id == any_(array_of(ids)))
        .order_by(SystemResourceRow.kind, SystemResourceRow.value)
    ):
        resources[system_id].append((cast("ResourceKind", kind), value))
    return {
        row.id: Entry(
            **{name: getattr(row, name) for name in OWN_COLUMNS},
            user_ids=frozenset(parties.get((row.id, "user"), ())),
            maintainer_ids=frozenset(parties.get((row.id, "maintainer"), ())),
            resources=tuple(resources.get(row.id, ())),
        )
        for row in rows
    }


def array_of(ids: Sequence[UUID]) -> BindParameter[list[UUID]]:
    """Any number of ids as one parameter."""
    return BindParameter("ids", list(ids), type_=ARRAY(Uuid()), unique=True)  # type: ignore[arg-type]  # a type engine


async def entry_of(tx: Tx, row: SystemRow) -> Entry:
    return (await entries_of(tx, [row]))[row.id]


async def entry(tx: Tx, system_id: UUID) -> tuple[Entry, int]:
    """With the version to hand back to `change_system`. Raises NotFound."""
    row = await tx.get(SystemRow, system_id)
    if row is None:
        raise NotFound(NO_SYSTEM)
    return await entry_of(tx, row), row.version


async def _sound(tx: Tx, entry: Entry, own_id: UUID | None) -> Entry:
    """Complete and in the form that is stored; raises Invalid with every fault."""
    resources, _ = resources_of(entry)
    entry = replace(entry, name=entry.name.strip(), operator_id=entry.operator_id or entry.owner_id)
    faults = faults_in(entry)
    named = entry.organizations()
    there = {one.id for one in await organizations(tx, ids={one for ids in named.values() for one in ids})}
    faults += [FieldError(field, NO_ORGANIZATION) for field, ids in named.items() if not there.issuperset(ids)]
    if entry.platform_id is not None:
        platform = await tx.get(SystemRow, entry.platform_id)
        if platform is None or platform.kind != "platform" or platform.id == own_id:
            faults.append(FieldError("platform", NO_PLATFORM))
    if faults:
        raise Invalid(NOT_REGISTERED, errors=faults)
    return replace(entry, resources=tuple(sorted(resources)))


async def _refuse_with_tenants(tx: Tx, platform_id: UUID) -> None:
    asked = select(SystemRow.code).where(SystemRow.platform_id == platform_id, SystemRow.retired_at.is_(None)).limit(1)
    if await tx.scalar(asked) is not None:
        raise Conflict(CARRIES_OTHERS, field="life_cycle")


def columns_of(entry: Entry) -> dict[str, Any]:
    """Of the system's own row."""
    return {name: getattr(entry, name) for name in OWN_COLUMNS} | {
        "sort_key": sort_key(entry.name),
        "search_key": search_key(entry.name, entry.code),
    }


def _add_parties(tx: Tx, system_id: UUID, entry: Entry) -> None:
    for role, ids in (("user", entry.user_ids), ("maintainer", entry.maintainer_ids)):
        tx.add_all(SystemPartyRow(system_id=system_id, organization_id=one, role=role) for one in sorted(ids))
    tx.add_all(
        SystemResourceRow(system_id=system_id, kind=kind, value=value) for kind, value in sorted(set(entry.resources))
    )


def _as_json(changed: Changes) -> dict[str, Any]:
    """Field → [before, after]. What only some may know stands there by its name alone: the page shows it to those."""
    return {name: None if name in NEED_TO_KNOW else [_plain(one) for one in pair] for name, pair in changed.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset | set | tuple | list):
        return sorted(": ".join(one) if isinstance(one, tuple) else str(one) for one in value)
    if isinstance(value, UUID | date):
        return str(value)
    return value
