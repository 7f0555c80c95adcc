"""JSON API: who am I, the contact list, my tokens."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED, HTTP_204_NO_CONTENT

from irm.access import tokens
from irm.access.directory import contact_list
from irm.access.guard import policy_of
from irm.access.limits import system_names
from irm.access.policy import SIGNED_IN, WITHOUT_FACTOR, Permission, Principal, allow, dangerous, permissions
from irm.access.queries import organizations
from irm.access.schemas import (
    CreatedToken,
    CreateToken,
    LimitedView,
    MembershipView,
    MeView,
    OrganizationList,
    RegisteredOrganization,
    RegisterOrganization,
    TokenList,
    TokenView,
)
from irm.access.service import register_organization
from irm.clock import Clock
from irm.db import Database
from irm.errors import FieldError, Forbidden, Invalid
from irm.i18n import N_

SESSIONS_ONLY: Final = N_("A token cannot do this; sign in.")
NAIVE: Final = N_("A moment needs a time zone, for example 2026-11-21T03:41:00+08:00.")
NOT_YOURS: Final = N_("This is not one of your organizations.")


@get("/api/v1/me", opt={**SIGNED_IN, **WITHOUT_FACTOR}, tags=["access"])
async def who_am_i(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> MeView:
    """The account behind this session or token, its organizations and roles, and what it may do."""
    async with db.transaction(principal.actor) as tx:
        mine = await organizations(tx, ids=principal.workplaces)
        names = await system_names(tx, {system for one in principal.limited for system in one.systems})
    limited = {
        place.id: [
            LimitedView(sorted(one.roles), [name for system, name in names.items() if system in one.systems])
            for one in principal.limited
            if one.organization_id == place.id
        ]
        for place in mine
    }
    return MeView(
        account=principal.account_id,
        person=principal.person_id,
        name=principal.name,
        locale=principal.locale,
        organizations=[
            MembershipView(
                one.id, one.code, one.name, one.kind, sorted(principal.memberships.get(one.id, ())), limited[one.id]
            )
            for one in mine
        ],
        permissions=sorted(permissions(principal)),
        scopes=None if principal.scopes is None else sorted(principal.scopes),
    )


@get("/api/v1/organizations", opt=allow(Permission.READ_ORGANIZATIONS), tags=["access"])
async def list_organizations(
    db: NamedDependency[Database],
    principal: NamedDependency[Principal],
    text: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    joined: FromQuery[bool | None] = None,
) -> OrganizationList:
    """Listed desks and organizations that have joined, with their telephones. `text` reads names, pinyin and initials."""
    async with db.transaction(principal.actor) as tx:
        return OrganizationList(await contact_list(tx, text=text, kind=kind, joined=joined))


@post(
    "/api/v1/organizations",
    opt=allow(Permission.MANAGE_ORGANIZATIONS),
    tags=["access"],
    status_code=HTTP_201_CREATED,
)
async def create_organization(
    data: JSONBody[RegisterOrganization],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> RegisteredOrganization:
    """An organization that joins, or a desk outside that is only listed. By the city's system administrator."""
    stated = {name: getattr(data, name) for name in data.__struct_fields__ if name != "parent"}
    async with db.transaction(principal.actor) as tx:
        made = await register_organization(tx, **stated, parent_id=data.parent, actor=principal.actor, now=clock.now())
    return RegisteredOrganization(made, data.code)


@get("/api/v1/tokens", opt=SIGNED_IN, tags=["access"])
async def list_tokens(db: NamedDependency[Database], principal: NamedDependency[Principal]) -> TokenList:
    """My tokens, newest first, without their secrets."""
    async with db.transaction(principal.actor) as tx:
        return TokenList([_view(one) for one in await tokens.tokens(tx, account_id=principal.account_id)])


@post("/api/v1/tokens", opt=dangerous(SIGNED_IN), tags=["access"], status_code=HTTP_201_CREATED)
async def create_token(
    request: Request[Any, Any, Any],
    data: JSONBody[CreateToken],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> CreatedToken:
    """Acts for me with the scopes given, never with more than my roles. Only from a session, never by another token; it ends within
    the security profile's days."""
    _refuse_tokens(principal)
    scopes = tokens.scopes_of(data.scopes)
    if data.until is not None and data.until.tzinfo is None:
        raise Invalid(NAIVE, errors=[FieldError("until", NAIVE)])
    if data.organization is not None and data.organization not in principal.workplaces:
        raise Invalid(NOT_YOURS, field="organization")
    now = clock.now()
    until = tokens.end_within(data.until, longest=policy_of(request.app).token_life, now=now)
    async with db.transaction(principal.actor) as tx:
        token_id, token = await tokens.create_token(
            tx,
            account_id=principal.account_id,
            name=data.name,
            scopes=scopes,
            actor=principal.actor,
            now=now,
            organization_id=data.organization,
            until=until,
        )
    return CreatedToken(token_id, token)


@delete("/api/v1/tokens/{token_id:uuid}", opt=SIGNED_IN, tags=["access"], status_code=HTTP_204_NO_CONTENT)
async def revoke_token(
    token_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> None:
    """It stops at once; it stays in the list."""
    _refuse_tokens(principal)
    async with db.transaction(principal.actor) as tx:
        await tokens.revoke_token(tx, token_id, actor=principal.actor, now=clock.now(), account_id=principal.account_id)


def _refuse_tokens(principal: Principal) -> None:
    if principal.scopes is not None:
        raise Forbidden(SESSIONS_ONLY, code="sessions_only")


def _view(one: tokens.ApiToken) -> TokenView:
    return TokenView(
        one.id,
        one.name,
        sorted(one.scopes),
        one.organization_id,
        one.created_at,
        one.until,
        one.revoked_at,
        one.last_used_at,
    )


ROUTES: Final = [who_am_i, list_organizations, create_organization, list_tokens, create_token, revoke_token]
