"""The duty screen `/screen`, which knows a device and no account, and the page where screens are made and revoked."""

import json
from typing import Any, Final
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Response
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_401_UNAUTHORIZED, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import PUBLIC, Permission, Principal, allow, dangerous, reach
from irm.clock import Clock
from irm.db import SYSTEM, Database
from irm.duty_screen import devices
from irm.duty_screen.glance import Glance
from irm.duty_screen.policy import screen_policy
from irm.duty_screen.queries import glance_of
from irm.errors import Invalid, NotFound
from irm.i18n import N_, Translator
from irm.web.assets import static_url
from irm.web.cookies import cookie, cookie_of
from irm.web.forms import Form
from irm.web.pages import Page, page

COOKIE: Final = "irm_screen"
PATH: Final = "/screen"
DAY: Final = 24 * 3600
WRONG: Final = N_("This token is unknown or was revoked. An administrator makes one under Duty screens.")
WORDS: Final = {
    "left": N_("{duration} left"),
    "over": N_("{duration} over"),
    "minutes": N_("{m} min"),
    "hours": N_("{h} h {m} min"),
    "age": N_("Figures {n} s old"),
    "cut": N_("Connection interrupted for {n} s. The figures are old: look at irm or use the telephone."),
}


@get(PATH, opt=PUBLIC, include_in_schema=False)
async def screen_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """Without a device's cookie: where its token is typed in."""
    token = _token_of(request)
    shown = await _glance(token, db, clock)
    if shown is None:
        return page("duty_screen/enrol.html", now=clock.now(), form=Form(), revoked=bool(token))
    policy = screen_policy()
    return page(
        "duty_screen/screen.html",
        cookies=[_cookie(token, request)],
        words=json.dumps({key: t(text) for key, text in WORDS.items()}, ensure_ascii=False),
        policy=policy,
        **_shown(shown),
    )


@get("/screen/now", opt=PUBLIC, include_in_schema=False)
async def screen_now(
    request: Request[Any, Any, Any], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page | Response[str]:
    """What the page asks for every few seconds. 401 without a word for what is no device."""
    token = _token_of(request)
    shown = await _glance(token, db, clock)
    if shown is None:
        return Response("", status_code=HTTP_401_UNAUTHORIZED, media_type="text/plain")
    return page("duty_screen/glance.html", cookies=[_cookie(token, request)], **_shown(shown))


@post(PATH, opt=PUBLIC, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def enrol(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    """The device keeps the token as a cookie that no script reads and that goes to this page alone."""
    token = str((await request.form()).get("token") or "").strip()
    async with db.transaction(SYSTEM) as tx:
        found = await devices.screen_of(tx, token, now=clock.now())
    if found is None:
        form = Form.refused({}, Invalid(WRONG, field="token"), t)
        return page(
            "duty_screen/enrol.html",
            now=clock.now(),
            form=form,
            revoked=False,
            status_code=HTTP_422_UNPROCESSABLE_ENTITY,
        )
    return Redirect(PATH, status_code=HTTP_303_SEE_OTHER, cookies=[_cookie(token, request)])


async def _glance(token: str, db: Database, clock: Clock) -> Glance | None:
    now = clock.now()
    async with db.transaction(SYSTEM) as tx:
        screen = await devices.screen_of(tx, token, now=now)
        if screen is None:
            return None
        try:
            return await glance_of(tx, screen, now=now)
        except NotFound:
            return None


def _shown(one: Glance) -> dict[str, Any]:
    return {
        "now": one.now,
        "glance": one,
        "sounds_from": screen_policy().sounds_from_level,
        "release": static_url("screen.js") + static_url("screen.css"),
    }


def _cookie(token: str, request: Request[Any, Any, Any]) -> Cookie:
    """Begun anew with every look, so that a screen that is on never loses it."""
    days = screen_policy().cookie_days
    return cookie(request.app.state.settings, COOKIE, token, path=PATH, max_age=days * DAY, samesite="strict")


def _token_of(request: Request[Any, Any, Any]) -> str:
    """A screen that hung before cookies had a prefix over https goes on: its token is random and looked up, whoever put it there."""
    return cookie_of(request, COOKIE) or request.cookies.get(COOKIE, "")


# -- the administrator's side


@get("/screens", opt=allow(Permission.MANAGE_SCREENS), include_in_schema=False)
async def screens_page(
    principal: NamedDependency[Principal], db: NamedDependency[Database], clock: NamedDependency[Clock]
) -> Page:
    return await _list(principal, db, clock, Form())


@post(
    "/screens",
    opt=dangerous(allow(Permission.MANAGE_SCREENS)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def make_page(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """Shows the token on the page that answers, and never again."""
    given = await request.form()
    typed = {name: str(given.get(name) or "") for name in ("name", "organization")}
    try:
        async with db.transaction(principal.actor) as tx:
            _, token = await devices.make_screen(
                tx,
                name=typed["name"],
                organization=typed["organization"],
                by=principal,
                actor=principal.actor,
                now=clock.now(),
            )
    except Invalid as error:
        return await _list(
            principal, db, clock, Form.refused(typed, error, t), status_code=HTTP_422_UNPROCESSABLE_ENTITY
        )
    return await _list(principal, db, clock, Form(), token=token, made=typed["name"].strip())


@post("/screens/{screen_id:uuid}/revoke", opt=dangerous(allow(Permission.MANAGE_SCREENS)), include_in_schema=False)
async def revoke_page(
    screen_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        await devices.revoke_screen(tx, screen_id, by=principal, actor=principal.actor, now=clock.now())
    return Redirect("/screens", status_code=HTTP_303_SEE_OTHER)


async def _list(
    principal: Principal,
    db: Database,
    clock: Clock,
    form: Form,
    *,
    token: str = "",
    made: str = "",
    status_code: int = HTTP_200_OK,
) -> Page:
    far = reach(principal, Permission.MANAGE_SCREENS)
    async with db.transaction(principal.actor) as tx:
        found = await devices.screens(tx, by=principal)
        desks = [
            each
            for each in await access.organizations(tx, joined=True)
            if far.everything or each.id in far.organizations
        ]
    return page(
        "duty_screen/screens.html",
        status_code=status_code,
        now=clock.now(),
        screens=found,
        form=form,
        desks=[(each.code, each.name) for each in desks],
        token=token,
        made=made,
    )


ROUTES: Final = [screen_page, screen_now, enrol, screens_page, make_page, revoke_page]
