"""Editions: asked for, commented, approved. Their making is in `making.py`."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm import jobs
from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Principal, Resource, may, reach
from irm.access.second import reader
from irm.access.seconds import refuse_no_second
from irm.clock import SHANGHAI
from irm.db import Actor, Tx
from irm.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from irm.i18n import N_
from irm.ledger import Event, canonical, record
from irm.one_at_a_time import be_alone
from irm.reports.handing import hand_over
from irm.reports.models import EditionDocumentRow, EditionRow, FiguresRow
from irm.reports.paper import OVERVIEW
from irm.reports.rendering import FORMATS, KEPT
from irm.reports.span import EARLIEST, annual_policy
from irm.reports.tally import Figures, read

TAKE: Final = "reports.take"
RENDER: Final = "reports.render"
OFFICIAL: Final = "zh-CN"
"""The language of what is kept and handed over; another is made when somebody asks for it."""
STEPS: Final = 1 + len(KEPT)
SCOPES: Final = ("city", "organization")
ENTRY_WORDS: Final[Mapping[str, str]] = {
    "edition.requested": N_("Annual report asked for"),
    "edition.taken": N_("Figures of the annual report taken"),
    "edition.ready": N_("Documents of the annual report made"),
    "edition.failed": N_("Annual report could not be made"),
    "edition.commented": N_("Text of the annual report written"),
    "edition.approved": N_("Annual report approved"),
    "edition.read": N_("Annual report taken out"),
    "edition.filled": N_("Form of an authority filled from the annual report"),
}
"""What the ledger says of editions."""
SAME_PERSON: Final = N_("Whoever made the edition does not approve it. A second person is needed.")
NO_EDITION: Final = N_("There is no such annual report, or it is not yours to see.")
NOT_YET: Final = N_("The documents of this edition are still being made. Approve it when they are ready.")


def subject_of(edition_id: UUID) -> str:
    return f"edition/{edition_id}"


async def make_edition(
    tx: Tx, *, year: int, scope: str, organization_id: UUID, by: Principal | None, actor: Actor, now: datetime
) -> UUID:
    """Ask for a new edition; a worker takes its figures. While one of the same report is being made, that one is given.

    `by` None: a command of the machine's owner. What people wrote in the last edition stands in the new one. Raises Invalid,
    Forbidden, NotFound.
    """
    if scope not in SCOPES:
        raise Invalid("Choose the whole city or one organization.", field="scope")
    this_year = now.astimezone(SHANGHAI).year
    if not EARLIEST <= year <= this_year:
        raise Invalid("A year from %(first)s to %(last)s.", field="year", first=EARLIEST, last=this_year)
    one = await access.organization(tx, organization_id)
    if by is not None:
        far = reach(by, Permission.MAKE_ANNUAL_REPORTS)
        if not far.covers(Resource(frozenset({organization_id}))):
            raise NotFound(access.NO_ORGANIZATION)
        if scope == "city" and not far.everything:
            raise Forbidden("Only the cloud authority of the city makes the city's report.")
    if scope == "city" and one.kind != AUTHORITY:
        raise Invalid("The city's report is the cloud authority's.", field="organization")
    await be_alone(tx, f"edition {year} {scope} {organization_id}")
    whose = (EditionRow.year == year, EditionRow.scope == scope, EditionRow.organization_id == organization_id)
    last = await tx.scalar(select(EditionRow).where(*whose).order_by(EditionRow.number.desc()).limit(1))
    if last is not None and last.status == "making":
        return last.id
    row = EditionRow(
        year=year,
        scope=scope,
        organization_id=organization_id,
        number=last.number + 1 if last else 1,
        commentary=dict(last.commentary) if last else {},
        requested_by=by.account_id if by else None,
        requested_at=now,
    )
    tx.add(row)
    await tx.flush()
    await jobs.schedule(tx, TAKE, {"edition": str(row.id)}, run_at=now, key=f"{TAKE}:{row.id}", queue="bulk")
    await tell(tx, "edition.requested", row, actor=actor, now=now)
    return row.id


async def write_commentary(
    tx: Tx, edition_id: UUID, commentary: Mapping[str, str], *, version: int, by: Principal, actor: Actor, now: datetime
) -> None:
    """Replace what people say beside the figures; the documents are made anew. Raises Invalid, Conflict, NotFound."""
    row = await locked(tx, edition_id, by, Permission.MAKE_ANNUAL_REPORTS)
    _is_open(row)
    if version != row.version:
        raise Conflict("Somebody else has changed this text meanwhile. Look at it and write again.", code="stale")
    known = {OVERVIEW} | {chapter.key for chapter in (await figures_of(tx, row)).chapters}
    most = annual_policy()["longest_comment"]
    faults = [
        FieldError(key, "The text is longer than %(most)s characters.", {"most": most})
        for key, text in commentary.items()
        if len(text) > most
    ]
    faults += [FieldError(key, "This report has no such chapter.") for key in commentary if key not in known]
    if faults:
        raise Invalid("Please correct what is marked.", errors=faults)
    kept = {key: text.strip() for key, text in commentary.items() if text.strip()}
    if kept == row.commentary:
        return
    row.commentary, row.version, row.done = kept, row.version + 1, 1
    await tx.flush()
    await render_all(tx, row, now=now)
    written = sha256(canonical(kept).encode()).hexdigest()
    await tell(tx, "edition.commented", row, actor=actor, now=now, version=row.version, commentary=written)


async def approve(tx: Tx, edition_id: UUID, *, by: Principal, actor: Actor, now: datetime) -> None:
    """A second person stands for figures, words and documents as they are; from then on nothing of them changes.

    Where a rule asks for the report, a draft of the submission is made with the documents beside it. Raises Conflict, Forbidden.
    """
    row = await locked(tx, edition_id, by, Permission.APPROVE_ANNUAL_REPORTS)
    _is_open(row)
    await refuse_no_second(
        tx,
        [row.requested_by],
        reader(by),
        Permission.APPROVE_ANNUAL_REPORTS,
        why=SAME_PERSON,
        units=[row.organization_id],
        now=now,
    )
    documents = await documents_of(tx, row)
    if set(documents) != set(KEPT):
        raise Conflict(NOT_YET, code="not_ready")
    row.status, row.approved_by, row.approved_at = "approved", by.account_id, now
    await tx.flush()
    files = {form: each.sha256 for form, each in sorted(documents.items())}
    await tell(tx, "edition.approved", row, actor=actor, now=now, version=row.version, documents=files)
    row.submission_id = await hand_over(tx, row, await figures_of(tx, row), files.values(), actor=actor, now=now)
    await tx.flush()


def _is_open(row: EditionRow) -> None:
    if row.status == "making":
        raise Conflict("This edition is still being made.", code="not_ready")
    if row.status == "failed":
        raise Conflict("This edition could not be made. Make a new one.", code="failed")
    if row.status == "approved":
        raise Conflict("This edition is approved and does not change any more. Make a new one.", code="approved")


async def locked(tx: Tx, edition_id: UUID, by: Principal, permission: Permission) -> EditionRow:
    """NotFound for what is not the reader's, Forbidden for what they may only read."""
    row = await tx.scalar(select(EditionRow).where(EditionRow.id == edition_id).with_for_update())
    own = Resource(frozenset({row.organization_id})) if row else Resource()
    if row is None or not may(by, Permission.READ_ANNUAL_REPORTS, own):
        raise NotFound(NO_EDITION)
    if not may(by, permission, own):
        raise Forbidden("Your role does not allow this.")
    return row


