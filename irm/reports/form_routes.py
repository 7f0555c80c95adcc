"""/api/v1/editions/…/form: an authority's own form filled from an edition, and what it may ask for."""

from typing import Any, Final
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, MultipartBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow
from irm.config import Settings
from irm.db import Database
from irm.documents.form_package import MOST_BYTES
from irm.documents.media import DOCX, XLSX, gives
from irm.errors import Invalid
from irm.evidence.blobs import BlobStore
from irm.i18n import N_, Translator
from irm.reports import filling, queries
from irm.reports.placeholders import placeholders
from irm.reports.routes import TAGS
from irm.reports.schemas import PlaceholderView

MEDIA: Final = {"docx": DOCX, "xlsx": XLSX}
NO_FILE: Final = N_("Choose a form (.docx or .xlsx).")
TOO_LARGE: Final = N_("The file is larger than %(most)s MB.")


@get(
    "/api/v1/editions/{edition_id:uuid}/placeholders",
    opt=allow(Permission.READ_ANNUAL_REPORTS),
    tags=TAGS,
    operation_id="list_edition_placeholders",
)
async def list_placeholders(
    edition_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> list[PlaceholderView]:
    """Everything that a form may ask this edition for, with what it says, in the reader's language."""
    async with db.transaction(principal.actor) as tx:
        one = await queries.contents(tx, principal, edition_id)
    return [
        PlaceholderView(name=each.name, group=each.group, meaning=each.meaning, sample=each.sample)
        for each in placeholders(one, t)
    ]


@post(
    "/api/v1/editions/{edition_id:uuid}/form",
    opt=allow(Permission.MAKE_ANNUAL_REPORTS) | gives(DOCX, XLSX),
    status_code=HTTP_200_OK,
    tags=TAGS,
    operation_id="fill_edition_form",
)
async def fill_form(
    edition_id: FromPath[UUID],
    data: MultipartBody[dict[str, Any]],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> Response[bytes]:
    """The form (`file`, DOCX or XLSX) with its placeholders filled, in the official language. It is kept with the edition;
    `etag` is its SHA-256. Unknown placeholders are refused, each with its place."""
    content, name = await brought(data.get("file"))
    store = BlobStore(settings.home / "blobs")
    made = await filling.fill_form(db, store, edition_id, content, name, by=principal, actor=principal.actor)
    return Response(
        made.content,
        media_type=MEDIA[made.kind],
        headers={
            "content-disposition": f'attachment; filename="form.{made.kind}"',
            "etag": f'"{made.attachment.sha256}"',
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


async def brought(file: Any) -> tuple[bytes, str]:
    """Content and name of an uploaded form. Raises Invalid where there is none, or too much of it."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(NO_FILE, field="file")
    content = await file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise Invalid(TOO_LARGE, field="file", most=MOST_BYTES // 1_000_000)
    return content, file.filename


ROUTES: Final = [list_placeholders, fill_form]
