"""/api/v1 and page: questions of the press (媒体问询)."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_201_CREATED,
    HTTP_303_SEE_OTHER,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_ENTITY,
)
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow, reach
from irm.clock import Clock
from irm.db import Database
from irm.errors import Conflict, Invalid, IrmError
from irm.i18n import Translator
from irm.obligations.about_subject import acting_for
from irm.obligations.lookup import subject_at, subject_before
from irm.obligations.media import Asked, Inquiry, answer_inquiry, inquiries_of, inquiry, record_inquiry
from irm.obligations.media_policy import media_policy
from irm.obligations.schemas import ContactMeans, ContactView, contact_view
from irm.obligations.showing import words
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

TAGS: Final = ["media"]


class AskInquiry(Struct, forbid_unknown_fields=True, frozen=True):
    """`incident`: its number. `outlet`: the paper or station and who asks; `said`: the questions."""

    incident: str
    means: ContactMeans
    outlet: str
    said: str
    answer_by: datetime | None = None
    stated_at: datetime | None = None
    organization: UUID | None = None


class AnswerInquiry(Struct, forbid_unknown_fields=True, frozen=True):
    """What was answered, by whom, and when (default: now)."""

    answer: str
    answered_by: str
    stated_at: datetime | None = None


class InquiryView(Struct, frozen=True):
    """`answerer`: who answers, as the city's policy said when it was asked; nobody else does."""

    id: UUID
    contact: ContactView
    answerer: str
    answer_by: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None
    answer_recorded_at: datetime | None


class InquiryList(Struct, frozen=True):
    inquiries: list[InquiryView]


@get("/api/v1/media-inquiries", opt=allow(Permission.RECORD_CONTACT), tags=TAGS, operation_id="list_media_inquiries")
async def list_inquiries(
    incident: FromQuery[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    t: NamedDependency[Translator],
) -> InquiryList:
    """What the press asked about one incident, newest first."""
    far = reach(principal, Permission.RECORD_CONTACT)
    async with db.transaction(principal.actor) as tx:
        subject = await subject_at(tx, incident.replace("\0", ""), reach=far)
        return InquiryList([_view(one, t) for one in await inquiries_of(tx, subject.path, reach=far)])


@post(
    "/api/v1/media-inquiries",
    opt=allow(Permission.RECORD_CONTACT),
    tags=TAGS,
    operation_id="record_media_inquiry",
    status_code=HTTP_201_CREATED,
)
async def ask(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[AskInquiry],
) -> InquiryView:
    """Write down what the press asks; the answer says who answers."""
    async with db.transaction(principal.actor) as tx:
        about = data.incident.replace("\0", "")
        subject, principal = await subject_before(tx, about, principal, Permission.RECORD_CONTACT)
        far = reach(principal, Permission.RECORD_CONTACT)
        known = await record_inquiry(
            tx,
            subject=subject,
            asked=Asked(data.means, data.outlet, data.said, data.answer_by, data.stated_at),
            organization_id=acting_for(principal, Permission.RECORD_CONTACT, data.organization),
            actor=principal.actor,
            now=clock.now(),
        )
        return _view(await inquiry(tx, known, reach=far), t)


@post(
    "/api/v1/media-inquiries/{inquiry_id:uuid}/answer",
    opt=allow(Permission.RECORD_CONTACT),
    tags=TAGS,
    operation_id="answer_media_inquiry",
    status_code=HTTP_200_OK,
)
async def answer(
    inquiry_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    data: JSONBody[AnswerInquiry],
) -> InquiryView:
    """Write down what the spokesperson answered. A second time is a 409."""
    far = reach(principal, Permission.RECORD_CONTACT)
    async with db.transaction(principal.actor) as tx:
        await answer_inquiry(
            tx,
            inquiry_id,
            answer=data.answer,
            answered_by=data.answered_by,
            stated_at=data.stated_at,
            sight=far,
            actor=principal.actor,
            now=clock.now(),
        )
        return _view(await inquiry(tx, inquiry_id, reach=far), t)


@get("/media-inquiries/{inquiry_id:uuid}", opt=allow(Permission.RECORD_CONTACT), include_in_schema=False)
async def inquiry_page(
    inquiry_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    return await _page(db, principal, clock, inquiry_id, Form(), t)


@post("/media-inquiries/{inquiry_id:uuid}", opt=allow(Permission.RECORD_CONTACT), include_in_schema=False)
async def answer_on_page(
    inquiry_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Response[Any]:
    values = flatten(typed.texts((await request.form()).multi_items()))
    try:
        async with db.transaction(principal.actor) as tx:
            await answer_inquiry(
                tx,
                inquiry_id,
                answer=typed.text(values, "answer"),
                answered_by=typed.text(values, "answered_by"),
                stated_at=typed.moment(values, "stated_at"),
                sight=reach(principal, Permission.RECORD_CONTACT),
                actor=principal.actor,
                now=clock.now(),
            )
    except (Invalid, Conflict) as error:
        return await _page(db, principal, clock, inquiry_id, Form.refused(values, error, t), t, error)
    return Redirect(f"/media-inquiries/{inquiry_id}", status_code=HTTP_303_SEE_OTHER)


async def _page(
    db: Database,
    principal: Principal,
    clock: Clock,
    inquiry_id: UUID,
    form: Form,
    t: Translator,
    error: IrmError | None = None,
) -> Page:
    far = reach(principal, Permission.RECORD_CONTACT)
    async with db.transaction(principal.actor) as tx:
        one = await inquiry(tx, inquiry_id, reach=far)
        subject = await subject_at(tx, one.subject, reach=far)
    refused = HTTP_409_CONFLICT if isinstance(error, Conflict) else HTTP_422_UNPROCESSABLE_ENTITY
    return page(
        "obligations/media.html",
        status_code=200 if error is None else refused,
        now=clock.now(),
        one=one,
        subject=subject,
        form=form,
        rule=t.of(media_policy().rule),
        **words(),
    )


def _view(one: Inquiry, t: Translator) -> InquiryView:
    return InquiryView(
        one.id,
        contact_view(one.contact),
        t.of(one.answerer),
        one.answer_by,
        one.answer,
        one.answered_by,
        one.answered_at,
        one.answer_recorded_at,
    )


ROUTES: Final = [list_inquiries, ask, answer, inquiry_page, answer_on_page]
