"""/api/v1: duty, deliveries, confirmations, replies by SMS."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import AUTHORITY, PUBLIC, Permission, Principal, allow, reach
from irm.clock import Clock
from irm.config import Settings
from irm.db import Actor, Database, Tx
from irm.errors import Forbidden, Invalid, NotFound
from irm.i18n import Translator
from irm.notify import inbound, queries, service
from irm.notify.delivery_filters import filters_from, named
from irm.notify.duty import duty_at, paged_organizations
from irm.notify.schemas import (
    Acknowledge,
    AcknowledgementView,
    DeliveryList,
    DeliveryView,
    DutyList,
    ReplyOutcome,
    delivery_view,
    duty_view,
    moment_in,
)
from irm.notify.views import Delivery

LIMIT: Final = 50
LARGEST_LIMIT: Final = 200


async def roster_organizations(tx: Tx, principal: Principal) -> list[UUID]:
    """Whose rosters the reader may see: all that he reaches, and the cloud authority's, whom anybody may have to call.
    An organization that has none is among them: that nobody would be reached there is what somebody has to know."""
    far = reach(principal, Permission.READ_ROSTER)
    desks = await paged_organizations(tx)
    authorities = {each.id for each in desks if each.kind == AUTHORITY}
    visible = [each.id for each in desks if far.everything or each.id in far.organizations | far.sent_to | authorities]
    return sorted(visible, key=lambda each: (each not in authorities, each not in principal.organizations))


@get("/api/v1/duty", opt=allow(Permission.READ_ROSTER), tags=["duty"], operation_id="get_duty")
async def get_duty(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    at: FromQuery[str | None] = None,
) -> DutyList:
    """Who is on duty in every organization that the reader may see, at `at` (RFC 3339 with zone) or now."""
    moment = moment_in(at, "at") or clock.now()
    async with db.transaction(principal.actor) as tx:
        visible = await roster_organizations(tx, principal)
        duties = await duty_at(tx, visible, moment)
    return DutyList(moment, [duty_view(duties[each]) for each in visible if each in duties])


@get("/api/v1/deliveries", opt=allow(Permission.READ_DELIVERIES), tags=["deliveries"], operation_id="list_deliveries")
async def list_deliveries(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
    cursor: FromQuery[UUID | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=LARGEST_LIMIT)] = LIMIT,
    status: FromQuery[str | None] = None,
    channel: FromQuery[str | None] = None,
    purpose: FromQuery[str | None] = None,
    incident: FromQuery[str | None] = None,
    unanswered: FromQuery[bool] = False,
    organization: FromQuery[str | None] = None,
    person: FromQuery[str | None] = None,
    since: FromQuery[str | None] = None,
    until: FromQuery[str | None] = None,
) -> DeliveryList:
    """Newest first, those of the reader's organizations. What was not sent is there too, with its reason. `organization`: its
    code; `person`: a login; `since`, `until`: days (the last one included) or moments of planning."""
    chosen = filters_from(
        status=status,
        channel=channel,
        purpose=purpose,
        about=incident,
        unanswered=unanswered,
        since=since,
        until=until,
    )
    async with db.transaction(principal.actor) as tx:
        chosen = await named(tx, chosen, organization=organization, person=person)
        found, more = await queries.deliveries_for(tx, principal, filters=chosen, before=cursor, limit=limit)
    return DeliveryList([delivery_view(each, t) for each in found], more)


@get(
    "/api/v1/deliveries/{delivery_id:uuid}",
    opt=allow(Permission.READ_DELIVERIES, Permission.ACKNOWLEDGE),
    tags=["deliveries"],
    operation_id="get_delivery",
)
async def get_delivery(
    delivery_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> DeliveryView:
    """One message with its attempts."""
    async with db.transaction(principal.actor) as tx:
        return delivery_view(await readable(tx, principal, delivery_id), t)


@post(
    "/api/v1/deliveries/{delivery_id:uuid}/acknowledgement",
    opt=allow(Permission.ACKNOWLEDGE),
    status_code=HTTP_200_OK,
    tags=["deliveries"],
    operation_id="acknowledge_delivery",
)
async def acknowledge_delivery(
    delivery_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[Acknowledge | None] = None,
) -> AcknowledgementView:
    """Confirm a page that went to the reader, or to a post of the reader's organization. Again: changes nothing."""
    at = data.at if data else None
    if at is not None and at.tzinfo is None:
        raise Invalid("A moment needs its zone.", field="at")
    async with db.transaction(principal.actor) as tx:
        done = await confirm(tx, principal, delivery_id, means="api", at=at, now=clock.now())
    return AcknowledgementView(
        delivery_id=done.delivery_id,
        acknowledged_at=done.at,
        acknowledged_by=done.by_person,
        already=done.already,
    )


@post(
    "/api/v1/deliveries/{delivery_id:uuid}/again",
    opt=allow(Permission.SUBMIT_REPORT),
    status_code=HTTP_201_CREATED,
    tags=["deliveries"],
    operation_id="send_delivery_again",
)
async def send_delivery_again(
    delivery_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> DeliveryView:
    """A person decides to send once more what failed or may not have gone out."""
    async with db.transaction(principal.actor) as tx:
        await readable(tx, principal, delivery_id)
        again = await service.send_again(tx, delivery_id, now=clock.now(), actor=principal.actor)
        return delivery_view(await readable(tx, principal, again), t)


@post("/api/v1/sms/inbound", opt=PUBLIC, status_code=HTTP_200_OK, tags=["channels"], operation_id="receive_sms")
async def receive_sms(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    key: FromQuery[str | None] = None,
) -> ReplyOutcome:
    """上行短信: the gateway hands over a reply or several, as JSON or as a form (phone, content, id under their usual names).

    Authenticated by `x-irm-secret`, `?key=`, or `x-irm-signature` (hex HMAC-SHA256 of the body). Each reply is a transaction
    of its own; the last outcome is told.
    """
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    inbound.authenticate(headers, key, body, settings.sms_secret.get_secret_value())
    outcome = ""
    for reply in inbound.read(body, headers.get("content-type", "")):
        async with db.transaction(Actor("channel", label="sms")) as tx:
            outcome = (await inbound.receive(tx, reply, now=clock.now())).outcome
    return ReplyOutcome(0, outcome)


async def readable(tx: Tx, principal: Principal, delivery_id: UUID) -> Delivery:
    """Raises NotFound for what the reader may not see, as for what is not there."""
    found = await queries.delivery(tx, delivery_id)
    far = reach(principal, Permission.READ_DELIVERIES)
    if found is None or not (
        far.everything
        or found.organization_id in far.organizations
        or await queries.may_acknowledge(tx, principal, delivery_id)
    ):
        raise NotFound("This message does not exist.")
    return found


async def confirm(
    tx: Tx, principal: Principal, delivery_id: UUID, *, means: str, at: datetime | None, now: datetime
) -> service.Acknowledgement:
    if not await queries.may_acknowledge(tx, principal, delivery_id):
        await readable(tx, principal, delivery_id)
        raise Forbidden("Only whoever was called can confirm. What you learned by telephone is a contact record.")
    return await service.acknowledge(
        tx, delivery_id, by_person=principal.person_id, means=means, at=at or now, now=now, actor=principal.actor
    )


ROUTES: Final = [get_duty, list_deliveries, get_delivery, acknowledge_delivery, send_delivery_again, receive_sms]
