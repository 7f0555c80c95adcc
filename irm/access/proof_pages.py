"""`/me/proof`: showing again who one is; by itself for acts that cannot be sent again by themselves (files, scripts)."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_403_FORBIDDEN

from irm.access import proving, shown_passkeys
from irm.access.guard import policy_of
from irm.access.policy import SIGNED_IN, WITHOUT_FACTOR, Principal, dangerous
from irm.access.rates import address_of, rates
from irm.access.relying import WHY_NOT, RelyingParty, relying_party
from irm.access.second_factor_pages import refuse_tokens
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, NotFound
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path

AnyRequest = Request[Any, Any, Any]

HERE: Final = "/me/proof"
OWN: Final = {**SIGNED_IN, **WITHOUT_FACTOR}


async def proof_page(
    request: AnyRequest,
    principal: Principal,
    fields: Sequence[tuple[str, str]],
    action: str,
    *,
    refused: str = "",
    status_code: int = HTTP_403_FORBIDDEN,
    cookies: Sequence[Cookie] = (),
) -> Page:
    """As `problems.py` shows it to whoever sent an act: `fields` go on to `action` with the proof. `refused`: why the last
    one was none."""
    return page(
        "access/proof.html",
        status_code=status_code,
        headers={"Cache-Control": "no-store"},
        cookies=list(cookies),
        fields=fields,
        action=action,
        form=Form(),
        ways=await proving.ways_of(request, principal),
        refused=refused,
    )


@get(HERE, opt=SIGNED_IN, include_in_schema=False)
async def show_proof(
    request: AnyRequest,
    principal: NamedDependency[Principal],
    next: FromQuery[str] = "/",  # noqa: A002 - the name in the address
) -> Page:
    return await proof_page(request, principal, [("next", own_path(next))], HERE, status_code=HTTP_200_OK)


@post(HERE, opt=dangerous(SIGNED_IN, minutes=0), include_in_schema=False)
async def send_proof(request: AnyRequest) -> Redirect:
    """The guard has judged it."""
    return Redirect(own_path(str((await request.form()).get("next", "/"))), status_code=HTTP_303_SEE_OTHER)


@post(f"{HERE}/passkey", opt=OWN, include_in_schema=False, status_code=HTTP_200_OK)
async def ask_device(
    request: AnyRequest,
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> dict[str, object]:
    """For the script of the page that asks: what the device has to sign. Only this session can bring the answer."""
    refuse_tokens(principal)
    party = relying_party(settings.public_url)
    if not isinstance(party, RelyingParty):
        raise NotFound(WHY_NOT[party])
    await rates(request.app).count(db, "sign_in_address", address_of(request))
    async with db.transaction(principal.actor) as tx:
        asked = await shown_passkeys.ask_to_prove(
            tx,
            principal.account_id,
            party,
            bound_to=principal.session_id or "",
            policy=policy_of(request.app),
            now=clock.now(),
        )
    if asked is None:
        raise Conflict(proving.NO_PASSKEYS)
    return asked


ROUTES: Final = [show_proof, send_proof, ask_device]
