"""JSON API of findings: enter, plan, work, hand in, verify or return, move the day, decide proposals, import."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, MultipartBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.findings import entering, proposals, queries, service, showing
from irm.findings.importing import import_list
from irm.findings.queries import Filters, Finding
from irm.findings.register import systems_by_code
from irm.findings.schemas import (
    DecideProposal,
    EnterFinding,
    FileView,
    FindingDetail,
    FindingList,
    Imported,
    MoveDay,
    PlanFinding,
    VerifyFinding,
    Words,
    file_view,
)
from irm.findings.sheet import LARGEST_LIST
from irm.i18n import N_

TAGS: Final = ["findings"]
READ: Final = allow(Permission.READ_FINDINGS)
EDIT: Final = allow(Permission.EDIT_FINDINGS)
VERIFY: Final = allow(Permission.VERIFY_FINDINGS)
EITHER: Final = allow(Permission.EDIT_FINDINGS, Permission.VERIFY_FINDINGS)


@get("/api/v1/findings", opt=READ, tags=TAGS)
async def list_findings(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    organization: FromQuery[UUID | None] = None,
    system: FromQuery[str | None] = None,
    risk: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    origin: FromQuery[str | None] = None,
    overdue: FromQuery[bool] = False,
    text: FromQuery[str] = "",
    cursor: FromQuery[str | None] = None,
) -> FindingList:
    """Newest first: those that the reader's organizations put right, verify or brought up by a test. `system`: a code."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        filters = Filters(
            organization,
            await system_id(tx, system),
            risk or None,
            status or None,
            origin or None,
            overdue=overdue,
            text=text.replace("\0", ""),
        )
        found, following = await queries.findings(
            tx, principal, filters, now=now, before=cursor.replace("\0", "") if cursor else None
        )
        return FindingList(
            await showing.views(tx, principal, found, now=now), await queries.counts(tx, principal, now=now), following
        )


