"""Pages of evidence: files and their custody, packs with their progress; the log's are in log_pages.py."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import File, Redirect
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_303_SEE_OTHER,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_ENTITY,
)

from irm.access.policy import Permission, Principal, allow, may
from irm.access.queries import organization_names, organizations, person_names
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, NotFound
from irm.evidence import custody, log_pages, packs
from irm.evidence.keys import public_key_of
from irm.evidence.models import PackRow
from irm.evidence.routes import taken
from irm.evidence.schemas import PackView, pack_view
from irm.evidence.service import Attachment
from irm.i18n import N_, Translator
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

PACK_STATES: Final = {
    "waiting": N_("Waiting"),
    "making": N_("Being made"),
    "ready": N_("Ready"),
    "failed": N_("Could not be made"),
}
KINDS: Final = {
    "incident": N_("Incident"),
    "system": N_("System"),
    "obligation": N_("One duty"),
    "change": N_("Planned change"),
    "paper": N_("Monthly paper"),
    "drill": N_("Drill"),
    "year": N_("Year"),
}
ACTORS: Final = {"system": N_("irm"), "token": N_("another system"), "channel": N_("reply by message")}


@get("/evidence", opt=allow(Permission.READ_EVIDENCE), include_in_schema=False)
async def files_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    outside: FromQuery[str] = "",
    text: FromQuery[str] = "",
    cursor: FromQuery[UUID | None] = None,
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found, following = await custody.files(tx, principal, outside=outside == "yes", text=text, before=cursor)
        places = await custody.places_of(tx, found)
        out = await custody.count_outside(tx, principal)
        names = await _organizations(tx, found)
        asked = len(await packs.packs_of(tx, principal)) if may(principal, Permission.EXPORT_EVIDENCE) else None
    return page(
        "evidence/files.html",
        now=clock.now(),
        files=found,
        places=places,
        names=names,
        outside=out,
        query={"outside": outside, "text": text},
        form=Form(values={"text": text}),
        following=following,
        packs_asked=asked,
    )


async def _organizations(tx: Tx, found: list[Attachment]) -> dict[UUID, str]:
    named = {one.organization_id for one in found} | {one.holder_organization_id for one in found}
    return await organization_names(tx, [one for one in named if one is not None])


@get("/evidence/{file_id:uuid}", opt=allow(Permission.READ_EVIDENCE), include_in_schema=False)
async def file_page(
    file_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    return await _file(db, clock, principal, file_id, Form(values={"stated_at": clock.now()}))


async def _file(db: Database, clock: Clock, principal: Principal, file_id: UUID, form: Form, status: int = 200) -> Page:
    async with db.transaction(principal.actor) as tx:
        found = await custody.file_of(tx, file_id, principal)
        steps = await custody.chain_of(tx, found)
        people = await person_names(tx, {UUID(one.actor[7:]) for one in steps if one.actor.startswith("person/")})
        held = {one.holder_organization_id for one in steps} | {found.organization_id, found.holder_organization_id}
        names = await organization_names(tx, [one for one in held if one is not None])
        places = await custody.places_of(tx, [found])
        may_hand = custody.may_hand_over(found, principal)
        choices = [(str(one.id), one.name) for one in await organizations(tx)] if may_hand else []
    return page(
        "evidence/file.html",
        status_code=status,
        now=clock.now(),
        file=found,
        steps=steps,
        step_names=custody.STEPS,
        people={f"person/{one}": name for one, name in people.items()},
        actors=ACTORS,
        names=names,
        place=places.get(found.subject),
        may_hand=may_hand,
        choices=choices,
        form=form,
    )


@post("/evidence/{file_id:uuid}/hand-over", opt=allow(Permission.HAND_OVER_EVIDENCE), include_in_schema=False)
async def hand_over(
    request: Request[Any, Any, Any],
    file_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = await _typed(request)
    try:
        given = custody.HandOver(
            typed.chosen(values, "organization"),
            str(values.get("name", "")),
            str(values.get("reason", "")),
            typed.needed(typed.moment(values, "stated_at"), "stated_at"),
        )
        async with db.transaction(principal.actor) as tx:
            await custody.hand_over(tx, file_id, given, principal, now=clock.now())
    except (Invalid, Conflict) as error:
        return await _file(db, clock, principal, file_id, Form.refused(values, error, t), _status(error))
    return Redirect(f"/evidence/{file_id}", status_code=HTTP_303_SEE_OTHER)


@post("/evidence/{file_id:uuid}/return", opt=allow(Permission.HAND_OVER_EVIDENCE), include_in_schema=False)
async def take_back(
    request: Request[Any, Any, Any],
    file_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = await _typed(request)
    try:
        async with db.transaction(principal.actor) as tx:
            await custody.take_back(
                tx,
                file_id,
                principal,
                reason=str(values.get("reason", "")),
                stated_at=typed.needed(typed.moment(values, "stated_at"), "stated_at"),
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        return await _file(db, clock, principal, file_id, Form.refused(values, error, t), _status(error))
    return Redirect(f"/evidence/{file_id}", status_code=HTTP_303_SEE_OTHER)


async def _typed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return flatten(typed.texts((await request.form()).multi_items()))


def _status(error: Invalid | Conflict) -> int:
    return HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY


# -- packs


@get("/evidence/packs", opt=allow(Permission.EXPORT_EVIDENCE), include_in_schema=False)
async def packs_page(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Page:
    return await _packs(db, clock, principal, Form())


@post("/evidence/packs", opt=allow(Permission.EXPORT_EVIDENCE), include_in_schema=False)
async def request_pack(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """From the form here, and from the button on the page of an incident, a system, a duty."""
    values = await _typed(request)
    try:
        name = typed.needed(typed.text(values, "name").strip() or None, "name")
        async with db.transaction(principal.actor) as tx:
            pack_id = await packs.request_pack(
                tx,
                typed.text(values, "kind"),
                name,
                principal,
                locale=t.locale,
                organization=typed.chosen(values, "organization"),
                now=clock.now(),
            )
    except (Invalid, NotFound) as error:
        status = HTTP_404_NOT_FOUND if isinstance(error, NotFound) else HTTP_422_UNPROCESSABLE_ENTITY
        return await _packs(db, clock, principal, Form.refused(values, error, t), status)
    return Redirect(f"/evidence/packs/{pack_id}", status_code=HTTP_303_SEE_OTHER)


async def _packs(db: Database, clock: Clock, principal: Principal, form: Form, status: int = HTTP_200_OK) -> Page:
    async with db.transaction(principal.actor) as tx:
        rows = [pack_view(row) for row in await packs.packs_of(tx, principal)]
        out = await custody.count_outside(tx, principal)
        kinds = [kind for kind in KINDS if kind in tx.wiring.providers]
    return page(
        "evidence/packs.html",
        status_code=status,
        now=clock.now(),
        packs=rows,
        outside=out,
        form=form,
        kinds=kinds,
        **_pack_words(),
    )


@get("/evidence/packs/{pack_id:uuid}", opt=allow(Permission.EXPORT_EVIDENCE), include_in_schema=False)
async def pack_page(
    pack_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page:
    return page("evidence/pack_page.html", now=clock.now(), **await _pack(db, settings, principal, pack_id))


@get("/evidence/packs/{pack_id:uuid}/progress", opt=allow(Permission.EXPORT_EVIDENCE), include_in_schema=False)
async def pack_progress(
    pack_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page:
    return page("evidence/progress.html", now=clock.now(), **await _pack(db, settings, principal, pack_id))


async def _pack(db: Database, settings: Settings, principal: Principal, pack_id: UUID) -> dict[str, Any]:
    async with db.transaction(principal.actor) as tx:
        row: PackRow = await packs.pack(tx, pack_id, principal)
        view: PackView = pack_view(row)
        places = await tx.wiring.providers[row.kind].places(tx, [row.subject]) if row.kind != "year" else {}
    return {
        "pack": view,
        "place": places.get(row.subject),
        "key": public_key_of(settings.home),
        **_pack_words(),
    }


def _pack_words() -> dict[str, Any]:
    return {"states": PACK_STATES, "kind_names": KINDS}


@get("/evidence/packs/{pack_id:uuid}/file", opt=allow(Permission.EXPORT_EVIDENCE), include_in_schema=False)
async def take_pack(
    pack_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> File:
    return await taken(db, settings, principal, pack_id, clock)


ROUTES: Final = [
    files_page,
    file_page,
    hand_over,
    take_back,
    packs_page,
    request_pack,
    pack_page,
    pack_progress,
    take_pack,
    *log_pages.ROUTES,
]
