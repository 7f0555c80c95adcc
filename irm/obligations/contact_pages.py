"""The contact record (通联记录) as a form that takes twenty seconds on a phone."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_409_CONFLICT, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import REGULATORS, Permission, Principal, allow, may, reach
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import Translator
from irm.notify import queries as messages
from irm.obligations import queries
from irm.obligations.about_subject import write_contact
from irm.obligations.contacts import MEANS
from irm.obligations.forms import form_of
from irm.obligations.lookup import subject_at
from irm.obligations.schemas import RecordContact, ServesAs
from irm.obligations.showing import words
from irm.obligations.subjects import Subject
from irm.web import drafts, typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

PLAIN: Final = "nothing"


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
) -> Page:
    """`incident`: its number; the rest fills the form beforehand."""
    async with db.transaction(principal.actor) as tx:
        subject = await _subject(tx, principal, incident)
        kept = await drafts.read(tx, principal.account_id, draft_name(subject.number))
        choices = await _choices(tx, principal, subject, t)
    given = {"direction": "out", "means": "telephone", "counterpart": counterpart or "", "serves": PLAIN}
    if submission:
        given |= {"submission": submission, "serves": "receipt"}
    if delivery:
        given |= {"delivery": delivery, "serves": "acknowledgement"}
    return _page(subject, Form(values=given | (kept or {}), restored=bool(kept)), choices, clock)


@post("/contacts/new", opt=allow(Permission.RECORD_CONTACT), include_in_schema=False)
async def record(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten([(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)])
    async with db.transaction(principal.actor) as tx:
        subject = await _subject(tx, principal, typed.line(values, "incident") or "")
    try:
        async with db.transaction(principal.actor) as tx:
            await write_contact(tx, subject, _given(values), principal, now=clock.now())
            await drafts.discard(tx, principal.account_id, draft_name(subject.number))
    except (Invalid, Conflict) as error:
        async with db.transaction(principal.actor) as tx:
            await drafts.keep(tx, principal.account_id, draft_name(subject.number), values, now=clock.now())
            choices = await _choices(tx, principal, subject, t)
        status = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
        return _page(subject, Form.refused(values, error, t), choices, clock, status)
    return Redirect(subject.page, status_code=HTTP_303_SEE_OTHER)


def draft_name(number: str) -> str:
    return f"contact:{number.lower()}"


async def _subject(tx: Tx, principal: Principal, about: str) -> Subject:
    return await subject_at(tx, about, reach=reach(principal, Permission.RECORD_CONTACT))


def _given(values: Mapping[str, Any]) -> RecordContact:
    """The form as the API would send it. The service names the field of whatever is missing."""
    serves = typed.line(values, "serves") or PLAIN
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
        counterpart=typed.chosen(values, "counterpart"),
        counterpart_name=typed.line(values, "counterpart_name"),
        serves=given,
    )


def _report(values: Mapping[str, Any], serves: str) -> UUID | None:
    if serves == "acknowledgement":
        return None
    name = "draft" if serves == "submission" else "submission"
    found = typed.chosen(values, name)
    if found is None:
        raise Invalid("Say which report it concerns.", field=name)
    return found


async def _choices(tx: Tx, principal: Principal, subject: Subject, t: Translator) -> dict[str, list[tuple[str, str]]]:
    """What the record may serve as, as far as the reader may."""
    reports = await queries.submissions_of(tx, subject.path, reach=reach(principal, Permission.READ_SUBMISSIONS))
    label = {each.id: f"{t.of(form_of(each.form).short)} {each.serial} → {each.recipient.name}" for each in reports}
    waiting = [each for each in reports if each.status in ("submitted", "returned", "receipted")]
    pages, _ = await messages.deliveries_for(
        tx, principal, filters=messages.Filters(about=subject.number, purpose="page", unanswered=True)
    )
    desks = [desk for desk in await access.organizations(tx) if desk.kind in REGULATORS or desk.telephone]
    return {
        "counterparts": [(str(desk.id), f"{desk.name} {desk.telephone or ''}".strip()) for desk in desks],
        "submissions": [(str(each.id), label[each.id]) for each in waiting]
        if may(principal, Permission.RECORD_RECEIPT)
        else [],
        "drafts": [(str(each.id), label[each.id]) for each in reports if each.is_draft]
        if may(principal, Permission.SUBMIT_REPORT)
        else [],
        "deliveries": [
            (str(each.id), f"{each.name or each.organization} {each.address or ''}".strip()) for each in pages
        ],
    }


def _page(subject: Subject, form: Form, choices: Mapping[str, Any], clock: Clock, status_code: int = 200) -> Page:
    return page(
        "obligations/contact.html",
        status_code=status_code,
        now=clock.now(),
        subject=subject,
        form=form,
        choices=choices,
        means=MEANS,
        draft_name=draft_name(subject.number),
        plain=PLAIN,
        **words(),
    )


ROUTES: Final = [contact_page, record]
