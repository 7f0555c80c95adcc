"""Papers of vetting: entered with the day each was made and until when it is good, read on record, and who lacks one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access import engagements
from irm.access.engagements import Record, may_read_staff
from irm.access.engaging import Engagement
from irm.access.keeping_contacts import NOT_YOURS
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import Organization, members, organization_by_code, organizations
from irm.clock import SHANGHAI
from irm.db import SYSTEM, Actor, Tx
from irm.errors import FieldError, Forbidden, Invalid, NotFound
from irm.evidence.blobs import StoredBlob
from irm.evidence.collecting import Place
from irm.evidence.owned import OwnedEvidence
from irm.evidence.service import Attachment, attach, attachment, record_reading
from irm.i18n import N_
from irm.ledger import Event, record
from irm.oversight.models import VettingPaperRow
from irm.oversight.policy import oversight_policy
from irm.oversight.standing import LACKING, State, state_of

SUBJECT: Final = "engagement"
NO_RECORD: Final = N_("There is no vetting record of this person at this vendor.")
NO_PAPER: Final = N_("There is no such paper, or it is not yours to see.")
NOT_VETTED: Final = N_("Enter the result of the vetting first.")
AHEAD: Final = N_("This day has not come yet.")
BACKWARDS: Final = N_("The paper cannot end before the day on which it was made.")


@dataclass(frozen=True)
class Paper:
    id: UUID
    engagement_id: UUID
    attachment_id: UUID
    made_on: date
    good_until: date | None
    entered_at: datetime
    filename: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Standing:
    """`engagement` None: they hold a role there, and nothing is on record. `paper`: the latest."""

    vendor: Organization
    person_id: UUID
    name: str
    engagement: Engagement | None
    paper: Paper | None
    state: State

    @property
    def is_lacking(self) -> bool:
        return self.state in LACKING


async def standings(tx: Tx, by: Principal | None, *, now: datetime, lacking: bool = False) -> list[Standing]:
    """Everybody of the vendors whose staff the reader may see, whose contract is not over or who hold a role there without any
    record; `lacking`: only of whom something is missing. `by` None: whoever runs a command on the server."""
    vendors = {
        one.id: one
        for one in await organizations(tx, kinds=[engagements.VENDOR])
        if by is None or may_read_staff(by, one)
    }
    kept = {
        (one.organization_id, one.person_id): one for one in await engagements.records(tx, organization_ids=vendors)
    }
    latest = await latest_papers(tx, [one.id for one in kept.values()])
    today, before = now.astimezone(SHANGHAI).date(), oversight_policy().vetting_before_days
    found = [
        Standing(vendors[one.organization_id], one.person.id, one.person.name, None, None, "unrecorded")
        for one in await members(tx, vendors, now=now)
        if (one.organization_id, one.person.id) not in kept
    ]
    for one in kept.values():
        state = state_of(one.engagement, has_paper=one.id in latest, today=today, before=before)
        vendor, paper = vendors[one.organization_id], latest.get(one.id)
        found.append(Standing(vendor, one.person_id, one.name, one.engagement, paper, state))
    return [one for one in found if one.state != "left" and (one.is_lacking or not lacking)]


async def latest_papers(tx: Tx, engagement_ids: Collection[UUID]) -> Mapping[UUID, Paper]:
    """By engagement."""
    rows = await tx.scalars(
        select(VettingPaperRow)
        .where(VettingPaperRow.engagement_id.in_(engagement_ids))
        .order_by(VettingPaperRow.made_on, VettingPaperRow.id)
    )
    return {row.engagement_id: _paper(row) for row in rows}


async def papers_of(tx: Tx, engagement_id: UUID) -> list[Paper]:
    """The latest first, with their files' names."""
    rows = await tx.scalars(
        select(VettingPaperRow)
        .where(VettingPaperRow.engagement_id == engagement_id)
        .order_by(VettingPaperRow.made_on.desc(), VettingPaperRow.id.desc())
    )
    found = []
    for row in rows:
        file = await attachment(tx, row.attachment_id)
        found.append(replace(_paper(row), filename=file.filename, sha256=file.sha256))
    return found


