"""/api/v1 and pages: evidence handed over on a list (移交清单), and the list on paper."""

import asyncio
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_201_CREATED, HTTP_303_SEE_OTHER
from msgspec import Struct, field

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import DOCX, PDF, gives
from irm.errors import Conflict, Invalid, NotFound
from irm.i18n import DEFAULT_LOCALE, LOCALES, Translator, translator
from irm.obligations.directive_showing import directive_response
from irm.obligations.handover_desk import give_under, paper_of
from irm.obligations.handover_lines import things_in
from irm.obligations.handovers import Handover, Signed, Thing, handover, handovers_under
from irm.obligations.paper_files import FORMATS
from irm.web import typed
from irm.web.forms import flatten

TAGS: Final = ["directives"]


class ThingOnList(Struct, forbid_unknown_fields=True, frozen=True):
    """A file of irm by `attachment`; anything else by `name`, data outside irm with its `sha256`."""

    condition: str
    quantity: int = 1
    attachment: UUID | None = None
    name: str = ""
    sha256: str | None = None


class HandOverEvidence(Struct, forbid_unknown_fields=True, frozen=True):
    """`handed_by`, `taken_by`: who signed, with post and number of the service card. `scan`: the signed list as a file."""

    things: list[ThingOnList]
    handed_by: str
    taken_by: str
    place: str | None = None
    stated_at: datetime | None = None
    organization: UUID | None = None
    scan: UUID | None = None


class HandoverView(Struct, frozen=True):
    id: UUID
    submission: UUID
    serial: str
    handed_by: str
    taken_by: str
    place: str | None
    stated_at: datetime
    recorded_at: datetime
    things: list[dict[str, Any]] = field(default_factory=list)


class HandoverList(Struct, frozen=True):
    handovers: list[HandoverView]


@get(
    "/api/v1/directives/{directive_id:uuid}/handovers",
    opt=allow(Permission.READ_SUBMISSIONS),
    tags=TAGS,
    operation_id="list_evidence_handovers",
)
async def list_handovers(
    directive_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> HandoverList:
    """The lists under one directive, as far as the reader sees what was handed over."""
    async with db.transaction(principal.actor) as tx:
        found = await handovers_under(tx, directive_id, far=reach(principal, Permission.READ_SUBMISSIONS))
    return HandoverList([_view(one) for one in found])


@post(
    "/api/v1/directives/{directive_id:uuid}/handovers",
    opt=allow(Permission.HAND_OVER_EVIDENCE),
    tags=TAGS,
    operation_id="hand_over_evidence_on_demand",
    status_code=HTTP_201_CREATED,
)
async def give_evidence(
    directive_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[HandOverEvidence],
) -> HandoverView:
    """Hand evidence over to the authority that demands it; custody passes, the duty is met, the signature is its receipt."""
    things = [Thing(one.condition, one.quantity, one.attachment, one.name, one.sha256) for one in data.things]
    signed = Signed(data.handed_by, data.taken_by, data.place, data.stated_at, data.scan)
    async with db.transaction(principal.actor) as tx:
        handover_id = await give_under(tx, principal, directive_id, things, signed, data.organization, now=clock.now())
        _, found = await handover(tx, handover_id, far=reach(principal, Permission.READ_SUBMISSIONS))
    return _view(found)


@post("/directives/{directive_id:uuid}/hand-over", opt=allow(Permission.HAND_OVER_EVIDENCE), include_in_schema=False)
async def give_on_page(
    directive_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        signed = Signed(
            typed.text(values, "handed_by"),
            typed.text(values, "taken_by"),
            typed.line(values, "place"),
            typed.moment(values, "stated_at"),
        )
        async with db.transaction(principal.actor) as tx:
            await give_under(tx, principal, directive_id, things_in(values), signed, None, now=clock.now())
    except (Invalid, Conflict) as error:
        return await directive_response(db, principal, clock, directive_id, values=values, error=error, t=t)
    return Redirect(f"/directives/{directive_id}#handovers", status_code=HTTP_303_SEE_OTHER)


@get("/handovers/{handover_id:uuid}/paper.pdf", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def paper_pdf(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    return await _paper(handover_id, "pdf", None, principal, db, clock)


@get("/handovers/{handover_id:uuid}/paper.docx", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def paper_docx(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    return await _paper(handover_id, "docx", None, principal, db, clock)


@get(
    "/api/v1/handovers/{handover_id:uuid}/paper",
    opt=allow(Permission.READ_SUBMISSIONS) | gives(PDF, DOCX),
    tags=TAGS,
    operation_id="get_evidence_handover_paper",
)
async def get_paper(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    format: FromQuery[str] = "pdf",  # noqa: A002 - what the address says
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    """`format`: pdf or docx. In Chinese, because the police sign it; `lang=en` else."""
    return await _paper(handover_id, format, lang, principal, db, clock)


async def _paper(
    handover_id: UUID, form: str, lang: str | None, principal: Principal, db: Database, clock: Clock
) -> Response[bytes]:
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    t = translator(lang if lang in LOCALES else DEFAULT_LOCALE)
    async with db.transaction(principal.actor) as tx:
        one, tree = await paper_of(tx, principal, handover_id, t, now=clock.now())
    write, media_type = FORMATS[form]
    content = await asyncio.to_thread(write, tree)
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{one.serial}.{form}"',
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


def _view(one: Handover) -> HandoverView:
    return HandoverView(
        one.id,
        one.submission_id,
        one.serial,
        one.handed_by,
        one.taken_by,
        one.place,
        one.stated_at,
        one.recorded_at,
        list(one.things),
    )


ROUTES: Final = [list_handovers, give_evidence, give_on_page, paper_pdf, paper_docx, get_paper]
