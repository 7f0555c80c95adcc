"""JSON API of the papers of vetting: who lacks one, entering one, reading one."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, MultipartBody
from litestar.response import Stream
from litestar.status_codes import HTTP_201_CREATED
from msgspec import Struct

from irm.access.keeping_contacts import NOT_YOURS
from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.media import gives
from irm.errors import Forbidden, Invalid
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import KINDS_GIVEN, download
from irm.i18n import N_
from irm.oversight import vetting
from irm.oversight.uploads import stored
from irm.oversight.vetting import Standing
from irm.web import typed

READ: Final = allow(Permission.KEEP_CONTACTS, Permission.VET_STAFF)
VET: Final = allow(Permission.VET_STAFF)
TAGS: Final = ["vetting"]
CHOOSE: Final = N_("Choose the file with the paper.")


class PaperView(Struct, frozen=True):
    """`good_until` null: it names no end."""

    id: UUID
    made_on: date
    good_until: date | None


class StandingView(Struct, frozen=True):
    """`state`: unrecorded, unvetted, refused, no_paper, expired, ending or good; the first two, no_paper and expired are `lacking`."""

    organization: str
    person: UUID
    name: str
    state: str
    lacking: bool
    ends_on: date | None
    vetted_on: date | None
    vetted_until: date | None
    paper: PaperView | None


class StandingList(Struct, frozen=True):
    staff: list[StandingView]


class EnteredPaper(Struct, frozen=True):
    id: UUID


@get("/api/v1/vetting", opt=READ, tags=TAGS, operation_id="list_vetting")
async def list_vetting(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    lacking: FromQuery[bool] = False,
) -> StandingList:
    """How the staff of vendors stands, as far as you may see it; `lacking`: only who is not on record or
    not vetted, or whose vetting has no paper or has run out."""
    async with db.transaction(principal.actor) as tx:
        found = await vetting.standings(tx, principal, now=clock.now(), lacking=lacking)
    return StandingList([view(one) for one in found])


@post(
    "/api/v1/organizations/{code:str}/staff/{person_id:uuid}/papers",
    opt=VET,
    tags=TAGS,
    operation_id="enter_vetting_paper",
    status_code=HTTP_201_CREATED,
)
async def enter_paper(
    code: FromPath[str],
    person_id: FromPath[UUID],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> EnteredPaper:
    """Form fields `file`, `made_on` and `good_until` (a day, or empty). The vetting is good as long as its latest paper says."""
    return EnteredPaper(await entered(db, clock, settings, principal, code, person_id, data))


async def entered(
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    code: str,
    person_id: UUID,
    given: dict[str, Any],
) -> UUID:
    """Whoever may not is turned away before a byte is kept. Raises Invalid naming the field, Forbidden, NotFound."""
    async with db.transaction(principal.actor) as tx:
        vendor, _ = await vetting.staff_record(tx, principal, code, person_id)
    if not vetting.may_vet(principal, vendor):
        raise Forbidden(NOT_YOURS)
    days = {name: str(given.get(name) or "") for name in ("made_on", "good_until")}
    made_on = typed.needed(typed.day(days, "made_on"), "made_on")
    good_until = typed.day(days, "good_until")
    blob = await _stored(settings, given.get("file"))
    async with db.transaction(principal.actor) as tx:
        vendor, one = await vetting.staff_record(tx, principal, code, person_id)
        return await vetting.enter_paper(
            tx, vendor, one, blob, made_on=made_on, good_until=good_until, by=principal, now=clock.now()
        )


async def _stored(settings: Settings, file: Any) -> StoredBlob:
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(CHOOSE, field="file")
    (blob,) = await stored(settings, [file])
    return blob


@get(
    "/api/v1/vetting/papers/{paper_id:uuid}/file",
    opt=READ | gives(*KINDS_GIVEN),
    tags=TAGS,
    operation_id="get_vetting_paper",
)
async def get_paper(
    paper_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    """The paper as a download; every reading is in the ledger."""
    return await downloaded(db, clock, settings, principal, paper_id)


async def downloaded(db: Database, clock: Clock, settings: Settings, principal: Principal, paper_id: UUID) -> Stream:
    async with db.transaction(principal.actor) as tx:
        file = await vetting.read_paper(tx, principal, paper_id, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), file)


def view(one: Standing) -> StandingView:
    kept, paper = one.engagement, one.paper
    return StandingView(
        one.vendor.code,
        one.person_id,
        one.name,
        one.state,
        one.is_lacking,
        kept.ends_on if kept else None,
        kept.vetted_on if kept else None,
        kept.vetted_until if kept else None,
        PaperView(paper.id, paper.made_on, paper.good_until) if paper else None,
    )


ROUTES: Final = [list_vetting, enter_paper, get_paper]
