"""Reads: what is owed, what was handed over, who was spoken with. Callers pass how far the reader's permission reaches."""

import base64
import binascii
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, and_, false, func, literal_column, or_, select, true, tuple_

from irm.access.narrowing import within
from irm.access.policy import Reach, Resource
from irm.db import Moment, Tx
from irm.errors import Invalid, NotFound
from irm.obligations import owed
from irm.obligations.assembling import contact_views, obligation_views, submission_views
from irm.obligations.forms import FILING
from irm.obligations.models import (
    LISTED_AT,
    LISTED_DONE,
    LISTED_NEVER,
    LISTED_RANK,
    ContactRecordRow,
    ObligationRow,
    SubmissionPartyRow,
    SubmissionRow,
)
from irm.obligations.policy import entry_policy
from irm.obligations.settling import HANDED_OVER
from irm.obligations.views import Contact, Obligation, Submission

T = TypeVar("T")

WAITING: Final = ("open", "submitted")
OVERDUE: Final = "overdue"
STATES: Final = (*owed.STATUSES, OVERDUE)


@dataclass(frozen=True)
class ObligationFilter:
    """`state`: a status, or `overdue` (open past its limit). Empty: everything."""

    state: str | None = None
    bearer: UUID | None = None
    recipient: UUID | None = None
    subject: str | None = None
    force: str | None = None
    exercise: bool | None = None
    pack: str | None = None
    system: UUID | None = None
    due_after: datetime | None = None
    due_until: datetime | None = None


Listed = tuple[int, datetime, UUID]
"""Where in the list: rank, limit, id."""

_RANK: Final = literal_column(LISTED_RANK, Integer())
_WHEN: Final = literal_column(LISTED_AT, Moment())


class _Part(Enum):
    """The list has three parts, each read along its index in one direction."""

    WAITING = auto()
    DONE = auto()
    DONE_WITHOUT_LIMIT = auto()

    @classmethod
    def of(cls, at: Listed) -> "_Part":
        rank, when, _ = at
        return cls.WAITING if rank < LISTED_DONE else cls.DONE if when < LISTED_NEVER else cls.DONE_WITHOUT_LIMIT

    def may_hold(self, state: str | None) -> bool:
        """A part is not searched to its end for what cannot be in it."""
        return state is None or (self is _Part.WAITING) == (state in (*WAITING, OVERDUE))

    @property
    def holds(self) -> ColumnElement[bool]:
        if self is _Part.WAITING:
            return _RANK < LISTED_DONE
        return and_(_RANK == LISTED_DONE, _WHEN < LISTED_NEVER if self is _Part.DONE else _WHEN == LISTED_NEVER)

    @property
    def order(self) -> tuple[ColumnElement[Any], ...]:
        along = (_RANK, _WHEN, ObligationRow.id)
        return tuple(each.asc() if self is _Part.WAITING else each.desc() for each in along)

    def after(self, at: Listed) -> ColumnElement[bool]:
        mine, theirs = tuple_(_RANK, _WHEN, ObligationRow.id), tuple_(*at)
        return mine > theirs if self is _Part.WAITING else mine < theirs


@dataclass(frozen=True)
class Slice(Generic[T]):
    entries: tuple[T, ...]
    next_cursor: str | None


async def obligations(
    tx: Tx,
    reach: Reach,
    *,
    now: datetime,
    wanted: ObligationFilter = ObligationFilter(),
    cursor: str | None = None,
    limit: int | None = None,
) -> Slice[Obligation]:
    """What still needs somebody, open before submitted, the nearest limit first; then the rest, the latest limit first, and
    last what never had one. Raises Invalid for a bad cursor or state."""
    most = min(limit or entry_policy().page_size, entry_policy().page_size)
    at = _decoded(cursor) if cursor is not None else None
    rows: list[Row[ObligationRow, int, datetime]] = []
    begin = _Part.of(at) if at is not None else _Part.WAITING
    for part in _Part:
        if part.value >= begin.value and len(rows) <= most and part.may_hold(wanted.state):
            query = select(ObligationRow, _RANK.label("rank"), _WHEN.label("when")).where(
                part.holds, visible_obligations(reach), *conditions(wanted, now)
            )
            if at is not None and part is begin:
                query = query.where(part.after(at))
            rows += (await tx.execute(query.order_by(*part.order).limit(most + 1 - len(rows)))).all()
    shown = rows[:most]
    entries = await obligation_views(tx, [row[0] for row in shown], now)
    more = _encoded(shown[-1].rank, shown[-1].when, shown[-1][0].id) if len(rows) > most else None
    return Slice(tuple(entries), more)


