"""JSON API of the directory: who answers for an organization, and with whom it keeps in touch."""

from datetime import date
from typing import Final
from uuid import UUID

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT
from msgspec import Struct

from irm.access import keeping_contacts
from irm.access.keeping_contacts import Stated, kept_by, liaisons_of, may_read
from irm.access.liaisons import liaison_policy, lines
from irm.access.policy import Permission, Principal, allow
from irm.access.queries import members, organization_by_code
from irm.access.responsible import responsible
from irm.access.schemas import Made
from irm.clock import SHANGHAI, Clock
from irm.db import Database
from irm.errors import Forbidden
from irm.i18n import Translator

READ: Final = allow(Permission.READ_ROSTER, Permission.KEEP_CONTACTS)
KEEP: Final = allow(Permission.KEEP_CONTACTS)
TAGS: Final = ["access"]


class ResponsibleView(Struct, frozen=True):
    """`people`: names of who holds the role; empty: a gap."""

    role: str
    title: str
    people: list[str]


class LiaisonView(Struct, frozen=True):
    id: UUID
    name: str
    person: str
    telephone: str
    checked_on: date
    check_due_on: date
    overdue: bool


class LiaisonKindView(Struct, frozen=True):
    """`liaisons` empty: a gap."""

    kind: str
    name: str
    liaisons: list[LiaisonView]


class DirectoryView(Struct, frozen=True):
    """`check_every_days` is the city's own choice, no figure of any law."""

    responsible: list[ResponsibleView]
    liaisons: list[LiaisonKindView]
    check_every_days: int


class EnterLiaison(Struct, frozen=True, forbid_unknown_fields=True):
    """What is entered counts as checked today."""

    kind: str
    name: str
    telephone: str
    person: str = ""


@get("/api/v1/organizations/{code:str}/directory", opt=READ, tags=TAGS)
async def get_directory(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DirectoryView:
    """Who answers for its security and with whom it keeps in touch, the gaps included."""
    now, policy = clock.now(), liaison_policy()
    async with db.transaction(principal.actor) as tx:
        found = await organization_by_code(tx, code)
        if not may_read(principal, found.id):
            raise Forbidden(keeping_contacts.NOT_YOURS)
        people = await members(tx, [found.id], now=now, own=True)
        kept = await liaisons_of(tx, [found.id], today=now.astimezone(SHANGHAI).date())
    return DirectoryView(
        [
            ResponsibleView(one.role, t(one.title), [each.person.name for each in one.people])
            for one in responsible(people)
        ],
        [
            LiaisonKindView(
                line.kind.key,
                t.of(line.kind.name),
                [
                    LiaisonView(
                        one.id, one.name, one.person, one.telephone, one.checked_on, one.check_due_on, one.overdue
                    )
                    for one in line.liaisons
                ],
            )
            for line in lines(kept.get(found.id, ()), policy)
        ],
        policy.check_every_days,
    )


@post("/api/v1/organizations/{code:str}/liaisons", opt=KEEP, tags=TAGS, status_code=HTTP_201_CREATED)
async def enter_liaison(
    code: FromPath[str],
    data: JSONBody[EnterLiaison],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Made:
    """`kind`: as in the directory."""
    stated = Stated(data.kind, data.name, data.telephone, data.person)
    async with db.transaction(principal.actor) as tx:
        found = await kept_by(tx, principal, code)
        return Made(
            await keeping_contacts.enter(
                tx, found.id, stated, by=principal.person_id, actor=principal.actor, now=clock.now()
            )
        )


@post(
    "/api/v1/organizations/{code:str}/liaisons/{liaison_id:uuid}/checked",
    opt=KEEP,
    tags=TAGS,
    status_code=HTTP_204_NO_CONTENT,
)
async def check_liaison(
    code: FromPath[str],
    liaison_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """Somebody called today, and the number is right."""
    async with db.transaction(principal.actor) as tx:
        found = await kept_by(tx, principal, code)
        await keeping_contacts.note_checked(
            tx, found.id, liaison_id, by=principal.person_id, actor=principal.actor, now=clock.now()
        )


@delete(
    "/api/v1/organizations/{code:str}/liaisons/{liaison_id:uuid}",
    opt=KEEP,
    tags=TAGS,
    status_code=HTTP_204_NO_CONTENT,
)
async def retire_liaison(
    code: FromPath[str],
    liaison_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """Nobody calls there any more; that it was on record stays in the ledger."""
    async with db.transaction(principal.actor) as tx:
        found = await kept_by(tx, principal, code)
        await keeping_contacts.retire(tx, found.id, liaison_id, actor=principal.actor, now=clock.now())


ROUTES: Final = [get_directory, enter_liaison, check_liaison, retire_liaison]
