"""The question before everything: does it concern state secrets? Until "no", nothing is kept but that it was refused."""

from datetime import datetime
from typing import Final

from irm.db import Actor, Tx
from irm.errors import EnteredRefusal
from irm.i18n import N_
from irm.ledger import Event, record

ANSWERS: Final = ("no", "yes", "unsure")
REFUSED: Final = "secrecy_gate"
REFUSAL: Final = N_(
    "irm is not a classified system and must not receive state secrets. Nothing you typed was kept. "
    "Report by the classified channel: ask your secrecy office%(office)s or the duty desk%(duty)s by telephone."
)


async def record_refusal(tx: Tx, answer: str, *, actor: Actor, now: datetime) -> None:
    """That somebody was refused, and with which answer; nothing about what it was."""
    await record(tx, Event("incident.refused", "secrecy-gate", now, actor, {"answer": answer}))


def refusal(*, secrecy_office: str, duty: str) -> EnteredRefusal:
    """The answer of the API; the page says the same with room for the telephones."""
    return EnteredRefusal(
        REFUSAL,
        code=REFUSED,
        office=f" ({secrecy_office})" if secrecy_office else "",
        duty=f" ({duty})" if duty else "",
    )
