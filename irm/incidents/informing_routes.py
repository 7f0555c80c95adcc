"""Two questions that any incident answers on one page each: who was told when and how do we know; why was nobody paged."""

from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import N_, Translator
from irm.incidents.informing import told_of
from irm.incidents.informing_schemas import ToldView
from irm.incidents.paging import paging_of
from irm.incidents.paging_schemas import PagingView
from irm.incidents.routes import sight
from irm.web.pages import Page, page

TAGS: Final = ["incidents"]
READ: Final = allow(Permission.READ_INCIDENTS)
PROOF_NAMES: Final = {
    "proven": N_("Proven"),
    "received": N_("Arrived"),
    "stated": N_("By our own record"),
    "taken": N_("Sent, not confirmed"),
    "coming": N_("Not gone out yet"),
    "none": N_("Not told"),
}
PROOF_TONES: Final = {
    "proven": "done",
    "received": "done",
    "stated": "neutral",
    "taken": "neutral",
    "coming": "active",
    "none": "active",
}


@get("/api/v1/incidents/{number:str}/told", opt=READ, tags=TAGS, operation_id="get_incident_told")
async def told(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ToldView:
    """By organization: who was told when, by what means, how it is known, and what is still owed."""
    async with db.transaction(principal.actor) as tx:
        return await told_of(tx, await sight(tx, number, principal), principal, t, now=clock.now())


@get("/api/v1/incidents/{number:str}/paging", opt=READ, tags=TAGS, operation_id="get_incident_paging")
async def paging(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> PagingView:
    """Every planned step of every run: due moment, claims, attempts, answers, or why it was left out; and which playbooks
    did not start."""
    async with db.transaction(principal.actor) as tx:
        return await paging_of(tx, await sight(tx, number, principal), t, now=clock.now())


@get("/incidents/{number:str}/told", opt=READ, include_in_schema=False)
async def told_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        view = await told_of(tx, found, principal, t, now=now)
    return page(
        "incidents/informed.html",
        now=now,
        incident=found.incident,
        view=view,
        tones=PROOF_TONES,
        proof_names=PROOF_NAMES,
    )


@get("/incidents/{number:str}/paging", opt=READ, include_in_schema=False)
async def paging_page(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        view = await paging_of(tx, found, t, now=now)
    return page("incidents/paging.html", now=now, incident=found.incident, view=view)


ROUTES: Final = [told, paging, told_page, paging_page]
