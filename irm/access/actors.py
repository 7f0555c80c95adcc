"""Who stands behind an actor of the ledger (`person/<id>`, `token/<id>`), and which actors a name or an organization means."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from irm.access.delegations import giver_names
from irm.access.models import AccountRow, ApiTokenRow, MembershipRow, PersonRow
from irm.access.names import sought
from irm.db import Tx
from irm.i18n import N_, Translator

PERSON: Final = "person/"
TOKEN: Final = "token/"  # noqa: S105 - a kind of actor, no secret


async def actors_called(tx: Tx, text: str) -> list[str]:
    """People whose name (as typed, or by its pinyin) or login contains `text`, with the API tokens that act for them."""
    part = sought(text)
    if not part:
        return []
    which = select(PersonRow.id).outerjoin(AccountRow, AccountRow.person_id == PersonRow.id)
    wanted = or_(
        PersonRow.search_key.contains(part, autoescape=True), AccountRow.login.contains(part.lower(), autoescape=True)
    )
    return await _actors(tx, list(await tx.scalars(which.where(wanted).distinct())))


async def actors_of(tx: Tx, organization_id: UUID) -> list[str]:
    """Everybody who ever held a role there: what was done before a role ended is still that organization's."""
    which = select(MembershipRow.person_id).where(MembershipRow.organization_id == organization_id).distinct()
    return await _actors(tx, list(await tx.scalars(which)))


async def _actors(tx: Tx, people: Collection[UUID]) -> list[str]:
    acting = select(ApiTokenRow.id).join(AccountRow, AccountRow.id == ApiTokenRow.account_id)
    tokens = await tx.scalars(acting.where(AccountRow.person_id.in_(people)))
    return [*(f"{PERSON}{one}" for one in people), *(f"{TOKEN}{one}" for one in tokens)]


FOR: Final = N_("%(name)s for %(giver)s")
"""代: what an entry says of somebody who acted by a hand-over of duties."""


TAKEN: Final = N_("%(name)s (break-glass)")
"""应急启权: what an entry says of somebody who acted by a role taken at night."""


def acting(actor: str, body: Mapping[str, Any]) -> str:
    """The actor of an entry, with the hand-over of duties or the break-glass that its body names, if any."""
    by = body.get("delegation") or body.get("break_glass")
    return f"{actor} {by}" if by else actor


async def standing_in(
    tx: Tx, t: Translator, names: Mapping[str, str], entries: Iterable[tuple[str, Mapping[str, Any]]]
) -> dict[str, str]:
    """By `acting`, of whoever acted by a hand-over: their name and for whom; of whoever acted by break-glass, that they did.
    `entries`: actor and body; whoever is not in `names` (by actor) stays unnamed, and so does for whom."""
    entries = list(entries)
    by = {(actor, str(body["delegation"])) for actor, body in entries if body.get("delegation") and actor in names}
    givers = await giver_names(tx, {UUID(one) for _, one in by})
    taken = {
        f"{actor} {body['break_glass']}": t(TAKEN, name=names[actor])
        for actor, body in entries
        if body.get("break_glass") and actor in names
    }
    return taken | {f"{actor} {one}": t(FOR, name=names[actor], giver=givers[UUID(one)]) for actor, one in by}


async def names_of_actors(tx: Tx, actors: Collection[str]) -> dict[str, str]:
    """Actor → the person's name; for a token, of the person for whom it acts. What is no person has none."""
    people = {UUID(one[len(PERSON) :]) for one in actors if one.startswith(PERSON)}
    tokens = {UUID(one[len(TOKEN) :]) for one in actors if one.startswith(TOKEN)}
    found = {
        f"{PERSON}{row.id}": row.name
        for row in await tx.execute(select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(people)))
    }
    behind = await tx.execute(
        select(ApiTokenRow.id, ApiTokenRow.name.label("token"), PersonRow.name)
        .join(AccountRow, AccountRow.id == ApiTokenRow.account_id)
        .join(PersonRow, PersonRow.id == AccountRow.person_id)
        .where(ApiTokenRow.id.in_(tokens))
    )
    return found | {f"{TOKEN}{row.id}": f"{row.name} ({row.token})" for row in behind}
