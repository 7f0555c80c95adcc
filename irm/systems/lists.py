"""The lists that come in by file. What differs between them stands here, once.

How one is brought, looked at, confirmed and written is the same for all: `bringing.py`, `list_work.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from irm.access.policy import Permission, Principal, allow, dangerous, may
from irm.db import Actor, Tx
from irm.documents.headings import Called
from irm.documents.sheets import Column
from irm.errors import FieldError
from irm.i18n import LOCALES, N_, Translator, translator
from irm.systems import (
    importing,
    liaison_list,
    list_plan,
    organization_import,
    people_list,
    people_written,
    post_list,
    staff_list,
)
from irm.systems.importing import ListRead, Tell
from irm.systems.sheet import COLUMNS, value_words, wire_name
from irm.systems.vocabulary import FIELD_NAMES

EMPTY_IS_NOT_STATED: Final = N_("A cell that is there and empty says: not stated.")
MOST_SHOWN: Final = 200
"""Rows of a dry run that are kept for people to look at; all of them are counted and written."""
ByLanguage = dict[str, str]


class Plan(Protocol):
    """`importing.Plan`, `list_plan.Plan`."""

    @property
    def new(self) -> Sequence[Any]: ...
    @property
    def changed(self) -> Sequence[Any]: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def faults(self) -> Sequence[FieldError]: ...
    @property
    def fault_count(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def missing(self) -> Sequence[tuple[str, str]]: ...


@dataclass(frozen=True)
class Line:
    """A row that does something. `changes`: field, what stands there, what is to stand there, by language."""

    row: int
    code: str
    name: str
    is_new: bool
    changes: Sequence[tuple[str, ByLanguage, ByLanguage]]


@dataclass(frozen=True)
class Kind:
    """`name`: also where its pages and, under /api/v1, its interface lie. `home`: where people read what is in it.
    `permissions`: any of them. `labels`: of the fields. Words are msgids."""

    name: str
    home: str
    permissions: frozenset[Permission]
    columns: Sequence[Column]
    labels: Mapping[str, str]
    words: Mapping[str, str]
    read: Callable[[bytes, Called], Awaitable[ListRead]]
    plan: Callable[[Tx, ListRead, Principal | None, datetime], Awaitable[Plan]]
    carry_out: Callable[[Tx, Any, str | None, Actor, datetime, UUID | None, Tell | None], Awaitable[UUID]]
    lines: Callable[[Any], list[Line]]
    readers: frozenset[Permission] = frozenset()
    """Who may take away what stands here, with `workbook`; the room of the first two kinds does that itself."""
    workbook: Callable[[Tx, Principal | None, str, Translator, datetime], Awaitable[bytes]] | None = None
    """Of what the principal may read (None: everything), of one organization by its code or of all."""
    template: Callable[[Tx, Translator], Awaitable[bytes]] | None = None
    is_grave: bool = False
    """Writing it asks again who it is (`dangerous`)."""

    @property
    def opt(self) -> dict[str, Any]:
        """Of its routes."""
        return allow(*self.permissions)

    @property
    def writing_opt(self) -> dict[str, Any]:
        return dangerous(self.opt) if self.is_grave else self.opt

    def may_be_brought_by(self, principal: Principal) -> bool:
        return any(may(principal, each) for each in self.permissions)


# -- systems


async def _plan_systems(tx: Tx, given: ListRead, by: Principal | None, _now: datetime) -> Plan:
    return await importing.plan(tx, given, by=by)


async def _write_systems(
    tx: Tx,
    made: importing.Plan,
    seen: str | None,
    actor: Actor,
    now: datetime,
    import_id: UUID | None,
    tell: Tell | None,
) -> UUID:
    return await importing.carry_out(tx, made, seen=seen, actor=actor, now=now, import_id=import_id, tell=tell)


def _lines_of_systems(made: importing.Plan) -> list[Line]:
    def words(name: str, value: Any) -> ByLanguage:
        return by_language(lambda t: value_words(name, value, t, made.names, made.platforms))

    acting = [one for one in made.rows if one.is_new or one.is_changed][:MOST_SHOWN]
    return [
        Line(
            one.row.number,
            one.entry.code,
            one.entry.name,
            one.is_new,
            [(wire_name(name), words(name, old), words(name, new)) for name, (old, new) in one.changes.items()],
        )
        for one in acting
    ]


# -- the directory


class _Plans(Protocol):
    async def __call__(self, tx: Tx, given: ListRead, /, *, by: Principal | None, now: datetime) -> list_plan.Plan: ...


class _Writes(Protocol):
    async def __call__(
        self, tx: Tx, made: list_plan.Plan, /, *, seen: str | None, actor: Actor, now: datetime, import_id: UUID | None
    ) -> UUID: ...


def _planned_by(plan: _Plans) -> Callable[[Tx, ListRead, Principal | None, datetime], Awaitable[Plan]]:
    async def planned(tx: Tx, given: ListRead, by: Principal | None, now: datetime) -> Plan:
        return await plan(tx, given, by=by, now=now)

    return planned


def _written_by(carry_out: _Writes) -> Callable[..., Awaitable[UUID]]:
    async def written(
        tx: Tx,
        made: list_plan.Plan,
        seen: str | None,
        actor: Actor,
        now: datetime,
        import_id: UUID | None,
        _tell: Tell | None,
    ) -> UUID:
        return await carry_out(tx, made, seen=seen, actor=actor, now=now, import_id=import_id)

    return written


Words = Callable[[str, Any, Translator], str]
"""A value of a field as people read it."""


def lines_by(value_words: Words) -> Callable[[list_plan.Plan], list[Line]]:
    def words(name: str, value: Any) -> ByLanguage:
        return by_language(lambda t: value_words(name, value, t))

    def lines(made: list_plan.Plan) -> list[Line]:
        acting = [one for one in made.rows if one.is_new or one.changes][:MOST_SHOWN]
        return [
            Line(
                one.row.number,
                one.code,
                one.name,
                one.is_new,
                [(name, words(name, old), words(name, new)) for name, (old, new) in one.changes.items()],
            )
            for one in acting
        ]

    return lines


def writing(kind: str) -> str:
    """By which lists of a kind are written one after the other (`one_at_a_time.py`)."""
    return f"list/{kind}"


def by_language(text: Callable[[Translator], str]) -> ByLanguage:
    """What is kept is read by whoever opens it, in their own language."""
    return {locale: text(translator(locale)) for locale in LOCALES}


SYSTEMS: Final = Kind(
    "systems",
    "/systems",
    frozenset({Permission.EDIT_SYSTEMS}),
    COLUMNS,
    FIELD_NAMES,
    {
        "crumb": N_("Systems"),
        "title": N_("Import a list of systems"),
        "limit": N_("Up to 50,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("System"),
        "empty": EMPTY_IS_NOT_STATED,
        "back": N_("To the register"),
    },
    importing.read_list,
    _plan_systems,
    _write_systems,
    _lines_of_systems,
)
ORGANIZATIONS: Final = Kind(
    "organizations",
    "/organizations",
    frozenset({Permission.MANAGE_ORGANIZATIONS}),
    organization_import.COLUMNS,
    organization_import.LABELS,
    {
        "crumb": N_("Contact list"),
        "title": N_("Import a list of organizations"),
        "limit": N_("Up to 5,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("Organization"),
        "empty": EMPTY_IS_NOT_STATED,
        "back": N_("To the contact list"),
    },
    organization_import.read_list,
    _planned_by(organization_import.plan),
    _written_by(organization_import.carry_out),
    lines_by(organization_import.value_words),
)
RULE_PEOPLE: Final = frozenset({Permission.MANAGE_ACCOUNTS, Permission.MANAGE_ROLES, Permission.KEEP_CONTACTS})
LIAISONS: Final = Kind(
    "liaisons",
    "/organizations",
    frozenset({Permission.KEEP_CONTACTS}),
    liaison_list.COLUMNS,
    liaison_list.LABELS,
    {
        "crumb": N_("Contact list"),
        "title": N_("Import a list of contacts"),
        "limit": N_("Up to 20,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("Body or person"),
        "back": N_("To the contact list"),
        "empty": N_(
            "Where nobody is named to ask for, the desk itself answers. Without a day, what stands here stays."
        ),
    },
    liaison_list.read_list,
    _planned_by(liaison_list.plan),
    _written_by(liaison_list.carry_out),
    lines_by(liaison_list.value_words),
    frozenset({Permission.READ_ROSTER, Permission.KEEP_CONTACTS}),
    liaison_list.workbook,
    liaison_list.template,
)
STAFF: Final = Kind(
    "staff",
    "/organizations",
    frozenset({Permission.KEEP_CONTACTS, Permission.VET_STAFF}),
    staff_list.COLUMNS,
    staff_list.LABELS,
    {
        "crumb": N_("Contact list"),
        "title": N_("Import a list of vendors' staff"),
        "limit": N_("Up to 20,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("Person"),
        "back": N_("To the contact list"),
        "empty": EMPTY_IS_NOT_STATED,
    },
    staff_list.read_list,
    _planned_by(staff_list.plan),
    _written_by(staff_list.carry_out),
    lines_by(staff_list.value_words),
    frozenset({Permission.KEEP_CONTACTS, Permission.VET_STAFF}),
    staff_list.workbook,
    staff_list.template,
)
POSTS: Final = Kind(
    "posts",
    "/posts",
    frozenset({Permission.KEEP_CONTACTS}),
    post_list.COLUMNS,
    post_list.LABELS,
    {
        "crumb": N_("Staff posts"),
        "title": N_("Import a list of posts"),
        "limit": N_("Up to 5,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("Staff post"),
        "back": N_("To the posts"),
        "empty": N_(
            "An empty cell leaves what stands here; names of holders are all who hold the post: who is left out holds it no more."
        ),
    },
    post_list.read_list,
    _planned_by(post_list.plan),
    _written_by(post_list.carry_out),
    lines_by(post_list.value_words),
    frozenset({Permission.READ_ROSTER, Permission.KEEP_CONTACTS, Permission.READ_LEDGER}),
    post_list.workbook,
    post_list.template,
)
PEOPLE: Final = Kind(
    "people",
    "/organizations",
    RULE_PEOPLE,
    people_list.COLUMNS,
    people_list.LABELS,
    {
        "crumb": N_("Contact list"),
        "title": N_("Import a list of people"),
        "limit": N_("Up to 10,000 rows. Titles may stand in any order, in Chinese or English."),
        "one": N_("Person"),
        "back": N_("To the contact list"),
        "empty": N_(
            "An empty cell leaves what stands here; a filled one replaces it: numbers, and roles in that organization."
        ),
    },
    people_list.read_list,
    _planned_by(people_list.plan),
    _written_by(people_written.carry_out),
    lines_by(people_list.value_words),
    RULE_PEOPLE,
    people_written.workbook,
    people_written.template,
    is_grave=True,
)
KINDS: Final[Mapping[str, Kind]] = {one.name: one for one in (SYSTEMS, ORGANIZATIONS, LIAISONS, STAFF, PEOPLE, POSTS)}
