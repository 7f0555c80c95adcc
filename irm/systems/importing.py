"""Many systems at once: first what a list would do, then all of it or nothing.

`plan` reads the list against the register and says of every row whether it is new, changes something (field by field) or
nothing; `carry_out` writes a plan that was made in the same transaction. A plan's `digest` names the file and the state of
the register that were seen: who confirms it confirms exactly that.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Row as Stored, all_, any_, bindparam, delete, insert, select, true, update

from irm.access.policy import Permission, Principal, Resource, reach
from irm.access.queries import organizations
from irm.db import Actor, Tx, uuid7
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import MOST_FAULTS, MOST_ROWS, Column, Row, Sheet, read_sheet
from irm.errors import Conflict, FieldError, Invalid, Said, said
from irm.i18n import N_
from irm.ledger import Event, record, record_all
from irm.systems.editing import FOREIGN_OWNER, NOT_YOURS
from irm.systems.entry import Entry, differences
from irm.systems.import_platforms import TEXTS, Platforms, platforms_in
from irm.systems.models import SystemPartyRow, SystemResourceRow, SystemRow
from irm.systems.queries import within
from irm.systems.service import Changes, altered, array_of, columns_of, entries_of, registered
from irm.systems.sheet import COLUMNS, Names, Read, entry_of_row

AT_ONCE: Final = 1000
FAULTY: Final = N_("The list has faults; nothing was written.")
CHANGED_SINCE: Final = N_("The register or the file is another than the one that was looked at. Look again.")
NOTHING_TO_DO: Final = N_("The list changes nothing.")
_CELL: Final = re.compile(r"([A-Z]*)(\d+)")
Tell = Callable[[float], Awaitable[None]]
T = TypeVar("T")


@dataclass(frozen=True)
class Planned:
    """`changes` empty for a new one. `version`: of the row as it was read."""

    row: Row
    id: UUID
    entry: Entry
    is_new: bool
    changes: Changes
    version: int = 0
    retired_at: datetime | None = None

    @property
    def is_changed(self) -> bool:
        return bool(self.changes)


@dataclass(frozen=True)
class Plan:
    """`faults`: at most MOST_FAULTS; `fault_count` counts all. Where there is one, nothing is written at all."""

    rows: tuple[Planned, ...]
    faults: tuple[FieldError, ...]
    fault_count: int
    sha256: str
    digest: str
    names: Names
    platforms: Mapping[UUID, str]
    missing: Sequence[tuple[str, str]] = ()
    """(code, name) of what stands here in the hands of the same owners and not in the list. It stays as it is."""

    @property
    def new(self) -> list[Planned]:
        return [one for one in self.rows if one.is_new]

    @property
    def changed(self) -> list[Planned]:
        return [one for one in self.rows if one.is_changed]

    @property
    def unchanged(self) -> int:
        return sum(1 for one in self.rows if not one.is_new and not one.is_changed)


@dataclass(frozen=True)
class ListRead:
    """A file as it was read, before anybody asks the database. `home`: the organization that is meant where a row names
    none."""

    sheet: Sheet
    sha256: str
    home: UUID | None = None


async def read_rows(
    content: bytes, columns: Sequence[Column], *, called: Called = AS_TITLED, most_rows: int = MOST_ROWS
) -> ListRead:
    """Outside of any transaction: 50,000 rows take their time, and a thread of their own."""
    sheet = await asyncio.to_thread(read_sheet, content, columns, most_rows=most_rows, called=called)
    return ListRead(sheet, sha256(content).hexdigest())


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called)


async def plan(tx: Tx, given: ListRead, *, by: Principal | None) -> Plan:
    """`by` None: whoever runs a command on the server, who may change everything. Locks the systems that it names."""
    sheet, file = given.sheet, given.sha256
    names = Names.of(await organizations(tx))
    before = await _registered(tx, [row["code"] for row in sheet.rows])
    entries = await entries_of(tx, list(before.values()))
    rows = await asyncio.to_thread(_read_rows, sheet.rows, before, entries, sheet.columns, names)
    ids = {one.code: uuid7() for one in rows if one.code not in before}
    platforms = await platforms_in(tx, rows, before, ids, by)
    planned, faults = await asyncio.to_thread(_judge, rows, before, entries, ids, platforms, by)
    kept = by_cell([*sheet.faults, *faults])[:MOST_FAULTS]
    return Plan(
        tuple(planned),
        tuple(kept),
        sheet.fault_count + len(faults),
        file,
        _digest(file, planned),
        names,
        platforms.codes,
        await _missing(tx, rows, by),
    )


async def _missing(tx: Tx, rows: Sequence[Read], by: Principal | None) -> list[tuple[str, str]]:
    codes = [one.code for one in rows]
    owners = {one.entry.owner_id for one in rows if one.entry}
    if not owners:
        return []
    found = await tx.execute(
        select(SystemRow.code, SystemRow.name)
        .where(
            SystemRow.owner_id == any_(array_of(sorted(owners))),
            SystemRow.code != all_(bindparam("codes", codes, type_=TEXTS)),
            SystemRow.retired_at.is_(None),
            within(reach(by, Permission.READ_SYSTEMS)) if by else true(),
        )
        .order_by(SystemRow.code)
    )
    return [(row.code, row.name) for row in found]


def by_cell(faults: Iterable[FieldError]) -> list[FieldError]:
    """Row by row, as whoever corrects the list goes through it; first what is said of the whole file."""

    def place(fault: FieldError) -> tuple[int, int, str]:
        found = _CELL.match(fault.field)
        return (int(found[2]), len(found[1]), found[1]) if found else (0, 0, fault.field)

    return sorted(faults, key=place)


def _judge(
    rows: Sequence[Read],
    before: Mapping[str, Stored[Any]],
    entries: Mapping[UUID, Entry],
    ids: Mapping[str, UUID],
    platforms: Platforms,
    by: Principal | None,
) -> tuple[list[Planned], list[FieldError]]:
    planned: list[Planned] = []
    faults: list[FieldError] = []
    for one in rows:
        row = before.get(one.code)
        made, wrong = _judged(one, row, entries[row.id] if row else None, ids, platforms, by)
        faults += wrong
        if made is not None:
            planned.append(made)
    return planned, faults


def _judged(
    read: Read,
    row: Stored[Any] | None,
    old: Entry | None,
    ids: Mapping[str, UUID],
    platforms: Platforms,
    by: Principal | None,
) -> tuple[Planned | None, list[FieldError]]:
    if read.entry is None:
        return None, list(read.faults)
    if old is not None and by is not None and not _covers(by, Permission.READ_SYSTEMS, _parties(old)):
        return None, [read.row.fault("code", said("Another system has the code %(value)s.", value=read.code))]
    entry, faults = platforms.put(read, read.entry)
    if faults:
        return None, faults
    changes = differences(old, entry) if old else {}
    if (old is None or changes) and by is not None:
        faults = _refusals(read, entry, old, by)
    if row is not None and changes:
        faults += platforms.refusals(read, row.id)
    if faults:
        return None, faults
    if row is None:
        return Planned(read.row, ids[read.code], entry, is_new=True, changes={}), []
    return Planned(read.row, row.id, entry, False, changes, row.version, row.retired_at), []


def _digest(file: str, planned: Sequence[Planned]) -> str:
    seen = sha256(file.encode())
    for one in planned:
        seen.update(f"\n{one.entry.code} {'new' if one.is_new else one.version}".encode())
    return seen.hexdigest()


async def carry_out(
    tx: Tx,
    made: Plan,
    *,
    seen: str | None,
    actor: Actor,
    now: datetime,
    import_id: UUID | None = None,
    tell: Tell | None = None,
) -> UUID:
    """The id of the import, under which the ledger has it. `seen`: digest of the plan that was confirmed (None: not asked).
    `tell` hears how much of it is written, from 0 to 1.

    Raises Invalid with every fault, Conflict when the plan is another than the one that was seen.
    """
    if made.faults:
        raise Invalid(FAULTY, errors=made.faults)
    if seen is not None and seen != made.digest:
        raise Conflict(CHANGED_SINCE, field="seen")
    if not made.new and not made.changed:
        raise Invalid(NOTHING_TO_DO, field="file")
    import_id = import_id or uuid7()
    # Platforms first: what runs on them names them.
    new = sorted(made.new, key=lambda one: one.entry.kind != "platform")
    done, all_of_it = 0, 2 * (len(new) + len(made.changed))
    for piece in _pieces(new):
        # Pinyin of a thousand names takes its time; whoever else works in this process does not wait for it.
        rows = await asyncio.to_thread(_new_rows, piece, now)
        await (await tx.connection()).execute(insert(SystemRow), rows)
        await _insert_many(tx, piece)
        done += len(piece)
        await _told(tell, done / all_of_it)
    stacked = [one for one in new if one.entry.kind == "platform" and one.entry.platform_id is not None]
    for one in stacked:
        await tx.execute(update(SystemRow).where(SystemRow.id == one.id).values(platform_id=one.entry.platform_id))
    for piece in _pieces(new):
        await record_all(tx, [registered(one.id, one.entry, actor=actor, now=now) for one in piece])
        done += len(piece)
        await _told(tell, done / all_of_it)
    for piece in _pieces(made.changed):
        await _change(tx, piece, now)
        await record_all(tx, [altered(one.id, one.changes, actor=actor, now=now) for one in piece])
        done += 2 * len(piece)
        await _told(tell, done / all_of_it)
    body = {
        "file": made.sha256,
        "new": len(made.new),
        "changed": len(made.changed),
        "unchanged": made.unchanged,
    }
    await record(tx, Event("register.imported", f"register/{import_id}", now, actor, body))
    return import_id


async def _told(tell: Tell | None, share: float) -> None:
    if tell is not None:
        await tell(share)


def _new_rows(planned: Sequence[Planned], now: datetime) -> list[dict[str, Any]]:
    return [_new_row(one, now) for one in planned]


def _new_row(one: Planned, now: datetime) -> dict[str, Any]:
    own = columns_of(one.entry)
    if one.entry.kind == "platform":
        own["platform_id"] = None  # it may stand further down in the list
    retired_at = now if one.entry.life_cycle == "retired" else None
    return {"id": one.id, **own, "created_at": now, "version": 1, "retired_at": retired_at}


async def _registered(tx: Tx, codes: Sequence[str]) -> dict[str, Stored[Any]]:
    """By code, locked in one order for whoever imports at the same time. Columns, not objects: 50,000 of those are heavy."""
    wanted = bindparam("codes", list(codes), type_=TEXTS)
    rows = await tx.execute(
        select(*SystemRow.__table__.c)
        .where(SystemRow.code == any_(wanted))
        .order_by(SystemRow.id)
        .with_for_update(key_share=True)
    )
    return {row.code: row for row in rows}


def _read_rows(
    rows: Sequence[Row],
    before: Mapping[str, Stored[Any]],
    entries: Mapping[UUID, Entry],
    columns: frozenset[str],
    names: Names,
) -> list[Read]:
    return [
        entry_of_row(row, entries[before[row["code"]].id] if row["code"] in before else None, columns, names)
        for row in rows
    ]


def _refusals(read: Read, entry: Entry, old: Entry | None, by: Principal) -> list[FieldError]:
    if old is not None and not _covers(by, Permission.EDIT_SYSTEMS, {old.owner_id, old.operator_id}):
        return [read.row.fault("code", Said(NOT_YOURS))]
    if not _covers(by, Permission.EDIT_SYSTEMS, {entry.owner_id}):
        return [read.row.fault("owner", Said(FOREIGN_OWNER))]
    return []


def _covers(by: Principal, permission: Permission, organizations: Iterable[UUID | None]) -> bool:
    return reach(by, permission).covers(Resource(frozenset(one for one in organizations if one is not None)))


def _parties(entry: Entry) -> set[UUID | None]:
    return {entry.owner_id, entry.operator_id, *entry.user_ids, *entry.maintainer_ids}


def _changed_rows(changed: Sequence[Planned], now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "row_id": one.id,
            **columns_of(one.entry),
            "version": one.version + 1,
            "updated_at": now,
            "retired_at": (one.retired_at or now) if one.entry.life_cycle == "retired" else None,
        }
        for one in changed
    ]


async def _change(tx: Tx, changed: Sequence[Planned], now: datetime) -> None:
    rows = await asyncio.to_thread(_changed_rows, changed, now)
    await (await tx.connection()).execute(update(SystemRow).where(SystemRow.id == bindparam("row_id")), rows)
    ids = array_of([one.id for one in changed])
    await tx.execute(delete(SystemPartyRow).where(SystemPartyRow.system_id == any_(ids)))
    await tx.execute(delete(SystemResourceRow).where(SystemResourceRow.system_id == any_(ids)))
    await _insert_many(tx, changed)


async def _insert_many(tx: Tx, planned: Sequence[Planned]) -> None:
    parties = [
        {"system_id": one.id, "organization_id": organization_id, "role": role}
        for one in planned
        for role, ids in (("user", one.entry.user_ids), ("maintainer", one.entry.maintainer_ids))
        for organization_id in sorted(ids)
    ]
    resources = [
        {"id": uuid7(), "system_id": one.id, "kind": kind, "value": value}
        for one in planned
        for kind, value in one.entry.resources
    ]
    connection = await tx.connection()
    if parties:
        await connection.execute(insert(SystemPartyRow), parties)
    if resources:
        await connection.execute(insert(SystemResourceRow), resources)


def _pieces(given: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(given)
    while piece := list(islice(rest, AT_ONCE)):
        yield piece