async def obligations_up_to(
    tx: Tx, reach: Reach, *, now: datetime, wanted: ObligationFilter, most: int
) -> list[Obligation]:
    """The first `most` or a few more, where a page of the list is not enough; nothing for a reader who sees none."""
    found: list[Obligation] = []
    cursor: str | None = None
    while not reach.is_empty and len(found) < most:
        piece = await obligations(tx, reach, now=now, wanted=wanted, cursor=cursor, limit=most)
        found += piece.entries
        cursor = piece.next_cursor
        if cursor is None:
            break
    return found


async def obligations_of(tx: Tx, subject: str, *, now: datetime, reach: Reach | None = None) -> list[Obligation]:
    """Everything owed about one subject, superseded ones too; `reach` None: all."""
    query = select(ObligationRow).where(ObligationRow.subject == subject)
    if reach is not None:
        query = query.where(visible_obligations(reach))
    rows = await tx.scalars(query.order_by(ObligationRow.due_at.asc().nulls_last(), ObligationRow.id))
    return await obligation_views(tx, list(rows), now)


async def obligation(tx: Tx, obligation_id: UUID, *, now: datetime, reach: Reach) -> Obligation:
    row = await tx.scalar(select(ObligationRow).where(ObligationRow.id == obligation_id, visible_obligations(reach)))
    if row is None:
        raise NotFound("This duty does not exist, or it is not yours to see.")
    return (await obligation_views(tx, [row], now))[0]


async def counts(tx: Tx, reach: Reach, *, now: datetime) -> Mapping[str, int]:
    """How many in each state, `overdue` among them; for chips and heads."""
    rows = await tx.execute(
        select(ObligationRow.status, func.count())
        .where(visible_obligations(reach), ~ObligationRow.exercise)
        .group_by(ObligationRow.status)
    )
    found = dict.fromkeys(STATES, 0) | {status: int(n) for status, n in rows}
    over = await tx.scalar(
        select(func.count()).where(
            visible_obligations(reach), ~ObligationRow.exercise, *conditions(ObligationFilter(OVERDUE), now)
        )
    )
    return found | {OVERDUE: over or 0}


async def submission(tx: Tx, submission_id: UUID, *, reach: Reach | None = None) -> Submission:
    """Raises NotFound where it is not the reader's: drafts are their sender's, the rest also the recipient's."""
    query = select(SubmissionRow).where(SubmissionRow.id == submission_id)
    if reach is not None:
        query = query.where(visible_submissions(reach))
    row = await tx.scalar(query)
    if row is None:
        raise NotFound("This submission does not exist, or it is not yours to see.")
    return (await submission_views(tx, [row]))[0]


async def submissions_of(tx: Tx, subject: str, *, reach: Reach | None = None) -> list[Submission]:
    """About one subject, oldest first, without what was discarded."""
    query = select(SubmissionRow).where(SubmissionRow.subject == subject, SubmissionRow.status != "discarded")
    if reach is not None:
        query = query.where(visible_submissions(reach))
    return await submission_views(
        tx, list(await tx.scalars(query.order_by(SubmissionRow.created_at, SubmissionRow.id)))
    )


async def submissions_of_report(tx: Tx, report_id: UUID) -> list[Submission]:
    """The same report to its other recipients."""
    rows = await tx.scalars(
        select(SubmissionRow)
        .where(SubmissionRow.report_id == report_id, SubmissionRow.status != "discarded")
        .order_by(SubmissionRow.created_at, SubmissionRow.id)
    )
    return await submission_views(tx, list(rows))


async def submissions_to(tx: Tx, reach: Reach, *, limit: int | None = None) -> list[Submission]:
    """What was handed over to a regulator, and what units handed to an organization of the reader's, newest first."""
    found, _ = await submissions_listed(tx, reach, limit=limit)
    return found


async def submissions_listed(
    tx: Tx, reach: Reach, *, sent: bool = False, before: UUID | None = None, limit: int | None = None
) -> tuple[list[Submission], UUID | None]:
    """What was handed to the reader's organizations, or (`sent`) by them, newest first; and the cursor for older ones.

    A filing is itself the incident that the reader already sees; it does not stand here a second time. Nor does what was
    handed over in a drill: there the director plays every authority. Raises Invalid for a cursor that is none.
    """
    desk = SubmissionRow.organization_id if sent else SubmissionRow.recipient_id

    def handed(far: Reach) -> ColumnElement[bool]:
        own = and_(desk.in_(far.organizations), SubmissionRow.form != FILING)
        return own if sent else or_(own, SubmissionRow.recipient_id.in_(far.sent_to))

    query = select(SubmissionRow).where(
        within(reach, handed, SubmissionRow.subject),
        SubmissionRow.status.in_(HANDED_OVER),
        SubmissionRow.exercise.is_(False),
    )
    if before is not None:
        last = await tx.scalar(query.where(SubmissionRow.id == before))
        if last is None:
            raise Invalid("This page of the list does not exist.", field="cursor")
        query = query.where(tuple_(SubmissionRow.submitted_at, SubmissionRow.id) < (last.submitted_at, last.id))
    most = limit or entry_policy().page_size
    newest_first = query.order_by(SubmissionRow.submitted_at.desc(), SubmissionRow.id.desc())
    rows = list(await tx.scalars(newest_first.limit(most + 1)))
    return await submission_views(tx, rows[:most]), rows[most - 1].id if len(rows) > most else None