async def staff_record(tx: Tx, by: Principal | None, code: str, person_id: UUID) -> tuple[Organization, Record]:
    """Raises NotFound, Forbidden."""
    vendor = await organization_by_code(tx, code)
    if by is not None and not may_read_staff(by, vendor):
        raise Forbidden(NOT_YOURS)
    found = await engagements.records(tx, organization_ids=[vendor.id], person_id=person_id)
    if not found:
        raise NotFound(NO_RECORD)
    return vendor, found[0]


def may_vet(by: Principal | None, vendor: Organization) -> bool:
    return by is None or may(by, Permission.VET_STAFF, Resource(frozenset({vendor.id})))


async def enter_paper(
    tx: Tx,
    vendor: Organization,
    one: Record,
    blob: StoredBlob,
    *,
    made_on: date,
    good_until: date | None,
    by: Principal | None,
    now: datetime,
) -> UUID:
    """The vetting is good as long as its latest paper says. Raises Forbidden, Invalid naming every field at fault."""
    if not may_vet(by, vendor):
        raise Forbidden(NOT_YOURS)
    if one.engagement.vetting is None:
        raise Invalid(NOT_VETTED, field="made_on")
    faults = [FieldError("made_on", AHEAD)] if made_on > now.astimezone(SHANGHAI).date() else []
    if good_until is not None and good_until < made_on:
        faults.append(FieldError("good_until", BACKWARDS))
    if faults:
        raise Invalid.of(faults)
    actor: Actor = by.actor if by else SYSTEM
    latest = (await latest_papers(tx, [one.id])).get(one.id)
    file = await attach(
        tx,
        blob,
        subject=f"{SUBJECT}/{one.id}",
        organization_id=by.home if by else None,
        account_id=by.account_id if by else None,
        actor=actor,
        now=now,
    )
    row = VettingPaperRow(
        engagement_id=one.id,
        attachment_id=file,
        made_on=made_on,
        good_until=good_until,
        entered_at=now,
        entered_by=by.person_id if by else None,
    )
    tx.add(row)
    await tx.flush()
    body = {
        "organization": str(vendor.id),
        "person": str(one.person_id),
        "paper": str(row.id),
        "sha256": blob.sha256,
        "made_on": made_on.isoformat(),
        "good_until": good_until.isoformat() if good_until else None,
    }
    await record(tx, Event("engagement.paper_entered", f"{SUBJECT}/{one.id}", now, actor, body))
    is_latest = latest is None or made_on >= latest.made_on
    if is_latest and good_until is not None and good_until != one.engagement.vetted_until:
        stated = replace(one.engagement, vetted_until=good_until)
        await engagements.state(tx, vendor.id, one.person_id, stated, actor=actor, now=now)
    return row.id


async def read_paper(tx: Tx, by: Principal, paper_id: UUID, *, now: datetime) -> Attachment:
    """Its file, and the ledger knows who read it. Raises NotFound, the same for what is not there and not the reader's."""
    row = await tx.get(VettingPaperRow, paper_id)
    if row is None:
        raise NotFound(NO_PAPER)
    file = await attachment(tx, row.attachment_id)
    if not await PROVIDER.may_read(tx, file, by):
        raise NotFound(NO_PAPER)
    await record_reading(tx, file, actor=by.actor, now=now)
    return file


class VettingEvidence(OwnedEvidence):
    """Papers of a vendor's staff: for whoever vets, and for who keeps the vendor's staff list."""

    async def may_read(self, tx: Tx, found: Attachment, by: Principal) -> bool:
        one = await _record_at(tx, found.subject)
        if one is None:
            return False
        (vendor,) = await organizations(tx, ids=[one.organization_id], with_retired=True)
        return may_read_staff(by, vendor)

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:
        places: dict[str, Place] = {}
        for subject in subjects:
            one = await _record_at(tx, subject)
            if one is not None:
                (vendor,) = await organizations(tx, ids=[one.organization_id], with_retired=True)
                places[subject] = Place(vendor.short_name, f"/organizations/{vendor.code}/staff/{one.person_id}")
        return places


async def _record_at(tx: Tx, subject: str) -> Record | None:
    found = await engagements.records(tx, ids=[UUID(subject.partition("/")[2])])
    return found[0] if found else None


def _paper(row: VettingPaperRow) -> Paper:
    return Paper(row.id, row.engagement_id, row.attachment_id, row.made_on, row.good_until, row.entered_at)


PROVIDER: Final = VettingEvidence()