@post("/api/v1/findings", opt=EDIT, tags=TAGS, status_code=HTTP_201_CREATED)
async def enter_finding(
    data: JSONBody[EnterFinding],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """Enter what was found wrong, against one's own organization; the cloud authority enters any."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        given = await entering.new_finding(tx, principal, data, now=now)
        made = await service.raise_finding(tx, given, actor=principal.actor, now=now)
        found = await queries.finding_by_path(tx, principal, f"finding/{made}")
        return await showing.detail(tx, principal, found, now=now)


@get("/api/v1/findings/{number:str}", opt=READ, tags=TAGS)
async def show_finding(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """A foreign finding and an unknown one are the same answer."""
    async with db.transaction(principal.actor) as tx:
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/plan", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def plan_finding(
    number: FromPath[str],
    data: JSONBody[PlanFinding],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """How it is put right, by whom; and until when, where no day stands yet."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await entering.to_work_on(tx, principal, number)
        await service.plan(
            tx, one.id, text=data.plan, person_id=data.person, due_on=data.due_on, actor=principal.actor, now=now
        )
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/work", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def record_work(
    number: FromPath[str],
    data: JSONBody[Words],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """What was done; files go to `attachments`."""
    async with db.transaction(principal.actor) as tx:
        one = await entering.to_work_on(tx, principal, number)
        await service.record_work(tx, one.id, text=data.text, actor=principal.actor, now=clock.now())
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/hand-in", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def hand_in(
    number: FromPath[str],
    data: JSONBody[Words],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """Hand the rectification in for verification; its clock stops, and runs on if it is returned."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        one = await entering.to_work_on(tx, principal, number)
        await service.hand_in(
            tx, one.id, text=data.text, account_id=principal.account_id, actor=principal.actor, now=now
        )
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/verify", opt=VERIFY, tags=TAGS, status_code=HTTP_200_OK)
async def verify_finding(
    number: FromPath[str],
    data: JSONBody[VerifyFinding],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """Another person's word: it is right, or it goes back with a reason."""
    async with db.transaction(principal.actor) as tx:
        one = await entering.to_verify(tx, principal, number)
        await service.verify(
            tx,
            one.id,
            accepted=data.accepted,
            reason=data.reason,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/day", opt=EITHER, tags=TAGS, status_code=HTTP_200_OK)
async def move_day(
    number: FromPath[str],
    data: JSONBody[MoveDay],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """Another day, with the reason; where an authority set it, with the document by which it agrees."""
    async with db.transaction(principal.actor) as tx:
        one = await movable(tx, principal, number)
        await service.move_day(
            tx,
            one.id,
            due_on=data.due_on,
            reason=data.reason,
            consent=data.consent,
            actor=principal.actor,
            now=clock.now(),
        )
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/proposals/{proposal:uuid}", opt=VERIFY, tags=TAGS, status_code=HTTP_200_OK)
async def decide_proposal(
    number: FromPath[str],
    proposal: FromPath[UUID],
    data: JSONBody[DecideProposal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> FindingDetail:
    """Carry out the talk or circular that irm proposes, or set it aside with a reason."""
    async with db.transaction(principal.actor) as tx:
        await decide(tx, principal, number, proposal, accepted=data.accepted, reason=data.reason, clock=clock)
        return await _shown(tx, principal, number, clock)


@post("/api/v1/findings/{number:str}/attachments", opt=EITHER, tags=TAGS, status_code=HTTP_201_CREATED)
async def add_attachment(
    number: FromPath[str],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> FileView:
    """One file as the form field `file`: a proof of the rectification, an authority's consent."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(N_("Choose a file."), field="file")
    return await attach_file(db, settings, principal, number, file, clock)


@post("/api/v1/findings/import", opt=EDIT, tags=TAGS, status_code=HTTP_200_OK)
async def import_findings(
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    dry_run: FromQuery[bool] = False,
) -> Imported:
    """An XLSX list as the form field `file`: all of it or nothing. With `dry_run` nothing is written.

    Read again, the same list changes only what differs. Faults name their cells.
    """
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(N_("Choose a file."), field="file")
    content = await file.read(LARGEST_LIST + 1)
    async with db.transaction(principal.actor) as tx:
        return await import_list(tx, principal, content, write=not dry_run, now=clock.now())


async def attach_file(
    db: Database, settings: Settings, principal: Principal, number: str, file: UploadFile, clock: Clock
) -> FileView:
    """A stranger's finding is refused before a byte is kept."""
    async with db.transaction(principal.actor) as tx:
        await entering.to_attach(tx, principal, number)
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    async with db.transaction(principal.actor) as tx:
        one, organization_id = await entering.to_attach(tx, principal, number)
        kept = await evidence.attach(
            tx,
            blob,
            subject=one.path,
            organization_id=organization_id,
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return file_view(await evidence.attachment(tx, kept))


async def movable(tx: Tx, principal: Principal, number: str) -> Finding:
    """Whoever puts it right and whoever verifies it may record another day."""
    one = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
    return one if queries.may_verify(principal, one) else await entering.to_work_on(tx, principal, number)


async def decide(
    tx: Tx, principal: Principal, number: str, proposal: UUID, *, accepted: bool, reason: str, clock: Clock
) -> None:
    one = await entering.to_verify(tx, principal, number)
    if proposal not in {each.id for each in await queries.proposals_of(tx, one.id)}:
        raise NotFound(service.NO_FINDING)
    await proposals.decide_proposal(
        tx,
        proposal,
        accepted=accepted,
        reason=reason,
        account_id=principal.account_id,
        actor=principal.actor,
        now=clock.now(),
    )


async def system_id(tx: Tx, code: str | None) -> UUID | None:
    """An unknown code finds nothing, rather than everything."""
    if not code:
        return None
    wanted = code.replace("\0", "")
    found = (await systems_by_code(tx, [wanted])).get(wanted)
    return found.id if found else UUID(int=0)


async def _shown(tx: Tx, principal: Principal, number: str, clock: Clock) -> FindingDetail:
    one = await queries.finding_by_number(tx, principal, number.replace("\0", ""))
    return await showing.detail(tx, principal, one, now=clock.now())


ROUTES: Final = [
    list_findings,
    enter_finding,
    show_finding,
    plan_finding,
    record_work,
    hand_in,
    verify_finding,
    move_day,
    decide_proposal,
    add_attachment,
    import_findings,
]
