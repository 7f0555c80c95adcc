"""Pages on which others answer to a report: receipts, agreement of those it speaks for, files that go with it."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Stream

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.evidence.blobs import BlobStore
from irm.evidence.downloads import chunks_of
from irm.i18n import Translator
from irm.obligations import receiving
from irm.obligations.agreement_schemas import Agree
from irm.obligations.answer_routes import agree, file_of, keep_file
from irm.obligations.pages import to_report
from irm.obligations.routes import readable, receivable, speaks_for_recipient, support, writable
from irm.obligations.showing import receipt_name, refused_response
from irm.web import drafts, typed
from irm.web.forms import flatten


@post("/submissions/{submission_id:uuid}/receipt", opt=allow(Permission.RECORD_RECEIPT), include_in_schema=False)
async def record_receipt(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """What the recipient answered, with the file that proves it in the same form."""
    pairs = list((await request.form()).multi_items())
    values = flatten(typed.texts(pairs))
    file = next(
        (each for name, each in pairs if name == "file" and isinstance(each, UploadFile) and each.filename), None
    )
    try:
        if file is not None:
            values["attachment"] = str(await _kept(db, settings, principal, submission_id, file, clock))
        async with db.transaction(principal.actor) as tx:
            one = await receivable(tx, principal, submission_id)
            attachment = typed.chosen(values, "attachment")
            await support(tx, one, attachment)
            await receiving.record_receipt(
                tx,
                submission_id,
                outcome=typed.line(values, "outcome") or "",
                means=typed.line(values, "means") or "",
                stated_at=typed.moment(values, "stated_at"),
                number=typed.line(values, "number"),
                received_by=typed.line(values, "received_by"),
                note=typed.line(values, "note"),
                attachment_id=attachment,
                complete_by=typed.moment(values, "complete_by"),
                person_id=principal.person_id,
                for_recipient=speaks_for_recipient(principal, one),
                actor=principal.actor,
                now=clock.now(),
            )
            await drafts.discard(tx, principal.account_id, receipt_name(submission_id))
    except (Invalid, Conflict) as error:
        return await refused_response(db, principal, clock, t, submission_id, error, values, of_receipt=True)
    return to_report(submission_id)


@post(
    "/submissions/{submission_id:uuid}/receipt/{receipt_id:uuid}/confirm",
    opt=allow(Permission.RECORD_RECEIPT),
    include_in_schema=False,
)
async def confirm_receipt(
    submission_id: FromPath[UUID],
    receipt_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await receivable(tx, principal, submission_id)
        await receiving.confirm_receipt(
            tx,
            receipt_id,
            submission_id=submission_id,
            person_id=principal.person_id,
            actor=principal.actor,
            now=clock.now(),
        )
    return to_report(submission_id)


@post("/submissions/{submission_id:uuid}/files", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def add_file(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> Redirect:
    """A file is kept with the draft; whether it goes with the report is ticked when it is handed over."""
    file = (await request.form()).get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("Choose a file.", field="file")
    async with db.transaction(principal.actor) as tx:
        await writable(tx, principal, submission_id)
    await _kept(db, settings, principal, submission_id, file, clock)
    return to_report(submission_id)


@get(
    "/submissions/{submission_id:uuid}/files/{attachment_id:uuid}",
    opt=allow(Permission.READ_SUBMISSIONS),
    include_in_schema=False,
)
async def read_file(
    submission_id: FromPath[UUID],
    attachment_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
) -> Stream:
    return await file_of(db, settings, principal, submission_id, attachment_id, clock)


@post("/submissions/{submission_id:uuid}/agreement", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def agree_to_report(
    submission_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """The organization's own word, or how it was said outside irm."""
    values = flatten(typed.texts((await request.form()).multi_items()))
    organization = typed.chosen(values, "organization")
    if organization is None:
        raise Invalid("Say for which organization.", field="organization")
    given = Agree(
        organization,
        typed.line(values, "means"),  # type: ignore[arg-type]  # the contact record checks it
        typed.line(values, "who") or "",
        typed.line(values, "said") or "",
        typed.moment(values, "stated_at"),
    )
    async with db.transaction(principal.actor) as tx:
        await agree(tx, principal, submission_id, given, clock)
    return to_report(submission_id)


async def _kept(
    db: Database, settings: Settings, principal: Principal, submission_id: UUID, file: UploadFile, clock: Clock
) -> UUID:
    """On disk before any row; a stranger's report is refused before a byte is kept."""
    async with db.transaction(principal.actor) as tx:
        await readable(tx, principal, submission_id)
    blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename)
    async with db.transaction(principal.actor) as tx:
        return await keep_file(tx, principal, await readable(tx, principal, submission_id), blob, clock)


ROUTES: Final = [record_receipt, confirm_receipt, add_file, read_file, agree_to_report]
