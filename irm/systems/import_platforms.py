"""What a list says of platforms: which codes will be platforms once it is in, and who still runs on those that end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Text, any_, bindparam, select, true

from irm.access.policy import Permission, Principal, reach
from irm.db import Tx
from irm.errors import FieldError, Said, said
from irm.systems.entry import Entry
from irm.systems.models import SystemRow
from irm.systems.queries import within
from irm.systems.service import CARRIES_OTHERS, array_of
from irm.systems.sheet import Read

TEXTS: Final = ARRAY(Text())


@dataclass(frozen=True)
class Platforms:
    """`by_code`: those that one may name. `codes`: their codes, and those of the ones that are left."""

    by_code: Mapping[str, UUID]
    codes: Mapping[UUID, str]
    staying: Mapping[UUID, frozenset[str]]
    """By platform that is to end: systems that would still run on it."""

    def put(self, read: Read, entry: Entry) -> tuple[Entry, list[FieldError]]:
        """The entry on its platform."""
        if not read.names_platform:
            return entry, []
        if read.platform is None:
            return replace(entry, platform_id=None), []
        found = self.by_code.get(read.platform)
        if found is None or read.platform == read.code:
            return entry, [
                read.row.fault("platform", said("There is no platform with the code %(value)s.", value=read.platform))
            ]
        return replace(entry, platform_id=found), []

    def refusals(self, read: Read, system_id: UUID) -> list[FieldError]:
        """A platform that still carries systems stays one."""
        return [read.row.fault("life_cycle", Said(CARRIES_OTHERS))] if self.staying.get(system_id) else []


async def platforms_in(
    tx: Tx, rows: Sequence[Read], before: Mapping[str, Row[Any]], ids: Mapping[str, UUID], by: Principal | None
) -> Platforms:
    """`ids`: of the systems of the list that are new, by code."""
    will_be = {one.code: one.entry.kind == "platform" for one in rows if one.entry}
    in_list = {code: ids.get(code) or before[code].id for code, is_one in will_be.items() if is_one}
    named = {one.platform for one in rows if one.platform} - set(in_list)
    named -= {code for code, is_one in will_be.items() if not is_one}
    found = await tx.execute(
        select(SystemRow.id, SystemRow.code).where(
            SystemRow.code == any_(bindparam("codes", sorted(named), type_=TEXTS)),
            SystemRow.kind == "platform",
            within(reach(by, Permission.READ_SYSTEMS)) if by else true(),
        )
    )
    by_code = in_list | {row.code: row.id for row in found}
    left = {row.platform_id for row in before.values() if row.platform_id}
    were = await tx.execute(select(SystemRow.id, SystemRow.code).where(SystemRow.id == any_(array_of(sorted(left)))))
    codes = {row.id: row.code for row in were} | {system_id: code for code, system_id in by_code.items()}
    return Platforms(by_code, codes, await _staying(tx, rows, before, by_code))


async def _staying(
    tx: Tx, rows: Sequence[Read], before: Mapping[str, Row[Any]], by_code: Mapping[str, UUID]
) -> Mapping[UUID, frozenset[str]]:
    ending = [
        before[one.code].id
        for one in rows
        if one.entry is not None
        and one.code in before
        and before[one.code].kind == "platform"
        and (one.entry.kind != "platform" or one.entry.life_cycle == "retired")
    ]
    if not ending:
        return {}
    carried: ColumnElement[bool] = SystemRow.platform_id == any_(array_of(ending))
    there = await tx.execute(
        select(SystemRow.platform_id, SystemRow.code).where(carried, SystemRow.retired_at.is_(None))
    )
    tenants: dict[UUID, set[str]] = {}
    for platform_id, code in there:
        if platform_id is not None:
            tenants.setdefault(platform_id, set()).add(code)
    for one in rows:
        row = before.get(one.code)
        if row is None or one.entry is None or row.platform_id is None or row.platform_id not in tenants:
            continue
        moved = one.names_platform and (one.platform is None or by_code.get(one.platform) != row.platform_id)
        if moved or one.entry.life_cycle == "retired":
            tenants[row.platform_id].discard(one.code)
    return {platform_id: frozenset(codes) for platform_id, codes in tenants.items()}
