"""`/organizations/{code}/directory`: who answers for the organization's security, and with whom it keeps in touch."""

from typing import Any, Final, cast
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import keeping_contacts
from irm.access.directory_routes import KEEP, READ
from irm.access.engagements import may_read_staff
from irm.access.engaging import Engagement, Vetting, refusal
from irm.access.keeping_contacts import Stated, kept_by, liaisons_of, may_read
from irm.access.liaisons import liaison_policy, lines
from irm.access.policy import Permission, Principal, Resource, may
from irm.access.queries import members, organization_by_code
from irm.access.responsible import responsible
from irm.access.staff_routes import VET, staff, stating, vetted_by_reader
from irm.clock import SHANGHAI, Clock
from irm.db import Database, Tx
from irm.errors import Forbidden, Invalid
from irm.i18n import N_, Translator
from irm.web import typed
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

DONE: Final = {
    "entered": N_("The contact was entered; it counts as checked today."),
    "checked": N_("Checked today."),
    "retired": N_("The contact was retired."),
    "staff": N_("Contract and vetting were entered."),
}
RESULTS: Final = {"passed": N_("vetted, may work"), "refused": N_("vetted, refused")}


@get("/organizations/{code:str}/directory", opt=READ, include_in_schema=False)
async def directory_page(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    done: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        return await _page(tx, code, principal, clock, t, done=DONE.get(done, ""))


@post("/organizations/{code:str}/liaisons", opt=KEEP, include_in_schema=False)
async def enter_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given = {name: value for name, value in flatten(list(sent.multi_items())).items() if isinstance(value, str)}
    stated = Stated(given.get("kind", ""), given.get("name", ""), given.get("telephone", ""), given.get("person", ""))
    try:
        async with db.transaction(principal.actor) as tx:
            found = await kept_by(tx, principal, code)
            await keeping_contacts.enter(
                tx, found.id, stated, by=principal.person_id, actor=principal.actor, now=clock.now()
            )
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, code, principal, clock, t, form=Form.refused(given, error, t))
    return Redirect(f"/organizations/{code}/directory?done=entered", status_code=HTTP_303_SEE_OTHER)


@post("/organizations/{code:str}/staff", opt=VET, include_in_schema=False)
async def staff_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    sent = await request.form()
    given = {name: value for name, value in flatten(list(sent.multi_items())).items() if isinstance(value, str)}
    try:
        async with db.transaction(principal.actor) as tx:
            found = await vetted_by_reader(tx, principal, code)
            stated = _engagement(given)
            person = typed.chosen(given, "person")
            await stating(tx, found, principal, clock, stated, person=person, name=given.get("new_name", ""))
    except Invalid as error:
        async with db.transaction(principal.actor) as tx:
            return await _page(tx, code, principal, clock, t, staff_form=Form.refused(given, error, t))
    return Redirect(f"/organizations/{code}/directory?done=staff", status_code=HTTP_303_SEE_OTHER)


def _engagement(given: dict[str, str]) -> Engagement:
    """Raises Invalid naming the field."""
    result = given.get("vetting", "")
    if result not in {"", "passed", "refused"}:
        raise Invalid(typed.NOT_OFFERED, field="vetting")
    return Engagement(
        given.get("contract", ""),
        typed.needed(typed.day(given, "begins_on"), "begins_on"),
        typed.day(given, "ends_on"),
        cast("Vetting | None", result or None),
        typed.day(given, "vetted_on"),
        given.get("vetted_by", ""),
        typed.day(given, "vetted_until"),
    )


@post("/organizations/{code:str}/liaisons/{liaison_id:uuid}/checked", opt=KEEP, include_in_schema=False)
async def checked_page(
    code: FromPath[str],
    liaison_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        found = await kept_by(tx, principal, code)
        await keeping_contacts.note_checked(
            tx, found.id, liaison_id, by=principal.person_id, actor=principal.actor, now=clock.now()
        )
    return Redirect(f"/organizations/{code}/directory?done=checked", status_code=HTTP_303_SEE_OTHER)


@post("/organizations/{code:str}/liaisons/{liaison_id:uuid}/retire", opt=KEEP, include_in_schema=False)
async def retire_page(
    code: FromPath[str],
    liaison_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    async with db.transaction(principal.actor) as tx:
        found = await kept_by(tx, principal, code)
        await keeping_contacts.retire(tx, found.id, liaison_id, actor=principal.actor, now=clock.now())
    return Redirect(f"/organizations/{code}/directory?done=retired", status_code=HTTP_303_SEE_OTHER)


async def _page(
    tx: Tx,
    code: str,
    principal: Principal,
    clock: Clock,
    t: Translator,
    *,
    done: str = "",
    form: Form | None = None,
    staff_form: Form | None = None,
) -> Page:
    now, policy = clock.now(), liaison_policy()
    found = await organization_by_code(tx, code)
    if not may_read(principal, found.id):
        raise Forbidden(keeping_contacts.NOT_YOURS)
    today = now.astimezone(SHANGHAI).date()
    people = await staff(tx, found, clock) if may_read_staff(principal, found) else None
    kept = await liaisons_of(tx, [found.id], today=today)
    return page(
        "access/directory.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if form or staff_form else HTTP_200_OK,
        now=now,
        one=found,
        responsible=responsible(await members(tx, [found.id], now=now, own=True)),
        lines=[(line, t.of(line.kind.name)) for line in lines(kept.get(found.id, ()), policy)],
        source=f"{t.of(policy.instrument)} {t.of(policy.article)}",
        every=policy.check_every_days,
        may_keep=may(principal, Permission.KEEP_CONTACTS, Resource(frozenset({found.id}))),
        form=form or Form(),
        staff=None if people is None else [(one, refusal(one.engagement, today)) for one in people],
        may_vet=may(principal, Permission.VET_STAFF, Resource(frozenset({found.id}))),
        staff_form=staff_form or Form({"begins_on": today.isoformat()}),
        results=RESULTS,
        done=done,
    )


ROUTES: Final = [directory_page, enter_page, staff_page, checked_page, retire_page]
