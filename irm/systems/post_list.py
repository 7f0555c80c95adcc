"""Posts (岗位) as a list: what they are called, their kind and duties, and who holds them.

A post is known by whose it is and its name. An empty cell leaves what stands here; names of holders are all who hold the post from
today on, and whoever is not known at the organization is entered as somebody new. No post is taken away by a list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from irm.access import staff_posts
from irm.access.people_there import people_of
from irm.access.policy import Permission, Principal
from irm.access.queries import Person
from irm.access.staff_posts import StaffPost, Stated
from irm.access.staffing import staffing
from irm.db import Actor, Tx, uuid7
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import Column, Row
from irm.documents.tables import write_sheet, write_template
from irm.errors import FieldError, Said, said
from irm.i18n import LOCALES, N_, Translator, translator
from irm.ledger import Event, record
from irm.systems.directory_rows import NOT_YOURS, WHOSE, Judging, of_interest, plain_name, words
from irm.systems.importing import ListRead, read_rows
from irm.systems.list_plan import Plan, Planned, may_be_written, plan_of
from irm.systems.posts import may_read

TITLE: Final = N_("Staff posts")
MOST_ROWS: Final = 5_000
"""Each holder is an entry, and may be a person: minutes, all in one transaction."""


@cache
def columns(locale: str) -> tuple[Column, ...]:
    """The kinds are data (`staffing.yaml`): named in this language, read in every one."""
    t, kinds = translator(locale), staffing().kinds
    return (
        WHOSE,
        Column("name", N_("Name of the staff post"), required=True, most=staff_posts.LONGEST),
        Column(
            "kind",
            N_("Kind of post"),
            "choice",
            required=True,
            choices={one.key: t.of(one.name) for one in kinds},
            also={translator(each).of(one.name): one.key for one in kinds for each in LOCALES},
        ),
        Column("is_key", N_("Key post"), "boolean"),
        Column("duties", N_("Duties of the post"), most=staff_posts.LONGEST_DUTIES),
        Column(
            "holders",
            N_("Holders of the post"),
            many=True,
            most=staff_posts.LONGEST,
            help=N_("All who hold it; of two people with one name their numbers in irm."),
        ),
    )


COLUMNS: Final = columns(LOCALES[0])
LABELS: Final[Mapping[str, str]] = {one.name: one.title for one in COLUMNS}


@dataclass(frozen=True)
class Holder:
    """`person_id` None: somebody new, entered once for all posts of the organization that name them."""

    person_id: UUID | None
    name: str


@dataclass
class _Place:
    """What stands here of one organization. `named`: its people by name and by number in irm."""

    posts: Mapping[str, StaffPost]
    named: Mapping[str, Sequence[Person]]
    taken: dict[str, Row] = field(default_factory=dict)
    """By name of the post, the row that speaks of it first."""


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called, most_rows=MOST_ROWS)


async def plan(tx: Tx, given: ListRead, *, by: Principal | None, now: datetime) -> Plan:
    """`by` None: whoever runs a command on the server."""
    judging = await Judging.begin(tx, by, given.home)
    whose = {row.number: found for row in given.sheet.rows if (found := _whose(judging, row)) is not None}
    there = await staff_posts.posts_of(tx, set(whose.values()), now=now)
    places = {
        one: _Place({_key(each.stated.name): each for each in there.get(one, ())}, await _named(tx, one))
        for one in set(whose.values())
    }
    planned = [
        made
        for row in given.sheet.rows
        if row.number in whose and (made := _judged(judging, row, whose[row.number], places[whose[row.number]]))
    ]
    missing = [
        (judging.label(organization), post.stated.name)
        for organization, place in places.items()
        for key, post in place.posts.items()
        if key not in place.taken
    ]
    return plan_of(given, planned, judging.faults, missing)


def _whose(judging: Judging, row: Row) -> UUID | None:
    found = judging.whose(row)
    if found is not None and not judging.may(found, Permission.KEEP_CONTACTS):
        judging.fault(row, "organization", Said(NOT_YOURS))
        return None
    return found


async def _named(tx: Tx, organization: UUID) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for one in await people_of(tx, organization):
        found.setdefault(plain_name(one.name), []).append(one)
        found[str(one.id)] = [one]
    return found


def _key(name: str) -> str:
    return plain_name(name).casefold()


def _judged(judging: Judging, row: Row, organization: UUID, place: _Place) -> Planned | None:
    first = place.taken.setdefault(_key(row["name"]), row)
    if first is not row:
        judging.fault(row, "name", said("This stands in row %(row)s already.", row=first.number))
        return None
    before = place.posts.get(_key(row["name"]))
    was = before.stated if before else Stated(row["name"], row["kind"])
    is_key = was.is_key if row["is_key"] is None else row["is_key"]
    stated = staff_posts.plain(replace(was, kind=row["kind"], is_key=is_key, duties=row["duties"] or was.duties))
    held = tuple(Holder(one.person_id, one.name) for one in before.now) if before else ()
    holders = _holders(judging, row, place, held)
    wrong = [FieldError(row.cell(one.field), one.message) for one in staff_posts.faults_in(stated)]
    if wrong or holders is None:
        judging.faults += wrong
        return None
    said_of = {"organization": organization, "post": stated, "holders": holders, "held": before.now if before else ()}
    label = judging.label(organization)
    if before is None:
        return Planned(row, label, stated.name, said_of)
    changes: dict[str, tuple[Any, Any]] = {
        name: (getattr(was, name), getattr(stated, name))
        for name in ("kind", "is_key", "duties")
        if getattr(was, name) != getattr(stated, name)
    }
    if set(holders) != set(held):
        changes["holders"] = (held, holders)
    return Planned(row, label, stated.name, said_of, before.id, changes, repr((was, held)))


def _holders(judging: Judging, row: Row, place: _Place, held: tuple[Holder, ...]) -> tuple[Holder, ...] | None:
    """Whom the cell means; an empty one: who holds it. None: it is at fault."""
    found: list[Holder] = []
    holding = {one.person_id for one in held}
    for text in row["holders"] or ():
        same = place.named.get(text.lower(), ()) or place.named.get(plain_name(text), ())
        if len(same) > 1:
            same = [one for one in same if one.id in holding]
            if len(same) != 1:
                message = said("Several people here are called “%(name)s”; write the number in irm.", name=text)
                judging.fault(row, "holders", message)
                return None
        if not same and not text.isprintable():
            judging.fault(row, "holders", Said(staff_posts.ODD_TEXT))
            return None
        one = Holder(same[0].id, same[0].name) if same else Holder(None, text.strip())
        if one not in found:
            found.append(one)
    return tuple(found) or held


async def carry_out(
    tx: Tx, made: Plan, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None = None
) -> UUID:
    """As `importing.carry_out`. Since when a holder has held the post, the list does not say: since today."""
    may_be_written(made, seen)
    import_id = import_id or uuid7()
    new: dict[tuple[UUID, str], UUID] = {}
    for one in (*made.new, *made.changed):
        organization, stated = one.stated["organization"], one.stated["post"]
        if one.id is None:
            post_id = await staff_posts.enter(tx, organization, stated, actor=actor, now=now)
        else:
            post_id = one.id
            await staff_posts.change(tx, post_id, stated, actor=actor, now=now)
        stay = {each.person_id for each in one.stated["holders"]}
        for held in one.stated["held"]:
            if held.person_id not in stay:
                await staff_posts.end(tx, post_id, held.id, why="list", actor=actor, now=now)
        there = {held.person_id for held in one.stated["held"]}
        for holder in one.stated["holders"]:
            if holder.person_id in there:
                continue
            key = organization, plain_name(holder.name)
            person = holder.person_id or new.get(key)
            if person is not None:
                await staff_posts.hold(tx, post_id, person_id=person, actor=actor, now=now)
            else:
                new[key] = await staff_posts.hold(tx, post_id, name=holder.name, actor=actor, now=now)
    await record(tx, Event("posts.imported", f"register/{import_id}", now, actor, made.counted))
    return import_id


def value_words(name: str, value: Any, t: Translator) -> str:
    if name == "holders":
        return t(", ").join(
            one.name if one.person_id else t("%(name)s (not yet in irm)", name=one.name) for one in value
        )
    if name == "is_key":
        return t("yes") if value else t("no")
    return words(value, {one.key: t.of(one.name) for one in staffing().kinds} if name == "kind" else {}, t)


async def workbook(tx: Tx, by: Principal | None, code: str, t: Translator, now: datetime) -> bytes:
    """Of the organizations whose posts the reader may see (`code`: of one), in the columns that an import reads."""
    judging = await Judging.begin(tx, by, None)
    ids = of_interest(judging.names, code, lambda one: may_read(by, one))
    there = await staff_posts.posts_of(tx, ids, now=now)
    rows = []
    for organization in (one for one in ids if one in there):
        named = await _named(tx, organization)
        for post in there[organization]:
            holders = (
                str(one.person_id) if len(named.get(plain_name(one.name), ())) > 1 else one.name for one in post.now
            )
            rows.append(
                {
                    "organization": judging.written(organization),
                    "name": post.stated.name,
                    "kind": post.stated.kind,
                    "is_key": post.stated.is_key,
                    "duties": post.stated.duties or None,
                    "holders": tuple(holders),
                }
            )
    return write_sheet(columns(t.locale), rows, title=t(TITLE), t=t)


async def template(tx: Tx, t: Translator) -> bytes:
    names = (await Judging.begin(tx, None, None)).names
    lists = {"organization": [one.name for one in names.by_id.values() if one.joined]}
    return write_template(columns(t.locale), title=t(TITLE), t=t, lists=lists)
