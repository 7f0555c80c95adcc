"""Jobs of this room; their names are stored, so they never change."""

from typing import Final

from irm.jobs import Inside
from irm.ledger import Subscription
from irm.obligations.handing import RECEIPT_ALARM, mail_failed, mail_sent
from irm.obligations.reminding import receipt_alarm, remind
from irm.obligations.settling import REMIND

JOBS: Final = {
    REMIND: Inside(remind),
    RECEIPT_ALARM: Inside(receipt_alarm),
}

SUBSCRIPTIONS: Final = (
    Subscription("delivery.sent", in_transaction=mail_sent),
    Subscription("delivery.failed", in_transaction=mail_failed),
    Subscription("delivery.skipped", in_transaction=mail_failed),
)
