"""People as a list: who they are, by which numbers they are reached, their login, their roles in an organization.

One row is one person in one organization. Somebody is known by their number in irm, else by login, else by name among those
who hold a role or a post there or are a vendor's staff. What each cell may change is what its bringer may do: accounts and people are the system
administrator's, roles the security administrator's, title and numbers also whoever's who keeps the contacts of all the
person's organizations. Nothing is taken away by a list but what a filled cell replaces.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access.engagements import refuse_unvetted
from irm.access.everybody import CHANNELS, Known, everybody, logins
from irm.access.policy import ADMINISTRATORS, AUTHORITY, Permission, Principal, Role
from irm.access.service import (
    ADMINISTRATOR_ELSEWHERE,
    LOGIN,
    LOGIN_TAKEN,
    LONGEST_NAME,
    NO_PERSON,
    ODD_LOGIN,
    ODD_NAME,
    ONE_ADMINISTRATOR,
)
from irm.access.vocabulary import CHANNEL_NAMES, ROLE_NAMES
from irm.db import Tx
from irm.documents.headings import AS_TITLED, Called
from irm.documents.sheets import Column, Row
from irm.errors import Conflict, Said, said
from irm.i18n import N_, Translator
from irm.systems.directory_rows import NOT_YOURS, NUMBER, WHOSE, Judging, differences, plain_name, words
from irm.systems.importing import ListRead, read_rows
from irm.systems.list_plan import Plan, Planned, plan_of

TITLE: Final = N_("People")
MOST_ROWS: Final = 10_000
"""Each new one is a person, an account, addresses and roles, with an entry for each: minutes, all in one transaction."""
LONGEST_ADDRESS: Final = 200
LEAST_DIGITS: Final = 3
ROLES: Final = {role.value: name for role, name in ROLE_NAMES.items()}
COLUMNS: Final = (
    WHOSE,
    Column("name", N_("Name"), required=True, most=LONGEST_NAME),
    Column("title", N_("Title of the post"), most=LONGEST_NAME),
    Column(
        "roles",
        N_("Roles"),
        "choice",
        many=True,
        choices=ROLES,
        help=N_("All that they hold there; empty: as they are."),
    ),
    *(Column(channel, CHANNEL_NAMES[channel], "code", many=True, most=LONGEST_ADDRESS) for channel in CHANNELS),
    Column("login", N_("Login name"), "code", most=64, help=N_("Opens an account where there is none.")),
    NUMBER,
)
LABELS: Final[Mapping[str, str]] = {one.name: one.title for one in COLUMNS}
OF_THE_PERSON: Final = ("name", "title", *CHANNELS, "login")
ACCOUNTS_NEED: Final = N_("The system administrator registers people and opens accounts.")
ROLES_NEED: Final = N_("The security administrator gives and takes back roles.")
HELD_FOR_SYSTEMS: Final = N_("%(role)s is held here for named systems only; a list does not change that.")
NOT_ONES_OWN: Final = N_("Nobody gives themselves a role.")
KNOWN_AGAIN: Final = N_("Write a login name or a role, or irm could not know this person again.")
LOGIN_STAYS: Final = N_("This person has the login name %(login)s; a list changes none.")
ODD_NUMBER: Final = N_("“%(value)s” is no number that can be called.")
ODD_MAILBOX: Final = N_("“%(value)s” is no mail address.")


async def read_list(content: bytes, called: Called = AS_TITLED) -> ListRead:
    return await read_rows(content, COLUMNS, called=called, most_rows=MOST_ROWS)


@dataclass
class _People:
    """Everybody whom the bringer may know of."""

    judging: Judging
    by_login: Mapping[str, Known]
    by_number: Mapping[str, Known]
    by_name: Mapping[tuple[UUID, str], Sequence[Known]]
    """By an organization that knows them, and their name."""
    taken: frozenset[str]
    """Login names, whoever's."""
    opened: dict[str, Any] = field(default_factory=dict)
    """By login name, the person for whom a row opens it."""
    led: dict[Any, set[tuple[UUID, Role]]] = field(default_factory=dict)
    """By person, the roles that they hold when these rows are written."""
    firsts: dict[Any, tuple[Row, Mapping[str, Any]]] = field(default_factory=dict)
    """By person, the row that speaks of them first, and what it says."""
    seen: dict[tuple[Any, UUID | None], Row] = field(default_factory=dict)

    @property
    def rules_accounts(self) -> bool:
        return self.judging.everywhere(Permission.MANAGE_ACCOUNTS)

    def who(self, row: Row, organization: UUID | None) -> tuple[Known | None, bool]:
        """Whom the row means, None: somebody new; and whether that is clear."""
        if row["person"]:
            one = self.by_number.get(row["person"])
            if one is None:
                self.judging.fault(row, "person", Said(NO_PERSON))
            return one, one is not None
        login = (row["login"] or "").lower()
        if login in self.by_login:
            return self.by_login[login], True
        alike = self.by_name.get((organization, plain_name(row["name"])), ()) if organization else ()
        same = [one for one in alike if not (login and one.login)]
        if len(same) > 1:
            self.judging.fault(row, "name", said("Several people here have this name; write the number in irm."))
        return (same[0] if same else None), len(same) <= 1

    def stated(self, row: Row, one: Known | None) -> dict[str, Any]:
        """An empty cell leaves what stands here."""
        was = standing(one)
        made = {name: row[name] or was[name] for name in OF_THE_PERSON}
        made["login"] = (row["login"] or "").lower() or was["login"]
        for channel in CHANNELS:
            made[channel] = _as_it_stands(made[channel], was[channel])
        return made