async def record_reading(tx: Tx, edition_id: UUID, form: str, *, actor: Actor, now: datetime) -> None:
    """Every document that was taken is in the ledger (DESIGN §7)."""
    if form not in FORMATS:
        raise NotFound("There is no such format.")
    await record(tx, Event("edition.read", subject_of(edition_id), now, actor, {"format": form}))


async def render_all(tx: Tx, row: EditionRow, *, now: datetime) -> None:
    for form in KEPT:
        args = {"edition": str(row.id), "version": row.version, "format": form}
        key = f"{RENDER}:{row.id}:{row.version}:{form}"
        await jobs.schedule(tx, RENDER, args, run_at=now, key=key, queue="bulk")


async def figures_of(tx: Tx, row: EditionRow) -> Figures:
    kept = await tx.get_one(FiguresRow, row.figures_sha256)
    return read(kept.body)


async def documents_of(tx: Tx, row: EditionRow) -> dict[str, EditionDocumentRow]:
    """What is kept of the present version in the official language, by format."""
    found = await tx.scalars(
        select(EditionDocumentRow).where(
            EditionDocumentRow.edition_id == row.id,
            EditionDocumentRow.version == row.version,
            EditionDocumentRow.locale == OFFICIAL,
        )
    )
    return {each.format: each for each in found}


async def tell(tx: Tx, action: str, row: EditionRow, *, actor: Actor, now: datetime, **more: object) -> None:
    body = {
        "year": row.year,
        "scope": row.scope,
        "organization": str(row.organization_id),
        "number": row.number,
        "figures": row.figures_sha256,
        **more,
    }
    await record(tx, Event(action, subject_of(row.id), now, actor, body))
