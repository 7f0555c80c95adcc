"""Who works on which test, and its report as it comes in: the file first, judged before anything is recorded."""

from collections.abc import AsyncIterable, Callable
from typing import Final
from uuid import UUID

from anyio import to_thread

from irm.access.policy import Permission, Principal, Resource, may
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.documents.readable import is_readable_pdf
from irm.errors import Forbidden, NotFound
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.i18n import N_
from irm.systems.assessing import NO_ASSESSMENT, NewReport, record_report
from irm.systems.assessment_queries import Assessment, Filters, assessment_by_number, assessments, may_edit
from irm.systems.assessment_rules import Computed
from irm.systems.queries import NO_SYSTEM, System, system_by_code

NOT_YOURS: Final = N_(
    "Only the unit that answers for the system, its tester or the cloud authority works on this test."
)


def editable(principal: Principal, one: Assessment) -> Assessment:
    """Raises Forbidden for a reader who may only read it."""
    if not may_edit(principal, one):
        raise Forbidden(NOT_YOURS)
    return one


def whose(principal: Principal, one: Assessment) -> UUID:
    """Whose file a report is: the unit's that had the test made, whoever brings it in."""
    return one.owner_id if one.owner_id in principal.organizations else one.operator_id


async def by_id(tx: Tx, principal: Principal, assessment_id: UUID) -> Assessment:
    """One that the reader has just made."""
    some, _ = await assessments(tx, principal, Filters(id=assessment_id), limit=1)
    if not some:
        raise NotFound(NO_ASSESSMENT)
    return some[0]


async def plannable(tx: Tx, principal: Principal, code: str) -> System:
    """A system for which the reader may plan tests. Raises NotFound, the same for foreign and unknown ones."""
    system = await system_by_code(tx, code.replace("\0", ""))
    own = Resource(frozenset({system.owner_id, system.operator_id}), systems=frozenset({system.id}))
    if not may(principal, Permission.EDIT_ASSESSMENTS, own):
        raise NotFound(NO_SYSTEM, field="system")
    return system


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
