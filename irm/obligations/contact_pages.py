"""The contact record (通联记录) as a form that takes twenty seconds on a phone.

In or out, the means, the desk out of those of late, one text: all else is folded away, and what a call also is (a receipt,
a directive) has its own questions.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.evidence import service as evidence
from irm.evidence.blobs import BlobStore, StoredBlob
from irm.evidence.downloads import chunks_of
from irm.i18n import Translator
from irm.obligations.about_subject import acting_for, write_contact
from irm.obligations.contact_choices import choices_for
from irm.obligations.contacts import MEANS
from irm.obligations.directive_routes import give
from irm.obligations.directive_schemas import GiveDirective
from irm.obligations.lookup import subject_before
from irm.obligations.media import Asked, record_inquiry
from irm.obligations.schemas import RecordContact, ServesAs
from irm.obligations.showing import words
from irm.obligations.subjects import Subject
from irm.obligations.words import ASKS_NAMES
from irm.web import drafts, typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

PLAIN: Final = "nothing"
DIRECTIVE: Final = "directive"
PRESS: Final = "media_inquiry"


@get("/contacts/new", opt=allow(Permission.RECORD_CONTACT), include_in_schema=False)
async def contact_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    incident: FromQuery[str],
    counterpart: FromQuery[str | None] = None,
    submission: FromQuery[str | None] = None,
    delivery: FromQuery[str | None] = None,
    serves: FromQuery[str | None] = None,
    replaces: FromQuery[str | None] = None,
) -> Page:
    """`incident`: its number; the rest fills the form beforehand. `serves` directive or media_inquiry: their short form."""
    async with db.transaction(principal.actor) as tx:
        subject, principal = await _subject(tx, principal, incident)
        kept = await drafts.read(tx, principal.account_id, draft_name(subject.number))
        choices = await choices_for(tx, principal, subject, t, demanded=serves == DIRECTIVE, now=clock.now())
    given = {"means": "telephone", "counterpart": counterpart or "", "serves": PLAIN}
    if submission:
        given |= {"submission": submission, "serves": "receipt", "direction": "in"}
    if delivery:
        given |= {"delivery": delivery, "serves": "acknowledgement", "direction": "out"}
    chosen = {"serves": serves, "direction": "in"} if serves in (DIRECTIVE, PRESS) else {}
    given |= {"replaces": replaces or ""}
    if counterpart in {each for each, *_ in choices["recent"]}:
        given |= {"recent": counterpart or "", "counterpart": ""}
    return _page(subject, Form(values=given | (kept or {}) | chosen, restored=bool(kept)), choices, clock)


@post("/contacts/new", opt=allow(Permission.RECORD_CONTACT), include_in_schema=False)
async def record(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    t: NamedDependency[Translator],
) -> Response[Any]:
    pairs = list((await request.form()).multi_items())
    values = flatten(typed.texts(pairs))
    file = next(
        (each for name, each in pairs if name == "file" and isinstance(each, UploadFile) and each.filename), None
    )
    async with db.transaction(principal.actor) as tx:
        subject, principal = await _subject(tx, principal, typed.line(values, "incident") or "")
    try:
        # On disk before any row; what the form says stays unwritten if the file is refused.
        blob = await BlobStore(settings.home / "blobs").put(chunks_of(file), file.filename) if file else None
        async with db.transaction(principal.actor) as tx:
            page_after = await _write(tx, subject, values, blob, principal, clock)
            await drafts.discard(tx, principal.account_id, draft_name(subject.number))
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            await drafts.keep(tx, principal.account_id, draft_name(subject.number), values, now=clock.now())
            demanded = _serves(values) == DIRECTIVE
            choices = await choices_for(tx, principal, subject, t, demanded=demanded, now=clock.now())
        status = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
        return _page(subject, _on_the_form(Form.refused(values, error, t)), choices, clock, status)
    return Redirect(page_after, status_code=HTTP_303_SEE_OTHER)


def draft_name(number: str) -> str:
    return f"contact:{number.lower()}"


async def _subject(tx: Tx, principal: Principal, about: str) -> tuple[Subject, Principal]:
    return await subject_before(tx, about, principal, Permission.RECORD_CONTACT)


async def _write(
    tx: Tx, subject: Subject, values: Mapping[str, Any], blob: StoredBlob | None, principal: Principal, clock: Clock
) -> str:
    """Where to go on: the directive, where it is one."""
    attachment = await _kept(tx, subject, blob, principal, clock)
    if _serves(values) == DIRECTIVE:
        return f"/directives/{await give(tx, subject, _directive(subject, values, attachment), principal, clock)}"
    if _serves(values) == PRESS:
        return f"/media-inquiries/{await _asked(tx, subject, values, attachment, principal, clock)}"
    await write_contact(tx, subject, _given(values, attachment), principal, now=clock.now())
    return subject.page


def _on_the_form(form: Form) -> Form:
    """The service's fields by the names that they have here."""
    names = {"authority": "counterpart"} | ({"number": "directive_number"} if _serves(form.values) == DIRECTIVE else {})
    return replace(form, errors={names.get(each, each.partition(".")[0]): text for each, text in form.errors.items()})


