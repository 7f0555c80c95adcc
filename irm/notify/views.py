"""A message as people see it: with names instead of ids, and every attempt."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select

from irm.absence import Absence, absences, fell_into
from irm.access import queries as access
from irm.db import Tx
from irm.notify.models import DeliveryAttemptRow, DeliveryRow

UNTOLD: Final = ("skipped", "cancelled", "would_have")
"""States of messages that nobody got."""

WORK: Final = "job/"
ROSTER: Final = "roster/"
"""Subjects of pages about a task of irm itself."""
PROOF: Final = "proof/"
"""Subjects of the weekly proofs of reachability, which no board shows."""
CHANNEL: Final = "channel/"
"""Subjects of messages that try a channel."""
SYNTHETIC: Final = "synthetic/"
"""Subjects of those that try one every few minutes (`synthetic.py`): in no list, no figure and no ledger."""
AUDIT: Final = "audit/"
"""Subjects of pages about what irm should have done and had not: like the former they have no level."""
GLASS: Final = "break_glass/"
"""Subjects of pages about a role that somebody took at night."""
WITHOUT_LEVEL: Final = (WORK, AUDIT, ROSTER, CHANNEL, PROOF, SYNTHETIC, GLASS)


@dataclass(frozen=True)
class Attempt:
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    detail: str | None
    late: bool
    claimed_by: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One message as the list shows it. `name` is that of the person, the post or the organization."""

    id: UUID
    page_key: str
    purpose: str
    subject: str
    about: str
    path: str
    run_id: UUID | None
    step_id: str | None
    rung: int
    round: int
    organization_id: UUID | None
    organization: str
    person_id: UUID | None
    post_id: UUID | None
    name: str
    channel: str
    address: str | None
    titles: Mapping[str, str]
    """By locale, for whoever reads it now; in what language it went out does not matter any more."""
    bodies: Mapping[str, str]
    status: str
    reason: str | None
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    acknowledged_means: str | None
    closed_at: datetime | None
    crossed: bool
    possibly_duplicate: bool
    exercise: bool
    severity: int
    urgency: int
    attempts: tuple[Attempt, ...] = ()
    bundle_id: UUID | None = None
    """The message that carried it together with others."""
    carried_with: int = 0
    """How many others that message carried."""
    away: Absence | None = None
    """irm was not there when it was to go: it went afterwards, or still waits."""

    @property
    def level(self) -> int | None:
        """Every message has a `severity`; only of an incident it is a level that people may be shown."""
        return None if self.subject.startswith(WITHOUT_LEVEL) else self.severity

    @property
    def level_kind(self) -> str:
        """Nobody is shown as established what is only feared."""
        return "possible" if self.severity < self.urgency else "reached"

    @property
    def awaits(self) -> bool:
        """A page that still wants an answer from whom it went to."""
        gone = self.status in UNTOLD or self.acknowledged_at is not None or self.closed_at is not None
        return self.purpose == "page" and not gone


async def views_of(tx: Tx, rows: Sequence[DeliveryRow]) -> list[Delivery]:
    people = await access.person_names(tx, {row.person_id for row in rows if row.person_id})
    posts = {post.id: post.name for post in await access.posts(tx, ids={row.post_id for row in rows if row.post_id})}
    desks = await access.organization_names(tx, {row.organization_id for row in rows if row.organization_id})
    attempts: dict[UUID, tuple[Attempt, ...]] = {}
    for each in await tx.scalars(
        select(DeliveryAttemptRow)
        .where(DeliveryAttemptRow.delivery_id.in_([row.id for row in rows]))
        .order_by(DeliveryAttemptRow.attempt)
    ):
        kept = Attempt(
            each.attempt, each.started_at, each.finished_at, each.outcome, each.detail, each.late, each.claimed_by
        )
        attempts[each.delivery_id] = (*attempts.get(each.delivery_id, ()), kept)
    bundles = {row.bundle_id for row in rows if row.bundle_id}
    carried = Counter(await tx.scalars(select(DeliveryRow.bundle_id).where(DeliveryRow.bundle_id.in_(bundles))))
    known = await absences(tx, since=min(row.due_at for row in rows)) if rows else ()
    views = []
    for row in rows:
        name = people.get(row.person_id) if row.person_id else posts.get(row.post_id) if row.post_id else None
        views.append(
            Delivery(
                id=row.id,
                page_key=row.page_key,
                purpose=row.purpose,
                subject=row.subject,
                about=row.about,
                path=row.path,
                run_id=row.run_id,
                step_id=row.step_id,
                rung=row.rung,
                round=row.round,
                organization_id=row.organization_id,
                organization=desks.get(row.organization_id, "") if row.organization_id else "",
                person_id=row.person_id,
                post_id=row.post_id,
                name=name or "",
                channel=row.channel,
                address=row.address,
                titles=row.titles,
                bodies=row.bodies,
                status=row.status,
                reason=row.reason,
                created_at=row.created_at,
                due_at=row.due_at,
                sent_at=row.sent_at,
                acknowledged_at=row.acknowledged_at,
                acknowledged_by=row.acknowledged_by,
                acknowledged_means=row.acknowledged_means,
                closed_at=row.closed_at,
                crossed=row.crossed,
                possibly_duplicate=row.possibly_duplicate,
                exercise=row.exercise,
                severity=row.severity,
                urgency=row.urgency,
                attempts=attempts.get(row.id, ()),
                bundle_id=row.bundle_id,
                carried_with=max(carried[row.bundle_id] - 1, 0),
                away=_late_by(known, row, attempts.get(row.id, ())),
            )
        )
    return views


def _late_by(known: Iterable[Absence], row: DeliveryRow, attempts: Sequence[Attempt]) -> Absence | None:
    """The absence in which it was to go, unless an attempt was made before irm stopped."""
    away = fell_into(known, row.due_at) if row.status not in UNTOLD else None
    return None if away is None or any(each.started_at < away.until for each in attempts) else away