def standing(one: Known | None) -> dict[str, Any]:
    if one is None:
        return {"name": "", "title": "", "login": None, **dict.fromkeys(CHANNELS, ())}
    reached = {channel: tuple(one.addresses.get(channel, ())) for channel in CHANNELS}
    return {"name": one.name, "title": one.title, "login": one.login, **reached}


def _as_it_stands(stated: tuple[str, ...], was: tuple[str, ...]) -> tuple[str, ...]:
    """The same addresses in another order are no change."""
    return was if set(stated) == set(was) else stated


async def plan(tx: Tx, given: ListRead, *, by: Principal | None, now: datetime) -> Plan:
    """`by` None: whoever runs a command on the server."""
    judging = await Judging.begin(tx, by, given.home)
    known = {key: one for key, one in (await everybody(tx, now=now)).items() if may_know(judging, one)}
    by_name: dict[tuple[UUID, str], list[Known]] = {}
    for one in known.values():
        for organization in one.places | one.there:
            by_name.setdefault((organization, plain_name(one.name)), []).append(one)
    by_login = {one.login: one for one in known.values() if one.login}
    people = _People(judging, by_login, {str(key): one for key, one in known.items()}, by_name, await logins(tx))
    planned: list[Planned] = []
    named: set[UUID] = set()
    for row in given.sheet.rows:
        of_nobody = row["person"] and not row["organization"] and not row["roles"]  # who holds no role, as exported
        whose = None if of_nobody else judging.whose(row)
        if whose is not None:
            named.add(whose)
        elif not of_nobody:
            continue
        who, is_clear = people.who(row, whose)
        made = await _judged(tx, people, row, whose, who, now) if is_clear else None
        if made is not None:
            planned.append(made)
    listed = {person for person, _ in people.seen}
    missing = [
        (judging.label(organization), one.name)
        for organization in sorted(named, key=judging.label)
        for one in known.values()
        if organization in one.places and one.id not in listed
    ]
    return plan_of(given, planned, judging.faults, missing)


def may_know(judging: Judging, one: Known) -> bool:
    """Who rules accounts or roles knows everybody; others those who hold a role where they keep the contacts."""
    if judging.everywhere(Permission.MANAGE_ACCOUNTS) or judging.everywhere(Permission.MANAGE_ROLES):
        return True
    return any(judging.may(each, Permission.KEEP_CONTACTS) for each in one.places)


async def _judged(
    tx: Tx, people: _People, row: Row, organization: UUID | None, one: Known | None, now: datetime
) -> Planned | None:
    judging, faults = people.judging, len(people.judging.faults)
    key = one.id if one else (row["login"] or "").lower() or (organization, row["name"])
    if people.seen.setdefault((key, organization), row) is not row:
        first = people.seen[key, organization].number
        judging.fault(row, "name", said("This stands in row %(row)s already.", row=first))
        return None
    stated = people.stated(row, one)
    first_row, before = people.firsts.setdefault(key, (row, stated))
    if before != stated:
        judging.fault(row, "name", said("Row %(row)s says something else of the same person.", row=first_row.number))
        return None
    was = standing(one)
    changes = differences(was, stated) if one and first_row is row else {}
    held = frozenset(one.roles.get(organization, ())) if one and organization else frozenset()
    wanted = frozenset(Role(each) for each in row["roles"] or ()) or held
    if one is not None and wanted != held:
        changes["roles"] = (_sorted(held), _sorted(wanted))
    _look_at_person(people, row, key, one, stated, changes, wanted)
    if wanted != held and organization is not None:
        await _look_at_roles(tx, people, row, organization, key, one, held, wanted, now)
    if len(judging.faults) > faults:
        return None
    said_of = {"organization": organization, "key": key, "held": held, "wanted": wanted, **stated}
    label = judging.label(organization) if organization else ""
    return Planned(row, label, stated["name"], said_of, one.id if one else None, changes, repr((was, _sorted(held))))


