"""The two steps of filing on the web: the question of state secrets, then five fields. Both work without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, reach
from irm.categories import choices
from irm.clock import SHANGHAI, Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import FieldError, Invalid, IrmError
from irm.evidence.blobs import MAX_SIZE, BlobStore
from irm.evidence.downloads import chunks_of
from irm.evidence.service import adopt, attach, attachments_of
from irm.evidence.types import TAKEN
from irm.i18n import N_, Translator
from irm.incidents import form_keys, queries
from irm.incidents.idempotency import once
from irm.incidents.policy import intake_policy
from irm.incidents.schemas import Caller, FileIncident, Target
from irm.incidents.secrecy import ANSWERS, record_refusal
from irm.incidents.service import file_incident
from irm.incidents.showing import likely_duplicates
from irm.systems.queries import systems_in_reach
from irm.web import drafts, typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

DRAFT: Final = "incidents.file"
MOST_SYSTEMS: Final = 500
MAY_FILE: Final = allow(Permission.FILE_INCIDENT)
NOT_A_MOMENT: Final = N_("Enter date and time, for example 2026-11-21 03:41.")
NEEDED: Final = N_("This is needed.")
FIELDS: Final[Mapping[str, str]] = {
    "target": "target_kind",
    "target.system": "system",
    "target.resource": "resource",
    "caller": "caller_name",
    "caller.name": "caller_name",
    "caller.telephone": "caller_telephone",
    "caller.organization": "caller_organization",
    "subcategory": "category",
}
"""Paths of the API's body and the form's names for them."""


@get(["/report", "/incidents/new"], opt=MAY_FILE, include_in_schema=False, sync_to_thread=False)
def gate() -> Page:
    return page("incidents/gate.html")


@post("/report", opt=MAY_FILE, include_in_schema=False, status_code=HTTP_200_OK)
async def answer_gate(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page | Redirect:
    """No leads to the form; yes and "not sure" are refused, and only that is on record."""
    answer = str((await request.form()).get("classified", ""))
    if answer == "no":
        return Redirect("/report/new?classified=no", status_code=HTTP_303_SEE_OTHER)
    if answer not in ANSWERS:
        return Redirect("/report", status_code=HTTP_303_SEE_OTHER)
    async with db.transaction(principal.actor) as tx:
        await record_refusal(tx, answer, actor=principal.actor, now=clock.now())
    return page(
        "incidents/refused.html",
        status_code=403,
        answer=answer,
        secrecy_office=settings.secrecy_office_telephone,
        duty=settings.duty_telephone,
    )


@get("/report/new", opt=MAY_FILE, include_in_schema=False)
async def filing_form(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    classified: FromQuery[str] = "",
) -> Page | Redirect:
    async with db.transaction(principal.actor) as tx:
        if classified != "no":
            return Redirect("/report", status_code=HTTP_303_SEE_OTHER)
        draft = await drafts.read(tx, principal.account_id, DRAFT) or {}
        known = await form_keys.filed(tx, principal.account_id, draft)
        if known == "same":
            await drafts.discard(tx, principal.account_id, DRAFT)
            draft = {}
        key = form_keys.key_in(draft if known == "not" else {})
        return await _form(tx, Form.from_draft(draft), principal, t, key=key)


@get("/report/duplicates", opt=MAY_FILE, include_in_schema=False)
async def duplicates_fragment(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    system: FromQuery[str] = "",
    known_at: FromQuery[str] = "",
) -> Page:
    """Asked by the form while it is being filled in."""
    at = moment_in(known_at)
    found: list[queries.Incident] = []
    if system and at is not None:
        async with db.transaction(principal.actor) as tx:
            found = await _duplicates(tx, _asked({"system": system, "target_kind": "system"}, at), principal)
    return page("incidents/duplicates.html", duplicates=found)


@post("/report/new", opt=MAY_FILE, include_in_schema=False, status_code=HTTP_303_SEE_OTHER)
async def file(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """Twice the same form is one incident (`form_keys.py`)."""
    sent = list((await request.form()).multi_items())
    values = flatten([(name, value) for name, value in sent if not isinstance(value, UploadFile)])
    files = [(name, value) for name, value in sent if isinstance(value, UploadFile) and value.filename]
    if values.get("classified") != "no":
        return Redirect("/report", status_code=HTTP_303_SEE_OTHER)
    async with db.transaction(principal.actor) as tx:
        other = await form_keys.filed(tx, principal.account_id, values) == "other"
    now, key = clock.now(), form_keys.key_in({} if other else values)
    values["key"] = key
    faults: list[FieldError] = []
    await _keep_files(db, settings, principal, files, key, now, faults)
    try:
        given = _read(values, faults)
        async with db.transaction(principal.actor) as tx:
            number = await _file_once(tx, given, values, key=key, principal=principal, now=now)
    except _LikelyTheSame as asked:
        return await _again(db, values, None, principal, t, key=key, now=now, duplicates=asked.found)
    except IrmError as refused:
        return await _again(db, values, refused, principal, t, key=key, now=now)
    return Redirect(f"/incidents/{number}", status_code=HTTP_303_SEE_OTHER)


class _LikelyTheSame(Exception):
    def __init__(self, found: list[queries.Incident]) -> None:
        super().__init__()
        self.found = found


async def _file_once(
    tx: Tx, given: FileIncident, values: Mapping[str, Any], *, key: str, principal: Principal, now: datetime
) -> str:
    async def act() -> tuple[int, dict[str, Any]]:
        if unseen := await _unseen_duplicates(tx, given, values, principal):
            raise _LikelyTheSame(unseen)
        filed = await file_incident(tx, given, by=principal, now=now)
        await adopt(tx, _kept(principal, key), f"incident/{filed.incident_id}", actor=principal.actor, now=now)
        await drafts.discard(tx, principal.account_id, DRAFT)
        return HTTP_303_SEE_OTHER, {"number": filed.number}

    _, answer, _ = await once(
        tx,
        scope=form_keys.scope(principal.account_id),
        key=key,
        request_hash=form_keys.content(values),
        now=now,
        act=act,
    )
    return str(answer["number"])


async def _keep_files(
    db: Database,
    settings: Settings,
    principal: Principal,
    files: list[tuple[str, UploadFile]],
    key: str,
    now: datetime,
    faults: list[FieldError],
) -> None:
    """Files are kept even when the form is refused: a browser cannot fill them in again."""
    store = BlobStore(settings.home / "blobs")
    for name, file in files:
        try:
            blob = await store.put(chunks_of(file), file.filename, field=name)
        except Invalid as refused:
            faults += refused.errors
            continue
        async with db.transaction(principal.actor) as tx:
            await attach(
                tx,
                blob,
                subject=_kept(principal, key),
                organization_id=principal.home,
                account_id=principal.account_id,
                actor=principal.actor,
                now=now,
            )


def _read(values: Mapping[str, Any], faults: list[FieldError]) -> FileIncident:
    """The form as the API's body. Raises Invalid with what cannot even be read, `faults` of the files included."""
    known_at = moment_in(values.get("known_at"))
    occurred_at = None if values.get("occurred_at_unknown") == "yes" else moment_in(values.get("occurred_at"))
    if known_at is None:
        faults.append(FieldError("known_at", NOT_A_MOMENT if values.get("known_at") else NEEDED))
    if values.get("occurred_at") and occurred_at is None and values.get("occurred_at_unknown") != "yes":
        faults.append(FieldError("occurred_at", NOT_A_MOMENT))
    if values.get("target_kind") not in {"system", "resource", "unknown"}:
        faults.append(FieldError("target_kind", NEEDED))
    organizations: dict[str, UUID | None] = {}
    for field in ("organization", "caller_organization"):
        organizations[field], fault = _id(values.get(field), field)
        faults += fault
    if faults or known_at is None:
        faults += [FieldError(name, NEEDED) for name in ("text", "contact") if not typed.text(values, name).strip()]
        raise Invalid(N_("The filing was not accepted; nothing was stored."), errors=faults)
    asked = _asked(values, known_at)
    caller = typed.text(values, "caller_name"), typed.text(values, "caller_telephone")
    return msgspec.structs.replace(
        asked,
        occurred_at=occurred_at,
        organization=organizations["organization"],
        caller=Caller(*caller, organizations["caller_organization"]) if any(caller) else None,
        markers_confirmed=values.get("markers_confirmed") == "yes",
        joins=typed.text(values, "joins") or None,
    )


