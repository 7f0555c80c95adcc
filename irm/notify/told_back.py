"""What a gateway tells after it took a message: that it arrived or did not (送达回执), or what became of a telephone call.

`POST /api/v1/sms/status` and `/api/v1/voice/inbound`. A call acknowledges by the id of its own delivery and by the key 1
only, so that an old call cannot answer a newer page; a message that did not arrive fails like one that was refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import or_, select

from irm.db import SYSTEM, Actor, Tx
from irm.errors import Invalid
from irm.notify import handed_over, replies
from irm.notify.handed_over import first
from irm.notify.models import DeliveryRow
from irm.notify.sending import fail
from irm.notify.service import acknowledge
from irm.notify.writing import entry_of, tell

OWN: Final = ("extra", "out_id", "outid", "id", "session_context", "sessioncontext", "ext")
"""Fields in which gateways give back what irm called the message."""
THEIRS: Final = (
    "biz_id",
    "bizid",
    "sid",
    "serialno",
    "msgid",
    "msg_id",
    "message_id",
    "taskid",
    "task_id",
    "call_id",
    "callid",
)
PHONES: Final = ("phone", "phone_number", "mobile", "called", "callee", "to")
STATES: Final = ("report_status", "success", "status", "status_code", "state", "result", "err_code", "errmsg", "stat")
KEYS: Final = ("digits", "dtmf", "key", "keys", "keypress")
ARRIVED: Final = frozenset({"delivrd", "delivered", "success", "true", "ok", "0", "received"})
CALL_STATES: Final[Mapping[str, str]] = {
    "no_answer": "no_answer",
    "noanswer": "no_answer",
    "timeout": "no_answer",
    "unanswered": "no_answer",
    "busy": "busy",
    "rejected": "busy",
    "failed": "undelivered",
    "fail": "undelivered",
    "unreachable": "undelivered",
    "power_off": "undelivered",
    "200002": "busy",
    "200003": "no_answer",
    "200004": "undelivered",
    "200005": "undelivered",
    "200007": "undelivered",
    "200010": "undelivered",
    "200011": "undelivered",
}
"""What gateways call it, and the reason that irm keeps. In figures: 阿里云, 语音服务运营商回执错误码."""
YES_KEY: Final = "1"

Told = Literal["acknowledged", "already", "delivered", "undelivered", "no_key", "unknown"]


@dataclass(frozen=True)
class Report:
    """`own`: what irm called the message; `theirs`: what the gateway calls it. Either finds it."""

    own: UUID | None
    theirs: str
    phone: str
    state: str
    key: str


def read(body: bytes, content_type: str) -> list[Report]:
    """JSON (an object or a list of them) or a form, by any of the usual names of fields. Raises Invalid."""
    found = [_report(each) for each in handed_over.read(body, content_type)]
    if not found:
        raise Invalid("The request cannot be read as JSON or as a form.")
    return found


def _report(fields: Mapping[str, str]) -> Report:
    own = None
    for name in OWN:
        try:
            own = UUID(fields.get(name, ""))
            break
        except ValueError:
            continue
    theirs = first(fields, THEIRS) or ("" if own else fields.get("id", ""))
    phone, state, key = (first(fields, names) for names in (PHONES, STATES, KEYS))
    return Report(own, theirs[:200], replies.telephone(phone), state.casefold()[:50], key[:20])


async def hear_sms(tx: Tx, report: Report, *, now: datetime) -> Told:
    """Mark what arrived; fail what did not, unless somebody has confirmed it meanwhile. Again: changes nothing."""
    rows = await _meant(tx, report, "sms")
    if not rows:
        return "unknown"
    if report.state not in ARRIVED:
        return await _undelivered(tx, rows, "undelivered", now)
    for row in rows:
        if row.status == "sent":
            row.status = "delivered"
            await tx.flush()
            await tell(tx, [entry_of("delivery.delivered", row, now, SYSTEM)])
    return "delivered"


async def hear_call(tx: Tx, report: Report, *, now: datetime) -> Told:
    """A key 1 confirms the page that this very call was about; unanswered and busy are outcomes of it."""
    rows = await _meant(tx, report, "voice")
    if not rows:
        return "unknown"
    if report.key:
        row = rows[0]
        if report.key.rstrip("#") != YES_KEY or row.purpose != "page":
            return "no_key"
        actor = Actor("channel", row.person_id, row.organization_id, label="voice")
        done = await acknowledge(tx, row.id, by_person=row.person_id, means="voice_key", at=now, now=now, actor=actor)
        return "already" if done.already else "acknowledged"
    if (reason := CALL_STATES.get(report.state)) is not None:
        return await _undelivered(tx, rows, reason, now)
    return "no_key"


async def _undelivered(tx: Tx, rows: Sequence[DeliveryRow], reason: str, now: datetime) -> Told:
    for row in rows:
        if row.status == "sent" and row.acknowledged_at is None:
            await fail(tx, row, reason, now)
    return "undelivered"


async def _meant(tx: Tx, report: Report, channel: str) -> list[DeliveryRow]:
    """The deliveries of the message, locked; none where the number that it went to is another one."""
    which = []
    if report.own is not None:
        which.append(or_(DeliveryRow.id == report.own, DeliveryRow.bundle_id == report.own))
    elif report.theirs:
        which.append(DeliveryRow.provider_id == report.theirs)
    if not which:
        return []
    rows = await tx.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.channel == channel, *which)
        .order_by(DeliveryRow.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return [row for row in rows if not report.phone or replies.telephone(row.address or "") == report.phone]
