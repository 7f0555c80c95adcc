"""/api/v1: the machines that may send, and the city's rules for what they send."""

from typing import Final

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.alerts import schemas, sources
from irm.alerts.rule_versions import publish_rules, rules_in_force, versions
from irm.clock import Clock
from irm.config import Settings
from irm.db import Database

TAGS: Final = ["alerts"]


@get("/api/v1/alert-sources", opt=allow(Permission.MANAGE_SOURCES), tags=TAGS, operation_id="list_alert_sources")
async def list_sources(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> schemas.SourceList:
    """With what each has sent, what was refused, and what was last wrong."""
    async with db.transaction(principal.actor) as tx:
        found = await sources.sources(tx, principal)
    return schemas.SourceList([schemas.source_view(one) for one in found])


@post(
    "/api/v1/alert-sources",
    opt=allow(Permission.MANAGE_SOURCES),
    tags=TAGS,
    operation_id="register_alert_source",
    status_code=HTTP_201_CREATED,
)
async def register_source(
    data: JSONBody[schemas.RegisterSource],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> schemas.SecretView:
    """The secret is in this answer and nowhere else."""
    given = sources.Given(
        data.code,
        data.name,
        data.kind,
        data.organization,
        tuple(data.systems),
        tuple(data.senders),
        data.mapping,
        data.rate_per_minute,
        data.unclassified,
    )
    async with db.transaction(principal.actor) as tx:
        _, secret = await sources.register_source(
            tx, given, by=principal, actor=principal.actor, home=settings.home, now=clock.now()
        )
    return schemas.SecretView(data.code, secret, sources.address_of(settings.public_url, data.code))


@get(
    "/api/v1/alert-sources/{code:str}",
    opt=allow(Permission.MANAGE_SOURCES),
    tags=TAGS,
    operation_id="get_alert_source",
)
async def get_source(
    code: FromPath[str], db: NamedDependency[Database], principal: NamedDependency[Principal]
) -> schemas.SourceView:
    """One machine."""
    async with db.transaction(principal.actor) as tx:
        return schemas.source_view(await sources.source_of(tx, code, principal))


@patch(
    "/api/v1/alert-sources/{code:str}",
    opt=allow(Permission.MANAGE_SOURCES),
    tags=TAGS,
    operation_id="change_alert_source",
)
async def change_source(
    code: FromPath[str],
    data: JSONBody[schemas.ChangeSource],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.SourceView:
    """All but code, kind and secret."""
    given = sources.Given(
        code,
        data.name,
        "",
        data.organization,
        tuple(data.systems),
        tuple(data.senders),
        data.mapping,
        data.rate_per_minute,
    )
    async with db.transaction(principal.actor) as tx:
        await sources.change_source(tx, code, given, by=principal, actor=principal.actor, now=clock.now())
        return schemas.source_view(await sources.source_of(tx, code, principal))


@post(
    "/api/v1/alert-sources/{code:str}/enabled",
    opt=allow(Permission.MANAGE_SOURCES),
    tags=TAGS,
    operation_id="switch_alert_source",
    status_code=HTTP_200_OK,
)
async def switch_source(
    code: FromPath[str],
    data: JSONBody[schemas.SwitchSource],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.SourceView:
    """Off: what it sends is refused and counted."""
    async with db.transaction(principal.actor) as tx:
        await sources.switch_source(
            tx, code, is_enabled=data.enabled, by=principal, actor=principal.actor, now=clock.now()
        )
        return schemas.source_view(await sources.source_of(tx, code, principal))


@post(
    "/api/v1/alert-sources/{code:str}/secret",
    opt=allow(Permission.MANAGE_SOURCES),
    tags=TAGS,
    operation_id="replace_alert_secret",
    status_code=HTTP_201_CREATED,
)
async def replace_secret(
    code: FromPath[str],
    data: JSONBody[schemas.ReplaceSecret],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    settings: NamedDependency[Settings],
    principal: NamedDependency[Principal],
) -> schemas.SecretView:
    """A new secret; the one before is taken a while longer."""
    async with db.transaction(principal.actor) as tx:
        secret = await sources.rotate_secret(
            tx,
            code,
            at_once=data.at_once,
            by=principal,
            actor=principal.actor,
            home=settings.home,
            now=clock.now(),
        )
    return schemas.SecretView(code, secret, sources.address_of(settings.public_url, code))


@get("/api/v1/alert-rules", opt=allow(Permission.READ_RULES), tags=TAGS, operation_id="get_alert_rules")
async def get_rules(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> list[schemas.RulesView]:
    """Every version that was published, the newest first; what irm brings along where there is none."""
    async with db.transaction(principal.actor) as tx:
        found = await versions(tx) or [await rules_in_force(tx)]
    return [schemas.RulesView(one.version, one.text, one.reason, one.published_by, one.published_at) for one in found]


@post(
    "/api/v1/alert-rules",
    opt=dangerous(allow(Permission.MANAGE_RULES)),
    tags=TAGS,
    operation_id="publish_alert_rules",
    status_code=HTTP_201_CREATED,
)
async def publish(
    data: JSONBody[schemas.PublishRules],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> schemas.RulesView:
    """Checked, then in force at once; every version stays."""
    async with db.transaction(principal.actor) as tx:
        await publish_rules(
            tx,
            data.text,
            reason=data.reason,
            after=data.after,
            by=principal,
            actor=principal.actor,
            now=clock.now(),
        )
        one = (await versions(tx) or [await rules_in_force(tx)])[0]
    return schemas.RulesView(one.version, one.text, one.reason, one.published_by, one.published_at)


ROUTES: Final = [
    list_sources,
    register_source,
    get_source,
    change_source,
    switch_source,
    replace_secret,
    get_rules,
    publish,
]
