"""With whom organizations keep in touch (应急联络对象), as a list: six kinds, the numbers, the day each was last found right.

A contact is known by whose it is, its kind, its name and whom to ask for; number and day are what a list changes. Nothing is
taken away by a list.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from irm.access import keeping_contacts
from irm.access.keeping_contacts import Stated, liaisons_of, may_read
from irm.access.liaisons import Liaison, liaison_policy
from irm.access.policy import Permission, Principal
from irm.clock import SHANGHAI
from irm.db import Actor, Tx, uuid7
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import Column, Row
from irm.documents.tables import write_sheet, write_template
from irm.errors import FieldError, Said, said
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event, record
from irm.systems.directory_rows import NOT_YOURS, WHOSE, Judging, differences, of_interest, words
from irm.systems.importing import ListRead, read_rows
from irm.systems.list_plan import Plan, Planned, may_be_written, plan_of

TITLE: Final = N_("Contacts of the organizations")
MOST_ROWS: Final = 20_000
AHEAD: Final = N_("This day has not come yet.")
WHEN_CHECKED: Final = N_("Write on which day somebody last found this number right.")
Key = tuple[UUID, str, str, str]


@cache
def columns(locale: str) -> tuple[Column, ...]:
    """The kinds are the city's (`liaison_kinds.yaml`): named in this language, read in every one."""
    t, kinds = translator(locale), liaison_policy().kinds
    return (
        WHOSE,
        Column(
            "kind",
            N_("Kind"),
            "choice",
            required=True,
            choices={one.key: t.of(one.name) for one in kinds},
            also={translator(each).of(one.name): one.key for one in kinds for each in LOCALES},
        ),
        Column("name", N_("Body or person"), required=True, most=keeping_contacts.LONGEST),
        Column("liaison_person", N_("Whom to ask for"), most=keeping_contacts.LONGEST),
        Column("telephone", N_("Telephone"), "code", required=True, most=keeping_contacts.LONGEST),
        Column("checked_on", N_("Last checked"), "date", help=N_("The day on which somebody found the number right.")),
    )


COLUMNS: Final = columns(LOCALES[0])
LABELS: Final[Mapping[str, str]] = {one.name: one.title for one in COLUMNS}
_CELLS: Final = {"person": "liaison_person"}


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called, most_rows=MOST_ROWS)


async def plan(tx: Tx, given: ListRead, *, by: Principal | None, now: datetime) -> Plan:
    """`by` None: whoever runs a command on the server."""
    today = now.astimezone(SHANGHAI).date()
    judging = await Judging.begin(tx, by, given.home)
    whose = _whose(judging, given.sheet.rows)
    there = await liaisons_of(tx, set(whose.values()), today=today)
    matched = _matched(judging, given.sheet.rows, whose, there)
    planned: list[Planned] = []
    for row in given.sheet.rows:
        if row.number in whose and row.number in matched:
            one = _judged(judging, row, whose[row.number], matched[row.number], today)
            if one is not None:
                planned.append(one)
    found = {one.id for one in matched.values() if one is not None}
    missing = [
        (judging.label(organization), f"{one.name} {one.person}".strip())
        for organization, kept in there.items()
        for one in kept
        if one.id not in found
    ]
    return plan_of(given, planned, judging.faults, missing)


def _whose(judging: Judging, rows: Sequence[Row]) -> dict[int, UUID]:
    """By row; what is at fault is left out."""
    found = {}
    for row in rows:
        organization = judging.whose(row)
        if organization is None:
            continue
        if judging.may(organization, Permission.KEEP_CONTACTS):
            found[row.number] = organization
        else:
            judging.fault(row, "organization", Said(NOT_YOURS))
    return found


def _matched(
    judging: Judging, rows: Sequence[Row], whose: Mapping[int, UUID], there: Mapping[UUID, Sequence[Liaison]]
) -> dict[int, Liaison | None]:
    """By row, whom it means: first whoever has the very number, then whoever is left. None: somebody new."""
    left: dict[Key, list[Liaison]] = {}
    for organization, kept in there.items():
        for one in kept:
            left.setdefault(_key(organization, one.kind, one.name, one.person), []).append(one)
    found: dict[int, Liaison | None] = {}
    seen: dict[tuple[Key, str], Row] = {}
    waiting: list[tuple[Row, Key]] = []
    for row in rows:
        if row.number not in whose:
            continue
        key = _key(whose[row.number], row["kind"], row["name"], row["liaison_person"] or "")
        first = seen.setdefault((key, row["telephone"]), row)
        same = next((one for one in left.get(key, ()) if _plain(one.telephone) == row["telephone"]), None)
        if same is not None:
            left[key].remove(same)
            found[row.number] = same
        elif first is not row:
            judging.fault(row, "name", said("This stands in row %(row)s already.", row=first.number))
        else:
            waiting.append((row, key))
    for row, key in waiting:
        candidates = left.get(key, [])
        if len(candidates) > 1:
            judging.fault(
                row, "telephone", said("Several of this name are on record; which one is meant is not clear.")
            )
        else:
            found[row.number] = candidates.pop() if candidates else None
    return found


