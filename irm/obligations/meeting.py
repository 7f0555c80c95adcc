"""Does this submission meet that obligation? Pure (DESIGN §2, promise 9).

The recipient and its **tier** must be the ones that the article names: the municipal office's receipt never meets the
province's report. A joint report meets the duty of each organization that it names, and of nobody else.
"""

from dataclasses import dataclass
from uuid import UUID


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
