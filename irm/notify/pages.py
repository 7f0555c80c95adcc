"""Pages of rosters and messages: who is on duty, what went to whom, what waits for me, the signed link, the demo's outbox."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_404_NOT_FOUND

from irm.access import queries as access
from irm.access.policy import PUBLIC, Permission, Principal, allow, may, reach
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Actor, Database
from irm.errors import Invalid, NotFound
from irm.i18n import Translator
from irm.notify import inbound, outbox, queries, service
from irm.notify.delivery_filters import PURPOSES, STATUSES, filters_from, named
from irm.notify.duty import duty_at
from irm.notify.jobs import link_hash
from irm.notify.policy import bundling
from irm.notify.roster_month import month_of
from irm.notify.rosters.desk import LAYER_NAMES
from irm.notify.rosters.whose import may_read
from irm.notify.routes import confirm, readable, roster_organizations
from irm.notify.views import Delivery
from irm.notify.words import (
    ATTEMPT_NAMES,
    CHANNEL_NAMES,
    MEANS_NAMES,
    PURPOSE_NAMES,
    STATUS_NAMES,
    WEEKDAYS,
    reason_of,
    tone_of,
)
from irm.web.drafts import came_from
from irm.web.forms import Form
from irm.web.pages import Page, is_fragment, page

PER_PAGE: Final = 50
LONGEST_MONTH: Final = timedelta(days=31)
INBOX_DAYS: Final = timedelta(days=7)
MOST_SHOWN: Final = 12
"""Calls that the inbox shows unfolded."""


@get("/duty", opt=allow(Permission.READ_ROSTER), include_in_schema=False)
async def duty_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    organization: FromQuery[str | None] = None,
    month: FromQuery[str | None] = None,
    whole: FromQuery[bool] = False,
) -> Page:
    """Who is on duty now, and the month of one organization: the next days open, the rest folded by week; `whole`
    shows every day, for printing."""
    now = clock.now()
    today = now.astimezone(SHANGHAI).date()
    first = month_in(month) or today.replace(day=1)
    async with db.transaction(principal.actor) as tx:
        visible = await roster_organizations(tx, principal)
        duties = await duty_at(tx, visible, now)
        listed = [duties[each] for each in visible if each in duties]
        shown = next((each for each in listed if each.organization.code == organization), None)
        if organization and shown is None:
            raise NotFound("There is no roster of this organization.")
        shown = shown or next((each for each in listed if each.organization.id in principal.organizations), None)
        shown = shown or next((each for each in listed if each.has_roster), None)
        days, weeks = await month_of(tx, shown, first, now, t, whole=whole) if shown else ((), ())
    return page(
        "notify/duty.html",
        now=now,
        duties=listed,
        organization_chips=[(each.organization.code, each.organization.short_name, None) for each in listed],
        shown=shown,
        shows_making=shown is not None and may_read(principal, shown.organization.id),
        days=days,
        weeks=weeks,
        whole=whole,
        first=first,
        before=(first - timedelta(days=1)).strftime("%Y-%m"),
        after=(first + timedelta(days=31)).strftime("%Y-%m"),
        nobody=sum(1 for each in listed if not each.is_manned),
        layer_names=LAYER_NAMES,
        weekdays=WEEKDAYS,
        reason_of=reason_of,
    )


@get("/deliveries", opt=allow(Permission.READ_DELIVERIES), include_in_schema=False)
async def deliveries_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    cursor: FromQuery[UUID | None] = None,
    purpose: FromQuery[str | None] = None,
    show: FromQuery[str | None] = None,
    incident: FromQuery[str | None] = None,
    channel: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    organization: FromQuery[str | None] = None,
    person: FromQuery[str | None] = None,
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> Page:
    """Every choice stands in the address, so that the list can be sent to a colleague."""
    chosen = filters_from(
        status="failed" if show == "failed" else status,
        channel=channel,
        purpose=purpose,
        about=incident.strip() if incident else None,
        unanswered=show == "unanswered",
        troubled=show == "troubled",
        since=since,
        until=until,
    )
    async with db.transaction(principal.actor) as tx:
        chosen = await named(tx, chosen, organization=organization, person=person)
        found, more = await queries.deliveries_for(tx, principal, filters=chosen, before=cursor, limit=PER_PAGE)
        far = reach(principal, Permission.READ_DELIVERIES)
        desks = await access.organizations(tx, joined=True)
    typed = {
        "incident": incident,
        "channel": channel,
        "status": status,
        "organization": organization,
        "person": person,
        "since": since,
        "until": until,
    }
    return page(
        "notify/deliveries.html",
        now=clock.now(),
        deliveries=found,
        next_cursor=more,
        query={"purpose": purpose, "show": show, **typed},
        form=Form({name: value for name, value in typed.items() if value}),
        is_narrowed=any(typed.values()),
        purpose_chips=[(each, t(PURPOSE_NAMES[each]), None) for each in PURPOSES],
        channel_options=[(name, t(word)) for name, word in CHANNEL_NAMES.items() if name != "telephone"],
        status_options=[(each, t(STATUS_NAMES[each])) for each in STATUSES],
        organization_options=[
            (each.code, each.name) for each in desks if far.everything or each.id in far.organizations
        ],
        may_see_channels=may(principal, Permission.RETRY_WORK) or may(principal, Permission.MANAGE_CHANNELS),
        may_send_again=bool(reach(principal, Permission.SUBMIT_REPORT).organizations)
        or reach(principal, Permission.SUBMIT_REPORT).everything,
        **words(),
    )


@get("/inbox", opt=allow(Permission.ACKNOWLEDGE), include_in_schema=False)
async def inbox_page(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    """What waits for the reader's confirmation, and what irm told him lately. For htmx the list alone."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        waiting = await queries.open_pages_for(tx, principal)
        told = await queries.told_lately(tx, principal.person_id, now - INBOX_DAYS)
    open_now = {each.id for each in waiting}
    told = [each for each in told if each.id not in open_now]
    template = "notify/inbox_list.html" if is_fragment(request) else "notify/inbox.html"
    return page(template, now=now, waiting=waiting, told=told, together=_together(waiting), most=MOST_SHOWN, **words())


