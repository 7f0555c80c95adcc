"""The one table: which event tells whom, which job is done by what. Read it from top to bottom: it is the night."""

from typing import Final

from irm.jobs import Inside, Outside
from irm.ledger import Subscription, Wiring
from irm.notify import jobs as notify

JOBS: Final[dict[str, Inside | Outside]] = {
    "notify.deliver": notify.DELIVER,
}

SUBSCRIPTIONS: Final[tuple[Subscription, ...]] = (
)

WIRING: Final = Wiring(JOBS, SUBSCRIPTIONS)
