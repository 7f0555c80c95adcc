"""Wire types of approvals. Moments carry a zone."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from irm.obligations.approval_models import ReportApprovalRow
from irm.obligations.approvals import Standing
from irm.obligations.schemas import ContactMeans


class ApproverView(Struct, frozen=True):
    person: UUID
    name: str
    telephone: str | None


class RungView(Struct, frozen=True):
    """Asked from `from_` until `until`; both null until somebody asked."""

    role: str
    minutes: int
    from_: datetime | None
    until: datetime | None
    people: list[ApproverView]


class ApprovalView(Struct, frozen=True):
    """How a report stands with its approvers. `verdict`: free | approved | ask | wait | fetch | authorized | unsigned |
    correct (docs/approvals.md). `asked_now`: place in `chain`; null: nobody is asked, or the chain is exhausted."""

    verdict: str
    approval: UUID | None
    status: str | None
    text: str | None
    """SHA-256 of what is approved."""
    chain: list[RungView]
    asked_now: int | None
    half_at: datetime | None
    opens_at: datetime | None
    decided_at: datetime | None
    standing: str | None
    reason: str | None
    authorization: str | None
    """Number of the document that allows sending before approval."""
    owed: UUID | None
    """The obligation to sign afterwards."""


class Approve(Struct, forbid_unknown_fields=True, frozen=True):
    """`text`: the hash of what was read; where it is another one, a 409."""

    text: str | None = None


class GiveReason(Struct, forbid_unknown_fields=True, frozen=True):
    reason: str


class NoteWord(Struct, forbid_unknown_fields=True, frozen=True):
    """`approver` said yes outside irm."""

    approver: UUID
    means: ContactMeans
    said: str = ""
    stated_at: datetime | None = None


class PublishApprovals(Struct, forbid_unknown_fields=True, frozen=True):
    """`source`: YAML of kind Approvals."""

    source: str


class ApprovalRulesView(Struct, frozen=True):
    """`source` is null where the city asks for no approvals."""

    source: str | None
    published_at: datetime | None


def approval_view(found: Standing) -> ApprovalView:
    request: ReportApprovalRow | None = found.request
    return ApprovalView(
        verdict=found.verdict.value,
        approval=request.id if request else None,
        status=request.status if request else None,
        text=request.text_hash if request else None,
        chain=[
            RungView(
                rung.role,
                int(rung.within.total_seconds() // 60),
                found.begins[place] if found.begins else None,
                found.begins[place + 1] if found.begins else None,
                [ApproverView(each.person_id, each.name, each.telephone) for each in found.on(place)],
            )
            for place, rung in enumerate(found.rungs)
        ],
        asked_now=found.rung,
        half_at=found.half_at,
        opens_at=found.opens_at,
        decided_at=request.decided_at if request else None,
        standing=request.standing if request else None,
        reason=request.reason if request else None,
        authorization=found.authorization.number if found.authorization else None,
        owed=request.obligation_id if request else None,
    )
