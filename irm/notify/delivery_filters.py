"""What the list of messages may be narrowed to; every choice stands in the page's address, so that it can be sent on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Select

from irm.access import queries as access
from irm.clock import SHANGHAI
from irm.db import EARLIEST, LATEST, Tx
from irm.errors import Invalid, NotFound
from irm.notify.models import DeliveryRow
from irm.notify.plan import CHANNELS
from irm.notify.views import PROOF, SYNTHETIC, UNTOLD

NOBODY: Final = UUID(int=0)
STATUSES: Final = ("waiting", "sending", "sent", "delivered", "failed", "skipped", "cancelled", "would_have")
PURPOSES: Final = ("page", "notice", "report", "reminder")


@dataclass(frozen=True)
class Filters:
    """`organization` and `person` are ids; `since` and `until` are about when the message was planned."""

    status: str | None = None
    channel: str | None = None
    purpose: str | None = None
    about: str | None = None
    unanswered: bool = False
    troubled: bool = False
    """Failed, or skipped for a reason that somebody should do something about."""
    organization: UUID | None = None
    person: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def filters_from(
    *,
    status: str | None = None,
    channel: str | None = None,
    purpose: str | None = None,
    about: str | None = None,
    unanswered: bool = False,
    troubled: bool = False,
    since: str | None = None,
    until: str | None = None,
) -> Filters:
    """`since`, `until`: days, the last one included, or moments with zone. Raises Invalid naming the filter that nothing
    can match."""
    for name, value, known in (
        ("status", status, STATUSES),
        ("channel", channel, (*CHANNELS, "none")),
        ("purpose", purpose, PURPOSES),
    ):
        if value and value not in known:
            raise Invalid("There is no such choice: %(value)s", field=name, value=value)
    if about and "\x00" in about:
        raise Invalid("There is no such choice: %(value)s", field="incident", value="")
    return Filters(
        status or None,
        channel or None,
        purpose or None,
        about or None,
        unanswered,
        troubled,
        since=_moment(since, "since"),
        until=_moment(until, "until", end_of_day=True),
    )


async def named(tx: Tx, filters: Filters, *, organization: str | None, person: str | None) -> Filters:
    """With the organization of this code and the person of this login. Raises Invalid for an organization that there is not;
    a login that nobody has finds nothing, like one that is not the reader's to know."""
    found = filters
    for name, value in (("organization", organization), ("person", person)):
        if value and "\x00" in value:
            raise Invalid("There is no such choice: %(value)s", field=name, value="")
    if organization:
        try:
            found = replace(found, organization=(await access.organization_by_code(tx, organization)).id)
        except NotFound:
            raise Invalid("There is no such choice: %(value)s", field="organization", value=organization) from None
    if person:
        accounts = await access.accounts(tx, now=tx.clock.now(), login=person.strip())
        found = replace(found, person=accounts[0].person_id if accounts else NOBODY)
    return found


def filtered(query: Select[DeliveryRow], filters: Filters) -> Select[DeliveryRow]:
    query = query.where(DeliveryRow.subject.not_like(f"{SYNTHETIC}%"))
    for column, value in (
        (DeliveryRow.status, filters.status),
        (DeliveryRow.channel, filters.channel),
        (DeliveryRow.purpose, filters.purpose),
        (DeliveryRow.about, filters.about),
        (DeliveryRow.organization_id, filters.organization),
        (DeliveryRow.person_id, filters.person),
    ):
        if value:
            query = query.where(column == value)
    if filters.since:
        query = query.where(DeliveryRow.created_at >= filters.since)
    if filters.until:
        query = query.where(DeliveryRow.created_at < filters.until)
    if filters.unanswered:
        query = query.where(
            DeliveryRow.purpose == "page",
            DeliveryRow.status.not_in(UNTOLD),
            DeliveryRow.acknowledged_at.is_(None),
            DeliveryRow.closed_at.is_(None),
            DeliveryRow.subject.not_like(f"{PROOF}%"),
        )
    if filters.troubled:
        query = query.where(DeliveryRow.status.in_(("failed", "skipped")))
    return query


def _moment(text: str | None, field: str, *, end_of_day: bool = False) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Invalid("Not a day: write 2026-11-21.", field=field) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=SHANGHAI)
        if end_of_day and len(text) <= len("2026-11-21") and moment < LATEST - timedelta(days=2):
            moment += timedelta(days=1)
    if not EARLIEST <= moment <= LATEST:
        raise Invalid("Not a day: write 2026-11-21.", field=field)
    return moment
