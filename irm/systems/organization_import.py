"""Many organizations and desks at once: what a list of them would register and change, and the doing of it.

The same two halves as for systems (`importing.py`). Nothing is ever taken away by a list: who does not stand in it stays.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access.amending import AMENDABLE, change_organization, fault_in, refusal
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import Organization, members, organizations
from irm.access.service import CODE, ODD_CODE, RESERVED, register_organization
from irm.access.vocabulary import KIND_NAMES, TIER_NAMES
from irm.db import Actor, Tx, uuid7
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import Column, Row
from irm.documents.tables import write_sheet, write_template
from irm.errors import FieldError, Said, said
from irm.i18n import N_, Translator
from irm.ledger import Event, record
from irm.systems.importing import ListRead, read_rows
from irm.systems.list_plan import Plan, Planned, may_be_written, plan_of

TITLE: Final = N_("Organizations")
MOST_ROWS: Final = 5_000
"""A city has some hundreds; every one of them is looked at for what it owes through the year."""
COLUMNS: Final = (
    Column("code", N_("Code of the organization"), "code", required=True, unique=True, most=64, synonyms=(N_("Code"),)),
    Column("name", N_("Name of the organization"), required=True, most=200, synonyms=(N_("Organization"),)),
    Column("short_name", N_("Short name"), most=200, help=N_("Empty: the full name.")),
    Column("kind", N_("Kind"), "choice", required=True, choices=KIND_NAMES),
    Column("tier", N_("Tier"), "choice", required=True, choices=TIER_NAMES),
    Column("region", N_("Administrative division"), "code", required=True, help=N_("Six digits.")),
    Column("joined", N_("Works in this irm"), "boolean", help=N_("No: only listed, with its numbers.")),
    Column("telephone", N_("Telephone"), "code", most=200),
    Column("fax", N_("Fax"), "code", most=200),
    Column("email", N_("E-mail"), most=200),
    Column("postal_address", N_("Postal address"), most=200),
    Column(
        "in_use_from",
        N_("In this irm since"),
        "date",
        help=N_("What fell due before this day is history and never overdue."),
    ),
)
LABELS: Final[Mapping[str, str]] = {one.name: one.title for one in COLUMNS}
NOT_YOURS: Final = N_("Only who looks after this organization's entry changes it.")


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called, most_rows=MOST_ROWS)


async def plan(tx: Tx, given: ListRead, *, by: Principal | None, now: datetime) -> Plan:
    """`by` None: whoever runs a command on the server."""
    live = {one.code: one for one in await organizations(tx)}
    ended = {one.code for one in await organizations(tx, with_retired=True)} - set(live)
    leaving = [live[row["code"]].id for row in given.sheet.rows if row["joined"] is False and row["code"] in live]
    peopled = {one.organization_id for one in await members(tx, leaving, now=now)} if leaving else set()
    planned: list[Planned] = []
    faults: list[FieldError] = []
    for row in given.sheet.rows:
        one, wrong = _judged(row, given.sheet.columns, live.get(row["code"]), ended, peopled, by)
        faults += wrong
        if one is not None:
            planned.append(one)
    listed = {row["code"] for row in given.sheet.rows}
    missing = [(one.code, one.name) for one in live.values() if one.code not in listed]
    return plan_of(given, planned, faults, missing)


def _judged(
    row: Row,
    columns: frozenset[str],
    before: Organization | None,
    ended: Collection[str],
    peopled: Collection[UUID],
    by: Principal | None,
) -> tuple[Planned | None, list[FieldError]]:
    if row["code"] in ended:
        return None, [
            row.fault(
                "code", said("The organization %(value)s has ended; its code is not given again.", value=row["code"])
            )
        ]
    if before is None and (not CODE.fullmatch(row["code"]) or row["code"] in RESERVED):
        return None, [row.fault("code", Said(ODD_CODE))]
    stated = _stated(row, columns, before)
    wrong = [row.fault(name, Said(text)) for name, value in stated.items() if (text := fault_in(name, value))]
    if before is None or wrong:
        return (None if wrong else Planned(row, row["code"], stated["name"], stated)), wrong
    pairs = {name: (getattr(before, name), value) for name, value in stated.items()}
    changes = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    if changes and by is not None and not may(by, Permission.MANAGE_ORGANIZATIONS, Resource(frozenset({before.id}))):
        return None, [row.fault("code", Said(NOT_YOURS))]
    wrong = [
        row.fault(name, Said(text))
        for name, (old, new) in changes.items()
        if (text := refusal(name, old, new, has_people=before.id in peopled))
    ]
    state = repr([getattr(before, name) for name in AMENDABLE])
    made = Planned(row, before.code, stated["name"], stated, before.id, changes, state)
    return (None if wrong else made), wrong


def _stated(row: Row, columns: frozenset[str], before: Organization | None) -> dict[str, Any]:
    """A column that the file does not have changes nothing; an empty cell says: not on record.

    Who has no short name of its own goes by its name, and so by its new one.
    """
    stated: dict[str, Any] = {name: row[name] for name in AMENDABLE if name in columns}
    if "short_name" in columns or before is None or before.short_name == before.name:
        stated["short_name"] = row["short_name"] or row["name"]
    if row["joined"] is None:
        stated["joined"] = before.joined if before else True
    return stated


async def carry_out(
    tx: Tx, made: Plan, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None = None
) -> UUID:
    """As `importing.carry_out`. Raises Invalid with every fault, Conflict for another plan than the one that was seen."""
    may_be_written(made, seen)
    import_id = import_id or uuid7()
    for one in made.new:
        await register_organization(tx, code=one.code, **one.stated, actor=actor, now=now)
    for one in made.changed:
        if one.id is not None:
            await change_organization(tx, one.id, one.stated, actor=actor, now=now)
    await record(tx, Event("organizations.imported", f"register/{import_id}", now, actor, made.counted))
    return import_id


def value_words(field: str, value: Any, t: Translator) -> str:
    """A value as people read it."""
    if value is None or value == "":
        return ""
    if field in {"kind", "tier"}:
        return t({"kind": KIND_NAMES, "tier": TIER_NAMES}[field].get(value, value))
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    return str(value)


async def workbook(tx: Tx, t: Translator) -> bytes:
    """All that are on record, in the columns that an import reads."""
    rows = ({column.name: getattr(one, column.name) for column in COLUMNS} for one in await organizations(tx))
    return write_sheet(COLUMNS, rows, title=t(TITLE), t=t)


def template(t: Translator) -> bytes:
    return write_template(COLUMNS, title=t(TITLE), t=t)
