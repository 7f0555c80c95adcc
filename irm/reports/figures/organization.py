"""Chapter: whose report it is, and who answers for it."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.access.models import MembershipRow, OrganizationRow, PersonRow
from irm.access.policy import Role
from irm.access.principals import live_membership, own_membership
from irm.access.vocabulary import KIND_NAMES, ROLE_NAMES
from irm.db import Tx
from irm.i18n import LOCALES, N_
from irm.reports.span import Span, annual_policy
from irm.reports.tally import Chapter, Column, Fact, Grid, Pool, Tally, Texts, both

ANSWERS: Final[Mapping[Role, str]] = {
    Role.UNIT_HEAD: N_("First person responsible (head of the organization)"),
    Role.DEPUTY: N_("Person directly responsible (deputy in charge)"),
    Role.SECURITY_LEAD: N_("Contact for network security"),
}
"""What an official calls whoever holds these roles."""
NOBODY: Final = N_("Not registered")


async def chapter(tx: Tx, span: Span, pool: Pool, organization_id: UUID) -> Chapter:
    one = await tx.get_one(OrganizationRow, organization_id)
    named = await tx.execute(
        select(MembershipRow.role, PersonRow.name, PersonRow.title)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(
            MembershipRow.organization_id == organization_id,
            live_membership(span.as_of),
            own_membership(),
            PersonRow.retired_at.is_(None),
        )
        .order_by(PersonRow.sort_key, PersonRow.id)
    )
    people: dict[str, list[str]] = {}
    for role, name, title in named.all():
        people.setdefault(role, []).append(f"{name} {title}".strip())
    facts = [Fact(both(N_("Organization")), dict.fromkeys(LOCALES, one.name))]
    needed = set(annual_policy()["needed"])
    facts += [
        Fact(_label(Role(role)), dict.fromkeys(LOCALES, ", ".join(people[role])) if role in people else both(NOBODY))
        for role in annual_policy()["responsible"]
        if role in people or role in needed
    ]
    grids = await _members(tx, span, pool) if span.organization_id is None else ()
    return Chapter("organization", both(N_("Organization and responsibility")), grids, tuple(facts))


def _label(role: Role) -> Texts:
    return both(ANSWERS.get(role) or ROLE_NAMES[role])


async def _members(tx: Tx, span: Span, pool: Pool) -> tuple[Grid, Grid]:
    """How many work with irm, and of how many of them it is registered who answers."""
    kinds, roles = Tally(pool), Tally(pool)
    rows = list(
        await tx.scalars(
            select(OrganizationRow)
            .where(OrganizationRow.joined, OrganizationRow.retired_at.is_(None))
            .order_by(OrganizationRow.sort_key)
        )
    )
    needed: list[str] = annual_policy()["needed"]
    held = await tx.execute(
        select(MembershipRow.organization_id, MembershipRow.role)
        .join(PersonRow, PersonRow.id == MembershipRow.person_id)
        .where(
            MembershipRow.role.in_(needed),
            live_membership(span.as_of),
            own_membership(),
            PersonRow.retired_at.is_(None),
        )
        .distinct()
    )
    there = {(organization_id, role) for organization_id, role in held.all()}
    for row in rows:
        record = pool.add("", f"{row.code} · {row.name}")
        kinds.add(row.kind, "organizations", record)
        for role in needed:
            roles.add(role, "registered" if (row.id, role) in there else "missing", record)
    columns = (Column("organizations", both(N_("Number of organizations"))),)
    lines = kinds.lines([(kind, both(name)) for kind, name in KIND_NAMES.items()], columns, empty=True)
    title = both(N_("Organizations that work with irm"))
    answering = (Column("registered", both(N_("Registered"))), Column("missing", both(N_("Not registered"))))
    return (
        Grid("members", title, both(N_("Kind")), columns, lines, total=True, additive=False),
        Grid(
            "responsible",
            both(N_("Persons responsible, by organization that works with irm")),
            both(N_("Responsibility")),
            answering,
            roles.lines([(role, _label(Role(role))) for role in needed], answering, empty=True),
            additive=False,
        ),
    )
