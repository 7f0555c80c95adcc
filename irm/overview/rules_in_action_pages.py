"""Page and API: what a rule's tests say of it, and where it acted in this city."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from msgspec import Struct

from irm.access.policy import Permission, Principal, allow
from irm.clock import Clock
from irm.db import Database
from irm.i18n import Translator
from irm.overview.rules_in_action import RuleInAction, in_action
from irm.rules import words
from irm.web.pages import Page, page


class ActedView(Struct, frozen=True):
    """A duty (with its id) or an incident; `number` is what people say."""

    number: str
    at: datetime
    obligation: UUID | None = None
    version: str | None = None


class SpokenOf(Struct, frozen=True):
    name: str
    line: int
    green: bool


class RuleInActionView(Struct, frozen=True):
    """Counts over all versions of the pack, of what the reader may see: all duties, and of incidents those among the
    `incidents_looked_at` newest. The lists hold the newest five."""

    id: str
    title: dict[str, str]
    citation: dict[str, Any]
    force: str
    status: str
    tests: list[SpokenOf]
    duties_opened: int
    incidents_graded: int
    last_duties: list[ActedView]
    last_incidents: list[ActedView]


class PackInActionView(Struct, frozen=True):
    pack: str
    version: str
    tests: int
    red: int
    count: int
    incidents_looked_at: int
    rules: list[RuleInActionView]


@get("/rules/{pack:str}/action", opt=allow(Permission.READ_RULES), include_in_schema=False)
async def action_page(
    pack: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    t: NamedDependency[Translator],
    version: FromQuery[str] = "",
) -> Page:
    now = clock.now()
    async with db.transaction(principal.actor) as tx:
        found = await in_action(tx, principal, pack, version, now=now)
    return page(
        "overview/rules_in_action.html",
        now=now,
        found=found,
        force=lambda force: words.force_words(force, t),
        mark=lambda status: words.mark_words(status, t),
    )


@get(
    "/api/v1/rules/{pack:str}/action", opt=allow(Permission.READ_RULES), tags=["rules"], operation_id="rules_in_action"
)
async def rules_in_action(
    pack: FromPath[str],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    clock: NamedDependency[Clock],
    version: FromQuery[str] = "",
) -> PackInActionView:
    """Each rule with the tests that speak of it and where it acted in this city, as far as the reader may see it."""
    async with db.transaction(principal.actor) as tx:
        found = await in_action(tx, principal, pack, version, now=clock.now())
    shown = found.shown.pack
    red = sum(not test.is_green for test in found.tests)
    return PackInActionView(
        shown.id,
        shown.version,
        len(found.tests),
        red,
        found.count,
        found.incidents,
        [_rule(one) for one in found.rules],
    )


def _rule(one: RuleInAction) -> RuleInActionView:
    rule = one.rule
    opened, graded = one.opened, one.graded
    return RuleInActionView(
        rule.id,
        dict(rule.title),
        rule.citation.as_json(),
        rule.force,
        rule.status,
        [SpokenOf(test.name, test.line, test.is_green) for test in one.tests],
        opened.count if opened else 0,
        graded.count if graded else 0,
        [ActedView(each.number, each.at, each.id, each.version) for each in (opened.last if opened else ())],
        [ActedView(each.number, each.at) for each in (graded.last if graded else ())],
    )


ROUTES: Final = [action_page, rules_in_action]
