"""The secrecy question of the API, before a body is validated: for every route that files (`before_request=secrecy_gate`)."""

from typing import Any

import msgspec
from litestar import Request

from irm.access.policy import Principal
from irm.config import Settings
from irm.db import Database
from irm.incidents.secrecy import record_refusal, refusal


class _Gate(msgspec.Struct):
    classified: str = ""


async def secrecy_gate(request: Request[Any, Any, Any]) -> None:
    """Before the body is validated, remembered or hashed: state secrets are refused, whatever else it says."""
    try:
        answer = msgspec.json.decode(await request.body(), type=_Gate).classified
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # not to be read; the handler says so
    if answer not in {"yes", "unsure"}:
        return
    settings: Settings = request.app.state.settings
    db: Database = request.app.state.db
    principal: Principal = request.user
    async with db.transaction(principal.actor) as tx:
        await record_refusal(tx, answer, actor=principal.actor, now=request.app.state.clock.now())
    raise refusal(secrecy_office=settings.secrecy_office_telephone, duty=settings.duty_telephone)
