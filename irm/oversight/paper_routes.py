"""JSON API of monthly papers."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import download
from irm.i18n import N_, Translator
from irm.oversight import papers
from irm.oversight.acting import NO_FILE
from irm.oversight.papers import checked_year
from irm.oversight.schemas import Answer, HandedIn, PaperList, paper_list
from irm.oversight.uploads import stored

PAPERS: Final = ["papers"]
READ: Final = allow(Permission.READ_PAPERS)
HAND_IN: Final = allow(Permission.HAND_IN_PAPERS)
ANSWER: Final = allow(Permission.ANSWER_PAPERS)
CHOOSE: Final = N_("Choose a file.")


@get("/api/v1/papers", opt=READ, tags=PAPERS, operation_id="list_papers")
async def list_papers(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    year: FromQuery[int | None] = None,
) -> PaperList:
    """Every monthly paper of a year: in time, late, missing, open, or to come."""
    now = clock.now()
    wanted = year if year is not None else now.astimezone(SHANGHAI).year
    async with db.transaction(principal.actor) as tx:
        return paper_list(wanted, await papers.papers_of_year(tx, principal, checked_year(wanted), now=now), t)


@post(
    "/api/v1/papers/{obligation_id:uuid}",
    opt=HAND_IN,
    tags=PAPERS,
    operation_id="hand_in_paper",
    status_code=HTTP_201_CREATED,
)
async def hand_in_paper(
    obligation_id: FromPath[UUID],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> HandedIn:
    """Form fields `file` and `text` (what is handed in)."""
    file, text = data.get("file"), data.get("text")
    if not isinstance(file, UploadFile):
        raise Invalid(CHOOSE, field="file")
    async with db.transaction(principal.actor) as tx:
        await papers.own_paper(tx, principal, obligation_id, now=clock.now())
    blobs = await stored(settings, [file])
    async with db.transaction(principal.actor) as tx:
        return HandedIn(
            await papers.hand_in_paper(tx, obligation_id, blobs, text=str(text or ""), by=principal, now=clock.now())
        )


@post(
    "/api/v1/papers/{obligation_id:uuid}/answer",
    opt=ANSWER,
    tags=PAPERS,
    operation_id="answer_paper",
    status_code=HTTP_200_OK,
)
async def answer_paper(
    obligation_id: FromPath[UUID],
    data: JSONBody[Answer],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> HandedIn:
    """Take it on file, or return it to be completed."""
    async with db.transaction(principal.actor) as tx:
        return HandedIn(
            await papers.answer_paper(
                tx,
                obligation_id,
                outcome=data.outcome,
                note=data.note,
                complete_by=data.complete_by,
                by=principal,
                now=clock.now(),
            )
        )


@get("/papers/{obligation_id:uuid}/files/{file_id:uuid}", opt=READ, include_in_schema=False)
async def paper_file(
    obligation_id: FromPath[UUID],
    file_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    """As a download; every reading is in the ledger."""
    async with db.transaction(principal.actor) as tx:
        one, _ = await papers.paper(tx, principal, obligation_id, now=clock.now())
        if one.submission is None or file_id not in {each for each, _, _ in one.submission.files}:
            raise NotFound(NO_FILE)
        found = await evidence.attachment(tx, file_id)
        await evidence.record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


ROUTES: Final = [list_papers, hand_in_paper, answer_paper, paper_file]
