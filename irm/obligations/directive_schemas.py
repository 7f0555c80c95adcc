"""/api/v1: wire types of directives."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct, field

from irm.i18n import Translator
from irm.obligations.directed import Directive
from irm.obligations.schemas import (
    ContactMeans,
    ContactView,
    ObligationView,
    OrganizationView,
    contact_view,
    obligation_view,
    organization_view,
)

Asks = Literal["progress", "handover", "answer", "withdrawal"]


class GiveDirective(Struct, forbid_unknown_fields=True, frozen=True):
    """What an authority demands, as it came in. `incident`: its number.

    `bearers`: to whom it is addressed; default: the organization that took it. `due_at` absent: promptly. `replaces`: the
    earlier directive of the same authority that this word changes (or, `asks: withdrawal`, withdraws).
    """

    incident: str
    authority: UUID
    asks: Asks
    means: ContactMeans
    said: str
    number: str | None = None
    caller: str | None = None
    due_at: datetime | None = None
    stated_at: datetime | None = None
    organization: UUID | None = None
    bearers: list[UUID] = field(default_factory=list)
    replaces: UUID | None = None
    attachment: UUID | None = None


class DirectiveView(Struct, frozen=True):
    """`state`: in_force, replaced, withdrawn; `word` for a withdrawal itself. `duties`: those that the reader sees."""

    id: UUID
    number: str | None
    asks: str
    authority: OrganizationView
    bearers: list[OrganizationView]
    due_at: datetime | None
    state: str
    replaces: UUID | None
    replaced_by: UUID | None
    contact: ContactView
    duties: list[ObligationView]


class DirectiveList(Struct, frozen=True):
    directives: list[DirectiveView]


def directive_view(one: Directive, t: Translator) -> DirectiveView:
    return DirectiveView(
        id=one.id,
        number=one.number,
        asks=one.asks,
        authority=organization_view(one.authority),
        bearers=[organization_view(each) for each in one.bearers],
        due_at=one.due_at,
        state=one.state,
        replaces=one.replaces,
        replaced_by=one.replaced_by,
        contact=contact_view(one.contact),
        duties=[obligation_view(each, t) for each in one.duties],
    )
