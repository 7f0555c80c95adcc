"""Writing deliveries: the row, its ledger entry and, if it is to be sent, its job, in one transaction.

Each of them is one statement, whether one person is told or a thousand.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from irm import jobs
from irm.db import Actor, Tx, uuid7
from irm.ledger import Event, record_all
from irm.notify import retries
from irm.notify.messages import Text
from irm.notify.models import DeliveryRow
from irm.notify.views import SYNTHETIC

DELIVER: Final = "notify.deliver"
ACTIONS: Final = {"waiting": "delivery.planned", "would_have": "delivery.would_have"}
_WRITTEN: Final = (
    insert(DeliveryRow)
    .on_conflict_do_nothing(index_elements=["key"])
    .returning(DeliveryRow.id)
    .execution_options(render_nulls=True)  # else one statement for each set of columns that are not null
)
_COLUMNS: Final = tuple(DeliveryRow.__table__.columns.keys())


@dataclass(frozen=True)
class Draft:
    """A delivery that is not written yet: values of its columns, its words, and the code that answers it."""

    values: Mapping[str, Any]
    text: Text
    code: str | None = None

    @property
    def key(self) -> str:
        key: str = self.values["key"]
        return key

    def row(self) -> DeliveryRow:
        text = self.text
        said = {
            "title": text.title,
            "body": text.body,
            "titles": dict(text.titles) or {text.locale: text.title},
            "bodies": dict(text.bodies) or {text.locale: text.body},
            "detail": text.detail,
            "locale": text.locale,
            "reply_code": self.code,
        }
        return DeliveryRow(**{"id": uuid7(), "crossed": False, "possibly_duplicate": False, **self.values, **said})


async def write(tx: Tx, draft: Draft, actor: Actor) -> UUID | None:
    """Its id; None when the key is known."""
    return (await write_all(tx, [draft], actor)).get(draft.key)


async def write_all(tx: Tx, drafts: Sequence[Draft], actor: Actor) -> dict[str, UUID]:
    """Ids of those that were written, by key. A known key is left as it is."""
    if not drafts:
        return {}
    rows = [draft.row() for draft in drafts]
    values = [{name: getattr(row, name) for name in _COLUMNS} for row in rows]
    new = set(await tx.scalars(_WRITTEN, values))
    written = [row for row in rows if row.id in new]
    await tell(
        tx, [entry_of(ACTIONS.get(row.status, "delivery.skipped"), row, row.created_at, actor) for row in written]
    )
    await jobs.schedule_all(
        tx,
        [
            jobs.Planned(
                DELIVER,
                {"delivery": str(row.id)},
                run_at=row.due_at,
                key=f"{DELIVER}/{row.id}",
                queue=retries.queue(row.purpose),
                priority=retries.priority(row.purpose, row.urgency),
                channel=row.channel,
            )
            for row in written
            if row.status == "waiting"
        ],
    )
    return {row.key: row.id for row in written}


def facts_of(row: DeliveryRow) -> dict[str, Any]:
    """What the ledger keeps of a delivery: ids and words of irm, no address, no text."""
    return {
        "delivery": str(row.id),
        "page_key": row.page_key,
        "purpose": row.purpose,
        "run_id": str(row.run_id) if row.run_id else None,
        "step_id": row.step_id,
        "rung": row.rung,
        "round": row.round,
        "organization": str(row.organization_id) if row.organization_id else None,
        "person": str(row.person_id) if row.person_id else None,
        "post": str(row.post_id) if row.post_id else None,
        "channel": row.channel,
        "exercise": row.exercise,
    } | ({"bundle": str(row.bundle_id)} if row.bundle_id else {})


def entry_of(action: str, row: DeliveryRow, now: datetime, actor: Actor, **more: Any) -> Event:
    """What the ledger is told of one delivery as it stands."""
    body = facts_of(row) | ({"reason": row.reason} if row.reason else {}) | more
    return Event(action, f"{row.subject}/delivery/{row.id}", now, actor, body)


async def tell(tx: Tx, entries: Iterable[Event]) -> None:
    """To the ledger; of a synthetic delivery nothing, for what it shows is kept with its channel."""
    await record_all(tx, [entry for entry in entries if not entry.subject.startswith(SYNTHETIC)])
