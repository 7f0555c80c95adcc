"""Pages on which a person says why: a version is declined or withdrawn, put back into use, or the playbook retired."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_422_UNPROCESSABLE_ENTITY

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.access.second import is_first, reader
from irm.clock import Clock
from irm.db import Database, Tx
from irm.errors import Conflict, Invalid
from irm.i18n import N_, Translator
from irm.playbooks.city import city_of
from irm.playbooks.publishing import author
from irm.playbooks.version_life import activate, decline, retire
from irm.playbooks.versions import Version, chosen, versions as versions_of
from irm.positions import LanguageError
from irm.web.forms import Form
from irm.web.pages import Page, page


@dataclass(frozen=True)
class Asked:
    """What the page says before the reason is written. Msgids."""

    heading: str
    lead: str
    button: str


WORDS: Final[Mapping[str, Asked]] = {
    "decline": Asked(
        N_("Decline version %(version)s"),
        N_("It is not used, and its author is told why. The version in use stays."),
        N_("Decline"),
    ),
    "withdraw": Asked(
        N_("Withdraw version %(version)s"),
        N_("You published it; nobody has approved it yet. The version in use stays."),
        N_("Withdraw"),
    ),
    "activation": Asked(
        N_("Put version %(version)s back into use"),
        N_(
            "It was in use before, so it needs no second person: whoever may approve playbooks is told at once, with your "
            "reason. Incidents under way keep their version."
        ),
        N_("Put back into use"),
    ),
    "retirement": Asked(
        N_("Withdraw the playbook from use"),
        N_(
            "No incident begins with it any more; what is under way goes on. Whoever may approve playbooks is told at once, "
            "with your reason. A version that was in use can be put back."
        ),
        N_("Withdraw from use"),
    ),
}
Act = Callable[[Tx, str], Awaitable[object]]


@get(
    [f"/playbooks/{{playbook:str}}/versions/{{version:int}}/{act}" for act in ("decline", "activation", "retirement")],
    opt=allow(Permission.PUBLISH_PLAYBOOK),
    include_in_schema=False,
)
async def judging_page(
    playbook: FromPath[str],
    version: FromPath[int],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Page:
    """Raises Conflict where there is nothing to say of the version."""
    one, act = await _version(db, principal, playbook, version), request.url.path.rpartition("/")[2]
    if act == "decline" and not one.waiting:
        raise Conflict("This version waits for nobody's approval.", code="not_waiting")
    if act == "activation" and not one.may_return:
        raise Conflict(
            "Only a version that was in use before, and is not in use now, is put back.", code="cannot_return"
        )
    if act == "retirement" and not one.active:
        raise Conflict("This version is not in use.", code="not_in_use")
    return _page(clock, one, act, Form(), principal)


@post(
    "/playbooks/{playbook:str}/versions/{version:int}/decline",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def decline_version(
    playbook: FromPath[str],
    version: FromPath[int],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    now, person = clock.now(), principal.person_id

    async def act(tx: Tx, reason: str) -> object:
        return await decline(tx, playbook, version, person=person, reason=reason, actor=principal.actor, now=now)

    one = await _version(db, principal, playbook, version)
    return await _judge(request, principal, db, clock, t, one, "decline", act)


@post(
    "/playbooks/{playbook:str}/versions/{version:int}/activation",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def activate_version(
    playbook: FromPath[str],
    version: FromPath[int],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    now = clock.now()

    async def act(tx: Tx, reason: str) -> object:
        city = await city_of(tx, now=now)
        return await activate(
            tx,
            playbook,
            version,
            reason=reason,
            city=city,
            actor=principal.actor,
            now=now,
            person=principal.person_id,
        )

    one = await _version(db, principal, playbook, version)
    return await _judge(request, principal, db, clock, t, one, "activation", act)


@post(
    "/playbooks/{playbook:str}/versions/{version:int}/retirement",
    opt=dangerous(allow(Permission.PUBLISH_PLAYBOOK)),
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
async def retire_from_use(
    playbook: FromPath[str],
    version: FromPath[int],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page | Redirect:
    """`version`: the one in use that the reader has seen."""
    now = clock.now()

    async def act(tx: Tx, reason: str) -> object:
        return await retire(tx, playbook, reason=reason, actor=principal.actor, now=now, person=principal.person_id)

    one = await _version(db, principal, playbook, version)
    return await _judge(request, principal, db, clock, t, one, "retirement", act)


async def _version(db: Database, principal: Principal, playbook: str, version: int) -> Version:
    """Raises NotFound."""
    async with db.transaction(principal.actor) as tx:
        return chosen(await versions_of(tx, playbook), version)


async def _judge(
    request: Request[Any, Any, Any],
    principal: Principal,
    db: Database,
    clock: Clock,
    t: Translator,
    one: Version,
    name: str,
    act: Act,
) -> Page | Redirect:
    """Does it and goes back to the playbook, or shows beside the reason why not."""
    reason = str((await request.form()).get("reason") or "")
    try:
        async with db.transaction(principal.actor) as tx:
            await act(tx, reason)
    except LanguageError as error:
        told = "; ".join(fault.read(t) for fault in error.faults[:3])
        form = Form(
            {"reason": reason}, {}, t("The version cannot be used as the rules stand today: %(told)s", told=told)
        )
    except Invalid as error:
        form = Form.refused({"reason": reason}, error, t)
    else:
        return Redirect(f"/playbooks/{one.playbook_id}#versions", status_code=HTTP_303_SEE_OTHER)
    answer = _page(clock, one, name, form, principal)
    answer.status_code = HTTP_422_UNPROCESSABLE_ENTITY
    return answer


def _page(clock: Clock, one: Version, name: str, form: Form, principal: Principal) -> Page:
    is_own = is_first([author(one.published_by)], reader(principal))
    words = WORDS["withdraw" if name == "decline" and is_own else name]
    return page(
        "playbooks/judge.html",
        now=clock.now(),
        one=one,
        words=words,
        form=form,
        path_of_form=f"/playbooks/{one.playbook_id}/versions/{one.version}/{name}",
    )


ROUTES: Final = [judging_page, decline_version, activate_version, retire_from_use]
