"""JSON API of what belongs to one incident and lives in other rooms: duties, reports, contacts, messages, files."""

from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import Stream
from litestar.status_codes import HTTP_201_CREATED
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.media import gives
from irm.errors import Invalid, NotFound
from irm.evidence import custody, service as evidence
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import KINDS_GIVEN, chunks_of, download
from irm.i18n import N_, Translator
from irm.incidents import queries, showing
from irm.incidents.directory import account_of_draft
from irm.incidents.queries import Sight
from irm.incidents.routes import sight
from irm.incidents.schemas import AttachmentView
from irm.notify.bundling import urgency_of
from irm.notify.policy import bundling
from irm.notify.queries import deliveries_of
from irm.notify.schemas import DeliveryList, delivery_view
from irm.obligations import about_subject
from irm.obligations.schemas import (
    ContactList,
    ContactView,
    DraftReport,
    ObligationList,
    RecordContact,
    SubmissionList,
    SubmissionView,
)
from irm.obligations.subjects import Subject
from irm.playbooks.schemas import PlanView, TaskList
from irm.playbooks.showing import plan_view, task_list

TAGS: Final = ["incidents"]
NO_FILE: Final = N_("There is no such file, or it is not yours to see.")


class AttachmentList(Struct, frozen=True):
    attachments: list[AttachmentView]


