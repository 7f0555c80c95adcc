"""The incident as a file: PDF to print, DOCX to go on writing in."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow
from irm.categories import category_name
from irm.clock import Clock
from irm.db import Database, Tx
from irm.documents.media import DOCX, PDF, gives
from irm.documents.pdf import to_pdf
from irm.documents.tree import Document
from irm.documents.word import to_docx
from irm.errors import NotFound
from irm.i18n import LOCALES, Translator, translator
from irm.incidents import timeline
from irm.incidents.desk_showing import handover_views, note_views, role_views
from irm.incidents.informing import told_of
from irm.incidents.informing_routes import PROOF_NAMES
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.incidents.notes import notes_of
from irm.incidents.paper import OnPaper, incident_on_paper
from irm.incidents.queries import Sight
from irm.incidents.roles import roles_of
from irm.incidents.routes import sight
from irm.incidents.shift_handover import handovers_of
from irm.playbooks.queries import tasks_of
from irm.playbooks.titles import titles_of
from irm.web.wording import exact

FORMATS: Final[Mapping[str, tuple[Callable[[Document], bytes], str]]] = {
    "pdf": (to_pdf, PDF),
    "docx": (to_docx, DOCX),
}
MOST_ENTRIES: Final = 400


@get("/incidents/{number:str}/paper.pdf", opt=allow(Permission.READ_INCIDENTS), include_in_schema=False)
async def paper_pdf(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    return await _paper(number, "pdf", lang, principal, db, clock, t)


@get("/incidents/{number:str}/paper.docx", opt=allow(Permission.READ_INCIDENTS), include_in_schema=False)
async def paper_docx(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    return await _paper(number, "docx", lang, principal, db, clock, t)


@get(
    "/api/v1/incidents/{number:str}/paper",
    opt=allow(Permission.READ_INCIDENTS) | gives(PDF, DOCX),
    tags=["incidents"],
    operation_id="get_incident_paper",
)
async def get_paper(
    number: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    format: FromQuery[str] = "pdf",  # noqa: A002 - what the address says
    lang: FromQuery[str | None] = None,
) -> Response[bytes]:
    """`format`: pdf or docx; as far as the reader sees the incident. In the reader's language, or `lang`."""
    return await _paper(number, format, lang, principal, db, clock, t)


async def _paper(
    number: str, form: str, lang: str | None, principal: Principal, db: Database, clock: Clock, t: Translator
) -> Response[bytes]:
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    t = translator(lang) if lang in LOCALES else t
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        document = await document_of(tx, found, principal, t, clock)
    make, media_type = FORMATS[form]
    # Setting type takes a child process and some hundred milliseconds: no connection waits for it.
    content = await asyncio.to_thread(make, document)
    name = f"{found.incident.number}.{form}"
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})


async def document_of(tx: Tx, found: Sight, by: Principal, t: Translator, clock: Clock) -> Document:
    one, now = found.incident, clock.now()
    entries, _ = await timeline.entries_of(tx, found, limit=MOST_ENTRIES)
    names = await timeline.actor_names(tx, found, entries, t, now=now)
    desks = await access.organization_names(tx, timeline.organizations_in(entries))
    runs = await titles_of(tx, (one.body for one in entries))
    told_entries = []
    for entry in reversed(entries):
        if timeline.tone(entry.action) == "quiet":
            continue
        what, detail = timeline.words(t, entry, desks, runs)
        said = t("%(what)s: %(detail)s", what=what, detail=detail) if detail else what
        told_entries.append((entry.at, said, timeline.who(names, entry.actor, entry.body)))
    own = None if found.everything else found.organizations
    category = category_name(one.category, one.subcategory, t.locale)
    shown = OnPaper(
        incident=one,
        facts=[
            (t("Status"), t(STATUS_NAMES[Status(one.status)])),
            (t("Level reached"), timeline.level_words(t, one.reached)),
            (t("Level assessed"), timeline.level_words(t, one.assessed) if one.assessed else t("not assessed yet")),
            (t("Discovered or learned of"), exact(one.discovered_at, t)),
            (t("Happened"), exact(one.occurred_at, t) if one.occurred_at else t("unknown")),
            (t("Category"), category or t("unknown")),
        ],
        told=await told_of(tx, found, by, t, now=now),
        proof_names={name: t(words) for name, words in PROOF_NAMES.items()},
        roles=role_views(await roles_of(tx, found), t),
        notes=note_views(reversed(await notes_of(tx, found))),
        handovers=handover_views(reversed(await handovers_of(tx, found)), t),
        tasks=[each for subject in found.subjects for each in await tasks_of(tx, subject, own=own)],
        entries=told_entries,
    )
    return incident_on_paper(shown, now, t)


ROUTES: Final = [paper_pdf, paper_docx, get_paper]
