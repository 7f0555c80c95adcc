"""A vendor's staff as a list: contract, days of work, vetting. Somebody is known by the vendor and their name, or by their
number in irm where two have one name. Nothing is taken away by a list.

The cloud authority vets; a vendor itself names who is to come, and who leaves earlier (`engaging.own_refusal`).
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from irm.access import engagements
from irm.access.engagements import Employed, may_read_staff
from irm.access.engaging import Engagement, own_refusal
from irm.access.policy import Permission, Principal
from irm.access.queries import members
from irm.access.service import register_person
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import Column, Row
from irm.documents.tables import write_sheet, write_template
from irm.errors import FieldError, Said, said
from irm.i18n import N_, Translator
from irm.ledger import Event, record
from irm.systems.directory_rows import (
    NOT_YOURS,
    NUMBER,
    WHOSE,
    Judging,
    differences,
    of_interest,
    plain_name,
    stated_in,
    words,
)
from irm.systems.importing import ListRead, read_rows
from irm.systems.list_plan import Plan, Planned, may_be_written, plan_of

TITLE: Final = N_("Staff of vendors")
MOST_ROWS: Final = 20_000
RESULTS: Final = {"passed": N_("vetted, may work"), "refused": N_("vetted, refused")}
COLUMNS: Final = (
    WHOSE,
    Column("name", N_("Name"), required=True, most=engagements.LONGEST),
    Column("contract", N_("Contract"), most=engagements.LONGEST),
    Column("begins_on", N_("First day of work"), "date"),
    Column("ends_on", N_("Last day of work"), "date"),
    Column("vetting", N_("Vetting"), "choice", choices=RESULTS, help=N_("Empty: not vetted yet.")),
    Column("vetted_on", N_("Vetted on"), "date"),
    Column("vetted_by", N_("Who vetted"), most=engagements.LONGEST),
    Column("vetted_until", N_("Vetting good until"), "date"),
    NUMBER,
)
LABELS: Final[Mapping[str, str]] = {one.name: one.title for one in COLUMNS}
FIELDS: Final = ("contract", "begins_on", "ends_on", "vetting", "vetted_on", "vetted_by", "vetted_until")
NOTHING: Final = dict.fromkeys(FIELDS)


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called, most_rows=MOST_ROWS)


async def staff_of(tx: Tx, vendors: list[UUID], now: datetime) -> dict[UUID, list[Employed]]:
    """With those who hold a role there and of whom nothing is on record."""
    holding: dict[UUID, set[UUID]] = {}
    for one in await members(tx, vendors, now=now):
        holding.setdefault(one.organization_id, set()).add(one.person.id)
    return {vendor: await engagements.staff_of(tx, vendor, holding.get(vendor, ())) for vendor in vendors}


async def plan(tx: Tx, given: ListRead, *, by: Principal | None, now: datetime) -> Plan:
    """`by` None: whoever runs a command on the server."""
    judging = await Judging.begin(tx, by, given.home)
    whose = {row.number: found for row in given.sheet.rows if (found := _vendor(judging, row)) is not None}
    there = await staff_of(tx, sorted(set(whose.values())), now)
    under: dict[tuple[UUID, str], list[Employed]] = {}
    for vendor, all_of in there.items():
        for each in all_of:
            under.setdefault((vendor, plain_name(each.name)), []).append(each)
            under[vendor, str(each.person_id)] = [each]
    planned: list[Planned] = []
    taken: dict[tuple[UUID, Any], Row] = {}
    for row in given.sheet.rows:
        if row.number not in whose:
            continue
        vendor = whose[row.number]
        known, clear = _known(judging, row, under, vendor)
        if not clear:
            continue
        first = taken.setdefault((vendor, known.person_id if known else row["name"]), row)
        if first is not row:
            judging.fault(row, "name", said("This stands in row %(row)s already.", row=first.number))
            continue
        one = _judged(judging, row, given.sheet.columns, vendor, known, now.astimezone(SHANGHAI).date())
        if one is not None:
            planned.append(one)
    named = {person for _, person in taken}
    missing = [
        (judging.label(vendor), one.name)
        for vendor, all_of in there.items()
        for one in all_of
        if one.person_id not in named
    ]
    return plan_of(given, planned, judging.faults, missing)


def _vendor(judging: Judging, row: Row) -> UUID | None:
    found = judging.whose(row)
    if found is None:
        return None
    if judging.names.by_id[found].kind != engagements.VENDOR:
        judging.fault(row, "organization", Said(engagements.NO_VENDOR))
        return None
    if not judging.may(found, Permission.VET_STAFF, Permission.KEEP_CONTACTS):
        judging.fault(row, "organization", Said(NOT_YOURS))
        return None
    return found


def _known(
    judging: Judging, row: Row, under: Mapping[tuple[UUID, str], list[Employed]], vendor: UUID
) -> tuple[Employed | None, bool]:
    """Whom the row means, None: somebody new; and whether that is clear. `under`: by vendor, under name and number."""
    same = under.get((vendor, row["person"] or plain_name(row["name"])), [])
    if row["person"] and not same:
        judging.fault(row, "person", Said(engagements.NO_PERSON))
        return None, False
    if len(same) > 1:
        judging.fault(row, "name", said("Several people here have this name; write the number in irm."))
    return (same[0] if same else None), len(same) <= 1


def _judged(
    judging: Judging, row: Row, columns: frozenset[str], vendor: UUID, known: Employed | None, today: date
) -> Planned | None:
    before = known.engagement if known else None
    was = asdict(before) if before else NOTHING
    stated = stated_in(row, columns, FIELDS, was)
    if known is not None and before is None and not any(stated.values()):
        return Planned(row, judging.label(vendor), known.name, {}, known.person_id)  # a gap stays one
    wrong: list[FieldError] = [
        row.fault(name, Said(engagements.NEEDED)) for name in ("contract", "begins_on") if not stated[name]
    ]
    made = Engagement(**{**stated, "vetted_by": stated["vetted_by"] or ""})
    if not wrong:
        wrong = [FieldError(row.cell(one.field), one.message) for one in engagements.faults_in(made, today)]
    if not wrong and made != before and not judging.may(vendor, Permission.VET_STAFF):
        why = own_refusal(before, made)
        wrong = [row.fault("name", why)] if why else []
    if wrong:
        judging.faults += wrong
        return None
    said_of = {"vendor": vendor, "engagement": made}
    if known is None:
        return Planned(row, judging.label(vendor), row["name"].strip(), said_of)
    changes = differences({**was, "vetted_by": was["vetted_by"] or ""}, asdict(made))
    return Planned(row, judging.label(vendor), known.name, said_of, known.person_id, changes, repr(before))


async def carry_out(
    tx: Tx, made: Plan, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None = None
) -> UUID:
    """As `importing.carry_out`."""
    may_be_written(made, seen)
    import_id = import_id or uuid7()
    for one in (*made.new, *made.changed):
        person = one.id or await register_person(tx, name=one.name, actor=actor, now=now)
        await engagements.state(tx, one.stated["vendor"], person, one.stated["engagement"], actor=actor, now=now)
    await record(tx, Event("staff.imported", f"register/{import_id}", now, actor, made.counted))
    return import_id


def value_words(field: str, value: Any, t: Translator) -> str:
    return words(value, RESULTS if field == "vetting" else {}, t)


async def workbook(tx: Tx, by: Principal | None, code: str, t: Translator, now: datetime) -> bytes:
    """Of the vendors whose staff the reader may see (`code`: of one), in the columns that an import reads."""
    judging = await Judging.begin(tx, by, None)
    vendors = of_interest(judging.names, code, lambda one: _is_readable(judging, one))
    found = await staff_of(tx, vendors, now)
    rows = [
        {
            "organization": judging.written(vendor),
            "name": one.name,
            **(asdict(one.engagement) if one.engagement else {}),
            "person": str(one.person_id),
        }
        for vendor in vendors
        for one in found[vendor]
    ]
    return write_sheet(COLUMNS, rows, title=t(TITLE), t=t)


def _is_readable(judging: Judging, organization_id: UUID) -> bool:
    one = judging.names.by_id[organization_id]
    if judging.by is None:
        return one.kind == engagements.VENDOR
    return may_read_staff(judging.by, one)


async def template(tx: Tx, t: Translator) -> bytes:
    names = (await Judging.begin(tx, None, None)).names
    lists = {"organization": [one.name for one in names.by_id.values() if one.kind == engagements.VENDOR]}
    return write_template(COLUMNS, title=t(TITLE), t=t, lists=lists)