def _together(waiting: Sequence[Delivery]) -> list[Delivery]:
    """What one button may confirm: what might share a message too. What is known to be grave is confirmed by itself."""
    return [each for each in waiting if each.urgency > bundling().alone_up_to and not each.exercise]


@post("/inbox/acknowledge", opt=allow(Permission.ACKNOWLEDGE), include_in_schema=False)
async def acknowledge_together_page(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """Confirms the pages that stood there when the button was shown; what has come since stays."""
    typed = await request.form()
    shown = {str(one) for one in typed.getall("page", [])}
    async with db.transaction(principal.actor) as tx:
        waiting = _together(await queries.open_pages_for(tx, principal))
        wanted = [each for each in waiting if each.page_key in shown]
        await service.lock_pages(tx, {each.page_key for each in wanted})
        for each in wanted:
            await confirm(tx, principal, each.id, means="page", at=None, now=clock.now())
    return Redirect(came_from(request), status_code=HTTP_303_SEE_OTHER)


@post("/deliveries/{delivery_id:uuid}/acknowledge", opt=allow(Permission.ACKNOWLEDGE), include_in_schema=False)
async def acknowledge_page(
    delivery_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """The button 确认收到; goes back to the page that it stood on."""
    async with db.transaction(principal.actor) as tx:
        await confirm(tx, principal, delivery_id, means="page", at=None, now=clock.now())
    return Redirect(came_from(request), status_code=HTTP_303_SEE_OTHER)


@post("/deliveries/{delivery_id:uuid}/again", opt=allow(Permission.SUBMIT_REPORT), include_in_schema=False)
async def send_again_page(
    delivery_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:

    async with db.transaction(principal.actor) as tx:
        await readable(tx, principal, delivery_id)
        await service.send_again(tx, delivery_id, now=clock.now(), actor=principal.actor)
    return Redirect(came_from(request), status_code=HTTP_303_SEE_OTHER)


@get("/a/{token:str}", opt=PUBLIC, include_in_schema=False)
async def link_page(token: FromPath[str], db: NamedDependency[Database], clock: NamedDependency[Clock]) -> Page:
    """Shows what is to be confirmed and a button: whatever fetches links beforehand confirms nothing."""
    async with db.transaction(Actor("channel", label="link")) as tx:
        deliveries = await queries.by_link(tx, link_hash(token))
    return _link_page(deliveries, now=clock.now())


@post("/a/{token:str}", opt=PUBLIC, include_in_schema=False, status_code=HTTP_200_OK)
async def confirm_link(token: FromPath[str], db: NamedDependency[Database], clock: NamedDependency[Clock]) -> Page:
    now = clock.now()
    async with db.transaction(Actor("channel", label="link")) as tx:
        deliveries = await queries.by_link(tx, link_hash(token))
        first = deliveries[0] if deliveries else None
        if first is not None and first.bundle_id is not None:
            await service.acknowledge_together(tx, first.bundle_id, means="link", now=now, label="link")
        elif first is not None and first.purpose == "page":
            actor = Actor("channel", first.person_id, first.organization_id, label="link")
            await service.acknowledge(
                tx, first.id, by_person=first.person_id, means="link", at=now, now=now, actor=actor
            )
        deliveries = await queries.by_link(tx, link_hash(token))
    return _link_page(deliveries, now=now)


@get("/outbox", opt=allow(Permission.READ_OUTBOX), include_in_schema=False)
async def outbox_page(
    settings: NamedDependency[Settings],
    clock: NamedDependency[Clock],
    kind: FromQuery[str | None] = None,
    recipient: FromQuery[str | None] = None,
    answered: FromQuery[str | None] = None,
) -> Page:
    """What the demo sent, newest first; an SMS can be answered as the owner of the telephone."""
    found = await outbox.caught(_catcher(settings), kind=kind or "", recipient=recipient or "")
    return page(
        "notify/outbox.html",
        now=clock.now(),
        messages=[outbox.shown(each, settings.public_url) for each in found],
        query={"kind": kind, "recipient": recipient},
        answered=answered if answered in inbound.OUTCOME_NAMES else None,
        outcome_names=inbound.OUTCOME_NAMES,
    )


@post("/outbox/reply", opt=allow(Permission.READ_OUTBOX), include_in_schema=False)
async def reply_from_outbox(
    request: Request[Any, Any, Any],
    settings: NamedDependency[Settings],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """What the gateway's callback would do, for the telephone that the form names."""
    _catcher(settings)
    reply = inbound.read(await request.body(), request.headers.get("content-type", ""))[0]
    async with db.transaction(Actor("channel", label="sms")) as tx:
        understood = await inbound.receive(tx, reply, now=clock.now())
    return Redirect(f"/outbox?kind=sms&answered={understood.outcome}", status_code=HTTP_303_SEE_OTHER)


def words() -> dict[str, Any]:
    """What the templates of deliveries need to speak."""
    return {
        "channel_names": CHANNEL_NAMES,
        "purpose_names": PURPOSE_NAMES,
        "status_names": STATUS_NAMES,
        "means_names": MEANS_NAMES,
        "attempt_names": ATTEMPT_NAMES,
        "reason_of": reason_of,
        "tone_of": tone_of,
    }


def month_in(text: str | None) -> date | None:
    if not text:
        return None
    try:
        found = datetime.strptime(text, "%Y-%m").replace(tzinfo=SHANGHAI).date()
        _ = found - LONGEST_MONTH, found + 2 * LONGEST_MONTH  # the neighbours are linked to
    except (ValueError, OverflowError):
        raise Invalid("Not a month: write 2026-11.", field="month") from None
    return found


def _link_page(deliveries: Sequence[Delivery], *, now: datetime) -> Page:
    """`waiting`: a message that carried several still asks for those that nobody confirmed otherwise."""
    return page(
        "notify/link.html",
        status_code=HTTP_200_OK if deliveries else HTTP_404_NOT_FOUND,
        headers={"cache-control": "no-store", "referrer-policy": "no-referrer"},
        now=now,
        delivery=deliveries[0] if deliveries else None,
        deliveries=deliveries,
        waiting=[each for each in deliveries if each.acknowledged_at is None],
        means_names=MEANS_NAMES,
    )


def _catcher(settings: Settings) -> str:
    if not settings.catcher_url:
        raise NotFound("This page exists in the demo only.")
    return settings.catcher_url


ROUTES: Final = [
    duty_page,
    deliveries_page,
    inbox_page,
    acknowledge_page,
    acknowledge_together_page,
    send_again_page,
    link_page,
    confirm_link,
    outbox_page,
    reply_from_outbox,
]
