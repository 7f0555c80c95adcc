"""Wire types of duties owed, submissions, receipts, contact records. Moments carry a zone; durations are seconds."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, field

from irm.i18n import Translator
from irm.obligations.forms import form_of
from irm.obligations.views import Contact, Named, Obligation, Receipt, Submission
from irm.obligations.words import CLOCK_NAMES, STATUS_NAMES, SUBMISSION_NAMES, citation_text

Means = Literal["mail", "irm", "telephone", "fax", "paper", "portal"]
ContactMeans = Literal["telephone", "fax", "visit", "letter", "mail", "portal"]
ReceiptMeans = Literal["telephone", "fax", "visit", "letter", "mail", "portal", "irm"]
Outcome = Literal["received", "refused", "returned"]


class OrganizationView(Struct, frozen=True):
    """`id` is null where nobody of that kind and tier is listed."""

    id: UUID | None
    name: str
    kind: str
    tier: str | None
    telephone: str | None = None
    fax: str | None = None


class ClockView(Struct, frozen=True):
    """`state` running | overdue | stopped | since | standing | ended.

    `spare_seconds`: left, or left when it stopped; negative is lateness. `used_per_mille` of the limit.
    """

    state: str
    word: str
    since_seconds: int
    limit_seconds: int | None
    spare_seconds: int | None
    used_per_mille: int | None


class ObligationView(Struct, frozen=True):
    """One duty, frozen as the rule stood when it arose. `limit_word` follows the force (法定时限 only for law)."""

    id: UUID
    rule: str
    pack: str
    title: str
    citation: str
    force: str
    rule_status: str
    kind: str
    form: str
    bearer: OrganizationView
    recipient: OrganizationView
    subject: str
    number: str
    about: str
    """What it is about as people say it: a system's name where `number` is its code."""
    start_event: str
    started_at: datetime
    arose_at: datetime
    due_at: datetime | None
    internal_due_at: datetime | None
    limit_word: str
    status: str
    status_word: str
    born_late: bool
    submitted_at: datetime | None
    met_at: datetime | None
    overdue_at: datetime | None
    early_seconds: int | None
    reason: str | None
    generation: int
    exercise: bool
    clock: ClockView
    why: list[Any]
    drafts: list[UUID]
    unagreed: list[UUID]
    """Reports that others handed over on the bearer's behalf and to which it has not agreed."""
    away_since: datetime | None = None
    """From then to `away_until` irm itself was away, and the limit passed unreported in that time."""
    away_until: datetime | None = None


class ObligationList(Struct, frozen=True):
    obligations: list[ObligationView]
    next_cursor: str | None = None


class ReceiptView(Struct, frozen=True):
    id: UUID
    outcome: str
    standing: str
    number: str | None
    received_by: str | None
    means: str
    stated_at: datetime
    recorded_at: datetime
    entered_afterwards: bool
    confirmed_at: datetime | None
    attachment: UUID | None
    contact: UUID | None
    note: str | None


class ItemView(Struct, frozen=True):
    """`pending`: to follow (待补报)."""

    key: str
    number: str
    title: str
    text: str
    needed: bool
    pending: bool
    newer: list[str] = field(default_factory=list)
    """Newer facts that the item, which a person wrote, does not say."""


class FileView(Struct, frozen=True):
    """What goes with a report."""

    id: UUID
    name: str
    sha256: str


class SubmissionView(Struct, frozen=True):
    """`status` draft | sending | submitted | receipted | refused | returned. `proven`: by a confirmed receipt."""

    id: UUID
    serial: str
    report: UUID
    form: str
    title: str
    subject: str
    number: str
    organization: OrganizationView
    for_organizations: list[OrganizationView]
    agreed: list[UUID]
    """Those of `for_organizations` that have agreed; for the others it counts for nothing yet."""
    files: list[FileView]
    recipient: OrganizationView
    means: str | None
    status: str
    status_word: str
    ordinal: int
    items: list[ItemView]
    document_number: str | None
    version: int
    stated_at: datetime | None
    submitted_at: datetime | None
    recorded_at: datetime | None
    entered_afterwards: bool
    created_at: datetime
    delivery: UUID | None
    follows: UUID | None
    receipts: list[ReceiptView]
    obligations: list[UUID]
    proven: bool
    exercise: bool


class SubmissionList(Struct, frozen=True):
    submissions: list[SubmissionView]
    next_cursor: UUID | None = None


class ContactView(Struct, frozen=True):
    id: UUID
    direction: str
    means: str
    organization: OrganizationView
    counterpart: OrganizationView | None
    counterpart_name: str | None
    person: str
    said: str
    stated_at: datetime
    recorded_at: datetime
    entered_afterwards: bool
    serves: list[str]
    attachment: UUID | None


class ContactList(Struct, frozen=True):
    contacts: list[ContactView]


class DraftReport(Struct, forbid_unknown_fields=True, frozen=True):
    """Begin a report. `organization`: for which of the writer's organizations, if there are several."""

    form: str
    recipient: UUID
    organization: UUID | None = None
    items: dict[str, str] = field(default_factory=dict)


class EditReport(Struct, forbid_unknown_fields=True, frozen=True):
    """Items not named stay as they are. `version`: the one that the writer saw."""

    items: dict[str, str] = field(default_factory=dict)
    version: int | None = None
    document_number: str | None = None


class RecordReceipt(Struct, forbid_unknown_fields=True, frozen=True):
    """What the recipient answered. `complete_by`: until when it wants a returned report completed."""

    outcome: Outcome
    means: ReceiptMeans
    stated_at: datetime | None = None
    number: str | None = None
    received_by: str | None = None
    note: str | None = None
    attachment: UUID | None = None
    complete_by: datetime | None = None


