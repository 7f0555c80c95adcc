"""/api/v1: what gateways call back: whether an SMS arrived, what became of a telephone call, an answer by mail."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import PUBLIC
from irm.clock import Clock
from irm.config import Settings
from irm.db import Actor, Database
from irm.errors import Invalid
from irm.notify import inbound, mail_inbound, mail_replies, told_back
from irm.notify.schemas import ReplyOutcome

Hear = Callable[..., Awaitable[told_back.Told]]


@post("/api/v1/sms/status", opt=PUBLIC, status_code=HTTP_200_OK, tags=["channels"], operation_id="receive_sms_status")
async def receive_sms_status(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    key: FromQuery[str | None] = None,
) -> ReplyOutcome:
    """送达回执: the gateway says of one SMS or of several whether they arrived. Authenticated as `/api/v1/sms/inbound`."""
    secret = settings.sms_secret.get_secret_value()
    return await _heard(request, db, key, secret, told_back.hear_sms, "sms", clock.now())


@post("/api/v1/voice/inbound", opt=PUBLIC, status_code=HTTP_200_OK, tags=["channels"], operation_id="receive_call")
async def receive_call(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    key: FromQuery[str | None] = None,
) -> ReplyOutcome:
    """The gateway says which key was pressed in a call (`digits`), or that nobody answered (`status`), with the id that irm
    gave the call (`extra`). Authenticated by `IRM_VOICE_SECRET` as `/api/v1/sms/inbound` by its own."""
    secret = settings.voice_secret.get_secret_value()
    return await _heard(request, db, key, secret, told_back.hear_call, "voice", clock.now())


async def _heard(
    request: Request[Any, Any, Any],
    db: Database,
    key: str | None,
    secret: str,
    hear: Hear,
    label: str,
    now: datetime,
) -> ReplyOutcome:
    """Each report is a transaction of its own: one that meets a fault takes no other with it. The last outcome is told."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    inbound.authenticate(headers, key, body, secret)
    outcome = "unknown"
    for report in told_back.read(body, headers.get("content-type", "")):
        async with db.transaction(Actor("channel", label=label)) as tx:
            outcome = await hear(tx, report, now=now)
    return ReplyOutcome(0, outcome)


@post("/api/v1/mail/inbound", opt=PUBLIC, status_code=HTTP_200_OK, tags=["channels"], operation_id="receive_mail")
async def receive_mail(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    key: FromQuery[str | None] = None,
) -> ReplyOutcome:
    """The mail server hands over an answer to a page, as it came (`message/rfc822`). Authenticated by `IRM_MAIL_SECRET` as
    `/api/v1/sms/inbound` by its own."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    inbound.authenticate(headers, key, body, settings.mail_secret.get_secret_value())
    if len(body) > mail_inbound.LARGEST:
        raise Invalid("The message is too long.", field="content")
    async with db.transaction(Actor("channel", label="mail")) as tx:
        return ReplyOutcome(0, await mail_inbound.receive(tx, mail_replies.read(body), now=clock.now()))


ROUTES: Final = [receive_sms_status, receive_call, receive_mail]
