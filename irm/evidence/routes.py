"""JSON API of evidence: files and their custody, packs, and the log."""

from datetime import date
from typing import Final
from uuid import UUID

from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import File
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from irm import jobs
from irm.access.policy import Permission, Principal, allow
from irm.access.queries import person_names
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx, uuid7
from irm.documents.media import XLSX, ZIP, gives
from irm.evidence import audit, audit_export, custody, packs, queries
from irm.evidence.keys import public_key_of
from irm.evidence.schemas import (
    CheckpointList,
    CustodyView,
    EvidenceList,
    HandOverFile,
    LogEntryList,
    LogView,
    PackList,
    PackView,
    ProofView,
    ProvenEntryView,
    RequestPack,
    ReturnFile,
    checkpoint_view,
    entry_view,
    evidence_view,
    looked_view,
    pack_view,
    step_view,
    witness_view,
)
from irm.evidence.verification import FAULT_WORDS
from irm.i18n import Translator

TAGS: Final = ["evidence"]
LOG_TAGS: Final = ["ledger"]
MOST: Final = 200


@get("/api/v1/evidence", opt=allow(Permission.READ_EVIDENCE), tags=TAGS, operation_id="list_evidence")
async def list_evidence(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    outside: FromQuery[bool] = False,
    text: FromQuery[str] = "",
    cursor: FromQuery[UUID | None] = None,
) -> EvidenceList:
    """Evidence files, newest first. `outside`: only what is handed over; `text`: part of a name, or a SHA-256."""
    async with db.transaction(principal.actor) as tx:
        found, following = await custody.files(tx, principal, outside=outside, text=text, before=cursor)
        places = await custody.places_of(tx, found)
    return EvidenceList([evidence_view(one, places) for one in found], following)