class ConfirmReceipt(Struct, forbid_unknown_fields=True, frozen=True):
    """By a second person, or with a file."""

    attachment: UUID | None = None


class ServesAs(Struct, forbid_unknown_fields=True, frozen=True):
    """acknowledgement: `delivery`. submission: `submission`. receipt: `submission`, `outcome`, `number`."""

    purpose: Literal["acknowledgement", "submission", "receipt"]
    delivery: UUID | None = None
    submission: UUID | None = None
    outcome: Outcome = "received"
    number: str | None = None
    received_by: str | None = None


class RecordContact(Struct, forbid_unknown_fields=True, frozen=True):
    """A call, fax, visit or letter. One of `counterpart` and `counterpart_name` says who was on the other side."""

    direction: Literal["in", "out"]
    means: ContactMeans
    said: str = ""
    stated_at: datetime | None = None
    organization: UUID | None = None
    counterpart: UUID | None = None
    counterpart_name: str | None = None
    person: UUID | None = None
    """The person on the other side, if irm knows the person; a page is confirmed for that person."""
    attachment: UUID | None = None
    serves: list[ServesAs] = field(default_factory=list)


def organization_view(one: Named) -> OrganizationView:
    return OrganizationView(one.id, one.name, one.kind, one.tier, one.telephone, one.fax)


def obligation_view(one: Obligation, t: Translator) -> ObligationView:
    return ObligationView(
        id=one.id,
        rule=one.rule_id,
        pack=one.pack,
        title=t.of(one.title),
        citation=citation_text(one.citation, t),
        force=one.force,
        rule_status=one.rule_status,
        kind=one.kind,
        form=one.form,
        bearer=organization_view(one.bearer),
        recipient=organization_view(one.recipient),
        subject=one.subject,
        number=one.number,
        about=one.about,
        start_event=one.start_event,
        started_at=one.started_at,
        arose_at=one.arose_at,
        due_at=one.due_at,
        internal_due_at=one.internal_due_at,
        limit_word=t(one.limit_word),
        status=one.status,
        status_word=t(STATUS_NAMES[one.status]),
        born_late=one.born_late,
        submitted_at=one.submitted_at,
        met_at=one.met_at,
        overdue_at=one.overdue_at,
        early_seconds=_seconds(one.early),
        reason=one.reason,
        generation=one.generation,
        exercise=one.exercise,
        clock=ClockView(
            one.clock.state,
            t(CLOCK_NAMES[one.clock.state]),
            int(one.clock.since.total_seconds()),
            _seconds(one.clock.limit),
            _seconds(one.clock.spare),
            round(1000 * one.clock.used) if one.clock.used is not None else None,
        ),
        why=one.why,
        drafts=list(one.drafts),
        unagreed=[each for each, _ in one.unagreed],
        away_since=one.away.since if one.away else None,
        away_until=one.away.until if one.away else None,
    )


def submission_view(one: Submission, t: Translator) -> SubmissionView:
    form = form_of(one.form)
    return SubmissionView(
        id=one.id,
        serial=one.serial,
        report=one.report_id,
        form=one.form,
        title=t.of(form.title),
        subject=one.subject,
        number=one.number,
        organization=organization_view(one.sender),
        for_organizations=[organization_view(each) for each in one.speaks_for],
        agreed=sorted(one.agreed),
        files=[FileView(*each) for each in one.files],
        recipient=organization_view(one.recipient),
        means=one.means,
        status=one.status,
        status_word=t(SUBMISSION_NAMES[one.status]),
        ordinal=one.ordinal,
        items=[
            ItemView(
                item.key,
                t.of(item.number),
                t.of(item.title),
                one.items.get(item.key, ""),
                item.needed,
                not one.items.get(item.key, "").strip(),
                list(one.newer.get(item.key, ())),
            )
            for item in form.items
        ],
        document_number=one.document_number,
        version=one.version,
        stated_at=one.stated_at,
        submitted_at=one.submitted_at,
        recorded_at=one.recorded_at,
        entered_afterwards=one.entered_afterwards,
        created_at=one.created_at,
        delivery=one.delivery_id,
        follows=one.follows_id,
        receipts=[receipt_view(each) for each in one.receipts],
        obligations=list(one.obligations),
        proven=one.is_proven,
        exercise=one.exercise,
    )


def receipt_view(one: Receipt) -> ReceiptView:
    return ReceiptView(
        id=one.id,
        outcome=one.outcome,
        standing=one.standing,
        number=one.number,
        received_by=one.received_by,
        means=one.means,
        stated_at=one.stated_at,
        recorded_at=one.recorded_at,
        entered_afterwards=one.entered_afterwards,
        confirmed_at=one.confirmed_at,
        attachment=one.attachment_id,
        contact=one.contact_record_id,
        note=one.note,
    )


def contact_view(one: Contact) -> ContactView:
    return ContactView(
        id=one.id,
        direction=one.direction,
        means=one.means,
        organization=organization_view(one.organization),
        counterpart=organization_view(one.counterpart) if one.counterpart else None,
        counterpart_name=one.counterpart_name,
        person=one.person,
        said=one.said,
        stated_at=one.stated_at,
        recorded_at=one.recorded_at,
        entered_afterwards=one.entered_afterwards,
        serves=list(one.serves),
        attachment=one.attachment_id,
    )


def _seconds(value: timedelta | None) -> int | None:
    return int(value.total_seconds()) if value is not None else None
