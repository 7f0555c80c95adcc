"""Does this submission meet that obligation? Pure (DESIGN §2, promise 9).

The recipient and its **tier** must be the ones that the article names: the municipal office's receipt never meets the
province's report. A joint report meets the duty of each organization that it names, and of nobody else.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Handed:
    """A submission as far as obligations care. `organizations`: those it speaks for, its sender among them."""

    form: str
    subject: str
    organizations: frozenset[UUID]
    recipient_id: UUID | None
    recipient_kind: str
    recipient_tier: str | None


@dataclass(frozen=True)
class Duty:
    """`satisfied_by`: the forms of submission that meet it."""

    subject: str
    bearer_id: UUID
    satisfied_by: frozenset[str]
    recipient_id: UUID | None
    recipient_kind: str
    recipient_tier: str | None


def meets(handed: Handed, duty: Duty) -> bool:
    """A duty that names no organization (none of that kind and tier is listed) is met by kind and tier."""
    return (
        duty.subject == handed.subject
        and duty.bearer_id in handed.organizations
        and handed.form in duty.satisfied_by
        and duty.recipient_kind == handed.recipient_kind
        and duty.recipient_tier == handed.recipient_tier
        and (duty.recipient_id is None or duty.recipient_id == handed.recipient_id)
    )


@dataclass(frozen=True)
class Turn:
    """A duty that a submission would meet, as far as it matters which of several like ones is meant.

    `series`: rule and bearer. `label`: its period, None for what is owed once.
    """

    id: UUID
    series: str
    label: str | None
    due_at: datetime | None
    is_open: bool


def meant(turns: Iterable[Turn], *, label: str | None = None, planned: Collection[UUID] = ()) -> frozenset[UUID]:
    """Which of them a submission is for. What is owed once it always meets; of what comes every period one of each
    series: the one that it was drafted for, else that of its `label`, else the first that is still open.
    """
    found: set[UUID] = set()
    series: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.label is None:
            found.add(turn.id)
        else:
            series.setdefault(turn.series, []).append(turn)
    for several in series.values():
        several.sort(key=lambda turn: (turn.due_at or NEVER, turn.label or "", turn.id))
        drafted = [turn for turn in several if turn.id in planned]
        labelled = [turn for turn in several if label is not None and turn.label == label]
        first_open = [] if label is not None else [turn for turn in several if turn.is_open]
        found |= {turn.id for turn in (drafted or labelled or first_open)[:1]}
    return frozenset(found)
