"""The city's identity provider says who has signed out there (OpenID Connect Back-Channel Logout 1.0)."""

from typing import Any, Final

import structlog
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.status_codes import HTTP_200_OK

from irm.access.asking_there import needed_provider
from irm.access.oidc_metadata import BACK_CHANNEL
from irm.access.oidc_provider import ProviderTrouble
from irm.access.oidc_tokens import TokenRefused
from irm.access.policy import PUBLIC
from irm.access.rates import address_of, rates
from irm.access.signed_out_there import end_sessions
from irm.clock import Clock
from irm.db import SYSTEM, Database

log = structlog.get_logger(__name__)

FIELD: Final = "logout_token"


@post(BACK_CHANNEL, opt=PUBLIC, status_code=HTTP_200_OK, tags=["access"], operation_id="signed_out_at_the_provider")
async def signed_out(
    request: Request[Any, Any, Any], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Response[None]:
    """The identity provider ends the sessions that it had let in: a form with one `logout_token`, signed by it. 400 for every
    token that is not believed, or was taken before."""
    provider, now = needed_provider(request), clock.now()
    sent = await request.form()
    try:
        out = await provider.signed_out(_only(sent.getall(FIELD, [])), now=now)
    except TokenRefused as refused:
        raise await _refusal(request, db, refused.reason) from None
    except ProviderTrouble as trouble:
        # Nobody is signed out because somebody cannot be asked; nor is it this caller's fault, so it is not counted.
        log.warning("logout token not judged", reason=trouble.reason, detail=trouble.detail)
        raise ClientException(detail=f"{FIELD}: {trouble.reason}") from None
    async with db.transaction(SYSTEM) as tx:
        ended = await end_sessions(tx, out, now=now)
    if ended is None:
        raise await _refusal(request, db, "taken")
    log.info("signed out at the identity provider", sessions=ended)
    return Response(None, status_code=HTTP_200_OK, headers={"Cache-Control": "no-store"})


def _only(sent: list[Any]) -> str:
    if len(sent) != 1 or not isinstance(sent[0], str):
        raise TokenRefused("form")
    return sent[0]


async def _refusal(request: Request[Any, Any, Any], db: Database, reason: str) -> ClientException:
    """Raises TooOften where one address sends too many that are not believed."""
    log.warning("logout token not accepted", reason=reason)
    await rates(request.app).count(db, "wrong_logout", address_of(request))
    return ClientException(detail=f"{FIELD}: {reason}")


ROUTES: Final = [signed_out]