def _serves(values: Mapping[str, Any]) -> str:
    return typed.line(values, "serves") or PLAIN


async def _kept(tx: Tx, subject: Subject, blob: StoredBlob | None, principal: Principal, clock: Clock) -> UUID | None:
    if blob is None:
        return None
    return await evidence.attach(
        tx,
        blob,
        subject=subject.path,
        organization_id=acting_for(principal, Permission.RECORD_CONTACT, None),
        account_id=principal.account_id,
        actor=principal.actor,
        now=clock.now(),
    )


async def _asked(
    tx: Tx, subject: Subject, values: Mapping[str, Any], attachment: UUID | None, principal: Principal, clock: Clock
) -> UUID:
    if typed.line(values, "direction") != "in":
        raise Invalid("A question of the press came in.", field="direction")
    return await record_inquiry(
        tx,
        subject=subject,
        asked=Asked(
            typed.line(values, "means") or "",
            typed.text(values, "counterpart_name"),
            str(values.get("said") or ""),
            typed.moment(values, "answer_by"),
            typed.moment(values, "stated_at"),
            attachment,
        ),
        organization_id=acting_for(principal, Permission.RECORD_CONTACT, None),
        actor=principal.actor,
        now=clock.now(),
    )


def _directive(subject: Subject, values: Mapping[str, Any], attachment: UUID | None) -> GiveDirective:
    if typed.line(values, "direction") != "in":
        raise Invalid("A directive came in.", field="direction")
    authority = _counterpart(values)
    if authority is None:
        raise Invalid("Choose the authority that demands it.", field="counterpart")
    return GiveDirective(
        incident=subject.number,
        authority=authority,
        asks=typed.line(values, "asks") or "",  # type: ignore[arg-type]  # the service checks it
        means=typed.line(values, "means") or "",  # type: ignore[arg-type]  # the service checks it
        said=str(values.get("said") or ""),
        number=typed.line(values, "directive_number"),
        caller=typed.line(values, "counterpart_name"),
        due_at=typed.moment(values, "due_at"),
        stated_at=typed.moment(values, "stated_at"),
        bearers=typed.several(values, "bearers"),
        replaces=typed.chosen(values, "replaces"),
        attachment=attachment,
    )


def _given(values: Mapping[str, Any], attachment: UUID | None) -> RecordContact:
    """The form as the API would send it. The service names the field of whatever is missing."""
    serves = _serves(values)
    given = []
    if serves != PLAIN:
        if serves not in {"acknowledgement", "submission", "receipt"}:
            raise Invalid("Choose one of the list.", field="serves")
        given.append(
            ServesAs(
                serves,  # type: ignore[arg-type]  # membership is checked above
                delivery=typed.chosen(values, "delivery") if serves == "acknowledgement" else None,
                submission=_report(values, serves),
                outcome=typed.line(values, "outcome") or "received",  # type: ignore[arg-type]  # the service checks it
                number=typed.line(values, "number"),
            )
        )
        if serves == "acknowledgement" and given[0].delivery is None:
            raise Invalid("Say which message was confirmed.", field="delivery")
    return RecordContact(
        direction=typed.line(values, "direction") or "",  # type: ignore[arg-type]  # the service checks it
        means=typed.line(values, "means") or "",  # type: ignore[arg-type]  # the service checks it
        said=str(values.get("said") or ""),
        stated_at=typed.moment(values, "stated_at"),
        counterpart=_counterpart(values),
        counterpart_name=typed.line(values, "counterpart_name"),
        attachment=attachment,
        serves=given,
    )


def _counterpart(values: Mapping[str, Any]) -> UUID | None:
    """Chosen from the whole list, else from the desks of late."""
    return typed.chosen(values, "counterpart") or typed.chosen(values, "recent")


def _report(values: Mapping[str, Any], serves: str) -> UUID | None:
    if serves == "acknowledgement":
        return None
    name = "draft" if serves == "submission" else "submission"
    found = typed.chosen(values, name)
    if found is None:
        raise Invalid("Say which report it concerns.", field=name)
    return found


def _page(subject: Subject, form: Form, choices: Mapping[str, Any], clock: Clock, status_code: int = 200) -> Page:
    return page(
        "obligations/contact.html",
        status_code=status_code,
        now=clock.now(),
        subject=subject,
        form=form,
        choices=choices,
        means=MEANS,
        asks_names=ASKS_NAMES,
        draft_name=draft_name(subject.number),
        plain=PLAIN,
        **words(),
    )


ROUTES: Final = [contact_page, record]
