"""Pages: a version as CACAO document with what it cannot carry, and a document or file laid on the desk as a draft."""

from importlib.resources import files
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.playbooks.cacao.files import export_version, known_playbooks
from irm.playbooks.cacao.importing import Imported, import_cacao
from irm.playbooks.cacao.reading import LARGEST
from irm.playbooks.pages import editing
from irm.playbooks.publishing import publish
from irm.playbooks.routes import FILE, checked_here
from irm.playbooks.simulate_pages import checked_words
from irm.playbooks.version_routes import document_response, gathered
from irm.positions import LanguageError
from irm.web import drafts
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

DRAFT: Final = "playbooks.edit:new"
"""No playbook can be called so."""
NO_FILE: Final = N_("Choose a file: a CACAO document (JSON) or a playbook (YAML).")


@get(
    "/playbooks/{playbook:str}/versions/{version:int}/cacao",
    opt=allow(Permission.READ_PLAYBOOKS),
    include_in_schema=False,
)
async def export_page(
    playbook: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What the document cannot carry, before it is given away."""
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return page(
        "playbooks/cacao.html", now=clock.now(), one=one, losses=gathered(made.losses, t, whole=t.of(one.title))
    )


@get(
    "/playbooks/{playbook:str}/versions/{version:int}/cacao.json",
    opt=allow(Permission.READ_PLAYBOOKS),
    include_in_schema=False,
)
async def export_file(
    playbook: FromPath[str],
    version: FromPath[int],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> Response[bytes]:
    async with db.transaction(principal.actor) as tx:
        made, one = await export_version(tx, playbook, version, t)
    return document_response(made.text, f"{one.playbook_id}-{one.version}.cacao.json")


@get("/playbooks/new", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False)
async def new_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """A text that can already be published, or what was typed before."""
    async with db.transaction(principal.actor) as tx:
        kept = await drafts.read(tx, principal.account_id, DRAFT)
    form = Form.from_draft(kept) if kept and kept.get("source") else Form({"source": _skeleton()})
    return _desk(clock, form, t)


@post("/playbooks/new/file", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False, status_code=HTTP_200_OK)
async def read_file(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """A CACAO document or a playbook is laid on the desk; nothing is kept or published by that."""
    sent = (await request.form()).get("file")
    try:
        name, content = await _sent(sent)
        if name.lower().endswith((".yaml", ".yml")):
            return _desk(clock, Form({"source": _text(content)}), t)
        async with db.transaction(principal.actor) as tx:
            known = await known_playbooks(tx)
        made = import_cacao(content, known=known, t=t)
    except Invalid as error:
        answer = _desk(clock, Form({"source": ""}, {}, error.text(t)), t, unread=error)
        answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
        return answer
    return _desk(clock, Form({"source": made.text}), t, made=made)


@post("/playbooks/new", opt=allow(Permission.PUBLISH_PLAYBOOK), include_in_schema=False, status_code=HTTP_200_OK)
async def publish_new(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Publishes the text as a playbook's first or next version, or shows its faults. `do=check` only shows."""
    typed = flatten(list((await request.form()).multi_items()))
    source = str(typed.get("source") or "").replace("\r\n", "\n")
    values = {**typed, "source": source}
    now, form, is_check = clock.now(), Form(values), typed.get("do") == "check"
    try:
        if not is_check:
            async with db.transaction(principal.actor) as tx:
                _, city = await checked_here(tx, source, now=now)
                made, _ = await publish(
                    tx,
                    source,
                    file=FILE,
                    city=city,
                    actor=principal.actor,
                    now=now,
                    person=principal.person_id,
                    reason=str(typed.get("reason") or ""),
                )
                await drafts.discard(tx, principal.account_id, DRAFT)
            return Redirect(f"/playbooks/{made.playbook_id}?version={made.version}", status_code=HTTP_303_SEE_OTHER)
    except LanguageError:
        form = Form(values, {"source": t("Not published: the text has faults. They are listed below.")})
    except (Invalid, Conflict) as error:
        form = Form.refused(values, error, t)
    async with db.transaction(principal.actor) as tx:
        looked = await checked_words(tx, source, values, t, now=now)
    answer = _desk(clock, form, t, **looked, looked=True)
    answer.status_code = HTTP_200_OK if is_check else HTTP_422_UNPROCESSABLE_ENTITY
    return answer


async def _sent(file: Any) -> tuple[str, bytes]:
    """Raises Invalid naming the field."""
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(NO_FILE, field="file")
    return file.filename, await file.read(LARGEST + 1)


def _skeleton() -> str:
    return (files("irm.playbooks") / "skeleton.yaml").read_text("utf-8")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Invalid("The file is not UTF-8 text.", field="file") from error


def _desk(
    clock: Clock,
    form: Form,
    t: Translator,
    *,
    made: Imported | None = None,
    unread: Invalid | None = None,
    **more: Any,
) -> Page:
    words = {**editing(None, form, t), "draft": DRAFT, **more}
    return page(
        "playbooks/new.html",
        now=clock.now(),
        **words,
        made=made,
        losses=gathered(made.losses, t, whole=made.name) if made is not None else {},
        refused_file=[(one.field, one.text(t)) for one in unread.errors] if unread is not None else [],
        file_form=Form(),
    )


ROUTES: Final = [export_page, export_file, new_page, read_file, publish_new]
