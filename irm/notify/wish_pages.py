"""`/me/channels`: how I am told: my addresses and since when each is verified, my orders, my quiet hours."""

from typing import Any, Final

import msgspec
from litestar import Request, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import SIGNED_IN, Principal
from irm.clock import Clock
from irm.db import Database
from irm.errors import Invalid
from irm.i18n import N_, Translator
from irm.notify import wishes
from irm.notify.preferring import Preference
from irm.notify.proving import prove_me
from irm.notify.reaching import PROVES
from irm.notify.words import CHANNEL_NAMES
from irm.web.forms import Form
from irm.web.pages import Page, page

PLACES: Final = 3
"""Channels of an order that the form asks for; the rest keeps the contact list's."""
DONE: Final = {
    "saved": N_("It was saved."),
    "asked": N_("A test is on its way: answer it by the channel itself, and the address is verified."),
}


class Reach(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Channels in the wanted order; quiet hours as `22:00`, both or none."""

    important: list[str] = []
    normal: list[str] = []
    quiet_from: str | None = None
    quiet_until: str | None = None


@get("/me/channels", opt=SIGNED_IN, include_in_schema=False)
async def my_channels(
    principal: NamedDependency[Principal], db: NamedDependency[Database], done: FromQuery[str | None] = None
) -> Page:
    async with db.transaction(principal.actor) as tx:
        wished = (await wishes.preferences_of(tx, [principal.person_id])).get(principal.person_id) or Preference()
    return await _shown(db, principal, Form(_typed(wished)), done=done)


@post("/me/channels", opt=SIGNED_IN, include_in_schema=False)
async def save_my_channels(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Redirect | Page:
    typed = {name: str(value) for name, value in (await request.form()).items()}
    given: dict[str, Any] = {
        name: [typed.get(f"{name}_{place}", "") for place in range(PLACES)] for name in ("important", "normal")
    }
    try:
        wished = wishes.read(given | {name: typed.get(name) for name in ("quiet_from", "quiet_until")})
    except Invalid as error:
        return await _shown(db, principal, Form.refused(typed, error, t), status_code=HTTP_422_UNPROCESSABLE_ENTITY)
    async with db.transaction(principal.actor) as tx:
        await wishes.save(tx, principal.person_id, wished, now=clock.now(), actor=principal.actor)
    return Redirect("/me/channels?done=saved", status_code=HTTP_303_SEE_OTHER)


@post("/me/channels/{name:str}/prove", opt=SIGNED_IN, include_in_schema=False)
async def prove_my_channel(
    name: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Redirect:
    """Ask me now, by this channel."""
    async with db.transaction(principal.actor) as tx:
        await prove_me(tx, name, principal.person_id, now=clock.now(), actor=principal.actor)
    return Redirect("/me/channels?done=asked", status_code=HTTP_303_SEE_OTHER)


@get("/api/v1/me/reach", opt=SIGNED_IN, tags=["channels"], operation_id="get_my_reach")
async def get_reach(principal: NamedDependency[Principal], db: NamedDependency[Database]) -> Reach:
    """How I want to be told."""
    async with db.transaction(principal.actor) as tx:
        wished = (await wishes.preferences_of(tx, [principal.person_id])).get(principal.person_id) or Preference()
    return _reach(wished)


@put("/api/v1/me/reach", opt=SIGNED_IN, tags=["channels"], operation_id="set_my_reach")
async def set_reach(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    data: JSONBody[Reach],
) -> Reach:
    """Say it anew. Pages are never held back by quiet hours."""
    wished = wishes.read(msgspec.structs.asdict(data))
    async with db.transaction(principal.actor) as tx:
        await wishes.save(tx, principal.person_id, wished, now=clock.now(), actor=principal.actor)
    return _reach(wished)


def _reach(wished: Preference) -> Reach:
    return Reach(
        important=list(wished.important),
        normal=list(wished.normal),
        quiet_from=wished.quiet_from.isoformat("minutes") if wished.quiet_from else None,
        quiet_until=wished.quiet_until.isoformat("minutes") if wished.quiet_until else None,
    )


def _typed(wished: Preference) -> dict[str, str]:
    typed = {
        "quiet_from": wished.quiet_from.isoformat("minutes") if wished.quiet_from else "",
        "quiet_until": wished.quiet_until.isoformat("minutes") if wished.quiet_until else "",
    }
    for name, order in (("important", wished.important), ("normal", wished.normal)):
        typed |= {f"{name}_{place}": channel for place, channel in enumerate(order[:PLACES])}
    return typed


async def _shown(
    db: Database, principal: Principal, form: Form, *, done: str | None = None, status_code: int = 200
) -> Page:
    async with db.transaction(principal.actor) as tx:
        held = await wishes.own_addresses(tx, principal.person_id)
    return page(
        "notify/my_channels.html",
        status_code=status_code,
        form=form,
        addresses=held,
        provable=frozenset(PROVES),
        choices=wishes.CHOICES,
        places=range(PLACES),
        channel_names=CHANNEL_NAMES,
        done=DONE.get(done or ""),
    )


ROUTES: Final = [my_channels, save_my_channels, prove_my_channel, get_reach, set_reach]
