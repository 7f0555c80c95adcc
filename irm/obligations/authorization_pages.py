"""Standing authorizations (先报后批授权) on record: entered with their document, revoked with a reason."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY
from msgspec import Struct

from irm.access.policy import Permission, Principal, Reach, allow, dangerous, reach
from irm.access.queries import organizations
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid, IrmError, NotFound
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.service import attach
from irm.i18n import Translator
from irm.obligations import authorizing
from irm.obligations.approval_models import StandingAuthorizationRow
from irm.obligations.approval_schemas import GiveReason
from irm.obligations.forms import forms
from irm.obligations.showing import words
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

AUTHORIZATIONS: Final = ["approvals"]


class AuthorizationView(Struct, frozen=True):
    """A document by which an organization's duty officers may send these forms before approval."""

    id: UUID
    organization: UUID
    number: str
    granted_by: str
    forms: list[str]
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None
    file: UUID


@get(
    "/api/v1/authorizations",
    opt=allow(Permission.ENTER_AUTHORIZATIONS, Permission.SUBMIT_REPORT),
    tags=AUTHORIZATIONS,
    operation_id="list_authorizations",
)
async def list_authorizations(
    principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> list[AuthorizationView]:
    """All that were ever entered for the reader's organizations, newest first."""
    async with db.transaction(principal.actor) as tx:
        rows = await authorizing.authorizations(tx, [each for each, _ in await _choices(tx, _seen(principal))])
    return [_view(row) for row in rows]


@post(
    "/api/v1/authorizations",
    opt=dangerous(allow(Permission.ENTER_AUTHORIZATIONS)),
    status_code=HTTP_201_CREATED,
    tags=AUTHORIZATIONS,
    operation_id="enter_authorization",
)
async def enter_authorization(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    data: MultipartBody[dict[str, Any]],
) -> AuthorizationView:
    """Form fields `organization`, `number`, `granted_by`, `forms` (repeated), `valid_from`, `valid_until`, and `file`."""
    values = {
        name: [str(each) for each in value] if isinstance(value, list) else str(value)
        for name, value in data.items()
        if name != "file"
    }
    authorization_id = await _enter(db, settings, principal, clock, values, data.get("file"))
    async with db.transaction(principal.actor) as tx:
        return _view(await tx.get_one(StandingAuthorizationRow, authorization_id))


@post(
    "/api/v1/authorizations/{authorization_id:uuid}/revoke",
    opt=dangerous(allow(Permission.ENTER_AUTHORIZATIONS)),
    status_code=HTTP_200_OK,
    tags=AUTHORIZATIONS,
    operation_id="revoke_authorization",
)
async def revoke_authorization(
    authorization_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[GiveReason],
) -> AuthorizationView:
    """It allows nothing from now on; what was sent under it stays."""
    async with db.transaction(principal.actor) as tx:
        await _revoke(tx, principal, authorization_id, data.reason, clock)
        return _view(await tx.get_one(StandingAuthorizationRow, authorization_id))


@get(
    "/authorizations",
    opt=allow(Permission.ENTER_AUTHORIZATIONS, Permission.SUBMIT_REPORT),
    include_in_schema=False,
)
async def authorizations_page(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, principal, clock, Form())


@post("/authorizations", opt=dangerous(allow(Permission.ENTER_AUTHORIZATIONS)), include_in_schema=False)
async def enter(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    given = await request.form()
    values = flatten(typed.texts(given.multi_items()))
    try:
        await _enter(db, settings, principal, clock, values, given.get("file"))
    except Invalid as error:
        return await _refused(db, principal, clock, values, error, t)
    return Redirect("/authorizations", status_code=HTTP_303_SEE_OTHER)


@post(
    "/authorizations/{authorization_id:uuid}/revoke",
    opt=dangerous(allow(Permission.ENTER_AUTHORIZATIONS)),
    include_in_schema=False,
)
async def revoke(
    authorization_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await _revoke(tx, principal, authorization_id, typed.text(values, "reason"), clock)
    except (Invalid, Conflict) as error:
        return await _refused(db, principal, clock, {}, error, t)
    return Redirect("/authorizations", status_code=HTTP_303_SEE_OTHER)


async def _enter(
    db: Database, settings: Settings, principal: Principal, clock: Clock, values: Mapping[str, Any], file: object
) -> UUID:
    """On disk before any row; nothing is kept of what is refused but the file's bytes."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("Choose a file.", field="file")
    organization_id = typed.needed(typed.chosen(values, "organization"), "organization")
    far = reach(principal, Permission.ENTER_AUTHORIZATIONS)
    if not (far.everything or organization_id in far.organizations):
        raise Invalid("This organization does not exist.", field="organization")
    chosen = values.get("forms") or []
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        if organization_id not in {each for each, _ in await _choices(tx, far)}:
            raise Invalid("This organization does not exist.", field="organization")
        document = await attach(
            tx,
            blob,
            subject=authorizing.path_of(organization_id),
            organization_id=organization_id,
            account_id=principal.account_id,
            actor=principal.actor,
            now=now,
        )
        grant = authorizing.Grant(
            organization_id,
            typed.text(values, "number"),
            typed.text(values, "granted_by"),
            tuple([chosen] if isinstance(chosen, str) else chosen),
            typed.needed(typed.moment(values, "valid_from"), "valid_from"),
            typed.needed(typed.moment(values, "valid_until"), "valid_until"),
            document,
        )
        return await authorizing.enter(tx, grant, actor=principal.actor, now=now)


async def _revoke(tx: Tx, principal: Principal, authorization_id: UUID, reason: str, clock: Clock) -> None:
    row = await tx.get(StandingAuthorizationRow, authorization_id)
    far = reach(principal, Permission.ENTER_AUTHORIZATIONS)
    if row is None or not (far.everything or row.organization_id in far.organizations):
        raise NotFound("There is no such authorization.")
    await authorizing.revoke(tx, authorization_id, reason=reason, actor=principal.actor, now=clock.now())


async def _refused(
    db: Database, principal: Principal, clock: Clock, values: dict[str, Any], error: IrmError, t: Translator
) -> Page:
    async with db.transaction(principal.actor) as tx:
        form = Form.refused(values, error, t)
        return await _page(tx, principal, clock, form, status_code=HTTP_422_UNPROCESSABLE_ENTITY)


async def _page(tx: Tx, principal: Principal, clock: Clock, form: Form, *, status_code: int = 200) -> Page:
    shown = dict(await _choices(tx, _seen(principal)))
    far = reach(principal, Permission.ENTER_AUTHORIZATIONS)
    may = dict(await _choices(tx, far)) if not far.is_empty else {}
    return page(
        "obligations/authorizations.html",
        status_code=status_code,
        now=clock.now(),
        rows=await authorizing.authorizations(tx, list(shown)),
        names=shown,
        may=may,
        organizations=[(str(each), name) for each, name in may.items()],
        form_choices=[(name, each.short) for name, each in forms().items() if each.items and not each.own_page],
        form=form,
        **words(),
    )


async def _choices(tx: Tx, far: Reach) -> list[tuple[UUID, str]]:
    """Organizations that work here, within reach."""
    ids = None if far.everything else far.organizations
    return [(each.id, each.name) for each in await organizations(tx, ids=ids, joined=True)]


def _seen(principal: Principal) -> Reach:
    entering = reach(principal, Permission.ENTER_AUTHORIZATIONS)
    sending = reach(principal, Permission.SUBMIT_REPORT)
    return Reach(entering.everything or sending.everything, entering.organizations | sending.organizations)


def _view(row: StandingAuthorizationRow) -> AuthorizationView:
    return AuthorizationView(
        row.id,
        row.organization_id,
        row.number,
        row.granted_by,
        row.forms,
        row.valid_from,
        row.valid_until,
        row.revoked_at,
        row.attachment_id,
    )


ROUTES: Final = [
    list_authorizations,
    enter_authorization,
    revoke_authorization,
    authorizations_page,
    enter,
    revoke,
]