def _sorted(roles: frozenset[Role]) -> tuple[str, ...]:
    return tuple(sorted(roles))


def _look_at_person(
    people: _People,
    row: Row,
    key: Any,
    one: Known | None,
    stated: Mapping[str, Any],
    changes: Mapping[str, Any],
    wanted: frozenset[Role],
) -> None:
    judging = people.judging
    if one is None and not people.rules_accounts:
        judging.fault(row, "name", Said(ACCOUNTS_NEED))
    if one is None and not stated["login"] and not wanted:
        judging.fault(row, "login", Said(KNOWN_AGAIN))
    _look_at_login(people, row, key, one, stated["login"])
    places = one.places if one else ()
    keeps = bool(places) and all(judging.may(each, Permission.KEEP_CONTACTS) for each in places)
    for name in changes:
        if name == "name" and not people.rules_accounts:
            judging.fault(row, name, Said(ACCOUNTS_NEED))
        elif name in {"title", *CHANNELS} and not (people.rules_accounts or keeps):
            judging.fault(row, name, Said(NOT_YOURS))
    _look_at_texts(judging, row, stated, OF_THE_PERSON if one is None else changes)


def _look_at_login(people: _People, row: Row, key: Any, one: Known | None, login: str | None) -> None:
    there = one.login if one else None
    if there and login != there:
        people.judging.fault(row, "login", Said(LOGIN_STAYS, login=there))
    elif login and not there:
        if not LOGIN.fullmatch(login):
            people.judging.fault(row, "login", Said(ODD_LOGIN))
        elif not people.rules_accounts:
            people.judging.fault(row, "login", Said(ACCOUNTS_NEED))
        elif login in people.taken or people.opened.setdefault(login, key) != key:
            people.judging.fault(row, "login", Said(LOGIN_TAKEN, login=login))


def _look_at_texts(judging: Judging, row: Row, stated: Mapping[str, Any], new: Collection[str]) -> None:
    """What stands here already is not judged again."""
    for name in ("name", "title"):
        if name in new and not stated[name].isprintable():
            judging.fault(row, name, Said(ODD_NAME))
    for channel in CHANNELS:
        for address in stated[channel] if channel in new else ():
            if not _fits(channel, address):
                judging.fault(row, channel, Said(ODD_MAILBOX if channel == "email" else ODD_NUMBER, value=address))


def _fits(channel: str, address: str) -> bool:
    if not address.isprintable() or len(address) > LONGEST_ADDRESS:
        return False
    if channel == "email":
        name, at, host = address.partition("@")
        return bool(name and at and host) and " " not in address
    return sum(sign.isdecimal() for sign in address) >= LEAST_DIGITS


async def _look_at_roles(
    tx: Tx,
    people: _People,
    row: Row,
    organization: UUID,
    key: Any,
    one: Known | None,
    held: frozenset[Role],
    wanted: frozenset[Role],
    now: datetime,
) -> None:
    judging = people.judging
    if not judging.may(organization, Permission.MANAGE_ROLES):
        judging.fault(row, "roles", Said(ROLES_NEED))
    elif judging.by is not None and one is not None and one.id == judging.by.person_id:
        judging.fault(row, "roles", Said(NOT_ONES_OWN))
    if wanted & ADMINISTRATORS and judging.names.by_id[organization].kind != AUTHORITY:
        judging.fault(row, "roles", Said(ADMINISTRATOR_ELSEWHERE))
    if one is not None and (narrow := wanted & one.limited.get(organization, set())):
        judging.fault(row, "roles", Said(HELD_FOR_SYSTEMS, role=Said(ROLES[min(narrow)])))
    led = people.led.setdefault(
        key, {(each, role) for each, roles in one.roles.items() for role in roles} if one else set()
    )
    led -= {(organization, role) for role in held}
    led |= {(organization, role) for role in wanted}
    if sum(role in ADMINISTRATORS for _, role in led) > 1:
        judging.fault(row, "roles", Said(ONE_ADMINISTRATOR))
    if one is not None and wanted - held:
        try:
            await refuse_unvetted(tx, organization, judging.names.by_id[organization].kind, one.id, now=now)
        except Conflict as why:
            judging.fault(row, "roles", Said(why.detail, **why.context))


def value_words(name: str, value: Any, t: Translator) -> str:
    return words(value, ROLES if name == "roles" else {}, t)
