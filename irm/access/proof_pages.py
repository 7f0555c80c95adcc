"""`/me/proof`: showing again who one is, for acts that cannot be sent again by themselves (files, scripts)."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access.policy import SIGNED_IN, dangerous
from irm.web.forms import Form
from irm.web.pages import Page, page
from irm.web.preferences import own_path


@get("/me/proof", opt=SIGNED_IN, include_in_schema=False, sync_to_thread=False)
def show_proof(next: FromQuery[str] = "/") -> Page:  # noqa: A002 - the name in the address
    return page("web/proof.html", fields=[("next", own_path(next))], action="/me/proof", form=Form())


@post("/me/proof", opt=dangerous(SIGNED_IN, minutes=0), include_in_schema=False)
async def send_proof(request: Request[Any, Any, Any]) -> Redirect:
    """The guard has judged it."""
    return Redirect(own_path(str((await request.form()).get("next", "/"))), status_code=HTTP_303_SEE_OTHER)


ROUTES: Final = [show_proof, send_proof]
