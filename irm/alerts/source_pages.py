"""Pages of the machines that may send, for the system administrator, and of the city's rules for what they send."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access import queries as access
from irm.access.policy import Permission, Principal, allow, dangerous, may, reach
from irm.alerts import sources
from irm.alerts.filing import HOUR
from irm.alerts.policy import alert_policy
from irm.alerts.queries import filed_by_rules
from irm.alerts.rule_versions import publish_rules, rules_in_force, versions
from irm.alerts.sources import Given
from irm.alerts.vocabulary import FAULT_NAMES, KIND_NAMES
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database
from irm.errors import Invalid, IrmError
from irm.i18n import Translator
from irm.positions import LanguageError
from irm.web.forms import Form, flatten
from irm.web.pages import Page, page

MAY_MANAGE: Final = allow(Permission.MANAGE_SOURCES)
WORDS: Final[dict[str, Any]] = {"kind_names": KIND_NAMES, "fault_names": FAULT_NAMES}


@get("/alert-sources", opt=MAY_MANAGE, include_in_schema=False)
async def list_page(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Page:
    return await _list(db, clock, principal, Form())


@post("/alert-sources", opt=MAY_MANAGE, include_in_schema=False, status_code=HTTP_200_OK)
async def register_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page:
    """Shows the secret on the page that answers, and never again."""
    typed = flatten((await request.form()).multi_items())
    given = _given(typed)
    try:
        async with db.transaction(principal.actor) as tx:
            _, secret = await sources.register_source(
                tx, given, by=principal, actor=principal.actor, home=settings.home, now=clock.now()
            )
    except IrmError as error:
        return await _list(db, clock, principal, Form.refused(typed, error, t), status_code=_REFUSED)
    return await _show(db, clock, settings, principal, given.code, secret=secret)


_REFUSED: Final = HTTP_422_UNPROCESSABLE_ENTITY


@get("/alert-sources/{code:str}", opt=MAY_MANAGE, include_in_schema=False)
async def show_page(
    code: FromPath[str],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page:
    return await _show(db, clock, settings, principal, code)


@post("/alert-sources/{code:str}", opt=MAY_MANAGE, include_in_schema=False, status_code=HTTP_200_OK)
async def change_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    typed = flatten((await request.form()).multi_items())
    try:
        async with db.transaction(principal.actor) as tx:
            await sources.change_source(tx, code, _given(typed), by=principal, actor=principal.actor, now=clock.now())
    except Invalid as error:
        form = Form.refused(typed, error, t)
        return await _show(db, clock, settings, principal, code, form=form, status_code=_REFUSED)
    return Redirect(f"/alert-sources/{code}", status_code=HTTP_303_SEE_OTHER)


@post("/alert-sources/{code:str}/enabled", opt=MAY_MANAGE, include_in_schema=False)
async def switch_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> Redirect:
    is_enabled = (await request.form()).get("enabled") == "yes"
    async with db.transaction(principal.actor) as tx:
        await sources.switch_source(
            tx, code, is_enabled=is_enabled, by=principal, actor=principal.actor, now=clock.now()
        )
    return Redirect(f"/alert-sources/{code}", status_code=HTTP_303_SEE_OTHER)


@post("/alert-sources/{code:str}/secret", opt=MAY_MANAGE, include_in_schema=False, status_code=HTTP_200_OK)
async def rotate_page(
    code: FromPath[str],
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> Page:
    """Shows the new secret on the page that answers, and never again."""
    at_once = (await request.form()).get("at_once") == "yes"
    async with db.transaction(principal.actor) as tx:
        secret = await sources.rotate_secret(
            tx, code, at_once=at_once, by=principal, actor=principal.actor, home=settings.home, now=clock.now()
        )
    return await _show(db, clock, settings, principal, code, secret=secret)


def _given(typed: dict[str, Any]) -> Given:
    def text(name: str) -> str:
        value = typed.get(name)
        return value.strip() if isinstance(value, str) else ""

    rate = text("rate_per_minute")
    number = int(rate) if rate.isascii() and rate.isdigit() and len(rate) < 10 else None  # noqa: PLR2004 - digits
    return Given(
        code=text("code"),
        name=text("name"),
        kind=text("kind"),
        organization=text("organization"),
        systems=tuple(text("systems").replace(",", " ").split()),
        senders=tuple(text("senders").replace(",", " ").split()),
        mapping=text("mapping") + "\n" if text("mapping") else "",
        rate_per_minute=number if number is not None or not rate else -1,
        unclassified=text("unclassified") == "yes",
    )


async def _list(
    db: Database, clock: Clock, principal: Principal, form: Form, *, status_code: int = HTTP_200_OK
) -> Page:
    far = reach(principal, Permission.MANAGE_SOURCES)
    async with db.transaction(principal.actor) as tx:
        found = await sources.sources(tx, principal)
        owners = [
            (each.code, each.name)
            for each in await access.organizations(tx, joined=True)
            if far.everything or each.id in far.organizations
        ]
    return page(
        "alerts/sources.html",
        status_code=status_code,
        now=clock.now(),
        sources=found,
        owners=owners,
        form=form,
        rate=alert_policy().rate_per_minute,
        **WORDS,
    )


async def _show(
    db: Database,
    clock: Clock,
    settings: Settings,
    principal: Principal,
    code: str,
    *,
    secret: str = "",
    form: Form | None = None,
    status_code: int = HTTP_200_OK,
) -> Page:
    far = reach(principal, Permission.MANAGE_SOURCES)
    async with db.transaction(principal.actor) as tx:
        one = await sources.source_of(tx, code, principal)
        owner = await access.organization(tx, one.organization_id)
        owners = [
            (each.code, each.name)
            for each in await access.organizations(tx, joined=True)
            if far.everything or each.id in far.organizations
        ]
    entered = {
        "name": one.name,
        "organization": owner.code,
        "systems": " ".join(each for each, _ in one.systems),
        "senders": " ".join(one.senders),
        "mapping": one.mapping,
        "rate_per_minute": str(one.rate_per_minute),
    }
    return page(
        "alerts/source.html",
        status_code=status_code,
        now=clock.now(),
        one=one,
        owners=owners,
        form=form or Form(entered),
        secret=secret,
        address=sources.address_of(settings.public_url, one.code),
        hours=alert_policy().old_secret_hours,
        **WORDS,
    )


# -- the city's rules


@get("/alert-rules", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def rules_page(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> Page:
    return await _rules(db, clock, principal, None, [])


@post("/alert-rules", opt=dangerous(allow(Permission.MANAGE_RULES)), include_in_schema=False, status_code=HTTP_200_OK)
async def publish_page(
    request: Request[Any, Any, Any],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    typed = flatten((await request.form()).multi_items())
    after = str(typed.get("after") or "")
    try:
        async with db.transaction(principal.actor) as tx:
            await publish_rules(
                tx,
                str(typed.get("text") or "").replace("\r\n", "\n"),
                reason=str(typed.get("reason") or ""),
                after=int(after) if after.isascii() and after.isdigit() and len(after) < 9 else None,  # noqa: PLR2004 - digits
                by=principal,
                actor=principal.actor,
                now=clock.now(),
            )
    except LanguageError as error:
        faults = [fault.text(t) for fault in error.faults]
        return await _rules(db, clock, principal, Form(typed, {"text": faults[0]}), faults, status_code=_REFUSED)
    except IrmError as error:
        return await _rules(db, clock, principal, Form.refused(typed, error, t), [], status_code=_REFUSED)
    return Redirect("/alert-rules", status_code=HTTP_303_SEE_OTHER)


async def _rules(
    db: Database,
    clock: Clock,
    principal: Principal,
    form: Form | None,
    faults: list[str],
    *,
    status_code: int = HTTP_200_OK,
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        present = await rules_in_force(tx)
        every = await versions(tx)
        filed = await filed_by_rules(tx, since=now - HOUR)
    return page(
        "alerts/rules.html",
        status_code=status_code,
        now=now,
        present=present,
        versions=every,
        filed=filed,
        form=form or Form({"text": present.text}),
        faults=faults,
        may_publish=may(principal, Permission.MANAGE_RULES),
    )


ROUTES: Final = [
    list_page,
    register_page,
    show_page,
    change_page,
    switch_page,
    rotate_page,
    rules_page,
    publish_page,
]
