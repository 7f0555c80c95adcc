"""Pages on which a text of a rule pack is written, looked at and put before a second person."""

from asyncio import to_thread
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.positions import LanguageError
from irm.rules import comparing_words, words
from irm.rules.drafting import Looked, look, skeleton, with_version
from irm.rules.moments import SHANGHAI
from irm.rules.previewing import RuleChange, preview_text
from irm.rules.queries import Published, chosen, published
from irm.rules.review_routes import sees_systems
from irm.rules.service import propose
from irm.web import drafts
from irm.web.forms import Form
from irm.web.pages import Page, page

NEW: Final = "new"
"""In the place of a pack's identifier: a pack that there is not yet. No pack can be called so."""
NO_FILE: Final = N_("Choose a text file in UTF-8 (YAML).")
LARGEST_FILE: Final = 2 * 1024 * 1024
"""Bytes that are read at all; how long a pack may be, its language says (`look`)."""


@dataclass(frozen=True)
class Desk:
    """What the text on the desk is measured against. `shown` None: a pack that there is not yet."""

    pack_id: str | None
    shown: Published | None
    versions: tuple[Published, ...]
    now: datetime

    @property
    def path(self) -> str:
        return f"/rules/{self.pack_id}/edit" if self.pack_id else "/rules/new"

    @property
    def draft(self) -> str:
        return f"rules.edit:{self.pack_id or NEW}"

    @property
    def in_use(self) -> Published | None:
        return self.shown if self.shown is not None and self.shown.active else None

    async def look(self, text: str) -> Looked:
        """A long pack is half a second of work: not in the way of those who ask meanwhile."""
        return await to_thread(
            look,
            text,
            against=self.in_use.pack if self.in_use else None,
            taken={one.pack.version for one in self.versions},
            today=self.now.astimezone(SHANGHAI).date(),
            must_be=self.pack_id,
        )


async def _desk(db: Database, principal: Principal, pack_id: str | None, now: datetime) -> Desk:
    """Raises NotFound."""
    if pack_id is None:
        return Desk(None, None, (), now)
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=now)
    return Desk(pack_id, chosen(packs, pack_id, ""), tuple(one for one in packs if one.pack.id == pack_id), now)


@get("/rules/new", opt=allow(Permission.MANAGE_RULES), include_in_schema=False)
async def new_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """A pack of the city's own begins with a text that can already be published."""
    return await _begin(db, principal, await _desk(db, principal, None, clock.now()), t)