def _asked(values: Mapping[str, Any], known_at: datetime) -> FileIncident:
    kind = typed.text(values, "target_kind")
    category, _, subcategory = typed.text(values, "category").partition("/")
    return FileIncident(
        classified="no",
        text=typed.text(values, "text").replace("\r\n", "\n"),
        target=Target(
            "system" if kind == "system" else "resource" if kind == "resource" else "unknown",
            typed.text(values, "system") or None if kind == "system" else None,
            typed.text(values, "resource") or None if kind == "resource" else None,
        ),
        known_at=known_at,
        contact=typed.text(values, "contact"),
        category=category or None,
        subcategory=subcategory or None,
    )


async def _duplicates(tx: Tx, given: FileIncident, principal: Principal) -> list[queries.Incident]:
    numbers = await likely_duplicates(tx, given, principal)
    return [(await queries.sight_of(tx, number, principal)).incident for number in numbers]


async def _unseen_duplicates(
    tx: Tx, given: FileIncident, values: Mapping[str, Any], principal: Principal
) -> list[queries.Incident]:
    """Likely duplicates, unless the filer has been asked about this system: in a storm others come in while he answers."""
    if given.joins or typed.text(values, "asked_about") == given.target.system:
        return []
    return await _duplicates(tx, given, principal)


