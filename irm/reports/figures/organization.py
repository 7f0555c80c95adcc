"""Chapter: whose report it is, and who answers for it."""

from uuid import UUID

from sqlalchemy import select

from irm.access.models import MembershipRow, OrganizationRow, PersonRow
from irm.access.policy import Role
from irm.access.principals import live_membership
from irm.access.vocabulary import KIND_NAMES, ROLE_NAMES
from irm.db import Tx
from irm.i18n import LOCALES, N_
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Column, Fact, Grid, Pool, Tally, both


async def chapter(tx: Tx, span: Span, pool: Pool, organization_id: UUID) -> Chapter:
    one = await tx.get_one(OrganizationRow, organization_id)
    named = await tx.execute(
        select(MembershipRow.role, PersonRow.name, PersonRow.title)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(
            MembershipRow.organization_id == organization_id,
            live_membership(span.as_of),
            PersonRow.retired_at.is_(None),
        )
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    people: dict[str, list[str]] = {}
    for role, name, title in named.all():
        people.setdefault(role, []).append(f"{name} {title}".strip())
    facts = [Fact(both(N_("Organization")), dict.fromkeys(LOCALES, one.name))]
    facts += [
        Fact(both(ROLE_NAMES[Role(role)]), dict.fromkeys(LOCALES, ", ".join(people[role])))
        for role in annual_policy()["responsible"]
        if role in people
    ]
    grids = (await _members(tx, pool),) if span.organization_id is None else ()
    return Chapter("organization", both(N_("Organization and responsibility")), grids, tuple(facts))


async def _members(tx: Tx, pool: Pool) -> Grid:
    tally = Tally(pool)
    rows = await tx.scalars(
        select(OrganizationRow)
        .where(OrganizationRow.joined, OrganizationRow.retired_at.is_(None))
        .order_by(OrganizationRow.sort_key)
    )
    for row in rows:
        tally.add(row.kind, "organizations", pool.add("", f"{row.code} · {row.name}"))
    columns = (Column("organizations", both(N_("Organizations"))),)
    lines = tally.lines([(kind, both(name)) for kind, name in KIND_NAMES.items()], columns, empty=False)
    title = both(N_("Organizations that work with irm"))
    return Grid("members", title, both(N_("Kind")), columns, lines, total=True, additive=False)
