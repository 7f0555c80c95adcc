"""The one table: which event tells whom, which job is done by what. Read it from top to bottom: it is the night."""

from typing import Final

from irm.jobs import Inside, Outside
from irm.ledger import Subscription, Wiring

JOBS: Final[dict[str, Inside | Outside]] = {
}

SUBSCRIPTIONS: Final[tuple[Subscription, ...]] = (
)

WIRING: Final = Wiring(JOBS, SUBSCRIPTIONS)
