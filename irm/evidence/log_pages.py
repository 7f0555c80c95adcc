"""Pages of the log for the audit administrator: how far it goes, its entries searched and taken away, each with its proof."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.access.queries import organizations
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Invalid
from irm.evidence import audit, audit_export, queries
from irm.evidence.keys import public_key_of
from irm.evidence.owned import ACTORS
from irm.evidence.routes import ask_to_verify
from irm.evidence.verification import FAULT_WORDS
from irm.evidence.witnesses import WITNESS_NAMES
from irm.i18n import Translator
from irm.web import typed
from irm.web.forms import Form
from irm.web.pages import Page, page

READ: Final = allow(Permission.READ_LEDGER)


@get("/ledger", opt=READ, include_in_schema=False)
async def log_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        state = await queries.log_state(tx)
        found, _ = await queries.checkpoints(tx, limit=10)
    faults = [
        t(FAULT_WORDS.get(one["code"], one["code"]), **one["context"])
        for one in (state.looked.faults if state.looked else ())
    ]
    return page(
        "evidence/log.html",
        now=clock.now(),
        state=state,
        checkpoints=found,
        faults=faults,
        key=public_key_of(settings.home),
        witness_names=WITNESS_NAMES,
        configured=_configured(settings),
    )


def _configured(settings: Settings) -> list[str]:
    given = {"file": settings.witness_folder, "mail": settings.witness_mail, "webhook": settings.witness_url}
    return [name for name, value in given.items() if value]


def _wanted(query: dict[str, str]) -> audit.Wanted:
    """Raises Invalid naming the field."""
    return audit.Wanted(
        query["action"],
        query["subject"],
        query["who"],
        typed.chosen(query, "organization"),
        typed.day(query, "since"),
        typed.day(query, "until"),
        query["address"],
    )


@get("/ledger/entries", opt=READ, include_in_schema=False)
async def entries_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    who: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    address: FromQuery[str] = "",
    cursor: FromQuery[int | None] = None,
) -> Page:
    query = {"action": action, "subject": subject, "who": who, "organization": organization}
    query |= {"since": since, "until": until, "address": address}
    form = Form(values=query)
    found: list[queries.LogEntry] = []
    following = None
    async with db.transaction(principal.actor) as tx:
        try:
            found, following = await audit.entries(tx, _wanted(query), below=cursor)
        except Invalid as error:
            form = Form.refused(query, error, t)
        known: dict[str, Any] = {
            "people": await audit.names_of_entries(tx, found, t),
            "places": [(one.id, one.short_name) for one in await organizations(tx, joined=True, with_retired=True)],
            "addresses": await audit.addresses(tx, [one.id for one in found]),
            "words": queries.words_of(tx),
        }
        await queries.record_look(tx, "list", actor=principal.actor, now=clock.now())
    return page(
        "evidence/entries.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form.errors else HTTP_200_OK,
        now=clock.now(),
        entries=found,
        actors=ACTORS,
        query=query,
        form=form,
        following=following,
        forms=audit_export.FORMS,
        most=audit_export.MOST,
        **known,
    )


@get("/ledger/entries/export", opt=READ, include_in_schema=False)
async def take_entries(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    form: FromQuery[str] = "xlsx",
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    who: FromQuery[str] = "",
    organization: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    address: FromQuery[str] = "",
) -> Response[bytes]:
    query = {"action": action, "subject": subject, "who": who, "organization": organization}
    query |= {"since": since, "until": until, "address": address}
    async with db.transaction(principal.actor) as tx:
        return await audit_export.taken_away(tx, _wanted(query), form, actor=principal.actor, now=clock.now(), t=t)


@get("/ledger/entries/{index:int}", opt=READ, include_in_schema=False)
async def entry_page(
    index: FromPath[int],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found, proof = await queries.entry(tx, index)
        people = await audit.names_of_entries(tx, [found], t)
        address = (await audit.addresses(tx, [found.id])).get(found.id, "")
        words = queries.words_of(tx)
        await queries.record_look(tx, "entry", actor=principal.actor, now=clock.now(), index=index)
    return page(
        "evidence/entry.html",
        now=clock.now(),
        entry=found,
        proof=proof,
        who=people.get(found.id) or t(ACTORS.get(found.actor.partition("/")[0], found.actor)),
        address=address,
        words=words,
    )


@post("/ledger/verifications", opt=READ, include_in_schema=False)
async def verify(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Redirect:
    await ask_to_verify(db, clock, principal)
    return Redirect("/ledger", status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [log_page, entries_page, take_entries, entry_page, verify]
