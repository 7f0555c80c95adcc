"""A report on A4 as a file: PDF to fax or print, DOCX to go on writing in Word or WPS."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.documents.media import DOCX, PDF, gives
from irm.documents.pdf import to_pdf
from irm.documents.tree import Document
from irm.documents.word import to_docx
from irm.errors import NotFound
from irm.i18n import DEFAULT_LOCALE, LOCALES, translator
from irm.obligations import receiving
from irm.obligations.forms import form_of
from irm.obligations.paper import letter
from irm.obligations.routes import readable

FORMATS: Final[Mapping[str, tuple[Callable[[Document], bytes], str]]] = {
    "pdf": (to_pdf, PDF),
    "docx": (to_docx, DOCX),
}


@get("/submissions/{submission_id:uuid}/paper.pdf", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def paper_pdf(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Chinese, because it goes to an office; `?lang=en` else."""
    return await _paper(submission_id, "pdf", lang, principal, db, clock)


@get("/submissions/{submission_id:uuid}/paper.docx", opt=allow(Permission.READ_SUBMISSIONS), include_in_schema=False)
async def paper_docx(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    return await _paper(submission_id, "docx", lang, principal, db, clock)


@get(
    "/api/v1/submissions/{submission_id:uuid}/paper",
    opt=allow(Permission.READ_SUBMISSIONS) | gives(PDF, DOCX),
    tags=["submissions"],
    operation_id="get_submission_paper",
)
async def get_paper(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    format: FromQuery[str] = "pdf",  # noqa: A002 - what the address says
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    """`format`: pdf or docx. In Chinese, because it goes to an office; `lang=en` else."""
    return await _paper(submission_id, format, lang, principal, db, clock)


async def _paper(
    submission_id: UUID, form: str, lang: str | None, principal: Principal, db: Database, clock: Clock
) -> Response[bytes]:
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    async with db.transaction(principal.actor) as tx:
        one = await readable(tx, principal, submission_id)
        await receiving.record_reading(tx, one, actor=principal.actor, now=clock.now())
    write, media_type = FORMATS[form]
    tree = letter(one, form_of(one.form), translator(lang if lang in LOCALES else DEFAULT_LOCALE))
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


ROUTES: Final = [paper_pdf, paper_docx, get_paper]
