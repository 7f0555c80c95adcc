"""Whom a target means at a moment; what was sent to whom; what waits for somebody's confirmation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from irm.access import queries as access
from irm.access.narrowing import owned_by, path_of, within
from irm.access.policy import Permission, Principal, Role, reach
from irm.access.vocabulary import KINDS
from irm.db import Tx
from irm.errors import Invalid, NotFound
from irm.notify import contacts
from irm.notify.delivery_filters import Filters, filtered
from irm.notify.duty import duty_at
from irm.notify.models import DeliveryAttemptRow, DeliveryRow, SmsReplyRow
from irm.notify.plan import NobodyToTell, Recipient, Resolution
from irm.notify.targets import Target, parse, referred
from irm.notify.views import PROOF, SYNTHETIC, UNTOLD, Delivery, views_of

CODE: Final = "code:"
HOPEFUL: Final = ("waiting", "sending", "sent", "delivered", "would_have")
"""States of messages that went, or may still go."""
MOST_AWAITED: Final = 500
CITY: Final[Mapping[str, tuple[str, str | None]]] = {
    "city_cyberspace_office": ("cyberspace_office", "city"),
    "provincial_cyberspace_office": ("cyberspace_office", "province"),
}
"""Parts of the city that are not a kind by themselves: kind and tier."""


async def resolve(
    tx: Tx, target: Target | str | Sequence[Target | str], context: Mapping[str, Any], now: datetime
) -> Resolution:
    """People and posts that the target means now; what finds nobody is a gap with its reason, never an empty list.

    `context` is a run's facts copy (`organizations`: part → ids, `obligation`: {bearer, recipient}); an organization that
    it does not speak of is looked up by kind in the register. Raises TargetError for a text that is no target.
    """
    if not isinstance(target, str | Target):
        found = Resolution()
        for each in target:
            found += await resolve(tx, each, context, now)
        return found
    meant = parse(target) if isinstance(target, str) else target
    if meant.kind in ("person", "post"):
        return await _one(tx, meant, context, now)
    ids = await organizations_meant(tx, meant, context)
    if not ids:
        return Resolution(gaps=(NobodyToTell("no_organization", str(meant)),))
    if meant.kind == "on_duty":
        return await _on_duty(tx, meant, ids, now)
    if meant.kind == "role":
        return await _holders(tx, meant, ids, now)
    desks = await contacts.desks(tx, ids)
    if not desks:
        return Resolution(gaps=(NobodyToTell("no_organization", str(meant)),))
    return Resolution(tuple(desks[each].recipient(each, basis="organization") for each in ids if each in desks))


async def organizations_meant(tx: Tx, target: Target, context: Mapping[str, Any]) -> Sequence[UUID]:
    """Ids of the organizations whose people the target names; empty where there is none."""
    if target.of.startswith(CODE):
        try:
            return [(await access.organization_by_code(tx, target.of.removeprefix(CODE))).id]
        except NotFound:
            return ()
    known = referred(target.of, context)
    if known is not None:
        return known
    kind, tier = CITY.get(target.of, (target.of, None))
    if kind not in KINDS:
        return ()
    return [desk.id for desk in await access.organizations(tx, kinds=[kind], tier=tier)]


async def _on_duty(tx: Tx, target: Target, ids: Sequence[UUID], now: datetime) -> Resolution:
    duties = await duty_at(tx, ids, now)
    recipients: list[Recipient] = []
    gaps: list[NobodyToTell] = []
    for organization_id in ids:
        duty = duties.get(organization_id)
        if duty is None:
            gaps.append(NobodyToTell("no_organization", str(target), organization_id))
            continue
        called = duty.called
        for each in called:
            if each.person is not None:
                recipients.append(each.person.recipient(organization_id, basis=each.shift.role, at_post=each.post))
            elif each.post is not None:
                recipients.append(each.post.recipient(organization_id, basis=each.shift.role))
        if not called:
            reason = "nobody_on_duty" if duty.has_roster else "no_roster"
            gaps.append(
                NobodyToTell(reason if duty.organization.joined else "not_joined", str(target), organization_id)
            )
    return Resolution(tuple(recipients), tuple(gaps))


async def _holders(tx: Tx, target: Target, ids: Sequence[UUID], now: datetime) -> Resolution:
    if target.role not in {role.value for role in Role}:
        return Resolution(gaps=(NobodyToTell("unknown_target", str(target)),))
    if target.role == Role.DUTY_LEADER:
        return await _leaders(tx, target, ids, now)
    return await _members(tx, target, ids, now)


async def _leaders(tx: Tx, target: Target, ids: Sequence[UUID], now: datetime) -> Resolution:
    """带班领导 by the roster of this moment; where it names nobody else than who sits at the desk, all who hold the role."""
    duties = await duty_at(tx, ids, now)
    found = Resolution()
    for organization_id in ids:
        leaders = duties[organization_id].leaders if organization_id in duties else ()
        recipients = []
        for each in leaders:
            if each.person is not None:
                recipients.append(each.person.recipient(organization_id, basis="leader", at_post=each.post))
            elif each.post is not None:
                recipients.append(each.post.recipient(organization_id, basis="leader"))
        found += Resolution(tuple(recipients)) if recipients else await _members(tx, target, [organization_id], now)
    return found


async def _members(tx: Tx, target: Target, ids: Sequence[UUID], now: datetime) -> Resolution:
    members = await access.members(tx, ids, now=now, role=Role(target.role or ""))
    people = await contacts.people(tx, {member.person.id for member in members})
    recipients = tuple(
        people[member.person.id].recipient(member.organization_id, basis=target.role or "")
        for organization_id in ids
        for member in members
        if member.organization_id == organization_id
    )
    held = {member.organization_id for member in members}
    return Resolution(
        recipients, tuple(NobodyToTell("nobody_holds_role", str(target), each) for each in ids if each not in held)
    )


async def _one(tx: Tx, target: Target, context: Mapping[str, Any], now: datetime) -> Resolution:
    ids = referred(target.of, context) or ()
    if target.kind == "person" and not ids:
        ids = tuple(account.person_id for account in await access.accounts(tx, now=now, login=target.of))
    found = await (contacts.people(tx, ids) if target.kind == "person" else contacts.posts(tx, ids))
    if found:
        return Resolution(tuple(each.recipient(None, basis=target.kind) for each in found.values()))
    left = target.kind == "person" and await access.person_names(tx, ids)
    return Resolution(gaps=(NobodyToTell("retired" if left else "unknown_target", str(target)),))


async def deliveries_for(
    tx: Tx,
    principal: Principal,
    *,
    filters: Filters,
    before: UUID | None = None,
    limit: int = 50,
) -> tuple[list[Delivery], UUID | None]:
    """Newest first, what the reader may see: (rows, the cursor for older ones or None)."""
    query = filtered(_visible(select(DeliveryRow), principal), filters)
    if before is not None:
        edge = await tx.get(DeliveryRow, before)
        if edge is None:
            raise Invalid("This page of the list does not exist.", field="cursor")
        query = query.where(tuple_(DeliveryRow.created_at, DeliveryRow.id) < tuple_(edge.created_at, edge.id))
    rows = list(await tx.scalars(query.order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc()).limit(limit + 1)))
    more = rows[limit - 1].id if len(rows) > limit else None
    return await views_of(tx, rows[:limit]), more


async def deliveries_of(tx: Tx, subject: str) -> list[Delivery]:
    """Everything sent or skipped about a subject (`incident/<id>`) and what lies under it, oldest first.

    The caller has checked that the reader may see the subject.
    """
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(or_(DeliveryRow.subject == subject, DeliveryRow.subject.startswith(subject + "/", autoescape=True)))
        .order_by(DeliveryRow.created_at, DeliveryRow.rung, DeliveryRow.round, DeliveryRow.id)
    )
    return await views_of(tx, list(rows))


async def delivery(tx: Tx, delivery_id: UUID) -> Delivery | None:
    row = await tx.get(DeliveryRow, delivery_id)
    return (await views_of(tx, [row]))[0] if row else None


def _mine(principal: Principal) -> ColumnElement[bool]:
    """What went to the reader himself; with a token that is limited to one organization only what went to him there."""
    mine = DeliveryRow.person_id == principal.person_id
    if principal.limited_to is None:
        return mine
    return and_(mine, DeliveryRow.organization_id == principal.limited_to)


async def open_pages_for(tx: Tx, principal: Principal, *, subject: str | None = None) -> list[Delivery]:
    """Pages that wait for this reader: to the person, or to a post of an organization where he may confirm.

    One per page (what was told inside irm, else the newest message), most urgent first.
    """
    may_answer = reach(principal, Permission.ACKNOWLEDGE)
    query = (
        select(DeliveryRow)
        .where(
            _AWAITED,
            DeliveryRow.status.not_in(UNTOLD),
            or_(
                _mine(principal),
                and_(
                    DeliveryRow.person_id.is_(None),
                    DeliveryRow.post_id.is_not(None),
                    DeliveryRow.organization_id.in_(may_answer.organizations & principal.organizations),
                ),
            ),
        )
        .order_by(
            DeliveryRow.urgency,
            DeliveryRow.severity,
            DeliveryRow.channel != "in_app",
            DeliveryRow.created_at.desc(),
            DeliveryRow.id,
        )
    )
    if subject is not None:
        query = query.where(DeliveryRow.subject == subject)
    first: dict[tuple[str, UUID | None], DeliveryRow] = {}
    for row in await tx.scalars(query.where(_unanswered())):
        first.setdefault((row.page_key, row.post_id), row)
    return await views_of(tx, list(first.values()))


@dataclass(frozen=True)
class AwaitedPage:
    """A page that nobody has confirmed yet, with its messages, the oldest first."""

    deliveries: tuple[Delivery, ...]

    @property
    def reached(self) -> bool:
        """At least one message went, or may still go, to somebody."""
        return any(each.status in HOPEFUL for each in self.deliveries)


async def pages_awaited(tx: Tx, principal: Principal) -> list[AwaitedPage]:
    """All that the reader may see, also those that reached nobody; the oldest first."""
    query = _visible(select(DeliveryRow).where(_AWAITED, _unanswered()), principal)
    rows = await tx.scalars(query.order_by(DeliveryRow.id.desc()).limit(MOST_AWAITED))
    pages: dict[str, list[Delivery]] = {}
    for each in reversed(await views_of(tx, list(rows))):
        pages.setdefault(each.page_key, []).append(each)
    return [AwaitedPage(tuple(each)) for each in pages.values()]


async def first_called(tx: Tx, page_keys: Collection[str]) -> dict[str, datetime]:
    """Since when somebody is called, by page: its rounds and rungs are younger."""
    found = await tx.execute(
        select(DeliveryRow.page_key, func.min(DeliveryRow.created_at).label("at"))
        .where(DeliveryRow.page_key.in_(page_keys))
        .group_by(DeliveryRow.page_key)
    )
    return {row.page_key: row.at for row in found.all()}


async def confirmed_about(tx: Tx, subjects: Collection[str]) -> frozenset[str]:
    """Those of the subjects about which somebody has confirmed a page, by whatever means."""
    found = await tx.scalars(
        select(DeliveryRow.subject)
        .where(
            DeliveryRow.subject.in_(subjects), DeliveryRow.purpose == "page", DeliveryRow.acknowledged_at.is_not(None)
        )
        .distinct()
    )
    return frozenset(found)


async def told_lately(tx: Tx, person_id: UUID, since: datetime, *, limit: int = 30) -> list[Delivery]:
    """What went to a person inside irm, newest first."""
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(
            DeliveryRow.person_id == person_id,
            DeliveryRow.channel == "in_app",
            DeliveryRow.status == "sent",
            DeliveryRow.created_at >= since,
        )
        .order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc())
        .limit(limit)
    )
    return await views_of(tx, list(rows))


async def may_acknowledge(tx: Tx, principal: Principal, delivery_id: UUID) -> bool:
    """The person whom it went to, or who may confirm in the organization whose post it went to.

    A token that is limited to one organization confirms nothing that reached its person in another.
    """
    row = await tx.get(DeliveryRow, delivery_id)
    if row is None:
        return False
    if row.person_id is not None:
        inside = principal.limited_to in (None, row.organization_id)
        return inside and row.person_id == principal.person_id
    may_answer = reach(principal, Permission.ACKNOWLEDGE).organizations & principal.organizations
    return row.organization_id is not None and row.organization_id in may_answer


async def by_link(tx: Tx, hashed: str) -> list[Delivery]:
    """What a signed link confirms: one delivery, or all that went in the link's message and was sent, gravest first."""
    row = await tx.scalar(
        select(DeliveryRow)
        .join(DeliveryAttemptRow, DeliveryAttemptRow.delivery_id == DeliveryRow.id)
        .where(DeliveryAttemptRow.link_hash == hashed)
    )
    if row is None or row.bundle_id is None:
        return await views_of(tx, [row] if row else [])
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.bundle_id == row.bundle_id, DeliveryRow.status.not_in(UNTOLD))
        .order_by(DeliveryRow.urgency, DeliveryRow.severity, DeliveryRow.id)
    )
    return await views_of(tx, list(rows))


