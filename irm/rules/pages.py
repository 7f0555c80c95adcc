"""Pages of the rule packs: what irm takes for law, article by article, with its marks."""

from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from irm.access.policy import Permission, Principal, allow, dangerous, may
from irm.access.queries import person_names
from irm.access.second import is_first, is_second, reader
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.rules import editing_pages, review_pages, version_pages, words
from irm.rules.load import catalogue
from irm.rules.moments import within
from irm.rules.pack import DutyRule, GradingRule, Pack
from irm.rules.policies import adopt, choose_reading, decisions
from irm.rules.queries import chosen, people_of, published
from irm.rules.routes import internal_limits
from irm.web.forms import Form
from irm.web.pages import Page, page


@get("/rules", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def rules_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=clock.now())
    may_manage = may(principal, Permission.MANAGE_RULES)
    return page("rules/list.html", now=clock.now(), packs=packs, may_manage=may_manage, **_words(t))


@get("/rules/{pack:str}", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def pack_page(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    pack: FromPath[str],
    version: FromQuery[str] = "",
) -> Page:
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=clock.now())
        adoptions, switches = await decisions(tx)
        versions = [one for one in packs if one.pack.id == pack]
        names = await person_names(tx, {person for one in versions for person in people_of(one)})
    readings = {switch: row for switch, row in switches.items() if switch.startswith(f"{pack}/")}
    shown = chosen(packs, pack, version)
    internal = {rule: words.limit_words(within(limit), t) for rule, limit in internal_limits(packs).items()}
    return page(
        "rules/pack.html",
        now=clock.now(),
        shown=shown,
        pack=shown.pack,
        versions=versions,
        waiting=[one for one in versions if one.is_waiting],
        in_use=next((one.pack.version for one in versions if one.newest), ""),
        name_of=lambda person: names.get(person, ""),
        is_own=lambda one: is_first([one.published_by], reader(principal)),
        is_second=lambda one: is_second([one.published_by], principal),
        may_approve=may(principal, Permission.APPROVE_RULES),
        gradings=_by_level(shown.pack),
        duties=shown.pack.duties,
        chosen=readings,
        decided=adoptions.get(pack),
        may_decide=may(principal, Permission.MANAGE_RULES),
        form=Form(),
        internal=internal,
        facts=catalogue(),
        wanted=request.query_params.get("rule", ""),
        **_words(t),
    )


@post("/rules/{pack:str}/adoption", opt=dangerous(allow(Permission.MANAGE_RULES)), include_in_schema=False)
async def decide_adoption(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    pack: FromPath[str],
) -> Redirect:
    values = await request.form()
    async with db.transaction(principal.actor) as tx:
        await adopt(
            tx,
            pack,
            adopted=values.get("on") == "yes",
            reason=str(values.get("reason") or ""),
            actor=principal.actor,
            now=clock.now(),
        )
    return Redirect(f"/rules/{pack}", status_code=HTTP_303_SEE_OTHER)


@post("/rules/{pack:str}/switches/{switch:str}", opt=dangerous(allow(Permission.MANAGE_RULES)), include_in_schema=False)
async def set_reading(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    pack: FromPath[str],
    switch: FromPath[str],
) -> Redirect:
    values = await request.form()
    async with db.transaction(principal.actor) as tx:
        await choose_reading(
            tx,
            f"{pack}/{switch}",
            str(values.get("reading") or ""),
            reason=str(values.get("reason") or ""),
            actor=principal.actor,
            now=clock.now(),
        )
    return Redirect(f"/rules/{pack}#switches", status_code=HTTP_303_SEE_OTHER)


def _by_level(pack: Pack) -> list[tuple[int, list[GradingRule]]]:
    levels = sorted({rule.level for rule in pack.grading})
    return [(level, [rule for rule in pack.grading if rule.level == level]) for level in levels]


def _words(t: Translator) -> dict[str, Any]:
    """What the templates say in the reader's language."""

    def to(rule: DutyRule) -> str:
        return t("; ").join(words.addressee_words(one, t, rule.subject) for one in rule.recipients)

    return {
        "force": lambda force: words.force_words(force, t),
        "mark": lambda status: words.mark_words(status, t),
        "figure_of": lambda one: words.figure_words(one, t),
        "limit_of": lambda limit: words.limit_words(limit, t),
        "when_of": lambda rule: words.when_words(rule, t),
        "reckoned": lambda one: words.reckoned_words(one, t),
        "months_of": lambda months: words.months_words(months, t),
        "kept": lambda what: t(words.KEPT_NAMES.get(what, what)),
        "about": lambda subject: words.subject_words(subject, t),
        "bearer": lambda rule: words.addressee_words(rule.bearer, t, rule.subject),
        "to": to,
        "source_of": lambda name: t(words.NOTE_NAMES.get(name, name)),
        "seen_of": lambda written: words.seen_words(written, t),
        "start": lambda rule: words.start_words(rule, t),
        "jurisdiction": lambda name: t(words.JURISDICTION_NAMES.get(name, name)),
    }


ROUTES: Final = [
    rules_page,
    pack_page,
    decide_adoption,
    set_reading,
    *review_pages.ROUTES,
    *editing_pages.ROUTES,
    *version_pages.ROUTES,
]
