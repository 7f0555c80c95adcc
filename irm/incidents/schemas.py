"""Wire types of the incident room. Moments carry a zone; levels are 1 (gravest) to 4."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

Classified = Literal["no", "yes", "unsure"]
TargetKind = Literal["system", "resource", "unknown"]
FactValue = bool | int | str


class Caller(Struct, forbid_unknown_fields=True, frozen=True):
    """The person on the telephone for whom somebody files."""

    name: str
    telephone: str
    organization: UUID | None = None


class Target(Struct, forbid_unknown_fields=True, frozen=True):
    """`system`: a system's code or id; `resource`: a host or address of the platform; `unknown`: neither is known yet."""

    kind: TargetKind
    system: str | None = None
    resource: str | None = None


class FileIncident(Struct, forbid_unknown_fields=True, frozen=True):
    """The five fields, after the question whether state secrets are concerned."""

    classified: Classified
    text: str
    target: Target
    known_at: datetime
    contact: str
    occurred_at: datetime | None = None
    category: str | None = None
    subcategory: str | None = None
    title: str | None = None
    organization: UUID | None = None
    """For which of the filer's organizations; needed only by those who belong to several."""
    caller: Caller | None = None
    markers_confirmed: bool = False
    """A marker such as 秘密★ stands in the text, and the filer says that it is nevertheless not classified."""
    joins: str | None = None
    """Number of an incident that this filing belongs to (a likely duplicate)."""
    facts: dict[str, FactValue] = field(default_factory=dict)
    noticed_by_machine: bool = False
    """A monitoring tool's own words, which nobody has looked at: it waits to be verified, and no clock runs. Tokens only."""


class LevelsView(Struct, frozen=True):
    reached: int
    possible: int
    assessed: int | None
    gb20986: int | None
    response: int | None


class IncidentLine(Struct, frozen=True):
    """One line of the list."""

    number: str
    title: str
    status: str
    exercise: bool
    levels: LevelsView
    discovered_at: datetime
    created_at: datetime
    systems: list[str]
    next_due_at: datetime | None = None


class IncidentList(Struct, frozen=True):
    incidents: list[IncidentLine]
    next_cursor: str | None


class PartView(Struct, frozen=True):
    organization: UUID
    organization_name: str
    roles: list[str]
    known_at: datetime
    known_basis: str
    reached: int
    possible: int
    systems: list[str]
    handled_at: datetime | None


class FilingView(Struct, frozen=True):
    id: UUID
    organization: UUID
    organization_name: str
    means: str
    text: str
    occurred_at: datetime | None
    known_at: datetime
    target: Target
    contact: str
    caller: Caller | None
    received_at: datetime
    recorded_at: datetime


class AttachmentView(Struct, frozen=True):
    id: UUID
    filename: str
    sha256: str
    size: int
    media_type: str
    uploaded_at: datetime
    url: str


class IncidentView(Struct, frozen=True):
    number: str
    title: str
    status: str
    exercise: bool
    levels: LevelsView
    occurred_at: datetime | None
    discovered_at: datetime
    category: str | None
    subcategory: str | None
    packs: dict[str, str]
    parts: list[PartView]
    filings: list[FilingView]
    why: list[dict[str, Any]]
    """The trace: every rule, what it says about these facts, and its article."""
    attachments: list[AttachmentView]
    created_at: datetime
    handled_at: datetime | None
    closed_at: datetime | None
    waiting: list["WaitingView"]
    merged: list["MergedNumber"]
    """What was merged into it, as far as the reader had a part in that."""
    merged_into: str | None = None
    """Asked for by the number of a merged incident, this is the main one's."""


class MergedNumber(Struct, frozen=True):
    number: str
    at: datetime


