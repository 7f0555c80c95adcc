"""Systems as the rules of the year read them. `irm/wiring.py` gives them to the obligations room."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, func, select

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import Tx
from irm.obligations.periodic import Given
from irm.obligations.subjects import Subject
from irm.rules.subjects import Directory, Party, SystemSubject
from irm.systems.assessment_queries import completed, completed_tests, last_filed_tests
from irm.systems.certificates import Certificate, certificate
from irm.systems.listing import local_day, terms_of_certificates
from irm.systems.models import AssessmentRow, SystemPartyRow, SystemRow

SYSTEM: Final = "system"
STANDS: Final = ("live", "trial", "retired")
"""Life cycles of a system that has gone into operation."""


class Systems:
    """`Giver` of every system that is not retired."""

    kind = SYSTEM

    async def batch(self, tx: Tx, after: UUID | None, most: int) -> Sequence[Given]:
        return await _given(tx, [SystemRow.id > after] if after else [], most=most)

    async def some(self, tx: Tx, ids: Sequence[UUID]) -> Sequence[Given]:
        return await _given(tx, [SystemRow.id.in_(ids)], with_retired=True)

    async def stamp(self, tx: Tx) -> object:
        systems = select(
            func.count(),
            func.sum(SystemRow.version),
            func.max(SystemRow.updated_at),
            func.max(cast(SystemRow.id, String)),
        ).select_from(SystemRow)
        tests = select(func.count(), func.sum(AssessmentRow.version)).where(*completed())
        return *(await tx.execute(systems)).one(), *(await tx.execute(tests)).one()

    async def marks(self, tx: Tx) -> Mapping[UUID, object]:
        """Its own version, its completed tests (they move the certificate's end), and the directory around it."""
        city = hash(await access.directory_stamp(tx))
        tests = (
            select(AssessmentRow.system_id, func.count().label("n"), func.sum(AssessmentRow.version).label("version"))
            .where(*completed())
            .group_by(AssessmentRow.system_id)
            .subquery()
        )
        rows = await tx.execute(
            select(SystemRow.id, SystemRow.version, tests.c.n, tests.c.version)
            .outerjoin(tests, tests.c.system_id == SystemRow.id)
            .where(SystemRow.retired_at.is_(None))
        )
        return {system_id: (city, *mark) for system_id, *mark in rows}


async def city_directory(tx: Tx) -> tuple[Directory, Mapping[UUID, access.Organization]]:
    """Every organization that is not retired, as articles find them and with all that is known of them."""
    found = await access.organizations(tx)
    parties = tuple(Party(one.id, one.kind, one.tier, one.joined, one.region) for one in found)
    return Directory(parties), {one.id: one for one in found}


def path_of(system_id: UUID) -> str:
    return f"{SYSTEM}/{system_id}"


async def parties_of(tx: Tx, ids: Sequence[UUID]) -> Mapping[UUID, Mapping[str, tuple[UUID, ...]]]:
    """Users and maintainers of these systems, by relation."""
    found: dict[UUID, dict[str, list[UUID]]] = {each: {"users": [], "maintainers": []} for each in ids}
    rows = await tx.execute(
        select(SystemPartyRow.system_id, SystemPartyRow.organization_id, SystemPartyRow.role)
        .where(SystemPartyRow.system_id.in_(ids))
        .order_by(SystemPartyRow.system_id, SystemPartyRow.organization_id)
    )
    for system_id, organization_id, role in rows:
        found[system_id]["users" if role == "user" else "maintainers"].append(organization_id)
    return {each: {name: tuple(ids) for name, ids in parties.items()} for each, parties in found.items()}


async def _given(
    tx: Tx, which: Sequence[ColumnElement[bool]], *, most: int | None = None, with_retired: bool = False
) -> list[Given]:
    # Columns, not objects: ten thousand are read at once when what will be owed is asked.
    asked = select(SystemRow.__table__).where(*which).order_by(SystemRow.id).limit(most)
    if not with_retired:
        asked = asked.where(SystemRow.retired_at.is_(None))
    rows: list[Any] = list((await tx.execute(asked)).all())
    if not rows:
        return []
    directory, organizations = await city_directory(tx)
    parties = await parties_of(tx, [row.id for row in rows])
    now = tx.clock.now()
    terms = await terms_of_certificates(tx, now=now)
    tested = await completed_tests(tx, [row.id for row in rows])
    filed = await last_filed_tests(tx, [row.id for row in rows])
    return [
        Given(
            Subject(path_of(row.id), row.code, f"/systems/{row.code}", system_id=row.id, name=row.name),
            subject_of(
                row,
                parties[row.id],
                directory,
                organizations,
                certificate(
                    terms,
                    filed_on=row.filed_on,
                    stated_until=row.certificate_until,
                    tested_on=tested.get(row.id, ()),
                    today=local_day(now),
                ),
                filed.get(row.id),
            ),
        )
        for row in rows
    ]


def subject_of(
    row: SystemRow,
    parties: Mapping[str, tuple[UUID, ...]],
    directory: Directory,
    organizations: Mapping[UUID, access.Organization],
    proof: Certificate,
    last_tested_on: date | None = None,
) -> SystemSubject:
    """`last_tested_on`: of the last test that was filed. A report that is in and not filed yet still owes its filing."""
    relations = {
        "owner": row.owner_id,
        "operator": row.operator_id,
        "protection_department": row.protection_department_id,
        "tester": row.tester_id,
    }
    dates = {
        "level_fixed_on": row.level_fixed_on,
        "live_on": row.live_on,
        "filed_on": row.filed_on,
        "certificate_expires_on": proof.until,
        "last_tested_on": last_tested_on,
    }
    return SystemSubject(
        id=row.id,
        in_use_from=_in_use_from(row, organizations),
        directory=directory,
        organizations={**{name: (one,) for name, one in relations.items() if one is not None}, **parties},
        dates={name: day for name, day in dates.items() if day is not None},
        facts=facts_of(row),
    )


def facts_of(row: SystemRow) -> dict[str, Any]:
    """What conditions read of it; a retired system has nothing to be judged by but its life cycle."""
    return {
        "system.kind": row.kind,
        "system.level": None if row.retired_at else row.level,
        "system.cii": row.cii,
        "system.important_data": row.important_data,
        "system.personal_records": row.personal_records,
        "system.life_cycle": "retired" if row.retired_at else row.life_cycle,
        "system.is_filed": row.filing_number is not None or row.filed_on is not None,
        "system.was_live_when_graded": _was_live_when_graded(row),
        "system.internet_gov_app": row.internet_gov_app,
        "system.portal_rank": row.portal_rank,
    }


def _was_live_when_graded(row: SystemRow) -> bool:
    """Art. 15 counts a running system from its grading, a new one from going live."""
    if row.live_on is None:
        return row.life_cycle in STANDS
    return row.level_fixed_on is None or row.live_on <= row.level_fixed_on


def _in_use_from(row: SystemRow, organizations: Mapping[UUID, access.Organization]) -> date:
    """The later of what the system and its operator say; where neither does, the day it came into the register."""
    operator = organizations.get(row.operator_id)
    stated = [day for day in (row.in_use_from, operator.in_use_from if operator else None) if day is not None]
    return max(stated, default=row.created_at.astimezone(SHANGHAI).date())
