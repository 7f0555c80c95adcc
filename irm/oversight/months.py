"""How a paper of a month stands. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from irm.i18n import N_

MONTH: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


class PaperState(StrEnum):
    IN_TIME = "in_time"
    LATE = "late"
    MISSING = "missing"
    OPEN = "open"
    COMING = "coming"


PAPER_NAMES: Final = {
    PaperState.IN_TIME: N_("Handed in on time"),
    PaperState.LATE: N_("Handed in late"),
    PaperState.MISSING: N_("Missing past its day"),
    PaperState.OPEN: N_("To be handed in"),
    PaperState.COMING: N_("To come"),
}
PAPER_TONES: Final = {
    PaperState.IN_TIME: "done",
    PaperState.LATE: "active",
    PaperState.MISSING: "active",
    PaperState.OPEN: "neutral",
    PaperState.COMING: "aside",
}


@dataclass(frozen=True)
class Tally:
    """Of one vendor's papers of a year, those whose day has come."""

    in_time: int = 0
    late: int = 0
    missing: int = 0

    @property
    def due(self) -> int:
        return self.in_time + self.late + self.missing


def is_month(period: str | None) -> bool:
    return period is not None and MONTH.fullmatch(period) is not None


def paper_state(status: str, due_at: datetime | None, overdue_at: datetime | None, now: datetime) -> PaperState:
    """Of a duty that stands. The first moment counts: a paper returned for completion was handed in when it was."""
    if status == "open":
        return PaperState.MISSING if due_at is not None and now >= due_at else PaperState.OPEN
    return PaperState.LATE if overdue_at is not None else PaperState.IN_TIME


def tally(states: list[PaperState]) -> Tally:
    return Tally(states.count(PaperState.IN_TIME), states.count(PaperState.LATE), states.count(PaperState.MISSING))
