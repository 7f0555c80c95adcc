"""/api/v1: what others say to a report: receipts, agreement of those it speaks for, and the files that prove or go with it."""

from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, MultipartBody
from litestar.response import Stream
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.media import gives
from irm.errors import Forbidden, Invalid, NotFound
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import KINDS_GIVEN, chunks_of, download
from irm.i18n import Translator
from irm.obligations import consenting, queries, receiving
from irm.obligations.agreement_schemas import Agree
from irm.obligations.routes import HANDED, readable, receivable, speaks_for_recipient, support
from irm.obligations.schemas import ConfirmReceipt, RecordReceipt, SubmissionView, submission_view
from irm.obligations.views import Submission


@post(
    "/api/v1/submissions/{submission_id:uuid}/receipt",
    opt=allow(Permission.RECORD_RECEIPT),
    status_code=HTTP_201_CREATED,
    tags=HANDED,
    operation_id="record_receipt",
)
async def record_receipt(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[RecordReceipt],
) -> Response[SubmissionView]:
    """What the recipient answered. Confirmed with a file or when the recipient itself writes it, else self-declared.

    The same answer again (number, outcome, moment) is a 200 and changes nothing.
    """
    async with db.transaction(principal.actor) as tx:
        one = await receivable(tx, principal, submission_id)
        await support(tx, one, data.attachment)
        return await _receipt(tx, principal, one, data, data.attachment, clock, t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/receipt-with-file",
    opt=allow(Permission.RECORD_RECEIPT),
    status_code=HTTP_201_CREATED,
    tags=HANDED,
    operation_id="record_receipt_with_file",
)
async def record_receipt_with_file(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
    data: MultipartBody[dict[str, Any]],
) -> Response[SubmissionView]:
    """A receipt and the file that proves it in one request: the fields `receipt` (JSON as above) and `file`."""
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise Invalid("Choose a file.", field="file")
    try:
        given = msgspec.json.decode(str(data.get("receipt") or ""), type=RecordReceipt)
    except msgspec.DecodeError as error:
        raise Invalid("This is not a receipt.", field="receipt") from error
    async with db.transaction(principal.actor) as tx:
        await receivable(tx, principal, submission_id)
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    async with db.transaction(principal.actor) as tx:
        one = await receivable(tx, principal, submission_id)
        attachment = await keep_file(tx, principal, one, blob, clock)
        return await _receipt(tx, principal, one, given, attachment, clock, t)


@post(
    "/api/v1/submissions/{submission_id:uuid}/agreement",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_200_OK,
    tags=HANDED,
    operation_id="agree_to_report",
)
async def agree_to_report(
    submission_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[Agree],
) -> SubmissionView:
    """An organization that this report names agrees to it, in irm or as the sender wrote it down. A second time: nothing."""
    async with db.transaction(principal.actor) as tx:
        await agree(tx, principal, submission_id, data, clock)
        return submission_view(await queries.submission(tx, submission_id), t)


