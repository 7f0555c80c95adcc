"""A list comes in: the file, what it would do, one confirmation. The long work is the worker's; these pages show it.

The file is kept as evidence beside the account that brought it, so that a confirmation needs no second upload and the
ledger knows what was written from.
"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Principal
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.systems.bringing import Import, bring, confirm, import_of, say_headings
from irm.systems.import_routes import stored, view_of
from irm.systems.lists import KINDS, MOST_SHOWN, Kind
from irm.web.forms import Form
from irm.web.pages import Page, page

STALE: Final = N_("Something changed before the list was written")


def pages(kind: Kind) -> list[Any]:
    root = f"/{kind.name}/import"
    opt = kind.opt

    @get(root, opt=opt, include_in_schema=False, sync_to_thread=False)
    def import_page() -> Page:
        return page("systems/import.html", form=Form(), kind=kind)

    @post(root, opt=opt, include_in_schema=False)
    async def take(
        request: Request[Any, Any, Any],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        settings: NamedDependency[Settings],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> Response[Any]:
        """Keep the file and have it looked at."""
        try:
            blob = await stored((await request.form()).get("file"), settings)
        except Invalid as error:
            refused = Form.refused({}, error, t)
            return page("systems/import.html", status_code=HTTP_422_UNPROCESSABLE_ENTITY, form=refused, kind=kind)
        async with db.transaction(principal.actor) as tx:
            made = await bring(tx, kind, blob, by=principal, now=clock.now())
        return Redirect(f"{root}/{made}", status_code=HTTP_303_SEE_OTHER)

    @get(root + "/{import_id:uuid}", opt=opt, include_in_schema=False)
    async def show(
        import_id: FromPath[UUID],
        db: NamedDependency[Database],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> Page:
        async with db.transaction(principal.actor) as tx:
            one = await import_of(tx, kind, import_id, principal)
        return _shown(one, t)

    @get(root + "/{import_id:uuid}/progress", opt=opt, include_in_schema=False)
    async def progress(
        import_id: FromPath[UUID],
        db: NamedDependency[Database],
        principal: NamedDependency[Principal],
    ) -> Page:
        """The bar; when the work is done, it tells the page to load itself anew."""
        async with db.transaction(principal.actor) as tx:
            one = await import_of(tx, kind, import_id, principal)
        headers = {} if one.is_under_way else {"HX-Refresh": "true"}
        return page("systems/import_progress.html", one=one, headers=headers)

    @post(root + "/{import_id:uuid}", opt=kind.writing_opt, include_in_schema=False)
    async def write(
        import_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> Response[Any]:
        """What is written is what was looked at."""
        seen = str((await request.form()).get("seen") or "")
        try:
            async with db.transaction(principal.actor) as tx:
                await confirm(tx, kind, import_id, seen=seen, by=principal, now=clock.now())
        except (Invalid, Conflict) as error:
            async with db.transaction(principal.actor) as tx:
                one = await import_of(tx, kind, import_id, principal)
            is_conflict = isinstance(error, Conflict)
            status = HTTP_409_CONFLICT if is_conflict else HTTP_422_UNPROCESSABLE_ENTITY
            return _shown(one, t, message=error.text(t), status_code=status)
        return Redirect(f"{root}/{import_id}", status_code=HTTP_303_SEE_OTHER)

    @post(root + "/{import_id:uuid}/headings", opt=kind.writing_opt, include_in_schema=False)
    async def say(
        import_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        db: NamedDependency[Database],
        clock: NamedDependency[Clock],
        principal: NamedDependency[Principal],
        t: NamedDependency[Translator],
    ) -> Response[Any]:
        """Fields `heading-<its place in the row of titles>`; what its own words say already is not said again."""
        sent = await request.form()
        try:
            async with db.transaction(principal.actor) as tx:
                one = await import_of(tx, kind, import_id, principal)
                said = {
                    each["text"]: str(given) or None
                    for at, each in enumerate(one.headings)
                    if (given := sent.get(f"heading-{at}")) is not None
                    # What is left out is said as well, so that nobody is asked again.
                    and ((str(given) or None) != each["column"] or not each["by"])
                }
                await say_headings(tx, kind, import_id, said, by=principal, now=clock.now())
        except (Invalid, Conflict) as error:
            async with db.transaction(principal.actor) as tx:
                one = await import_of(tx, kind, import_id, principal)
            message = "; ".join(f"{each.field}: {each.text(t)}" for each in error.errors if each.field != "headings")
            is_conflict = isinstance(error, Conflict)
            status = HTTP_409_CONFLICT if is_conflict else HTTP_422_UNPROCESSABLE_ENTITY
            return _shown(one, t, message=message or error.text(t), status_code=status)
        return Redirect(f"{root}/{import_id}", status_code=HTTP_303_SEE_OTHER)

    return [import_page, take, show, progress, write, say]


def _shown(one: Import, t: Translator, *, message: str = "", status_code: int = HTTP_200_OK) -> Page:
    if one.is_stale and not message:
        message = t(STALE)
    return page(
        f"systems/{TEMPLATES[one.state]}",
        status_code=status_code,
        one=one,
        kind=one.kind,
        view=view_of(one, t),
        message=message,
        most=MOST_SHOWN,
        form=Form({f"heading-{at}": each["column"] or "" for at, each in enumerate(one.headings)}),
        columns=[(each.name, t(each.title)) for each in one.kind.columns],
        is_unclear=any(not each["column"] and each["by"] != "said" for each in one.headings),
    )


TEMPLATES: Final = {
    "looking": "import_under_way.html",
    "writing": "import_under_way.html",
    "looked": "dry_run.html",
    "written": "imported.html",
    "failed": "import_failed.html",
}
ROUTES: Final = [route for kind in KINDS.values() for route in pages(kind)]
