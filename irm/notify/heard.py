"""What became of a synthetic message, and how much it proves. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GONE = ("sent", "delivered")


class Heard(StrEnum):
    ANSWERED = "answered"
    """It came back: from the mailbox that irm reads, or as the test number's own answer. The whole way was walked."""
    RECEIVED = "received"
    """The receiver, or the provider of him, gave a receipt."""
    ACCEPTED = "accepted"
    """The provider took it. Whether it arrived, nobody has said."""
    NOT = "not"


@dataclass(frozen=True)
class Sent:
    """`status`: of the delivery. `echo`: it is expected back, and nothing less counts."""

    planned_at: datetime
    status: str
    sent_at: datetime | None
    answered_at: datetime | None
    echo: bool


@dataclass(frozen=True)
class Verdict:
    how: Heard
    at: datetime | None = None


def judged(sent: Sent, *, now: datetime, within: timedelta) -> Verdict | None:
    """None: it is under way and still has time. One that came late has not come: a page would have been late, too."""
    found = _came(sent)
    if found is not None and found.at is not None and found.at - sent.planned_at <= within:
        return found
    return Verdict(Heard.NOT) if found is not None or now - sent.planned_at > within else None


def _came(sent: Sent) -> Verdict | None:
    if sent.answered_at is not None:
        return Verdict(Heard.ANSWERED, sent.answered_at)
    if sent.echo or sent.status not in GONE:
        return None
    return Verdict(Heard.RECEIVED if sent.status == "delivered" else Heard.ACCEPTED, sent.sent_at)
