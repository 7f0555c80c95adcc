"""JSON API for a rule pack on its way to the next version: look at a text, put it forward, approve, withdraw."""

from asyncio import to_thread
from typing import Final

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK

from irm.access.policy import Permission, Principal, allow, dangerous
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.rules.drafting import FILE, look
from irm.rules.editing_views import LookedView, PackText, ProposedText, WhyWithdrawn, looked_view
from irm.rules.moments import SHANGHAI
from irm.rules.previewing import preview_text
from irm.rules.queries import Published, chosen, published
from irm.rules.review_routes import sees_systems
from irm.rules.schemas import RulePackView, pack_view
from irm.rules.service import approve, propose, withdraw
from irm.rules.version_pages import may_withdraw


@post(
    "/api/v1/rules/check",
    opt=allow(Permission.MANAGE_RULES),
    status_code=HTTP_200_OK,
    tags=["rules"],
    operation_id="check_rules",
)
async def check_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    t: NamedDependency[Translator],
    data: JSONBody[PackText],
) -> LookedView:
    """What a text is and does: its faults, its tests one by one, what it says otherwise than the version in use, and with
    `effects` what would be owed newly, no longer or on another day in this city. Keeps nothing."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=now)

    def against(pack_id: str) -> Published | None:
        return next((one for one in packs if one.pack.id == pack_id and one.newest), None)

    day = now.astimezone(SHANGHAI).date()
    first = await to_thread(look, data.source, against=None, taken=(), today=day)
    if first.pack is None:
        return looked_view(first, None, t)
    used = against(first.pack.id)
    taken = {one.pack.version for one in packs if one.pack.id == first.pack.id}
    looked = await to_thread(look, data.source, against=used.pack if used else None, taken=taken, today=day)
    if not data.effects:
        return looked_view(looked, None, t)
    async with db.transaction(principal.actor) as tx:
        before = used.pack if used is not None and used.is_on else None
        effects = await preview_text(tx, before, first.pack, now=now)
    return looked_view(looked, effects, t, with_names=sees_systems(principal))


@post("/api/v1/rules", opt=dangerous(allow(Permission.MANAGE_RULES)), tags=["rules"], operation_id="propose_rules")
async def propose_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    data: JSONBody[ProposedText],
) -> RulePackView:
    """Put a version before a second person. Faults and red tests are a problem that names each place."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        known = {one.pack.id for one in await published(tx, now=now)}
        looked = await to_thread(look, data.source, against=None, taken=(), today=now.astimezone(SHANGHAI).date())
        named = looked.pack.id if looked.pack is not None and looked.pack.id in known else None
        pack, _ = await propose(
            tx,
            data.source,
            file=FILE,
            person=principal.person_id,
            actor=principal.actor,
            now=now,
            reason=data.reason,
            pack_id=named,
        )
        return pack_view(chosen(await published(tx, now=now), pack.id, pack.version))


@post(
    "/api/v1/rules/{pack:str}/versions/{version:str}/approval",
    opt=dangerous(allow(Permission.APPROVE_RULES)),
    status_code=HTTP_200_OK,
    tags=["rules"],
    operation_id="approve_rules",
)
async def approve_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    version: FromPath[str],
) -> RulePackView:
    """The second person lets a version be used that waits."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await approve(tx, pack, version, person=principal.person_id, actor=principal.actor, now=now)
        return pack_view(chosen(await published(tx, now=now), pack, version))


@post(
    "/api/v1/rules/{pack:str}/versions/{version:str}/withdrawal",
    opt=dangerous(allow(Permission.MANAGE_RULES, Permission.APPROVE_RULES)),
    status_code=HTTP_200_OK,
    tags=["rules"],
    operation_id="withdraw_rules",
)
async def withdraw_rules(
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    principal: NamedDependency[Principal],
    pack: FromPath[str],
    version: FromPath[str],
    data: JSONBody[WhyWithdrawn],
) -> RulePackView:
    """Declines what waits, or takes a version out of use; what was judged by it stays so."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        await may_withdraw(tx, principal, pack, version, now=now)
        await withdraw(
            tx, pack, version, actor=principal.actor, now=now, person=principal.person_id, reason=data.reason
        )
        return pack_view(chosen(await published(tx, now=now), pack, version))


ROUTES: Final = [check_rules, propose_rules, approve_rules, withdraw_rules]
