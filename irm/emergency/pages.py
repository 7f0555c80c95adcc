"""The emergency sheet now: to look at, to print, as PDF and as one HTML file."""

import asyncio
from datetime import datetime
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.media import PDF
from irm.documents.pdf import to_pdf
from irm.documents.screen import fragment, to_html
from irm.documents.tree import Document
from irm.emergency.folder import PREFIX
from irm.emergency.policy import sheet_policy
from irm.emergency.queries import content_for, last_sheet
from irm.emergency.writing import FAULTS, document_of
from irm.i18n import Translator
from irm.web.pages import Page, page

HTML: Final = "text/html; charset=utf-8"
ITS_OWN_STYLE: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""The file carries its style within it, so that it needs nothing; it runs nothing."""


@get("/emergency-sheet", opt=allow(Permission.READ_ROSTER), include_in_schema=False)
async def sheet_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
) -> Page:
    now = clock.now()
    document = await _document(principal, db, now, t)
    async with db.transaction(principal.actor) as tx:
        last = await last_sheet(tx) if principal.is_authority else None
    return page(
        "emergency/sheet.html",
        now=now,
        document=document,
        content=fragment(document),
        last=last,
        too_old=last is not None and (last.written_at is None or now - last.written_at > sheet_policy().too_old),
        fault=FAULTS.get(last.reason, FAULTS["error"]) if last is not None and last.failed else "",
        is_kept=settings.sheet_dir is not None,
        daily=[each.strftime("%H:%M") for each in sheet_policy().daily],
    )


@get("/emergency-sheet.pdf", opt=allow(Permission.READ_ROSTER), include_in_schema=False)
async def sheet_pdf(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    now = clock.now()
    content = await asyncio.to_thread(to_pdf, await _document(principal, db, now, t))
    return _file(content, PDF, now, "pdf", {})


@get("/emergency-sheet.html", opt=allow(Permission.READ_ROSTER), include_in_schema=False)
async def sheet_html(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    """One file that opens on any machine."""
    now = clock.now()
    content = to_html(await _document(principal, db, now, t))
    return _file(content, HTML, now, "html", {"content-security-policy": ITS_OWN_STYLE})


async def _document(principal: Principal, db: Database, now: datetime, t: Translator) -> Document:
    """As far as the reader sees: a unit has its own sheet."""
    async with db.transaction(principal.actor) as tx:
        mine = await access.organizations(tx, ids=[principal.home]) if principal.home else []
        content = await content_for(tx, principal, mine[0] if mine else None, now=now)
    return document_of(content, t.locale)


def _file(content: bytes, media_type: str, now: datetime, suffix: str, more: dict[str, str]) -> Response[bytes]:
    name = f"{PREFIX}{now.astimezone(SHANGHAI):%Y%m%d-%H%M}.{suffix}"
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "private, no-store",
            **more,
        },
    )


ROUTES: Final = [sheet_page, sheet_pdf, sheet_html]