async def subject_of_submission(tx: Tx, submission_id: UUID) -> str:
    found = await tx.scalar(select(SubmissionRow.subject).where(SubmissionRow.id == submission_id))
    if found is None:
        raise NotFound("This submission does not exist.")
    return found


async def contacts_of(tx: Tx, subject: str, *, reach: Reach | None = None) -> list[Contact]:
    """Calls, faxes, visits and letters about one subject, newest first."""
    query = select(ContactRecordRow).where(ContactRecordRow.subject == subject)
    if reach is not None and not reach.everything:
        query = query.where(ContactRecordRow.organization_id.in_(reach.organizations))
    rows = list(await tx.scalars(query.order_by(ContactRecordRow.stated_at.desc(), ContactRecordRow.id.desc())))
    return await contact_views(tx, rows)


async def incidents_sent_to(tx: Tx, organization_ids: Collection[UUID]) -> frozenset[UUID]:
    """Incidents of which these organizations have received a report."""
    rows = await tx.scalars(
        select(SubmissionRow.incident_id)
        .where(
            SubmissionRow.recipient_id.in_(organization_ids),
            SubmissionRow.status.in_(HANDED_OVER),
            SubmissionRow.incident_id.is_not(None),
        )
        .distinct()
    )
    return frozenset(each for each in rows if each is not None)


def visible_obligations(reach: Reach) -> ColumnElement[bool]:
    """A bearer sees its own; the cloud authority all; an authority never sees who still owes it something."""
    return within(reach, _borne, ObligationRow.subject)


def _borne(reach: Reach) -> ColumnElement[bool]:
    return (
        true()
        if reach.everything
        else ObligationRow.bearer_id.in_(reach.organizations)
        if reach.organizations
        else false()
    )


def visible_submissions(reach: Reach) -> ColumnElement[bool]:
    return within(reach, _handed_over, SubmissionRow.subject)


def _handed_over(reach: Reach) -> ColumnElement[bool]:
    if reach.everything:
        return true()
    spoken_for = (
        select(SubmissionPartyRow.submission_id)
        .where(
            SubmissionPartyRow.submission_id == SubmissionRow.id,
            SubmissionPartyRow.organization_id.in_(reach.organizations),
        )
        .exists()
    )
    return or_(
        SubmissionRow.organization_id.in_(reach.organizations),
        and_(SubmissionRow.status.in_(HANDED_OVER), spoken_for),
        and_(SubmissionRow.status.in_(HANDED_OVER), SubmissionRow.recipient_id.in_(reach.sent_to)),
    )


def resource_of(one: Submission) -> Resource:
    """For `policy.may`: whose it is, and to whom it was handed over."""
    sent = one.status in HANDED_OVER and one.recipient.id is not None
    return Resource(
        organizations=frozenset(each.id for each in (one.sender,) if each.id),
        sent_to=frozenset({one.recipient.id}) if sent and one.recipient.id else frozenset(),
    )


def conditions(wanted: ObligationFilter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state == OVERDUE:
        advice = [force for force, standing in entry_policy().standings.items() if standing == "advice"]
        found += [
            ObligationRow.status == "open",
            ObligationRow.due_at <= now,
            ObligationRow.force.not_in(advice),
        ]
    elif wanted.state is not None:
        if wanted.state not in owed.STATUSES:
            raise Invalid("Unknown state.", field="status")
        found.append(ObligationRow.status == wanted.state)
    found += [
        column == value
        for column, value in (
            (ObligationRow.bearer_id, wanted.bearer),
            (ObligationRow.recipient_id, wanted.recipient),
            (ObligationRow.subject, wanted.subject),
            (ObligationRow.force, wanted.force),
            (ObligationRow.exercise, wanted.exercise),
            (ObligationRow.pack_id, wanted.pack),
            (ObligationRow.system_id, wanted.system),
        )
        if value is not None
    ]
    if wanted.due_after is not None:
        found.append(ObligationRow.due_at > wanted.due_after)
    if wanted.due_until is not None:
        found.append(ObligationRow.due_at <= wanted.due_until)
    return found


def _encoded(rank: int, when: datetime, at: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([rank, when.isoformat(), str(at)]).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> Listed:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        rank, when, at = json.loads(base64.urlsafe_b64decode(padded))
        # Moments of ours have a zone; a naive one is nobody's cursor.
        return int(rank), datetime.fromisoformat(when).astimezone(UTC), UUID(at)
    except (ValueError, TypeError, OverflowError, AttributeError, RecursionError, binascii.Error) as error:
        raise Invalid("This cursor does not belong to this list.", field="cursor") from error
