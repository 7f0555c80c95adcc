"""A list of findings read from XLSX: all of it or nothing; read again, only what differs.

A row is known by its number, else by unit, text, item and document. A dry run writes and takes everything back, so that its
faults are those of the act itself.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from irm.access import queries as access
from irm.access.narrowing import before
from irm.access.policy import Principal
from irm.db import Tx
from irm.documents.sheets import Row, read_sheet
from irm.errors import Conflict, FieldError, Forbidden, Invalid, said
from irm.findings import lifecycle, queries, register, service
from irm.findings.entering import NOT_YOURS, new_finding, theirs
from irm.findings.lifecycle import RISK_NAMES, Status
from irm.findings.queries import Finding, may_edit, sees_major
from irm.findings.schemas import EnterFinding, Imported, ImportedRow
from irm.findings.sheet import columns
from irm.i18n import N_

MOST_ROWS: Final = 5_000
FAULTY: Final = N_("The list has faults; nothing of it was taken.")
CHANGED_SINCE: Final = N_("This is another file than the one that was looked at. Look at it again first.")
TRIED: Final = "?"
"""With its row the number of a finding that a dry run takes back."""
_CELL: Final = re.compile(r"([A-Z]*)(\d+)")
_CELLS: Final = {"organization_id": "organization", "verifier_id": "verifier", "person": "organization"}


@dataclass(frozen=True)
class Test:
    """What a list of one test's findings leaves out. `tester`: who carries it out, where that is the reader's organization."""

    __test__ = False
    id: UUID
    number: str
    organization_id: UUID
    system_code: str
    found_on: date
    tester: UUID | None = None


@dataclass
class _Reading:
    tx: Tx
    principal: Principal
    test: Test | None
    now: datetime
    is_meant: bool = False
    """To be written, as far as nothing is wrong: only then does a new one take a number."""
    organizations: dict[str, UUID] = field(default_factory=dict)
    known: dict[str, Finding] = field(default_factory=dict)
    alike: dict[int, Finding] = field(default_factory=dict)
    """By row: what it says once more, where it names no number."""
    systems: dict[UUID, register.Named] = field(default_factory=dict)
    faults: list[FieldError] = field(default_factory=list)

    def fault(self, row: Row, name: str, message: str, context: Mapping[str, Any] | None = None) -> None:
        self.faults.append(FieldError(row.cell(name), message, dict(context or {})))


async def import_list(
    tx: Tx,
    principal: Principal,
    content: bytes,
    *,
    write: bool,
    now: datetime,
    test: Test | None = None,
    seen: str | None = None,
) -> Imported:
    """`seen`: SHA-256 of what the dry run showed. Raises Invalid with faults by cell, Conflict for another file."""
    digest = sha256(content).hexdigest()
    if seen is not None and seen != digest:
        raise Conflict(CHANGED_SINCE)
    sheet = read_sheet(content, columns(of_one_test=test is not None), most_rows=MOST_ROWS)
    reading = _Reading(tx, principal, test, now, is_meant=write, faults=list(sheet.faults))
    await _prepare(reading, sheet.rows)
    attempt = await tx.begin_nested()
    lines: list[ImportedRow] = []
    for row in sheet.rows:
        line = await _take(reading, row, sheet.columns)
        if line is not None:
            lines.append(line)
    if write and not reading.faults:
        await attempt.commit()
    else:
        await attempt.rollback()
    if reading.faults:
        raise Invalid(FAULTY, errors=sorted(reading.faults, key=_place))
    of = {what: sum(1 for one in lines if one.what == what) for what in ("new", "changed", "same")}
    return Imported(digest, of["new"], of["changed"], of["same"], write, lines)


async def _prepare(reading: _Reading, rows: Any) -> None:
    """Everything that rows are compared with, in a few statements."""
    for unit in await access.organizations(reading.tx):
        for word in (unit.code, unit.name, unit.short_name):
            reading.organizations.setdefault(_folded(word), unit.id)
    wanted = {organization for row in rows if (organization := _organization(reading, row)) is not None}
    there: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for one in await queries.alike(reading.tx, wanted):
        reading.known[one.number] = one
        if _works_on(reading, one, one.system_ids):
            there[_key(one.organization_id, one.title, one.clause, one.origin_label)].append(one)
    reading.systems = await register.systems(
        reading.tx, {each for one in reading.known.values() for each in one.system_ids}
    )
    _match(reading, rows, there)


def _match(reading: _Reading, rows: Sequence[Row], there: Mapping[tuple[str, ...], list[Finding]]) -> None:
    """The same words may stand there for several systems: first whoever names the same ones, then in order; each once."""
    waiting: list[tuple[Row, tuple[str, ...]]] = []
    named = {row["number"] for row in rows}
    left = {key: [one for one in found if one.number not in named] for key, found in there.items()}
    for row in rows:
        organization_id = _organization(reading, row)
        if row["number"] or organization_id is None:
            continue
        key = _key(organization_id, row["title"], row["clause"], _label(reading, row))
        codes = {each.casefold() for each in row["systems"] or ()}
        same = [
            one
            for one in left.get(key, ())
            if codes == {reading.systems[each].code.casefold() for each in one.system_ids if each in reading.systems}
        ]
        if same:
            reading.alike[row.number] = same[0]
            left[key].remove(same[0])
        else:
            waiting.append((row, key))
    for row, key in waiting:
        if left.get(key):
            reading.alike[row.number] = left[key].pop(0)


async def _take(reading: _Reading, row: Row, there: frozenset[str]) -> ImportedRow | None:
    organization_id = _organization(reading, row)
    if organization_id is None:
        reading.fault(row, "organization", N_("There is no such organization."))
        return None
    number = row["number"]
    if number and (number not in reading.known):
        reading.fault(row, "number", N_("There is no finding with this number at this unit."))
        return None
    one = reading.known.get(number) or reading.alike.get(row.number)
    try:
        async with reading.tx.begin_nested():
            if one is None:
                return await _enter(reading, row, organization_id)
            return await _amend(reading, row, one, there)
    except Invalid as refused:
        for error in refused.errors:
            reading.fault(row, _CELLS.get(error.field, error.field), error.message, error.context)
    except (Conflict, Forbidden) as refused:
        reading.fault(row, "title", refused.detail, refused.context)
    return None


async def _enter(reading: _Reading, row: Row, organization_id: UUID) -> ImportedRow:
    test = reading.test
    systems = list(row["systems"] or ())
    given = EnterFinding(
        title=row["title"],
        organization=organization_id,
        verifier=_named(reading, row, "verifier"),
        found_on=row["found_on"] or (test.found_on if test else None),
        risk=row["risk"] or "medium",
        is_major=bool(row["is_major"]),
        detail=row["detail"] or "",
        clause=row["clause"],
        origin="assessment" if test else row["origin"] or "other",
        origin_label=_label(reading, row),
        due_on=row["due_on"],
        due_set_by=_named(reading, row, "due_set_by"),
        due_document=row["due_document"],
        systems=systems or ([test.system_code] if test else []),
    )
    new = await new_finding(
        reading.tx,
        reading.principal,
        given,
        now=reading.now,
        origin_id=test.id if test else None,
        tested=test is not None and test.tester is not None,
    )
    meant = reading.is_meant and not reading.faults
    made = await service.raise_finding(
        reading.tx,
        new,
        actor=reading.principal.actor,
        now=reading.now,
        number=None if meant else f"{TRIED}{row.number}",
    )
    numbers = await queries.numbers_of(reading.tx, [made]) if meant else {}
    return ImportedRow(row.number, "new", new.title, numbers.get(made), {})


async def _amend(reading: _Reading, row: Row, one: Finding, there: frozenset[str]) -> ImportedRow:
    """Only columns that the file has; an absent column is no wish to empty it."""
    if not _works_on(reading, one, one.system_ids):
        raise Forbidden(NOT_YOURS)
    if row["due_on"] and row["due_on"] != one.due_on:
        raise Invalid(lifecycle.DAY_STANDS, field="due_on")
    wanted: dict[str, Any] = {
        "title": row["title"],
        "detail": (row["detail"] or "") if "detail" in there else one.detail,
        "clause": row["clause"] if "clause" in there else one.clause,
        "risk": row["risk"] or one.risk,
        "is_major": row["is_major"] if row["is_major"] is not None else one.is_major,
    }
    system_ids = one.system_ids
    if row["systems"]:
        named = await _systems(reading, row, one.organization_id)
        system_ids = frozenset(each.id for each in named)
        if not all(_works_on(reading, one, {each}) for each in system_ids - one.system_ids):
            raise Forbidden(NOT_YOURS)
    was = {name: getattr(one, name) for name in wanted}
    changes = {name: (_word(was[name]), _word(value)) for name, value in wanted.items() if was[name] != value}
    if system_ids != one.system_ids:
        changes["systems"] = (_codes(reading, one.system_ids), _codes(reading, system_ids))
    if not changes:
        return ImportedRow(row.number, "same", one.title, one.number, {})
    if one.status is Status.CLOSED:
        raise Conflict(N_("This finding is closed; what was found stays as it is."))
    await service.amend(
        reading.tx, one.id, **wanted, system_ids=system_ids, actor=reading.principal.actor, now=reading.now
    )
    if not sees_major(reading.principal, one) and not _brought_up(reading, one):
        changes.pop("is_major", None)
    return ImportedRow(row.number, "changed", one.title, one.number, changes)


def _works_on(reading: _Reading, one: Finding, systems: Collection[UUID]) -> bool:
    """As the reader stands before these: on a list for their own test, too, others' findings are none of theirs."""
    by = before(reading.principal, systems)
    tests = reading.test is not None and reading.test.tester in by.organizations and _brought_up(reading, one)
    return tests or may_edit(by, one) or queries.may_verify(by, one)


