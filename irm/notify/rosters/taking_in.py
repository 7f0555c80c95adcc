"""Faces of a month's 值班表 that comes from Excel: it is shown what it would change, then it is taken over."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.notify.rosters.definitions import rosters_of
from irm.notify.rosters.desk import LAYER_NAMES
from irm.notify.rosters.month_import import Hours, Looked, look, take_over
from irm.notify.rosters.schemas import DifferenceView, MonthIn, MonthView
from irm.notify.rosters.taking_away import month_asked
from irm.notify.rosters.whose import editable_organization, own_roster
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.typed import needed, text, texts

EDIT: Final = allow(Permission.EDIT_ROSTER)
LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a table of 31 lines; what is larger is something else."""


@post("/api/v1/rosters/{roster_id:uuid}/months", opt=EDIT, tags=["rosters"], status_code=HTTP_200_OK)
async def import_month(
    roster_id: FromPath[UUID],
    data: JSONBody[MonthIn],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> MonthView:
    """`content`: the XLSX in Base64. `dry_run` (the default) only says what it would change; faults by cell."""
    now = clock.now()
    hours = Hours(data.starts, data.ends, data.night_starts, data.night_ends)
    first = month_asked(data.month, now)
    _small(data.content)
    async with db.transaction(principal.actor) as tx:
        await own_roster(tx, principal, roster_id)
        if data.dry_run:
            found = await look(tx, roster_id, data.content, first, hours=hours, now=now)
        else:
            found = await take_over(tx, roster_id, data.content, first, hours=hours, now=now, actor=principal.actor)
    return _view(found)


@get("/duty/rosters/{code:str}/month", opt=EDIT, include_in_schema=False)
async def import_page(
    code: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    month = f"{clock.now().astimezone(SHANGHAI):%Y-%m}"
    return await _page(code, principal, db, Form({"month": month, "starts": "08:00", "ends": "08:00"}))


@post("/duty/rosters/{code:str}/month", opt=EDIT, include_in_schema=False)
async def take_over_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """First what the file would change; the same form sent on with `sure` does it."""
    sent = list((await request.form()).multi_items())
    typed: dict[str, Any] = dict(texts(sent))
    now = clock.now()
    hours = Hours(text(typed, "starts") or "08:00", text(typed, "ends") or "08:00")
    try:
        content = await _content(sent, typed)
        first = month_asked(text(typed, "month"), now)
        roster_id = needed(_id(text(typed, "roster")), "roster")
        async with db.transaction(principal.actor) as tx:
            await own_roster(tx, principal, roster_id)
            if text(typed, "sure"):
                await take_over(tx, roster_id, content, first, hours=hours, now=now, actor=principal.actor)
                return Redirect(f"/duty/rosters/{code}?done=month", status_code=HTTP_303_SEE_OTHER)
            found = await look(tx, roster_id, content, first, hours=hours, now=now)
    except (Invalid, Conflict) as error:
        faults = [(each.field, each.text(t)) for each in error.errors]
        return await _page(code, principal, db, Form.refused(typed, error, t), faults=faults)
    return await _page(code, principal, db, Form(typed), found=found, content=b64encode(content).decode())


async def _page(
    code: str,
    principal: Principal,
    db: Database,
    form: Form,
    *,
    found: Looked | None = None,
    content: str = "",
    faults: list[tuple[str, str]] | None = None,
) -> Page:
    async with db.transaction(principal.actor) as tx:
        organization = await editable_organization(tx, principal, code)
        rosters = await rosters_of(tx, organization.id)
    return page(
        "notify/roster_month.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if faults is not None else HTTP_200_OK,
        organization=organization,
        rosters=[(str(each.id), each.name) for each in rosters],
        form=form,
        found=found,
        content=content,
        faults=faults or [],
        layer_names=LAYER_NAMES,
    )


async def _content(sent: list[tuple[str, Any]], typed: dict[str, Any]) -> bytes:
    files = [value for _, value in sent if isinstance(value, UploadFile) and value.filename]
    if files:
        content = await files[0].read()
    else:
        try:
            content = b64decode(text(typed, "content"), validate=True)
        except (NotBase64, ValueError):
            content = b""
    if not content:
        raise Invalid("This is needed.", field="file")
    _small(content)
    return content


def _small(content: bytes) -> None:
    if len(content) > LARGEST:
        raise Invalid("A table of one month is far smaller than this file.", field="file")


def _id(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def _view(found: Looked) -> MonthView:
    return MonthView(
        differences=[
            DifferenceView(day=each.day, layer=each.layer, name=each.name, comes=each.comes)
            for each in found.differences
        ],
        kept=found.kept,
        over=found.over,
    )


ROUTES: Final = [import_month, import_page, take_over_page]