async def failed(tx: Tx, *, since: datetime) -> int:
    """How many messages failed; those that only try a channel are not among them."""
    lately = filtered(select(DeliveryRow), Filters(status="failed", since=since))
    return await tx.scalar(select(func.count()).select_from(lately.subquery())) or 0


_AWAITED: Final = and_(
    DeliveryRow.purpose == "page",
    DeliveryRow.acknowledged_at.is_(None),
    DeliveryRow.closed_at.is_(None),
    DeliveryRow.subject.not_like(f"{PROOF}%"),
    DeliveryRow.subject.not_like(f"{SYNTHETIC}%"),
)


def _unanswered() -> ColumnElement[bool]:
    """Nobody else's confirmation has closed the page."""
    # Asked of each page that waits, of which there are few: a list of all that were ever confirmed grows for ever.
    other = aliased(DeliveryRow)
    return ~(
        select(other.id)
        .where(other.page_key == DeliveryRow.page_key, other.answer == "first", other.acknowledged_at.is_not(None))
        .exists()
    )


async def replies_since(tx: Tx, since: datetime, *, limit: int = 50) -> list[SmsReplyRow]:
    """Replies by SMS and what irm made of them, newest first."""
    return list(
        await tx.scalars(
            select(SmsReplyRow)
            .where(SmsReplyRow.received_at >= since)
            .order_by(SmsReplyRow.received_at.desc(), SmsReplyRow.id.desc())
            .limit(limit)
        )
    )


def _visible(query: Select[DeliveryRow], principal: Principal) -> Select[DeliveryRow]:
    far = reach(principal, Permission.READ_DELIVERIES)
    return query.where(
        or_(within(far, owned_by(DeliveryRow.organization_id), path_of(DeliveryRow.subject)), _mine(principal))
    )


async def last_test(tx: Tx, person_id: UUID, channel: str | None) -> Delivery | None:
    """The last test message that this person asked for on the channel, into a group too."""
    row = await tx.scalar(
        select(DeliveryRow)
        .where(
            DeliveryRow.subject == f"channel/{channel}",
            DeliveryRow.page_key.startswith(f"channel/{channel}/test/{person_id}/", autoescape=True),
        )
        .order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc())
        .limit(1)
    )
    return (await views_of(tx, [row]))[0] if row else None