@get("/rules/{pack:str}/edit", opt=allow(Permission.MANAGE_RULES), include_in_schema=False)
async def edit_page(
    pack: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """The text in use under the number of its next version, or what was typed before."""
    return await _begin(db, principal, await _desk(db, principal, pack, clock.now()), t)


@post("/rules/new/check", opt=allow(Permission.MANAGE_RULES), include_in_schema=False, status_code=HTTP_200_OK)
async def check_new(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    return await _checked(request, await _desk(db, principal, None, clock.now()), t)


@post(
    "/rules/{pack:str}/edit/check", opt=allow(Permission.MANAGE_RULES), include_in_schema=False, status_code=HTTP_200_OK
)
async def check_edited(
    pack: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What stands in the field, looked at while it is typed; nothing is kept."""
    return await _checked(request, await _desk(db, principal, pack, clock.now()), t)


@post("/rules/new", opt=dangerous(allow(Permission.MANAGE_RULES)), include_in_schema=False, status_code=HTTP_200_OK)
async def propose_new(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    return await _sent(request, db, principal, await _desk(db, principal, None, clock.now()), t)


@post(
    "/rules/{pack:str}/edit",
    opt=dangerous(allow(Permission.MANAGE_RULES)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def propose_edited(
    pack: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Puts the version before a second person, or shows every fault and every red test beside what was typed."""
    return await _sent(request, db, principal, await _desk(db, principal, pack, clock.now()), t)


@post("/rules/new/file", opt=allow(Permission.MANAGE_RULES), include_in_schema=False, status_code=HTTP_200_OK)
async def read_file(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """Lays the text of a file on the desk of the pack that it is a version of; publishes nothing."""
    now = clock.now()
    desk = await _desk(db, principal, None, now)
    given = (await request.form()).get("file")
    try:
        text = await _text_of(given)
    except Invalid as error:
        answer = _page(desk, t, Form.refused({"source": skeleton(_day(now))}, error, t), None)
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    looked = await desk.look(text)
    async with db.transaction(principal.actor) as tx:
        known = {one.pack.id for one in await published(tx, now=now)}
    if looked.pack is not None and looked.pack.id in known:
        desk = await _desk(db, principal, looked.pack.id, now)
        looked = await desk.look(text)
    return _page(desk, t, Form({"source": text}), looked)


async def _text_of(given: Any) -> str:
    """Raises Invalid naming the field."""
    if not isinstance(given, UploadFile) or not given.filename:
        raise Invalid(NO_FILE, field="file")
    raw = await given.read(LARGEST_FILE)
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid(NO_FILE, field="file") from error
    if not text.strip():
        raise Invalid(NO_FILE, field="file")
    return text


async def _begin(db: Database, principal: Principal, desk: Desk, t: Translator) -> Page:
    async with db.transaction(principal.actor) as tx:
        kept = await drafts.read(tx, principal.account_id, desk.draft)
    if kept:
        return _page(desk, t, Form.from_draft(kept), await desk.look(_typed(kept)))
    text = skeleton(_day(desk.now))
    if desk.shown is not None:
        source = desk.shown.pack.source
        text = with_version(source, (await desk.look(source)).next_version)
    return _page(desk, t, Form({"source": text}), await desk.look(text))


async def _checked(request: Request[Any, Any, Any], desk: Desk, t: Translator) -> Page:
    looked = await desk.look(_typed(await request.form()))
    return page("rules/checked.html", now=desk.now, looked=looked, **_texts(t))


async def _sent(
    request: Request[Any, Any, Any], db: Database, principal: Principal, desk: Desk, t: Translator
) -> Page | Redirect:
    typed = await request.form()
    values = {"source": _typed(typed), "reason": str(typed.get("reason") or "")}
    if typed.get("do") == "effects":
        return await _with_effects(db, principal, desk, values, t)
    form = Form(values)
    looked = await desk.look(values["source"])
    try:
        async with db.transaction(principal.actor) as tx:
            made, _ = await propose(
                tx,
                values["source"],
                file="pack.yaml",
                person=principal.person_id,
                actor=principal.actor,
                now=desk.now,
                reason=values["reason"],
                pack_id=desk.pack_id,
            )
            await drafts.discard(tx, principal.account_id, desk.draft)
        return Redirect(f"/rules/{made.id}", status_code=HTTP_303_SEE_OTHER)
    except LanguageError:
        message = t("Not published: a test is red.") if looked.red else t("Not published: the text has faults.")
        form = Form(values, {"source": message})
    except Invalid as error:
        form = Form.refused(values, error, t)
    except Conflict as error:
        form = Form(values, {"source": error.text(t)})
    answer = _page(desk, t, form, looked)
    answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return answer


async def _with_effects(db: Database, principal: Principal, desk: Desk, values: dict[str, str], t: Translator) -> Page:
    """The same page with what the text would change in this city; publishes nothing."""
    looked = await desk.look(values["source"])
    effects: tuple[RuleChange, ...] | None = None
    if looked.pack is not None:
        async with db.transaction(principal.actor) as tx:
            before = desk.in_use.pack if desk.in_use is not None and desk.in_use.is_on else None
            effects = await preview_text(tx, before, looked.pack, now=desk.now)
    return _page(desk, t, Form(values), looked, effects, with_names=sees_systems(principal))


def _page(
    desk: Desk,
    t: Translator,
    form: Form,
    looked: Looked | None,
    effects: tuple[RuleChange, ...] | None = None,
    *,
    with_names: bool = False,
) -> Page:
    return page(
        "rules/edit.html",
        now=desk.now,
        desk=desk,
        form=form,
        looked=looked,
        effects=effects,
        with_names=with_names,
        waiting=[one for one in desk.versions if one.is_waiting],
        **_texts(t),
    )


def _typed(values: Any) -> str:
    return str(values.get("source") or "").replace("\r\n", "\n")


def _day(now: datetime) -> Any:
    return now.astimezone(SHANGHAI).date()


def _texts(t: Translator) -> dict[str, Any]:
    return {**comparing_words.page_words(t), "when_of": lambda rule: words.when_words(rule, t)}


ROUTES: Final = [new_page, edit_page, check_new, check_edited, propose_new, propose_edited, read_file]