class WaitingView(Struct, frozen=True):
    """Something decided by one person that has no effect until a second one confirms it."""

    id: UUID
    kind: Literal["assessment", "status", "parting", "discovery"]
    to: str
    """The level, the status, the number of the incident that is to be parted again, or the moment of knowledge."""
    reason: str
    at: datetime
    mine: bool
    """Asked for by the reader, or by a colleague for whom he stands in: somebody else decides it."""
    organization: UUID | None = None
    """Whose moment of knowledge."""


class FiledView(Struct, frozen=True):
    """`joined`: the filing was added to an incident that was there before."""

    number: str
    url: str
    levels: LevelsView
    joined: bool
    likely_duplicates: list[str]


class FactsView(Struct, frozen=True):
    common: dict[str, Any]
    own: dict[str, dict[str, Any]]
    """By organization id: what that part says for itself; only the reader's own (the cloud authority sees all)."""


class SetFacts(Struct, forbid_unknown_fields=True, frozen=True):
    """Only what is named changes. A figure, true/false, a word of the catalogue, "none" or "unknown"; null takes back."""

    facts: dict[str, FactValue | None]
    organization: UUID | None = None
    """Whose part; absent: the reader's own part, and for the cloud authority what holds for the whole incident."""
    reason: str = ""


class AssessLevel(Struct, forbid_unknown_fields=True, frozen=True):
    level: int
    reason: str
    stage: Literal["preliminary", "review"] = "preliminary"
    response_level: int | None = None


class ChangeStatus(Struct, forbid_unknown_fields=True, frozen=True):
    status: str
    reason: str = ""
    organization: UUID | None = None
    """For `handled`: whose part. The cloud authority leaves it out to speak for every part."""


class MoveDiscovery(Struct, forbid_unknown_fields=True, frozen=True):
    known_at: datetime
    organization: UUID | None = None
    """Whose; absent: the reader's own part."""
    reason: str = ""
    """Needed for a later moment."""


class MergeInto(Struct, forbid_unknown_fields=True, frozen=True):
    into: str
    """Number of the main incident; of a merged one, its main incident is meant."""
    reason: str


class PartAgain(Struct, forbid_unknown_fields=True, frozen=True):
    reason: str


class MergeView(Struct, frozen=True):
    """`number` goes into `merged_into`. `duties_united`: by the duty that ended, the one that goes on for it."""

    id: UUID
    number: str
    merged_into: str
    duties_moved: list[UUID]
    duties_united: dict[str, UUID]


class BecomesView(Struct, frozen=True):
    """One duty before and after. `change`: unchanged, moved, united, earlier, new."""

    title: str
    bearer: str
    recipient: str
    due_before: datetime | None
    """At the main incident."""
    due_there: datetime | None
    """At the one that would be absorbed."""
    due_after: datetime | None
    status: str
    change: str


class PreviewView(Struct, frozen=True):
    number: str
    into: str
    status: str
    levels: LevelsView
    discovered_at: datetime
    duties: list[BecomesView]


class PartingView(Struct, frozen=True):
    """`effective` is false while a second person has to confirm; then `waiting` says what to confirm."""

    number: str
    main: str
    effective: bool
    waiting: UUID | None = None


class DuplicateView(Struct, frozen=True):
    number: str
    url: str
    title: str
    status: str
    discovered_at: datetime


class DuplicateList(Struct, frozen=True):
    likely_duplicates: list[DuplicateView]


class Confirm(Struct, forbid_unknown_fields=True, frozen=True):
    confirmed: bool


class OutcomeView(Struct, frozen=True):
    """`effective` is false while a second person has to confirm; then `waiting` says what to confirm."""

    number: str
    status: str
    levels: LevelsView
    effective: bool
    waiting: UUID | None = None


class TimelineEntry(Struct, frozen=True):
    """`leaf_hash`: RFC 9162 leaf of the entry in the ledger, hex."""

    id: UUID
    at: datetime
    action: str
    subject: str
    actor: str
    body: dict[str, Any]
    reason: str
    leaf_hash: str


class Timeline(Struct, frozen=True):
    entries: list[TimelineEntry]
    next_cursor: str | None
