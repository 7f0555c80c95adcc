"""`/channels`: how each channel does, and a test message; the same as API."""

from dataclasses import asdict
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_201_CREATED, HTTP_303_SEE_OTHER

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.notify import queries
from irm.notify.channel_schemas import ChannelView, TestMessage, channel_view
from irm.notify.health import health
from irm.notify.trying import send_test
from irm.notify.words import CHANNEL_NAMES, HEARD_NAMES, INTERFACE_NAMES, MEANS_NAMES, STATUS_NAMES, reason_of, tone_of
from irm.web.pages import Page, page

SEES: Final = allow(Permission.MANAGE_CHANNELS, Permission.RETRY_WORK)


@get("/channels", opt=SEES, include_in_schema=False)
async def channels_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    tried: FromQuery[str | None] = None,
) -> Page:
    """`tried`: the channel by which the reader has just sent a test message; what became of it stands on top."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await health(tx, now)
        latest = await queries.last_test(tx, principal.person_id, tried) if tried in CHANNEL_NAMES else None
    return page(
        "notify/channels.html",
        now=now,
        channels=found,
        tried=latest,
        channel_names=CHANNEL_NAMES,
        interface_names=INTERFACE_NAMES,
        means_names=MEANS_NAMES,
        heard_names=HEARD_NAMES,
        status_names=STATUS_NAMES,
        reason_of=reason_of,
        tone_of=tone_of,
    )


@post("/channels/{name:str}/test", opt=SEES, include_in_schema=False)
async def test_page(
    name: FromPath[str],
    request: Request[Any, Any, Any],  # noqa: ARG001 - the form's token is checked from it
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await send_test(tx, name, principal.person_id, now=clock.now(), actor=principal.actor)
    return Redirect(f"/channels?tried={name}", status_code=HTTP_303_SEE_OTHER)


@get("/api/v1/channels", opt=SEES, tags=["channels"], operation_id="list_channels")
async def list_channels(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> list[ChannelView]:
    """Every channel with its providers and the figures of the last day."""
    async with db.transaction(principal.actor) as tx:
        return [channel_view(asdict(each)) for each in await health(tx, clock.now())]


@post(
    "/api/v1/channels/{name:str}/test",
    opt=SEES,
    status_code=HTTP_201_CREATED,
    tags=["channels"],
    operation_id="test_channel",
)
async def test_channel(
    name: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> TestMessage:
    """A test message to the reader's own address on this channel, or into the group of a bot."""
    async with db.transaction(principal.actor) as tx:
        return TestMessage(await send_test(tx, name, principal.person_id, now=clock.now(), actor=principal.actor))


ROUTES: Final = [channels_page, test_page, list_channels, test_channel]
