"""Wire type of handing a report over."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from irm.obligations.schemas import Means


class SubmitReport(Struct, forbid_unknown_fields=True, frozen=True):
    """Hand over. `stated_at` only by hand: when it was handed over, default now. `for_organizations`: 代报."""

    means: Means
    items: dict[str, str] | None = None
    stated_at: datetime | None = None
    for_organizations: list[UUID] = field(default_factory=list)
    document_number: str | None = None
    recipient: UUID | None = None
    """Only where the duty names no organization."""
    version: int | None = None
    attachments: list[UUID] = field(default_factory=list)
    """Files of the incident, or of this report, that go with it."""
    before_approval: bool = False
    """先报后批: it leaves before its approvers have answered; the signature is owed afterwards."""
