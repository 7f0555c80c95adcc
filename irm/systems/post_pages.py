"""`/posts`: the posts of organizations with what is amiss, and one post with who holds it and who held it."""

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import staff_posts
from irm.access.people_there import people_of
from irm.access.policy import Principal
from irm.access.staff_posts import Stated
from irm.access.staffing import Found, staffing
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.systems.post_routes import KEEP, READ
from irm.systems.posts import (
    WHAT_NAMES,
    kept_post,
    kept_unit,
    kind_name,
    may_keep,
    seen_post,
    source,
    unit_of,
    units,
    words,
)
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

ON_A_PAGE: Final = 20
"""Organizations."""
DONE: Final = {
    "entered": N_("The post was entered. Enter next who holds it."),
    "changed": N_("The post was changed."),
    "taken": N_("The holder was entered."),
    "ended": N_("The holding was ended."),
    "abolished": N_("The post was abolished; its history stays."),
}


@get("/posts", opt=READ, include_in_schema=False)
async def posts_page(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    organization: FromQuery[str] = "",
    text: FromQuery[str] = "",
    lacking: FromQuery[str] = "",
    cursor: FromQuery[str] = "",
) -> Page:
    """`cursor`: code of the last organization of the page before."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        if organization:
            found = [await unit_of(tx, principal, organization, now=now)]
        else:
            found = await units(tx, principal, now=now, text=text, lacking=lacking == "yes")
    codes = [one.organization.code for one in found]
    first = codes.index(cursor) + 1 if cursor in codes else 0
    shown = found[first : first + ON_A_PAGE]
    return page(
        "systems/posts.html",
        units=[(one, may_keep(principal, one.organization.id), _read(one.found, t)) for one in shown],
        one=found[0].organization if organization else None,
        n=len(found),
        n_posts=sum(len(one.posts) for one in found),
        n_amiss=sum(len(one.found) for one in found),
        next_cursor=shown[-1].organization.code if found[first + ON_A_PAGE :] else None,
        form=Form({"text": text}),
        query={"organization": organization, "text": text, "lacking": lacking},
        kind_name=lambda key: kind_name(key, t),
        may_import=any(may_keep(principal, each) for each in principal.organizations),
    )


@get("/posts/new", opt=KEEP, include_in_schema=False)
async def new_post_page(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    organization: FromQuery[str] = "",
    kind: FromQuery[str] = "",
) -> Page:
    """`kind`: of a post that is lacking."""
    known = {one.key for one in staffing().kinds}
    form = Form({"kind": kind, "name": kind_name(kind, t)} if kind in known else {})
    async with db.transaction(principal.actor) as tx:
        return await _new_page(tx, principal, organization, form, t)


@post("/posts/new", opt=KEEP, include_in_schema=False)
async def enter_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    given = await _typed(request)
    code = typed.text(given, "organization")
    try:
        async with db.transaction(principal.actor) as tx:
            whose = await kept_unit(tx, principal, code)
            made = await staff_posts.enter(tx, whose.id, _stated(given), actor=principal.actor, now=clock.now())
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            return await _new_page(tx, principal, code, Form.refused(given, error, t), t)
    return Redirect(f"/posts/{made}?done=entered", status_code=HTTP_303_SEE_OTHER)


@get("/posts/{post_id:uuid}", opt=READ, include_in_schema=False)
async def post_page(
    post_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    done: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, post_id, principal, clock, t, done=DONE.get(done, ""))


@post(
    ["/posts/{post_id:uuid}", "/posts/{post_id:uuid}/holders", "/posts/{post_id:uuid}/abolish"],
    opt=KEEP,
    include_in_schema=False,
)
async def change_page(
    post_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """The forms of the page."""
    given, now = await _typed(request), clock.now()
    what = request.url.path.rpartition("/")[2]
    try:
        async with db.transaction(principal.actor) as tx:
            await kept_post(tx, principal, post_id, now=now)
            if what == "holders":
                await staff_posts.hold(
                    tx,
                    post_id,
                    person_id=typed.chosen(given, "person"),
                    name=typed.text(given, "new_name"),
                    since=typed.day(given, "since"),
                    actor=principal.actor,
                    now=now,
                )
                done = "taken"
            elif what == "abolish":
                await staff_posts.abolish(tx, post_id, actor=principal.actor, now=now)
                done = "abolished"
            else:
                await staff_posts.change(tx, post_id, _stated(given), actor=principal.actor, now=now)
                done = "changed"
    except (Invalid, Conflict) as error:
        form = Form.refused(given, error, t)
        async with db.transaction(principal.actor) as tx:
            if what == "holders":
                errors = {"new_name" if name == "name" else name: text for name, text in form.errors.items()}
                return await _page(tx, post_id, principal, clock, t, taking=replace(form, errors=errors))
            return await _page(tx, post_id, principal, clock, t, form=form)
    return Redirect(f"/posts/{post_id}?done={done}", status_code=HTTP_303_SEE_OTHER)


@post("/posts/{post_id:uuid}/holders/{holding_id:uuid}/end", opt=KEEP, include_in_schema=False)
async def end_page(
    post_id: FromPath[UUID],
    holding_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    given, now = await _typed(request), clock.now()
    try:
        async with db.transaction(principal.actor) as tx:
            await kept_post(tx, principal, post_id, now=now)
            until = typed.day(given, "until")
            await staff_posts.end(tx, post_id, holding_id, until=until, actor=principal.actor, now=now)
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            ending = (holding_id, Form.refused(given, error, t))
            return await _page(tx, post_id, principal, clock, t, ending=ending)
    return Redirect(f"/posts/{post_id}?done=ended", status_code=HTTP_303_SEE_OTHER)


async def _typed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    sent = await request.form()
    return {name: value for name, value in flatten(list(sent.multi_items())).items() if isinstance(value, str)}


def _stated(given: dict[str, Any]) -> Stated:
    return Stated(
        typed.text(given, "name"),
        typed.text(given, "kind"),
        typed.text(given, "is_key") == "yes",
        typed.text(given, "duties"),
    )


def _read(found: tuple[Found, ...] | list[Found], t: Translator) -> list[tuple[Found, str, str, str]]:
    """What is amiss: its name, in a sentence, after which clause."""
    return [(one, WHAT_NAMES[one.what], words(one, t), source(one, t)) for one in found]


def _kinds(t: Translator) -> list[tuple[str, str]]:
    return [(one.key, t.of(one.name)) for one in staffing().kinds]


async def _new_page(tx: Tx, principal: Principal, code: str, form: Form, t: Translator) -> Page:
    whose = await kept_unit(tx, principal, code)
    status = HTTP_422_UNPROCESSABLE_ENTITY if form.errors or form.message else HTTP_200_OK
    return page("systems/post_new.html", status_code=status, one=whose, form=form, kinds=_kinds(t))


async def _page(
    tx: Tx,
    post_id: UUID,
    principal: Principal,
    clock: Clock,
    t: Translator,
    *,
    done: str = "",
    form: Form | None = None,
    taking: Form | None = None,
    ending: tuple[UUID, Form] | None = None,
) -> Page:
    now = clock.now()
    found, whose = await seen_post(tx, principal, post_id, now=now)
    keeps = may_keep(principal, whose.id) and found.abolished_at is None
    unit = await unit_of(tx, principal, whose.code, now=now)
    about = [one for one in unit.found if found.id in {each.id for each in one.posts}]
    holding = {one.person_id for one in found.now}
    stated = found.stated
    values = {"name": stated.name, "kind": stated.kind, "is_key": stated.is_key and "yes", "duties": stated.duties}
    today = now.astimezone(SHANGHAI).date().isoformat()
    return page(
        "systems/post.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form or taking or ending else HTTP_200_OK,
        post=found,
        whose=whose,
        kind=kind_name(stated.kind, t),
        findings=_read(about, t),
        may_keep=keeps,
        people=[one for one in await people_of(tx, whose.id) if one.id not in holding] if keeps else [],
        kinds=_kinds(t),
        form=form or Form(values),
        taking=taking or Form({"since": today}),
        ending=ending or (None, Form({"until": today})),
        today=today,
        done=done,
    )


ROUTES: Final = [posts_page, new_post_page, enter_page, post_page, change_page, end_page]
