"""JSON API of break-glass (应急启权): what may be taken, take it, end it, review it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct

from irm.access import glass
from irm.access.breaking import Offer
from irm.access.glass import Glass
from irm.access.glass_offers import offered, to_tell
from irm.access.policy import SIGNED_IN, Principal, Role, dangerous
from irm.access.queries import Organization, Person, organization_by_code, organizations
from irm.clock import Clock
from irm.db import Database, Tx

TAGS: Final = ["access"]


class TakeRole(Struct, frozen=True, forbid_unknown_fields=True):
    """`organization`: its code. `reason`: what has happened, and whom you could not reach."""

    organization: str
    role: Role
    reason: str


class ReviewGlass(Struct, frozen=True, forbid_unknown_fields=True):
    """`review`: why it was justified, or why not."""

    justified: bool
    review: str


class OfferView(Struct, frozen=True):
    """`minutes`: so long you would have the role. `told`: the people who hear of it at once."""

    organization: str
    role: str
    minutes: int
    told: list[str]


class GlassView(Struct, frozen=True):
    """`ends_at`: as it was meant, or when it ended early. `state`: running, to_review, late, justified, not_justified."""

    id: UUID
    organization: str
    person: UUID
    person_name: str
    role: str
    reason: str
    taken_at: datetime
    ends_at: datetime
    review_by: datetime
    reviewed_at: datetime | None
    reviewer: str
    review: str
    state: str


class GlassList(Struct, frozen=True):
    """`offers`: what you may take now."""

    offers: list[OfferView]
    taken: list[GlassView]


@dataclass(frozen=True)
class Told:
    """An offer with its organization, and everybody who hears of it when it is taken."""

    offer: Offer
    organization: Organization
    people: tuple[Person, ...]


@get("/api/v1/break-glass", opt=SIGNED_IN, tags=TAGS, operation_id="list_break_glass")
async def list_break_glass(
    db: NamedDependency[Database], clock: NamedDependency[Clock], principal: NamedDependency[Principal]
) -> GlassList:
    """Roles that were taken for a short time, newest first, as far as they concern you, and what you may take now."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await glass.seen_by(tx, principal, now=now)
        told = await offers_of(tx, principal, now=now)
    return GlassList(
        [
            OfferView(
                one.organization.code,
                one.offer.role.value,
                int(one.offer.lasts.total_seconds() // 60),
                [each.name for each in one.people],
            )
            for one in told
        ],
        [_view(one) for one in found],
    )


@post(
    "/api/v1/break-glass",
    opt=dangerous(SIGNED_IN),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
    operation_id="break_glass",
)
async def take_role(
    data: JSONBody[TakeRole],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> GlassView:
    """Take a role for a short time because nobody who holds it can be reached. Everybody in `told` hears of it at once,
    each act by it is marked, and somebody else reviews it afterwards. Never by a token: 403."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        place = await organization_by_code(tx, data.organization)
        made = await glass.take(tx, principal, place.id, data.role, reason=data.reason, now=now)
        return _view(await glass.glass(tx, made, now=now))


@post(
    "/api/v1/break-glass/{glass_id:uuid}/end",
    opt=SIGNED_IN,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="end_break_glass",
)
async def end_role(
    glass_id: FromPath[UUID],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> GlassView:
    """Before its time, by whoever took it, a reviewer or the security administrator. By a token only with `manage_roles`.
    409 when it is over."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await glass.end(tx, glass_id, by=principal, now=now)
        return _view(await glass.glass(tx, glass_id, now=now))


@post(
    "/api/v1/break-glass/{glass_id:uuid}/review",
    opt=SIGNED_IN,
    tags=TAGS,
    status_code=HTTP_200_OK,
    operation_id="review_break_glass",
)
async def review_role(
    glass_id: FromPath[UUID],
    data: JSONBody[ReviewGlass],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
) -> GlassView:
    """Say whether it was justified: the audit administrator, or the head of the organization, who did not take it. 409
    while it runs, and when it was reviewed. Never by a token: 404."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await glass.review(tx, glass_id, justified=data.justified, reason=data.review, by=principal, now=now)
        return _view(await glass.glass(tx, glass_id, now=now))


async def offers_of(tx: Tx, principal: Principal, *, now: datetime) -> list[Told]:
    """What the reader may take, with everybody who would be told."""
    found = await offered(tx, principal, now=now)
    places = {one.id: one for one in await organizations(tx, ids=[one.organization_id for one in found])}
    return [
        Told(
            one,
            places[one.organization_id],
            tuple(await to_tell(tx, one.organization_id, one.role, principal.person_id, now=now)),
        )
        for one in found
    ]


def _view(one: Glass) -> GlassView:
    return GlassView(
        one.id,
        one.organization,
        one.person_id,
        one.person,
        one.role.value,
        one.reason,
        one.taken_at,
        one.ends_at,
        one.review_by,
        one.reviewed_at,
        one.reviewer,
        one.review,
        one.state,
    )


ROUTES: Final = [list_break_glass, take_role, end_role, review_role]
