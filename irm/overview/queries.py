"""The board of one reader, read from every room."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select

from irm.absence import absences, figures
from irm.access import queries as access
from irm.access.policy import AUTHORITY, Permission, Principal, Reach, may, reach
from irm.db import Tx
from irm.exercise import clocks_of
from irm.heartbeat import HeartbeatRow
from irm.i18n import N_
from irm.incidents import queries as incidents
from irm.incidents.filters import Filters
from irm.incidents.lifecycle import STATUS_NAMES, Status
from irm.incidents.models import IncidentRow
from irm.notify import contacts, queries as notify
from irm.notify.bundling import urgency_of
from irm.notify.duty import duty_at
from irm.notify.policy import bundling
from irm.notify.queries import HOPEFUL
from irm.notify.reasons import REASONS
from irm.notify.roster import OnDuty
from irm.notify.views import Delivery
from irm.obligations import queries as obligations
from irm.obligations.policy import entry_policy
from irm.obligations.views import Obligation
from irm.overview.alerts import alerts_to_judge
from irm.overview.approving import with_approvals
from irm.overview.board import FOR_OTHERS, Board, LiveIncident, Need, Station, Trouble, gravest_first, in_order, is_far
from irm.overview.dead_work import dead_tasks
from irm.overview.glasses import glasses
from irm.overview.handovers import handovers
from irm.overview.missed import missed_things, unwatched
from irm.overview.paper_for_the_night import missing_sheet
from irm.overview.press import questions
from irm.overview.proposals import proposals
from irm.overview.providers_down import providers_down
from irm.overview.rosters_ahead import rosters_ahead
from irm.overview.second_persons import second_persons
from irm.overview.silent_people import silent_people
from irm.overview.unmanned import unmanned
from irm.playbooks.models import TaskRow

CHIPS: Final = 5
SILENT_AFTER: Final = timedelta(seconds=30)
"""A process that works on jobs beats every five seconds (`irm.process`)."""
SKEW_MS: Final = 2_000
LATELY: Final = timedelta(days=1)
MOST: Final = 100
WHILE_AWAY: Final = N_("limit passed while irm was away")
CALL_THEM: Final = N_("No message reached anybody. Call by telephone, and keep what is said as a contact record.")


async def board_of(tx: Tx, principal: Principal, *, now: datetime) -> Board:
    own = principal.organizations
    far = reach(principal, Permission.READ_OBLIGATIONS)
    owed = await _owed(tx, far, "open", now)
    awaited = await _owed(tx, far, "submitted", now)
    live = await _live_incidents(tx, principal, owed)
    clocked = [one for one in owed if one.limit_at and one.kind != "standing" and not is_far(one.limit_at, now)]
    counted = [one.limit_at for one in clocked if one.limit_at and not one.exercise]
    needs = [
        *await _pages(tx, principal),
        *await _unanswered(tx, principal),
        *await unmanned(tx, principal, now=now),
        *await rosters_ahead(tx, principal, now=now),
        *await dead_tasks(tx, principal),
        *await missing_sheet(tx, principal, now=now),
        *await missed_things(tx, principal),
        *await unwatched(tx, principal, now=now),
        *await providers_down(tx, principal),
        *await silent_people(tx, principal, now=now),
        *await glasses(tx, principal, now=now),
        *_duties(owed, own, may(principal, Permission.SUBMIT_REPORT)),
        *_receipts(awaited, own, may(principal, Permission.RECORD_RECEIPT)),
        *await _tasks(tx, principal),
        *await second_persons(tx, principal),
        *await handovers(tx, principal, now=now),
        *await questions(tx, principal),
        *await proposals(tx, principal),
        *await alerts_to_judge(tx, principal, now=now),
    ]
    needs = await with_approvals(tx, principal, needs)
    kinds = {one.number: one.level_kind for one in live}
    waiting = [need for need in needs if not is_far(need.due_at, now)]
    return Board(
        days_ahead=entry_policy().coming_days,
        now=now,
        needs=in_order(replace(need, level_kind=kinds.get(need.about, need.level_kind)) for need in waiting),
        later=in_order(need for need in needs if is_far(need.due_at, now)),
        incidents=gravest_first(live),
        clocks=[_chip(one) for one in clocked[:CHIPS]],
        more_clocks=max(0, len(clocked) - CHIPS),
        stations=await _stations(tx, principal, now),
        troubles=await _troubles(tx, principal, now),
        received=await obligations.submissions_to(tx, reach(principal, Permission.READ_SUBMISSIONS), limit=CHIPS),
        nearest_due=min((at for at in counted if at > now), default=None),
        overdue=sum(at <= now for at in counted),
    )


async def todo_of(tx: Tx, principal: Principal, *, now: datetime) -> tuple[list[Need], list[Need]]:
    """待办: only what waits for this reader; first what presses, then what is due later."""
    board = await board_of(tx, principal, now=now)
    return [need for need in board.needs if need.kind not in FOR_OTHERS], list(board.later)


async def _owed(tx: Tx, far: Reach, state: str, now: datetime) -> list[Obligation]:
    if far.is_empty:
        return []
    wanted = obligations.ObligationFilter(state=state)
    found = await obligations.obligations(tx, far, now=now, wanted=wanted, limit=MOST)
    return list(found.entries)


def _chip(one: Obligation) -> dict[str, Any]:
    return {
        **one.chip(),
        "title": one.title,
        "limit_word": one.limit_word,
        "citation": one.citation,
        "bearer": one.bearer.name,
        "number": one.about,
        "href": one.page,
        "exercise": one.exercise,
    }


async def _pages(tx: Tx, principal: Principal) -> list[Need]:
    if not may(principal, Permission.ACKNOWLEDGE):
        return []
    open_pages = await notify.open_pages_for(tx, principal)
    since = await notify.first_called(tx, {one.page_key for one in open_pages})
    return [
        Need(
            "page",
            one.id,
            one.titles,
            one.about,
            one.path,
            since[one.page_key],
            one.level,
            detail=one.organization if one.person_id is None else "",
            exercise=one.exercise,
            urgency=one.urgency,
        )
        for one in open_pages
    ]


async def _unanswered(tx: Tx, principal: Principal) -> list[Need]:
    """Pages to others that nobody has confirmed: the authority's duty officer takes the telephone. Those that reached
    nobody are shown to everybody who may see them."""
    if not may(principal, Permission.READ_DELIVERIES):
        return []
    pages = await notify.pages_awaited(tx, principal)
    called = {one.person_id for page in pages for one in page.deliveries if one.person_id}
    asked = {one.organization_id for page in pages for one in page.deliveries if one.organization_id}
    known = await contacts.people(tx, called)
    desks = {desk.id: desk for desk in await access.organizations(tx, ids=asked)}
    needs = []
    for page in pages:
        first = page.deliveries[0]
        if not page.reached:
            needs.append(_unreached(page, desks))
        elif principal.is_authority:
            others = [one for one in page.deliveries if one.person_id != principal.person_id and one.status in HOPEFUL]
            numbers = [known[one.person_id].telephone for one in others if one.person_id in known]
            numbers += [desks[one.organization_id].telephone for one in others if one.organization_id in desks]
            if others:
                needs.append(
                    Need(
                        "unanswered",
                        first.id,
                        _fullest(page).titles,
                        first.about,
                        first.path,
                        first.created_at,
                        first.level,
                        detail=" · ".join(sorted({one.name or one.organization for one in others})),
                        telephone=next((number for number in numbers if number), ""),
                        calls=True,
                        desk=next(
                            (desks[one.organization_id].code for one in others if one.organization_id in desks), ""
                        ),
                        exercise=first.exercise,
                        urgency=first.urgency,
                    )
                )
    return needs


def _fullest(page: notify.AwaitedPage) -> Delivery:
    """What was told inside irm says what it is about; what leaves the network does not."""
    return next((one for one in page.deliveries if one.channel == "in_app"), page.deliveries[0])


def _unreached(page: notify.AwaitedPage, desks: Mapping[UUID, access.Organization]) -> Need:
    """The telephone is that of the organization that was last asked for and has one."""
    first = page.deliveries[0]
    concerned = list(
        dict.fromkeys(one.organization_id for one in reversed(page.deliveries) if one.organization_id in desks)
    )
    numbers = [desks[each].telephone for each in concerned if each]
    whom = dict.fromkeys(one.organization or one.name for one in page.deliveries)
    reasons = dict.fromkeys(REASONS.get(one.reason or "", one.reason or "") for one in page.deliveries)
    return Need(
        "unreached",
        first.id,
        _fullest(page).titles,
        first.about,
        first.path,
        first.created_at,
        first.level,
        detail=" · ".join(each for each in whom if each),
        telephone=next((number for number in numbers if number), ""),
        calls=True,
        desk=next((desks[each].code for each in concerned if each), ""),
        advice=CALL_THEM,
        reasons=tuple(each for each in reasons if each),
        acute=True,
        exercise=first.exercise,
        urgency=first.urgency,
    )


def _duties(owed: list[Obligation], own: frozenset[UUID], may_submit: bool) -> list[Need]:
    needs = []
    for one in owed:
        if one.bearer.id not in own or one.kind == "standing":
            continue
        ready = bool(one.drafts) and may_submit
        needs.append(
            Need(
                "report" if ready else "duty",
                one.id,
                one.title,
                one.about,
                f"/submissions/{one.drafts[0]}" if ready else one.page,
                one.arose_at,
                started_at=one.started_at,
                due_at=one.limit_at,
                limit_word=one.limit_word,
                detail=one.recipient.name,
                recipient=one.recipient,
                advice=WHILE_AWAY if one.away else "",
                exercise=one.exercise,
                pace=one.pace,
            )
        )
    return needs


def _receipts(awaited: list[Obligation], own: frozenset[UUID], may_record: bool) -> list[Need]:
    """Handed over, but nothing proves yet that the recipient has it."""
    return [
        Need(
            "receipt",
            one.id,
            one.title,
            one.about,
            one.page,
            one.submitted_at or one.arose_at,
            detail=one.recipient.name,
            recipient=one.recipient,
            exercise=one.exercise,
        )
        for one in awaited
        if may_record and one.bearer.id in own
    ]


async def _tasks(tx: Tx, principal: Principal) -> list[Need]:
    mine = reach(principal, Permission.DO_TASKS).organizations & principal.organizations
    rows = await tx.execute(
        select(TaskRow, IncidentRow.number)
        .outerjoin(IncidentRow, IncidentRow.id == TaskRow.incident_id)
        .where(
            TaskRow.status == "open",
            or_(TaskRow.person_id == principal.person_id, TaskRow.organization_id.in_(mine)),
        )
        .order_by(TaskRow.due_at.asc().nulls_last(), TaskRow.id)
        .limit(MOST)
    )
    found = rows.all()
    paces = await clocks_of(tx, {row.subject for row, _ in found if row.exercise})
    return [
        Need(
            "task",
            row.id,
            row.title,
            number or "",
            f"/tasks/{row.id}",
            row.created_at,
            started_at=row.created_at if row.due_at else None,
            due_at=row.due_at,
            exercise=row.exercise,
            pace=paces.get(row.subject),
        )
        for row, number in found
    ]


async def _live_incidents(tx: Tx, principal: Principal, owed: list[Obligation]) -> list[LiveIncident]:
    if not may(principal, Permission.READ_INCIDENTS):
        return []
    found, _ = await incidents.incidents(tx, principal, Filters(live=True), limit=MOST)
    nearest: dict[str, Mapping[str, Any]] = {}
    for one in owed:
        if one.limit_at is not None and one.kind != "standing":
            nearest.setdefault(one.subject, {"started_at": one.started_at, "due_at": one.limit_at, "pace": one.pace})
    return [
        LiveIncident(
            each.id,
            each.number,
            each.title,
            each.status,
            STATUS_NAMES[Status(each.status)],
            each.clock_level,
            "assessed" if each.assessed is not None else "reached" if each.possible == each.reached else "possible",
            each.discovered_at,
            each.exercise,
            nearest.get(each.subject),
            urgency_of(each.reached, each.possible, each.assessed, bundling()),
        )
        for each in found
    ]


async def _stations(tx: Tx, principal: Principal, now: datetime) -> list[Station]:
    """The cloud authority's desk and the reader's own."""
    if not may(principal, Permission.READ_ROSTER):
        return []
    desks = {desk.id for desk in await access.organizations(tx, kinds=[AUTHORITY], joined=True)}
    duties = await duty_at(tx, desks | principal.organizations, now)
    return [
        Station(
            duty.organization.short_name,
            tuple((each.name, each.shift.role, each.telephone) for each in duty.on_shift),
            duty.state.until if isinstance(duty.state, OnDuty) else None,
            duty.organization.telephone,
        )
        for duty in duties.values()
        if duty.has_roster or duty.organization.id in desks
    ]


async def _troubles(tx: Tx, principal: Principal, now: datetime) -> list[Trouble]:
    found: list[Trouble] = []
    if principal.is_authority:
        found += await _machinery(tx, now)
    if principal.is_authority and may(principal, Permission.READ_DELIVERIES):
        failed = await notify.failed(tx, since=now - LATELY)
        if failed:
            found.append(Trouble("failed_deliveries", n=failed))
    return found


async def _machinery(tx: Tx, now: datetime) -> list[Trouble]:
    """Whether somebody sends at all, whether the broker carries, whether a host's clock is wrong."""
    beats = list(await tx.scalars(select(HeartbeatRow).where(HeartbeatRow.seen_at >= now - SILENT_AFTER)))
    dispatchers = [beat for beat in beats if beat.kind == "dispatcher"]
    lately = await absences(tx, since=now - figures().shown_for)
    found = [Trouble("was_away", since=one.since, until=one.until) for one in lately]
    if not dispatchers:
        last = await tx.scalar(select(func.max(HeartbeatRow.seen_at)).where(HeartbeatRow.kind == "dispatcher"))
        found.append(Trouble("nobody_sends", since=last))
    silent = [beat.broker_silent_since for beat in dispatchers if beat.broker_silent_since]
    if silent:
        found.append(Trouble("broker_silent", since=min(silent)))
    skewed = [beat for beat in beats if abs(beat.clock_skew_ms) > SKEW_MS]
    if skewed:
        found.append(Trouble("clock_skew", tuple(beat.process for beat in skewed)))
    return found
