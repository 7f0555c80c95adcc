"""Wire types of files and their custody, of packs, and of the log."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from irm.evidence import queries
from irm.evidence.collecting import Place
from irm.evidence.custody import Step
from irm.evidence.models import PackRow
from irm.evidence.service import Attachment
from irm.i18n import Translator


class HolderView(Struct, frozen=True):
    organization: UUID | None
    name: str
    since: datetime


class EvidenceView(Struct, frozen=True):
    """A file; `place` is what it belongs to. Its content is at /api/v1/attachments/{id}."""

    id: UUID
    filename: str
    size: int
    media_type: str
    sha256: str
    organization: UUID | None
    uploaded_at: datetime
    subject: str
    place: str
    page: str
    holder: HolderView | None


class EvidenceList(Struct, frozen=True):
    evidence: list[EvidenceView]
    next: UUID | None


class StepView(Struct, frozen=True):
    """`at`: as stated; `index`: the entry's place in the ledger, None while it waits for one."""

    action: str
    at: datetime
    recorded_at: datetime
    actor: str
    who: str
    reason: str
    holder_organization: UUID | None
    holder_name: str
    entry: UUID
    index: int | None
    leaf_hash: str


class CustodyView(Struct, frozen=True):
    file: EvidenceView
    chain: list[StepView]


class HandOverFile(Struct, frozen=True, forbid_unknown_fields=True):
    """To an organization, a person, or a person of an organization; why, and when it happened."""

    reason: str
    stated_at: datetime
    organization: UUID | None = None
    name: str = ""


class ReturnFile(Struct, frozen=True, forbid_unknown_fields=True):
    reason: str
    stated_at: datetime


class RequestPack(Struct, frozen=True, forbid_unknown_fields=True):
    """`kind`: incident, system, obligation, change, paper or year; `name`: its number, code, id or year; `organization`: of a year."""

    kind: str
    name: str
    organization: UUID | None = None


class PackView(Struct, frozen=True):
    """`state`: waiting, making, ready or failed; the file is at /api/v1/evidence-packs/{id}/file."""

    id: UUID
    kind: str
    name: str
    state: str
    done: int
    total: int
    filename: str | None
    size: int | None
    sha256: str | None
    entries: int | None
    files: int | None
    checkpoint: int | None
    reason: str | None
    requested_at: datetime
    finished_at: datetime | None


class PackList(Struct, frozen=True):
    packs: list[PackView]


class CheckpointView(Struct, frozen=True):
    """`note` is the signed note, `key` its verifier key (C2SP)."""

    size: int
    root: str
    note: str
    key: str
    signed_at: datetime
    witnesses: list["WitnessView"]


class WitnessView(Struct, frozen=True):
    checkpoint: int
    witness: str
    address: str
    status: str
    attempts: int
    detail: str
    at: datetime


class FaultView(Struct, frozen=True):
    code: str
    text: str
    context: dict[str, Any]


class LookedView(Struct, frozen=True):
    at: datetime
    size: int
    checkpoint: int | None
    witnessed: int | None
    fine: bool
    faults: list[FaultView]
    took_ms: int


class LogView(Struct, frozen=True):
    size: int
    pending: int
    checkpoint: CheckpointView | None
    witnessed: int | None
    witnesses: list[WitnessView]
    verification: LookedView | None
    key: str | None
    fingerprint: str | None


class LogEntryView(Struct, frozen=True):
    index: int | None
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]
    leaf_hash: str
    integrated_at: datetime | None


class LogEntryList(Struct, frozen=True):
    entries: list[LogEntryView]
    next: int | None


class ProofView(Struct, frozen=True):
    size: int
    root: str
    path: list[str]


class ProvenEntryView(Struct, frozen=True):
    entry: LogEntryView
    text: str
    """What was hashed as the entry's body."""
    proof: ProofView | None


class CheckpointList(Struct, frozen=True):
    checkpoints: list[CheckpointView]
    next: int | None


def evidence_view(one: Attachment, places: Mapping[str, Place]) -> EvidenceView:
    place = places.get(one.subject)
    return EvidenceView(
        one.id,
        one.filename,
        one.size,
        one.media_type,
        one.sha256,
        one.organization_id,
        one.uploaded_at,
        one.subject,
        place.label if place else "",
        place.href if place else "",
        HolderView(one.holder_organization_id, one.holder_name or "", one.held_since) if one.held_since else None,
    )


def step_view(one: Step, who: str) -> StepView:
    return StepView(
        one.action,
        one.at,
        one.recorded_at,
        one.actor,
        who,
        one.reason,
        one.holder_organization_id,
        one.holder_name,
        one.entry_id,
        one.index,
        one.leaf_hash,
    )


def pack_view(row: PackRow) -> PackView:
    return PackView(
        row.id,
        row.kind,
        row.name,
        row.state,
        row.done,
        row.total,
        row.filename,
        row.size,
        row.sha256,
        row.entries,
        row.files,
        row.checkpoint_size,
        row.reason,
        row.requested_at,
        row.finished_at,
    )


def witness_view(one: queries.Witnessing) -> WitnessView:
    return WitnessView(one.checkpoint, one.witness, one.address, one.status, one.attempts, one.detail, one.at)


def checkpoint_view(one: queries.Checkpoint, sends: list[queries.Witnessing]) -> CheckpointView:
    return CheckpointView(one.size, one.root, one.note, one.key, one.signed_at, [witness_view(each) for each in sends])


def looked_view(one: queries.Looked, t: Translator, words: Mapping[str, str]) -> LookedView:
    return LookedView(
        one.at,
        one.size,
        one.checkpoint,
        one.witnessed,
        not one.faults,
        [
            FaultView(each["code"], t(words.get(each["code"], each["code"]), **each["context"]), each["context"])
            for each in one.faults
        ],
        one.took_ms,
    )


def entry_view(one: queries.LogEntry) -> LogEntryView:
    return LogEntryView(
        one.index,
        one.id,
        one.at,
        one.actor,
        one.action,
        one.subject,
        json.loads(one.body),
        one.leaf_hash,
        one.integrated_at,
    )
