"""Wire types of findings."""

from datetime import date, datetime
from uuid import UUID

from msgspec import Struct, field

from irm.evidence.service import Attachment
from irm.findings.queries import Finding, Proposal
from irm.findings.register import Named


class EnterFinding(Struct, frozen=True, forbid_unknown_fields=True):
    """`organization` puts it right (default: one's own), `verifier` says that it is right (default: the cloud authority).
    `systems` by code. `due_set_by`: the authority that ordered `due_on`; the day then moves only by its consent."""

    title: str
    organization: UUID | None = None
    verifier: UUID | None = None
    found_on: date | None = None
    risk: str = "medium"
    is_major: bool = False
    detail: str = ""
    clause: str | None = None
    origin: str = "other"
    origin_label: str = ""
    person: UUID | None = None
    due_on: date | None = None
    due_set_by: UUID | None = None
    due_document: str | None = None
    systems: list[str] = field(default_factory=list)


class PlanFinding(Struct, frozen=True, forbid_unknown_fields=True):
    plan: str
    person: UUID | None = None
    due_on: date | None = None


class Words(Struct, frozen=True, forbid_unknown_fields=True):
    """What was done."""

    text: str


class VerifyFinding(Struct, frozen=True, forbid_unknown_fields=True):
    """Returned, a reason is needed."""

    accepted: bool
    reason: str = ""


class MoveDay(Struct, frozen=True, forbid_unknown_fields=True):
    due_on: date
    reason: str
    consent: str = ""


class DecideProposal(Struct, frozen=True, forbid_unknown_fields=True):
    accepted: bool
    reason: str = ""


class FileView(Struct, frozen=True):
    id: UUID
    filename: str
    sha256: str
    size: int
    media_type: str
    uploaded_at: datetime


class ProposalView(Struct, frozen=True):
    id: UUID
    kind: str
    due_on: date
    proposed_at: datetime
    decided_at: datetime | None
    accepted: bool | None
    reason: str | None


class SystemName(Struct, frozen=True):
    code: str
    name: str


class FindingView(Struct, frozen=True):
    """`is_major` is null when the reader need not know it."""

    number: str
    title: str
    detail: str
    origin: str
    origin_label: str
    clause: str | None
    risk: str
    is_major: bool | None
    organization: UUID
    organization_name: str
    person: UUID | None
    verifier: UUID
    verifier_name: str
    found_on: date
    plan: str | None
    due_on: date | None
    due_set_by: UUID | None
    due_document: str | None
    status: str
    overdue: bool
    handed_in_at: datetime | None
    closed_at: datetime | None
    returns: int
    submission: UUID | None
    systems: list[SystemName]
    version: int


class FindingDetail(FindingView, frozen=True):
    proposals: list[ProposalView]
    attachments: list[FileView]


class FindingList(Struct, frozen=True):
    findings: list[FindingView]
    counts: dict[str, int]
    """By state and `overdue`, over all that the reader may see."""
    next_cursor: str | None


class ImportedRow(Struct, frozen=True):
    """`what`: new, changed, same. `changes`: field → before and after, as words."""

    row: int
    what: str
    title: str
    number: str | None
    changes: dict[str, tuple[str, str]]


class Imported(Struct, frozen=True):
    """`sha256` confirms the act: what was shown is what is written."""

    sha256: str
    new: int
    changed: int
    same: int
    written: bool
    rows: list[ImportedRow]


def finding_view(
    one: Finding, *, names: dict[UUID, str], systems: dict[UUID, Named], knows: bool, now: datetime
) -> FindingView:
    return FindingView(
        number=one.number,
        title=one.title,
        detail=one.detail,
        origin=one.origin,
        origin_label=one.origin_label,
        clause=one.clause,
        risk=one.risk,
        is_major=one.is_major if knows else None,
        organization=one.organization_id,
        organization_name=names.get(one.organization_id, ""),
        person=one.person_id,
        verifier=one.verifier_id,
        verifier_name=names.get(one.verifier_id, ""),
        found_on=one.found_on,
        plan=one.plan,
        due_on=one.due_on,
        due_set_by=one.due_set_by,
        due_document=one.due_document,
        status=one.status.value,
        overdue=one.is_overdue(now),
        handed_in_at=one.handed_in_at,
        closed_at=one.closed_at,
        returns=one.returns,
        submission=one.submission_id,
        systems=sorted(
            (SystemName(systems[each].code, systems[each].name) for each in one.system_ids if each in systems),
            key=lambda system: system.code,
        ),
        version=one.version,
    )


def proposal_view(one: Proposal) -> ProposalView:
    return ProposalView(one.id, one.kind, one.due_on, one.proposed_at, one.decided_at, one.accepted, one.reason)


def file_view(one: Attachment) -> FileView:
    return FileView(one.id, one.filename, one.sha256, one.size, one.media_type, one.uploaded_at)
