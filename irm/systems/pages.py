"""Pages of the register: the list whose address is its state, and one system as a form."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_303_SEE_OTHER,
    HTTP_403_FORBIDDEN,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_ENTITY,
)

from irm.access.policy import Permission, Principal, allow, reach
from irm.access.queries import organization_names, organizations
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Forbidden, Invalid, IrmError
from irm.i18n import N_, Translator
from irm.systems import forms, vocabulary
from irm.systems.certificates import STATE_NAMES, STATE_TONES
from irm.systems.editing import changeable, refuse_foreign_owner
from irm.systems.entry import Entry, differences
from irm.systems.listing import CHOICES, PER_PAGE, listed, read_filters, sums
from irm.systems.queries import MOST_FOUND, System, shown_cii, system, systems_in_reach
from irm.systems.service import change_system, entry, register_system
from irm.systems.sheet import Names, value_words, wire_name
from irm.web.forms import Form, flatten
from irm.web.pages import Page, is_fragment, page

READ: Final = allow(Permission.READ_SYSTEMS)
EDIT: Final = allow(Permission.EDIT_SYSTEMS)
WORDS: Final[Mapping[str, Any]] = {
    "kind_names": vocabulary.KIND_NAMES,
    "level_names": vocabulary.LEVEL_NAMES,
    "life_cycle_names": vocabulary.LIFE_CYCLE_NAMES,
    "no_level": vocabulary.NO_LEVEL_NAME,
    "state_names": STATE_NAMES,
    "state_tones": STATE_TONES,
    "field_names": vocabulary.FIELD_NAMES,
}
FILTER_NAMES: Final = {
    "kind": vocabulary.FIELD_NAMES["kind"],
    "level": vocabulary.FIELD_NAMES["level"],
    "life_cycle": vocabulary.FIELD_NAMES["life_cycle"],
    "certificate": N_("Certificate"),
    "organization": N_("Organization"),
    "cursor": N_("Page of the list"),
}


@get("/systems", opt=READ, include_in_schema=False)
async def list_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    text: FromQuery[str | None] = None,
    kind: FromQuery[str | None] = None,
    level: FromQuery[str | None] = None,
    life_cycle: FromQuery[str | None] = None,
    certificate: FromQuery[str | None] = None,
    organization: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page:
    """What an address asks that cannot be is left out and said above the list."""
    query = {
        "text": text,
        "kind": kind,
        "level": level,
        "life_cycle": life_cycle,
        "certificate": certificate,
        "organization": organization,
    }
    filters, faults = read_filters(query)
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        try:
            found, following = await listed(tx, principal, filters, now=now, after=cursor or None)
        except Invalid as refused:
            faults += refused.errors
            found, following = await listed(tx, principal, filters, now=now)
        totals = await sums(tx, principal, now=now)
        named = {one for each in found for one in (each.system.owner_id, each.system.operator_id)}
        names = await organization_names(tx, named | ({filters.organization} if filters.organization else set()))
    return page(
        "systems/rows.html" if is_fragment(request) else "systems/list.html",
        status_code=HTTP_422_UNPROCESSABLE_ENTITY if faults else HTTP_200_OK,
        now=now,
        found=found,
        next_cursor=following,
        totals=totals,
        names=names,
        cii={each.system.id: shown_cii(each.system, principal) for each in found},
        per_page=PER_PAGE,
        query={**query, **{one.field: None for one in faults if one.field in query}},
        faults=[t("%(field)s: %(fault)s", field=t(FILTER_NAMES[one.field]), fault=one.text(t)) for one in faults],
        choices=CHOICES,
        filter_names=FILTER_NAMES,
        **WORDS,
    )


@get("/systems/new", opt=EDIT, include_in_schema=False)
async def new_page(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Page:
    async with db.transaction(principal.actor) as tx:
        choices = await _choices(tx, principal)
    values = forms.BLANK | ({"owner": str(principal.home)} if principal.home in choices.owner_ids else {})
    return _form_page(Form(values=values), choices, clock)


@post("/systems/new", opt=EDIT, include_in_schema=False)
async def enter(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    typed = await _typed(request)
    try:
        async with db.transaction(principal.actor) as tx:
            wanted = forms.entry_of_form(typed, None, (await _choices(tx, principal)).names)
            await refuse_foreign_owner(tx, principal, wanted)
            await register_system(tx, wanted, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        async with db.transaction(principal.actor) as tx:
            choices = await _choices(tx, principal)
        return _form_page(Form.refused(typed, error, t), choices, clock, status_code=_status(error))
    return Redirect(f"/systems/{wanted.code}", status_code=HTTP_303_SEE_OTHER)


@get("/systems/{code:str}/edit", opt=EDIT, include_in_schema=False)
async def edit_page(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        found = await changeable(tx, principal, code)
        known, version = await entry(tx, found.id)
        choices = await _choices(tx, principal, known.platform_id)
    form = Form(values=forms.values_of(known, choices.names, _sees_cii(found, principal)) | {"version": str(version)})
    return _form_page(form, choices, clock, system=found)


@post("/systems/{code:str}/edit", opt=EDIT, include_in_schema=False)
async def edit(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Response[Any]:
    """A stale edit shows what stands there now beside what was typed; sending it again is then a decision."""
    typed = await _typed(request)
    wanted: Entry | None = None
    try:
        async with db.transaction(principal.actor) as tx:
            found = await changeable(tx, principal, code)
            before, _ = await entry(tx, found.id)
            names = (await _choices(tx, principal)).names
            wanted = forms.entry_of_form(typed | {"code": found.code}, before, names)
            await refuse_foreign_owner(tx, principal, wanted)
            version = forms.version_of(typed)
            await change_system(tx, found.id, wanted, version=version, actor=principal.actor, now=clock.now())
    except (Invalid, Conflict, Forbidden) as error:
        async with db.transaction(principal.actor) as tx:
            found = await changeable(tx, principal, code)
            known, version = await entry(tx, found.id)
            choices = await _choices(tx, principal, known.platform_id)
        stale: list[tuple[str, str, str]] = []
        if isinstance(error, Conflict) and wanted is not None and any(one.field == "version" for one in error.errors):
            stale = _stale(known, replace(wanted, operator_id=wanted.operator_id or wanted.owner_id), choices, t)
            typed = typed | {"version": str(version)}
        form = Form.refused(typed, error, t)
        return _form_page(form, choices, clock, system=found, stale=stale, status_code=_status(error))
    return Redirect(f"/systems/{found.code}", status_code=HTTP_303_SEE_OTHER)


def _stale(known: Entry, wanted: Entry, choices: forms.Choices, t: Translator) -> list[tuple[str, str, str]]:
    words = partial(value_words, t=t, names=choices.names, platforms=choices.platform_codes)
    return [
        (t(vocabulary.FIELD_NAMES[wire_name(name)]), words(name, now), words(name, mine))
        for name, (now, mine) in differences(known, wanted).items()
    ]


async def _typed(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return flatten([(name, value) for name, value in (await request.form()).multi_items() if isinstance(value, str)])


def _sees_cii(found: System, principal: Principal) -> bool:
    return reach(principal, Permission.SEE_CII).covers(found.resource)


def _status(error: IrmError) -> int:
    if isinstance(error, Conflict):
        return HTTP_409_CONFLICT
    return HTTP_403_FORBIDDEN if isinstance(error, Forbidden) else HTTP_422_UNPROCESSABLE_ENTITY


async def _choices(tx: Tx, principal: Principal, kept: UUID | None = None) -> forms.Choices:
    """`kept`: the platform that stands there; it is offered even to whoever may name no other of the unit's."""
    known = await organizations(tx)
    far = reach(principal, Permission.EDIT_SYSTEMS)
    platforms = await systems_in_reach(tx, principal.away or principal, kind="platform", most=MOST_FOUND * 20)
    if kept is not None and kept not in {one.id for one in platforms}:
        platforms.append(await system(tx, kept))
    return forms.Choices(
        names=Names.of(known),
        owner_ids=frozenset(one.id for one in known if far.everything or one.id in far.organizations),
        platforms=tuple((one.id, one.code, one.name) for one in platforms),
    )


def _form_page(
    form: Form,
    choices: forms.Choices,
    clock: Clock,
    *,
    system: System | None = None,
    stale: list[tuple[str, str, str]] | None = None,
    status_code: int = HTTP_200_OK,
) -> Page:
    return page(
        "systems/form.html",
        status_code=status_code,
        now=clock.now(),
        form=form,
        choices=choices,
        system=system,
        stale=stale or [],
        portal_rank_names=vocabulary.PORTAL_RANK_NAMES,
        answers=vocabulary.YES_NO_UNKNOWN_NAMES,
        **WORDS,
    )


ROUTES: Final = [list_page, new_page, enter, edit_page, edit]
