"""Pages on which a playbook's text is written: of one that there is, or a new one, from a file if need be."""

from importlib.resources import files
from typing import Any, Final

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.playbooks.cacao.files import known_playbooks
from irm.playbooks.cacao.importing import Imported, import_cacao
from irm.playbooks.cacao.reading import LARGEST
from irm.playbooks.known import NEW
from irm.playbooks.language import read_playbook
from irm.playbooks.publishing import frozen, publish
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.simulator.pages import checked_words, is_about_a_duty, night_fields
from irm.playbooks.version_routes import gathered
from irm.playbooks.versions import Version, chosen, versions as versions_of
from irm.positions import LanguageError
from irm.web import drafts
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

NO_FILE: Final = N_("Choose a file: a CACAO document (JSON) or a playbook (YAML).")


@get("/playbooks/{playbook:str}/edit", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False)
async def edit_page(
    playbook: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What was typed and not published comes back."""
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
        kept = await drafts.read(tx, principal.account_id, _draft(shown))
    return _desk(clock, shown, _begun(kept, shown.source), t)


@post(
    "/playbooks/{playbook:str}/edit",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def publish_edited(
    playbook: FromPath[str],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
) -> Page | Redirect:
    async with db.transaction(principal.actor) as tx:
        shown = chosen(await versions_of(tx, playbook), None)
    return await _sent(request, principal, db, clock, t, settings, shown)


@get("/playbooks/new", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False)
async def new_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """A text that can already be published, or what was typed before."""
    async with db.transaction(principal.actor) as tx:
        kept = await drafts.read(tx, principal.account_id, _draft(None))
    skeleton = (files("irm.playbooks") / "skeleton.yaml").read_text("utf-8")
    return _desk(clock, None, _begun(kept, skeleton), t)


@post("/playbooks/new/file", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False, status_code=HTTP_200_OK)
async def read_file(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """A CACAO document or a playbook is laid on the desk, on that of the playbook that it names if there is one; nothing is
    kept or published by that."""
    sent = (await request.form()).get("file")
    made = None
    try:
        name, content = await _content(sent)
        async with db.transaction(principal.actor) as tx:
            if name.lower().endswith((".yaml", ".yml")):
                text = _text(content)
            else:
                made = import_cacao(content, known=await known_playbooks(tx), t=t)
                text = made.text
            shown = await _named_in(tx, text)
    except Invalid as error:
        answer = _desk(clock, None, Form({"source": ""}, {}, error.text(t)), t, unread=error)
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return _desk(clock, shown, Form({"source": text}), t, made=made)


@post(
    "/playbooks/new",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def publish_new(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    settings: NamedDependency[Settings],
) -> Page | Redirect:
    return await _sent(request, principal, db, clock, t, settings, None)


async def _sent(
    request: Request[Any, Any, Any],
    principal: Principal,
    db: Database,
    clock: Clock,
    t: Translator,
    settings: Settings,
    shown: Version | None,
) -> Page | Redirect:
    """Publishes the text as a version, or shows every fault with its line beside what was typed. `do=check` only shows."""
    typed = flatten(list((await request.form()).multi_items()))
    source = str(typed.get("source") or "").replace("\r\n", "\n")
    values = {**typed, "source": source}
    now, form, is_check = clock.now(), Form(values), typed.get("do") == "check"
    of = shown.playbook_id if shown else NEW
    try:
        if not is_check:
            async with db.transaction(principal.actor) as tx:
                _, city = await checked_here(tx, source, settings, now=now)
                made, _ = await publish(
                    tx,
                    source,
                    file=FILE,
                    city=city,
                    actor=principal.actor,
                    now=now,
                    person=principal.person_id,
                    reason=str(typed.get("reason") or ""),
                    of=of,
                )
                await drafts.discard(tx, principal.account_id, _draft(shown))
            return Redirect(f"/playbooks/{made.playbook_id}?version={made.version}", status_code=HTTP_303_SEE_OTHER)
    except LanguageError:
        form = Form(values, {"source": t("Not published: the text has faults. They are listed below.")})
    except (Invalid, Conflict) as error:
        form = Form.refused(values, error, t)
    async with db.transaction(principal.actor) as tx:
        looked = await checked_words(tx, source, values, t, settings, now=now, of=of)
    answer = _desk(clock, shown, form, t, **looked, looked=True)
    answer.status_code = HTTP_200_OK if is_check else HTTP_422_UNPROCESSABLE_ENTITY
    return answer


async def _named_in(tx: Tx, text: str) -> Version | None:
    """The playbook whose next version the text would be; None: a new one, or nothing that can be read."""
    try:
        found = await versions_of(tx, read_playbook(text, file=FILE).playbook.id)
    except LanguageError:
        return None
    return chosen(found, None) if found else None


async def _content(file: Any) -> tuple[str, bytes]:
    """Raises Invalid naming the field."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(NO_FILE, field="file")
    return file.filename, await file.read(LARGEST + 1)


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8 text.", field="file") from error


def _begun(kept: Any, text: str) -> Form:
    return Form.from_draft(kept) if kept and kept.get("source") else Form({"source": text})


def _draft(shown: Version | None) -> str:
    return f"playbooks.edit:{shown.playbook_id if shown else NEW}"


def _desk(
    clock: Clock,
    shown: Version | None,
    form: Form,
    t: Translator,
    *,
    made: Imported | None = None,
    unread: Invalid | None = None,
    **more: Any,
) -> Page:
    """`made`, `unread`: what became of a file. What was not carried is told wherever its text is laid."""
    words = {
        "shown": shown,
        "form": form,
        "draft": _draft(shown),
        **night_fields(form.values, t),
        "of_incidents": shown is None or not is_about_a_duty(frozen(shown.id, shown.source)),
    }
    if shown is not None and made is None:
        return page("playbooks/edit.html", now=clock.now(), **(words | more))
    return page(
        "playbooks/new.html",
        now=clock.now(),
        **(words | more),
        made=made,
        losses=gathered(made.losses, t, whole=made.name) if made is not None else {},
        refused_file=[(one.field, one.text(t)) for one in unread.errors] if unread is not None else [],
        file_form=Form(),
    )


ROUTES: Final = [edit_page, publish_edited, new_page, read_file, publish_new]