async def _again(
    db: Database,
    values: Mapping[str, Any],
    refused: IrmError | None,
    principal: Principal,
    t: Translator,
    *,
    key: str,
    now: datetime,
    duplicates: list[queries.Incident] | None = None,
) -> Page:
    """The form with everything that was typed; it is also kept as the draft."""
    if refused is not None:
        refused.errors = tuple(
            FieldError(FIELDS.get(one.field, one.field), one.message, one.context) for one in refused.errors
        )
    form = Form.refused(values, refused, t) if refused is not None else Form(values=values)
    async with db.transaction(principal.actor) as tx:
        if not any("\0" in str(value) for value in values.values()):
            await drafts.keep(tx, principal.account_id, DRAFT, values, now=now)
        if duplicates is None and form.value("joins"):
            duplicates = []
        return await _form(
            tx, form, principal, t, key=key, duplicates=duplicates or [], status_code=HTTP_422_UNPROCESSABLE_ENTITY
        )


async def _form(
    tx: Tx,
    form: Form,
    principal: Principal,
    t: Translator,
    *,
    key: str,
    duplicates: list[queries.Incident] | None = None,
    status_code: int = HTTP_200_OK,
) -> Page:
    systems = await systems_in_reach(tx, principal, most=MOST_SYSTEMS)
    may_call = not reach(principal, Permission.FILE_FOR_CALLER).is_empty
    known = await access.organizations(tx) if may_call else []
    own = await access.organizations(tx, ids=reach(principal, Permission.FILE_INCIDENT).anywhere & principal.workplaces)
    kept = await attachments_of(tx, _kept(principal, key))
    return page(
        "incidents/file.html",
        status_code=status_code,
        form=form,
        draft=DRAFT,
        key=key,
        systems=[(one.code, one.name) for one in systems],
        categories=choices(t.locale),
        organizations=[(str(one.id), one.name) for one in own],
        caller_organizations=[(str(one.id), one.name) for one in known],
        may_call=may_call,
        duplicates=duplicates or [],
        kept=[
            {
                "href": f"/attachments/{one.id}",
                "name": one.filename,
                "size": one.size,
                "media_type": one.media_type,
                "sha256": one.sha256,
                "at": one.uploaded_at,
                "by": principal.name,
            }
            for one in kept
        ],
        accept=",".join(f".{one}" for one in TAKEN),
        limit=MAX_SIZE // 1_000_000,
        window=intake_policy().duplicate_window,
    )


def moment_in(text: Any) -> datetime | None:
    """What a browser's field or a person writes; without a zone it is Shanghai's. None when it is no moment."""
    try:
        at = datetime.fromisoformat(str(text or "").strip())
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def _id(text: Any, field: str) -> tuple[UUID | None, list[FieldError]]:
    if not text:
        return None, []
    try:
        return UUID(str(text)), []
    except ValueError:
        return None, [FieldError(field, N_("There is no such organization."))]


def _kept(principal: Principal, key: str) -> str:
    """Where files wait for their incident: nobody else's account comes near it."""
    return f"account/{principal.account_id}/filing/{key}"


ROUTES: Final = [gate, answer_gate, filing_form, duplicates_fragment, file]
