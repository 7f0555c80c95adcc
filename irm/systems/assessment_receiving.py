"""A test report as it comes in over page, interface or command: the file first, judged before anything is recorded."""

from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any
from uuid import UUID

from anyio import to_thread
from litestar.datastructures import UploadFile

from irm.access.policy import Permission, Principal
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.documents.readable import is_readable_pdf
from irm.errors import Forbidden
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import chunks_of
from irm.i18n import N_
from irm.systems.assessing import NewReport, record_report
from irm.systems.assessment_queries import Assessment, assessment_by_number, may_edit
from irm.systems.assessment_rules import Computed
from irm.systems.assessment_schemas import report_in

NOT_YOURS = N_("Only the unit that answers for the system, its tester or the cloud authority works on this test.")


def editable(principal: Principal, one: Assessment) -> Assessment:
    """Raises Forbidden for a reader who may only read it."""
    if not may_edit(principal, one):
        raise Forbidden(NOT_YOURS)
    return one


def whose(principal: Principal, one: Assessment) -> UUID:
    """Whose file a report is: the unit's that had the test made, whoever brings it in."""
    return one.owner_id if one.owner_id in principal.organizations else one.operator_id


async def receive_report(
    db: Database, settings: Settings, clock: Clock, principal: Principal, number: str, values: Mapping[str, Any]
) -> Computed:
    """`values`: the form's fields, the file under `file`."""
    file = values.get("file")
    sent = file if isinstance(file, UploadFile) and file.filename else None
    return await keep_report(
        db,
        settings,
        clock,
        principal,
        number,
        lambda: report_in(values),
        chunks_of(sent) if sent else None,
        sent.filename if sent else "",
    )


async def keep_report(
    db: Database,
    settings: Settings,
    clock: Clock,
    principal: Principal,
    number: str,
    stated: Callable[[], NewReport],
    chunks: AsyncIterable[bytes] | None,
    filename: str,
) -> Computed:
    """`stated` reads what the report says on its face, and may raise Invalid; `chunks` None keeps the file that is there.

    A stranger is refused before a byte is kept.
    """
    async with db.transaction(principal.actor) as tx:
        editable(principal, await assessment_by_number(tx, principal, number, Permission.EDIT_ASSESSMENTS))
    given = stated()
    blob: StoredBlob | None = None
    readable = False
    if chunks is not None:
        store = BlobStore(settings.home / "blobs")
        blob = await store.put(chunks, filename)
        kept = store.path(blob.sha256)
        readable = await to_thread.run_sync(lambda: is_readable_pdf(kept.read_bytes()))
    async with db.transaction(principal.actor) as tx:
        one = editable(principal, await assessment_by_number(tx, principal, number, Permission.EDIT_ASSESSMENTS))
        return await record_report(
            tx,
            one.id,
            given,
            blob,
            readable=readable,
            organization_id=whose(principal, one),
            account_id=principal.account_id,
            actor=principal.actor,
            now=clock.now(),
        )
