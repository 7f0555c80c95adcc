"""Pages for whoever answers for the rules: what a version changes, and what nobody here has read."""

from typing import Annotated, Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.rules import comparing_words, gap_words, words
from irm.rules.city_gaps import gaps_of_irm, gaps_of_the_city
from irm.rules.comparing import compare
from irm.rules.previewing import preview
from irm.rules.queries import Published, chosen, current_packs, published
from irm.rules.review_routes import sees_cii, sees_systems
from irm.web.forms import Form
from irm.web.pages import Page, page


@get("/rules/gaps", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def gaps_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
) -> Page:
    """What could decide in this city, what of its packs cannot, and what the other packs of irm leave open."""
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        here = await gaps_of_the_city(tx, now=now, sees_cii=sees_cii(principal))
        in_use = {pack.id for pack in await current_packs(tx, now=now)}
    return page(
        "rules/gaps.html",
        now=now,
        here=[one for one in here if one.idle is None],
        idle=[one for one in here if one.idle is not None],
        elsewhere=[one for one in gaps_of_irm() if one.pack.id not in in_use],
        decides=lambda one: gap_words.decides_words(one, t),
        figure=lambda one: gap_words.figure_words(one, t),
        seen=lambda one: gap_words.seen_words(one, t),
        why_not=lambda one: gap_words.idle_words(one, t),
        mark=lambda status: words.mark_words(status, t),
    )


@get("/rules/{pack:str}/diff", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def comparison_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    pack: FromPath[str],
    before: Annotated[str, QueryParameter(name="from")] = "",
    to: FromQuery[str] = "",
) -> Page:
    """Without `from`: against the version published before it."""
    async with db.transaction(principal.actor) as tx:
        packs = await published(tx, now=clock.now())
    newer = chosen(packs, pack, to)
    versions = [one for one in packs if one.pack.id == pack]
    older = chosen(packs, pack, before) if before else _before(newer, versions)
    compared = compare(older.pack, newer.pack)
    return page(
        "rules/diff.html",
        now=clock.now(),
        older=older,
        newer=newer,
        versions=[one.pack.version for one in versions],
        compared=compared,
        form=Form({"from": older.pack.version, "to": newer.pack.version}),
        **comparing_words.page_words(t),
    )


@get("/rules/{pack:str}/adoption", opt=allow(Permission.MANAGE_RULES), include_in_schema=False)
async def preview_page(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    pack: FromPath[str],
) -> Page:
    """What the button would do, and the button."""
    async with db.transaction(principal.actor) as tx:
        found = await preview(tx, pack, now=clock.now())
    return page(
        "rules/preview.html",
        now=clock.now(),
        preview=found,
        with_names=sees_systems(principal),
        form=Form(),
        when_of=lambda rule: words.when_words(rule, t),
    )


def _before(one: Published, versions: list[Published]) -> Published:
    """The one published before it; of the oldest, itself."""
    earlier = [each for each in versions if each.published_at < one.published_at]
    return max(earlier, key=lambda each: each.published_at, default=one)


ROUTES: Final = [gaps_page, comparison_page, preview_page]