def _key(organization: UUID, kind: str, name: str, person: str) -> Key:
    return organization, kind, "".join(name.split()).casefold(), "".join(person.split()).casefold()


def _plain(number: str) -> str:
    """As a list's cell is read: signs of any width are one."""
    return unicodedata.normalize("NFKC", number).strip()


def _judged(judging: Judging, row: Row, organization: UUID, before: Liaison | None, today: date) -> Planned | None:
    is_same = before is not None and _plain(before.telephone) == row["telephone"]
    telephone = before.telephone if before and is_same else row["telephone"]
    stated = Stated(row["kind"], row["name"].strip(), telephone, (row["liaison_person"] or "").strip())
    checked_on = row["checked_on"] or (before.checked_on if before else None)
    wrong = [
        FieldError(row.cell(_CELLS.get(one.field, one.field)), one.message)
        for one in keeping_contacts.faults_in(stated)
    ]
    if checked_on is None:
        wrong.append(row.fault("checked_on", Said(WHEN_CHECKED)))
    elif checked_on > today:
        wrong.append(row.fault("checked_on", Said(AHEAD)))
    if wrong:
        judging.faults += wrong
        return None
    said_of = {"organization": organization, "liaison": stated, "telephone": stated.telephone, "checked_on": checked_on}
    label = judging.label(organization)
    if before is None:
        return Planned(row, label, stated.name, said_of)
    was = {"telephone": before.telephone, "checked_on": before.checked_on}
    changes = differences(was, {name: said_of[name] for name in was})
    return Planned(row, label, stated.name, said_of, before.id, changes, repr(was))


async def carry_out(
    tx: Tx, made: Plan, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None = None
) -> UUID:
    """As `importing.carry_out`. Who looked at a number, a list does not say: `checked_by` stays empty."""
    may_be_written(made, seen)
    import_id = import_id or uuid7()
    for one in made.new:
        await keeping_contacts.enter(
            tx,
            one.stated["organization"],
            one.stated["liaison"],
            by=None,
            actor=actor,
            now=now,
            checked_on=one.stated["checked_on"],
        )
    for one in made.changed:
        if one.id is not None:
            await keeping_contacts.change(
                tx,
                one.stated["organization"],
                one.id,
                telephone=one.stated["telephone"],
                checked_on=one.stated["checked_on"],
                actor=actor,
                now=now,
            )
    await record(tx, Event("liaisons.imported", f"register/{import_id}", now, actor, made.counted))
    return import_id


def value_words(_field: str, value: Any, t: Translator) -> str:
    return words(value, {}, t)


async def workbook(tx: Tx, by: Principal | None, code: str, t: Translator, now: datetime) -> bytes:
    """Of the organizations whose contacts the reader may see (`code`: of one), in the columns that an import reads."""
    judging = await Judging.begin(tx, by, None)
    ids = of_interest(judging.names, code, lambda one: by is None or may_read(by, one))
    kept = await liaisons_of(tx, ids, today=now.astimezone(SHANGHAI).date())
    rows = [
        {
            "organization": judging.written(organization),
            "kind": one.kind,
            "name": one.name,
            "liaison_person": one.person or None,
            "telephone": one.telephone,
            "checked_on": one.checked_on,
        }
        for organization in ids
        for one in sorted(kept.get(organization, ()), key=lambda each: (each.kind, each.name, each.person))
    ]
    return write_sheet(columns(t.locale), rows, title=t(TITLE), t=t)


async def template(tx: Tx, t: Translator) -> bytes:
    names = (await Judging.begin(tx, None, None)).names
    lists = {"organization": [one.name for one in names.by_id.values() if one.joined]}
    return write_template(columns(t.locale), title=t(TITLE), t=t, lists=lists)