def _brought_up(reading: _Reading, one: Finding) -> bool:
    """By the test that the reader carries out."""
    return reading.test is not None and reading.test.tester is not None and one.origin_id == reading.test.id


async def _systems(reading: _Reading, row: Row, organization_id: UUID) -> list[register.Named]:
    found = list((await theirs(reading.tx, row["systems"], organization_id)).values())
    reading.systems |= {one.id: one for one in found}
    return found


def _organization(reading: _Reading, row: Row) -> UUID | None:
    if reading.test is not None:
        return reading.test.organization_id
    return reading.organizations.get(_folded(row["organization"] or ""))


def _place(fault: FieldError) -> tuple[int, int, str]:
    """Row by row, as whoever corrects the list goes through it; first what is said of the whole file."""
    found = _CELL.fullmatch(fault.field)
    return (int(found[2]), len(found[1]), found[1]) if found else (0, 0, fault.field)


def _label(reading: _Reading, row: Row) -> str:
    return reading.test.number if reading.test else row["origin_label"] or ""


def _named(reading: _Reading, row: Row, name: str) -> UUID | None:
    given = row[name]
    if not given:
        return None
    found = reading.organizations.get(_folded(given))
    if found is None:
        raise Invalid(N_("There is no such organization."), field=name)
    return found


def _key(organization_id: UUID, title: str, clause: str | None, label: str) -> tuple[str, ...]:
    return (str(organization_id), _folded(title), _folded(clause or ""), _folded(label))


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _codes(reading: _Reading, ids: frozenset[UUID]) -> str:
    return ", ".join(sorted(reading.systems[one].code for one in ids if one in reading.systems))


def _word(value: Any) -> str:
    """Msgids for what is a choice; the page translates them."""
    if isinstance(value, bool):
        return said("yes") if value else said("no")
    return RISK_NAMES.get(str(value), str(value)) if value is not None else ""