@get(
    "/api/v1/submissions/{submission_id:uuid}/files/{attachment_id:uuid}",
    opt=allow(Permission.READ_SUBMISSIONS) | gives(*KINDS_GIVEN),
    tags=HANDED,
    operation_id="download_submission_file",
)
async def download_file(
    submission_id: FromPath[UUID],
    attachment_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> Stream:
    """A file that went with the report, or proves a receipt: for sender and recipient. The reading is in the ledger."""
    return await file_of(db, settings, principal, submission_id, attachment_id, clock)


async def file_of(
    db: Database, settings: Settings, principal: Principal, submission_id: UUID, attachment_id: UUID, clock: Clock
) -> Stream:
    """Raises NotFound for a file that neither goes with the report nor proves a receipt of it."""
    async with db.transaction(principal.actor) as tx:
        one = await readable(tx, principal, submission_id)
        if attachment_id not in {each for each, _, _ in one.files} | {each.attachment_id for each in one.receipts}:
            raise NotFound("There is no such file, or it is not yours to see.")
        found = await evidence.attachment(tx, attachment_id)
        await evidence.record_reading(tx, found, actor=principal.actor, now=clock.now())
    return download(BlobStore(settings.home / "blobs"), found)


@post(
    "/api/v1/submissions/{submission_id:uuid}/receipt/{receipt_id:uuid}/confirmation",
    opt=allow(Permission.RECORD_RECEIPT),
    status_code=HTTP_200_OK,
    tags=HANDED,
    operation_id="confirm_receipt",
)
async def confirm_receipt(
    submission_id: FromPath[UUID],
    receipt_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[ConfirmReceipt | None] = None,
) -> SubmissionView:
    """A second person, or a file, supports a self-declared receipt."""
    attachment = data.attachment if data else None
    async with db.transaction(principal.actor) as tx:
        one = await receivable(tx, principal, submission_id)
        await support(tx, one, attachment)
        await receiving.confirm_receipt(
            tx,
            receipt_id,
            submission_id=submission_id,
            attachment_id=attachment,
            person_id=principal.person_id,
            actor=principal.actor,
            now=clock.now(),
        )
        return submission_view(await queries.submission(tx, submission_id), t)


async def keep_file(tx: Tx, principal: Principal, one: Submission, blob: StoredBlob, clock: Clock) -> UUID:
    """What is uploaded at a report lies with the report, in the name of the uploader's organization."""
    return await evidence.attach(
        tx,
        blob,
        subject=f"{one.subject}/submission/{one.id}",
        organization_id=principal.home if principal.home in principal.organizations else one.sender.id,
        account_id=principal.account_id,
        actor=principal.actor,
        now=clock.now(),
    )


async def agree(tx: Tx, principal: Principal, submission_id: UUID, given: Agree, clock: Clock) -> bool:
    """By the organization's own people, or by its sender or the cloud authority, who write down how it was said."""
    one = await readable(tx, principal, submission_id)
    own = given.organization in reach(principal, Permission.SUBMIT_REPORT).organizations
    if given.means is None and own:
        return await consenting.agree(
            tx,
            submission_id,
            given.organization,
            person_id=principal.person_id,
            actor=principal.actor,
            now=clock.now(),
        )
    far = reach(principal, Permission.SUBMIT_REPORT)
    writes = reach(principal, Permission.RECORD_CONTACT)
    if not (far.everything or one.sender.id in far.organizations) or writes.is_empty:
        raise Forbidden("Only the organization itself can agree; its sender can write down how it agreed.")
    if given.means is None:
        raise Invalid("Say by which means it agreed.", field="means")
    return await consenting.agree(
        tx,
        submission_id,
        given.organization,
        word=consenting.Word(given.means, given.who, given.said, given.stated_at),
        noted_by=principal.home if far.everything and principal.home else one.sender.id,
        actor=principal.actor,
        now=clock.now(),
    )


async def _receipt(
    tx: Tx,
    principal: Principal,
    one: Submission,
    given: RecordReceipt,
    attachment_id: UUID | None,
    clock: Clock,
    t: Translator,
) -> Response[SubmissionView]:
    receipt = await receiving.record_receipt(
        tx,
        one.id,
        outcome=given.outcome,
        means=given.means,
        stated_at=given.stated_at,
        number=given.number,
        received_by=given.received_by,
        note=given.note,
        attachment_id=attachment_id,
        complete_by=given.complete_by,
        person_id=principal.person_id,
        for_recipient=speaks_for_recipient(principal, one),
        actor=principal.actor,
        now=clock.now(),
    )
    is_known = receipt.id in {each.id for each in one.receipts}
    view = submission_view(await queries.submission(tx, one.id), t)
    return Response(view, status_code=HTTP_200_OK if is_known else HTTP_201_CREATED)


ROUTES: Final = [record_receipt, record_receipt_with_file, confirm_receipt, agree_to_report, download_file]