@get(
    "/api/v1/incidents/{number:str}/obligations",
    opt=allow(Permission.READ_OBLIGATIONS),
    tags=TAGS,
    operation_id="get_incident_obligations",
)
async def obligations(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> ObligationList:
    """What is owed about the incident, with clocks and articles: the reader's own; for the cloud authority everybody's."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        return await about_subject.obligations_about(tx, found.incident.subject, principal, now=clock.now(), t=t)


@get(
    "/api/v1/incidents/{number:str}/submissions",
    opt=allow(Permission.READ_SUBMISSIONS),
    tags=TAGS,
    operation_id="get_incident_submissions",
)
async def submissions(
    number: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> SubmissionList:
    """Reports about the incident. An authority reads here what was handed over to it, and nothing else."""
    async with db.transaction(principal.actor) as tx:
        incident = await received_or_own(tx, number, principal)
        return await about_subject.submissions_about(tx, incident.subject, principal, t=t)


async def received_or_own(tx: Tx, number: str, principal: Principal) -> queries.Incident:
    """The reader's own incident, or one of which a report was handed over to the reader's authority."""
    try:
        return (await sight(tx, number, principal)).incident
    except NotFound:
        far = reach(principal, Permission.READ_SUBMISSIONS)
        return await queries.incident_sent_to(tx, number.replace("\0", ""), far.sent_to)


@post(
    "/api/v1/incidents/{number:str}/submissions",
    opt=allow(Permission.SUBMIT_REPORT),
    tags=TAGS,
    operation_id="draft_incident_report",
    status_code=HTTP_201_CREATED,
)
async def draft_report(
    number: FromPath[str],
    data: JSONBody[DraftReport],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> SubmissionView:
    """Begin a report, owed or not; it is filled with what the incident knows."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.SUBMIT_REPORT)
        return await about_subject.begin_report(tx, await subject(tx, found), data, principal, now=clock.now(), t=t)


@get(
    "/api/v1/incidents/{number:str}/contacts",
    opt=allow(Permission.RECORD_CONTACT),
    tags=TAGS,
    operation_id="get_incident_contacts",
)
async def contacts(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> ContactList:
    """Calls, faxes, visits and letters about the incident."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        return await about_subject.contacts_about(tx, found.incident.subject, principal)


@post(
    "/api/v1/incidents/{number:str}/contacts",
    opt=allow(Permission.RECORD_CONTACT),
    tags=TAGS,
    operation_id="record_incident_contact",
    status_code=HTTP_201_CREATED,
)
async def record_contact(
    number: FromPath[str],
    data: JSONBody[RecordContact],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> ContactView:
    """Write down a call, fax, visit or letter; it can serve as acknowledgement, submission or receipt."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.RECORD_CONTACT)
        return await about_subject.write_contact(tx, await subject(tx, found), data, principal, now=clock.now())


@get(
    "/api/v1/incidents/{number:str}/deliveries",
    opt=allow(Permission.READ_DELIVERIES),
    tags=TAGS,
    operation_id="get_incident_deliveries",
)
async def deliveries(
    number: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> DeliveryList:
    """Every message about the incident with its attempts: to the reader's organizations, for the cloud authority all."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        rows = [
            one for each in found.subjects for one in await deliveries_of(tx, each) if found.sees(one.organization_id)
        ]
    return DeliveryList([delivery_view(one, t) for one in rows], None)


@get(
    "/api/v1/incidents/{number:str}/plan",
    opt=allow(Permission.READ_INCIDENTS),
    tags=TAGS,
    operation_id="get_incident_plan",
)
async def plan(
    number: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> PlanView:
    """Who was and will be asked, step by step, as far as it concerns the reader's organizations."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        own = None if found.everything else found.organizations
        return await plan_view(tx, found.incident.subject, t, now=clock.now(), own=own)


@get(
    "/api/v1/incidents/{number:str}/tasks",
    opt=allow(Permission.READ_INCIDENTS),
    tags=TAGS,
    operation_id="get_incident_tasks",
)
async def tasks(
    number: FromPath[str],
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> TaskList:
    """Tasks given to the reader's organizations; for the cloud authority all."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal)
        own = None if found.everything else found.organizations
        lists = [await task_list(tx, one, t, own=own) for one in found.subjects]
        return TaskList([task for each in lists for task in each.tasks])


@get(
    "/api/v1/incidents/{number:str}/attachments",
    opt=allow(Permission.READ_EVIDENCE),
    tags=TAGS,
    operation_id="get_incident_attachments",
)
async def attachments(
    number: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> AttachmentList:
    """Files with hash and size."""
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.READ_EVIDENCE)
        return AttachmentList([showing.attachment_view(one) for one in await showing.attachments(tx, found)])


@post(
    "/api/v1/incidents/{number:str}/attachments",
    opt=allow(Permission.ADD_EVIDENCE),
    tags=TAGS,
    operation_id="attach_to_incident",
    status_code=HTTP_201_CREATED,
)
async def attach(
    number: FromPath[str],
    data: MultipartBody[dict[str, Any]],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> AttachmentView:
    """One file as the form field `file`: at most 50 MB, of a type that is taken, and what its name says it is."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid(N_("Choose a file."), field="file")
    return await attach_file(db, settings, principal, number, file, clock)


async def attach_file(
    db: Database, settings: Settings, principal: Principal, number: str, file: UploadFile, clock: Clock
) -> AttachmentView:
    """The file is on disk before any row is written; a stranger's incident is refused before a byte is kept."""
    async with db.transaction(principal.actor) as tx:
        await sight(tx, number, principal, Permission.ADD_EVIDENCE)
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    async with db.transaction(principal.actor) as tx:
        found = await sight(tx, number, principal, Permission.ADD_EVIDENCE)
        parts = {part.organization_id for part in await queries.parts_of(tx, found)}
        own = [one for one in principal.organizations if one in parts]
        attachment_id = await evidence.attach(
            tx,
            blob,
            subject=found.incident.subject,
            organization_id=principal.home if principal.home in own or not own else own[0],
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return showing.attachment_view(await evidence.attachment(tx, attachment_id))


@get(
    "/api/v1/attachments/{attachment_id:uuid}",
    opt=allow(Permission.READ_EVIDENCE) | gives(*KINDS_GIVEN),
    tags=TAGS,
    operation_id="download_attachment",
)
async def download_attachment(
    attachment_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    """The file, always as a download; every reading is in the ledger."""
    return await _download(db, settings, principal, attachment_id, clock)


@get("/attachments/{attachment_id:uuid}", opt=allow(Permission.READ_EVIDENCE), include_in_schema=False)
async def attachment_link(
    attachment_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Stream:
    return await _download(db, settings, principal, attachment_id, clock)


async def _download(
    db: Database, settings: Settings, principal: Principal, attachment_id: UUID, clock: Clock
) -> Stream:
    async with db.transaction(principal.actor) as tx:
        found = await evidence.attachment(tx, attachment_id)
        if not await may_read(tx, found, principal):
            raise NotFound(NO_FILE)
        await evidence.record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


async def may_read(tx: Tx, found: evidence.Attachment, principal: Principal) -> bool:
    """Whose file it is follows from its subject, which its own room knows; a draft's from its account."""
    if account_of_draft(found.subject) == principal.account_id:
        return True
    return await custody.may_read(tx, found, principal)


async def subject(tx: Tx, found: Sight) -> Subject:
    """The incident as the obligations room speaks of it."""
    one = found.incident
    return Subject(
        path=one.subject,
        number=one.number,
        page=one.page,
        incident_id=one.id,
        level=one.clock_level,
        urgency=urgency_of(one.reached, one.possible, one.assessed, bundling()),
        exercise=one.exercise,
        parts={part.organization_id: part.id for part in await queries.parts_of(tx, found)},
    )


ROUTES: Final = [
    obligations,
    submissions,
    draft_report,
    contacts,
    record_contact,
    deliveries,
    plan,
    tasks,
    attachments,
    attach,
    download_attachment,
    attachment_link,
]
