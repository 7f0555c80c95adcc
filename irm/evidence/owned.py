"""What providers share that know no more of an entry than whom it names: whose it is, and plain words for it."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from irm.access.policy import Permission, Principal, reach
from irm.access.queries import organization_names, person_names
from irm.db import Tx
from irm.errors import NotFound
from irm.evidence.collecting import Entry, Gathered, Line, Place
from irm.evidence.queries import words_of
from irm.evidence.service import Attachment
from irm.i18n import N_, Translator

NAMING: Final = ("organization", "bearer", "recipient", "organization_id", "owner", "operator", "by")
"""Fields of a body that name an organization."""
ACTORS: Final = {"system": N_("irm"), "token": N_("another system"), "channel": N_("reply by message")}


def names_one_of(body: str, organizations: Collection[UUID]) -> bool:
    """Whether the entry names one of them as party, bearer or recipient."""
    given: dict[str, Any] = json.loads(body)
    named = {str(given.get(field)) for field in NAMING} | {str(one) for one in given.get("for") or ()}
    return not named.isdisjoint(str(one) for one in organizations)


async def plain_lines(tx: Tx, entries: Sequence[Entry], t: Translator, _now: datetime) -> list[Line]:
    """In the words that rooms have for their entries; else the action as it is stored."""
    words = words_of(tx)
    people = await person_names(tx, {UUID(one.actor[7:]) for one in entries if one.actor.startswith("person/")})
    named = [_organization(one.body) for one in entries]
    organizations = await organization_names(tx, [one for one in named if one is not None])
    return [
        Line(
            t(words[one.action]) if one.action in words else one.action,
            organizations.get(whose, "") if whose is not None else "",
            _who(one.actor, people, t),
        )
        for one, whose in zip(entries, named, strict=True)
    ]


def _organization(body: str) -> UUID | None:
    given = json.loads(body)
    for field in NAMING:
        try:
            return UUID(str(given[field]))
        except (KeyError, ValueError):
            continue
    return None


def _who(actor: str, people: Mapping[UUID, str], t: Translator) -> str:
    kind, _, tail = actor.partition("/")
    if kind == "person":
        return people.get(UUID(tail), "")
    return t(ACTORS[kind]) if kind in ACTORS else actor


class OwnedEvidence:
    """Files at subjects of which it is enough to know whose they are (a drill's, an edition's, a finding's); no packs."""

    async def gather(
        self,
        tx: Tx,  # noqa: ARG002 - a provider's shape
        name: str,  # noqa: ARG002 - a provider's shape
        by: Principal,  # noqa: ARG002 - a provider's shape
        *,
        organization: UUID | None,  # noqa: ARG002 - a provider's shape
        now: datetime,  # noqa: ARG002 - a provider's shape
    ) -> Gathered:
        raise NotFound(N_("There are no evidence packs of this kind: %(kind)s."), kind="-")

    async def may_read(self, tx: Tx, found: Attachment, by: Principal) -> bool:  # noqa: ARG002 - a provider's shape
        far = reach(by, Permission.READ_EVIDENCE)
        return far.everything or found.organization_id in far.organizations

    async def places(self, tx: Tx, subjects: Collection[str]) -> Mapping[str, Place]:  # noqa: ARG002 - a provider's shape
        return {}

    @property
    def words(self) -> Mapping[str, str]:
        return {}
