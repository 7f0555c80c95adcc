"""/api/v1 and page: the signed list (移交清单) as a scan, after the hand-over."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_201_CREATED, HTTP_303_SEE_OTHER
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.service import Attachment
from irm.i18n import Translator
from irm.obligations.directive_showing import directive_response
from irm.obligations.handover_scans import check_signer, keep_scans, scans_by_list
from irm.obligations.handovers import handover

TAGS: Final = ["directives"]


class SignedPage(Struct, frozen=True):
    """`sha256` as irm computed it while the file came in. `path`: where its content and its custody are read."""

    id: UUID
    filename: str
    sha256: str
    size: int
    uploaded_at: datetime
    path: str


class SignedPages(Struct, frozen=True):
    pages: list[SignedPage]


@get(
    "/api/v1/handovers/{handover_id:uuid}/scans",
    opt=allow(Permission.READ_SUBMISSIONS),
    tags=TAGS,
    operation_id="list_signed_pages",
)
async def list_scans(
    handover_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> SignedPages:
    """The signed list as far as it was scanned, oldest first."""
    async with db.transaction(principal.actor) as tx:
        _, one = await handover(tx, handover_id, far=reach(principal, Permission.READ_SUBMISSIONS))
        found = await scans_by_list(tx, [one.submission_id], reach(principal, Permission.HAND_OVER_EVIDENCE))
    return _view(found[one.submission_id][0])


@post(
    "/api/v1/handovers/{handover_id:uuid}/scans",
    opt=allow(Permission.HAND_OVER_EVIDENCE),
    tags=TAGS,
    operation_id="add_signed_page",
    status_code=HTTP_201_CREATED,
)
async def add_scan(
    handover_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    data: MultipartBody[dict[str, Any]],
) -> SignedPages:
    """One page in the field `file`. The first supports the receipt; the same content again changes nothing."""
    file = data.get("file")
    files = [file] if isinstance(file, UploadFile) else []
    return _view(await _keep(handover_id, files, principal, db, clock, settings))


@post("/handovers/{handover_id:uuid}/scans", opt=allow(Permission.HAND_OVER_EVIDENCE), include_in_schema=False)
async def add_on_page(
    handover_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = (await request.form()).multi_items()
    files = [each for _, each in sent if isinstance(each, UploadFile) and each.filename]
    async with db.transaction(principal.actor) as tx:
        directive_id, _ = await handover(tx, handover_id, far=reach(principal, Permission.READ_SUBMISSIONS))
    try:
        await _keep(handover_id, files, principal, db, clock, settings)
    except (Invalid, Conflict) as error:
        return await directive_response(db, principal, clock, directive_id, error=error, scan_of=handover_id, t=t)
    return Redirect(f"/directives/{directive_id}#handovers", status_code=HTTP_303_SEE_OTHER)


async def _keep(
    handover_id: UUID,
    files: Sequence[UploadFile],
    principal: Principal,
    db: Database,
    clock: Clock,
    settings: Settings,
) -> list[Attachment]:
    """On disk before any row; nothing is on record where one page is refused."""
    async with db.transaction(principal.actor) as tx:
        await check_signer(tx, handover_id, principal)
    store = BlobStore(settings.home / "blobs")
    blobs = [await store.put(chunks_of(each), each.filename) for each in files]
    async with db.transaction(principal.actor) as tx:
        return await keep_scans(tx, handover_id, blobs, by=principal, now=clock.now())


def _view(found: Sequence[Attachment]) -> SignedPages:
    return SignedPages(
        [
            SignedPage(one.id, one.filename, one.sha256, one.size, one.uploaded_at, f"/evidence/{one.id}")
            for one in found
        ]
    )


ROUTES: Final = [list_scans, add_scan, add_on_page]