@get("/api/v1/evidence/{file_id:uuid}", opt=allow(Permission.READ_EVIDENCE), tags=TAGS, operation_id="get_evidence")
async def get_evidence(
    file_id: FromPath[UUID], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> CustodyView:
    """A file with its chain of custody."""
    async with db.transaction(principal.actor) as tx:
        return await custody_view(tx, file_id, principal)


async def custody_view(tx: Tx, file_id: UUID, principal: Principal) -> CustodyView:
    found = await custody.file_of(tx, file_id, principal)
    steps = await custody.chain_of(tx, found)
    people = {UUID(one.actor.partition("/")[2]) for one in steps if one.actor.startswith("person/")}
    names = {f"person/{one}": name for one, name in (await person_names(tx, people)).items()}
    return CustodyView(
        evidence_view(found, await custody.places_of(tx, [found])),
        [step_view(one, names.get(one.actor, "")) for one in steps],
    )


@post(
    "/api/v1/evidence/{file_id:uuid}/hand-over",
    opt=allow(Permission.HAND_OVER_EVIDENCE),
    tags=TAGS,
    operation_id="hand_over_evidence",
    status_code=HTTP_200_OK,
)
async def hand_over(
    file_id: FromPath[UUID],
    data: JSONBody[HandOverFile],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> CustodyView:
    """Record that the file was given to somebody."""
    async with db.transaction(principal.actor) as tx:
        given = custody.HandOver(data.organization, data.name, data.reason, data.stated_at)
        await custody.hand_over(tx, file_id, given, principal, now=clock.now())
        return await custody_view(tx, file_id, principal)


@post(
    "/api/v1/evidence/{file_id:uuid}/return",
    opt=allow(Permission.HAND_OVER_EVIDENCE),
    tags=TAGS,
    operation_id="return_evidence",
    status_code=HTTP_200_OK,
)
async def take_back(
    file_id: FromPath[UUID],
    data: JSONBody[ReturnFile],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> CustodyView:
    """Record that the file came back."""
    async with db.transaction(principal.actor) as tx:
        await custody.take_back(tx, file_id, principal, reason=data.reason, stated_at=data.stated_at, now=clock.now())
        return await custody_view(tx, file_id, principal)


# -- packs


@post(
    "/api/v1/evidence-packs",
    opt=allow(Permission.EXPORT_EVIDENCE),
    tags=TAGS,
    operation_id="request_evidence_pack",
    status_code=HTTP_202_ACCEPTED,
)
async def request_pack(
    data: JSONBody[RequestPack],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> PackView:
    """Ask for a pack of what you may see; it is made in the background."""
    async with db.transaction(principal.actor) as tx:
        pack_id = await packs.request_pack(
            tx,
            data.kind,
            data.name,
            principal,
            locale=t.locale,
            organization=data.organization,
            now=clock.now(),
        )
        return pack_view(await packs.pack(tx, pack_id, principal))


@get("/api/v1/evidence-packs", opt=allow(Permission.EXPORT_EVIDENCE), tags=TAGS, operation_id="list_evidence_packs")
async def list_packs(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> PackList:
    """What you asked for, newest first."""
    async with db.transaction(principal.actor) as tx:
        return PackList([pack_view(row) for row in await packs.packs_of(tx, principal)])


@get(
    "/api/v1/evidence-packs/{pack_id:uuid}",
    opt=allow(Permission.EXPORT_EVIDENCE),
    tags=TAGS,
    operation_id="get_evidence_pack",
)
async def get_pack(
    pack_id: FromPath[UUID], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> PackView:
    """A pack that you asked for, and how far its making has come."""
    async with db.transaction(principal.actor) as tx:
        return pack_view(await packs.pack(tx, pack_id, principal))


@get(
    "/api/v1/evidence-packs/{pack_id:uuid}/file",
    opt=allow(Permission.EXPORT_EVIDENCE) | gives(ZIP),
    tags=TAGS,
    operation_id="download_evidence_pack",
)
async def download_pack(
    pack_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> File:
    """The ZIP. Every taking is in the ledger."""
    return await taken(db, settings, principal, pack_id, clock)


async def taken(db: Database, settings: Settings, principal: Principal, pack_id: UUID, clock: Clock) -> File:
    async with db.transaction(principal.actor) as tx:
        row = await packs.take_pack(tx, pack_id, principal, settings.home, now=clock.now())
    return File(
        packs.pack_path(settings.home, row.id),
        filename=row.filename,
        media_type="application/zip",
        headers={"cache-control": "private, no-store", "x-content-type-options": "nosniff"},
    )


# -- the log


@get("/api/v1/ledger", opt=allow(Permission.READ_LEDGER), tags=LOG_TAGS, operation_id="get_ledger")
async def get_log(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> LogView:
    """How far the log goes, its newest checkpoint, who witnesses it, and the last look through all of it."""
    async with db.transaction(principal.actor) as tx:
        state = await queries.log_state(tx)
    key = public_key_of(settings.home)
    return LogView(
        state.size,
        state.pending,
        checkpoint_view(state.checkpoint, []) if state.checkpoint else None,
        state.witnessed_size,
        [witness_view(one) for one in (*state.witnessed, *state.troubled)],
        looked_view(state.looked, t, FAULT_WORDS) if state.looked else None,
        str(key) if key else None,
        key.fingerprint if key else None,
    )


@get(
    "/api/v1/ledger/checkpoints",
    opt=allow(Permission.READ_LEDGER),
    tags=LOG_TAGS,
    operation_id="list_checkpoints",
)
async def list_checkpoints(
    db: NamedDependency[Database], principal: NamedDependency[Principal], below: FromQuery[int | None] = None
) -> CheckpointList:
    """Newest first, each with its witnesses."""
    async with db.transaction(principal.actor) as tx:
        found, following = await queries.checkpoints(tx, below=below)
    return CheckpointList([checkpoint_view(*one) for one in found], following)


@get(
    "/api/v1/ledger/checkpoints/{size:int}/note",
    opt=allow(Permission.READ_LEDGER),
    tags=LOG_TAGS,
    operation_id="get_checkpoint_note",
    media_type=MediaType.TEXT,
)
async def get_note(
    size: FromPath[int], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> Response[str]:
    """The signed note as a witness keeps it."""
    async with db.transaction(principal.actor) as tx:
        found = await queries.checkpoint(tx, size)
    disposition = f'attachment; filename="checkpoint-{size:012d}.note"'
    return Response(found.note, media_type=MediaType.TEXT, headers={"content-disposition": disposition})


@get("/api/v1/ledger/entries", opt=allow(Permission.READ_LEDGER), tags=LOG_TAGS, operation_id="list_ledger_entries")
async def list_entries(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    who: FromQuery[str] = "",
    organization: FromQuery[UUID | None] = None,
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    address: FromQuery[str] = "",
    below: FromQuery[int | None] = None,
    limit: FromQuery[int] = 50,
) -> LogEntryList:
    """By place, newest first. `action` (`incident`, `incident.filed`) and `subject` (`incident/<id>`) are beginnings;
    `who`: part of a name or login; `organization`: of who did it; `since`, `until`: days; `address`: of a sign-in."""
    wanted = audit.Wanted(action, subject, who, organization, since, until, address)
    async with db.transaction(principal.actor) as tx:
        found, following = await audit.entries(tx, wanted, below=below, limit=max(1, min(limit, MOST)))
        await queries.record_look(tx, "list", actor=principal.actor, now=clock.now())
    return LogEntryList([entry_view(one) for one in found], following)


@get(
    "/api/v1/ledger/entries/export",
    opt=allow(Permission.READ_LEDGER) | gives(XLSX, ZIP),
    tags=LOG_TAGS,
    operation_id="export_ledger_entries",
)
async def export_entries(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    form: FromQuery[str] = "xlsx",
    action: FromQuery[str] = "",
    subject: FromQuery[str] = "",
    who: FromQuery[str] = "",
    organization: FromQuery[UUID | None] = None,
    since: FromQuery[date | None] = None,
    until: FromQuery[date | None] = None,
    address: FromQuery[str] = "",
) -> Response[bytes]:
    """`form`: xlsx, or csv (a ZIP), each with the newest checkpoint. Filters as in the list; the taking is an entry."""
    wanted = audit.Wanted(action, subject, who, organization, since, until, address)
    async with db.transaction(principal.actor) as tx:
        return await audit_export.taken_away(tx, wanted, form, actor=principal.actor, now=clock.now(), t=t)


@get(
    "/api/v1/ledger/entries/{index:int}",
    opt=allow(Permission.READ_LEDGER),
    tags=LOG_TAGS,
    operation_id="get_ledger_entry",
)
async def get_entry(
    index: FromPath[int],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> ProvenEntryView:
    """An entry with the proof that it stands in the signed tree."""
    async with db.transaction(principal.actor) as tx:
        found, proof = await queries.entry(tx, index)
        await queries.record_look(tx, "entry", actor=principal.actor, now=clock.now(), index=index)
    return ProvenEntryView(
        entry_view(found), found.body, ProofView(proof.size, proof.root, list(proof.path)) if proof else None
    )


@post(
    "/api/v1/ledger/verifications",
    opt=allow(Permission.READ_LEDGER),
    tags=LOG_TAGS,
    operation_id="verify_ledger",
    status_code=HTTP_202_ACCEPTED,
)
async def verify(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> None:
    """Look through the whole log, soon; the outcome is in /api/v1/ledger."""
    await ask_to_verify(db, clock, principal)


async def ask_to_verify(db: Database, clock: Clock, principal: Principal) -> None:
    async with db.transaction(principal.actor) as tx:
        now = clock.now()
        await jobs.schedule(tx, "evidence.verify", {}, run_at=now, key=f"verify/{uuid7()}", queue="bulk")
        await queries.record_look(tx, "verification", actor=principal.actor, now=now)


ROUTES: Final = [
    list_evidence,
    get_evidence,
    hand_over,
    take_back,
    request_pack,
    list_packs,
    get_pack,
    download_pack,
    get_log,
    list_checkpoints,
    get_note,
    list_entries,
    export_entries,
    get_entry,
    verify,
]
